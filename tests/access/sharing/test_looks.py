"""Which looks are worth a question, and who says what came of it: the rules as tables.

Seen to fail: sixty minutes counted as within an hour.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from accounts.rules.dates import LONDON
from cases.sharing.choices import SignalKind
from cases.sharing.rules.family import family_names
from cases.sharing.rules.looks import (
    Counted,
    Known,
    Limits,
    Look,
    NameSearch,
    Signal,
    VerdictRefused,
    check_verdict,
    is_at_work,
    is_out_of_hours,
    read_limits,
    signals_of,
)

ROOT = Path(__file__).resolve().parent.parent.parent.parent
LIMITS = Limits(
    least={
        SignalKind.SAME_NAME: 1,
        SignalKind.SAME_HOME: 1,
        SignalKind.OWN_NAME: 1,
        SignalKind.MANY_IN_AN_HOUR: 3,
        SignalKind.OUTSIDE_CASELOAD: 2,
        SignalKind.OUT_OF_HOURS: 2,
    },
    not_asked={kind: frozenset({"csc_out_of_hours"}) for kind in SignalKind},
    night_from=22,
    night_until=6,
)
A, B, C, D = (UUID(int=number) for number in range(1, 5))

ALWAYS = [(datetime(2026, 1, 5, tzinfo=LONDON), None)]


def on(day: int, hour: int, minute: int = 0) -> datetime:
    """A time by London's clocks on a day of the week, Monday being 0."""
    return datetime(2026, 11, 16, hour, minute, tzinfo=LONDON) + timedelta(days=day)


def kinds(looks: list[Look], *, known: Known | None = None, searches: tuple[NameSearch, ...] = ()) -> list[SignalKind]:
    return [signal.kind for signal in signals_of(looks, searches, known=known or Known(), limits=LIMITS)]


@pytest.mark.parametrize(
    ("at", "late"),
    [
        (on(0, 21, 59), False),
        (on(0, 22), True),
        (on(1, 5, 59), True),
        (on(1, 6), False),
        (on(5, 12), True),
        (on(6, 12), True),
        (datetime(2026, 7, 6, 21, 30, tzinfo=LONDON), False),
        (datetime.fromisoformat("2026-07-06T21:30:00+00:00"), True),  # half past ten in London's summer
    ],
)
def test_the_night_and_the_weekend_are_those_of_londons_clocks(at: datetime, late: bool) -> None:
    assert is_out_of_hours(at, LIMITS) is late


@pytest.mark.parametrize(
    ("looks", "found"),
    [
        ([], []),
        ([("x", A, on(0, 10))], []),
        ([("x", A, on(0, 10)), ("x", B, on(1, 10))], [SignalKind.OUTSIDE_CASELOAD]),
        ([("x", A, on(0, 10)), ("x", A, on(1, 10))], []),
        ([("x", A, on(0, 23)), ("x", A, on(5, 10))], [SignalKind.OUT_OF_HOURS]),
        ([("x", A, on(0, 23))], []),
        (
            [("x", A, on(0, 10)), ("x", B, on(0, 10, 30)), ("x", C, on(0, 10, 59))],
            [SignalKind.MANY_IN_AN_HOUR, SignalKind.OUTSIDE_CASELOAD],
        ),
        # Sixty minutes apart is no longer within an hour, and one file three times is one file.
        ([("x", A, on(0, 10)), ("x", B, on(0, 10, 30)), ("x", C, on(0, 11))], [SignalKind.OUTSIDE_CASELOAD]),
        ([("x", A, on(0, 10, n)) for n in range(5)], []),
        (
            [("csc_out_of_hours", child, on(0, 23, n)) for n, child in enumerate((A, B, C, D))],
            [],
        ),
    ],
)
def test_which_looks_are_worth_a_question(looks, found) -> None:
    assert kinds([Look(1, role, child, at) for role, child, at in looks]) == found


