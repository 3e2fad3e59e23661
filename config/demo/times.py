"""Instants by London's clocks."""

import random
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from accounts.rules.dates import LONDON


def on_day(day: date, hour: int, minute: int = 0) -> datetime:
    """An instant by London's clocks."""
    return datetime.combine(day, time(hour, minute), tzinfo=LONDON)


def in_office_hours(rng: random.Random, day: date) -> datetime:
    """A moment of the working day, moved to Monday from a weekend."""
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return on_day(day, rng.randint(9, 16), rng.randrange(0, 60, 5))


def day_of(at: datetime) -> date:
    """The day of an instant by London's clocks."""
    return timezone.localdate(at, LONDON)
