"""What a result says, what is kept of it, and what a reader with less access is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from risk.scoring import (
    Answer,
    HarmStatus,
    Result,
    Tool,
    hide_categories,
    load_tool,
    result_from_dict,
)
from tests.risk.scoring_tools import count_file, scored, ticks, tool_of


@pytest.fixture(scope="module")
def tool() -> Tool:
    return tool_of("indicator_count")


@pytest.fixture
def result(tool: Tool) -> Result:
    answers = ticks(yes="V4 R1 A2", possible="A1", no="A3")
    return scored(tool, answers | {"V4": Answer("yes", parts=("V4A",))}, age=12)


def test_a_result_explains_every_step_in_order(result: Result) -> None:
    assert result.explain() == (
        "Small tool, version 1.",
        "A1 Item A1: Possible. Counts 1. One indicator. Total so far 1.",
        "A2 Item A2: Yes. Counts 1. One indicator. Total so far 2.",
        "R1 Item R1: Yes. Counts 1. One indicator. Total so far 3.",
        "Total: 3.",
        "A total of 3 is Low (1 to 4).",
        "One red indicator is enough. (R1) Raised from Low to High.",
        "Never low under 13. The level was already as high.",
        "Level: High.",
        "A3 Item A3: No. Counts nothing. This answer adds nothing.",
        "V4 Item V4: Yes (Detail A). Counts nothing. Recorded beside the score: this section is not part of it.",
        "Not answered, so not counted: 11 items.",
        "What High means",
        "A partial picture",
    )


@pytest.mark.parametrize(("yes", "said"), [("", True), ("A1", True), ("A1 A2 A3 A4", True), ("A1 A2 A3 A4 A5", False)])
def test_low_and_nothing_ticked_always_say_low_is_not_no_action(tool: Tool, yes: str, said: bool) -> None:
    result = scored(tool, ticks(yes=yes))
    assert (tool.low_is_not_no_action in result.advice) is said
    assert (tool.low_is_not_no_action in result.explain()) is said


def test_nothing_ticked_does_not_claim_that_the_child_is_safe(tool: Tool) -> None:
    words = "Nothing counted. This says what was ticked, not that the child is safe."
    assert words in scored(tool, {}).advice
    assert words not in scored(tool, ticks(yes="A1")).advice


def test_the_limits_of_a_score_are_said_with_every_result(tool: Tool) -> None:
    for yes in ("", "A1", "R1"):
        assert scored(tool, ticks(yes=yes)).advice[-1] == tool.limits


@pytest.mark.parametrize(("yes", "days"), [("", 60), ("A1", 42), ("A1 A2 A3 A4 A5", 42), ("R1", 28)])
def test_the_next_review_comes_from_the_band_that_stands(tool: Tool, yes: str, days: int) -> None:
    assert scored(tool, ticks(yes=yes)).next_review_days == days


def test_unanswered_items_are_listed_in_the_order_of_the_form(tool: Tool) -> None:
    answers = ticks(yes="V1 A1 A2 A3 A4 A5 A6 A7", no="R1")
    assert scored(tool, answers).unanswered == ("A8", "A9", "H1", "V2", "V3", "V4", "V5")


def test_a_result_comes_back_as_it_was_stored(result: Result) -> None:
    stored = json.dumps(result.as_dict())
    assert result_from_dict(json.loads(stored)) == result
    assert json.loads(stored)["harm_status"] == "suspected"


def test_a_result_without_harm_status_comes_back(tool: Tool) -> None:
    result = scored(tool, {}, harm_status=None)
    assert result_from_dict(json.loads(json.dumps(result.as_dict()))) == result


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"harm_status": "fine"},
        {"lines": [{"code": "A1"}]},
        {"lines": "A1"},
        {"band": None},
        {"extra": 1},
    ],
)
def test_what_is_not_a_stored_result_is_refused(result: Result, change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a stored risk result"):
        result_from_dict(result.as_dict() | change)


@pytest.mark.parametrize("key", ["format", "total", "band", "lines"])
def test_a_stored_result_with_a_part_missing_is_refused(result: Result, key: str) -> None:
    stored = result.as_dict()
    del stored[key]
    with pytest.raises(ValueError, match="not a stored risk result"):
        result_from_dict(stored)


def test_a_private_item_leaves_no_trace_for_a_reader_who_may_not_see_it(tool: Tool) -> None:
    answered = scored(tool, ticks(yes="A1 V1 V2 V5"))
    never = scored(tool, ticks(yes="A1 V1 V2"))
    assert [prompt.code for prompt in answered.prompts] == ["SEVERAL"]
    hidden = {"orientation"}
    assert hide_categories(tool, answered, hidden) == hide_categories(tool, never, hidden)
    assert hide_categories(tool, answered, set()) == answered


def test_a_prompt_still_met_without_the_private_item_stays(tool: Tool) -> None:
    shown = hide_categories(tool, scored(tool, ticks(yes="V1 V2 V3 V5")), {"orientation"})
    assert [(p.code, p.codes) for p in shown.prompts] == [("SEVERAL", ("V1", "V2", "V3"))]


def test_a_whole_kind_can_be_hidden_and_a_raise_keeps_its_effect_without_its_reason() -> None:
    floor = (
        '[[floors]]\ncode = "TICKED"\nwords = "Item V1 is ticked."\nat_least = "medium"\n'
        'when = { anything_counted = true, any_of = ["V1"] }\n'
    )
    tool = load_tool(count_file() + floor)
    shown = hide_categories(tool, scored(tool, ticks(yes="A1 V1")), {"vulnerability"})
    (applied,) = shown.floors_applied
    assert (shown.band.key, applied.raised_to, applied.codes) == ("medium", "Medium", ())
    assert not [text for text in shown.explain() if "V1" in text]


def test_hiding_what_counts_is_refused() -> None:
    tool = tool_of("weighted_windows")
    result = scored(tool, ticks(yes="V1"))
    with pytest.raises(ValueError, match="show the level alone"):
        hide_categories(tool, result, {"vulnerability"})


def test_a_result_cannot_be_changed(result: Result) -> None:
    with pytest.raises(AttributeError):
        result.total = 0  # type: ignore[misc]


def test_harm_status_is_kept_apart_from_the_band(tool: Tool) -> None:
    one = scored(tool, ticks(yes="A1"), harm_status=HarmStatus.VULNERABLE)
    other = scored(tool, ticks(yes="A1"), harm_status=HarmStatus.SUSPECTED)
    assert one.band == other.band
    assert one.harm_status != other.harm_status
