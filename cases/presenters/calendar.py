"""Days that are not worked, as the calendar page shows them."""

from __future__ import annotations

from datetime import date
from typing import Any

from accounts.rules.dates import day, moment
from cases.clocks.models import ClosureDay
from cases.clocks.selectors import bank_holidays


def closed_line(row: ClosureDay, *, today: date) -> dict[str, Any]:
    """A day that people have closed: who did it and when, and `reopens`: the day where it may be reopened."""
    return {
        "day": weekday(row.day),
        "name": row.name,
        "closed": f"Closed by {_who(row.added_by)} on {moment(row.added_at)}",
        "reopened": f"Reopened by {_who(row.reopened_by)} on {moment(row.reopened_at)}" if row.reopened_at else "",
        "reopens": row.day.isoformat() if row.reopened_at is None and row.day > today else "",
    }


def holiday_rows(year: int) -> list[list[dict[str, str]]]:
    """England's bank holidays of a year, as rows of a table."""
    return [[{"text": weekday(found)}, {"text": name}] for found, name in bank_holidays(year).items()]


def weekday(value: date) -> str:
    """A day with its weekday: `Monday 6 April 2026`."""
    return f"{value:%A} {day(value)}"


def _who(person: Any) -> str:
    return person.full_name if person is not None else "the system"
