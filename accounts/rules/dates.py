"""How Harbour says dates, times and ages: `4 March 2026, 2:15pm`, always in London time."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def day(value: date | datetime | None) -> str:
    """A date as `4 March 2026`; an instant gives its day in London. Nothing gives an empty text."""
    if not value:
        return ""
    if isinstance(value, datetime):
        value = in_london(value).date()
    return f"{value.day} {value:%B %Y}"


def clock_time(value: datetime | None) -> str:
    """The time of day of an instant as `2:15pm`, in London."""
    if not value:
        return ""
    local = in_london(value)
    return f"{local.hour % 12 or 12}:{local:%M}{'am' if local.hour < 12 else 'pm'}"


def moment(value: datetime | date | None) -> str:
    """An instant as `4 March 2026, 2:15pm`; a date that has no time stays a date."""
    if isinstance(value, datetime):
        return f"{day(value)}, {clock_time(value)}"
    return day(value)


def age_in_years(born_on: date | None, today: date) -> int | None:
    """Completed years of age on `today`; a birthday on 29 February is kept on 1 March in other years."""
    if not born_on:
        return None
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))


def length(span: timedelta) -> str:
    """A length of time in its largest whole unit: `3 days`, `5 hours`, `12 minutes`; its sign is left out."""
    minutes = int(abs(span).total_seconds() // 60)
    if not minutes:
        return "less than a minute"
    for unit, size in (("day", 24 * 60), ("hour", 60)):
        if minutes >= 2 * size or (unit == "hour" and minutes >= size):
            return _counted(minutes // size, unit)
    return _counted(minutes, "minute")


def ago(then: datetime, at: datetime) -> str:
    """How long before the instant `at` something was: `3 days ago`, or `just now` within the minute."""
    span = at - then
    return f"{length(span)} ago" if span >= timedelta(minutes=1) else "just now"


def last_day_of(due_at: datetime) -> date:
    """The day by whose end something is due: what is due as a day begins had until the day before ended."""
    return in_london(due_at - timedelta(microseconds=1)).date()


def due_words(due_at: datetime, *, by_day: bool = False) -> str:
    """By when something is due: the moment, or the day where its clock counts days (`by_day`)."""
    return day(last_day_of(due_at)) if by_day else moment(due_at)


def due_in(due_at: datetime, at: datetime, *, by_day: bool = False) -> str:
    """Where a clock stands at the instant `at`: `due in 5 hours`, or `late by 2 days`.

    Where the clock counts days, so does this, as every page does that knows the day itself.
    """
    if by_day:
        days = (in_london(at).date() - last_day_of(due_at)).days
        late, left = f"late by {_counted(days, 'day')}", f"due in {_counted(-days, 'day')}"
        return late if days > 0 else left if days else "due today"
    span = due_at - at
    return f"late by {length(span)}" if span < timedelta() else f"due in {length(span)}"


def in_london(value: datetime) -> datetime:
    """The same instant on London's clocks. Raises ValueError for a datetime that names no instant."""
    if value.tzinfo is None:
        raise ValueError("A datetime without a time zone names no instant.")
    return value.astimezone(LONDON)


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
