"""Several people, or parts of the system, at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pghistory
from django.db import connection, connections


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run each on a thread and connection of its own, all from one moment; the results, or what was raised."""
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
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number, work)) for number, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results
