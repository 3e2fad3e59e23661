"""Values that stand for the field they were written in: days, postcodes and choices that no other row has.

A date, and an instant of more than a day ago or to come, is moved to a day on which nothing else in a test happens, in
other years. An instant of the last day stays recent, so that what lists of recent work show still stands on them, and
has a minute of its own. Both are known in every spelling in which the product gives one. A choice is a word that no
list has, where the product shows whatever stands in the row (`tests/access/fields.py` says where it does not).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

from django.db import models

from accounts.rules.dates import LONDON

PREFIX = "Zqxjvk"
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
WORD = re.compile(rf"{PREFIX.casefold()}\d{{3}}")
YEAR = re.compile(r"(?:19|20)\d\d")
# `4 March 2026`, or `4 March 2026, 2:15pm`, wherever a line of a PDF breaks.
AT = r"(?:(?:,|\s|&nbsp;|at)+(\d{1,2}):(\d\d)(am|pm))?"
LONG = re.compile(rf"\b(\d{{1,2}})(?:\s|&nbsp;)+({'|'.join(MONTHS)})(?:\s|&nbsp;)+(\d{{4}})\b{AT}")
# `2026-03-04`, `20260304`, alone or with a time and its distance from Greenwich, also in an address.
TIME = r"(?:(?:t|\+|\s|%20)(\d\d)(?::|%3a)?(\d\d)(?:(?::|%3a)?\d\d(?:\.\d+)?)?(z|(?:\+|-|%2b)\d\d(?::|%3a)?\d\d)?)?"
ISO = re.compile(rf"(?<!\d)((?:19|20)\d\d)(-?)(\d\d)\2(\d\d){TIME}(?!\d)")
SHORT = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)")
# The boxes of a form in which a date stands: one for the day, one for the month, one for the year.
BOX = re.compile(r"<input\b[^>]*>")
NAME, VALUE = re.compile(r'\bname="([^"]*)_(day|month|year)"'), re.compile(r'\bvalue="(\d+)"')
# In this area there are no addresses.
POSTCODE = re.compile(r"\bzz(\d)(?:\s|\+|%20|&nbsp;)*(\d[a-z]{2})\b")
STEP = timedelta(days=14)
LONG_AGO, EARLIER, LAST, TO_COME = date(1970, 1, 5), date(1990, 1, 1), date(2021, 1, 1), date(2041, 1, 7)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
RECENT = 25 * HOUR
BORN = date(2011, 1, 3)
LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


def tokens_in(text: str) -> set[str]:
    """Every token that a text may hold, each as it is written in a `Canary`.

    Words and postcodes have a beginning that stands nowhere else, and every spelling of a day has a year: only what
    stands around one is looked at closely.
    """
    folded = text.casefold()
    found = {PREFIX + word[len(PREFIX) :] for word in WORD.findall(folded)}
    if "zz" in folded:
        found |= {f"ZZ{area} {rest.upper()}" for area, rest in POSTCODE.findall(folded)}
    around = "\0".join(folded[max(0, year.start() - 32) : year.end() + 48] for year in YEAR.finditer(folded))
    days = {(int(year), int(month), int(one)) for one, month, year in SHORT.findall(around)} | _in_boxes(folded)
    for one, month, year, hour, minute, half in LONG.findall(around):
        days.add(on := (int(year), MONTHS.index(month) + 1, int(one)))
        if hour:
            found.add(f"{_day(*on)}T{int(hour) % 12 + (12 if half == 'pm' else 0):02}:{minute}")
    return found | {_day(*on) for on in days} | set(_iso(around))


def _day(year: int, month: int, day: int) -> str:
    return f"{year}-{month:02}-{day:02}"


def _iso(folded: str) -> set[str]:
    found = set()
    for year, _, month, one, hour, minute, zone in ISO.findall(folded):
        found.add(f"{year}-{month}-{one}")
        if hour and zone:
            ahead = zone.replace("%2b", "+").replace("%3a", ":").replace("z", "+00:00")
            try:
                instant = datetime.fromisoformat(f"{year}-{month}-{one}T{hour}:{minute}{ahead}")
            except ValueError:
                continue
            found |= {token_of(instant, minute=minute) for minute in (False, True)}
    return found


def _in_boxes(folded: str) -> set[tuple[int, int, int]]:
    """The dates that stand in the boxes of a form."""
    if '_year"' not in folded:
        return set()
    dates: dict[str, dict[str, int]] = {}
    for box in BOX.findall(folded):
        name, value = NAME.search(box), VALUE.search(box)
        if name and value:
            dates.setdefault(name.group(1), {})[name.group(2)] = int(value.group(1))
    return {(parts["year"], parts["month"], parts["day"]) for parts in dates.values() if len(parts) == 3}


def token_of(value: date | datetime, *, minute: bool) -> str:
    """A day as a token, an instant's in London; with its minute where the day is not its own."""
    if not isinstance(value, datetime):
        return str(value)
    local = value.astimezone(LONDON)
    return f"{local:%Y-%m-%dT%H:%M}" if minute else str(local.date())


class Days:
    """Days and minutes that were given away, each to one fact."""

    def __init__(self, at: datetime) -> None:
        self.today, self.since = at.astimezone(LONDON).date(), at - RECENT
        # Other rows end 23 hours ago, which is the first of them where a minute passes meanwhile.
        self.minutes = count(10)
        self.taken = {str(self.today)}
        self.instants: dict[datetime, str] = {}

    def for_field(self, field: models.Field[Any, Any], given: Any) -> tuple[date | datetime, str]:
        """A value for a field with its token: what was given, where that stands for a fact already, else one of its
        own.
        """
        value = field.to_python(given)
        if isinstance(field, models.DateTimeField):
            return self._instant(value)
        if field.name == "birth_date":
            value = self._first_free(BORN, timedelta(days=1))
        elif str(value) not in self.taken or value == self.today:
            value = self._free(value)
        return value, str(value)

    def _instant(self, given: datetime) -> tuple[datetime, str]:
        if given not in self.instants:
            recent = self.since <= given <= self.since + RECENT + HOUR
            if recent:
                given = (self.since + 2 * HOUR + next(self.minutes) * MINUTE).replace(second=0, microsecond=0)
            else:
                given = datetime.combine(self._free(given.date()), time(12), tzinfo=UTC)
            self.instants[given] = token_of(given, minute=recent)
        return given, self.instants[given]

    def _free(self, given: date) -> date:
        """A free day: near the one that was given where that was reckoned from a token, else the ladder's next."""
        if LONG_AGO <= given < LAST or given >= TO_COME:
            return self._first_free(given, timedelta(days=1))
        if given > self.today:
            return self._first_free(TO_COME, STEP)
        return self._first_free(EARLIER if given >= self.today - timedelta(days=1) else LONG_AGO, STEP)

    def _first_free(self, start: date, step: timedelta) -> date:
        found = next(day for number in count() if str(day := start + number * step) not in self.taken)
        self.taken.add(str(found))
        return found


def postcode(number: int) -> str:
    """A postcode of its own, in an area that does not exist."""
    high, low = divmod(number, len(LETTERS) ** 2)
    return f"ZZ{high // 10} {high % 10}{LETTERS[low // len(LETTERS)]}{LETTERS[low % len(LETTERS)]}"
