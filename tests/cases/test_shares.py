"""What may be shared with whom, for how long and against whose wishes; what the receiver sees, and errors.

Seen to fail, each by its own break: the single entries left out of the query; a share shown to whomever it does not
reach, or when it holds no more; its end left off the grant; somebody with a conflict offered; a file for named people
shared; an emergency that lets others in; leave to share that is shared; kinds and entries that one does not see in
full; a decision found at another child's address, by a job that sees nothing of sharing, or shown whole to one that
sees it in summary; an end without the right to it, without the end of the grant, or a second one; the looks of others
among the receiver's; an assessment by who is no guardian; a stale page; two ends at once; a sector left out of the
child's wish; safety kept back for a wish; a decision that is made anew and does not end the first; the tab shown to
whom it is closed.
"""

from __future__ import annotations

import re
import threading
from datetime import date, timedelta
from uuid import uuid4

import pghistory
import pytest
from django.db import connection, transaction
from django.urls import reverse

from accounts.choices import FunctionKey
from accounts.definitions import seeds
from accounts.models import AccessEvent
from accounts.rules.dates import moment
from accounts.rules.refusals import NotKnown, Stale
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.access.rules import mask_of, read_matrix
from cases.access.services import grant_to_function
from cases.clocks.choices import AlertKind, ClockKind, ClockState
from cases.clocks.models import Alert, Clock, OutboxMessage
from cases.clocks.selectors import open_alerts
from cases.clocks.services import sweep
from cases.record.models import Child
from cases.sharing.choices import Answer, SharingEnd, WishKind
from cases.sharing.models.shares import SharingBreach, SharingDecision, SharingWish
from cases.sharing.rules.shares import Override, ShareRefused, Told, Wish
from cases.sharing.selectors import shares as selectors
from cases.sharing.services import shares as services
from cases.sharing.services.shares import Content
from tests.access.test_pages import plain
from tests.cases.questions import questions
from tests.factories.accounts import make_membership
from tests.factories.cases import block, grant, make_child, make_chronology
from tests.factories.shares import form_of_share, make_breach, make_share, opened_by, sharing_to

MATRIX = read_matrix(next(seed.body for seed in seeds() if seed.kind == "access_matrix"))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY = date(2026, 3, 4)
AGREES, REFUSES, SILENT = Told(Answer.AGREES), Told(Answer.REFUSES), Told(Answer.NO_ANSWER)
WHOLE = Override("significant_harm", "Miriam Aldous, manager", "Kezia told her on the way to school.")


# --- Sharing -------------------------------------------------------------------------------------------------


@pytest.fixture
def child(world, at):
    """A file that social care, the specialist service and the guardians see; nobody else."""
    made = make_child("Zephyrine", "Ashdown")
    for key in ("social_care", "specialist"):
        grant(made, world.agency(key))
    grant_to_function(child_id=made.pk, function=FunctionKey.DATA_GUARDIANS, at=at - HOUR, by=None)
    return made


def url(name, child, *more):
    return reverse(f"cases:{name}", args=[child.reference, *more])


def text(answer):
    return answer.content.decode()


def send(browser, address, child, **fields):
    return browser.post(address, {"idempotency_key": str(uuid4()), "version": child.version, **fields})


def share_url(child, agency):
    return f"{url('add_share', child)}?agency={agency.pk}"


@pytest.fixture
def share(child, viewer, at):
    """`share(agency, by="keyworker", …)`: shares missing episodes, as the key worker."""

    def done(to, by="keyworker", **said):
        child.refresh_from_db()
        who = viewer(by)
        return services.share(
            opened=opened_by(who, child, at),
            sharing=sharing_to(to, at, **said),
            version=child.version,
            at=at,
            by=who,
        )

    return done


db = pytest.mark.django_db


@db
def test_a_share_opens_what_it_names_to_the_agency_until_its_day(child, world, viewer, client_as, at):
    school, entry = world.agency("school"), "Was late home."
    make_chronology(child, viewer("keyworker"), summary=entry)
    make_chronology(child, viewer("keyworker"), category="plan", summary="Rings her aunt.")
    browser = client_as("safeguarding_lead")
    assert browser.get(url("file", child)).status_code == 404
    fields = form_of_share(at, version=child.version)
    answer = client_as("keyworker").post(share_url(child, school), fields)
    decision = SharingDecision.objects.get()
    assert (answer.status_code, answer.url) == (302, url("share", child, decision.pk))
    page = text(browser.get(url("chronology", child)))
    assert entry in page
    assert "Rings her aunt" not in page
    assert browser.get(url("sharing", child)).status_code == 403
    given = AccessGrant.objects.get(reason=GrantReason.SHARE)
    assert (given.group, given.source_id, given.valid_until) == (school.group, decision.pk, decision.ends_at)
    assert given.category_mask == mask_of(["identity", "missing"])
    ends = at.date() + timedelta(days=30)
    assert (decision.ends_at - timedelta(seconds=1)).date() in (ends, ends - DAY)
    seen = [
        Child.objects.visible_to(viewer("safeguarding_lead"), at=decision.ends_at + tick) for tick in (-HOUR, 0 * HOUR)
    ]
    assert [rows.filter(pk=child.pk).exists() for rows in seen] == [True, False]


