"""A file for named people only: who places that, who is named, what the others notice, and how it is lifted.

Seen to fail: a file that is not marked; part of a file, or a time, taken for the whole of it; a job not asked
for; somebody with a conflict offered; a list not looked at when a name goes; one person who lifts, and names
that stay after lifting; a name that came with work left behind; alerts and e-mails to people who are not named;
a review left to somebody who is off the list.
"""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.urls import reverse

from accounts.choices import FunctionKey
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.access.services import grant_to_function
from cases.clocks.choices import AlertKind, ClockKind, ClockState
from cases.clocks.models import Alert, Clock, OutboxMessage
from cases.clocks.selectors import open_alerts
from cases.clocks.services import start_clock, sweep
from cases.clocks.services.running import climb_clocks
from cases.record.models import Child
from cases.record.rules import RecordRefused
from cases.record.services import change_lead, involve
from cases.sharing.choices import RestrictionKind
from cases.sharing.models import Restriction, RestrictionStep
from cases.sharing.rules.restriction import RestrictionRefused
from cases.sharing.selectors import restriction as selectors
from cases.sharing.services import restriction as services
from tests.access.test_pages import plain
from tests.cases.questions import questions
from tests.factories.accounts import make_membership
from tests.factories.cases import block, grant, make_child, make_lead

pytestmark = pytest.mark.django_db

REASON = "Her mother works on the front desk of the agency that leads."
HOUR = timedelta(hours=1)
NAMES = ("socialworker", "social_care_manager", "guardian")


@pytest.fixture
def child(world, viewer, at):
    """A file that the social worker leads on, and that social care, police and the specialist service see."""
    made = make_child("Zephyrine", "Ashdown")
    make_lead(made, world.membership("socialworker"), at=at - timedelta(days=5), by=viewer("triage"))
    for key in ("police", "specialist", "health"):
        grant(made, world.agency(key))
    for key in (FunctionKey.DATA_GUARDIANS, FunctionKey.NOTIFICATION_POINT):
        grant_to_function(child_id=made.pk, function=key, at=at - HOUR, by=None)
    return made


@pytest.fixture
def restrict(child, world, viewer, at):
    """`restrict("manager", "guardian", …)`: closes the file to these people, as the social care manager."""

    def done(*names, by="social_care_manager", **changed):
        given = {
            "kind": RestrictionKind.STAFF_CHILD,
            "reason": REASON,
            "review_on": at.date() + timedelta(days=30),
            "named": [world.membership(name).pk for name in names or NAMES],
            "version": child.version,
            **changed,
        }
        restriction = services.restrict_file(child=child, at=at, by=viewer(by), **given)
        child.refresh_from_db()
        return restriction

    return done


def url(name, child, *more):
    return reverse(f"cases:{name}", args=[child.reference, *more])


def text(answer):
    return answer.content.decode()


def send(browser, address, child, **fields):
    return browser.post(address, {"idempotency_key": str(uuid4()), "version": child.version, **fields})


def fields(world, at, *names, **changed):
    day = at.date() + timedelta(days=30)
    return {
        "kind": "staff_child",
        "reason": REASON,
        "named": [str(world.membership(name).pk) for name in names or NAMES],
        "review_on_day": day.day,
        "review_on_month": day.month,
        "review_on_year": day.year,
        **changed,
    }


def sees(client_as, child, *people):
    return {person: client_as(person).get(url("file", child)).status_code == 200 for person in people}


# --- Placing it ----------------------------------------------------------------------------------------------


def test_a_manager_closes_a_file_to_all_but_the_named(child, world, client_as, at):
    everybody = ("socialworker", "social_care_manager", "guardian", "detective", "keyworker", "nurse", "triage")
    assert set(sees(client_as, child, *everybody).values()) == {True}
    answer = send(client_as("social_care_manager"), url("restriction", child), child, **fields(world, at))
    assert (answer.status_code, answer.url) == (302, url("restriction", child))
    assert sees(client_as, child, *everybody) == {
        "socialworker": True,
        "social_care_manager": True,
        "guardian": True,
        "detective": False,
        "keyworker": False,
        "nurse": False,
        "triage": False,
    }
    restriction = Restriction.objects.get()
    assert (restriction.reason, restriction.placed_by.username) == (REASON, "social_care_manager")
    clock = Clock.objects.get(kind=ClockKind.RESTRICTION_REVIEWED)
    assert (clock.subject_id, clock.child_id, clock.owner_membership) == (
        restriction.pk,
        child.pk,
        world.membership("social_care_manager"),
    )
    page = text(client_as("guardian").get(url("restriction", child)))
    for words in (REASON, "The child of a member of staff", "Sorrel Whitlock", "Cerys Bannerman", "Gwen Sotheby"):
        assert words in page


