"""Asking for a report, and making it: a worker takes the row, counts step by step, and writes what it came to.

The row in PostgreSQL is the truth. A worker holds it by a lease that each step renews; a worker that was killed is
noticed when the lease runs out, and another takes its place.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.rules.viewers import SystemPrincipal, Viewer, system_viewer
from reporting.choices import RunState
from reporting.measures import Counts, Measure, figures_of
from reporting.models import ReportDocument, ReportRun, ReportSnapshot
from reporting.rules import runs as rules
from reporting.rules.periods import Period, PeriodRefused, check_period
from reporting.rules.snapshots import InForce, digest_of, snapshot_of
from reporting.selectors import counted, measures_in_force

log = logging.getLogger("harbour.reports")

Clock = Callable[[], datetime]
# Makes the PDF of a snapshot; gives its bytes and the number of its pages.
Render = Callable[[ReportSnapshot], tuple[bytes, int]]
WRITING = "Writing the document"
PROTECTING = "Protecting small numbers"


@transaction.atomic
def request_report(*, period: Period, at: datetime, by: Viewer) -> ReportRun:
    """Ask for a report over a period; a worker makes it within seconds.

    Raises PeriodRefused for a period that is not over, too short or too long, or that no measure was adopted for.
    """
    check_period(period, today=timezone.localdate(at))
    if not measures_in_force(period):
        raise PeriodRefused("No measure had been adopted by the last day of this period", field="last")
    return ReportRun.objects.create(
        first_day=period.first,
        last_day=period.last,
        requested_by_id=by.acting_membership_id,
        requested_at=at,
        tries_left=rules.TRIES_IN_A_ROW,
    )


@transaction.atomic
def cancel_report(*, run_id: UUID, at: datetime, by: Viewer) -> ReportRun:
    """Stop a report that waits or is being made; the worker that has it stops at its next step.

    Raises RunRefused where it is ready or has ended otherwise.
    """
    run = ReportRun.objects.select_for_update().get(pk=run_id)
    rules.check_cancel(run.state)
    run.state, run.settled_at, run.cancelled_by_id = RunState.CANCELLED, at, by.acting_membership_id
    run.lease_until = None
    run.save(update_fields=["state", "settled_at", "cancelled_by", "lease_until"])
    return run


@transaction.atomic
def retry_report(*, run_id: UUID, by: Viewer) -> ReportRun:
    """Have a report that failed or was cancelled made again, as another attempt at the same one.

    It counts at the instant at which it was first counted. Raises RunRefused for a report that is ready or waits.
    """
    run = ReportRun.objects.select_for_update().get(pk=run_id)
    rules.check_retry(run.state)
    run.state, run.settled_at, run.cancelled_by, run.error = RunState.QUEUED, None, None, ""
    run.step, run.step_words, run.tries_left = 0, "", rules.TRIES_IN_A_ROW
    run.save(
        update_fields=["state", "settled_at", "cancelled_by", "error", "step", "step_words", "tries_left"],
    )
    return run


def figures_for(period: Period, *, as_at: datetime) -> dict[str, Any]:
    """The snapshot of a period, counted now as things stood at `as_at`. The same data gives the same digest."""
    found = measures_in_force(period)
    counts = [(each.measure, _count(each.measure, period, as_at)) for each in found]
    return _snapshot(period, as_at, found, counts)


def _count(measure: Measure, period: Period, as_at: datetime) -> Counts:
    return counted(measure, viewer=system_viewer(SystemPrincipal.MEASURES), period=period, as_at=as_at)


def _snapshot(
    period: Period, as_at: datetime, found: list[InForce], counts: list[tuple[Measure, Counts]]
) -> dict[str, Any]:
    return snapshot_of(
        period=period,
        as_at=as_at,
        partnership=settings.PARTNERSHIP_NAME,
        found=found,
        figures=figures_of(counts),
    )


# The worker's side.


class _Taken(Exception):
    """The report is this worker's no more: it was cancelled, or another worker has taken it."""