@db
def test_a_press_twice_shares_once(child, world, client_as, at):
    fields, browser = form_of_share(at, version=child.version), client_as("keyworker")
    first, second = (browser.post(share_url(child, world.agency("school")), fields) for _ in range(2))
    assert (first.status_code, first.url) == (second.status_code, second.url)
    assert SharingDecision.objects.count() == AccessGrant.objects.filter(reason=GrantReason.SHARE).count() == 1


@db
def test_a_page_that_is_stale_shares_nothing(child, world, client_as, at):
    Child.objects.filter(pk=child.pk).update(version=7)
    answer = client_as("keyworker").post(share_url(child, world.agency("school")), form_of_share(at, version=1))
    assert answer.status_code == 409
    assert not SharingDecision.objects.exists()


@db
def test_one_person_gets_it_and_a_colleague_does_not(child, world, share, client_as):
    share(world.add_colleague("nurse", "second_nurse", "Shona Nairn"))
    assert client_as("second_nurse").get(url("file", child)).status_code == 200
    assert client_as("nurse").get(url("file", child)).status_code == 404
    assert client_as("nurse").get(reverse("cases:shared_with_us")).content.count(b"shared-with-us/") == 0


@db
def test_single_entries_open_nothing_but_themselves(child, world, viewer, share, client_as):
    seen, _ = (make_chronology(child, viewer("keyworker"), summary=words) for words in ("Ran off.", "Was sad."))
    share(world.agency("school"), content=Content(entries=frozenset({seen.pk})))
    browser = client_as("safeguarding_lead")
    decision = SharingDecision.objects.get()
    pages = [
        text(browser.get(address))
        for address in (url("chronology", child), reverse("cases:share_received", args=[decision.pk]))
    ]
    assert [("Ran off." in page, "Was sad." in page) for page in pages] == [(True, False)] * 2
    assert "Shared sentence only" in pages[0]
    assert AccessGrant.objects.get(reason=GrantReason.SHARE).category_mask == mask_of(["identity"])
    # To another role at the same agency whose cell is N, neither shows.
    other = client_as(make_membership(agency=world.agency("school"), role="housing").user)
    assert "Ran off." not in text(other.get(url("chronology", child)))


@db
@pytest.mark.parametrize(
    ("content", "field"),
    [
        (Content(categories=frozenset({"intelligence"})), "categories"),
        (Content(categories=frozenset({"sharing"})), "categories"),
        (Content(categories=frozenset({"who_looked"})), "categories"),
        (Content(categories=frozenset({"evidence_plan", "missing"})), "categories"),
        (Content(entries=frozenset({uuid4()})), "entries"),
    ],
)
def test_nobody_shares_what_they_do_not_see_in_full(child, world, share, content, field):
    with pytest.raises(ShareRefused) as refused:
        share(world.agency("police"), content=content)
    assert refused.value.field == field
    assert not AccessGrant.objects.filter(reason=GrantReason.SHARE).exists()


@db
def test_an_entry_of_another_child_or_of_a_kind_that_one_does_not_see_is_not_shared(child, world, viewer, share):
    anothers = make_chronology(make_child("Other"), viewer("keyworker"))
    secret = make_chronology(child, viewer("detective"), category="intelligence")
    for entry in (anothers, secret):
        with pytest.raises(ShareRefused) as refused:
            share(world.agency("police"), content=Content(entries=frozenset({entry.pk})))
        assert refused.value.field == "entries"


