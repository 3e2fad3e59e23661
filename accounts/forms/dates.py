"""Dates typed in three boxes, and times as people write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any, Literal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise

from accounts.forms.fields import put_words
from accounts.forms.widgets import DATE_PARTS, DateParts, DatePartsInput, MomentInput, as_parts
from accounts.rules.dates import LONDON

When = Literal["", "past", "today_or_past", "today_or_future", "future"]
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
EARLIEST_YEAR, LATEST_YEAR = 1900, 2200
# For each rule: which sides of the instant are allowed (-1 before, 0 the same day, 1 after), and its words.
SIDES: dict[str, tuple[tuple[int, ...], str]] = {
    "past": ((-1,), "must be in the past"),
    "today_or_past": ((-1, 0), "must be today or in the past"),
    "today_or_future": ((0, 1), "must be today or in the future"),
    "future": ((1,), "must be in the future"),
}


class DateField(forms.Field):
    """A date typed as day, month and year. Gives a `date`, or None when left out.

    `noun` begins its messages ("Date of birth must include a year"). `when` bounds it against the form's `at`:
    past, today_or_past, today_or_future, future.
    """

    widget = DatePartsInput

    def __init__(
        self,
        *,
        noun: str = "The date",
        when: When = "",
        missing: str = "",
        hint: str | Promise = "",
        autocomplete: str = "",
        **kwargs: Any,
    ) -> None:
        put_words(kwargs, missing, hint)
        super().__init__(**kwargs)
        self.noun, self.when = noun, when
        self.widget.autocomplete = autocomplete

    def to_python(self, value: Any) -> date | datetime | None:
        parts = value if isinstance(value, DateParts) else as_parts(value)
        if not any(parts):
            return None
        return self._read(parts)

    def check_when(self, value: date, at: datetime) -> None:
        """Raise ValidationError when the date stands on the wrong side of the day of `at` in London."""
        today = at.astimezone(LONDON).date()
        self._check_side((value > today) - (value < today))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return as_parts(initial)[:4] != as_parts(data)[:4]

    def _read(self, parts: DateParts) -> date | datetime:
        return self._read_date(parts)

    def _read_date(self, parts: DateParts) -> date:
        empty = [part for part in DATE_PARTS if not getattr(parts, part)]
        if empty:
            raise self._wrong(f"must include a {' and '.join(empty)}", *empty)
        if not re.fullmatch(r"[0-9]{4}", parts.year):
            raise self._wrong("must have a year of 4 numbers, like 2011", "year")
        if not EARLIEST_YEAR <= int(parts.year) <= LATEST_YEAR:
            raise self._wrong(f"must have a year between {EARLIEST_YEAR} and {LATEST_YEAR}", "year")
        month = _month_number(parts.month)
        if not month:
            raise self._wrong("must have a month from 1 to 12", "month")
        if not re.fullmatch(r"[0-9]{1,2}", parts.day) or not 1 <= int(parts.day) <= 31:
            raise self._wrong("must have a day from 1 to 31", "day")
        try:
            return date(int(parts.year), month, int(parts.day))
        except ValueError:
            raise self._wrong("must be a real date", *DATE_PARTS) from None

    def _check_side(self, side: int) -> None:
        if not self.when:
            return
        allowed, words = SIDES[self.when]
        if side not in allowed:
            raise self._wrong(words, *DATE_PARTS)

    def _wrong(self, words: str, *parts: str) -> ValidationError:
        return ValidationError(f"{self.noun} {words}", code="date", params={"parts": parts})


class MomentField(DateField):
    """A date and a time of day on London's clocks. Gives an aware `datetime` in UTC, or None.

    Times are read as people write them: 2:15pm, 2pm, 14:15, 1415, midday, midnight. A time that could be
    either half of the day is asked about, never guessed. In the hour that the clocks repeat, the first is meant.
    """

    widget = MomentInput

    def __init__(self, *, noun: str = "The date and time", **kwargs: Any) -> None:
        super().__init__(noun=noun, **kwargs)

    def check_when(self, value: date, at: datetime) -> None:
        """Raise ValidationError when the instant stands on the wrong side of `at`."""
        if isinstance(value, datetime):
            self._check_side((value > at) - (value < at))

    def _read(self, parts: DateParts) -> datetime:
        if not parts.time and all((parts.day, parts.month, parts.year)):
            raise self._wrong("must include a time", "time")
        on = self._read_date(parts)
        if not parts.time:
            raise self._wrong("must include a time", "time")
        hour, minute = self._read_time(parts.time)
        local = datetime(on.year, on.month, on.day, hour, minute, tzinfo=LONDON)
        instant = local.astimezone(UTC)
        if instant.astimezone(LONDON).replace(tzinfo=None) != local.replace(tzinfo=None):
            raise self._wrong("is in the hour that was skipped when the clocks went forward", "time")
        return instant

    def _read_time(self, text: str) -> tuple[int, int]:
        text = text.lower().replace(" ", "").replace("noon", "midday")
        if text in ("midday", "midnight"):
            return (12 if text == "midday" else 0), 0
        found = re.fullmatch(r"([0-9]{1,2})(?:[:.]?([0-9]{2}))?([ap])?\.?m?\.?", text)
        if not found or (not found[2] and not found[3]) or (text.rstrip(".").endswith("m") and not found[3]):
            raise self._wrong("must have a time like 2:15pm or 14:15", "time")
        hour, minute, half = int(found[1]), int(found[2] or 0), found[3]
        if minute > 59 or hour > (12 if half else 23) or (half and hour == 0):
            raise self._wrong("must have a real time, like 2:15pm or 14:15", "time")
        if half:
            return hour % 12 + (12 if half == "p" else 0), minute
        if len(found[1]) == 1 and hour:
            raise self._wrong(f"must say whether {hour}:{minute:02} is am or pm, like {hour}:{minute:02}pm", "time")
        return hour, minute


def _month_number(text: str) -> int:
    """1 to 12 for a number or an English name, whole or shortened to three letters or more; else 0."""
    if re.fullmatch(r"[0-9]{1,2}", text):
        return int(text) if 1 <= int(text) <= 12 else 0
    short = text.lower().rstrip(".")
    named = [number for number, name in enumerate(MONTHS, 1) if len(short) >= 3 and name.startswith(short)]
    return named[0] if named else 0
