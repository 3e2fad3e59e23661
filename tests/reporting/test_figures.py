"""Figures from counts, the definitions behind them, and what stands in a snapshot.

Seen to fail: a percentage of fewer than ten.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.definitions import Seed, seeds
from reporting.checks import faults_of, measures_hold_together
from reporting.measures import (
    BEFORE,
    ELIGIBLE,
    THIS,
    TOTAL,
    Hidden,
    InvalidMeasure,
    Measure,
    Shape,
    change,
    figures_of,
    percentage,
    read_measure,
)
from reporting.presenters.report import report_of
from reporting.rules.periods import Period
from reporting.rules.snapshots import InForce, change_note, digest_of, snapshot_of
from reporting.selectors import COUNTED

SMALL, WITHHELD = Hidden.SMALL, Hidden.WITHHELD
SEEDS = [seed for seed in seeds() if seed.kind == "measure"]
PERIOD = Period(date(2026, 1, 1), date(2026, 3, 31))
AS_AT = datetime(2026, 4, 2, 9, tzinfo=UTC)
RATIO = """
key = "visits"
version = 1
title = "Visits in time"
shape = "ratio"
unit = "visits"
owner = "A test"
effective_on = 2020-01-01
source = "A test"
question = "Are visits made in time?"
numerator = "Visits made within three days."
denominator = "Visits made, and visits due."
rows = [{code = "within", label = "In time"}, {code = "late", label = "Late"}, {code = "not_held", label = "Not made"}]
aside = [{code = "open", label = "Still open"}]
sums = {completed = "Made", eligible = "Due"}
within_hours = 72
"""
visits = read_measure(RATIO)


def ratio_counts(within: int, late: int, not_held: int, still_open: int = 0) -> dict[str, int]:
    return {"within": within, "late": late, "not_held": not_held, "open": still_open}


def snapshot(measure: Measure, this: dict[str, int], before: dict[str, int]) -> dict:
    figures = figures_of([(measure, {THIS: this, BEFORE: before})])
    return snapshot_of(
        period=PERIOD, as_at=AS_AT, partnership="Northmere", found=[InForce(measure, "0" * 64)], figures=figures
    )


@pytest.mark.parametrize(
    ("part", "whole", "share"),
    [(5, 10, 50), (0, 10, 0), (1, 200, 1), (1, 8, None), (5, 9, None), (SMALL, 30, None), (7, WITHHELD, None),
     (10, 10, 100), (0, 0, None), (15, 40, 38)],
)  # fmt: skip
def test_a_percentage_needs_ten_and_both_numbers(part, whole, share):
    assert percentage(part, whole) == share


def test_a_change_needs_both_numbers():
    assert (change(12, 7), change(7, 12), change(SMALL, 7), change(7, WITHHELD)) == (5, -5, None, None)


def test_an_open_episode_stands_outside_every_denominator():
    (figure,) = figures_of([(visits, {THIS: ratio_counts(20, 10, 6, 9), BEFORE: ratio_counts(0, 0, 0)})])
    assert {line.code: line.this for line in figure.lines} == {
        "within": 20, "late": 10, "not_held": 6, "completed": 30, ELIGIBLE: 36, "open": 9
    }  # fmt: skip


def test_a_ratio_says_both_shares_with_their_numbers():
    report = report_of(snapshot(visits, ratio_counts(20, 10, 6), ratio_counts(8, 2, 20)))
    (measure,) = report["measures"]
    assert measure["shares"] == [
        "Of the visits completed: 20 of 30 (67%). Period before: a withheld number of 10.",
        "Of the visits due: 20 of 36 (56%). Period before: a withheld number of 30.",
    ]
    assert report["headlines"] == [
        "Visits in time: 20 of 30 (67%) of those completed, and 20 of 36 (56%) of all that were due."
    ]


def test_a_ratio_of_nothing_says_so():
    report = report_of(snapshot(visits, ratio_counts(0, 0, 0), ratio_counts(20, 10, 6)))
    assert report["headlines"] == ["Visits in time: none was due in the period."]
    assert report["measures"][0]["shares"][1] == "Of the visits due: none. Period before: 20 of 36 (56%)."


def test_counts_that_do_not_fit_the_definition_are_an_error():
    with pytest.raises(ValueError, match="visits counts"):
        figures_of([(visits, {THIS: {"within": 1}, BEFORE: {"within": 1}})])


@settings(max_examples=100, derandomize=True)
@given(st.lists(st.integers(0, 12), min_size=8, max_size=8))
def test_what_a_report_says_holds_no_small_number(numbers):
    """Every number printed anywhere: in a table, a chart, a sentence or a description."""
    this, before = ratio_counts(*numbers[:4]), ratio_counts(*numbers[4:])
    taken = snapshot(visits, this, before)
    shown = [line[window] for table in taken["measures"] for line in table["lines"] for window in (THIS, BEFORE)]
    assert not [value for value in shown if value in (1, 2, 3, 4)]

    (measure,) = report_of(taken)["measures"]
    printed = [cell["text"] for row in measure["rows"] for cell in row[1:]]
    assert not [text for text in printed if text in ("1", "2", "3", "4")]
    assert [row["words"] for row in measure["chart"]["rows"] if not row["parts"]] == [
        "Not drawn: a number is too small to show" if any(isinstance(value, str) for value in parts) else "None"
        for parts in ([line[window] for line in taken["measures"][0]["lines"][:3]] for window in (THIS, BEFORE))
        if any(isinstance(value, str) for value in parts) or not sum(parts)
    ]


# Definitions.


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"{seed.key} v{seed.version}")
def test_each_measure_file_says_everything(seed):
    measure = read_measure(seed.body)
    assert measure.question.endswith("?")
    assert measure.notes
    assert faults_of(seed) == []


def test_the_files_are_those_that_are_counted():
    assert {seed.key for seed in SEEDS} == set(COUNTED)
    assert {read_measure(seed.body).shape for seed in SEEDS} == set(Shape)
    assert measures_hold_together(None) == []


def test_the_check_sees_a_code_too_few_and_one_too_many():
    body = next(seed.body for seed in SEEDS if seed.key == "open_by_level").replace('code = "low"', 'code = "lowish"')
    seed = Seed("measure", "open_by_level", 1, date(2020, 1, 1), "x", body)
    assert faults_of(seed) == [
        "the system counts 'low', and the file does not name it",
        "it names 'lowish', which the system does not count",
    ]


def test_the_check_sees_a_file_that_nothing_counts_and_a_count_without_a_file(monkeypatch):
    assert faults_of(Seed("measure", "visits", 1, date(2020, 1, 1), "x", RATIO)) == ["nothing in the system counts it"]
    monkeypatch.setattr("reporting.checks.seeds", lambda: [seed for seed in SEEDS if seed.key != SEEDS[0].key])
    (error,) = measures_hold_together(None)
    assert (error.id, SEEDS[0].key in error.msg) == ("reporting.E002", True)


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('question = "Are visits made in time?"', 'question = " "', "'question' is missing"),
        ('shape = "ratio"', 'shape = "pie"', "'shape' must be"),
        ("version = 1", "version = 2", "says in 'changed'"),
        ('code = "late"', 'code = "within"', "stand twice"),
        ('code = "late"', 'code = "completed"', "the code of a sum"),
        (', {code = "not_held", label = "Not made"}', "", "three rows"),
        ('{completed = "Made", eligible = "Due"}', '{total = "All"}', "'sums' must name"),
        ("version = 1", "version = ", "not TOML"),
        ('label = "Late"', 'name = "Late"', "needs a code and a label"),
    ],
)
def test_a_damaged_definition_says_what_is_wrong(was, becomes, said):
    assert was in RATIO
    with pytest.raises(InvalidMeasure, match=said):
        read_measure(RATIO.replace(was, becomes))


def test_a_definition_that_changed_between_the_periods_is_said():
    second = replace(visits, version=2, changed="Telephone calls count since 1 March 2026.")
    note = change_note(InForce(second, "0" * 64, earlier=visits))
    assert note == (
        "The definition changed between the two periods, from version 1 to version 2. Telephone calls count since "
        "1 March 2026. Both periods are counted here by version 2, so the period before can differ from an earlier "
        "report."
    )
    assert change_note(InForce(visits, "0" * 64)) == ""


def test_the_digest_is_that_of_what_is_said():
    one = snapshot(visits, ratio_counts(20, 10, 6), ratio_counts(0, 0, 0))
    other = snapshot(visits, ratio_counts(20, 10, 7), ratio_counts(0, 0, 0))
    assert digest_of(one) == digest_of(dict(reversed(one.items())))
    assert digest_of(one) != digest_of(other)


def test_the_total_of_a_breakdown_is_its_own_line():
    measure = next(read_measure(seed.body) for seed in SEEDS if seed.key == "open_by_level")
    counts = dict.fromkeys([row.code for row in measure.rows], 10)
    (figure,) = figures_of([(measure, {THIS: counts, BEFORE: counts})])
    assert (figure.line(TOTAL).this, figure.line(TOTAL).is_sum) == (50, True)
