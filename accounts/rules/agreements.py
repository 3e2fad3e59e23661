"""On which days an agency is covered: it has signed a version of the information-sharing agreement that is current."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

A_DAY = timedelta(days=1)


class Days(Protocol):
    """Days in a row, from `lower` up to but not including `upper`; without an end where that is None."""

    @property
    def lower(self) -> date: ...
    @property
    def upper(self) -> date | None: ...


@dataclass(frozen=True, order=True)
class Span:
    """`Days` as a value."""

    lower: date
    upper: date | None = None


def holds(days: Days, on: date) -> bool:
    """Whether a day is one of them."""
    return days.lower <= on and (days.upper is None or on < days.upper)


def is_covered(covered: Iterable[Days], on: date) -> bool:
    """Whether a current, signed version of the agreement covers an agency (its `covered`) on a day.

    Without one, no file is opened to the agency or to anybody who works there.
    """
    return any(holds(days, on) for days in covered)


def last_day(covered: Iterable[Days], on: date) -> date | None:
    """The last day on which an agency is covered as things stand, on a day that is; None where no end is known."""
    return next((days.upper - A_DAY for days in covered if holds(days, on) and days.upper is not None), None)


def joined(spans: Iterable[Days]) -> list[Span]:
    """The same days in as few spans as there can be, earliest first; spans without a day are left out."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: one.lower):
        if span.upper is not None and span.upper <= span.lower:
            continue
        before = found[-1] if found else None
        if before is None or (before.upper is not None and span.lower > before.upper):
            found.append(Span(span.lower, span.upper))
        elif before.upper is not None and (span.upper is None or span.upper > before.upper):
            found[-1] = Span(before.lower, span.upper)
    return found
