"""That a day, a minute, a postcode or a choice is known again in every spelling, and given to one fact alone.

Seen to fail: dates in the boxes of a form left out; an instant read as the day that it is in Greenwich.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.rules.dates import day, moment
from cases.record.models import Child, ChronologyEntry
from tests.access.values import PREFIX, Days, postcode, tokens_in

# Half past midnight of 1 July in London.
LATE = datetime(2031, 6, 30, 23, 30, tzinfo=UTC)
BOXES = "".join(
    f'<input class="x" id="id_on_{part}" name="on_{part}" type="text" value="{value}">'
    for part, value in (("day", 1), ("month", 7), ("year", 2031))
)
DAY = {
    "long": day(LATE),
    "across a line": "1 July\n2031",
    "with hard spaces": "1&nbsp;July&nbsp;2031",
    "with its time": moment(LATE),
    "short": "01/07/2031",
    "iso": "2031-07-01",
    "instant": LATE.isoformat(),
    "instant in an address": "/?after=2031-06-30T23%3A30%3A00%2B00%3A00~1",
    "instant of an interface": "2031-07-01T00:30:00+01:00",
    "instant of a calendar": "DTSTART:20310630T233000Z",
    "boxes": BOXES,
}


@pytest.mark.parametrize("spelt", DAY)
def test_a_day_is_known_in_each_spelling(spelt: str) -> None:
    assert "2031-07-01" in tokens_in(f"<p>Since {DAY[spelt]}.</p>")


@pytest.mark.parametrize("spelt", [name for name in DAY if name.startswith(("instant", "with its time"))])
def test_so_is_a_minute(spelt: str) -> None:
    assert "2031-07-01T00:30" in tokens_in(DAY[spelt])


def test_other_days_and_minutes_are_not_taken_for_it() -> None:
    text = "11 July 2031, 1 June 2031, 1 July, 2031-07-011, 12031-07-01, 11/07/2031, on_day 1, 1 July 2031"
    assert tokens_in(text) == {"2031-07-11", "2031-06-01", "2031-07-01"}
    assert "2031-07-01T00:30" not in tokens_in("1 July 2031, 12:31am and 2031-07-01T00:30:59-05:00")


@pytest.mark.parametrize("spelt", ["ZZ1 0AB", "zz10ab", "ZZ1+0AB", "ZZ1%200AB"])
def test_a_postcode_is_known_in_each_spelling(spelt: str) -> None:
    assert tokens_in(f"x {spelt} y") == {"ZZ1 0AB"}
    assert len({postcode(number) for number in range(2_000)}) == 2_000


def test_a_choice_is_known_however_it_is_written() -> None:
    assert tokens_in(f"From {PREFIX.lower()}017 to {PREFIX.upper()}018") == {f"{PREFIX}017", f"{PREFIX}018"}


def test_each_fact_has_a_day_or_a_minute_of_its_own_and_stays_on_its_side_of_today() -> None:
    at = datetime(2026, 11, 26, 12, tzinfo=UTC)
    days, instant, born = Days(at), ChronologyEntry._meta.get_field("happened_at"), Child._meta.get_field("birth_date")
    ago = [timedelta(days=90), timedelta(days=2), timedelta(hours=6), timedelta(hours=6), timedelta(0)]
    given = [days.for_field(instant, at - one) for one in ago] + [days.for_field(instant, at + timedelta(days=2))]
    moved = [value for value, _ in given]
    assert len({token for _, token in given}) == len(given)
    assert moved == sorted(moved)
    assert all(value < at for value in moved[:-1])
    assert all(at - value < timedelta(days=1) for value in moved[2:-1])
    assert moved[-1] > at
    assert days.for_field(instant, moved[0]) == given[0], "the same fact in two rows has one token"
    assert days.for_field(born, date(2011, 5, 4))[0].year == 2011
