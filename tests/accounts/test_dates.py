"""How dates, times and ages are said."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.rules.dates import age_in_years, ago, clock_time, day, due_in, due_words, length, moment


def test_a_summer_instant_is_said_in_londons_time():
    at = datetime(2026, 7, 4, 23, 15, tzinfo=UTC)

    assert moment(at) == "5 July 2026, 12:15am"
    assert day(at) == "5 July 2026"


@pytest.mark.parametrize(
    ("hour", "said"), [(0, "12:05am"), (9, "9:05am"), (12, "12:05pm"), (14, "2:05pm"), (23, "11:05pm")]
)
def test_times_of_day_have_no_leading_nought(hour: int, said: str):
    assert clock_time(datetime(2026, 1, 2, hour, 5, tzinfo=UTC)) == said


def test_a_date_stays_a_date_and_nothing_stays_nothing():
    assert moment(date(2026, 3, 4)) == "4 March 2026"
    assert (moment(None), day(None), clock_time(None), age_in_years(None, date(2026, 3, 4))) == ("", "", "", None)


def test_a_datetime_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="names no instant"):
        moment(datetime(2026, 3, 4, 14, 15))


@pytest.mark.parametrize(
    ("today", "age"),
    [(date(2026, 3, 3), 13), (date(2026, 3, 4), 14), (date(2012, 3, 4), 0)],
)
def test_age_counts_completed_years(today: date, age: int):
    assert age_in_years(date(2012, 3, 4), today) == age


def test_a_child_born_on_29_february_is_a_year_older_on_1_march():
    born_on = date(2012, 2, 29)

    assert age_in_years(born_on, date(2026, 2, 28)) == 13
    assert age_in_years(born_on, date(2026, 3, 1)) == 14


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(), "less than a minute"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=59), "59 minutes"),
        (timedelta(minutes=60), "1 hour"),
        (timedelta(hours=47, minutes=59), "47 hours"),
        (timedelta(hours=48), "2 days"),
        (timedelta(days=-3), "3 days"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_whole_unit(span: timedelta, said: str):
    assert length(span) == said


def test_how_long_ago_something_was():
    at = datetime(2026, 3, 4, 14, 15, tzinfo=UTC)

    assert ago(at, at) == ago(at - timedelta(seconds=59), at) == "just now"
    assert ago(at - timedelta(minutes=1), at) == "1 minute ago"
    assert ago(at - timedelta(days=2), at) == "2 days ago"
    assert ago(at + timedelta(seconds=1), at) == "just now"


def test_a_clock_is_due_or_late():
    at = datetime(2026, 3, 4, 14, 15, tzinfo=UTC)

    assert due_in(at + timedelta(hours=5), at) == "due in 5 hours"
    assert due_in(at - timedelta(days=2), at) == "late by 2 days"


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 10, 22, 9, tzinfo=UTC), "due in 1 day"),
        (datetime(2026, 10, 23, 22, 59, tzinfo=UTC), "due today"),
        (datetime(2026, 10, 23, 23, 0, tzinfo=UTC), "late by 1 day"),
        (datetime(2026, 11, 25, 22, 30, tzinfo=UTC), "late by 33 days"),
    ],
)
def test_what_has_a_day_of_its_own_is_late_by_days(at: datetime, said: str):
    """Due on 23 October: until that day has ended in London, where summer time then runs."""
    due_at = datetime(2026, 10, 23, 23, 0, tzinfo=UTC)

    assert due_in(due_at, at, by_day=True) == said
    assert due_words(due_at, by_day=True) == "23 October 2026"
    assert due_words(due_at) == "24 October 2026, 12:00am"
