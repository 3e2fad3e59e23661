"""By when something is due: tables of the days that go wrong, and the sweep's SQL against the rule in Python.

Seen to fail: the substitute day of Christmas worked; the hours counted on the wall; the SQL counting one working day
fewer from a weekend; a definition with its rungs turned round; a kind without a file.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.choices import FunctionKey
from accounts.definitions import Seed
from cases import checks
from cases.clocks.choices import AlertKind, ClockKind, Measure
from cases.clocks.rules import (
    BreachReasonNeeded,
    ClockDefinition,
    ClockRefused,
    Rung,
    Tone,
    add_working_days,
    due_at_of,
    read_clock,
    tone_of,
)
from cases.clocks.rules.due import check_breach_reason
from cases.clocks.selectors import bank_holidays
from cases.clocks.services.running import DUE

LONDON = ZoneInfo("Europe/London")
FILES = sorted((Path(__file__).parents[2] / "cases" / "definitions" / "clocks").glob("*.toml"))


def london(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=LONDON, fold=fold)  # type: ignore[arg-type, misc]


def definition(measure: Measure, amount: int = 0, *, needs_breach_reason: bool = False) -> ClockDefinition:
    rung = Rung(timedelta(), ("owner",), "It is late")
    return ClockDefinition(ClockKind.ACTION_DONE, 1, measure, amount, needs_breach_reason, (rung,), "a test")


def closed(*years: int, also: frozenset[date] = frozenset()) -> frozenset[date]:
    return frozenset(day for year in years for day in bank_holidays(year)) | also


# --- Working days ---------------------------------------------------------------------------------------

CLOSURE = frozenset({date(2026, 7, 7)})


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        pytest.param(london(2026, 3, 4, 14, 15), 1, london(2026, 3, 5, 14, 15), id="Wednesday to Thursday"),
        pytest.param(london(2026, 3, 6, 16, 0), 1, london(2026, 3, 9, 16, 0), id="Friday to Monday"),
        pytest.param(london(2026, 3, 6, 23, 59, 59), 1, london(2026, 3, 9, 23, 59, 59), id="Friday's last second"),
        pytest.param(london(2026, 3, 7, 10, 0), 1, london(2026, 3, 10), id="Saturday counts from Monday's start"),
        pytest.param(london(2026, 3, 8, 0, 0), 1, london(2026, 3, 10), id="Sunday's first moment"),
        pytest.param(london(2026, 4, 2, 17, 0), 1, london(2026, 4, 7, 17, 0), id="over Easter"),
        pytest.param(london(2026, 4, 3, 9, 0), 1, london(2026, 4, 8), id="sent on Good Friday"),
        pytest.param(london(2026, 12, 24, 11, 0), 1, london(2026, 12, 29, 11, 0), id="Boxing Day's substitute Monday"),
        pytest.param(london(2027, 12, 24, 11, 0), 1, london(2027, 12, 29, 11, 0), id="two substitutes of 2027"),
        pytest.param(london(2026, 12, 31, 11, 0), 1, london(2027, 1, 4, 11, 0), id="over New Year"),
        pytest.param(london(2026, 7, 6, 9, 30), 1, london(2026, 7, 8, 9, 30), id="over a day closed here"),
        pytest.param(london(2026, 7, 7, 9, 30), 1, london(2026, 7, 9), id="sent on a day closed here"),
        pytest.param(london(2026, 3, 4, 14, 15), 10, london(2026, 3, 18, 14, 15), id="ten days"),
        pytest.param(london(2026, 3, 27, 15, 0), 1, london(2026, 3, 30, 15, 0), id="the clocks go forward"),
        pytest.param(london(2026, 3, 29, 0, 30), 1, london(2026, 3, 31), id="sent as they go forward"),
        pytest.param(london(2026, 10, 23, 15, 0), 1, london(2026, 10, 26, 15, 0), id="the clocks go back"),
        pytest.param(london(2026, 10, 25, 1, 30, fold=1), 1, london(2026, 10, 27), id="sent in the hour that is twice"),
    ],
)
def test_working_days(start: datetime, days: int, due: datetime) -> None:
    found = add_working_days(start, days, closed=closed(2026, 2027, 2028, also=CLOSURE))
    assert found.astimezone(UTC) == due.astimezone(UTC)
    assert (
        due_at_of(
            definition(Measure.WORKING_DAYS, days), anchored_at=start, closed=closed(2026, 2027, 2028, also=CLOSURE)
        )
        == due
    )


def test_working_days_when_the_clocks_change_are_not_a_number_of_hours() -> None:
    forward = add_working_days(london(2026, 3, 27, 15, 0), 1, closed=closed(2026)).astimezone(UTC)
    back = add_working_days(london(2026, 10, 23, 15, 0), 1, closed=closed(2026)).astimezone(UTC)
    assert forward - london(2026, 3, 27, 15, 0).astimezone(UTC) == timedelta(hours=71)
    assert back - london(2026, 10, 23, 15, 0).astimezone(UTC) == timedelta(hours=73)


def test_england_has_its_own_holidays() -> None:
    assert bank_holidays(2026) == {
        date(2026, 1, 1): "New Year's Day",
        date(2026, 4, 3): "Good Friday",
        date(2026, 4, 6): "Easter Monday",
        date(2026, 5, 4): "May Day",
        date(2026, 5, 25): "Spring Bank Holiday",
        date(2026, 8, 31): "Late Summer Bank Holiday",
        date(2026, 12, 25): "Christmas Day",
        date(2026, 12, 26): "Boxing Day",
        date(2026, 12, 28): "Boxing Day (substitute day)",
    }


# --- Hours and days of one's own ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "due"),
    [
        (london(2026, 3, 4, 14, 15), london(2026, 3, 7, 14, 15)),
        # 72 hours that pass: on the wall an hour later in spring, an hour earlier in autumn.
        (london(2026, 3, 28, 12, 0), london(2026, 3, 31, 13, 0)),
        (london(2026, 10, 24, 12, 0), london(2026, 10, 27, 11, 0)),
        (london(2026, 10, 25, 1, 30, fold=0), london(2026, 10, 28, 0, 30)),
        (london(2026, 10, 25, 1, 30, fold=1), london(2026, 10, 28, 1, 30)),
        # Neither Christmas nor a weekend stops it.
        (london(2026, 12, 24, 18, 0), london(2026, 12, 27, 18, 0)),
    ],
)
def test_seventy_two_hours_are_hours_that_pass(start: datetime, due: datetime) -> None:
    found = due_at_of(definition(Measure.ELAPSED_HOURS, 72), anchored_at=start.astimezone(UTC), closed=closed(2026))
    assert found == due.astimezone(UTC)


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (date(2026, 3, 4), datetime(2026, 3, 5, tzinfo=UTC)),
        (date(2026, 3, 28), datetime(2026, 3, 29, tzinfo=UTC)),
        (date(2026, 3, 29), datetime(2026, 3, 29, 23, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 26, tzinfo=UTC)),
        (date(2028, 2, 28), datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_a_day_of_its_own_lasts_until_it_has_ended_in_london(day: date, due: datetime) -> None:
    assert due_at_of(definition(Measure.OWN_DATE), anchored_at=london(2026, 1, 5, 9, 0), due_on=day) == due


def test_a_thing_with_a_day_of_its_own_needs_one() -> None:
    with pytest.raises(ClockRefused, match="by which day"):
        due_at_of(definition(Measure.OWN_DATE), anchored_at=london(2026, 1, 5, 9, 0))


# --- The SQL of the sweep says the same -----------------------------------------------------------------

INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))
AROUND_A_CHANGE = st.builds(
    lambda start, minutes: start + timedelta(minutes=minutes),
    st.sampled_from([datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)]),
    st.integers(-4 * 24 * 60, 4 * 24 * 60),
)
DAYS_CLOSED = st.frozensets(st.dates(date(2024, 1, 1), date(2031, 3, 1)), max_size=40)
MEASURES = st.one_of(
    st.tuples(st.just(Measure.WORKING_DAYS), st.integers(1, 15)),
    st.tuples(st.just(Measure.ELAPSED_HOURS), st.integers(1, 200)),
    st.tuples(st.just(Measure.OWN_DATE), st.just(0)),
)


@pytest.mark.django_db
def test_the_sweep_counts_as_the_rule_does(world: object) -> None:
    """300 random instants with random closed days, half of them around the days on which the clocks change."""
    seen: set[Measure] = set()

    @settings(max_examples=300, database=None)
    @given(st.one_of(INSTANTS, AROUND_A_CHANGE), MEASURES, DAYS_CLOSED, st.dates(date(2024, 1, 1), date(2030, 12, 31)))
    def agree(start: datetime, measured: tuple[Measure, int], ours: frozenset[date], due_on: date) -> None:
        measure, amount = measured
        seen.add(measure)
        days = closed(*range(2024, 2032), also=ours)
        expected = due_at_of(definition(measure, amount), anchored_at=start, due_on=due_on, closed=days)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {DUE[measure]} FROM (SELECT %(start)s::timestamptz, %(due_on)s::date)"
                " AS due (anchored_at, due_on)",
                {"start": start, "due_on": due_on, "amount": amount, "closed": sorted(days)},
            )
            (found,) = cursor.fetchone()
        assert found == expected.astimezone(UTC), (measure, amount, start)

    agree()
    assert seen == set(Measure)


# --- Late, and why --------------------------------------------------------------------------------------

DUE_AT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("needs", "done_at", "reason", "refused"),
    [
        (True, DUE_AT, "", False),
        (True, DUE_AT - timedelta(days=1), "", False),
        (True, DUE_AT + timedelta(seconds=1), "", True),
        (True, DUE_AT + timedelta(seconds=1), "  no time   ", True),
        (True, DUE_AT + timedelta(seconds=1), "The child was in hospital until Friday.", False),
        (False, DUE_AT + timedelta(days=9), "", False),
    ],
)
def test_what_is_late_must_say_why_where_its_definition_asks(
    needs: bool, done_at: datetime, reason: str, refused: bool
) -> None:
    asked = definition(Measure.ELAPSED_HOURS, 72, needs_breach_reason=needs)
    if not refused:
        check_breach_reason(asked, due_at=DUE_AT, done_at=done_at, reason=reason)
        return
    with pytest.raises(BreachReasonNeeded) as refusal:
        check_breach_reason(asked, due_at=DUE_AT, done_at=done_at, reason=reason)
    assert refusal.value.field == "breach_reason"


# --- What an e-mail says --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "after", "tone"),
    [
        (AlertKind.URGENT_NOTIFICATION, None, Tone.URGENT),
        (AlertKind.MATCH_QUESTION, None, Tone.WAITING),
        (ClockKind.URGENT_NOTIFICATION_DECIDED, timedelta(), Tone.URGENT),
        (ClockKind.INTERVIEW_HELD, timedelta(hours=-24), Tone.DUE_SOON),
        (ClockKind.INTERVIEW_HELD, timedelta(), Tone.LATE),
        (ClockKind.ACTION_DONE, timedelta(minutes=60), Tone.LATE),
    ],
)
def test_an_email_is_as_pressing_as_its_rung(kind: str, after: timedelta | None, tone: Tone) -> None:
    assert tone_of(kind, after_due=after) == tone


def test_no_email_says_what_kind_of_work_it_is() -> None:
    words = " ".join(tone.subject + " " + tone.sentence for tone in Tone).lower()
    telling = ("child", "notif", "interview", "panel", "police", "missing", "referr", "question", "action", "clock")
    assert [word for word in telling if word in words] == []


# --- Definitions ----------------------------------------------------------------------------------------


def test_every_kind_has_its_definition_and_every_definition_its_kind() -> None:
    assert {read_clock(path.read_text()).kind for path in FILES} == set(ClockKind)
    assert checks.clocks_hold_together(None) == []


def test_a_kind_without_a_file_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    left = [seed for seed in checks.seeds() if (seed.kind, seed.key) != ("clock", "interview_held")]
    monkeypatch.setattr(checks, "seeds", lambda: left)
    assert [fault.msg for fault in checks.clocks_hold_together(None)] == [
        "Clocks: no file in cases/definitions/clocks defines 'interview_held'"
    ]


GOOD = next(path.read_text() for path in FILES if read_clock(path.read_text()).kind == ClockKind.ACTION_DONE)
BROKEN = {
    "a kind that the code does not know": ('key = "action_done"', 'key = "coffee_made"'),
    "a measure that is none": ('measure = "own_date"', 'measure = "moons"'),
    "an amount with a day of its own": ('measure = "own_date"', 'measure = "own_date"\namount = 3'),
    "hours without an amount": ('measure = "own_date"', 'measure = "elapsed_hours"'),
    "fewer than no hours": ('measure = "own_date"', 'measure = "elapsed_hours"\namount = -1'),
    "a function that is none": ("panel_office", "the_boss"),
    "nobody told": ('tell = ["owner"]', "tell = []"),
    "no words": ('words = "An action from the panel is late"', 'words = " "'),
    "rungs out of order": ("minutes = 0", "minutes = -4000"),
    "two rungs at once": ("minutes = 0", "minutes = -2880"),
    "nothing said of a reason": ("breach_reason = false", ""),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_definition_with_a_fault_is_an_error(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = BROKEN[fault]
    assert GOOD.count(before) >= 1
    bad = GOOD.replace(before, after)
    good = [seed for seed in checks.seeds() if (seed.kind, seed.key) != ("clock", "action_done")]
    seed = next(seed for seed in checks.seeds() if (seed.kind, seed.key) == ("clock", "action_done"))
    assert checks.fault_of(seed) == ""
    broken = Seed(**{**vars(seed), "body": bad})
    monkeypatch.setattr(checks, "seeds", lambda: [*good, broken])
    (found,) = checks.clocks_hold_together(None)
    assert "'action_done' version 1 cannot be read" in found.msg


def test_every_ladder_has_two_rungs_or_more_and_tells_more_people_at_the_second() -> None:
    for path in FILES:
        first, *others = read_clock(path.read_text()).rungs
        assert others, path.name
        assert all(set(first.tell) < set(rung.tell) for rung in others), path.name
        assert all(who == "owner" or who in set(FunctionKey) for rung in others for who in rung.tell)


def test_the_time_of_day_is_kept_to_the_microsecond() -> None:
    start = datetime.combine(date(2026, 3, 4), time(9, 0, 0, 123456), tzinfo=LONDON)
    assert add_working_days(start, 1, closed=frozenset()).time() == time(9, 0, 0, 123456)
