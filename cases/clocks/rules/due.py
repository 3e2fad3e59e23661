"""By when something is due: hours that pass, working days on London's clocks, or a day of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from accounts.choices import FunctionKey
from accounts.rules.dates import LONDON, in_london
from accounts.rules.refusals import Refusal
from cases.clocks.choices import ClockKind, Measure

OWNER = "owner"
SHORTEST_REASON = 10


class ClockRefused(Refusal):
    """A clock cannot be started, moved or stopped like this; the message says what is missing."""

    code = "clock_refused"


class BreachReasonNeeded(ClockRefused):
    """What is stopped was due before: the reason why it is late must be kept. `field` names where to write it."""

    code = "breach_reason_needed"
    field = "breach_reason"


@dataclass(frozen=True)
class Rung:
    """One rung of a clock's ladder: how far from the due time (minutes, negative before it), whom it tells, its words.

    `tell` holds `owner` or the keys of functions.
    """

    after_due: timedelta
    tell: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class ClockDefinition:
    """One version of what the partnership has agreed on a kind of clock."""

    kind: ClockKind
    version: int
    measure: Measure
    amount: int
    needs_breach_reason: bool
    rungs: tuple[Rung, ...]
    source: str


def read_clock(body: str) -> ClockDefinition:
    """Read a clock definition. Raises ValueError for an unknown key, measure or recipient, or rungs out of order."""
    table = tomllib.loads(body)
    measure = Measure(table["measure"])
    amount = int(table.get("amount", 0))
    if (measure == Measure.OWN_DATE) == bool(amount) or amount < 0:
        raise ValueError(f"{table['key']}: an amount is given with hours and working days, and only with them")
    rungs = tuple(_rung(each) for each in table["rungs"])
    if not rungs or [rung.after_due for rung in rungs] != sorted({rung.after_due for rung in rungs}):
        raise ValueError(f"{table['key']}: the rungs must stand in the order in which they are reached")
    return ClockDefinition(
        kind=ClockKind(table["key"]),
        version=table["version"],
        measure=measure,
        amount=amount,
        needs_breach_reason=table["breach_reason"],
        rungs=rungs,
        source=table["source"],
    )


def _rung(table: dict[str, Any]) -> Rung:
    tell = tuple(who if who == OWNER else FunctionKey(who).value for who in table["tell"])
    if not tell or not table["words"].strip():
        raise ValueError("A rung must tell somebody something")
    return Rung(timedelta(minutes=table["minutes"]), tell, table["words"])


def due_at_of(
    definition: ClockDefinition,
    *,
    anchored_at: datetime,
    due_on: date | None = None,
    closed: AbstractSet[date] = frozenset(),
) -> datetime:
    """When something that started at `anchored_at` (aware) is due.

    Hours are elapsed hours, whatever the clocks on the wall do. A thing with a day of its own (`due_on`) is in time
    until that day has ended in London. `closed` holds the holidays and closure days of the time in question, at least
    two weeks beyond the working days counted. Raises ClockRefused where a day of its own is needed and not given.
    """
    if definition.measure == Measure.ELAPSED_HOURS:
        return anchored_at + timedelta(hours=definition.amount)
    if definition.measure == Measure.WORKING_DAYS:
        return add_working_days(anchored_at, definition.amount, closed=closed)
    if due_on is None:
        raise ClockRefused("Say by which day this must be done.")
    return midnight(due_on + timedelta(days=1))


def add_working_days(start: datetime, days: int, *, closed: AbstractSet[date]) -> datetime:
    """The instant `days` working days after `start`, at the same time of day in London.

    Saturdays, Sundays and `closed` days are not worked. What starts on one of them counts from the first moment of
    the next working day: sent on a Saturday with one working day, it is due as Tuesday begins.
    """
    local = in_london(start)
    day, at = local.date(), local.time()
    if not is_worked(day, closed):
        day, at = _next_worked(day, closed), time()
    for _ in range(days):
        day = _next_worked(day, closed)
    return datetime.combine(day, at, tzinfo=LONDON)


def is_worked(day: date, closed: AbstractSet[date]) -> bool:
    """Whether the partnership works on a day."""
    return day.weekday() < 5 and day not in closed


def midnight(day: date) -> datetime:
    """The first moment of a day in London."""
    return datetime.combine(day, time(), tzinfo=LONDON)


def _next_worked(day: date, closed: AbstractSet[date]) -> date:
    day += timedelta(days=1)
    while not is_worked(day, closed):
        day += timedelta(days=1)
    return day


def check_breach_reason(definition: ClockDefinition, *, due_at: datetime, done_at: datetime, reason: str) -> None:
    """Refuse to stop a clock that ran over without saying why, where its definition asks for it.

    Source: domain report, G: a breach of the 72 hours always has a reason.
    """
    late = done_at > due_at
    if late and definition.needs_breach_reason and len(reason.strip()) < SHORTEST_REASON:
        raise BreachReasonNeeded(
            "This is later than it had to be. Say in a sentence why, so that it can be learnt from."
        )