def test_the_fullest_hour_is_told_with_its_files_and_its_times() -> None:
    looks = [
        Look(1, "x", A, on(0, 9)),
        *(Look(1, "x", child, on(2, 9, n)) for n, child in enumerate((A, B, B, C, D, A))),
    ]
    signal = signals_of(looks, (), known=Known(caseload={(1, child): ALWAYS for child in (A, B, C, D)}), limits=LIMITS)
    assert signal == [Signal(SignalKind.MANY_IN_AN_HOUR, 1, Counted(4, on(2, 9, 0), on(2, 9, 4)), None, (0,) * 7)]


@pytest.mark.parametrize(
    ("spans", "at_work"),
    [
        ([], False),
        ([(on(0, 12), None)], True),
        ([(on(0, 12, 1), None)], False),
        ([(on(-40, 9), on(-27, 12))], True),
        ([(on(-40, 9), on(-28, 12))], False),
        ([(on(-40, 9), on(-30, 12)), (on(-2, 9), on(0, 9))], True),
        ([(on(-800, 9), on(-700, 9)), (on(1, 9), None)], False),
    ],
    ids=["never", "from now", "from later", "ended shortly before", "28 days ago", "again", "long ago and later"],
)
def test_work_with_a_child_is_asked_at_the_time_of_the_look(spans, at_work) -> None:
    assert is_at_work(spans, at=on(0, 12)) is at_work
    looks = [Look(1, "x", child, on(0, 12)) for child in (A, B)]
    found = kinds(looks, known=Known(caseload={(1, A): spans, (1, B): spans}))
    assert found == ([] if at_work else [SignalKind.OUTSIDE_CASELOAD])


def test_children_that_somebody_works_with_are_no_question() -> None:
    looks = [Look(1, "x", child, on(day, 10)) for day, child in enumerate((A, B, C))]
    assert kinds(looks, known=Known(caseload={(1, A): ALWAYS, (1, B): ALWAYS})) == []
    assert kinds(looks, known=Known(caseload={(2, A): ALWAYS, (2, B): ALWAYS})) == [SignalKind.OUTSIDE_CASELOAD]


@pytest.mark.parametrize(
    ("person", "child", "same"),
    [
        ("Whitlock", "Whitlock", True),
        ("whitlock", "WHITLOCK", True),
        ("Núñez", "Nunez", True),
        ("Okafor-Hale", "Hale", True),
        ("de Souza", "Souza", True),
        ("de", "da", False),
        ("Hale", "Haley", False),
        ("", "", False),
    ],
)
def test_one_family_name_in_several_spellings(person: str, child: str, same: bool) -> None:
    known = Known(names_of_people={1: family_names(person)}, names_on_files={A: family_names(child)})
    assert (SignalKind.SAME_NAME in kinds([Look(1, "x", A, on(0, 10))], known=known)) is same


def test_a_search_for_ones_own_name() -> None:
    searches = [NameSearch(7, on(2, 9), 12), NameSearch(8, on(1, 9), 13), NameSearch(7, on(0, 9), 11)]
    assert signals_of([], searches, known=Known(), limits=LIMITS) == [
        Signal(SignalKind.OWN_NAME, 7, Counted(2, on(0, 9), on(2, 9)), None, (11, 12)),
        Signal(SignalKind.OWN_NAME, 8, Counted(1, on(1, 9), on(1, 9)), None, (13,)),
    ]


def test_a_question_carries_every_look_among_which_it_was_counted() -> None:
    """Seen to fail: looks in the order in which they came."""
    hours = {(A, 10): 5, (A, 9): 4, (B, 9): 3, (C, 9): 2, (D, 23): 1}
    looks = [Look(1, "x", child, on(0, hour), pk) for (child, hour), pk in hours.items()]
    looks += [Look(1, "csc_out_of_hours", D, on(0, 9), 6), Look(1, "x", D, on(1, 23), 7)]
    known = Known(caseload={(1, B): ALWAYS}, same_home=frozenset({(1, A)}))
    found = {
        signal.kind: (signal.counted.count, signal.event_ids)
        for signal in signals_of(looks, (), known=known, limits=LIMITS)
    }
    assert found == {
        SignalKind.SAME_HOME: (2, (4, 5)),
        SignalKind.MANY_IN_AN_HOUR: (3, (2, 3, 4, 5, 1, 7)),
        SignalKind.OUTSIDE_CASELOAD: (3, (2, 4, 5, 1, 7)),
        SignalKind.OUT_OF_HOURS: (2, (1, 7)),
    }


