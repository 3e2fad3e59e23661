"""What somebody undertook to do for a child: given at a meeting, done with evidence, verified by the co-ordinator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import Membership
from accounts.rules.dates import day
from accounts.rules.refusals import Stale
from accounts.rules.viewers import Viewer
from cases.access.choices import Category, GrantReason
from cases.access.services import NoAgreement, end_grants_from, grant_access, lock_files
from cases.clocks.choices import ClockKind
from cases.clocks.selectors import running_owner
from cases.clocks.services import cancel_clock, give_clock, start_clock, stop_clock
from cases.record.choices import EntryKind
from cases.record.models import Child, Involvement
from cases.record.selectors.hidden import is_restricted
from cases.record.services import add_chronology, provenance
from cases.sharing.rules.conflicts import ConflictRefused
from cases.sharing.rules.wording import add_it_first
from cases.sharing.selectors.involving import newly_told_against_wish
from cases.sharing.services.conflicts import HANDED_OVER
from panels.choices import ActionStatus, Priority
from panels.models import Action, ActionStep, AgendaItem
from panels.rules import PanelRefused
from panels.rules.decisions import check_action, check_owner_may_know, check_step, check_verification, keeps_panel
from panels.rules.states import ACTION, RUNNING, check_move
from panels.selectors.actions import actions_owned_on, actions_unnamed_with, may_own

# What doing something for a child takes: who, how to reach them, how worried to be, what was decided and planned.
NEEDED = (Category.IDENTITY, Category.CONTACT_ADDRESS, Category.LEVEL, Category.MINUTES, Category.PLAN)
CHANGED = "Somebody changed this action while you had the page open. Look at it again, then make your change."


@dataclass(frozen=True)
class NewAction:
    """An action as it is agreed at the meeting: what, who, by when."""

    text: str
    owner: Membership | None
    due_on: date | None
    priority: Priority | str = Priority.NORMAL


@transaction.atomic
def start_action(*, item: AgendaItem, child: Child, action: NewAction, at: datetime, by: Viewer) -> Action:
    """Give a named person something to do for a child by a day: its clock starts, and the access that it needs.

    The same words for the same person at one item are one action. Raises PanelRefused without words, owner or day, for
    an owner who may not know of the file, for one whose agency has no current information-sharing agreement, and for
    one of an agency that does not work with the child and that the child does not want told.
    """
    check_action(text=action.text, due_on=action.due_on, has_owner=action.owner is not None, on=timezone.localdate(at))
    owner, due_on = action.owner, action.due_on
    assert owner is not None
    assert due_on is not None
    check_owner_may_know(knows=may_own(child, owner, at=at))
    text = action.text.strip()
    held = Action.objects.filter(item=item, owner_membership=owner, text=text, status__in=RUNNING).first()
    if held is not None:
        return held
    _check_wish(child, owner, at=at)
    row = Action.objects.create(
        item=item,
        child=child,
        text=text,
        owner_membership=owner,
        owner_agency_id=owner.agency_id,
        due_on=due_on,
        priority=action.priority,
        recorded_at=at,
        **provenance(by, Category.MINUTES),
    )
    _write_step(row, status=ActionStatus.OPEN, note="", at=at, by=by)
    _open_to_owner(row, child, at=at, by=by)
    start_clock(
        kind=ClockKind.ACTION_DONE,
        subject_id=row.pk,
        child_id=child.pk,
        anchored_at=at,
        due_on=due_on,
        owner_membership_id=owner.pk,
        owner_group_id=owner.agency.group_id,
        at=at,
        by=by,
    )
    return row


def _check_wish(child: Child, owner: Membership, *, at: datetime) -> None:
    if newly_told_against_wish(child, [owner], at=at):
        raise PanelRefused(f"{owner.user}: {add_it_first(owner.agency.name)}", field="owner")


def _open_to_owner(action: Action, child: Child, *, at: datetime, by: Viewer) -> None:
    """Let the owner read what the action takes until it ends, whatever becomes of what else opens the file to them.

    On a file for named people the owner is named already; the action names them for what it takes, so that they stay
    named when their other work ends. The panel's grant counts there once the restriction is lifted.
    """
    try:
        _grant(action, GrantReason.PANEL, at=at, by=by)
        if is_restricted(child):
            _grant(action, GrantReason.NAMED, at=at, by=by)
    except NoAgreement as refusal:
        raise PanelRefused(refusal.reason, field="owner") from refusal


def _grant(action: Action, reason: GrantReason, *, at: datetime, by: Viewer) -> None:
    grant_access(
        child_id=action.child_id,
        reason=reason,
        at=at,
        by=by,
        membership=action.owner_membership,
        categories=NEEDED,
        source_id=action.pk,
        note="Owns an action of the panel",
    )


def keep_named(*, child: Child, work: Involvement, at: datetime, by: Viewer) -> None:
    """Somebody's work has ended that had named them on a restricted file: each action they owe there names them."""
    for action in actions_unnamed_with(work, at=at):
        _grant(action, GrantReason.NAMED, at=at, by=by)


