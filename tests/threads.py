"""Several people, or parts of the system, at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pghistory
import pytest
from django.db import connection, connections

NOT_DONE = object()
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def until_somebody_waits(within: float = 20) -> None:
    """Return as soon as a connection waits for what another holds; fails where none does within so many seconds."""
    over, waiting = time.monotonic() + within, 0
    with connection.cursor() as cursor:
        while not waiting and time.monotonic() < over:
            cursor.execute(WAITING)
            (waiting,) = cursor.fetchone()
    assert waiting, f"Nobody waited within {within} seconds"


def at_once(*works: Callable[[], Any], within: float = 30) -> list[Any]:
    """Run each on a thread and connection of its own, all from one moment; the results, or what was raised.

    Fails where one of them is not done within so many seconds: whoever waits for ever has not succeeded.
    """
    gate = threading.Barrier(len(works))
    results: list[Any] = [NOT_DONE] * len(works)

    def run(number: int, work: Callable[[], Any]) -> None:
        try:
            with pghistory.context(reason="sweep"):
                connection.ensure_connection()
                gate.wait(timeout=10)
                results[number] = work()
        except BaseException as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number, work), daemon=True) for number, work in enumerate(works)]
    for thread in threads:
        thread.start()
    over = time.monotonic() + within
    for thread in threads:
        thread.join(timeout=max(0, over - time.monotonic()))
    if any(thread.is_alive() for thread in threads) or NOT_DONE in results:
        pytest.fail(
            f"Not done after {within} seconds: {[number for number, one in enumerate(results) if one is NOT_DONE]}"
        )
    return results
