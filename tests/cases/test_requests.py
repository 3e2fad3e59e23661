"""Asking to see more of a file that one may know of, and the answer. The rules are judged in `tests/access/sharing`.

Seen to fail: asked twice; what waits shown of a file that is closed to the reader, to a job that may not share and to
an agency that does not lead; what others asked for, or on files no longer known, among one's own; an answer by
whoever sees nothing of sharing, may not end a share, or is of the agency that asked; a share with another agency as
the answer; an answer given twice; a share offered that would show nothing; a kind that is not offered, taken; a lead
of the asker's own agency asked; what one's own agency or oneself asked for, shown as one's own to answer; what keeps a
child safe refused to police because of a wish, and left out of the share that answers them; a refusal without the clock
of its review; a request closed by a share of what the answerer happens to see; one entry taken for its kind;
which kinds of a request came and which did not, on neither side; a no to the rest without what came before.
"""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from uuid import uuid4

import pghistory
import pytest
from django.db import connection, transaction
from django.urls import reverse

from accounts.choices import FunctionKey
from accounts.definitions import seeds
from cases.access.choices import Category, GrantReason
from cases.access.models import AccessGrant
from cases.access.rules import mask_of, read_matrix
from cases.access.services import grant_to_function
from cases.clocks.choices import AlertKind, ClockKind, ClockState
from cases.clocks.models import Alert, Clock, OutboxMessage
from cases.clocks.selectors import open_alerts
from cases.clocks.services import sweep
from cases.record.models import Child, Involvement
from cases.record.services import involve
from cases.sharing.choices import DeclineReason, RequestAnswer, SharingPurpose
from cases.sharing.models.requests import AccessRequest
from cases.sharing.models.shares import SharingDecision
from cases.sharing.rules import requests as rules
from cases.sharing.rules.requests import RequestRefused
from cases.sharing.services import requests as services
from cases.sharing.services.shares import Why
from tests.access.test_pages import plain
from tests.cases.browsing import send, text, url
from tests.cases.questions import questions
from tests.factories.cases import block, grant, make_child, make_chronology, make_lead
from tests.factories.shares import form_of_share, make_request, make_share, opened_by, sharing_to

MATRIX = read_matrix(next(seed.body for seed in seeds() if seed.kind == "access_matrix"))
HOUR = timedelta(hours=1)
LIST = "/access-requests/"
db = pytest.mark.django_db


# --- Asking --------------------------------------------------------------------------------------------------


@pytest.fixture
def child(world, viewer, at):
    """A file that the social worker leads on; police see who it is and no more, the specialist service all of it."""
    made = make_child("Zephyrine", "Ashdown")
    make_lead(made, world.membership("socialworker"), at=at - timedelta(days=5), by=viewer("triage"))
    grant(made, world.agency("police"), categories=("identity",))
    grant(made, world.agency("specialist"))
    for key in (FunctionKey.DATA_GUARDIANS, FunctionKey.NOTIFICATION_POINT):
        grant_to_function(child_id=made.pk, function=key, at=at - HOUR, by=None)
    return made


def no(browser, address, at, *, reason="not_needed", words="I say no to this.", after=28, **more):
    """Refuse, to be looked at again after so many days."""
    day = at.date() + timedelta(days=after)
    review = {"review_on_day": day.day, "review_on_month": day.month, "review_on_year": day.year}
    return send(browser, address, reason=reason, words=words, **review, **more)


ASKED = {
    "categories": ["missing", "plan"],
    "purpose": "find",
    "words": "To know where she was found before, if she goes again.",
}


