"""What is wrong with a set of answers, in words for the person filling in the form."""

from __future__ import annotations

from typing import Any

import pytest

from risk.scoring import Answer, InvalidAnswers, check_answers
from tests.risk.scoring_tools import ALL_FILES, scored, ticks, tool_of

HOSTILE = [
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "yes\x00",
    "YES",
    " yes",
    "",
    "٣",
    "-1",
    "1e9",
    "yes" * 10_000,
    "\u202eyes",
    "{{ tool }}",
]


@pytest.mark.parametrize("shape", ALL_FILES)
@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_the_item_does_not_offer_is_refused_and_not_repeated(shape: str, value: str) -> None:
    tool = tool_of(shape)
    item = next(iter(tool.items.values()))
    (problem,) = check_answers(tool, {item.code: Answer(value)})
    assert (problem.code, problem.field) == (item.code, "value")
    choices = ", ".join(option.label for option in item.options)
    assert problem.message == f"Choose one of these answers: {choices} ({item.label})"
    with pytest.raises(InvalidAnswers):
        scored(tool, {item.code: Answer(value)})


@pytest.mark.parametrize("answer", [None, "yes", 1, Answer(None), Answer(1), Answer(["yes"])])  # type: ignore[arg-type]
def test_what_is_no_answer_at_all_is_a_problem_and_not_an_error(answer: Any) -> None:
    (problem,) = check_answers(tool_of("indicator_count"), {"A1": answer})
    assert problem.message == "Choose one of these answers: Yes, Possible, No (Item A1)"


@pytest.mark.parametrize("code", ["ZZ", "a1", "<b>", "", "A1 "])
def test_an_item_the_tool_does_not_have_is_refused_and_not_repeated(code: str) -> None:
    (problem,) = check_answers(tool_of("indicator_count"), {code: Answer("yes")})
    assert problem.code == ""
    assert problem.message == "Small tool does not ask about something that was answered"


def test_a_tool_may_be_completed_in_part() -> None:
    assert check_answers(tool_of("indicator_count"), {}) == []
    assert check_answers(tool_of("evidenced_scale"), {}) == []


@pytest.mark.parametrize(
    ("answer", "field", "message"),
    [
        (Answer("yes"), "windows", "Say when this was seen: now or earlier (Item S1)"),
        (Answer("yes", windows=("soon",)), "windows", "Choose only from the times listed (Item S1)"),
        (
            Answer("no", windows=("now",)),
            "windows",
            "Either change the answer or clear the times ticked under it (Item S1)",
        ),
        (Answer("yes", windows="now"), "windows", "Choose only from the times listed (Item S1)"),  # type: ignore[arg-type]
        (
            Answer("yes", windows=("now",), parts=("X",)),
            "parts",
            "Choose only from the details listed (Item S1)",
        ),
    ],
)
def test_times_must_be_given_and_fit(answer: Answer, field: str, message: str) -> None:
    (problem,) = [
        problem for problem in check_answers(tool_of("weighted_windows"), {"S1": answer}) if problem.field == field
    ][:1]
    assert (problem.code, problem.message) == ("S1", message)


def test_an_item_with_one_window_needs_no_tick_for_it() -> None:
    tool = tool_of("weighted_windows")
    assert check_answers(tool, ticks(yes="V1")) == []
    assert scored(tool, ticks(yes="V1")).total == 1


def test_a_window_ticked_twice_counts_once() -> None:
    answers = {"S1": Answer("yes", windows=("now", "now"))}
    assert scored(tool_of("weighted_windows"), answers).total == 5


def test_details_must_be_those_of_the_item() -> None:
    tool = tool_of("indicator_count")
    assert check_answers(tool, {"V4": Answer("yes", parts=("V4A",))}) == []
    wrong = [Answer("yes", parts=("V9Z",)), Answer("no", parts=("V4A",))]
    assert [len(check_answers(tool, {"V4": answer})) for answer in wrong] == [1, 1]


@pytest.mark.parametrize("evidence", ["", "   ", "\n\t", "\u200b", "...", "—"])
def test_evidence_asked_for_must_hold_words(evidence: str) -> None:
    (problem,) = check_answers(tool_of("evidenced_scale"), {"E1": Answer("1", evidence=evidence)})
    assert problem.field == "evidence"
    assert problem.message == "Say what was seen or heard, by whom and when (Item E1)"


def test_evidence_is_not_asked_for_where_nothing_was_seen() -> None:
    assert check_answers(tool_of("evidenced_scale"), {"E1": Answer("0")}) == []


def test_judgement_points_need_a_reason() -> None:
    tool = tool_of("score_and_judgement")
    (problem,) = check_answers(tool, {"JUDGED": Answer("2")})
    assert (problem.code, problem.field) == ("JUDGED", "evidence")
    (problem,) = check_answers(tool, {"JUDGED": Answer("3", evidence="Because")})
    assert (problem.code, problem.field) == ("JUDGED", "value")


@pytest.mark.parametrize(
    ("evidence", "message"),
    [
        ("a" * 5001, "Shorten the evidence to 5,000 characters or fewer (Item A1)"),
        ("a\x00b", "The evidence holds characters that cannot be kept: type it again (Item A1)"),
        (7, "The evidence holds characters that cannot be kept: type it again (Item A1)"),
    ],
)
def test_evidence_that_cannot_be_kept_is_refused(evidence: Any, message: str) -> None:
    answers = {"A1": Answer("yes", evidence=evidence)}
    assert [p.message for p in check_answers(tool_of("indicator_count"), answers)] == [message]


def test_evidence_of_the_longest_length_is_kept() -> None:
    answers = {"A1": Answer("yes", evidence="é" * 5000)}
    assert check_answers(tool_of("indicator_count"), answers) == []


def test_every_problem_is_listed_in_the_order_of_the_form() -> None:
    answers = {"ZZ": Answer("yes"), "A9": Answer("maybe"), "A1": Answer("maybe")}
    with pytest.raises(InvalidAnswers) as refused:
        scored(tool_of("indicator_count"), answers)
    assert [problem.code for problem in refused.value.problems] == ["A1", "A9", ""]
