"""The making of a report: waiting, being made, killed in the middle, cancelled, failed, made again.

Seen to fail: several waiting reports locked by one worker (the other finds none); the attempt left out of a worker's
writes (a worker that was given up for dead writes over another's); a report cancelled and made all the same; the
instant of counting set anew by the second attempt.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.selectors import now
from reporting.choices import RunState
from reporting.models import ReportDocument, ReportRun, ReportSnapshot
from reporting.rules import runs as rules
from reporting.rules.periods import Period, PeriodRefused
from reporting.rules.snapshots import digest_of
from reporting.services import cancel_report, figures_for, make_next, request_report, retry_report
from reporting.tasks import make_reports
from tests.factories.cases import make_child, make_spell
from tests.factories.referrals import make_notification
from tests.factories.reporting import SPRING, make_report, make_run

pytestmark = pytest.mark.django_db

IN_SPRING = datetime(2026, 2, 10, 12, tzinfo=UTC)


def no_pdf(snapshot: ReportSnapshot) -> tuple[bytes, int]:
    return b"%PDF", 1


def make(render: Callable[[ReportSnapshot], tuple[bytes, int]] = no_pdf, clock: Any = now) -> Any:
    return make_next(clock=clock, render=render)


def test_a_report_is_asked_for_and_made(world, at):
    run = request_report(period=SPRING, at=at, by=world.viewer("analyst"))
    assert (run.state, run.as_at) == (RunState.QUEUED, None)

    assert make() == run.pk
    run.refresh_from_db()
    assert (run.state, run.attempts, run.error, run.lease_until) == (RunState.DONE, 1, "", None)
    assert run.step == run.steps
    assert run.snapshot.sha256 == digest_of(run.snapshot.figures)
    assert bytes(run.snapshot.document.pdf) == b"%PDF"
    assert make() is None


def test_the_task_of_the_beat_makes_it_with_its_document(world, at, without_history):
    run = request_report(period=SPRING, at=at, by=world.viewer("analyst"))
    with without_history():
        make_reports()
    document = ReportDocument.objects.get(snapshot__run=run)
    assert bytes(document.pdf).startswith(b"%PDF-1.7")
    assert document.pages >= 3


def test_the_same_report_has_the_same_figures_whenever_it_is_counted(world, at):
    worker = world.viewer("socialworker")
    for _ in range(7):
        make_notification(world.viewer("teacher"), sent_at=IN_SPRING)
        make_spell(make_child(level="high", level_judged_at=IN_SPRING), worker)
    run = make_report(world.viewer("analyst"))
    run.refresh_from_db()

    # What happens from then on is no part of it.
    make_notification(world.viewer("teacher"), sent_at=now())
    make_spell(make_child(), worker, recorded_at=now())
    assert digest_of(figures_for(SPRING, as_at=run.as_at)) == run.snapshot.sha256
    # A correction of those days is.
    make_notification(world.viewer("teacher"), sent_at=IN_SPRING)
    assert digest_of(figures_for(SPRING, as_at=run.as_at)) != run.snapshot.sha256


def test_totals_are_the_same_whoever_asks(world, at):
    child = make_child(restricted=True)
    make_spell(child, world.viewer("socialworker"))
    for _ in range(6):
        make_notification(world.viewer("teacher"), sent_at=IN_SPRING)
    asked = [request_report(period=SPRING, at=at, by=world.viewer(who)) for who in ("manager", "chair", "analyst")]
    while make():
        pass
    figures = [ReportSnapshot.objects.get(run=run).figures["measures"] for run in asked]
    assert figures[0] == figures[1] == figures[2]
    assert ReportSnapshot.objects.count() == 3


@pytest.mark.parametrize(
    ("period", "field"),
    [(Period(date(2026, 1, 1), date(2026, 1, 5)), "last"), (Period(date(2019, 1, 1), date(2019, 6, 30)), "first")],
)
def test_a_period_that_cannot_be_counted_is_refused(period, field, world, at):
    with pytest.raises(PeriodRefused) as refused:
        request_report(period=period, at=at, by=world.viewer("analyst"))
    assert refused.value.field == field
    assert ReportRun.objects.count() == 0


def test_a_worker_killed_in_the_middle_is_noticed_and_its_report_made_by_another(world, at):
    run = make_run(world.viewer("analyst"))

    def killed(snapshot: ReportSnapshot) -> tuple[bytes, int]:
        raise SystemExit  # what a signal does: no handler of ours runs

    with pytest.raises(SystemExit):
        make(killed)
    run.refresh_from_db()
    assert (run.state, run.step_words) == (RunState.RUNNING, "Writing the document")
    assert make() is None, "its lease still runs"
    first = run.as_at

    later = now() + rules.LEASE + timedelta(seconds=1)
    assert make(clock=lambda: later) == run.pk
    run.refresh_from_db()
    assert (run.state, run.attempts, run.as_at) == (RunState.DONE, 2, first)
    assert run.snapshot.figures["as_at"] == first.isoformat()


def test_after_three_lost_workers_a_person_is_asked(world):
    run = make_run(world.viewer("analyst"))
    clock = {"at": now()}

    def killed(snapshot: ReportSnapshot) -> tuple[bytes, int]:
        raise SystemExit

    for _ in range(rules.TRIES_IN_A_ROW):
        with pytest.raises(SystemExit):
            make(killed, clock=lambda: clock["at"])
        clock["at"] += rules.LEASE + timedelta(seconds=1)
    assert make(clock=lambda: clock["at"]) is None
    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.FAILED, rules.LOST_TOO_OFTEN)


def test_a_worker_given_up_for_dead_writes_nothing_any_more(world):
    run = make_run(world.viewer("analyst"))
    taken = {}

    def slow(snapshot: ReportSnapshot) -> tuple[bytes, int]:
        """So slow that another worker takes the report and makes it."""
        later = now() + rules.LEASE + timedelta(seconds=1)
        taken["by another"] = make(clock=lambda: later)
        return b"%PDF too late", 1

    make(slow)
    run.refresh_from_db()
    assert taken == {"by another": run.pk}
    assert (run.state, run.attempts) == (RunState.DONE, 2)
    assert bytes(ReportDocument.objects.get().pdf) == b"%PDF"


def test_nor_while_another_is_still_at_it(world):
    run = make_run(world.viewer("analyst"))

    def killed(snapshot: ReportSnapshot) -> tuple[bytes, int]:
        raise SystemExit

    def slow(snapshot: ReportSnapshot) -> tuple[bytes, int]:
        later = now() + rules.LEASE + timedelta(seconds=1)
        with pytest.raises(SystemExit):
            make(killed, clock=lambda: later)
        return b"%PDF too late", 1

    make(slow)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (RunState.RUNNING, 2)
    assert ReportDocument.objects.count() == 0


def test_a_report_is_cancelled_while_it_waits_and_while_it_is_made(world, at):
    waiting = make_run(world.viewer("analyst"))
    cancel_report(run_id=waiting.pk, at=at, by=world.viewer("manager"))
    assert make() is None

    made = make_run(world.viewer("analyst"))

    def cancelled_meanwhile(snapshot: ReportSnapshot) -> tuple[bytes, int]:
        cancel_report(run_id=made.pk, at=now(), by=world.viewer("manager"))
        return b"%PDF", 1

    assert make(cancelled_meanwhile) == made.pk
    made.refresh_from_db()
    assert (made.state, made.cancelled_by_id) == (RunState.CANCELLED, world.membership("manager").pk)
    assert ReportDocument.objects.count() == 0


def test_a_report_is_cancelled_between_two_measures(world, monkeypatch):
    run = make_run(world.viewer("analyst"))
    counted = []

    def count(key: str, **rest: Any) -> Any:
        counted.append(key)
        cancel_report(run_id=run.pk, at=now(), by=world.viewer("manager"))
        return {}

    monkeypatch.setattr("reporting.services.counted", count)
    make()
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert len(counted) == 1
    assert ReportSnapshot.objects.count() == 0


def test_a_report_that_failed_says_so_and_is_made_again(world):
    run = make_run(world.viewer("analyst"))

    def fails(snapshot: ReportSnapshot) -> tuple[bytes, int]:
        raise DatabaseError("Key (given_name)=(Robin) already exists")

    make(fails)
    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.FAILED, rules.WENT_WRONG)
    assert make() is None

    counted_at = run.as_at
    retry_report(run_id=run.pk, by=world.viewer("manager"))
    assert make() == run.pk
    run.refresh_from_db()
    assert (run.state, run.attempts, run.error, run.as_at) == (RunState.DONE, 2, "", counted_at)


@pytest.mark.parametrize(
    ("state", "may_cancel", "may_retry"),
    [
        (RunState.QUEUED, True, False),
        (RunState.RUNNING, True, False),
        (RunState.DONE, False, False),
        (RunState.FAILED, False, True),
        (RunState.CANCELLED, False, True),
    ],
)
def test_what_may_be_done_with_a_report_depends_on_where_it_stands(state, may_cancel, may_retry, world, at):
    assert (rules.can_cancel(state), rules.can_retry(state)) == (may_cancel, may_retry)
    for may, check in ((may_cancel, rules.check_cancel), (may_retry, rules.check_retry)):
        if may:
            check(state)
        else:
            with pytest.raises(rules.RunRefused):
                check(state)


def test_a_report_that_is_ready_is_neither_cancelled_nor_made_again(world, at):
    run = make_report(world.viewer("analyst"))
    for refused in (
        lambda: cancel_report(run_id=run.pk, at=at, by=world.viewer("manager")),
        lambda: retry_report(run_id=run.pk, by=world.viewer("manager")),
    ):
        with pytest.raises(rules.RunRefused):
            refused()


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": RunState.RUNNING},
        {"state": RunState.FAILED, "settled_at": IN_SPRING},
        {"state": RunState.CANCELLED, "settled_at": IN_SPRING},
        {"state": RunState.DONE},
        {"error": "Something"},
        {"lease_until": IN_SPRING},
        {"last_day": date(2025, 1, 1)},
    ],
)
def test_the_database_refuses_a_report_that_contradicts_itself(wrong, world):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_run(world.viewer("analyst"), **wrong)


def test_nobody_changes_what_was_counted(world):
    run = make_report(world.viewer("analyst"))
    for change in (
        lambda: ReportSnapshot.objects.filter(run=run).update(sha256="0" * 64),
        lambda: ReportSnapshot.objects.filter(run=run).delete(),
        lambda: ReportDocument.objects.update(pdf=b"%PDF other"),
        lambda: ReportRun.objects.filter(pk=run.pk).update(first_day=date(2026, 1, 2)),
        lambda: ReportRun.objects.filter(pk=run.pk).update(as_at=now()),
        lambda: ReportRun.objects.filter(pk=run.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_take_the_same_report(world):
    runs = {make_run(world.viewer("analyst")).pk for _ in range(2)}
    together = threading.Barrier(2, timeout=20)
    made: list[Any] = []

    def worker() -> None:
        def render(snapshot: ReportSnapshot) -> tuple[bytes, int]:
            together.wait()  # both hold a report at once
            return b"%PDF", 1

        try:
            made.append(make(render))
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(made) == runs
    assert set(ReportRun.objects.values_list("state", "attempts")) == {(RunState.DONE, 1)}