def test_whoever_places_it_stays_only_if_they_are_named(child, world, client_as, at):
    answer = send(
        client_as("manager"), url("restriction", child), child, **fields(world, at, "socialworker", "guardian")
    )
    assert (answer.status_code, answer.url) == (302, "/")
    assert sees(client_as, child, "manager", "socialworker", "guardian") == {
        "manager": False,
        "socialworker": True,
        "guardian": True,
    }


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"named": []}, "Select at least two people"),
        ({"reason": "Short."}, "Say why in at least 20 characters"),
        ({"kind": ""}, "Select why it must be restricted"),
        ({"review_on_year": "2020"}, "The review must be after today"),
        ({"review_on_day": ""}, "must include a day"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_restricted(child, world, client_as, at, changed, message):
    answer = send(client_as("manager"), url("restriction", child), child, **fields(world, at, **changed))
    assert answer.status_code == 422
    assert message in text(answer)
    child.refresh_from_db()
    assert not child.restricted
    assert not AccessGrant.objects.filter(reason=GrantReason.NAMED).exists()


def test_the_lead_is_named_or_changed_first(child, world, client_as, at):
    answer = send(client_as("manager"), url("restriction", child), child, **fields(world, at, "manager", "guardian"))
    assert answer.status_code == 422
    assert "Sorrel Whitlock leads on the case and would not see the file any more." in text(answer)


def test_somebody_with_a_conflict_is_neither_offered_nor_named(child, world, viewer, client_as, at, restrict):
    assert "Sorrel Whitlock, Social worker" in text(client_as("manager").get(url("restriction", child)))
    grant(child, world.membership("keyworker"))
    assert "Kezia Thorne" in text(client_as("manager").get(url("restriction", child)))
    block(child, viewer("keyworker"), by=viewer("guardian"))
    assert "Kezia Thorne" not in text(client_as("manager").get(url("restriction", child)))
    with pytest.raises(RestrictionRefused), transaction.atomic():
        restrict("keyworker", *NAMES)
    restrict()
    assert "Kezia Thorne" not in text(client_as("guardian").get(url("add_name", child)))


@pytest.mark.parametrize(
    "given",
    [
        {"reason": GrantReason.SHARE},
        {"reason": GrantReason.PANEL},
        {"reason": GrantReason.BREAK_GLASS},
        {"categories": ("identity", "level")},
    ],
    ids=str,
)
def test_a_manager_who_sees_a_part_or_for_a_time_restricts_nothing(world, client_as, at, given):
    child = make_child()
    grant(child, world.membership("manager"), **given)
    assert client_as("manager").get(url("file", child)).status_code == 200
    assert client_as("manager").get(url("restriction", child)).status_code == 403
    answer = send(client_as("manager"), url("restriction", child), child, **fields(world, at))
    assert answer.status_code == 403
    grant(child, world.agency("specialist"))
    assert client_as("manager").get(url("restriction", child)).status_code == 200


@pytest.mark.parametrize("person", ["socialworker", "keyworker", "detective", "nurse", "triage"])
def test_nobody_else_restricts(child, world, client_as, at, person):
    assert client_as(person).get(url("file", child)).status_code == 200
    assert send(client_as(person), url("restriction", child), child, **fields(world, at)).status_code == 403
    assert "Restrict this file" not in text(client_as(person).get(url("who_can_see", child)))
    assert "Restrict this file" in text(client_as("manager").get(url("who_can_see", child)))


def test_a_file_that_somebody_changed_meanwhile_is_not_restricted(child, world, client_as, at):
    Child.objects.filter(pk=child.pk).update(version=child.version + 1)
    answer = send(client_as("manager"), url("restriction", child), child, **fields(world, at))
    assert answer.status_code == 409
    assert "Her mother works on the front desk" in text(answer)


# --- What the others notice: nothing -------------------------------------------------------------------------


def noticed(browser, child):
    """What somebody finds: the file and one that never was; the worklist, a search, alerts and home."""
    pages = [browser.get("/cases/"), browser.post("/cases/search/", {"words": "Zephyrine Ashdown"})]
    pages += [browser.post("/cases/search/", {"words": child.reference}), browser.get("/alerts/"), browser.get("/")]
    # Without what was typed, which stands in the box again.
    return [re.sub(r'value="[^"]*"', "", text(page)) for page in pages]


def interview(child, world, at):
    """Something due on the file, owed by the keyworker and told to the interview team."""
    return start_clock(
        kind=ClockKind.INTERVIEW_HELD,
        subject_id=uuid4(),
        child_id=child.pk,
        anchored_at=at - timedelta(hours=71),
        owner_membership_id=world.membership("keyworker").pk,
        at=at - timedelta(hours=71),
        by=world.viewer("keyworker"),
    )


def test_whoever_is_not_named_finds_no_trace(child, world, viewer, client_as, at, restrict):
    interview(child, world, at)
    climb_clocks(at)
    browser = client_as("keyworker")
    before = noticed(browser, child)
    assert [("Zephyrine" in page, child.reference in page) for page in before[:2]] == [(True, True)] * 2
    assert "Return interviews to hold" in before[3]
    assert [alert.kind for alert in open_alerts(viewer("keyworker"), at=at)] == ["interview_held"]

    restrict()
    after = noticed(browser, child)
    for page in after:
        for hidden in ("Zephyrine", "Ashdown<", "Return interviews to hold", "restricted"):
            assert hidden not in page
    assert child.reference not in "".join(after)
    assert "1 file" not in after[0]
    assert open_alerts(viewer("keyworker"), at=at) == []
    assert plain(browser.get(url("file", child))) == plain(browser.get("/cases/ZZZ-ZZZZ/"))
    assert child.reference in text(client_as("socialworker").get("/cases/"))


def test_nobody_who_is_not_named_gets_an_email_about_it(child, world, viewer, at, restrict):
    restrict()
    interview(child, world, at)
    make_membership(agency=world.agency("specialist"), role="return_interviewer", functions=("interview_team",))
    climb_clocks(at)
    told = OutboxMessage.objects.values_list("membership__user__username", flat=True)
    assert Alert.objects.filter(child=child, kind=ClockKind.INTERVIEW_HELD).exists()
    assert set(told) <= set(NAMES)


def test_work_that_nobody_can_do_any_more_is_shown_to_whoever_looks_after_it(child, world, client_as, at, restrict):
    interview(child, world, at)
    restrict()
    page = text(client_as("guardian").get(url("restriction", child)))
    assert "Kezia Thorne, Lantern Exploitation Service: Hold the return interview" in page
    assert "leads on the case" not in page


# --- Names ---------------------------------------------------------------------------------------------------


def test_a_name_is_added_and_taken_off(child, world, client_as, restrict):
    restrict()
    keyworker = world.membership("keyworker")
    answer = send(client_as("guardian"), url("add_name", child), child, person=str(keyworker.pk))
    assert (answer.status_code, answer.url) == (302, url("restriction", child))
    assert sees(client_as, child, "keyworker", "manager") == {"keyworker": True, "manager": False}
    child.refresh_from_db()
    again = send(client_as("guardian"), url("add_name", child), child, person=str(keyworker.pk))
    assert again.status_code == 422
    answer = send(client_as("guardian"), url("take_off", child, keyworker.pk), child, words="The work is done.")
    assert answer.status_code == 302
    assert sees(client_as, child, "keyworker") == {"keyworker": False}
    assert client_as("guardian").get(url("take_off", child, keyworker.pk)).status_code == 404


def test_a_name_by_other_work_is_taken_off_too(child, world, viewer, client_as, at, restrict):
    restrict()
    member = world.membership("keyworker")
    involve(child=child, agency=member.agency, membership=member, role="support", at=at, by=viewer("guardian"))
    assert sees(client_as, child, "keyworker") == {"keyworker": True}
    answer = send(client_as("guardian"), url("take_off", child, member.pk), child, words="No longer needed.")
    assert answer.status_code == 302
    assert sees(client_as, child, "keyworker") == {"keyworker": False}


def test_a_worker_who_is_named_names_nobody(child, world, viewer, at, restrict):
    """They may bring agencies in and hand over the lead, and neither widens the circle."""
    restrict()
    given = {"child": child, "at": at, "by": viewer("socialworker")}
    member = world.membership("keyworker")
    with pytest.raises(RecordRefused, match="A manager or a data guardian who is named"):
        involve(**given, agency=member.agency, membership=member, role="support")
    working = involve(**{**given, "by": viewer("guardian")}, agency=member.agency, membership=member, role="support")
    AccessGrant.objects.filter(reason="named", membership=member).update(ended_at=at)
    child.refresh_from_db()
    change = {"involvement_id": working.pk, "reason": "She knows the child well.", "version": child.version}
    with pytest.raises(RecordRefused, match="A manager or a data guardian who is named"):
        change_lead(**given, **change)


@pytest.mark.parametrize(
    ("names", "gone", "message"),
    [
        (("socialworker", "guardian"), "guardian", "Name at least two people"),
        (("socialworker", "detective", "guardian"), "guardian", "Name a data guardian too"),
        (NAMES, "socialworker", "Sorrel Whitlock leads on the case"),
    ],
)
def test_the_list_stays_sound(child, world, client_as, restrict, names, gone, message):
    restrict(*names)
    answer = send(client_as("guardian"), url("take_off", child, world.membership(gone).pk), child, words="Why not.")
    assert answer.status_code == 422
    assert message in text(answer)
    assert sees(client_as, child, gone) == {gone: True}


def test_whoever_takes_themselves_off_is_led_home_and_the_review_goes_to_another(child, world, client_as, restrict):
    restrict(by="social_care_manager")
    own = world.membership("social_care_manager")
    answer = send(client_as("social_care_manager"), url("take_off", child, own.pk), child, words="I am moving on.")
    assert (answer.status_code, answer.url) == (302, "/")
    assert sees(client_as, child, "social_care_manager") == {"social_care_manager": False}
    assert Restriction.objects.get().keeper == world.membership("guardian")
    assert Clock.objects.get().owner_membership == world.membership("guardian")


@pytest.mark.parametrize("person", ["socialworker", "keyworker", "manager", "detective", "triage"])
def test_who_is_no_manager_on_the_list_changes_nothing_on_it(child, world, client_as, restrict, person):
    restrict()
    named = person == "socialworker"
    expected = 403 if named else 404
    browser, member = client_as(person), world.membership("guardian")
    for address, said in (
        (url("add_name", child), {"person": str(world.membership("keyworker").pk)}),
        (url("take_off", child, member.pk), {"words": "Out."}),
        (url("review_restriction", child), {"words": REASON}),
        (url("ask_for_lift", child), {"reason": REASON}),
        (url("answer_lift", child), {"lift": "yes", "words": "Yes."}),
    ):
        assert send(browser, address, child, **said).status_code == expected, address
    assert set(selectors.named_on(child.pk, at=AccessGrant.objects.latest("valid_from").valid_from)) == {
        world.membership(name) for name in NAMES
    }


def test_a_stale_list_is_not_changed(child, world, client_as, restrict):
    restrict()
    Child.objects.filter(pk=child.pk).update(version=child.version + 1)
    answer = send(client_as("guardian"), url("add_name", child), child, person=str(world.membership("keyworker").pk))
    assert answer.status_code == 409
    assert sees(client_as, child, "keyworker") == {"keyworker": False}


# --- Review and lifting --------------------------------------------------------------------------------------


def test_a_review_sets_the_next_one(child, client_as, at, restrict):
    restriction = restrict()
    day = at.date() + timedelta(days=90)
    said = {"words": "The operation goes on.", "review_on_day": day.day, "review_on_month": day.month}
    answer = send(client_as("guardian"), url("review_restriction", child), child, review_on_year=day.year, **said)
    assert answer.status_code == 302
    restriction.refresh_from_db()
    assert restriction.review_on == day
    clock = Clock.objects.get()
    assert (clock.state, clock.turn, clock.due_at.date() in (day, day + timedelta(days=1))) == ("running", 1, True)


def test_a_late_review_is_told_to_its_keeper_and_the_guardians_who_are_named(child, world, viewer, at, restrict):
    other = make_membership(agency=world.agency("health"), role="data_guardian", functions=("data_guardians",))
    restrict()
    due = Clock.objects.get().due_at
    sweep(due - timedelta(days=7))
    assert list(OutboxMessage.objects.values_list("membership__user__username", flat=True)) == ["social_care_manager"]
    sweep(due)
    told = set(OutboxMessage.objects.values_list("membership__user__username", flat=True))
    assert told == {"social_care_manager", "guardian"}
    assert other.user.username not in told


def test_two_people_lift_it_and_the_grants_count_again(child, world, viewer, client_as, at, restrict):
    restrict()
    boss, guardian = client_as("social_care_manager"), client_as("guardian")
    assert send(boss, url("ask_for_lift", child), child, reason="Her mother has left the agency.").status_code == 302
    (alert,) = [one for one in open_alerts(viewer("guardian"), at=at + HOUR) if one.kind == AlertKind.RESTRICTION_LIFT]
    assert alert.href == url("answer_lift", child)
    assert not [one for one in open_alerts(viewer("social_care_manager"), at=at + HOUR) if one.kind == alert.kind]
    assert sees(client_as, child, "keyworker") == {"keyworker": False}

    child.refresh_from_db()
    own = send(boss, url("answer_lift", child), child, lift="yes", words="I agree with myself.")
    assert own.status_code == 422
    assert sees(client_as, child, "keyworker") == {"keyworker": False}
    answer = send(guardian, url("answer_lift", child), child, lift="yes", words="I agree.")
    assert (answer.status_code, answer.url) == (302, "/")
    assert sees(client_as, child, "keyworker", "nurse", "triage") == dict.fromkeys(
        ("keyworker", "nurse", "triage"), True
    )
    restriction = Restriction.objects.get()
    assert (restriction.lift_asked_by.username, restriction.lifted_by.username) == ("social_care_manager", "guardian")
    assert not AccessGrant.objects.live(at + HOUR).filter(reason=GrantReason.NAMED).exists()
    assert Clock.objects.get().state == ClockState.CANCELLED


def test_a_wish_that_is_declined_can_be_made_again(child, viewer, client_as, at, restrict):
    restrict()
    boss, guardian = client_as("social_care_manager"), client_as("guardian")
    for number in (1, 2):
        child.refresh_from_db()
        send(boss, url("ask_for_lift", child), child, reason="Her mother has left the agency.")
        waiting = [one.kind for one in open_alerts(viewer("guardian"), at=at + HOUR)]
        assert (number, waiting.count("restriction_lift")) == (number, 1)
        child.refresh_from_db()
        send(guardian, url("answer_lift", child), child, lift="no", words="She is still on the rota.")
        assert [one.kind for one in open_alerts(viewer("guardian"), at=at + HOUR)] == []
    child.refresh_from_db()
    assert child.restricted
    kinds = RestrictionStep.objects.filter(kind__startswith="lift").order_by("done_at", "pk")
    assert [step.kind for step in kinds] == ["lift_asked", "lift_declined"] * 2


def test_where_nobody_else_could_agree_nobody_asks(child, client_as, restrict):
    restrict("socialworker", "guardian")
    answer = send(client_as("guardian"), url("ask_for_lift", child), child, reason="It is over, as all agree.")
    assert answer.status_code == 422
    assert "Name another manager or data guardian first." in text(answer)


def test_the_database_itself_wants_two_people(child, viewer, at, restrict):
    restriction = restrict()
    person = viewer("guardian").user_id
    with pytest.raises(Exception, match="restriction_lifted_by_two"), transaction.atomic():
        Restriction.objects.filter(pk=restriction.pk).update(
            lift_asked_at=at, lift_asked_by_id=person, lift_reason="x", lifted_at=at, lifted_by_id=person
        )
    for statement in ("UPDATE cases_restriction SET reason = 'x'", "DELETE FROM cases_restrictionstep"):
        with pytest.raises(Exception, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_what_follows_on_a_restriction_leads_to_its_page_without_one(child, world, client_as):
    browser = client_as("guardian")
    addresses = [url(name, child) for name in ("add_name", "review_restriction", "ask_for_lift", "answer_lift")]
    for address in (*addresses, url("take_off", child, world.membership("guardian").pk)):
        answer = browser.get(address)
        assert (answer.status_code, answer.url) == (302, url("restriction", child))


@pytest.mark.parametrize("more", [0, 2])
def test_the_page_asks_the_same_number_of_questions(child, world, client_as, restrict, more):
    restrict(*NAMES, *("detective", "keyworker")[:more])
    browser = client_as("guardian")
    browser.get(url("restriction", child))
    assert len(questions(browser, url("restriction", child))) == PAGE_QUERIES
    assert len(re.findall(r'data-label="Agency"', text(browser.get(url("restriction", child))))) == 3 + more


PAGE_QUERIES = 14