@db
def test_somebody_who_sees_a_part_asks_for_more(child, world, viewer, client_as, at):
    browser = client_as("missing_coordinator")
    assert url("ask_for_access", child) in text(browser.get(url("who_can_see", child)))
    answer = send(browser, url("ask_for_access", child), **ASKED)
    assert (answer.status_code, answer.url) == (302, LIST)
    made = AccessRequest.objects.get()
    assert (made.asked_as, made.owner, made.category_mask) == (
        world.membership("missing_coordinator"), world.membership("socialworker"), mask_of(ASKED["categories"]),
    )  # fmt: skip
    clock = Clock.objects.get(kind=ClockKind.ACCESS_ANSWERED)
    assert (clock.subject_id, clock.owner_membership) == (made.pk, world.membership("socialworker"))
    told = Alert.objects.get(kind=AlertKind.ACCESS_ASKED)
    assert told.membership == world.membership("socialworker")
    assert OutboxMessage.objects.get(alert=told).membership == world.membership("socialworker")
    listed = text(browser.get(LIST))
    for words in ("Not answered yet", "Sorrel Whitlock", ASKED["words"]):
        assert words in listed
    # Nothing is open until somebody answers, and nobody asks twice meanwhile.
    assert not AccessGrant.objects.filter(reason=GrantReason.SHARE).exists()
    again = send(browser, url("ask_for_access", child), **ASKED)
    assert (again.status_code, AccessRequest.objects.count()) == (422, 1)
    assert "You have asked already" in text(browser.get(url("ask_for_access", child)))


@db
@pytest.mark.parametrize("person", ["nurse", "outsider", "housing", "analyst"])
def test_whoever_may_not_know_of_the_file_finds_no_door(child, client_as, person):
    browser = client_as(person)
    for method in (browser.get, lambda address: send(browser, address, **ASKED)):
        there, never = method(url("ask_for_access", child)), method("/cases/ZZZ-ZZZZ/ask-for-access/")
        assert there.status_code == 404
        assert plain(there) == plain(never)
    assert not AccessRequest.objects.exists()


@db
def test_the_page_is_the_same_whatever_the_file_holds(child, world, viewer, client_as):
    """It offers what the job may see something of: an entry that is there adds nothing, and one of a kind that the job
    never sees is not named."""
    browser = client_as("missing_coordinator")
    before = plain(browser.get(url("ask_for_access", child)))
    for category in ("missing", "sessions", "health_sensitive"):
        make_chronology(child, viewer("keyworker"), category=category)
    assert plain(browser.get(url("ask_for_access", child))) == before
    assert 'value="sessions"' not in before[2]


@db
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"categories": []}, "Select at least one kind of information"),
        ({"categories": ["sessions"]}, "Select one of the choices offered"),
        ({"categories": ["sharing"]}, "Select one of the choices offered"),
        ({"purpose": ""}, "Select what you need it for"),
        ({"words": "Why"}, "Say in a sentence what you will do with it"),
        ({"words": "x" * 1001}, "1000 characters or fewer"),
        ({"words": "<script>alert(1)</script>", "purpose": "x"}, "&lt;script&gt;"),
    ],
)
def test_what_is_wrong_is_said(child, client_as, changed, message):
    answer = send(client_as("missing_coordinator"), url("ask_for_access", child), **{**ASKED, **changed})
    assert answer.status_code == 422
    assert message in text(answer)
    assert "<script>alert" not in text(answer)
    assert not AccessRequest.objects.exists()


@db
def test_of_what_no_share_would_show_to_the_job_of_who_asks_the_page_says_how_it_is_answered(child, client_as):
    """Seen to fail: it was offered like everything else, and whoever answered could only refuse."""
    page = text(client_as("triage").get(url("ask_for_access", child)))
    assert "Police intelligence. Your job sees only whether there is any" in page
    page = text(client_as("missing_coordinator").get(url("ask_for_access", child)))
    assert f"{Category.PLAN.label}. Your job" not in page


