"""Whose an action of the panel is whose owner is kept from the child by a conflict of interest.

Seen to fail: the clock given to the successor while the action's page named who is kept away; the successor without the
access that the action takes, and the old owner with it; the history silent; an action given against what the child
said; the action of somebody who declared a conflict, and what had ended, given to another; the owner of an ended action
rewritten in the database. Of two at once: the owner who takes a step and who keeps them from the child waited for each
other, until the database turned one away.
"""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from accounts.choices import FunctionKey
from accounts.rules.refusals import Stale
from cases.access.models import AccessGrant, Block
from cases.access.rules import mask_of
from cases.access.services import grant_to_function, lock_files
from cases.clocks.models import Clock
from cases.clocks.services import sweep
from cases.record.models import Child
from cases.sharing.choices import ConflictRelation, RestrictionKind
from cases.sharing.rules.conflicts import ConflictRefused
from cases.sharing.services.conflicts import Said, declare_on_file, place_conflict
from cases.sharing.services.restriction import restrict_file
from panels.models import Action
from panels.rules import PanelRefused
from panels.services.actions import NEEDED, NewAction, give_actions, start_action, take_step
from tests.factories.cases import block, grant, make_lead
from tests.factories.panels import make_action, make_item
from tests.factories.shares import make_wish
from tests.threads import at_once, until_somebody_waits

pytestmark = pytest.mark.django_db
SAID = Said(ConflictRelation.FAMILY, "Her sister is a friend of the family.")
EVIDENCE = "The flat was offered and seen on Monday; the letter is on file."
DAY = timedelta(days=1)


@pytest.fixture
def child(world, viewer, child_of, at) -> Child:
    """A file that the social worker leads on; housing has nothing to do with it."""
    made = child_of("Zephyrine")
    grant_to_function(child_id=made.pk, function=FunctionKey.DATA_GUARDIANS, at=at - DAY, by=None)
    make_lead(made, world.membership("socialworker"), at=at - 3 * DAY, by=viewer("triage"))
    grant(made, world.membership("social_care_manager"))
    return made


def give(child, meeting, world, at, person) -> Action:
    item = make_item(meeting, child, world.viewer("coordinator"))
    new = NewAction("Offer a flat", world.membership(person), at.date() + 7 * DAY)
    return start_action(item=item, child=child, action=new, at=at - DAY, by=world.viewer("chair"))


def place(child, world, at, person, successor) -> None:
    place_conflict(
        child=child,
        member=world.membership(person),
        said=SAID,
        successor=world.membership(successor),
        at=at,
        by=world.viewer("guardian"),
    )


def owner_of(action):
    action.refresh_from_db()
    clock = Clock.objects.get(subject_id=action.pk)
    return action.owner_membership, action.owner_agency, clock.owner_membership, clock.owner_group


def whole_of(member):
    return member, member.agency, member, member.agency.group


def open_to(action, member, at):
    """What the action opens to somebody: the reason of each grant, and the kinds."""
    rows = AccessGrant.objects.live(at).filter(source_id=action.pk, membership=member)
    return set(rows.values_list("reason", "category_mask"))


def test_an_action_goes_with_its_clock_and_its_access_to_who_takes_over(child, meeting, world, viewer, client_as, at):
    action = give(child, meeting, world, at, "housing")
    ended = make_action(
        action.item, world.membership("housing"), viewer("coordinator"), status="done", ended_at=at - DAY
    )
    version = action.version
    place(child, world, at, "housing", "early_help_worker")
    successor = world.membership("early_help_worker")
    assert owner_of(action) == whole_of(successor)
    assert action.version == version + 1
    assert open_to(action, successor, at) == {("panel", mask_of(NEEDED))}
    assert open_to(action, world.membership("housing"), at) == set(), "nor once the conflict is lifted"
    ended.refresh_from_db()
    assert ended.owner_membership == world.membership("housing")
    address = reverse("panels:action", args=[child.reference, action.pk])
    page = client_as("early_help_worker").get(address).content.decode()
    assert "Edith Morrow, Northmere Early Help" in page
    assert "Hetty Broadbent" not in page
    assert "The work goes to another worker." in page
    assert client_as("housing").get(address).status_code == 404
    assert (lambda swept: (swept.started, swept.stopped))(sweep(at + timedelta(minutes=1))) == (0, 0)
    with transaction.atomic(), pytest.raises(PanelRefused, match="Only the person who owns"):
        take_step(action=action, to="done", note=EVIDENCE, version=action.version, at=at, by=viewer("housing"))
    done = take_step(
        action=action, to="done", note=EVIDENCE, version=action.version, at=at, by=viewer("early_help_worker")
    )
    assert done.status == "done"
    with pytest.raises(Exception, match="stays as it is"), transaction.atomic():
        Action.objects.filter(pk=action.pk).update(owner_membership=world.membership("housing"))


