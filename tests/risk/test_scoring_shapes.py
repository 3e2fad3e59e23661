"""The seven shapes: what each set of answers counts and the band it reaches."""

from __future__ import annotations

import pytest

from risk.scoring import Answer, load_tool
from tests.risk.scoring_tools import (
    count_file,
    preset_file,
    scored,
    ticks,
    tier_file,
    tool_of,
)


@pytest.mark.parametrize(
    ("number", "band"),
    [(0, "none"), (1, "low"), (4, "low"), (5, "medium"), (8, "medium"), (9, "high")],
)
def test_indicators_are_counted_into_bands(number: int, band: str) -> None:
    codes = " ".join(f"A{n}" for n in range(1, number + 1))
    result = scored(tool_of("indicator_count"), ticks(yes=codes))
    assert (result.total, result.band.key, result.band_counted.key) == (number, band, band)


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        (ticks(no="A1 A2"), 0),
        (ticks(yes="A1", possible="A2"), 2),
        (ticks(yes="V1 V2"), 0),
        (ticks(yes="A1 V1"), 1),
    ],
    ids=["no", "possible counts the same", "vulnerabilities do not count", "only the indicator"],
)
def test_what_an_indicator_count_counts(answers: dict[str, Answer], total: int) -> None:
    assert scored(tool_of("indicator_count"), answers).total == total


def test_a_tool_may_record_possible_without_counting_it() -> None:
    tool = load_tool(count_file(possible="not_counted"))
    result = scored(tool, ticks(yes="A1", possible="A2"))
    assert (result.total, result.counted_codes) == (1, ("A1",))
    assert "does not count it" in result.lines[1].because


NOW, EARLIER = ("now",), ("earlier",)


@pytest.mark.parametrize(
    ("vulnerabilities", "windows", "total", "band"),
    [
        ("", [], 0, "none"),
        ("V1", [], 1, "low"),
        ("", [EARLIER], 1, "low"),
        ("", [NOW], 5, "low"),
        ("", [NOW + EARLIER], 6, "medium"),
        ("V1 V2 V3 V4", [NOW + EARLIER], 10, "medium"),
        ("V1 V2 V3 V4 V5", [NOW + EARLIER], 11, "high"),
        ("V1", [NOW, NOW, NOW], 16, "high"),
    ],
)
def test_each_window_ticked_counts_its_weight(
    vulnerabilities: str, windows: list[tuple[str, ...]], total: int, band: str
) -> None:
    answers = ticks(yes=vulnerabilities)
    for number, ticked in enumerate(windows, start=1):
        answers[f"S{number}"] = Answer("yes", windows=ticked)
    result = scored(tool_of("weighted_windows"), answers)
    assert (result.total, result.band.key) == (total, band)


def test_a_line_names_the_windows_and_their_weights() -> None:
    answers = {"S1": Answer("yes", windows=("earlier", "now"))}
    (line,) = scored(tool_of("weighted_windows"), answers).lines
    assert line.windows == ("Now", "Earlier")
    assert line.because == "Now counts 5 and earlier counts 1."


@pytest.mark.parametrize(
    ("yes", "band", "rule"),
    [
        ("", "none", "Nothing reaches a level: None."),
        ("L1", "low", "1 at Low or above is Low (1 or more)."),
        ("L1 L2", "low", "2 at Low or above is Low (1 or more)."),
        ("L1 M1", "medium", "1 at Medium or above is Medium (1 or more)."),
        ("M1", "medium", "1 at Medium or above is Medium (1 or more)."),
        ("L1 M1 H1", "high", "1 at High or above is High (1 or more)."),
        ("H2", "high", "1 at High or above is High (1 or more)."),
    ],
)
def test_one_behaviour_reaches_its_tier(yes: str, band: str, rule: str) -> None:
    result = scored(tool_of("tier_gate"), ticks(yes=yes))
    assert (result.band.key, result.band_rule) == (band, rule)
    assert result.total == len(yes.split())


def test_a_possible_behaviour_reaches_the_same_tier_where_the_tool_says_so() -> None:
    assert scored(load_tool(tier_file("same")), ticks(possible="H1")).band.key == "high"
    assert scored(load_tool(tier_file("not_counted")), ticks(possible="H1")).band.key == "none"