@dataclass(frozen=True)
class _Attempt:
    """A report in this worker's hands, and which attempt at it this is: another attempt's writes are refused."""

    run: ReportRun
    number: int
    clock: Clock

    @property
    def period(self) -> Period:
        return Period(self.run.first_day, self.run.last_day)

    @property
    def as_at(self) -> datetime:
        assert self.run.as_at is not None
        return self.run.as_at

    def begin_step(self, step: int | F, words: str) -> None:
        """Say what is being done, and renew the lease. Raises _Taken where the report is this worker's no more."""
        self._write(step=step, step_words=words, lease_until=self.clock() + rules.LEASE)

    def settle(self, state: RunState, *, error: str = "") -> None:
        self._write(state=state, error=error, settled_at=self.clock(), lease_until=None, step_words="")

    def _write(self, **values: Any) -> None:
        own = ReportRun.objects.filter(pk=self.run.pk, state=RunState.RUNNING, attempts=self.number)
        if not own.update(**values):
            raise _Taken


def make_next(*, clock: Clock, render: Render) -> UUID | None:
    """Take the report that has waited longest and make it; None where none waits. Two workers never take the same.

    What goes wrong is written on the report in words for the person who asked for it, and in the log by its kind.
    """
    attempt = _take(clock)
    if attempt is None:
        return None
    run_id = attempt.run.pk
    try:
        _make(attempt, render)
    except _Taken:
        log.info("report_let_go", extra={"run": str(run_id), "attempt": attempt.number})
    except Exception as error:  # whatever it was: the person who asked is told, and may try again
        log.error("report_failed", extra={"run": str(run_id), "error": type(error).__name__})
        _give_up(attempt)
    return run_id


@transaction.atomic
def _take(clock: Clock) -> _Attempt | None:
    at = clock()
    waiting = Q(state=RunState.QUEUED) | Q(state=RunState.RUNNING, lease_until__lt=at)
    rows = ReportRun.objects.select_for_update(skip_locked=True).filter(waiting).order_by("requested_at", "pk")
    # One row at a time: a worker that locked several would keep others from them.
    while run := rows.first():
        if run.tries_left > 0:
            run.state, run.as_at, run.lease_until = RunState.RUNNING, run.as_at or at, at + rules.LEASE
            run.attempts, run.tries_left, run.step = run.attempts + 1, run.tries_left - 1, 0
            run.save(update_fields=["state", "as_at", "lease_until", "attempts", "tries_left", "step"])
            return _Attempt(run, run.attempts, clock)
        run.state, run.error, run.settled_at = RunState.FAILED, rules.LOST_TOO_OFTEN, at
        run.lease_until = None
        run.save(update_fields=["state", "error", "settled_at", "lease_until"])
        log.error("report_lost_too_often", extra={"run": str(run.pk)})
    return None


def _make(attempt: _Attempt, render: Render) -> None:
    snapshot = ReportSnapshot.objects.filter(run=attempt.run).first() or _count_all(attempt)
    attempt.begin_step(F("steps"), WRITING)
    pdf, pages = render(snapshot)
    with transaction.atomic():
        attempt.settle(RunState.DONE)
        ReportDocument.objects.create(snapshot=snapshot, pdf=pdf, pages=pages, made_at=attempt.clock())


def _count_all(attempt: _Attempt) -> ReportSnapshot:
    found = measures_in_force(attempt.period)
    counts = []
    ReportRun.objects.filter(pk=attempt.run.pk).update(steps=len(found) + 2)
    for step, each in enumerate(found, start=1):
        attempt.begin_step(step, f"Counting: {each.measure.title}")
        counts.append((each.measure, _count(each.measure, attempt.period, attempt.as_at)))
    attempt.begin_step(len(found) + 1, PROTECTING)
    figures = _snapshot(attempt.period, attempt.as_at, found, counts)
    with transaction.atomic():
        attempt.begin_step(len(found) + 1, PROTECTING)
        return ReportSnapshot.objects.create(
            run=attempt.run, figures=figures, sha256=digest_of(figures), counted_at=attempt.clock()
        )


def _give_up(attempt: _Attempt) -> None:
    try:
        attempt.settle(RunState.FAILED, error=rules.WENT_WRONG)
    except _Taken:
        log.info("report_let_go", extra={"run": str(attempt.run.pk), "attempt": attempt.number})