@pytest.mark.parametrize(
    ("user", "decided", "by", "may"), [(1, False, 2, True), (1, True, 2, False), (2, False, 2, False)]
)
def test_who_says_what_came_of_it(user: int, decided: bool, by: int, may: bool) -> None:
    if may:
        check_verdict(signal_user_id=user, decided=decided, by_user_id=by)
        return
    with pytest.raises(VerdictRefused):
        check_verdict(signal_user_id=user, decided=decided, by_user_id=by)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("files = 30", "files = 0"),
        ("night_from = 22", "night_from = 5"),
        ('"csc_out_of_hours", "police_officer"', '"caretaker"'),
        ("[own_name]", "[another]"),
    ],
)
def test_figures_that_cannot_be_read_are_refused(was: str, becomes: str) -> None:
    body = (ROOT / "cases" / "definitions" / "looks" / "look_signals_v1.toml").read_text()
    assert read_limits(body).least[SignalKind.MANY_IN_AN_HOUR] == 30
    assert was in body
    with pytest.raises(ValueError, match=r"definition of looks|night must"):
        read_limits(body.replace(was, becomes))


def test_the_last_hour_of_friday_is_no_weekend() -> None:
    assert is_out_of_hours(on(4, 21), LIMITS) is False


def test_a_home_is_compared_with_the_looks_of_who_lives_there() -> None:
    looks = [Look(1, "x", A, on(0, 10))]
    assert kinds(looks, known=Known(same_home=frozenset({(1, A)}))) == [SignalKind.SAME_HOME]
    assert kinds(looks, known=Known(same_home=frozenset({(2, A)}))) == []


def test_fewer_than_the_least_is_no_question() -> None:
    twice = Limits({**LIMITS.least, SignalKind.SAME_HOME: 2, SignalKind.OWN_NAME: 2}, LIMITS.not_asked, 22, 6)
    home, search = Known(same_home=frozenset({(1, A)})), NameSearch(1, on(0, 10))
    looks = [Look(1, "x", A, on(0, 10)), Look(1, "x", A, on(0, 11))]
    assert signals_of(looks[:1], [search], known=home, limits=twice) == []
    found = signals_of(looks, [search, search], known=home, limits=twice)
    assert [signal.kind for signal in found] == [SignalKind.SAME_HOME, SignalKind.OWN_NAME]


@pytest.mark.parametrize(
    ("night_from", "until", "right"),
    [(24, 0, True), (25, 0, False), (24, -1, False), (7, 6, True), (6, 6, False), (5, 6, False)],
)
def test_the_hours_of_a_night(night_from: int, until: int, right: bool) -> None:
    body = (ROOT / "cases" / "definitions" / "looks" / "look_signals_v2.toml").read_text()
    body = body.replace("night_from = 22", f"night_from = {night_from}")
    body = body.replace("night_until = 6", f"night_until = {until}")
    if right:
        limits = read_limits(body)
        assert (limits.night_from, limits.night_until) == (night_from, until)
        return
    with pytest.raises(ValueError, match="night must"):
        read_limits(body)


def test_who_is_asked_about_a_home_is_for_the_definition_to_say() -> None:
    """The first version did not have it: then nobody is asked."""
    folder = ROOT / "cases" / "definitions" / "looks"
    first, second = (read_limits((folder / f"look_signals_v{number}.toml").read_text()) for number in (1, 2))
    assert len(first.not_asked[SignalKind.SAME_HOME]) == 31
    assert second.not_asked[SignalKind.SAME_HOME] == frozenset()
