"""Kills of worker and broker in the middle of sweeping and sending: nothing is lost, and nothing is told twice.

A real database, broker, worker and beat; a mail server outside the product counts. At each named point the process
stands still, the test sees that some e-mails have gone out and some have not, and kills it with `kill -9`.

`make test` plays the short form, `make kill-test` all points twice and at least 3,000 alerts.

Seen to fail: e-mails by plain `.delay()`, below, every time the suite runs.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests import cluster as clusters
from tests.kill import points
from tests.kill.processes import Processes
from tests.kill.rounds import PLAN, Kill, Rounds

pytestmark = pytest.mark.django_db(transaction=True)
KILLS = int(os.environ.get("HARBOUR_KILLS", "3"))
FULL = KILLS >= 20
LATE, URGENT = (32, 18) if FULL else (18, 16)
Play = Callable[[str], contextlib.AbstractContextManager[Rounds]]


@pytest.fixture
def rounds(cluster: clusters.Cluster, world) -> Play:
    """`with rounds("outbox") as played`: everything started on this test's own database, and ended after it."""

    @contextlib.contextmanager
    def playing(mode: str) -> Iterator[Rounds]:
        # A short path: a socket's must fit into 107 bytes.
        folder = Path(tempfile.mkdtemp(prefix="harbour-kill-"))
        url = clusters.for_database(cluster.app_url, connection.settings_dict["NAME"])
        processes = Processes(folder, url, mode=mode)
        try:
            processes.start_all()
            yield Rounds(processes, world, late=LATE, urgent=URGENT)
        except AssertionError:
            for log in sorted(folder.glob("*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}")  # noqa: T201
            raise
        finally:
            processes.end_all()
            shutil.rmtree(folder, ignore_errors=True)

    return playing


def test_no_kill_loses_an_alert_or_tells_it_twice(rounds: Play, record_property) -> None:
    with rounds("outbox") as played:
        for number in range(KILLS):
            played.play(PLAN[number % len(PLAN)])
        account = played.finish()
    for line in account.kills:
        record_property("scanned", f"kill of {line}")
    record_property("scanned", account.words())
    account.check()
    assert len(account.kills) == KILLS
    if FULL:
        assert account.due.total() >= 3000


PLAIN = [Kill(points.CHOSEN, ("worker",)), Kill(points.ACCEPTED, ("broker",))]


@pytest.mark.parametrize("kill", PLAIN if FULL else PLAIN[1:], ids=lambda kill: kill.victims[0])
def test_the_same_test_finds_out_alerts_sent_by_plain_delay(rounds: Play, kill: Kill, record_property) -> None:
    with rounds("delay") as played:
        played.play(kill)
        account = played.finish()
    record_property("scanned", f"by plain delay: {account.words()}")
    with pytest.raises(AssertionError, match=r"\d+ e-mails lost of"):
        account.check()
