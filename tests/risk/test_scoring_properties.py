"""What must hold of every tool and every set of answers, tried on many drawn at random."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.scoring import Answer, HarmStatus, Item, Result, Tool, load_tool, result_from_dict, score
from tests.risk.scoring_tools import ALL_FILES, tool_of

DEFINITIONS = Path(__file__).parents[2] / "risk" / "definitions"
TOOLS = {shape: tool_of(shape) for shape in ALL_FILES} | {
    path.stem: load_tool(path.read_text()) for path in sorted(DEFINITIONS.glob("*.toml"))
}
every_tool = pytest.mark.parametrize("name", TOOLS)
few = settings(max_examples=20, derandomize=True)

ages = st.none() | st.integers(0, 19)
statuses = st.none() | st.sampled_from(HarmStatus)


def answer_to(item: Item) -> st.SearchStrategy[Answer]:
    """Any answer that fits the item."""

    def complete(value: str, windows: list[str], parts: list[str]) -> Answer:
        option = item.option(value)
        if option is None or not option.present:
            return Answer(value)
        return Answer(value, tuple(windows), tuple(parts), "Seen by school on 3 March")

    windows = st.lists(st.sampled_from([w.code for w in item.windows]), min_size=1, unique=True)
    parts = st.lists(st.sampled_from([p.code for p in item.parts]), unique=True)
    return st.builds(
        complete,
        st.sampled_from([option.value for option in item.options]),
        windows if item.windows else st.just([]),
        parts if item.parts else st.just([]),
    )


def answers_to(tool: Tool) -> st.SearchStrategy[dict[str, Answer]]:
    """Any set of answers, complete or not."""
    return st.fixed_dictionaries({}, optional={code: answer_to(item) for code, item in tool.items.items()})


def place(tool: Tool, result: Result) -> int:
    return [band.key for band in tool.bands].index(result.band.key)


def result_of(tool: Tool, answers: dict[str, Answer], data: st.DataObject) -> Result:
    return score(
        tool,
        answers,
        age=data.draw(ages),
        harm_status=data.draw(statuses),
        facts=data.draw(st.sets(st.sampled_from(sorted(tool.facts)))) if tool.facts else (),
    )


@every_tool
@few
@given(data=st.data())
def test_the_total_is_the_sum_of_the_lines(name: str, data: st.DataObject) -> None:
    tool = TOOLS[name]
    result = result_of(tool, data.draw(answers_to(tool)), data)
    assert result.total == sum(line.counted for line in result.lines)
    so_far = 0
    for line in result.lines:
        so_far += line.counted
        assert line.running_total == so_far
    assert result.counted_codes == tuple(line.code for line in result.lines if line.counted)


@every_tool
@few
@given(data=st.data())
def test_adding_what_is_present_never_lowers_the_band(name: str, data: st.DataObject) -> None:
    tool = TOOLS[name]
    before = data.draw(answers_to(tool))
    item = data.draw(st.sampled_from(list(tool.items.values())))
    stronger = data.draw(answer_to(item))
    held = before.get(item.code)
    after = before | {item.code: strengthened(item, held, stronger)}
    age, status = data.draw(ages), data.draw(statuses)
    first = score(tool, before, age=age, harm_status=status)
    second = score(tool, after, age=age, harm_status=status)
    assert place(tool, second) >= place(tool, first)


def strengthened(item: Item, held: Answer | None, drawn: Answer) -> Answer:
    """The stronger of two answers to one item, in value and in windows."""
    if held is None:
        return drawn
    order = ["not_known", "no", "possible", "yes"]
    values = [option.value for option in item.options]
    if set(values) <= set(order):
        values = [value for value in order if value in values]
    strongest = max(held, drawn, key=lambda answer: values.index(answer.value))
    windows = tuple(dict.fromkeys(held.windows + drawn.windows))
    return Answer(strongest.value, windows, strongest.parts, strongest.evidence)


@every_tool
@few
@given(data=st.data())
def test_the_order_of_answers_makes_no_difference(name: str, data: st.DataObject) -> None:
    tool = TOOLS[name]
    answers = data.draw(answers_to(tool))
    shuffled = dict(data.draw(st.permutations(list(answers.items()))))
    age, status = data.draw(ages), data.draw(statuses)
    first = score(tool, answers, age=age, harm_status=status)
    assert score(tool, shuffled, age=age, harm_status=status) == first


@every_tool
@few
@given(data=st.data())
def test_the_explanation_names_every_ticked_item_and_the_level(name: str, data: st.DataObject) -> None:
    tool = TOOLS[name]
    answers = data.draw(answers_to(tool))
    result = result_of(tool, answers, data)
    said = result.explain()
    for code in answers:
        item = tool.items[code]
        assert [text for text in said if text.startswith(f"{code} {item.label}: ")]
    assert {line.code for line in result.lines} == set(answers)
    assert {*result.unanswered} == tool.items.keys() - answers.keys()
    assert f"Level: {result.band.label}." in said


@every_tool
@few
@given(data=st.data())
def test_gates_and_floors_only_raise_and_known_harm_is_never_below_the_top(name: str, data: st.DataObject) -> None:
    tool = TOOLS[name]
    result = result_of(tool, data.draw(answers_to(tool)), data)
    assert result.band.rank >= result.band_counted.rank
    if result.harm_status is HarmStatus.EXPERIENCING:
        assert result.band.rank == 3
    if result.band.rank <= 1:
        assert tool.low_is_not_no_action in result.advice
    raised = [rule for rule in (*result.gates_applied, *result.floors_applied) if rule.raised_to]
    assert bool(raised) is (result.band != result.band_counted)


@every_tool
@few
@given(data=st.data())
def test_a_stored_result_comes_back_equal(name: str, data: st.DataObject) -> None:
    tool = TOOLS[name]
    result = result_of(tool, data.draw(answers_to(tool)), data)
    assert result_from_dict(result.as_dict()) == result


@few
@given(text=st.text(max_size=200))
def test_any_text_as_an_answer_is_refused_or_scored_and_never_an_error(text: str) -> None:
    tool = TOOLS["risk_factor_matrix_v1"]
    values = {option.value for option in tool.items["A1"].options}
    answers = {"A1": Answer(text, evidence=text)}
    if text in values:
        score(tool, answers, age=15, harm_status=None)
    else:
        with pytest.raises(ValueError, match="Choose one of these answers"):
            score(tool, answers, age=15, harm_status=None)
