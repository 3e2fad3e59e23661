"""What works on its own, the worker's tasks and the parts of a sweep, is done again where a deadlock ended it.

Seen to fail: a task, and a part of the sweep, that the database turned away and nobody asked again.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from accounts.services.deadlocks import again_after_deadlock, is_deadlock
from cases.access.models import ChildGroupGrant
from cases.access.services import lock_files
from cases.clocks.services import sweeping
from cases.record.models import Child
from cases.tasks import compare_lists
from config.celery import AskedAgain, app
from tests.factories.cases import grant, make_child
from tests.threads import at_once, until_somebody_waits

COMMITS = pytest.mark.django_db(transaction=True)


class Another:
    """Somebody who holds the second of two files, and wants the first as soon as the other waits for the second."""

    def __init__(self, files: list[Child]) -> None:
        self.files, self.tries, self.holds = files, 0, threading.Event()

    def __call__(self) -> None:
        again_after_deadlock(self._once)

    def _once(self) -> None:
        self.tries += 1
        with transaction.atomic():
            lock_files([self.files[1].pk])
            self.holds.set()
            if self.tries == 1:
                until_somebody_waits()
            lock_files([self.files[0].pk])


@pytest.fixture
def files(world: Any) -> list[Child]:
    """Two files, in the order in which whoever wants both locks them."""
    files = sorted((make_child(f"Cal {number}") for number in range(2)), key=lambda child: child.pk)
    for child in files:
        grant(child, world.agency("health"))
    return files


def turned_away(caplog: pytest.LogCaptureFixture) -> int:
    return sum(record.getMessage() == "asked_again_after_a_deadlock" for record in caplog.records)


@COMMITS
def test_a_task_that_the_database_turned_away_is_done_again(files, caplog):
    ChildGroupGrant.objects.all().delete()
    another = Another(files)

    def compares() -> None:
        assert another.holds.wait(timeout=20)
        compare_lists.apply(throw=True)  # as the worker asks for it

    with caplog.at_level("INFO", logger="harbour.deadlocks"):
        assert at_once(another, compares) == [None, None]
    assert turned_away(caplog), "nobody waited for the other, and nothing was proved"
    assert ChildGroupGrant.objects.count() == 2, "what it was about is done"


@COMMITS
def test_a_part_of_the_sweep_that_the_database_turned_away_is_done_again(files, caplog):
    another = Another(files)

    def both() -> tuple[int, int]:
        lock_files([child.pk for child in files])
        return 1, 0

    def sweeps() -> Any:
        assert another.holds.wait(timeout=20)
        return sweeping._part(both)

    with caplog.at_level("INFO"):
        assert at_once(another, sweeps) == [None, (1, 0)]
    assert turned_away(caplog)
    assert not [record for record in caplog.records if record.getMessage() == "sweep_part_failed"]


def test_each_task_of_the_worker_is_asked_in_that_way():
    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if not name.startswith(("celery.", "tests."))}
    assert len(ours) >= 10
    assert {name for name, task in ours.items() if type(task).__call__ is not AskedAgain.__call__} == set()


@COMMITS
def test_what_is_no_deadlock_and_what_is_inside_anothers_transaction_is_not_done_again(files):
    tries = []

    def wrong() -> None:
        tries.append(1)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 1")
            cursor.execute("SELECT count(*) FROM generate_series(1, 100000000)")

    with pytest.raises(OperationalError) as raised, transaction.atomic():
        wrong()
    assert not is_deadlock(raised.value)
    tries.clear()
    with pytest.raises(OperationalError):
        again_after_deadlock(transaction.atomic(wrong))
    assert len(tries) == 1
