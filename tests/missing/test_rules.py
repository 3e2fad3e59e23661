"""What may follow what, which times fit, how episodes are counted, and who reads a briefing.

Seen to fail: a row taken out of a table of transitions; the 72 hours counted on London's clock; a window a day short; a
briefing shown to whoever has own entries only.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from cases.access.rules import Level
from cases.record.rules.matching import Band
from missing import rules
from missing.choices import EpisodeKind, EpisodeState, InterviewState, InterviewStepKind, NotNeededReason
from missing.management.commands.draw_missing_states import HEAD, PAGE
from missing.rules import EpisodeDeed, Started, Times

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_diagrams_in_the_documentation_are_those_of_the_tables() -> None:
    assert Path(PAGE).read_text(encoding="utf-8") == HEAD + rules.diagrams(), "run manage.py draw_missing_states"


@pytest.mark.parametrize(("state", "deed"), list(product(EpisodeState, EpisodeDeed)))
def test_an_episode_takes_each_deed_of_its_table_and_no_other(state: EpisodeState, deed: EpisodeDeed) -> None:
    after = rules.EPISODE_TRANSITIONS.get((state, deed))
    assert rules.can_episode(state, deed) == (after is not None)
    if after is None:
        with pytest.raises(rules.MissingRefused):
            rules.episode_after(state, deed)
    else:
        assert rules.episode_after(state, deed) == after


def test_what_an_episode_allows_by_state() -> None:
    allowed = {state: {deed for deed in EpisodeDeed if rules.can_episode(state, deed)} for state in EpisodeState}
    open_only = {EpisodeDeed.ADD_SIGHTING, EpisodeDeed.GRADE, EpisodeDeed.CHANGE_KIND}
    assert allowed == {
        EpisodeState.OPEN: open_only | {EpisodeDeed.CORRECT_TIME, EpisodeDeed.RETURN, EpisodeDeed.CLOSE},
        EpisodeState.RETURNED: {
            EpisodeDeed.CORRECT_TIME,
            EpisodeDeed.GRADE,
            EpisodeDeed.CHECK,
            EpisodeDeed.DECIDE_INTERVIEW,
        },
        EpisodeState.CLOSED: {EpisodeDeed.GRADE},
    }


def test_an_interview_ends_where_it_should() -> None:
    ends = {
        state for state in InterviewState if not any(rules.can_interview(state, step) for step in InterviewStepKind)
    }
    assert ends == {InterviewState.NOT_NEEDED, InterviewState.WRITTEN_UP}
    with pytest.raises(rules.MissingRefused, match="to be offered"):
        rules.interview_after(InterviewState.TO_OFFER, InterviewStepKind.HELD)


def test_every_state_of_an_interview_can_be_reached() -> None:
    reached = {InterviewState.TO_OFFER}
    while True:
        more = {after for (state, _), after in rules.INTERVIEW_TRANSITIONS.items() if state in reached} - reached
        if not more:
            break
        reached |= more
    assert reached == set(InterviewState)


@pytest.mark.parametrize(
    ("state", "carer", "covered", "outcome"),
    [
        ("to_offer", False, False, ""),
        ("accepted", False, False, ""),
        ("declined", False, False, "declined"),
        ("declined", True, False, "declined_carer"),
        ("not_engaged", True, False, "not_engaged"),
        ("not_needed", False, False, "not_offered"),
        ("held", False, False, "accepted"),
        ("held", False, True, "combined"),
    ],
)
def test_how_an_interview_is_counted(state: str, carer: bool, covered: bool, outcome: str) -> None:
    assert rules.outcome_of(state, carer_spoke=carer, covered=covered) == outcome


@pytest.mark.parametrize(
    ("times", "field"),
    [
        (Times(NOON + HOUR, NOON), "last_seen_at"),
        (Times(NOON - HOUR, NOON - 2 * HOUR), "reported_at"),
        (Times(NOON - HOUR, NOON, noticed_at=NOON - 2 * HOUR), "noticed_at"),
        (Times(NOON - HOUR, NOON, returned_at=NOON - 2 * HOUR), "returned_at"),
        (Times(NOON - HOUR, NOON, returned_at=NOON - HOUR), "returned_at"),
        (Times(NOON - HOUR, NOON, returned_at=NOON + HOUR), "returned_at"),
    ],
)
def test_times_that_cannot_be_are_refused_at_their_control(times: Times, field: str) -> None:
    with pytest.raises(rules.MissingRefused) as refused:
        rules.check_times(times, at=NOON)
    assert refused.value.field == field


def test_times_that_fit_are_taken() -> None:
    rules.check_times(Times(NOON - 3 * HOUR, NOON - HOUR, NOON - 2 * HOUR, NOON), at=NOON)


def test_only_a_return_from_missing_starts_an_interview_by_itself() -> None:
    assert {kind for kind in EpisodeKind if rules.return_starts_interview(kind)} == {EpisodeKind.MISSING}


@pytest.mark.parametrize(
    ("was", "becomes", "refused"),
    [
        ("absent", "missing", False),
        ("away", "missing", False),
        ("absent", "away", False),
        ("missing", "absent", True),
        ("missing", "missing", True),
        ("absent", "absent", True),
    ],
)
def test_an_absence_may_become_missing_and_missing_nothing_lighter(was: str, becomes: str, refused: bool) -> None:
    if refused:
        with pytest.raises(rules.MissingRefused):
            rules.check_kind_change(was, becomes)
    else:
        rules.check_kind_change(was, becomes)


@pytest.mark.parametrize(
    ("days", "away_counts", "expected"), [(30, False, 2), (90, False, 3), (30, True, 3), (1, False, 1), (2, False, 1)]
)
def test_episodes_are_counted_by_their_start_in_calendar_days(days: int, away_counts: bool, expected: int) -> None:
    today = date(2026, 3, 31)
    started = [
        Started("missing", today),
        Started("missing", date(2026, 3, 2)),  # the 30th day, today included
        Started("missing", date(2026, 3, 1)),  # one day too early for thirty
        Started("away", date(2026, 3, 20)),
        Started("absent", date(2026, 3, 21)),
        Started("missing", date(2025, 12, 31)),  # one day too early for ninety
    ]
    assert rules.episodes_counted(started, today=today, days=days, away_counts=away_counts) == expected


def test_an_episode_starts_on_the_london_day() -> None:
    assert rules.started_of("missing", datetime(2026, 6, 30, 23, 30, tzinfo=UTC)).on == date(2026, 7, 1)


@pytest.mark.parametrize(
    ("born", "closes"), [(date(2008, 3, 4), True), (date(2008, 3, 5), False), (None, False), (date(2000, 1, 1), True)]
)
def test_an_episode_closes_from_the_18th_birthday_and_not_before(born: date | None, closes: bool) -> None:
    if closes:
        rules.check_of_age(born, on=date(2026, 3, 4))
    else:
        with pytest.raises(rules.MissingRefused):
            rules.check_of_age(born, on=date(2026, 3, 4))


def test_not_offering_an_interview_has_one_of_the_reasons() -> None:
    rules.check_not_needed(NotNeededReason.DECEASED, "")
    rules.check_not_needed(NotNeededReason.OTHER, "The family has left the country.")
    for reason, note in (("", "Some words that are long enough."), (NotNeededReason.OTHER, "no")):
        with pytest.raises(rules.MissingRefused):
            rules.check_not_needed(reason, note)


@pytest.mark.parametrize(
    ("text", "nothing", "field"),
    [
        ("Meet at school.", False, None),
        ("", True, None),
        (" \n", True, None),
        ("", False, "briefing"),
        (" \n", False, "briefing"),
        ("Meet at school.", True, "nothing"),
    ],
)
def test_an_interviewer_is_warned_or_told_that_there_is_nothing(text: str, nothing: bool, field: str | None) -> None:
    if field is None:
        rules.check_briefing(text, nothing=nothing)
        return
    with pytest.raises(rules.MissingRefused) as refused:
        rules.check_briefing(text, nothing=nothing)
    assert refused.value.field == field


@pytest.mark.parametrize("concern", list(Level))
@pytest.mark.parametrize("intelligence", list(Level))
def test_a_briefing_is_for_its_interviewer_its_author_and_who_sees_both_sources_in_full(
    concern: Level, intelligence: Level
) -> None:
    def may(*, allocated: bool = False, author: bool = False) -> bool:
        return rules.may_read_briefing(
            allocated=allocated, author=author, persons_of_concern=concern, intelligence=intelligence
        )

    assert may(allocated=True)
    assert may(author=True)
    assert may() == (concern == Level.FULL and intelligence == Level.FULL)


@pytest.mark.parametrize(
    ("band", "away", "asked"),
    [
        (Band.VERY_LIKELY, False, True),
        (Band.LIKELY, False, True),
        (Band.POSSIBLE, False, False),
        (Band.POSSIBLE, True, True),
        (Band.NONE, True, False),
    ],
)
def test_a_likely_file_is_put_to_the_guardians_and_a_possible_one_of_a_child_who_is_away(
    band: Band, away: bool, asked: bool
) -> None:
    assert rules.puts_question(band, away=away) is asked