@db
def test_somebody_with_a_conflict_is_not_offered_and_is_told_nothing(child, world, viewer, share, client_as, at):
    """Also where they alone could read it: their agency is then one at which nobody reads files."""
    block(child, viewer("housing"), by=viewer("guardian"))
    world.add_colleague("nurse", "second_nurse", "Shona Nairn")
    block(child, viewer("second_nurse"), by=viewer("guardian"))
    browser = client_as("keyworker")
    page = text(browser.get(url("add_share", child)))
    assert (world.agency("housing").name in page, world.agency("health").name in page) == (False, True)
    page = text(browser.get(share_url(child, world.agency("health"))))
    assert ("Shona Nairn" in page, "Nia Prosser" in page) == (False, True)
    stranger = make_membership(agency=world.agency("health"), role="notification_only")
    said = form_of_share(at, version=child.version)
    health = share_url(child, world.agency("health"))
    answers = [
        re.sub("Shona Nairn|[0-9a-f-]{36}", "", plain(browser.post(health, {**said, "person": str(pk)}))[2])
        for pk in (world.membership("second_nurse").pk, stranger.pk, uuid4())
    ]
    assert answers[0] == answers[1] == answers[2]
    for receiver in (world.membership("housing"), world.membership("second_nurse")):
        with pytest.raises(ShareRefused, match="Choose from those who are offered"):
            share(receiver)
    share(world.agency("health"))
    assert client_as("second_nurse").get(url("file", child)).status_code == 404
    assert not OutboxMessage.objects.filter(membership=world.membership("second_nurse")).exists()


@db
@pytest.mark.parametrize("merged", [False, True], ids=["the file", "one merged into it"])
def test_a_file_for_named_people_is_not_shared(child, world, viewer, share, client_as, at, merged):
    grant(child, viewer("manager"), reason=GrantReason.NAMED)
    file = make_child("Ada", "Merged", merged_into=child) if merged else child
    Child.objects.filter(pk=file.pk).update(restricted=True)
    browser = client_as("manager")
    page = browser.get(share_url(child, world.agency("school")))
    assert "named people only" in text(page)
    answer = browser.post(share_url(child, world.agency("school")), form_of_share(at, version=child.version))
    assert answer.status_code == 422
    with pytest.raises(ShareRefused, match="named people only"):
        share(world.agency("school"), by="manager")
    assert not AccessGrant.objects.filter(reason=GrantReason.SHARE).exists()


@db
def test_the_wish_on_record_asks_for_an_override(child, world, viewer, share, client_as, at):
    SharingWish.objects.create(
        child=child, kind=WishKind.LIMITS, kept_from=["education"], words="Not my school. They talk.",
        understands="yes", said_on=at.date(), recorded_at=at - DAY, recorded_as=world.membership("keyworker"),
    )  # fmt: skip
    school = world.agency("school")
    page = text(client_as("keyworker").get(share_url(child, school)))
    assert "Not my school. They talk." in page
    with pytest.raises(ShareRefused) as refused:
        share(school, child=SILENT)
    assert refused.value.field == "overrides"
    share(world.agency("health"), child=SILENT)
    made = share(school, child=SILENT, override=WHOLE)
    assert (made.override_ground, made.authorised_by, made.explained) == (
        WHOLE.ground, WHOLE.authorised_by, WHOLE.explained,
    )  # fmt: skip
    page = text(client_as("keyworker").get(url("share", child, made.pk)))
    for words in (WHOLE.authorised_by, WHOLE.explained, "significant harm"):
        assert words in page


