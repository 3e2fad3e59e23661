"""What somebody still sees of a file once their work on it has ended: what they owe there, until that has ended too.

An open action and a return interview stay with their owner, who goes on reading what they take. The review of a
decision not to share and the answer to a request go to who leads now, from the same instant.

Seen to fail: an action on a restricted file closed to its owner with the involvement that had named them, and with the
restriction itself; the two clocks left with whoever is gone, after an involvement and after a change of the lead; a
request left with a lead of the agency that asks; the rest of a request given back to a lead who may not share it; what
is handed over for a conflict given to the lead instead of the successor, and a request to a successor whom it did not
ask; what a colleague owes handed on although they
still work with the child.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.choices import FunctionKey
from cases.access.choices import Category
from cases.access.rules import mask_of
from cases.access.services import grant_to_function
from cases.clocks.choices import AlertKind, ClockKind, ClockState
from cases.clocks.models import Clock
from cases.clocks.selectors import open_alerts, running_clocks
from cases.clocks.services import start_clock, sweep
from cases.record.choices import InvolvementRole
from cases.record.models import Involvement
from cases.record.services import change_lead, end_involvement, involve
from cases.sharing.choices import ConflictRelation, DeclineReason, RestrictionKind, SharingEnd
from cases.sharing.selectors.requests import requests_to_answer
from cases.sharing.services import restriction
from cases.sharing.services.conflicts import Said, place_conflict
from cases.sharing.services.requests import ask_for_access, refuse_access
from cases.sharing.services.shares import Declining, Receiver, Why, decline_to_share, end_decision
from missing import services as missing
from missing.services import Finding
from missing.services.interviews import Holding
from panels.services.actions import NewAction, start_action, take_step
from tests.factories.cases import grant, make_child
from tests.factories.missing import make_interview, make_returned
from tests.factories.panels import make_item, make_meeting, make_panel
from tests.factories.shares import make_request, make_share, opened_by

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
REASON = "Her mother works on the front desk of the agency that leads."
WORDS = "Housing asked for all of it, and places nobody."
EVIDENCE = "The flat was offered and seen on Monday; the letter is on file."


@pytest.fixture
def child(world, viewer, at):
    """A file that the social worker leads on; of police, one person sees who it is and no more."""
    made = make_child("Zephyrine", "Ashdown")
    for key in (FunctionKey.DATA_GUARDIANS, FunctionKey.NOTIFICATION_POINT):
        grant_to_function(child_id=made.pk, function=key, at=at - HOUR, by=None)
    grant(made, world.membership("missing_coordinator"), categories=("identity",))
    work(made, world, viewer("triage"), "socialworker", at, lead=True)
    return made


def work(child, world, by, person, at, **more):
    """Somebody is brought in to work with the child."""
    member, role = world.membership(person), InvolvementRole.SOCIAL_WORKER
    return involve(child=child, agency=member.agency, membership=member, role=role, at=at, by=by, **more)


def ends(child, row, at, by):
    child.refresh_from_db()
    end_involvement(child=child, involvement_id=row.pk, note="Left", version=child.version, at=at, by=by)


def leads(child, row, at, by):
    child.refresh_from_db()
    said = {"reason": "The worker moves across the city.", "version": child.version}
    change_lead(child=child, involvement_id=row.pk, **said, at=at, by=by)


def restrict(child, world, viewer, at):
    """The file is closed to all but the lead, their manager and the guardian."""
    child.refresh_from_db()
    restriction.restrict_file(
        child=child,
        kind=RestrictionKind.STAFF_CHILD,
        reason=REASON,
        review_on=at.date() + timedelta(days=30),
        named=[world.membership(name).pk for name in ("socialworker", "social_care_manager", "guardian")],
        version=child.version,
        at=at,
        by=viewer("social_care_manager"),
    )
    child.refresh_from_db()


def lift(child, viewer, at):
    child.refresh_from_db()
    given = {"child": child, "at": at}
    restriction.ask_to_lift(**given, reason=REASON, version=child.version, by=viewer("guardian"))
    child.refresh_from_db()
    restriction.answer_lift(
        **given, lift=True, words="She left.", version=child.version, by=viewer("social_care_manager")
    )
    child.refresh_from_db()


def status(browser, address):
    return browser.get(address).status_code


# --- What stays with its owner -------------------------------------------------------------------------------


@pytest.fixture
def give_action(child, world, viewer, at):
    """`give_action("housing")`: an action of the panel for somebody, and the address of its page."""

    def done(person):
        child.refresh_from_db()
        item = make_item(make_meeting(make_panel()), child, viewer("coordinator"))
        new = NewAction("Offer a flat", world.membership(person), at.date() + timedelta(days=7))
        action = start_action(item=item, child=child, action=new, at=at, by=viewer("chair"))
        return action, reverse("panels:action", args=[child.reference, action.pk])

    return done


def finish(action, at, by):
    take_step(action=action, to="done", note=EVIDENCE, version=action.version, at=at, by=by)


@pytest.mark.parametrize("restricted", [False, True])
def test_an_action_stays_open_to_its_owner_after_their_work(
    child, world, viewer, client_as, at, give_action, restricted
):
    by = viewer("social_care_manager")
    if restricted:
        restrict(child, world, viewer, at)
    row = work(child, world, by, "housing", at)
    action, address = give_action("housing")
    ends(child, row, at, by)
    owner = client_as("housing")
    assert status(owner, address) == 200
    finish(action, at, viewer("housing"))
    assert status(owner, address) == 404
    assert status(owner, reverse("cases:file", args=[child.reference])) == 404


def test_an_action_of_a_restricted_file_stays_open_to_its_owner_after_it_is_lifted(
    child, world, viewer, client_as, at, give_action
):
    restrict(child, world, viewer, at)
    row = work(child, world, viewer("social_care_manager"), "housing", at)
    action, address = give_action("housing")
    ends(child, row, at, viewer("social_care_manager"))
    lift(child, viewer, at)
    owner = client_as("housing")
    assert status(owner, address) == 200
    finish(action, at, viewer("housing"))
    assert status(owner, address) == 404


def test_an_action_of_before_the_restriction_keeps_the_name_that_their_work_gave_its_owner(
    child, world, viewer, client_as, at, give_action
):
    action, address = give_action("housing")
    restrict(child, world, viewer, at)
    owner, by = client_as("housing"), viewer("social_care_manager")
    assert status(owner, address) == 404
    row = work(child, world, by, "housing", at)
    assert status(owner, address) == 200
    ends(child, row, at, by)
    assert status(owner, address) == 200
    finish(action, at, viewer("housing"))
    assert status(owner, address) == 404


def test_who_is_taken_off_the_list_of_a_restricted_file_opens_not_even_their_action(
    child, world, viewer, client_as, at, give_action
):
    """A restriction beats a grant: whoever looks after it decides who is named, and is shown the work that waits."""
    restrict(child, world, viewer, at)
    housing = work(child, world, viewer("social_care_manager"), "housing", at).membership
    _, address = give_action("housing")
    child.refresh_from_db()
    by = viewer("social_care_manager")
    restriction.remove_name(
        child=child, membership_id=housing.pk, words="A relative.", version=child.version, at=at, by=by
    )
    assert status(client_as("housing"), address) == 404


def test_a_return_interview_stays_open_to_its_interviewer_after_their_work(child, world, viewer, client_as, at):
    row = work(child, world, viewer("socialworker"), "keyworker", at)
    interview = make_interview(make_returned(child, viewer("socialworker")), viewer("socialworker"))
    keyworker = world.membership("keyworker")
    missing.allocate_interviewer(
        interview=interview, membership=keyworker, briefing="Meet at school.", at=at, by=viewer("social_care_manager")
    )
    ends(child, row, at, viewer("socialworker"))
    owner, address = client_as("keyworker"), reverse("missing:interview", args=[child.reference, interview.pk])
    assert status(owner, address) == 200
    given = {"interview": interview, "at": at, "by": viewer("keyworker")}
    missing.offer_interview(**given, offered_at=at, note="")
    holding = Holding(held_at=at, held_by=keyworker, venue="school", present="", independent=True)
    missing.hold_interview(**given, holding=holding)
    missing.write_up_interview(**given, findings=[Finding(Category.INTERVIEW, "We talked.")], finished=True)
    assert status(owner, address) == 404


# --- What goes to who leads now ------------------------------------------------------------------------------


def declined(child, viewer, world, person, at):
    """Somebody has decided not to share with housing: the clock of its review, and the page where it is ended."""
    by = viewer(person)
    decision = decline_to_share(
        opened=opened_by(by, child, at),
        declining=Declining(
            Receiver(world.agency("housing").pk),
            frozenset({"missing"}),
            DeclineReason.NOT_NEEDED,
            WORDS,
            at.date() + timedelta(days=20),
        ),
        version=child.version,
        at=at,
        by=by,
    )
    return decision, reverse("cases:share", args=[child.reference, decision.pk])


def asked(child, viewer, at):
    """Police have asked for more: the request, and the page where it is answered."""
    by = viewer("missing_coordinator")
    request = ask_for_access(
        opened=opened_by(by, child, at),
        categories=("missing", "plan"),
        purpose="find",
        words="To know where she was found before.",
        at=at,
        by=by,
    )
    return request, reverse("cases:access_request", args=[request.pk])


def clock_of(kind):
    return Clock.objects.get(kind=kind, state=ClockState.RUNNING)


def told(viewer, kind, at):
    """Whether somebody is told of a kind on their home page."""
    return kind in {alert.kind for alert in open_alerts(viewer, at=at)}


def test_the_review_of_a_decision_goes_to_the_lead_when_the_work_ends(child, world, viewer, client_as, at):
    row = work(child, world, viewer("socialworker"), "keyworker", at)
    child.refresh_from_db()
    decision, address = declined(child, viewer, world, "keyworker", at)
    clock = clock_of(ClockKind.SHARING_REVIEWED)
    near = clock.due_at - HOUR
    sweep(near)
    assert told(viewer("keyworker"), clock.kind, near)
    ends(child, row, at, viewer("socialworker"))
    sweep(near)
    assert not told(viewer("keyworker"), clock.kind, near)
    assert told(viewer("socialworker"), clock.kind, near)
    assert [one.pk for one in running_clocks(viewer("socialworker"), at=near)] == [clock.pk]
    assert (status(client_as("keyworker"), address), status(client_as("socialworker"), address)) == (404, 200)
    said = {"kind": SharingEnd.NOT_NEEDED, "words": "The family has moved away."}
    end_decision(child=child, decision_id=decision.pk, **said, at=at, by=viewer("socialworker"))
    clock.refresh_from_db()
    assert clock.state == ClockState.CANCELLED
    assert not told(viewer("socialworker"), clock.kind, near)
    assert status(client_as("keyworker"), address) == 404


def test_both_clocks_go_to_the_new_lead_and_stay_there(child, world, viewer, client_as, at):
    old = Involvement.objects.get(child=child)
    new = work(child, world, viewer("socialworker"), "keyworker", at)
    declined(child, viewer, world, "socialworker", at)
    request, address = asked(child, viewer, at)
    assert told(viewer("socialworker"), AlertKind.ACCESS_ASKED, at)
    leads(child, new, at, viewer("socialworker"))
    keyworker = world.membership("keyworker")
    kinds = (ClockKind.SHARING_REVIEWED, ClockKind.ACCESS_ANSWERED)
    assert [clock_of(kind).owner_membership for kind in kinds] == [keyworker] * 2
    request.refresh_from_db()
    assert request.owner == keyworker
    assert told(viewer("keyworker"), AlertKind.ACCESS_ASKED, at)
    assert not told(viewer("socialworker"), AlertKind.ACCESS_ASKED, at)
    ends(child, old, at, viewer("keyworker"))
    assert (status(client_as("socialworker"), address), status(client_as("keyworker"), address)) == (404, 200)
    refuse_access(
        opened=opened_by(viewer("keyworker"), child, at),
        request_id=request.pk,
        why=Why(DeclineReason.MORE_HARM, "The missing team has this already.", at.date() + timedelta(days=20)),
        at=at,
        by=viewer("keyworker"),
    )
    assert not Clock.objects.filter(kind=ClockKind.ACCESS_ANSWERED, state=ClockState.RUNNING).exists()
    assert not told(viewer("keyworker"), AlertKind.ACCESS_ASKED, at)
    assert status(client_as("socialworker"), address) == 404


def test_a_request_of_the_new_leads_own_agency_goes_to_the_notification_point(child, world, viewer, at):
    request, _ = asked(child, viewer, at)
    detective = work(child, world, viewer("socialworker"), "detective", at)
    leads(child, detective, at, viewer("socialworker"))
    request.refresh_from_db()
    clock = clock_of(ClockKind.ACCESS_ANSWERED)
    assert (request.owner, clock.owner_membership, clock.owner_group) == (None, None, None)
    assert told(viewer("triage"), AlertKind.ACCESS_ASKED, at)
    assert requests_to_answer(viewer("triage"), at=at) == [request]


@pytest.mark.parametrize("other", ["social_care_manager", None])
def test_the_rest_of_a_request_does_not_go_back_to_a_lead_who_may_not_share_it(world, viewer, at, other):
    """A specialist keyworker sees persons of concern in a panel alone."""
    child, police = make_child("Zephyrine", "Ashdown"), world.membership("missing_coordinator")
    grant_to_function(child_id=child.pk, function=FunctionKey.NOTIFICATION_POINT, at=at - HOUR, by=None)
    work(child, world, viewer("triage"), "keyworker", at, lead=True)
    helper = work(child, world, viewer("keyworker"), "socialworker", at)
    if other:
        work(child, world, viewer("keyworker"), other, at)
    request = make_request(child, police, owner=world.membership("socialworker"),
                           category_mask=mask_of(["missing", "person_of_concern"]))  # fmt: skip
    make_share(child, police, world.membership("keyworker"), at=at - HOUR)
    sweep(at)
    ends(child, helper, at, viewer("keyworker"))
    request.refresh_from_db()
    owner = world.membership(other) if other else None
    assert (request.owner, clock_of(ClockKind.ACCESS_ANSWERED).owner_membership) == (owner, owner)
    assert requests_to_answer(viewer(other or "triage"), at=at) == [request]
    assert told(viewer(other or "triage"), AlertKind.ACCESS_ASKED, at)


def test_where_nobody_leads_the_review_goes_to_whoever_still_sees_the_file(world, viewer, client_as, at):
    """The agency while it does; else the notification point."""
    child = make_child("Zephyrine", "Ashdown")
    grant_to_function(child_id=child.pk, function=FunctionKey.NOTIFICATION_POINT, at=at - HOUR, by=None)
    first, second = (work(child, world, viewer("triage"), name, at) for name in ("keyworker", "manager"))
    _, address = declined(child, viewer, world, "keyworker", at)
    ends(child, first, at, viewer("triage"))
    clock = clock_of(ClockKind.SHARING_REVIEWED)
    assert (clock.owner_membership, clock.owner_group) == (None, world.agency("specialist").group)
    assert status(client_as("manager"), address) == 200
    ends(child, second, at, viewer("triage"))
    clock.refresh_from_db()
    assert (clock.owner_membership, clock.owner_group) == (None, world.functions["notification_point"].group)
    near = clock.due_at - HOUR
    sweep(near)
    assert (told(viewer("manager"), clock.kind, near), told(viewer("triage"), clock.kind, near)) == (False, True)
    assert status(client_as("triage"), address) == 200


def test_the_end_of_an_agencys_work_hands_on_what_its_people_owe(child, world, viewer, at):
    lantern = involve(
        child=child, agency=world.agency("specialist"), role=InvolvementRole.SUPPORT, at=at, by=viewer("socialworker")
    )
    child.refresh_from_db()
    declined(child, viewer, world, "keyworker", at)
    ends(child, lantern, at, viewer("socialworker"))
    assert clock_of(ClockKind.SHARING_REVIEWED).owner_membership == world.membership("socialworker")


def test_what_another_owes_or_on_another_file_stays_theirs(child, world, viewer, at):
    other = make_child("Yolande", "Birch")
    grant(other, world.agency("specialist"))
    row = work(child, world, viewer("socialworker"), "keyworker", at)
    work(child, world, viewer("socialworker"), "manager", at)
    child.refresh_from_db()
    declined(child, viewer, world, "manager", at)
    declined(other, viewer, world, "keyworker", at)
    ends(child, row, at, viewer("socialworker"))
    owners = Clock.objects.values_list("child__given_name", "owner_membership__user__full_name")
    assert set(owners) == {("Zephyrine", "Miriam Aldous"), ("Yolande", "Kezia Thorne")}


def test_for_a_conflict_the_successor_owes_what_the_person_owed(child, world, viewer, at):
    work(child, world, viewer("socialworker"), "keyworker", at)
    child.refresh_from_db()
    declined(child, viewer, world, "keyworker", at)
    child.refresh_from_db()
    place_conflict(
        child=child,
        member=world.membership("keyworker"),
        said=Said(ConflictRelation.OTHER, "Her sister is a friend of the family."),
        successor=world.membership("manager"),
        at=at,
        by=viewer("guardian"),
    )
    assert clock_of(ClockKind.SHARING_REVIEWED).owner_membership == world.membership("manager")


def test_a_request_is_answered_by_who_leads_also_where_a_conflict_keeps_away_who_was_asked(child, world, viewer, at):
    """Who was asked may work with the child no more; the page of the request and its clock name the same person."""
    kept, police = world.membership("manager"), world.membership("missing_coordinator")
    request = make_request(child, police, owner=kept)
    start_clock(
        kind=ClockKind.ACCESS_ANSWERED,
        subject_id=request.pk,
        child_id=child.pk,
        anchored_at=at,
        owner_membership_id=kept.pk,
        at=at,
        by=viewer("missing_coordinator"),
    )
    said, by = Said(ConflictRelation.OTHER, "Her sister is a friend of the family."), viewer("guardian")
    place_conflict(child=child, member=kept, said=said, successor=world.membership("nurse"), at=at, by=by)
    request.refresh_from_db()
    lead = world.membership("socialworker")
    assert (request.owner, clock_of(ClockKind.ACCESS_ANSWERED).owner_membership) == (lead, lead)