def test_a_successor_whom_the_child_does_not_want_told_is_refused_and_nothing_moves(child, meeting, world, at):
    action = give(child, meeting, world, at, "housing")
    make_wish(child, world.membership("socialworker"), kept_from=("education",))
    with pytest.raises(ConflictRefused, match="Hollybank School") as refusal:
        place(child, world, at, "housing", "safeguarding_lead")
    assert refusal.value.field == "successor"
    assert owner_of(action) == whole_of(world.membership("housing"))
    assert open_to(action, world.membership("safeguarding_lead"), at) == set()
    assert not Block.objects.exists()


def test_on_a_restricted_file_the_action_names_the_successor_who_is_named_there(child, meeting, world, viewer, at):
    restrict_file(
        child=child,
        kind=RestrictionKind.STAFF_CHILD,
        reason="Her mother works on the front desk of the agency.",
        review_on=at.date() + 30 * DAY,
        named=[
            world.membership(name).pk
            for name in ("socialworker", "social_care_manager", "guardian", "housing", "early_help_worker")
        ],
        version=child.version,
        at=at - 2 * DAY,
        by=viewer("social_care_manager"),
    )
    child.refresh_from_db()
    action = give(child, meeting, world, at, "housing")
    with pytest.raises(ConflictRefused, match="named on this file"):
        place(child, world, at, "housing", "youth_worker")
    assert owner_of(action) == whole_of(world.membership("housing"))
    place(child, world, at, "housing", "early_help_worker")
    successor = world.membership("early_help_worker")
    assert owner_of(action) == whole_of(successor)
    assert open_to(action, successor, at) == {("panel", mask_of(NEEDED)), ("named", mask_of(NEEDED))}
    assert open_to(action, world.membership("housing"), at) == set()


def test_who_could_not_be_given_an_action_takes_none_over(child, meeting, world, viewer, at):
    action = give(child, meeting, world, at, "housing")
    block(child, viewer("early_help_worker"), by=viewer("guardian"))
    kept, successor = world.membership("housing"), world.membership("early_help_worker")
    said = {"child": child, "user_id": kept.user_id, "successor": successor, "at": at, "by": viewer("guardian")}
    with pytest.raises(ConflictRefused, match="cannot be given an action") as refusal:
        give_actions(**said)
    assert refusal.value.field == "successor"
    assert owner_of(action) == whole_of(kept)


def test_an_action_whose_clock_no_sweep_has_started_yet_goes_too(child, meeting, world, viewer, at):
    kept, successor = world.membership("housing"), world.membership("early_help_worker")
    action = make_action(make_item(meeting, child, viewer("coordinator")), kept, viewer("coordinator"))
    give_actions(child=child, user_id=kept.user_id, successor=successor, at=at, by=viewer("guardian"))
    assert sweep(at + timedelta(minutes=1)).started == 1
    assert owner_of(action) == whole_of(successor)


def test_what_somebody_owes_who_declares_a_conflict_stays_in_their_name(child, meeting, world, viewer, at):
    action = give(child, meeting, world, at, "housing")
    declare_on_file(child=child, said=SAID, at=at, by=viewer("housing"))
    assert owner_of(action) == whole_of(world.membership("housing"))


@pytest.mark.django_db(transaction=True)
def test_who_takes_a_step_while_they_are_kept_away_waits_and_looks_again(child, meeting, world, viewer, at):
    """Both want the file and the action: in one order, so that neither waits for the other for ever."""
    action, held = give(child, meeting, world, at, "housing"), threading.Event()

    def keeps_away() -> None:
        with transaction.atomic():
            lock_files([child.pk])
            held.set()
            until_somebody_waits()
            place(child, world, at, "housing", "early_help_worker")

    def steps() -> None:
        assert held.wait(timeout=20)
        take_step(action=action, to="done", note=EVIDENCE, version=action.version, at=at, by=viewer("housing"))

    kept, stepped = at_once(keeps_away, steps)
    assert (kept, type(stepped)) == (None, Stale)
    assert owner_of(action) == whole_of(world.membership("early_help_worker"))
