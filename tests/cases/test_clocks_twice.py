"""Two sweeps, two dispatchers and a person at the same moment, each on a connection of its own."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db import transaction
from django.db.models import DateTimeField, QuerySet, Value

from accounts.models import Membership
from cases.clocks import services
from cases.clocks.choices import AlertKind, ClockKind
from cases.clocks.models import Alert, Clock, OutboxMessage
from cases.clocks.selectors import SHOULD_RUN, should_run
from tests.factories.accounts import make_membership
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
URGENT = AlertKind.URGENT_NOTIFICATION
NIGHT = datetime(2026, 3, 4, 2, 30, tzinfo=UTC)
LATER = NIGHT + timedelta(minutes=31)


def test_two_sweeps_at_once_raise_each_step_once(world) -> None:
    for _ in range(20):
        services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    swept = at_once(lambda: services.sweep(LATER), lambda: services.sweep(LATER))
    assert sum(one.climbed for one in swept) == 20 * 5
    assert Alert.objects.count() == 20 * 6
    # 20 × (1 at the first, 2 at the second, 4 at the third step)
    assert OutboxMessage.objects.count() == 20 * 7
    assert sum(one.messages for one in swept) == 20 * 6


def test_a_sweep_that_waits_for_another_that_has_not_committed_raises_nothing_again(world) -> None:
    """The second comes to the same rows while the first still holds them, and neither fails nor repeats."""
    subject = uuid4()
    held, go_on = threading.Event(), threading.Event()

    def first() -> bool:
        with transaction.atomic():
            new = services.start_ladder(kind=URGENT, subject_id=subject, at=NIGHT)
            held.set()
            go_on.wait(timeout=10)
        return new

    def second() -> bool:
        held.wait(timeout=10)
        threading.Timer(0.3, go_on.set).start()
        return services.start_ladder(kind=URGENT, subject_id=subject, at=NIGHT)

    assert at_once(first, second) == [True, False]
    assert (Alert.objects.count(), OutboxMessage.objects.count()) == (1, 1)


def test_an_alert_that_is_being_taken_does_not_climb(world, viewer) -> None:
    services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    alert, worker = Alert.objects.get(), viewer("out_of_hours")
    held, swept = threading.Event(), threading.Event()

    def take() -> None:
        with transaction.atomic():
            services.acknowledge_alert(alert_id=alert.pk, at=LATER, by=worker)
            held.set()
            swept.wait(timeout=10)

    def climb() -> services.Swept:
        held.wait(timeout=10)
        found = services.sweep(LATER)
        swept.set()
        return found

    assert at_once(take, climb) == [None, services.Swept()]
    assert list(Alert.objects.values_list("step", "acknowledged_at")) == [(1, LATER)]


def test_a_step_that_is_being_raised_is_taken_with_the_others(world, viewer) -> None:
    services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    alert, worker = Alert.objects.get(), viewer("out_of_hours")
    raised = threading.Event()

    def climb() -> None:
        with transaction.atomic():
            services.sweep(LATER)
            raised.set()
            threading.Event().wait(0.4)

    def take() -> None:
        raised.wait(timeout=10)
        services.acknowledge_alert(alert_id=alert.pk, at=LATER, by=worker)

    assert at_once(climb, take) == [None, None]
    assert Alert.objects.count() == 6
    assert not Alert.objects.filter(acknowledged_at=None).exists()


def test_two_dispatchers_at_once_send_each_email_once(world) -> None:
    for _ in range(20):
        services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    assert sum(at_once(lambda: services.dispatch(NIGHT), lambda: services.dispatch(NIGHT))) == 20
    ids = [sent.extra_headers["Message-ID"] for sent in mail.outbox]
    assert len(ids) == len(set(ids)) == 20


# --- Clocks ---------------------------------------------------------------------------------------------

INTERVIEW = ClockKind.INTERVIEW_HELD
RETURNED = NIGHT - timedelta(hours=73)


@pytest.fixture(autouse=True)
def only_what_a_test_registers(monkeypatch) -> None:
    """The queries of the upper apps are theirs to test."""
    for kind in list(SHOULD_RUN):
        monkeypatch.delitem(SHOULD_RUN, kind)


def wanting(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Rows that happen to have a UUID, as an upper app says what should run."""
    return should_run(rows.annotate(anchor=Value(RETURNED, DateTimeField())), anchored_at="anchor")


@pytest.fixture
def waiting(world, viewer) -> list[Clock]:
    """Twenty interviews that are an hour late."""
    return [
        services.start_clock(
            kind=INTERVIEW, subject_id=uuid4(), child_id=None, anchored_at=RETURNED, at=RETURNED, by=viewer("manager")
        )
        for _ in range(20)
    ]


def test_two_sweeps_at_once_start_and_climb_each_clock_once(world, viewer, monkeypatch) -> None:
    members = Membership.objects.order_by("pk")[:20]
    subjects = list(members.values_list("pk", flat=True))
    monkeypatch.setitem(
        SHOULD_RUN,
        INTERVIEW,
        lambda at: wanting(Membership.objects.filter(pk__in=subjects)),
    )
    swept = at_once(lambda: services.sweep(NIGHT), lambda: services.sweep(NIGHT))
    assert sum(one.started for one in swept) == 20
    assert Clock.objects.count() == 20
    services.sweep(NIGHT)
    # One function at the first rung, three at the second.
    assert Alert.objects.count() == 20 * 4
    assert len(set(Alert.objects.values_list("clock_id", "step", "group_id"))) == 20 * 4