@transaction.atomic
def give_actions(*, child: Child, user_id: int, successor: Membership | None, at: datetime, by: Viewer) -> None:
    """A conflict of interest keeps somebody from a child: what they undertook there goes to who takes over their work,
    with its clock and the access that it takes, as if the panel had given it to them. Nobody reads why.

    Without a successor it stays in their name. Raises ConflictRefused for a successor who could not be given an action.
    """
    if successor is None:
        return
    for action in actions_owned_on(child.pk, user_id):
        try:
            _give_action(action, successor, at=at, by=by)
        except PanelRefused as refusal:
            raise ConflictRefused(refusal.reason, field="successor") from refusal


def _give_action(action: Action, owner: Membership, *, at: datetime, by: Viewer) -> None:
    action = _locked(action, action.version)
    check_owner_may_know(knows=may_own(action.child, owner, at=at))
    _check_wish(action.child, owner, at=at)
    before = action.owner_membership_id
    action.owner_membership, action.owner_agency = owner, owner.agency
    action.version += 1
    action.save(update_fields=["owner_membership", "owner_agency", "version"])
    _write_step(action, status=action.status, note=HANDED_OVER, at=at, by=by)
    end_grants_from(source_id=action.pk, at=at, by=by, why="Another owns the action now")
    _open_to_owner(action, action.child, at=at, by=by)
    if running_owner(ClockKind.ACTION_DONE, action.pk) == before:
        give_clock(
            kind=ClockKind.ACTION_DONE,
            subject_id=action.pk,
            owner_membership_id=owner.pk,
            owner_group_id=owner.agency.group_id,
            at=at,
            by=by,
        )


@transaction.atomic
def take_step(*, action: Action, to: ActionStatus | str, note: str, version: int, at: datetime, by: Viewer) -> Action:
    """Say how an action stands: in progress, done with the evidence, not achieved with the reason, or withdrawn.

    An action that ends stops its clock and the access that came with it. Raises Stale, and PanelRefused for a
    step that the action's state does not allow, and for whom it is not to take.
    """
    action = _locked(action, version)
    check_move(ACTION, action.status, str(to))
    check_step(to=str(to), note=note, owner=by.membership_id == action.owner_membership_id, office=keeps_panel(by))
    action.status = str(to)
    action.ended_at = None if to in RUNNING else at
    action.version += 1
    action.save(update_fields=["status", "ended_at", "version"])
    _write_step(action, status=str(to), note=note.strip(), at=at, by=by)
    if action.ended_at is not None:
        _end(action, note=note.strip(), at=at, by=by)
    return action


@transaction.atomic
def verify_action(*, action: Action, note: str, version: int, at: datetime, by: Viewer) -> Action:
    """Confirm that an action is done as its evidence says. Refused to its owner, and where nothing waits for it."""
    if not keeps_panel(by):
        raise PanelRefused("The co-ordinator verifies what has been done.", code="role_lacks")
    action = _locked(action, version)
    check_verification(
        status=action.status,
        verified=action.verified_at is not None,
        owner=by.membership_id == action.owner_membership_id,
    )
    action.verified_at, action.verified_by_id = at, by.acting_membership_id
    action.version += 1
    action.save(update_fields=["verified_at", "verified_by", "version"])
    _write_step(action, status=ActionStatus.DONE, note=note.strip() or "Verified", at=at, by=by, verifies=True)
    return action


def _locked(action: Action, version: int) -> Action:
    """The action as it is now. The file first, as for whoever keeps its owner from the file: neither waits for ever."""
    lock_files([action.child_id])
    rows = Action.objects.select_for_update(of=("self",)).select_related("child", "item__meeting__panel")
    action = rows.get(pk=action.pk)
    if action.version != version:
        raise Stale(CHANGED)
    return action


def _write_step(
    action: Action, *, status: str, note: str, at: datetime, by: Viewer, verifies: bool = False
) -> ActionStep:
    return ActionStep.objects.create(
        action=action, status=status, note=note, verifies=verifies, taken_at=at, taken_by_id=by.acting_membership_id
    )


def _end(action: Action, *, note: str, at: datetime, by: Viewer) -> None:
    if action.status == ActionStatus.DONE:
        stop_clock(kind=ClockKind.ACTION_DONE, subject_id=action.pk, done_at=at, breach_reason=note[:300], at=at, by=by)
    else:
        cancel_clock(kind=ClockKind.ACTION_DONE, subject_id=action.pk, why=note[:300], at=at, by=by)
    add_chronology(
        child=action.child,
        kind=EntryKind.ACTION,
        category=Category.MINUTES,
        happened_at=at,
        summary=f"An action from the panel of {day(action.item.meeting.starts_at)} has ended: "
        f"{action.get_status_display().lower()}.",
        detail=f"{action.text}\n{note}",
        at=at,
        by=by,
    )
    end_grants_from(source_id=action.pk, at=at, by=by, why="The action has ended")
