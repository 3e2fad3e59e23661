"""Which days are not worked: England's bank holidays, and the days the partnership has closed."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays

from accounts.selectors.kept import kept
from cases.clocks.models import ClosureDay


@lru_cache(maxsize=64)
def bank_holidays(year: int) -> dict[date, str]:
    """England's bank holidays of a year with their names; a substitute day counts beside the day it stands for."""
    found = holidays.country_holidays("GB", subdiv="ENG", years=year)
    return {day: name.replace("(observed)", "(substitute day)") for day, name in sorted(found.items())}


@kept
def closed_days(first: date, last: date) -> frozenset[date]:
    """Every day from `first` to `last` that is a bank holiday in England or has been closed here."""
    closed = {day for year in range(first.year, last.year + 1) for day in bank_holidays(year) if first <= day <= last}
    ours = ClosureDay.objects.filter(day__gte=first, day__lte=last, reopened_at=None)
    closed |= set(ours.values_list("day", flat=True))
    return frozenset(closed)


def closure_days(*, since: date) -> list[ClosureDay]:
    """The days that people have closed from a day on, the earliest first; among them those reopened since."""
    return list(ClosureDay.objects.filter(day__gte=since).select_related("added_by", "reopened_by").order_by("day"))