@db
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"what": ""}, "Select what you share"),
        ({"categories": []}, "Select at least one kind of information"),
        ({"categories": ["intelligence"]}, "Select one of the choices offered"),
        ({"what": "entries"}, "Select what you share|Select at least one entry|Select one of the choices offered"),
        ({"purpose": "gossip"}, "Select one of the choices offered"),
        ({"words": "Why"}, "Say in a sentence what they will do with it"),
        ({"basis": "law_enforcement"}, "Only the police"),
        ({"child_answer": "not_told"}, "Select why the child was not told"),
        ({"child_answer": "refuses"}, "This goes against what the child wants"),
        ({"carers_answer": "refuses"}, "This goes against what a parent or carer wants"),
        ({"overrides": "yes"}, "Select on what ground"),
        (
            {"overrides": "yes", "ground": "crime", "authorised_by": "A manager of ours", "explained": ""},
            "Nobody has said that they do not want this",
        ),
        ({"ends_on_year": "2031"}, "The last day must be within a year"),
        ({"ends_on_day": "x"}, "The last day"),
        ({"version": "x"}, "could not be matched"),
        ({"words": "a\x00b" * 6}, "characters that cannot be shown"),
        ({"words": "x" * 1001}, "1000 characters or fewer"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(child, world, client_as, at, changed, message):
    said = {"words": "To look out for her & him.", **changed}
    fields = form_of_share(at, **{"version": child.version, **said})
    answer = client_as("keyworker").post(share_url(child, world.agency("school")), fields)
    assert answer.status_code == 422
    assert re.search(message, text(answer)), text(answer)
    if "words" not in changed:
        assert "To look out for her &amp; him." in text(answer)
    assert not SharingDecision.objects.exists()


@db
@pytest.mark.parametrize(
    "query",
    ["", "?agency=", "?agency=x", "?agency=6f1b1d1e-8f0f-4c35-9f57-000000000000", "?agency=%00", "?instead_of=x"],
)
def test_an_agency_that_is_none_is_asked_for_again(child, client_as, at, query):
    browser = client_as("keyworker")
    assert browser.get(url("add_share", child) + query).status_code in (200, 422)
    answer = browser.post(url("add_share", child) + query, form_of_share(at, version=child.version))
    assert answer.status_code == 422


@db
def test_hostile_words_are_words(child, world, share, client_as):
    words = "<script>alert(1)</script> {{ 7*7 }}{% url 'home' %} '); DROP TABLE--"
    made = share(world.agency("school"), words=words)
    for person, address in (
        ("keyworker", url("share", child, made.pk)),
        ("safeguarding_lead", reverse("cases:share_received", args=[made.pk])),
    ):
        page = text(client_as(person).get(address))
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "{{ 7*7 }}" in page


# --- Who may -------------------------------------------------------------------------------------------------


SEES = {"keyworker": 200, "socialworker": 200, "guardian": 200, "out_of_hours": 200, "nurse": 404, "outsider": 404}
SHARES = {"keyworker": 200, "socialworker": 200, "guardian": 403, "out_of_hours": 403, "nurse": 404, "outsider": 404}


@db
def test_who_may_do_what_with_a_decision(child, world, share, client_as):
    pk = share(world.agency("school")).pk
    forms = [url(name, child) for name in ("add_share", "decline_share", "record_wishes")]
    for person, status in SEES.items():
        browser = client_as(person)
        assert [browser.get(a).status_code for a in (url("sharing", child), url("share", child, pk))] == [status] * 2
        assert [browser.get(form).status_code for form in forms] == [SHARES[person]] * 3, person
        ends = 200 if person == "guardian" else SHARES[person]
        assert browser.get(url("withdraw_share", child, pk)).status_code == ends, person
    # In summary it is said that there is a share, and when; not with whom, nor what for.
    page = text(client_as("out_of_hours").get(url("share", child, pk)))
    page += text(client_as("out_of_hours").get(url("sharing", child)))
    assert "Withheld" in page
    for words in ("Hollybank School", "Kezia Thorne", "youth club", "Missing episodes"):
        assert words not in re.sub(r"(?s)<header.*?</header>|<nav.*?</nav>", "", page), words


@db
def test_whose_job_sees_nothing_of_sharing_finds_no_decision(child, world, share, client_as):
    grant(child, world.agency("home"))
    made, browser = share(world.agency("school")), client_as("carer")
    assert browser.get(url("file", child)).status_code == 200
    assert browser.get(url("sharing", child)).status_code == 403
    for name in ("share", "withdraw_share"):
        there, never = (browser.get(url(name, child, pk)) for pk in (made.pk, uuid4()))
        assert there.status_code == 404
        assert plain(there) == plain(never)
    assert url("sharing", child) not in text(browser.get(url("file", child)))


@db
def test_a_decision_is_not_found_at_another_childs_address(child, world, share, viewer, client_as, at):
    other = make_child("Other")
    grant(other, world.agency("specialist"))
    made, browser = share(world.agency("school")), client_as("manager")
    for name in ("share", "withdraw_share"):
        assert browser.get(url(name, other, made.pk)).status_code == 404
        answer = send(browser, url(name, other, made.pk), other, end_kind="in_error", words="It went astray.")
        assert answer.status_code in (404, 405)
    with pytest.raises(NotKnown):
        services.end_decision(
            child=other,
            decision_id=made.pk,
            kind=SharingEnd.IN_ERROR,
            words="It went astray.",
            at=at,
            by=viewer("manager"),
        )
    made.refresh_from_db()
    assert made.ended_at is None


# --- The receiver --------------------------------------------------------------------------------------------


@db
def test_the_receiver_reads_what_it_may_do_and_says_so(child, world, share, client_as, viewer, at):
    made = share(world.agency("school"))
    address = reverse("cases:share_received", args=[made.pk])
    browser = client_as("safeguarding_lead")
    listed = text(browser.get(reverse("cases:shared_with_us")))
    assert address in listed
    assert "Not acknowledged yet" in listed
    assert ("Zephyrine" in listed, "Ashdown" in listed) == (True, False)  # identity in summary
    page = text(browser.get(address))
    for words in ("Use it only for this", "youth club", "Do not pass it on", "Kezia Thorne", "01632 960 101"):
        assert words in page
    for _ in range(2):
        assert send(browser, address, child).status_code == 302
    made.refresh_from_db()
    assert made.acknowledged_by.username == "safeguarding_lead"
    assert "Samira Oyelaran" in text(client_as("keyworker").get(url("share", child, made.pk)))
    assert not Alert.objects.filter(kind=AlertKind.SHARE_RECEIVED, acknowledged_at=None).exists()
    actions = set(
        AccessEvent.objects.filter(user_id=viewer("safeguarding_lead").user_id).values_list("action", "child_id")
    )
    assert {("cases:share_received", child.pk), ("cases:shared_with_us", None)} <= actions


@db
@pytest.mark.parametrize("person", ["nurse", "keyworker", "guardian", "outsider", "teacher"])
def test_others_receive_nothing(child, world, share, client_as, person):
    made, browser = share(world.agency("school")), client_as(person)
    there, never = (browser.get(reverse("cases:share_received", args=[pk])) for pk in (made.pk, uuid4()))
    assert there.status_code == (403 if person == "teacher" else 404)
    assert plain(there) == plain(never)
    assert send(browser, reverse("cases:share_received", args=[made.pk]), child).status_code == there.status_code
    assert str(made.pk) not in text(browser.get(reverse("cases:shared_with_us")))
    made.refresh_from_db()
    assert made.acknowledged_at is None


@db
@pytest.mark.parametrize("why", ["ended", "over", "blocked", "restricted"])
def test_what_holds_no_more_is_received_no_more(child, world, viewer, client_as, at, why):
    school, by = world.agency("school"), world.membership("keyworker")
    said = {"at": at - 2 * DAY}
    if why == "over":
        said["ends_at"] = at - HOUR
    made = make_share(child, school, by, **said)
    browser, address = client_as("safeguarding_lead"), reverse("cases:share_received", args=[made.pk])
    if why == "ended":
        assert browser.get(address).status_code == 200
        services.end_decision(
            child=child,
            decision_id=made.pk,
            kind=SharingEnd.NOT_NEEDED,
            words="The course is over.",
            at=at,
            by=viewer("guardian"),
        )
    if why == "blocked":
        block(child, viewer("safeguarding_lead"), by=viewer("guardian"))
    if why == "restricted":
        Child.objects.filter(pk=child.pk).update(restricted=True)
    for page in (address, url("file", child)):
        assert browser.get(page).status_code == 404
    if why in ("ended", "over"):  # what else lets them in, does not bring the share back
        grant(child, school)
        assert [browser.get(page).status_code for page in (url("file", child), address)] == [200, 404]
    assert str(made.pk) not in text(browser.get(reverse("cases:shared_with_us")))


@db
def test_the_receiver_is_told_without_a_name_or_a_number(child, world, viewer, share, at):
    share(world.agency("school"))
    told = OutboxMessage.objects.filter(alert__kind=AlertKind.SHARE_RECEIVED)
    assert [row.membership for row in told] == [world.membership("safeguarding_lead")]
    share(world.membership("camhs"))
    assert {row.membership for row in told.all()} == {world.membership("safeguarding_lead"), world.membership("camhs")}
    for words in (child.reference, "Zephyrine", "Ashdown", "missing"):
        assert words not in AlertKind.SHARE_RECEIVED.label
    last = SharingDecision.objects.get(membership__isnull=False)
    kinds = [[one.kind for one in open_alerts(viewer(last.membership.user.username), at=last.ends_at + tick)]
             for tick in (-HOUR, 0 * HOUR)]  # fmt: skip
    assert kinds == [[AlertKind.SHARE_RECEIVED], []]


@db
def test_who_can_see_says_that_it_is_shared_why_and_until_when(child, world, share, client_as):
    share(world.agency("school"))
    page = text(client_as("keyworker").get(url("who_can_see", child)))
    assert re.search(r"Hollybank School(?s:.*)Shared by decision: to keep the child safe now, since .*, until ", page)


@db
@pytest.mark.parametrize("rows", [1, 3])
def test_the_lists_ask_the_same_number_of_questions(world, viewer, client_as, at, rows):
    school, by = world.agency("school"), world.membership("keyworker")
    for number in range(rows):
        made = make_child(f"Child {number}")
        make_share(made, school, by)
    browser = client_as("safeguarding_lead")
    address = reverse("cases:shared_with_us")
    browser.get(address)
    assert len(questions(browser, address)) == RECEIVED_QUERIES
    grant(made, world.agency("specialist"))
    for _ in range(rows - 1):
        make_breach(made, school, by)
    browser = client_as("keyworker")
    browser.get(url("sharing", made))
    assert len(questions(browser, url("sharing", made))) == SHARING_QUERIES
    assert text(browser.get(url("sharing", made))).count('data-label="With whom"') == rows


RECEIVED_QUERIES, SHARING_QUERIES = 9, 12


# --- Not sharing ---------------------------------------------------------------------------------------------


def declining(at, **changed):
    day = at.date() + timedelta(days=20)
    return {
        "person": "",
        "categories": ["missing", "plan"],
        "decline_reason": "not_needed",
        "words": "Housing asked for all of it, and places nobody.",
        "review_on_day": day.day,
        "review_on_month": day.month,
        "review_on_year": day.year,
        **changed,
    }


@db
def test_a_decision_not_to_share_is_written_down_and_looked_at_again(child, world, viewer, client_as, at):
    browser, housing = client_as("keyworker"), world.agency("housing")
    address = f"{url('decline_share', child)}?agency={housing.pk}"
    assert send(browser, address, child, **declining(at)).status_code == 302
    made = SharingDecision.objects.get()
    assert client_as("housing").get(url("file", child)).status_code == 404
    assert not AccessGrant.objects.filter(reason=GrantReason.SHARE).exists()
    clock = Clock.objects.get(kind=ClockKind.SHARING_REVIEWED)
    assert (clock.subject_id, clock.owner_membership, clock.state) == (
        made.pk, world.membership("keyworker"), ClockState.RUNNING,
    )  # fmt: skip
    page = text(browser.get(url("share", child, made.pk)))
    for words in (
        "Not shared",
        "Housing asked for all of it",
        "Northmere Homes",
        "Missing episodes, staying safe plan",
    ):
        assert words in page
    sweep(at=clock.due_at + HOUR)
    told = [alert.kind for alert in open_alerts(viewer("keyworker"), at=clock.due_at + HOUR)]
    assert ClockKind.SHARING_REVIEWED in told
    # Decided anew, the earlier one is over and its clock has stopped.
    child.refresh_from_db()
    assert send(browser, f"{address}&instead_of={made.pk}", child, **declining(at)).status_code == 302
    made.refresh_from_db()
    clock.refresh_from_db()
    assert (made.end_kind, clock.state) == (SharingEnd.DECIDED_AGAIN, ClockState.DONE)
    later = SharingDecision.objects.get(ended_at=None)
    assert send(browser, url("withdraw_share", child, later.pk), child, words="The tenancy is over.").status_code == 302
    assert not Clock.objects.filter(kind=ClockKind.SHARING_REVIEWED, state=ClockState.RUNNING).exists()


@db
def test_on_a_file_for_named_people_it_is_written_down_too(child, world, viewer, client_as, at):
    grant(child, world.membership("keyworker"), reason=GrantReason.NAMED)
    Child.objects.filter(pk=child.pk).update(restricted=True)
    address = f"{url('decline_share', child)}?agency={world.agency('housing').pk}"
    assert send(client_as("manager"), address, child, **declining(at)).status_code == 404
    browser = client_as("keyworker")
    assert "When must this be looked at again?" in text(browser.get(address))
    assert send(browser, address, child, **declining(at)).status_code == 302
    made = SharingDecision.objects.get()
    assert Clock.objects.get(kind=ClockKind.SHARING_REVIEWED).subject_id == made.pk
    assert url("share", child, made.pk) in text(browser.get(url("sharing", child)))


@db
def test_a_wish_does_not_keep_safety_from_social_care(child, world, client_as, at):
    grant(child, world.agency("police"))
    AccessGrant.objects.filter(group=world.agency("social_care").group).update(ended_at=at)
    address = f"{url('decline_share', child)}?agency={world.agency('social_care').pk}"
    answer = send(client_as("detective"), address, child, **declining(at, decline_reason="wishes"))
    assert answer.status_code == 422
    assert "always reaches children’s social care and the police" in text(answer)
    assert not SharingDecision.objects.exists()


@db
def test_what_the_child_says_is_written_down_and_the_latest_holds(child, client_as, at):
    browser, day = client_as("keyworker"), at.date()
    said = {
        "kind": "limits",
        "kept": ["family"],
        "kept_from": ["education"],
        "words": "Not my school.",
        "understands": "yes",
        "said_on_day": day.day,
        "said_on_month": day.month,
        "said_on_year": day.year,
    }
    empty = {"kept": [], "kept_from": [], "words": ""}
    empty = send(browser, url("record_wishes", child), child, **{**said, **empty})
    assert (empty.status_code, SharingWish.objects.exists()) == (422, False)
    for words in ("Select what must not go further, or who must not be told", "Say what the child said"):
        assert words in text(empty), "in one round"
    future = send(browser, url("record_wishes", child), child, **{**said, "said_on_year": day.year + 1})
    assert (future.status_code, SharingWish.objects.exists()) == (422, False)
    assert send(browser, url("record_wishes", child), child, **said).status_code == 302
    child.refresh_from_db()
    later = {**said, "kind": "free", "words": "They may know now."}
    assert send(browser, url("record_wishes", child), child, **later).status_code == 302
    wish = selectors.wish_that_holds(child.pk)
    assert wish == Wish(WishKind.FREE)
    page = text(browser.get(url("sharing", child)))
    assert page.index("They may know now.") < page.index("Not my school.")


# --- Errors --------------------------------------------------------------------------------------------------


@db
def test_an_error_is_withdrawn_in_one_step(child, world, share, viewer, client_as, at):
    made = share(world.agency("school"))
    reader = client_as("safeguarding_lead")
    for address in (url("file", child), url("chronology", child), reverse("cases:shared_with_us")):
        assert reader.get(address).status_code == 200
    client_as("socialworker").get(url("file", child))
    browser = client_as("keyworker")
    answer = send(browser, url("withdraw_share", child, made.pk), child, end_kind="in_error", words="The wrong school.")
    assert (answer.status_code, answer.url) == (302, url("share", child, made.pk))
    assert reader.get(url("file", child)).status_code == 404
    page = text(browser.get(url("share", child, made.pk)))
    looked = page[page.index("Who opened the file meanwhile") :]
    assert re.findall(r'data-label="Who"[^>]*>([^<]+)<', looked) == ["Samira Oyelaran"]
    for words in ("3 times", "Chronology, Overview, Shared with us"):
        assert words in looked
    assert "Sorrel Whitlock" not in looked
    breach = SharingBreach.objects.get()
    clock = Clock.objects.get(kind=ClockKind.BREACH_ASSESSED)
    assert (clock.subject_id, clock.due_at - clock.anchored_at) == (breach.pk, 72 * HOUR)
    told = set(Alert.objects.filter(subject_id=breach.pk).values_list("kind", "group_id", "membership_id"))
    assert told == {
        ("shared_in_error", world.functions["data_guardians"].group_id, None),
        ("share_withdrawn", None, world.membership("safeguarding_lead").pk),
    }


@db
def test_the_guardian_assesses_it_and_the_clock_stops(child, world, viewer, client_as, at):
    made = make_breach(child, world.agency("school"), world.membership("keyworker"))
    sweep(at=at)
    assert Clock.objects.get(kind=ClockKind.BREACH_ASSESSED).state == ClockState.RUNNING
    address = url("assess_breach", child, made.pk)
    said = {"outcome": "not_reportable", "why": "Nobody had opened it.", "done": "Rang the school; nothing is kept."}
    for person in ("keyworker", "manager", "social_care_manager"):
        assert client_as(person).get(address).status_code == 403
        assert send(client_as(person), address, child, **said).status_code == 403
    assert client_as("nurse").get(address).status_code == 404
    guardian = client_as("guardian")
    assert address in text(guardian.get(url("share", child, made.pk)))
    by = f"Due in 2 days, by {moment(Clock.objects.get(kind=ClockKind.BREACH_ASSESSED).due_at)}"
    page = text(guardian.get(url("share", child, made.pk)))
    assert (by in page, "Acknowledged by the receiver" in page) == (True, True)
    assert f'href="{url("share", child, made.pk)}">See who opened the file' in text(guardian.get(address))
    assert send(guardian, address, child, **{**said, "why": "No"}).status_code == 422
    assert SharingBreach.objects.get().assessed_at is None
    assert send(guardian, address, child, **said).status_code == 302
    clock = Clock.objects.get(kind=ClockKind.BREACH_ASSESSED)
    assert clock.state == ClockState.DONE
    page = text(guardian.get(url("share", child, made.pk)))
    for words in ("Not reportable", "Nobody had opened it.", "Rang the school; nothing is kept.", "Gwen Sotheby"):
        assert words in page
    again = send(guardian, address, child, **{**said, "why": "It is another reason."})
    assert (again.status_code, "has assessed this already" in text(again)) == (422, True)


@db
def test_what_is_no_longer_needed_ends_without_a_breach(child, world, share, viewer, client_as, at):
    made = share(world.agency("school"))
    answer = send(
        client_as("keyworker"),
        url("withdraw_share", child, made.pk),
        child,
        end_kind="not_needed",
        words="The course is over.",
    )
    assert answer.status_code == 302
    assert client_as("safeguarding_lead").get(url("file", child)).status_code == 404
    assert not SharingBreach.objects.exists()
    assert not Clock.objects.filter(kind=ClockKind.BREACH_ASSESSED).exists()
    again = send(
        client_as("socialworker"),
        url("withdraw_share", child, made.pk),
        child,
        end_kind="not_needed",
        words="Once more.",
    )
    assert (again.status_code, "Kezia Thorne has ended this already" in text(again)) == (422, True)


@db
def test_an_error_may_come_out_after_the_share_was_ended(child, world, share, viewer, client_as, at):
    made = share(world.agency("school"))
    reader, address = client_as("safeguarding_lead"), url("withdraw_share", child, made.pk)
    reader.get(url("file", child))
    said = {"end_kind": "not_needed", "words": "The course is over."}
    assert send(client_as("keyworker"), address, child, **said).status_code == 302
    browser = client_as("socialworker")
    assert "It was shared in error" in text(browser.get(url("share", child, made.pk)))
    form = text(browser.get(address))
    assert "They no longer need it" not in form
    assert re.search(r'<input type="hidden" name="end_kind" value="in_error"', form)
    assert "whoever it went to is told to destroy every copy" in form
    error = {"end_kind": "in_error", "words": "It was the wrong school."}
    answer = send(browser, address, child, **{**error, "words": "No"})
    assert (answer.status_code, "Say in a sentence what happened" in text(answer)) == (422, True)
    assert not SharingBreach.objects.exists()
    assert send(browser, address, child, **error).status_code == 302
    breach = SharingBreach.objects.select_related("decision").get()
    assert (breach.words, breach.found_by_id) == ("It was the wrong school.", viewer("socialworker").user_id)
    # How it ended stays what it was.
    ended = breach.decision
    assert (ended.end_kind, ended.end_words, ended.ended_by_id) == (
        "not_needed",
        "The course is over.",
        viewer("keyworker").user_id,
    )
    assert Clock.objects.get(kind=ClockKind.BREACH_ASSESSED).subject_id == breach.pk
    told = set(Alert.objects.filter(subject_id=breach.pk).values_list("kind", "group_id", "membership_id"))
    assert told == {
        ("shared_in_error", world.functions["data_guardians"].group_id, None),
        ("share_withdrawn", None, world.membership("safeguarding_lead").pk),
    }
    page = text(browser.get(url("share", child, made.pk)))
    for words in ("Shared in error, found", "It was the wrong school.", "Samira Oyelaran", "Sorrel Whitlock"):
        assert words in page
    assert address not in page
    assert "Shared in error, found" in text(browser.get(url("sharing", child)))
    again = send(browser, address, child, **error)
    assert (again.status_code, "has withdrawn this already" in text(again)) == (422, True)
    assert SharingBreach.objects.count() == 1


@db
def test_an_error_may_come_out_after_the_last_day(child, world, client_as, at):
    made = make_share(child, world.agency("school"), world.membership("keyworker"), at=at - 9 * DAY, ends_at=at - DAY)
    browser = client_as("keyworker")
    assert "It was shared in error" in text(browser.get(url("share", child, made.pk)))
    said = {"end_kind": "in_error", "words": "It was the wrong school."}
    assert send(browser, url("withdraw_share", child, made.pk), child, **said).status_code == 302
    assert SharingBreach.objects.get().decision == made


@pytest.mark.django_db(transaction=True)
def test_of_two_who_withdraw_at_once_one_is_told(world, viewer, at):
    child = make_child("Zephyrine")
    made = make_share(child, world.agency("school"), world.membership("keyworker"))
    said = {"child": child, "decision_id": made.pk, "kind": SharingEnd.IN_ERROR, "words": "The wrong school.", "at": at}
    told: list[Exception] = []

    def second() -> None:
        try:
            with pghistory.context(reason="web"):
                services.end_decision(by=viewer("guardian"), **said)
        except Exception as error:
            told.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        services.end_decision(by=viewer("keyworker"), **said)
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive(), "the second waits until the first is done"
    thread.join(timeout=10)
    assert [type(error) for error in told] == [ShareRefused]
    assert SharingBreach.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_share_at_once_from_the_same_page_one_is_stale(world, viewer, at):
    child = make_child("Zephyrine")
    grant(child, world.agency("specialist"))
    opened = {name: opened_by(viewer(name), child, at) for name in ("keyworker", "manager")}
    told: list[Exception] = []

    def share(name):
        services.share(
            opened=opened[name],
            sharing=sharing_to(world.agency("school"), at),
            version=child.version,
            at=at,
            by=viewer(name),
        )

    def second() -> None:
        try:
            with pghistory.context(reason="web"):
                share("manager")
        except Exception as error:
            told.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        share("keyworker")
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive(), "the second waits until the first is done"
    thread.join(timeout=10)
    assert [type(error) for error in told] == [Stale]
    assert SharingDecision.objects.count() == 1
