"""Rules of panels by tables: states, the agenda, quorum, decisions, what is seen and told.

Seen to fail: an arrow added to the table and not to the drawing; the window of missing episodes a day too long; a
listing shown in words to who sees the minutes in summary.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from accounts.definitions import seeds
from accounts.rules.dates import LONDON
from cases.access.choices import Category, Cell
from cases.access.rules import Level, Matrix, read_matrix
from panels.choices import ClosingCheck, DecisionCode, Frequency, ItemState, MeetingState, ReasonCode
from panels.rules import PanelRefused, agenda, decisions, outcomes, progress, quorum, seeing, states

ROOT = Path(__file__).resolve().parent.parent.parent
RULE = agenda.read_agenda(next(seed.body for seed in seeds() if seed.kind == "agenda"))
ON = date(2026, 3, 10)
OPENED = date(2026, 3, 1)


def case(**fields) -> agenda.OpenCase:
    return agenda.OpenCase(**{"child_id": uuid4(), "open_since": OPENED, **fields})


def words(one: agenda.OpenCase) -> list[str]:
    return [reason.words for reason in agenda.reasons_for(one, RULE, on=ON)]


def test_the_drawing_in_the_docs_is_the_table():
    assert (ROOT / "docs/states/panels.md").read_text(encoding="utf-8") == states.diagram()


@pytest.mark.parametrize("table", [states.MEETING, states.ITEM, states.ACTION])
def test_each_arrow_leads_to_a_state_of_its_table(table):
    assert {step.to for steps in table.values() for step in steps} <= set(table)


def test_a_meeting_goes_one_way_only():
    order = list(states.MEETING)
    for first in order:
        for second in order:
            assert states.may_move(states.MEETING, first, second) == (order.index(second) == order.index(first) + 1)
    with pytest.raises(PanelRefused, match="closed"):
        states.check_move(states.MEETING, MeetingState.CLOSED, MeetingState.OPEN)
    with pytest.raises(PanelRefused, match="taken off"):
        states.check_move(states.ITEM, ItemState.REMOVED, ItemState.DECIDED)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"level": "high", "level_judged_on": date(2026, 3, 3)}, ["New: judged high on 3 March 2026"]),
        ({"level": "medium", "level_judged_on": date(2026, 3, 3)}, ["New: judged medium on 3 March 2026"]),
        ({"level": "low", "level_judged_on": date(2026, 3, 3)}, []),
        # A referrer's own score is not judged yet.
        ({"level": "high", "level_judged_on": None}, []),
        # Talked about since, or at the same level as then.
        ({"level": "high", "level_judged_on": date(2026, 2, 20), "discussed_on": date(2026, 3, 1)}, []),
        (
            {
                "level": "high",
                "level_judged_on": date(2026, 3, 3),
                "discussed_on": date(2026, 3, 1),
                "level_discussed": "high",
            },
            [],
        ),
        (
            {
                "level": "high",
                "level_judged_on": date(2026, 3, 3),
                "discussed_on": date(2026, 3, 1),
                "level_discussed": "low",
            },
            ["New: judged high on 3 March 2026"],
        ),
        ({"discussed_on": date(2026, 2, 10)}, ["Monthly review due: last discussed 10 February 2026"]),
        ({"discussed_on": date(2026, 2, 11)}, []),
        ({"discussed_on": date(2025, 2, 11), "review_ended": True}, []),
        # The panel's own day counts before the month.
        ({"discussed_on": date(2026, 2, 10), "next_review_on": date(2026, 3, 11)}, []),
        (
            {"discussed_on": date(2026, 3, 3), "next_review_on": ON},
            ["Monthly review due: last discussed 3 March 2026"],
        ),
        (
            {"open_since": date(2026, 2, 10)},
            ["Monthly review due: open since 10 February 2026, not discussed yet"],
        ),
        ({"missing_on": (ON, ON, ON - timedelta(days=89))}, ["3 missing episodes in 90 days"]),
        ({"missing_on": (ON, ON, ON - timedelta(days=90))}, []),
        ({"missing_on": (ON, ON, ON + timedelta(days=1))}, []),
        # Of what the panel has spoken of there is no more to say before its own day; one more episode is news.
        ({"missing_on": (date(2026, 3, 1),) * 3, "discussed_on": date(2026, 3, 2)}, []),
        (
            {"missing_on": (date(2026, 3, 1),) * 3 + (date(2026, 3, 3),), "discussed_on": date(2026, 3, 2)},
            ["4 missing episodes in 90 days"],
        ),
        (
            {"missing_on": (date(2026, 3, 1),) * 2 + (date(2026, 3, 2),), "discussed_on": date(2026, 3, 2)},
            ["3 missing episodes in 90 days"],
        ),
        ({"placed_by": "Southfell"}, ["Placed in from another authority: Southfell"]),
        ({"placed_by": "Southfell", "discussed_on": date(2026, 3, 1)}, []),
        (
            {"deferred_on": date(2026, 2, 2), "deferred_why": "no time"},
            ["Carried over from the meeting on 2 February 2026: no time"],
        ),
        ({"deferred_on": date(2026, 2, 2), "deferred_why": "no time", "discussed_on": date(2026, 3, 1)}, []),
    ],
)
def test_each_item_says_in_words_why_it_is_there(fields, expected):
    assert words(case(**fields)) == expected


@pytest.mark.parametrize(
    ("authority", "elsewhere"),
    [
        ("Southfell", True),
        ("Northmere Council", False),
        ("  northmere   COUNCIL ", False),
        ("Northmere Council of Elsewhere", True),
    ],
)
def test_only_another_authority_than_the_partnerships_own_places_a_child_in(authority, elsewhere):
    assert agenda.placed_from_elsewhere(authority, ["Northmere Council", "Northmere"]) is elsewhere


def test_new_and_high_come_first_then_whoever_waits_longest():
    new_high = case(level="high", level_judged_on=date(2026, 3, 3))
    new_medium = case(level="medium", level_judged_on=date(2026, 3, 3))
    waiting = case(open_since=date(2025, 1, 1), level="low")
    newer = case(open_since=date(2025, 6, 1), level="low")
    placed = case(placed_by="Southfell")
    found = agenda.agenda_of([placed, newer, waiting, new_medium, case(), new_high], RULE, on=ON)
    assert [one.child_id for one in found] == [one.child_id for one in (new_high, new_medium, waiting, newer, placed)]


def test_a_rule_that_nothing_answers_is_refused():
    body = 'version = 1\n[[rules]]\ncode = "moon"\ncategory = "level"\nwords = "x"\n'
    with pytest.raises(ValueError, match="nothing answers"):
        agenda.read_agenda(body)
    with pytest.raises(ValueError, match="episodes"):
        agenda.read_agenda(body.replace("moon", "missing"))
    with pytest.raises(ValueError, match="unknown category"):
        agenda.read_agenda(body.replace("moon", "placed_in").replace('"level"', '"weather"'))


def test_listings_stay_when_the_rule_runs_again():
    listed = agenda.listed_reason(agency="Hollybank School", why="seen with adults in a car")
    held = [listed.as_plain(), {"code": "placed_in", "category": "identity", "words": "old", "facts": {}}]
    assert listed.words == "Listed by Hollybank School: seen with adults in a car"
    assert agenda.merged_reasons(held, []) == [listed.as_plain()]
    assert agenda.merged_reasons(held, [listed]) == [listed.as_plain()]


@pytest.mark.parametrize(
    ("starts", "frequency", "expected"),
    [
        (datetime(2026, 11, 3, 10, tzinfo=LONDON), Frequency.MONTHLY, datetime(2026, 12, 1, 10, tzinfo=LONDON)),
        (datetime(2026, 9, 1, 10, tzinfo=LONDON), Frequency.MONTHLY, datetime(2026, 10, 6, 10, tzinfo=LONDON)),
        # Across the change of the clocks the hour on the wall stays.
        (datetime(2026, 10, 20, 10, tzinfo=LONDON), Frequency.WEEKLY, datetime(2026, 10, 27, 10, tzinfo=LONDON)),
        (datetime(2026, 10, 20, 10, tzinfo=LONDON), Frequency.FORTNIGHTLY, datetime(2026, 11, 3, 10, tzinfo=LONDON)),
    ],
)
def test_the_next_meeting_keeps_its_weekday_and_hour(starts, frequency, expected):
    assert agenda.next_start(starts, frequency) == expected


@pytest.mark.parametrize(
    ("closed_after", "hours_after"), [(None, 74), (-100, -28), (1, 73), (2, 74), (3, 74), (73, 74), (75, 74), (720, 74)]
)
def test_reading_ends_hours_after_the_planned_end_or_an_earlier_close(closed_after, hours_after):
    starts = datetime(2026, 3, 10, 10, tzinfo=UTC)
    closed = None if closed_after is None else starts + timedelta(hours=closed_after)
    ends_at = agenda.reading_ends_at(starts_at=starts, minutes_long=120, closed_at=closed, hours=72)
    assert ends_at == starts + timedelta(hours=hours_after)


FULL = {"chair": True, "all_of": ["social_care", "police", "health"], "one_of": ["education", "specialist"]}


@pytest.mark.parametrize(
    ("sectors", "missing"),
    [
        (["chair", "social_care", "police", "health", "education"], ()),
        (["chair", "social_care", "police", "health", "specialist"], ()),
        (["social_care", "police", "health", "specialist"], ("the chair or a deputy of the chair",)),
        (["chair", "social_care", "police", "specialist"], ("health",)),
        (["chair", "social_care", "police", "health"], ("education or specialist exploitation service",)),
    ],
)
def test_quorum(sectors, missing):
    seats = [
        quorum.InTheRoom("partnership", chairs=True) if name == "chair" else quorum.InTheRoom(name) for name in sectors
    ]
    found = quorum.quorum_of(seats, FULL)
    assert (found.met, found.missing) == (not missing, missing)
    assert ("provisional" in found.follows) == bool(missing)
    assert all(service in found.follows for service in missing)


READY = decisions.ClosingFacts(assessed_on=ON - timedelta(days=28), running_actions=0, has_lead=True)


def check(**changes):
    decisions.check_decision(
        **{
            "code": DecisionCode.CONTINUE,
            "rationale": "The plan is working.",
            "next_review_on": ON + timedelta(days=28),
            "confirmed": (),
            "closing": READY,
            "on": ON,
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rationale": "ok"}, "rationale"),
        ({"next_review_on": None}, "next_review_on"),
        ({"next_review_on": ON}, "next_review_on"),
        ({"next_review_on": ON + timedelta(days=400)}, "next_review_on"),
        ({"code": DecisionCode.CLOSE}, "confirmed"),
        ({"code": DecisionCode.CLOSE, "confirmed": ClosingCheck.values[:2]}, "confirmed"),
        (
            {
                "code": DecisionCode.CLOSE,
                "confirmed": ClosingCheck.values,
                "closing": decisions.ClosingFacts(ON - timedelta(days=29), 0, True),
            },
            "code",
        ),
        (
            {
                "code": DecisionCode.CLOSE,
                "confirmed": ClosingCheck.values,
                "closing": decisions.ClosingFacts(ON, 1, True),
            },
            "code",
        ),
        (
            {
                "code": DecisionCode.CLOSE,
                "confirmed": ClosingCheck.values,
                "closing": decisions.ClosingFacts(ON, 0, False),
            },
            "code",
        ),
    ],
)
def test_a_decision_that_cannot_stand_says_what_is_missing(changes, field):
    with pytest.raises(PanelRefused) as refused:
        check(**changes)
    assert refused.value.field == field


def test_a_decision_that_stands():
    check()
    check(code=DecisionCode.CLOSE, confirmed=ClosingCheck.values, next_review_on=None)
    check(code=DecisionCode.DECLINE_ADVICE, next_review_on=None)


@pytest.mark.parametrize(
    ("level", "harm", "weeks"),
    [
        ("high", "suspected", 4),
        ("medium", "suspected", 6),
        ("low", "vulnerable", 12),
        ("low", "known", 4),
        ("not_assessed", "not_known", 4),
    ],
)
def test_how_soon_the_panel_looks_again(level, harm, weeks):
    assert decisions.review_on(level=level, harm_status=harm, on=ON) == ON + timedelta(weeks=weeks)


ALL = {category.value: Level.FULL for category in Category}
LISTED = agenda.listed_reason(agency="Hollybank School", why="seen with adults").as_plain()
MISSING = {"code": ReasonCode.MISSING, "category": "missing", "words": "3 missing episodes in 90 days", "facts": {}}


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (ALL, ["Listed by Hollybank School: seen with adults", "3 missing episodes in 90 days"]),
        ({**ALL, "missing": Level.NONE}, ["Listed by Hollybank School: seen with adults"]),
        ({**ALL, "missing": Level.EXISTENCE, "minutes": Level.SUMMARY}, ["Listed by an agency"]),
        ({**ALL, "missing": Level.OWN, "minutes": Level.NONE}, [seeing.PLAIN_REASON]),
    ],
)
def test_a_reason_is_told_by_the_category_it_comes_from(levels, expected):
    assert seeing.reasons_shown([LISTED, MISSING], levels) == expected


@pytest.mark.parametrize(
    ("minutes", "owner", "own_agency", "sees"),
    [
        (Level.FULL, False, False, True),
        (Level.SUMMARY, False, True, True),
        (Level.SUMMARY, False, False, False),
        (Level.EXISTENCE, False, True, False),
        (Level.NONE, False, True, False),
        (Level.NONE, True, True, True),
    ],
)
def test_whose_actions_are_seen(minutes, owner, own_agency, sees):
    assert seeing.sees_action(minutes, owner=owner, own_agency=own_agency) == sees


def test_every_decision_has_words_for_the_referrer_and_none_says_the_child_was_known():
    assert set(outcomes.TOLD) == set(DecisionCode)
    # What only a child who was known before can get is told as what a new child gets.
    assert outcomes.told_of("continue") == outcomes.told_of("accept")
    assert outcomes.told_of("step_down") == outcomes.told_of("accept")
    assert outcomes.told_of("close") == outcomes.told_of("decline_advice")


@pytest.mark.parametrize(
    ("states_of", "closed", "expected"),
    [
        ([], True, ""),
        (["decided"] * 3 + ["deferred"] * 103, True, "3 decided, 103 carried over to the next meeting"),
        (["deferred"], True, "None decided, 1 carried over to the next meeting"),
        (
            ["decided", "deferred", "listed"],
            True,
            "1 decided, 1 carried over to the next meeting, 1 still to be decided",
        ),
        (["decided", "decided"], True, "2 decided"),
        (["decided", "listed", "listed"], False, "1 of 3 decided"),
    ],
)
def test_carried_over_is_not_talked_about(states_of, closed, expected):
    assert progress.progress_words(states_of, closed=closed) == expected


def test_a_page_shows_what_comes_next_and_folds_the_rest():
    pairs = [("decided", 0), *(("listed", number) for number in range(1, 13)), ("deferred", 13)]
    split = progress.split_by_state(pairs)
    assert (split.to_discuss, split.more_to_discuss) == (list(range(1, 11)), [11, 12])
    assert (split.decided, split.carried_over) == ([0], [13])


@pytest.mark.parametrize(
    ("own", "for_all", "expected"),
    [
        ("", "No time was left.", "No time was left."),
        (" The worker was ill. ", "No time was left.", "The worker was ill."),
        ("The worker was ill.", "", "The worker was ill."),
    ],
)
def test_one_reason_carries_all_over_and_a_childs_own_comes_first(own, for_all, expected):
    assert progress.why_deferred(own=own, for_all=for_all, field="defer_1") == expected


@pytest.mark.parametrize(
    ("own", "for_all", "field"), [("", "", "why"), ("", "no", "why"), ("ill", "No time.", "defer_1")]
)
def test_nobody_is_carried_over_without_a_reason(own, for_all, field):
    with pytest.raises(PanelRefused) as refused:
        progress.why_deferred(own=own, for_all=for_all, field="defer_1")
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("code", "level", "level_after", "expected"),
    [
        ("step_down", "high", "high", "“Step down”, although the level on the file is High"),
        ("close", "high", "low", "“Close at the panel”, although the level on the file is High"),
        ("step_down", "medium", "high", "“Step down”, although the panel's own view of the level is High"),
        ("step_down", "medium", "low", ""),
        ("continue", "high", "high", ""),
        ("step_up", "high", "high", ""),
        ("", "high", "high", ""),
    ],
)
def test_doing_less_at_a_high_level_asks_for_a_second_look(code, level, level_after, expected):
    assert decisions.contradiction(code=code, level=level, level_after=level_after) == expected


@pytest.mark.parametrize(
    ("due_on", "refused"),
    [
        (ON - timedelta(days=1), True),
        (ON, False),
        (ON + timedelta(days=366), False),
        (ON + timedelta(days=367), True),
        (None, True),
    ],
)
def test_an_action_is_due_from_today_to_a_year_ahead(due_on, refused):
    if not refused:
        decisions.check_action(text="Ring the school", due_on=due_on, has_owner=True, on=ON)
        return
    with pytest.raises(PanelRefused) as found:
        decisions.check_action(text="Ring the school", due_on=due_on, has_owner=True, on=ON)
    assert found.value.field == "due_on"


@pytest.mark.parametrize(
    ("at", "publishing", "opening"),
    [
        (datetime(2026, 3, 9, 23, 59, tzinfo=LONDON), True, True),
        (datetime(2026, 3, 10, 0, 1, tzinfo=LONDON), False, True),
        (datetime(2026, 3, 23, 23, 59, tzinfo=LONDON), False, True),
        (datetime(2026, 3, 24, 0, 1, tzinfo=LONDON), False, False),
        (datetime(2026, 3, 25, 9, tzinfo=LONDON), False, False),
    ],
)
def test_what_is_done_long_before_a_meeting_is_asked_about_once_more(at, publishing, opening):
    starts_at = datetime(2026, 3, 24, 10, tzinfo=LONDON)
    assert agenda.asks_before_publishing(starts_at, at=at) == publishing
    assert agenda.asks_before_opening(starts_at, at=at) == opening


MATRIX = Matrix(
    1,
    {
        "housing": {"minutes": Cell.PANEL, "intelligence": Cell.OWN, "health_sensitive": Cell.NONE},
        "police_exploitation": {"minutes": Cell.FULL, "intelligence": Cell.FULL, "health_sensitive": Cell.NONE},
        "police_missing": {"minutes": Cell.SUMMARY, "intelligence": Cell.SUMMARY},
        "return_interviewer": {"minutes": Cell.NONE},
    },
)
SEATED = [
    ("Housing", "housing"),
    ("Police", "police_missing"),
    ("Police", "police_exploitation"),
    ("Missing team", "police_missing"),
    ("Interviews", "return_interviewer"),
]


@pytest.mark.parametrize(
    ("minutes", "until"),
    [
        (Level.FULL, {("published", "listed"), ("open", "listed")}),
        (Level.SUMMARY, {("published", "listed"), ("open", "listed")}),
        (Level.EXISTENCE, {("published", "listed")}),
        (Level.OWN, {("published", "listed")}),
        (Level.NONE, {("published", "listed")}),
    ],
)
def test_until_when_a_meeting_takes_updates(minutes, until):
    taken = {
        (meeting, item)
        for meeting in MeetingState.values
        for item in ItemState.values
        if seeing.takes_updates(meeting, item, minutes=minutes)
    }
    assert taken == until


@pytest.mark.parametrize(
    ("minutes", "level", "may"),
    [
        (Cell.FULL, Cell.FULL, True),
        (Cell.PANEL, Cell.FULL, True),
        (Cell.SUMMARY, Cell.FULL, False),
        (Cell.NONE, Cell.FULL, False),
        (Cell.OWN, Cell.FULL, False),
        (Cell.FULL, Cell.SUMMARY, False),
        (Cell.FULL, Cell.EXISTENCE, False),
        (Cell.FULL, Cell.NONE, False),
    ],
)
def test_a_chair_reads_minutes_and_levels_in_full(minutes, level, may):
    assert seeing.may_chair("housing", Matrix(1, {"housing": {"minutes": minutes, "level": level}})) is may


def test_who_may_chair_by_the_shipped_matrix():
    shipped = read_matrix(next(seed.body for seed in seeds() if seed.kind == "access_matrix"))
    assert {role for role in shipped.cells if seeing.may_chair(role, shipped)} == {
        "csc_social_worker", "csc_manager", "police_exploitation", "specialist_keyworker", "specialist_manager",
        "panel_chair", "coordinator",
    }  # fmt: skip


def test_who_of_a_panel_reads_reasons():
    assert seeing.readers_of_reasons(SEATED, MATRIX) == {
        Level.FULL: ["Housing", "Police"],
        Level.SUMMARY: ["Missing team"],
    }


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ((), {}),
        (("missing", "minutes"), {}),
        (("intelligence",), {"intelligence": ["Housing"]}),
        (
            ("health_sensitive", "intelligence"),
            {"intelligence": ["Housing"], "health_sensitive": ["Housing", "Police"]},
        ),
    ],
)
def test_what_a_page_shows_and_readers_of_reasons_may_not_read(shown, expected):
    assert seeing.kept_from_readers(shown, SEATED, MATRIX) == expected
