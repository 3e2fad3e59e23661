"""Whole London days, also where a day has 23 or 25 hours; the period before is of the same length.

Seen to fail: the last day left out; a quarter compared with as many days in place of a quarter.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from reporting.rules.periods import Period, PeriodRefused, check_period, last_quarter, last_six_months

TODAY = date(2026, 11, 25)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "start", "end"),
    [
        (date(2026, 1, 1), date(2026, 3, 31), utc(2026, 1, 1), utc(2026, 3, 31, 23)),
        (date(2026, 3, 29), date(2026, 3, 29), utc(2026, 3, 29), utc(2026, 3, 29, 23)),
        (date(2026, 10, 25), date(2026, 10, 25), utc(2026, 10, 24, 23), utc(2026, 10, 26)),
        (date(2026, 7, 1), date(2026, 9, 30), utc(2026, 6, 30, 23), utc(2026, 9, 30, 23)),
    ],
)
def test_a_period_runs_from_midnight_to_midnight_in_london(first, last, start, end):
    period = Period(first, last)
    assert (period.start, period.end) == (start, end)


def test_days_of_the_clock_changes_have_23_and_25_hours():
    spring, autumn = Period(date(2026, 3, 29), date(2026, 3, 29)), Period(date(2026, 10, 25), date(2026, 10, 25))
    assert spring.end - spring.start == timedelta(hours=23)
    assert autumn.end - autumn.start == timedelta(hours=25)


@pytest.mark.parametrize(
    ("period", "before"),
    [
        (Period(date(2026, 4, 1), date(2026, 6, 30)), Period(date(2026, 1, 1), date(2026, 3, 31))),
        (Period(date(2026, 1, 1), date(2026, 6, 30)), Period(date(2025, 7, 1), date(2025, 12, 31))),
        (Period(date(2024, 3, 1), date(2024, 3, 31)), Period(date(2024, 2, 1), date(2024, 2, 29))),
        (Period(date(2026, 1, 10), date(2026, 2, 8)), Period(date(2025, 12, 11), date(2026, 1, 9))),
    ],
)
def test_the_period_before_is_as_long_and_ends_where_this_begins(period, before):
    assert period.before == before
    assert before.end == period.start
    assert before.months == period.months
    assert period.months or before.days == period.days


@pytest.mark.parametrize(
    ("today", "quarter", "half_year"),
    [
        (TODAY, (date(2026, 7, 1), date(2026, 9, 30)), (date(2026, 5, 1), date(2026, 10, 31))),
        (date(2026, 1, 1), (date(2025, 10, 1), date(2025, 12, 31)), (date(2025, 7, 1), date(2025, 12, 31))),
        (date(2026, 4, 1), (date(2026, 1, 1), date(2026, 3, 31)), (date(2025, 10, 1), date(2026, 3, 31))),
    ],
)
def test_the_periods_often_wanted_are_over(today, quarter, half_year):
    assert last_quarter(today) == Period(*quarter)
    assert last_six_months(today) == Period(*half_year)
    for period in (last_quarter(today), last_six_months(today)):
        check_period(period, today=today)


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (date(2026, 10, 1), TODAY, "last"),
        (date(2026, 9, 1), date(2026, 8, 1), "last"),
        (date(2026, 9, 1), date(2026, 9, 27), "last"),
        (date(2025, 9, 1), date(2026, 9, 2), "last"),
        (date(2019, 12, 31), date(2020, 6, 1), "first"),
    ],
)
def test_a_period_that_says_nothing_or_too_much_is_refused_at_its_date(first, last, field):
    with pytest.raises(PeriodRefused) as refused:
        check_period(Period(first, last), today=TODAY)
    assert refused.value.field == field


def test_a_year_and_four_weeks_are_the_limits():
    check_period(Period(date(2026, 9, 1), date(2026, 9, 28)), today=TODAY)
    check_period(Period(date(2024, 1, 1), date(2024, 12, 31)), today=TODAY)