@db
def test_a_press_twice_asks_once(child, client_as):
    fields, browser = {"idempotency_key": str(uuid4()), **ASKED}, client_as("missing_coordinator")
    answers = [browser.post(url("ask_for_access", child), fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert AccessRequest.objects.count() == 1


@db
def test_where_nobody_leads_or_the_lead_may_not_know_the_notification_point_is_asked(child, world, viewer, client_as):
    block(child, viewer("socialworker"), by=viewer("guardian"))
    send(client_as("missing_coordinator"), url("ask_for_access", child), **ASKED)
    made = AccessRequest.objects.get()
    assert made.owner is None
    told = Alert.objects.get(kind=AlertKind.ACCESS_ASKED)
    assert told.group_id == world.functions["notification_point"].group_id
    assert reverse("cases:access_request", args=[made.pk]) in text(client_as("triage").get(LIST))


@db
def test_where_the_lead_is_of_the_same_agency_the_notification_point_is_asked(child, world, viewer, at):
    """Nobody answers for their own agency, so who leads there is not asked."""
    colleague = viewer("out_of_hours")
    opened = opened_by(colleague, child, at)
    made = services.ask_for_access(
        opened=opened,
        categories=rules.askable_by(colleague, opened.levels, opened.matrix),
        purpose=SharingPurpose.FIND,
        words=ASKED["words"],
        at=at,
        by=colleague,
    )
    assert made.owner is None


@db
def test_a_kind_that_is_not_offered_is_refused_by_whatever_way_it_comes(child, world, viewer, at):
    detective = viewer("missing_coordinator")
    for wanted in (["sessions"], ["sharing"], []):
        with pytest.raises(RequestRefused, match="kinds that are offered"):
            services.ask_for_access(
                opened=opened_by(detective, child, at), categories=wanted, purpose=SharingPurpose.FIND,
                words=ASKED["words"], at=at, by=detective,
            )  # fmt: skip
    assert not AccessRequest.objects.exists()


# --- Answering -----------------------------------------------------------------------------------------------


@pytest.fixture
def request_made(child, world, at):
    return make_request(child, world.membership("missing_coordinator"), owner=world.membership("socialworker"))


@db
def test_who_leads_answers_with_a_share(child, world, viewer, client_as, request_made, at):
    browser, address = client_as("socialworker"), reverse("cases:access_request", args=[request_made.pk])
    assert address in text(browser.get(LIST))
    page = text(browser.get(address))
    share = f"{url('add_share', child)}?agency={world.agency('police').pk}&amp;request={request_made.pk}"
    assert share in page
    form = text(browser.get(share.replace("&amp;", "&")))
    ticked = {re.search('value="([^"]+)"', box)[1] for box in re.findall(r"<input[^>]*checked[^>]*>", form)}
    assert ticked == {"kinds", "missing", "plan", "find"}
    assert request_made.words in form
    fields = form_of_share(at, version=child.version, person=str(request_made.asked_as_id), categories=["missing"])
    answer = browser.post(share.replace("&amp;", "&"), fields)
    made = SharingDecision.objects.get()
    assert (answer.status_code, answer.url) == (302, url("share", child, made.pk))
    request_made.refresh_from_db()
    assert (request_made.answer, request_made.decision, request_made.answered_by.username) == (
        RequestAnswer.SHARED, made, "socialworker",
    )  # fmt: skip
    assert client_as("missing_coordinator").get(reverse("cases:share_received", args=[made.pk])).status_code == 200
    asked = text(client_as("missing_coordinator").get(LIST))
    assert "Shared" in asked
    kinds = [alert.kind for alert in open_alerts(viewer("missing_coordinator"), at=at + HOUR)]
    assert set(kinds) == {AlertKind.SHARE_RECEIVED, AlertKind.ACCESS_ANSWER}
    again = browser.post(share.replace("&amp;", "&"), {**fields, "idempotency_key": str(uuid4()), "version": 99})
    assert again.status_code in (302, 409, 422)
    assert SharingDecision.objects.count() == 1


@db
@pytest.mark.parametrize(("category", "offered"), [("plan", False), ("contact_address", True)])
def test_no_share_is_offered_where_it_would_show_nothing(category, offered, child, world, client_as):
    """A housing officer's job knows of a plan only that there is one; of an address it reads the summary."""
    lead, asker = world.membership("socialworker"), world.membership("housing")
    asked = make_request(child, asker, owner=lead, category_mask=mask_of([category]))
    page = text(client_as("socialworker").get(reverse("cases:access_request", args=[asked.pk])))
    assert ("Share with them" in page) is offered
    assert ("no share would show it to them" in page) is not offered


@db
def test_who_leads_refuses_with_a_reason(child, world, viewer, client_as, request_made, at):
    sweep(at=at)
    browser, address = client_as("socialworker"), reverse("cases:access_request", args=[request_made.pk])
    assert no(browser, address, at, reason="more_harm", words="No").status_code == 422
    words = "Whom she runs to would hear of it at once: ring Mabel’s colleague."
    assert no(browser, address, at, reason="more_harm", words=words).status_code == 302
    request_made.refresh_from_db()
    assert (request_made.answer, request_made.refusal_reason) == (RequestAnswer.REFUSED, DeclineReason.MORE_HARM)
    clock = Clock.objects.get(kind=ClockKind.ACCESS_ANSWERED)
    assert clock.state == ClockState.DONE
    assert words in text(client_as("missing_coordinator").get(LIST))
    assert not AccessGrant.objects.filter(reason=GrantReason.SHARE).exists()
    again = no(browser, address, at, reason="more_harm", words=words)
    assert (again.status_code, "has answered this already" in text(again)) == (422, True)
    assert words in text(client_as("keyworker").get(url("sharing", child)))


@db
def test_what_keeps_a_child_safe_is_refused_to_police_only_where_it_would_do_more_harm(
    child, client_as, request_made, at
):
    """Of what police ask for here: where the child was found before."""
    address, browser = reverse("cases:access_request", args=[request_made.pk]), client_as("socialworker")
    for reason in sorted(set(DeclineReason.values) - {"more_harm"}):
        answer = no(browser, address, at, reason=reason, words="She does not want the police to know.")
        page = text(answer)
        at_field = re.search(r'id="id_reason-error".*?</p>', page, re.DOTALL)
        assert (answer.status_code, at_field is not None) == (422, True), reason
        assert "always reaches children’s social care and the police: missing episodes" in at_field[0], reason
        assert "She does not want the police to know.</textarea>" in page, reason
        assert "Share with them" in page, reason
    request_made.refresh_from_db()
    assert request_made.answered_at is None


@db
@pytest.mark.parametrize(
    ("asker", "kinds"),
    [("housing", ["contact_address"]), ("missing_coordinator", ["plan"]), ("missing_coordinator", ["level"])],
)
def test_other_things_and_what_they_have_are_refused_by_a_wish(child, world, client_as, asker, kinds, at):
    if kinds == ["level"]:
        grant(child, world.agency("police"), categories=("level",))
    asked = make_request(child, world.membership(asker), category_mask=mask_of(kinds))
    words = "The child does not want it, and you can do your part without it."
    address = reverse("cases:access_request", args=[asked.pk])
    assert no(client_as("socialworker"), address, at, reason="wishes", words=words).status_code == 302


@db
def test_a_share_of_something_else_does_not_answer_police(child, world, client_as, request_made, at):
    """It goes with what else is shared, unless somebody decided that sharing it would do more harm."""
    police, browser = world.agency("police"), client_as("socialworker")
    address = f"{url('add_share', child)}?agency={police.pk}&request={request_made.pk}"
    said = {"version": child.version, "person": str(request_made.asked_as_id), "categories": ["plan"]}
    answer = browser.post(address, form_of_share(at, **said))
    assert (answer.status_code, "They asked for what keeps a child safe: missing" in text(answer)) == (422, True)
    request_made.refresh_from_db()
    assert (request_made.answered_at, SharingDecision.objects.count()) == (None, 0)
    SharingDecision.objects.create(
        child=child, kind="declined", agency=police, category_mask=mask_of(["missing"]), words="She would be hurt.",
        decline_reason="more_harm", decided_at=at - HOUR, decided_as=world.membership("socialworker"),
        review_on=at.date() + timedelta(days=9),
    )  # fmt: skip
    assert browser.post(address, form_of_share(at, **said)).status_code == 302


@db
@pytest.mark.parametrize("helper", ["socialworker", None])
def test_what_the_answerer_cannot_share_goes_on_to_somebody_who_can(child, world, viewer, client_as, at, helper):
    """A specialist keyworker leads, whose job sees persons of concern in a panel alone."""
    Involvement.objects.filter(child=child).update(ended_on=at.date())
    make_lead(child, world.membership("keyworker"), at=at - HOUR, by=viewer("triage"))
    if helper:
        worker = {"working_agency": world.agency("social_care"), "role": "social_worker"}
        involve(child=child, agency=worker["working_agency"], membership=world.membership(helper),
                role=worker["role"], at=at - HOUR, by=viewer("keyworker"))  # fmt: skip
    kinds = ["missing", "person_of_concern"]
    asked = make_request(child, world.membership("missing_coordinator"), owner=world.membership("keyworker"),
                         category_mask=mask_of(kinds))  # fmt: skip
    sweep(at=at)
    child.refresh_from_db()
    form = f"{url('add_share', child)}?agency={world.agency('police').pk}&request={asked.pk}"
    said = {"person": str(asked.asked_as_id), "categories": ["missing"]}
    page = client_as("keyworker").post(form, form_of_share(at, version=child.version, **said), follow=True)
    assert "persons of concern" in text(page)
    asked.refresh_from_db()
    assert (asked.answered_at, asked.owner) == (None, world.membership(helper) if helper else None)
    clock = Clock.objects.get(kind=ClockKind.ACCESS_ANSWERED)
    assert (clock.state, clock.owner_membership) == (ClockState.RUNNING, asked.owner)
    told = Alert.objects.get(kind=AlertKind.ACCESS_ASKED, acknowledged_at=None)
    assert told.membership == asked.owner
    listed = text(client_as("missing_coordinator").get(LIST))
    assert "In part: missing episodes. Still waited for: persons of concern" in plain_words(listed)
    assert "Sorrel Whitlock" not in listed
    answerer = helper or "triage"
    assert reverse("cases:access_request", args=[asked.pk]) in text(client_as(answerer).get(LIST))
    child.refresh_from_db()
    rest = {**said, "categories": ["person_of_concern"]}
    if helper is not None:
        assert client_as(helper).post(form, form_of_share(at, version=child.version, **rest)).status_code == 302
        asked.refresh_from_db()
        assert (asked.answer, asked.answered_by.username) == (RequestAnswer.SHARED, helper)


def plain_words(page):
    return re.sub(r"\s+", " ", page)


@db
@pytest.mark.parametrize("to", ["who asked", "a colleague"])
def test_both_sides_read_which_kinds_came_and_which_did_not(child, world, client_as, at, to):
    asker = world.membership("missing_coordinator")
    asked = make_request(child, asker, category_mask=mask_of(["missing", "plan", "family"]))
    form = f"{url('add_share', child)}?agency={asker.agency_id}&request={asked.pk}"
    said = {"person": str((asker if to == "who asked" else world.membership("detective")).pk), "version": child.version}
    words = "Ring her keyworker about the rest."
    browser = client_as("socialworker")
    page = text(browser.post(form, form_of_share(at, answer_words=words, **said), follow=True))
    rest = "staying safe plan, family and household"
    assert f"who is told. Not shared of what they asked for: {rest}." in plain_words(page)
    shared = "Shared" if to == "who asked" else f"Shared with somebody else at {asker.agency}"
    for reader, address in (
        (browser, reverse("cases:access_request", args=[asked.pk])),
        (browser, url("sharing", child)),
        (client_as("missing_coordinator"), LIST),
    ):
        read = plain_words(text(reader.get(address)))
        assert f"{shared}: missing episodes. Not shared: {rest}" in read, address
        assert words in read, address


@db
def test_a_no_to_the_rest_says_what_came_before(child, world, client_as, at):
    asker, lead = world.membership("missing_coordinator"), world.membership("socialworker")
    asked = make_request(child, asker)
    make_share(child, asker, lead, at=at - HOUR)
    no(client_as("socialworker"), reverse("cases:access_request", args=[asked.pk]), at)
    listed = plain_words(text(client_as("missing_coordinator").get(LIST)))
    assert "Shared: missing episodes. Not shared: staying safe plan. No: " in listed


@db
def test_one_entry_of_a_kind_is_not_the_kind(child, world, viewer, client_as, request_made, at):
    entry = make_chronology(child, viewer("keyworker"), category="missing")
    address = f"{url('add_share', child)}?agency={world.agency('police').pk}&request={request_made.pk}"
    said = {"person": str(request_made.asked_as_id), "what": "entries", "categories": [], "entries": [str(entry.pk)]}
    answer = client_as("socialworker").post(address, form_of_share(at, version=child.version, **said))
    assert (answer.status_code, "They asked for what keeps a child safe: missing" in text(answer)) == (422, True)


@db
def test_a_refusal_is_a_decision_not_to_share_that_is_looked_at_again(
    child, world, viewer, client_as, request_made, at
):
    browser, address = client_as("socialworker"), reverse("cases:access_request", args=[request_made.pk])
    for after in (0, 184):
        answer = no(browser, address, at, reason="more_harm", after=after)
        assert (answer.status_code, "The review must be" in text(answer)) == (422, True), after
    assert not SharingDecision.objects.exists()
    words = "He reads her telephone, and would know."
    assert no(browser, address, at, reason="more_harm", words=words).status_code == 302
    made = SharingDecision.objects.get()
    assert (made.kind, made.membership, made.category_mask, made.decline_reason, made.words) == (
        "declined", request_made.asked_as, request_made.category_mask, "more_harm", words,
    )  # fmt: skip
    assert made.review_on == at.date() + timedelta(days=28)
    request_made.refresh_from_db()
    assert request_made.decision == made
    assert url("share", child, made.pk) in text(browser.get(address))
    assert url("share", child, made.pk) in text(browser.get(url("sharing", child)))
    assert "To be looked at again" in text(client_as("missing_coordinator").get(LIST))
    clock = Clock.objects.get(kind=ClockKind.SHARING_REVIEWED)
    assert (clock.subject_id, clock.owner_membership) == (made.pk, world.membership("socialworker"))
    sweep(at=clock.due_at + HOUR)
    told = [alert.kind for alert in open_alerts(viewer("socialworker"), at=clock.due_at + HOUR)]
    assert ClockKind.SHARING_REVIEWED in told
    # They ask again: the next answer, a share of it all or another no, ends this decision.
    again = make_request(child, request_made.asked_as, owner=request_made.owner)
    no(browser, reverse("cases:access_request", args=[again.pk]), at, reason="more_harm")
    made.refresh_from_db()
    clock.refresh_from_db()
    assert (made.end_kind, clock.state) == ("decided_again", ClockState.DONE)
    assert SharingDecision.objects.get(ended_at=None).requests.get() == again


@db
def test_what_nobody_answers_is_told_to_more_people(child, world, viewer, request_made, at):
    sweep(at=at)
    clock = Clock.objects.get(kind=ClockKind.ACCESS_ANSWERED)
    assert clock.owner_membership == world.membership("socialworker")
    late = clock.due_at + HOUR
    sweep(at=late)
    for person in ("socialworker", "guardian", "triage"):
        assert ClockKind.ACCESS_ANSWERED in [alert.kind for alert in open_alerts(viewer(person), at=late)], person


# Who may open the request; who may answer; in whose list it waits.
PEOPLE = {
    "socialworker": (200, True, True),
    "social_care_manager": (200, True, True),
    "guardian": (200, True, True),
    "keyworker": (200, True, False),
    "triage": (200, True, False),
    "out_of_hours": (403, False, False),
    "detective": (404, False, False),
    "missing_coordinator": (404, False, False),
    "nurse": (404, False, False),
    "outsider": (404, False, False),
}


@db
def test_who_reads_and_answers_a_request(child, world, client_as, request_made, at):
    """Police see who the child is and nothing of sharing: they read the answer in their own list."""
    address = reverse("cases:access_request", args=[request_made.pk])
    for person, (status, answers, listed) in PEOPLE.items():
        browser = client_as(person)
        page = browser.get(address)
        assert page.status_code == status, person
        assert ("Refuse" in text(page)) is answers, person
        assert (address in text(browser.get(LIST))) is listed, person
        if status == 404:
            never = reverse("cases:access_request", args=[uuid4()])
            assert plain(page) == plain(browser.get(never)), person
            assert no(browser, address, at, reason="not_needed", words="I say no to this.").status_code == 404
        if status == 403:
            assert no(browser, address, at, reason="not_needed", words="I say no to this.").status_code == 403
    request_made.refresh_from_db()
    assert request_made.answered_at is None


@db
def test_nobody_is_shown_what_they_or_their_own_agency_asked_for_as_theirs_to_answer(child, world, client_as):
    of_colleague = make_request(child, world.membership("out_of_hours"))
    of_guardian = make_request(child, world.membership("guardian"))
    of_police = make_request(child, world.membership("missing_coordinator"))
    shown = {
        person: {
            asked.asked_as.user.username
            for asked in (of_colleague, of_guardian, of_police)
            if reverse("cases:access_request", args=[asked.pk]) in text(client_as(person).get(LIST))
        }
        for person in ("socialworker", "guardian")
    }
    assert shown == {
        "socialworker": {"guardian", "missing_coordinator"},
        "guardian": {"out_of_hours", "missing_coordinator"},
    }


@db
def test_nobody_answers_for_their_own_agency(child, world, viewer, client_as, request_made, at):
    grant(child, world.agency("police"))
    address = reverse("cases:access_request", args=[request_made.pk])
    answer = no(client_as("detective"), address, at, reason="not_needed", words="I say no to this.")
    assert (answer.status_code, "another agency answers" in text(answer)) == (422, True)
    request_made.refresh_from_db()
    assert request_made.answered_at is None


@db
def test_a_share_with_another_agency_is_no_answer(child, world, viewer, request_made, at):
    with pytest.raises(RequestRefused, match="Another agency asked"):
        services.answer_with_share(
            request_id=request_made.pk,
            opened=opened_by(viewer("socialworker"), child, at),
            sharing=sharing_to(world.agency("school"), at),
            version=child.version,
            at=at,
            by=viewer("socialworker"),
        )
    assert not SharingDecision.objects.exists()


@db
@pytest.mark.parametrize("why", ["block", "restriction"])
def test_a_request_is_not_known_where_the_file_is_not(child, world, viewer, client_as, request_made, why):
    if why == "block":
        block(child, viewer("socialworker"), by=viewer("guardian"))
    else:
        Child.objects.filter(pk=child.pk).update(restricted=True)
    browser = client_as("socialworker")
    assert browser.get(reverse("cases:access_request", args=[request_made.pk])).status_code == 404
    assert str(request_made.pk) not in text(browser.get(LIST))
    if why == "restriction":
        assert child.reference not in text(client_as("missing_coordinator").get(LIST))


@db
@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_the_same_number_of_questions(world, viewer, client_as, at, rows):
    for number in range(rows):
        made = make_child(f"Child {number}")
        grant(made, world.agency("partnership"))
        make_request(made, world.membership("nurse"))
        make_request(made, world.membership("triage"))
    browser = client_as("triage")
    browser.get(LIST)
    assert len(questions(browser, LIST)) == LIST_QUERIES
    assert text(browser.get(LIST)).count('data-label="By"') == rows
    assert text(browser.get(LIST)).count("Not answered yet") == rows


LIST_QUERIES = 10


@pytest.mark.django_db(transaction=True)
def test_of_two_who_answer_at_once_one_is_told(world, viewer, at):
    child = make_child("Zephyrine")
    grant(child, world.agency("social_care"))
    asked = make_request(child, world.membership("nurse"))
    why = Why(DeclineReason.NOT_NEEDED, "It is not needed.", at.date() + timedelta(days=9))
    said = {"request_id": asked.pk, "why": why}
    said["opened"] = opened_by(viewer("socialworker"), child, at)
    told: list[Exception] = []

    def second() -> None:
        try:
            with pghistory.context(reason="web"):
                services.refuse_access(at=at, by=viewer("guardian"), **said)
        except Exception as error:
            told.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        services.refuse_access(at=at, by=viewer("socialworker"), **said)
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive(), "the second waits until the first is done"
    thread.join(timeout=10)
    assert [type(error) for error in told] == [RequestRefused]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_once_under_one_name_one_asks(world, viewer, at):
    child = make_child("Zephyrine")
    grant(child, world.agency("police"), categories=("identity",))
    by, told = viewer("missing_coordinator"), []
    opened = opened_by(by, child, at)

    def ask() -> None:
        services.ask_for_access(
            opened=opened, categories=["missing"], purpose=SharingPurpose.FIND, words=ASKED["words"], at=at, by=by
        )

    def second() -> None:
        try:
            with pghistory.context(reason="web"):
                ask()
        except Exception as error:
            told.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        ask()
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive(), "the second waits until the first is done"
    thread.join(timeout=10)
    assert [type(error) for error in told] == [RequestRefused]
    assert AccessRequest.objects.count() == 1