def test_a_clock_that_is_being_stopped_is_not_told_of(waiting, viewer) -> None:
    clock, worker = waiting[0], viewer("interviewer")
    held, swept = threading.Event(), threading.Event()

    def stop() -> None:
        with transaction.atomic():
            services.stop_clock(
                kind=INTERVIEW,
                subject_id=clock.subject_id,
                done_at=NIGHT,
                breach_reason="The child was in hospital.",
                at=NIGHT,
                by=worker,
            )
            held.set()
            swept.wait(timeout=10)

    def climb() -> services.Swept:
        held.wait(timeout=10)
        found = services.sweep(NIGHT)
        swept.set()
        return found

    assert at_once(stop, climb)[1].climbed == 19 * 4
    services.sweep(NIGHT)
    assert not Alert.objects.filter(clock=clock).exists()


def test_a_rung_that_is_being_raised_is_taken_by_the_stop_that_waits_for_it(waiting, viewer) -> None:
    clock, worker = waiting[0], viewer("interviewer")
    raised = threading.Event()

    def climb() -> None:
        with transaction.atomic():
            services.sweep(NIGHT)
            raised.set()
            threading.Event().wait(0.4)

    def stop() -> None:
        raised.wait(timeout=10)
        services.stop_clock(
            kind=INTERVIEW,
            subject_id=clock.subject_id,
            done_at=NIGHT,
            breach_reason="The child was in hospital.",
            at=NIGHT,
            by=worker,
        )

    assert at_once(climb, stop) == [None, None]
    assert Alert.objects.filter(clock=clock).count() == 4
    assert not Alert.objects.filter(clock=clock, acknowledged_at=None).exists()
    assert Alert.objects.filter(acknowledged_at=None).count() == 19 * 4


def test_a_clock_that_is_moved_while_it_is_swept_is_told_of_at_its_new_time_alone(waiting, viewer) -> None:
    """The sweep comes to the row while the correction holds it: it is passed by, and then far from due."""
    clock, police = waiting[0], viewer("missing_coordinator")
    held, swept = threading.Event(), threading.Event()

    def move() -> None:
        with transaction.atomic():
            services.reanchor_clock(
                kind=INTERVIEW, subject_id=clock.subject_id, anchored_at=NIGHT, why="Came home tonight", at=NIGHT,
                by=police,
            )  # fmt: skip
            held.set()
            swept.wait(timeout=10)

    def climb() -> None:
        held.wait(timeout=10)
        services.sweep(NIGHT)
        swept.set()

    assert at_once(move, climb) == [None, None]
    services.sweep(NIGHT)
    assert not Alert.objects.filter(clock=clock).exists()
    assert Alert.objects.count() == 19 * 4


def test_a_clock_whose_subject_is_not_committed_yet_is_left_alone(world, viewer, monkeypatch) -> None:
    """The subject and its clock come together: the sweep sees both or neither."""
    monkeypatch.setitem(
        SHOULD_RUN,
        INTERVIEW,
        lambda at: wanting(Membership.objects.filter(role="return_interviewer")),
    )
    services.sweep(NIGHT)
    before = set(Clock.objects.values_list("pk", flat=True))
    written, swept = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            row = make_membership(role="return_interviewer")
            services.start_clock(
                kind=INTERVIEW, subject_id=row.pk, child_id=None, anchored_at=NIGHT, at=NIGHT, by=viewer("manager")
            )
            written.set()
            swept.wait(timeout=10)

    def look() -> services.Swept:
        written.wait(timeout=10)
        found = services.sweep(NIGHT + timedelta(minutes=1))
        swept.set()
        return found

    (_, found) = at_once(write, look)
    assert (found.started, found.stopped) == (0, 0)
    later = services.sweep(NIGHT + timedelta(minutes=2))
    assert (later.started, later.stopped) == (0, 0)
    (new,) = set(Clock.objects.all()) - set(Clock.objects.filter(pk__in=before))
    assert (new.state, new.started_by_sweep) == ("running", False)


def test_a_service_and_the_sweep_that_start_the_same_clock_at_once_start_one(world, viewer) -> None:
    subject = uuid4()
    held, go_on = threading.Event(), threading.Event()

    def start() -> Any:
        return services.start_clock(
            kind=INTERVIEW, subject_id=subject, child_id=None, anchored_at=RETURNED, at=NIGHT, by=viewer("manager")
        ).pk

    def first() -> Any:
        with transaction.atomic():
            made = start()
            held.set()
            go_on.wait(timeout=10)
        return made

    def second() -> Any:
        held.wait(timeout=10)
        threading.Timer(0.3, go_on.set).start()
        with transaction.atomic():
            return start()

    one, other = at_once(first, second)
    assert one == other == Clock.objects.get().pk
