"""Two sweeps, two dispatchers and a person at the same moment, each on a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pghistory
import pytest
from django.core import mail
from django.db import connection, transaction

from cases.clocks import services
from cases.clocks.choices import AlertKind
from cases.clocks.models import Alert, OutboxMessage

pytestmark = pytest.mark.django_db(transaction=True)
URGENT = AlertKind.URGENT_NOTIFICATION
NIGHT = datetime(2026, 3, 4, 2, 30, tzinfo=UTC)
LATER = NIGHT + timedelta(minutes=31)


def both(*works: Callable[[], Any]) -> list[Any]:
    """Run each on a thread and connection of its own; the results, or what was raised."""
    gate = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(number: int, work: Callable[[], Any]) -> None:
        try:
            with pghistory.context(reason="sweep"):
                connection.ensure_connection()
                gate.wait(timeout=10)
                results[number] = work()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, work)) for number, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


def test_two_sweeps_at_once_raise_each_step_once(world) -> None:
    for _ in range(20):
        services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    swept = both(lambda: services.sweep(LATER), lambda: services.sweep(LATER))
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

    assert both(first, second) == [True, False]
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

    assert both(take, climb) == [None, services.Swept()]
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

    assert both(climb, take) == [None, None]
    assert Alert.objects.count() == 6
    assert not Alert.objects.filter(acknowledged_at=None).exists()


def test_two_dispatchers_at_once_send_each_email_once(world) -> None:
    for _ in range(20):
        services.start_ladder(kind=URGENT, subject_id=uuid4(), at=NIGHT)
    assert sum(both(lambda: services.dispatch(NIGHT), lambda: services.dispatch(NIGHT))) == 20
    ids = [sent.extra_headers["Message-ID"] for sent in mail.outbox]
    assert len(ids) == len(set(ids)) == 20
