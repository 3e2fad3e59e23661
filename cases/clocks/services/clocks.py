"""Starting, moving, giving and stopping a clock. What a service forgets, the sweep mends and reports."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.rules.viewers import Viewer
from cases.clocks.choices import ClockKind, ClockState
from cases.clocks.models import Clock, ClockChange, ClosureDay
from cases.clocks.rules import ClockDefinition, ClockRefused, check_breach_reason, due_at_of
from cases.clocks.selectors.calendar import bank_holidays, closed_days
from cases.clocks.selectors.clocks import (
    ADDRESSES,
    HIDDEN_FILES,
    SHOULD_RUN,
    Addresses,
    HiddenFiles,
    ShouldRun,
    clock_in_force,
    definition_of,
)
from cases.clocks.services.alerts import acknowledge_subject

NOT_RUNNING = "There is no running clock for this any more. Look at the page again."


def register_should_run(kind: ClockKind, query: ShouldRun, *, addresses: Addresses) -> None:
    """Say which subjects should have a running clock: a function of the instant that gives a QuerySet.

    Called by an upper app in `ready()`. The rows are made by `selectors.should_run`. The query is run inside the
    sweep's own statements, never row by row. `addresses` gives the page of each subject, by id.
    """
    SHOULD_RUN[kind] = query
    ADDRESSES[kind] = addresses


def register_hidden_files(query: HiddenFiles) -> None:
    """Say which files a viewer may not know of, whatever clock or alert is about them: a QuerySet of files."""
    if query not in HIDDEN_FILES:
        HIDDEN_FILES.append(query)


@transaction.atomic
def start_clock(
    *,
    kind: ClockKind,
    subject_id: UUID,
    child_id: UUID | None,
    anchored_at: datetime,
    due_on: date | None = None,
    owner_membership_id: UUID | None = None,
    owner_group_id: int | None = None,
    at: datetime,
    by: Viewer,
) -> Clock:
    """Start what must happen about a subject, counted from `anchored_at`. A clock that runs already is left as it is.

    The definition in force on the day of `at` says by when. Raises ClockRefused where a thing with a day of its own
    is not given one (`due_on`).
    """
    running = Clock.objects.filter(kind=kind, subject_id=subject_id, state=ClockState.RUNNING)
    found = running.first()
    if found is not None:
        return found
    version = clock_in_force(kind, on=timezone.localdate(at))
    due_at = _due_at(definition_of(version), anchored_at=anchored_at, due_on=due_on)
    clock = Clock(
        kind=kind,
        definition=version,
        subject_id=subject_id,
        child_id=child_id,
        anchored_at=anchored_at,
        due_at=due_at,
        first_due_at=due_at,
        owner_membership_id=owner_membership_id,
        owner_group_id=owner_group_id,
        started_at=at,
    )
    # The sweep, or somebody else, may be starting the same one at this moment: theirs then stands.
    Clock.objects.bulk_create([clock], ignore_conflicts=True)
    return running.get()


@transaction.atomic
def stop_clock(
    *, kind: ClockKind, subject_id: UUID, done_at: datetime, breach_reason: str = "", at: datetime, by: Viewer
) -> Clock | None:
    """Stop a clock because the thing was done at `done_at`; open alerts about it are taken with it.

    Gives None where none was running. Raises BreachReasonNeeded for one that ran over and must say why.
    """
    clock = _running(kind, subject_id)
    if clock is None:
        return None
    definition = definition_of(clock.definition)
    check_breach_reason(definition, due_at=clock.due_at, done_at=done_at, reason=breach_reason)
    clock.state, clock.done_at, clock.stopped_at = ClockState.DONE, done_at, at
    clock.breach_reason = breach_reason.strip() if done_at > clock.due_at else ""
    clock.save(update_fields=["state", "done_at", "stopped_at", "breach_reason"])
    _take_alerts(clock, at=at, by=by)
    return clock


@transaction.atomic
def cancel_clock(*, kind: ClockKind, subject_id: UUID, why: str, at: datetime, by: Viewer) -> Clock | None:
    """End a clock whose thing is not wanted any more, with the reason; None where none was running."""
    clock = _running(kind, subject_id)
    if clock is None:
        return None
    clock.state, clock.stopped_at, clock.breach_reason = ClockState.CANCELLED, at, why.strip()
    clock.save(update_fields=["state", "stopped_at", "breach_reason"])
    _take_alerts(clock, at=at, by=by)
    return clock


@transaction.atomic
def reanchor_clock(
    *,
    kind: ClockKind,
    subject_id: UUID,
    anchored_at: datetime | None = None,
    due_on: date | None = None,
    why: str,
    at: datetime,
    by: Viewer,
) -> Clock:
    """Count a running clock anew because its trigger was written down wrongly, or its own day has been changed.

    Nothing else moves a clock: it never pauses. What it was before stays as a ClockChange. Alerts about the earlier
    time are taken; the sweep raises those of the new one. Raises ClockRefused where no clock runs, or without a reason.
    """
    if len(why.strip()) < 3:
        raise ClockRefused("Say why the time is changed.")
    clock = _running(kind, subject_id)
    if clock is None:
        raise ClockRefused(NOT_RUNNING)
    before = clock.anchored_at, clock.due_at
    clock.anchored_at = anchored_at or clock.anchored_at
    clock.due_at = _due_at(definition_of(clock.definition), anchored_at=clock.anchored_at, due_on=due_on)
    if clock.due_at != before[1]:
        clock.turn += 1
    clock.save(update_fields=["anchored_at", "due_at", "turn"])
    ClockChange.objects.create(
        clock=clock,
        changed_at=at,
        changed_by_id=by.user_id,
        why=why.strip(),
        anchored_before=before[0],
        anchored_after=clock.anchored_at,
        due_before=before[1],
        due_after=clock.due_at,
    )
    if clock.due_at != before[1]:
        _take_alerts(clock, at=at, by=by)
    return clock


@transaction.atomic
def give_clock(
    *,
    kind: ClockKind,
    subject_id: UUID,
    owner_membership_id: UUID | None,
    owner_group_id: int | None,
    at: datetime,
    by: Viewer | None,
) -> Clock:
    """Make somebody else owe what a clock waits for. Raises ClockRefused where none runs."""
    clock = _running(kind, subject_id)
    if clock is None:
        raise ClockRefused(NOT_RUNNING)
    clock.owner_membership_id, clock.owner_group_id = owner_membership_id, owner_group_id
    clock.save(update_fields=["owner_membership", "owner_group"])
    return clock


@transaction.atomic
def close_day(*, day: date, name: str, at: datetime, by: Viewer) -> ClosureDay:
    """Say that a day is not worked, beside weekends and bank holidays. Clocks that run keep the time they have.

    Raises ClockRefused for a day that has passed, or is not worked anyway.
    """
    if day < timezone.localdate(at):
        raise ClockRefused("That day has passed. Clocks that ran over it are not counted anew.")
    closed = ClosureDay.objects.filter(day=day, reopened_at=None)
    if day.weekday() > 4 or day in bank_holidays(day.year) or closed.exists():
        raise ClockRefused("That day is not worked already: it is a weekend, a bank holiday, or closed by somebody.")
    row, _ = ClosureDay.objects.update_or_create(
        day=day,
        defaults={
            "name": name.strip(),
            "added_by_id": by.user_id,
            "added_at": at,
            "reopened_by_id": None,
            "reopened_at": None,
        },
    )
    return row


@transaction.atomic
def reopen_day(*, day: date, at: datetime, by: Viewer) -> None:
    """Take back that a coming day is closed. Raises ClockRefused for a day that has begun or is not closed."""
    if day <= timezone.localdate(at):
        raise ClockRefused("That day has begun or passed: clocks have been counted by it.")
    closed = ClosureDay.objects.filter(day=day, reopened_at=None)
    if not closed.update(reopened_by_id=by.user_id, reopened_at=at):
        raise ClockRefused("That day is not closed any more: somebody has reopened it.")


def _running(kind: ClockKind, subject_id: UUID) -> Clock | None:
    """The running clock, locked: the sweep passes it by meanwhile."""
    rows = Clock.objects.select_for_update(of=("self",)).select_related("definition")
    return rows.filter(kind=kind, subject_id=subject_id, state=ClockState.RUNNING).first()


def _take_alerts(clock: Clock, *, at: datetime, by: Viewer) -> None:
    if by.user_id is not None:
        acknowledge_subject(kind=clock.kind, subject_id=clock.subject_id, at=at, by=by)


def _due_at(definition: ClockDefinition, *, anchored_at: datetime, due_on: date | None) -> datetime:
    first = timezone.localdate(anchored_at)
    closed = (
        closed_days(first, first + timedelta(days=3 * definition.amount + 31)) if definition.amount else frozenset()
    )
    return due_at_of(definition, anchored_at=anchored_at, due_on=due_on, closed=closed)