@pytest.mark.parametrize(
    ("yes", "possible", "band"),
    [
        ("", "", "none"),
        ("L1", "", "low"),
        ("L1 L2 L3", "", "low"),
        ("L1 L2 L3 L4", "", "medium"),
        ("M1", "", "medium"),
        ("M1 M2", "", "medium"),
        ("M1 M2 M3", "", "high"),
        ("H1", "", "high"),
        ("", "L1", "low"),
        ("", "M1", "low"),
        ("", "H1", "medium"),
        ("M1 M2", "H1", "high"),
    ],
)
def test_preset_levels_are_counted_and_possible_counts_one_lower(yes: str, possible: str, band: str) -> None:
    assert scored(tool_of("preset_levels"), ticks(yes=yes, possible=possible)).band.key == band


def test_possible_counts_at_its_own_level_where_the_tool_says_same() -> None:
    assert scored(load_tool(preset_file("same")), ticks(possible="H1")).band.key == "high"


@pytest.mark.parametrize(
    ("levels", "total", "band"),
    [
        ({}, 0, "none"),
        ({"A1": "nothing", "B1": "nothing"}, 0, "none"),
        ({"A1": "low"}, 1, "low"),
        ({"A1": "low", "A2": "low"}, 1, "low"),
        ({"A1": "low", "B1": "low"}, 2, "low"),
        ({"A1": "low", "B1": "low", "C1": "low"}, 3, "medium"),
        ({"A1": "medium"}, 1, "medium"),
        ({"A1": "medium", "A2": "high"}, 1, "medium"),
        ({"A1": "low", "B1": "low", "C1": "medium"}, 3, "medium"),
        ({"A1": "medium", "A2": "medium", "B1": "medium"}, 2, "medium"),
        ({"A1": "medium", "B1": "medium", "C1": "medium"}, 3, "high"),
        ({"A1": "medium", "B1": "medium", "C1": "high"}, 3, "high"),
        ({"D1": "high", "B1": "low"}, 2, "medium"),
        ({"D1": "high", "B1": "high"}, 2, "high"),
        ({"V1": "yes"}, 0, "none"),
        ({"A1": "low", "B1": "low", "V1": "yes"}, 2, "low"),
    ],
)
def test_sections_are_counted_at_their_highest_level(levels: dict[str, str], total: int, band: str) -> None:
    answers = {code: Answer(level) for code, level in levels.items()}
    result = scored(tool_of("section_levels"), answers)
    assert (result.total, result.band.key) == (total, band)


def test_the_item_that_does_not_set_its_section_says_why_it_does_not_count() -> None:
    answers = {"A1": Answer("low"), "A2": Answer("high")}
    first, second = scored(tool_of("section_levels"), answers).lines
    assert (first.counted, second.counted) == (0, 1)
    assert first.because == ("Another answer in this section is as high or higher, and sections are counted.")
    assert second.because == "The section is at High."


@pytest.mark.parametrize(
    ("points", "band"),
    [
        ((0, 0, 0, 0), "none"),
        ((1, 0, 0, 0), "low"),
        ((3, 1, 0, 0), "low"),
        ((3, 2, 0, 0), "medium"),
        ((3, 3, 2, 0), "medium"),
        ((3, 3, 3, 0), "high"),
        ((3, 3, 3, 3), "high"),
    ],
)
def test_points_on_a_scale_are_added(points: tuple[int, ...], band: str) -> None:
    answers = {f"E{n}": Answer(str(p), evidence="Seen by school on 3 March") for n, p in enumerate(points, start=1)}
    result = scored(tool_of("evidenced_scale"), answers)
    assert (result.total, result.band.key) == (sum(points), band)
    assert [line.counted for line in result.lines] == list(points)


@pytest.mark.parametrize(
    ("points", "judged", "total", "band"),
    [
        ((0, 0, 0), 0, 0, "none"),
        ((2, 1, 1), 0, 4, "low"),
        ((2, 1, 1), 1, 5, "medium"),
        ((3, 2, 1), 1, 7, "medium"),
        ((3, 2, 1), 2, 8, "high"),
    ],
)
def test_judgement_is_added_to_the_score_and_shown_apart(
    points: tuple[int, ...], judged: int, total: int, band: str
) -> None:
    answers = {f"M{n}": Answer(str(p)) for n, p in enumerate(points, start=1)}
    answers["JUDGED"] = Answer(str(judged), evidence="Her sister was exploited by the same man")
    result = scored(tool_of("score_and_judgement"), answers)
    assert (result.total, result.band.key) == (total, band)
    assert result.lines[-1].kind == "judgement"
    if judged:
        assert result.lines[-1].because == f"Professional judgement, {judged} of 2 at most."
