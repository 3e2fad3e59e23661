"""How much work something is: in turn with what it is compared to, so that both meet the same machine.

What is measured is processor time, of this process and of the server process that answers it, without parallel
plans: the same on a busy machine as on an idle one. Where the server's cannot be read, the clock is used.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from tests.bench.worlds import World

Timed = Callable[[], Any]
WARM_UP = 3


@dataclass(frozen=True)
class Side:
    """One side of a comparison: what to do, and in which world."""

    world: World
    do: Timed

    def once(self) -> float:
        """Milliseconds of processor time for doing it once."""
        self.world.database.use()
        server: int = self.world.database.server_process
        began = _spent(server)
        self.do()
        return (_spent(server) - began) * 1000


@dataclass(frozen=True)
class Row:
    """One line of the table: two figures, their ratio, and the goal the ratio is held to, if there is one."""

    what: str
    ours: float
    against: str
    other: float
    at_most: float | None = None
    at_least: float | None = None
    unit: str = "ms"
    turned: bool = False  # the ratio is "against" over "ours": how many times faster

    @property
    def ratio(self) -> float:
        return self.other / self.ours if self.turned else self.ours / self.other

    @property
    def goal(self) -> str:
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least is not None else "told"

    @property
    def verdict(self) -> str:
        if self.at_most is not None:
            return "holds" if self.ratio <= self.at_most else "FALLS SHORT"
        if self.at_least is not None:
            return "holds" if self.ratio >= self.at_least else "FALLS SHORT"
        return ""


def in_turn(*sides: Side, seconds: float = 2.0, fewest: int = 11) -> list[float]:
    """Median milliseconds of each side, measured alternately for about so many seconds."""
    for _ in range(WARM_UP):
        for side in sides:
            side.once()
    times: list[list[float]] = [[] for _ in sides]
    until = time.perf_counter() + seconds
    while len(times[0]) < fewest or (time.perf_counter() < until and len(times[0]) < 300):
        for side, spent in zip(sides, times, strict=True):
            spent.append(side.once())
    return [statistics.median(spent) for spent in times]


def _spent(server: int) -> float:
    """Seconds of processor time of this process and of a server process so far."""
    at_server = processor_seconds(server)
    return time.perf_counter() if at_server is None else time.process_time() + at_server


def processor_seconds(process: int) -> float | None:
    """Seconds that a process has run on a processor; None where the kernel does not say."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9
    except (OSError, IndexError, ValueError):
        return None


def must_equal(what: str, ours: Any, other: Any) -> None:
    """Refuses to compare two things that do not give the same answer."""
    if ours != other:
        raise AssertionError(f"{what}: the two sides differ, so their times say nothing.\n{ours!r}\n{other!r}")


def say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def queries_of(timed: Timed) -> list[str]:
    """The statements that a call makes."""
    connection.force_debug_cursor = True
    connection.queries_log.clear()
    try:
        timed()
        return [query["sql"] for query in connection.queries]
    finally:
        connection.force_debug_cursor = False


def plan_of(timed: Timed) -> None:
    """Prints the plan of each reading statement that a call makes."""
    for statement in queries_of(timed):
        if not statement.lstrip("(").startswith(("SELECT", "WITH")):
            continue
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) " + statement.replace("%", "%%"), [])
            say("\n".join(f"    {line}" for (line,) in cursor.fetchall()))


def table_of(rows: list[Row]) -> str:
    heads = ("what", "ours", "against", "", "ratio", "goal", "")
    cells = [
        (
            row.what, f"{row.ours:,.2f} {row.unit}", row.against, f"{row.other:,.2f} {row.unit}",
            f"{row.ratio:.3g}", row.goal, row.verdict,
        )
        for row in rows
    ]  # fmt: skip
    widths = [max(len(line[place]) for line in [heads, *cells]) for place in range(len(heads))]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in [heads, *cells]
    ]
    return "\n".join([lines[0], "-+-".join("-" * width for width in widths), *lines[1:]])
