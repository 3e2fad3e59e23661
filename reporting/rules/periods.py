"""The period of a report: whole London days, from midnight to midnight, whatever the clocks did in between."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from accounts.rules.dates import LONDON, day
from accounts.rules.refusals import Refusal

EARLIEST = date(2020, 1, 1)
SHORTEST_DAYS = 28
LONGEST_DAYS = 366


class PeriodRefused(Refusal):
    """A report cannot be made for these days; `field` is the date to put right."""

    code = "period"


@dataclass(frozen=True)
class Period:
    """From the first day to the last, both included."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        """The instant at which the period begins, in UTC."""
        return _midnight(self.first)

    @property
    def end(self) -> datetime:
        """The instant at which it is over, in UTC: it belongs to the day after."""
        return _midnight(self.last + timedelta(days=1))

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def months(self) -> int:
        """How many whole months it is made of; 0 where it does not begin and end with one."""
        whole = self.first.day == 1 and self.last.day == _days_in(self.last.year, self.last.month)
        return _month_number(self.last) - _month_number(self.first) + 1 if whole else 0

    @property
    def before(self) -> Period:
        """The period of the same length just before: as many months where it is made of months, else of days."""
        last = self.first - timedelta(days=1)
        if self.months:
            return Period(_month_of(_month_number(last) - self.months + 1), last)
        return Period(last - timedelta(days=self.days - 1), last)

    @property
    def words(self) -> str:
        return f"{day(self.first)} to {day(self.last)}"


def last_quarter(today: date) -> Period:
    """The last quarter of the calendar year that is over."""
    return _months_before(today, today.month - (today.month - 1) % 3, 3)


def last_six_months(today: date) -> Period:
    """The last six whole months."""
    return _months_before(today, today.month, 6)


def check_period(period: Period, *, today: date) -> None:
    """Refuse a period that is not over, is turned round, or is too short or too long to say something.

    Raises PeriodRefused. A short period shows less and, beside others that overlap with it, could tell more about
    one child: the shortest is four weeks.
    """
    if period.first < EARLIEST:
        raise PeriodRefused(f"The first day must be {day(EARLIEST)} or later", field="first")
    if period.last >= today:
        raise PeriodRefused("The last day must be in the past, so that the period is over", field="last")
    if period.last < period.first:
        raise PeriodRefused("The last day must not be before the first day", field="last")
    if period.days < SHORTEST_DAYS:
        raise PeriodRefused(
            f"A report covers {SHORTEST_DAYS} days or more. These are {period.days}. Choose a later last day, or an "
            "earlier first day",
            field="last",
        )
    if period.days > LONGEST_DAYS:
        raise PeriodRefused("A report covers a year at most. Choose an earlier last day", field="last")


def _months_before(today: date, month: int, count: int) -> Period:
    """So many months up to the one before `month` of this year."""
    following = date(today.year, month, 1)
    return Period(_month_of(_month_number(following) - count), following - timedelta(days=1))


def _month_number(on: date) -> int:
    return on.year * 12 + on.month - 1


def _month_of(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _days_in(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time(), tzinfo=LONDON).astimezone(UTC)
