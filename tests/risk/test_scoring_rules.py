"""Gates, floors, prompts and the harm status, on the small counting tool."""

from __future__ import annotations

import pytest

from risk.scoring import Answer, HarmStatus, Tool, load_tool, score
from tests.risk.scoring_tools import ALL_FILES, count_file, scored, ticks, tool_of, windows_file

VULNERABLE, SUSPECTED, EXPERIENCING = HarmStatus


@pytest.fixture(scope="module")
def tool() -> Tool:
    return tool_of("indicator_count")


@pytest.mark.parametrize("value", ["yes", "possible"])
def test_one_red_indicator_is_enough(tool: Tool, value: str) -> None:
    result = scored(tool, {"R1": Answer(value)})
    assert (result.total, result.band_counted.key, result.band.key) == (1, "low", "high")
    (gate,) = result.gates_applied
    assert (gate.code, gate.codes) == ("RED", ("R1",))
    assert (gate.raised_from, gate.raised_to) == ("Low", "High")
    assert result.next_review_days == 28
    assert result.actions == ("Do what High asks",)


def test_a_red_indicator_answered_no_opens_no_gate(tool: Tool) -> None:
    result = scored(tool, ticks(yes="A1", no="R1"))
    assert (result.band.key, result.gates_applied) == ("low", ())


def test_a_gate_that_changes_nothing_still_says_that_it_spoke(tool: Tool) -> None:
    result = scored(tool, ticks(yes="A1 A2 A3 A4 A5 A6 A7 A8 R1"))
    (gate,) = result.gates_applied
    assert (result.band_counted.key, gate.raised_from, gate.raised_to) == ("high", "", "")
    assert "The level was already as high." in " ".join(result.explain())


@pytest.mark.parametrize(
    ("age", "yes", "band", "floors"),
    [
        (12, "A1", "medium", ["UNDER_13"]),
        (13, "A1", "low", []),
        (0, "A1", "medium", ["UNDER_13"]),
        (12, "", "none", []),
        (12, "V1", "none", []),
        (12, "A1 A2 A3 A4 A5", "medium", ["UNDER_13"]),
        (19, "A1", "low", []),
    ],
)
def test_under_13_is_never_low(tool: Tool, age: int, yes: str, band: str, floors: list[str]) -> None:
    result = scored(tool, ticks(yes=yes), age=age)
    assert (result.band.key, [f.code for f in result.floors_applied]) == (band, floors)


def test_an_unknown_age_is_said_and_not_passed_over(tool: Tool) -> None:
    result = scored(tool, ticks(yes="A1"), age=None)
    assert result.band.key == "low"
    assert result.not_applied == ("Not checked, because the child's age is not recorded: Never low under 13.",)
    assert result.not_applied[0] in result.explain()


def test_an_unknown_age_is_not_mentioned_where_the_rule_could_not_apply(tool: Tool) -> None:
    assert scored(tool, {}, age=None).not_applied == ()


def test_a_learning_disability_is_never_low(tool: Tool) -> None:
    result = scored(tool, ticks(yes="A1"), facts=("learning_disability",))
    assert (result.band.key, result.floors_applied[0].code) == ("medium", "DISABILITY")
    assert scored(tool, ticks(yes="A1"), facts=("other",)).band.key == "low"


def test_facts_given_as_one_text_are_refused(tool: Tool) -> None:
    with pytest.raises(TypeError, match="collection of keys"):
        score(tool, ticks(yes="A1"), age=15, harm_status=SUSPECTED, facts="learning_disability")


def test_a_negative_age_is_refused(tool: Tool) -> None:
    with pytest.raises(ValueError, match="negative"):
        scored(tool, {}, age=-1)


@pytest.mark.parametrize("shape", ALL_FILES)
def test_known_exploitation_is_high_in_every_shape_with_nothing_ticked(shape: str) -> None:
    result = scored(tool_of(shape), {}, harm_status=EXPERIENCING)
    assert (result.total, result.band_counted.key, result.band.key) == (0, "none", "high")
    assert [floor.code for floor in result.floors_applied] == ["HARM_KNOWN"]


@pytest.mark.parametrize(
    ("answer", "given", "recorded", "forced"),
    [
        ("yes", None, EXPERIENCING, ("H1",)),
        ("yes", VULNERABLE, EXPERIENCING, ("H1",)),
        ("yes", SUSPECTED, EXPERIENCING, ("H1",)),
        ("yes", EXPERIENCING, EXPERIENCING, ()),
        ("possible", None, SUSPECTED, ("H1",)),
        ("possible", VULNERABLE, SUSPECTED, ("H1",)),
        ("possible", SUSPECTED, SUSPECTED, ()),
        ("possible", EXPERIENCING, EXPERIENCING, ()),
        ("no", VULNERABLE, VULNERABLE, ()),
        ("no", None, None, ()),
    ],
)
def test_an_answer_that_harm_is_known_sets_the_harm_status(
    tool: Tool,
    answer: str,
    given: HarmStatus | None,
    recorded: HarmStatus | None,
    forced: tuple[str, ...],
) -> None:
    result = scored(tool, {"H1": Answer(answer)}, harm_status=given)
    assert (result.harm_status, result.harm_forced_by) == (recorded, forced)
    assert result.harm_status_given is given
    assert bool(result.harm_rule) is bool(forced)


def test_a_forced_harm_status_reaches_the_floors(tool: Tool) -> None:
    result = scored(tool, ticks(yes="H1"), harm_status=VULNERABLE)
    assert (result.band_counted.key, result.band.key) == ("low", "high")
    assert result.harm_rule == "The harm status is set to “Known” because of H1."


@pytest.mark.parametrize(
    ("yes", "prompts"),
    [("V1 V2", []), ("V1 V2 V3", ["SEVERAL"]), ("A1 A2 A3", []), ("V1 V2 A1", [])],
)
def test_three_vulnerabilities_prompt_and_change_nothing(tool: Tool, yes: str, prompts: list[str]) -> None:
    result = scored(tool, ticks(yes=yes))
    assert [prompt.code for prompt in result.prompts] == prompts
    assert result.band.key == result.band_counted.key


CONDITIONS = [
    ('any_of = ["A1", "A2"], how_many = 2', ticks(yes="A1"), False),
    ('any_of = ["A1", "A2"], how_many = 2', ticks(yes="A1", possible="A2"), True),
    ('any_of = ["A1"], answers = ["yes"]', ticks(possible="A1"), False),
    ('any_of = ["A1"], answers = ["yes"]', ticks(yes="A1"), True),
    ('any_of = ["A1"], bands = ["low"]', ticks(yes="A1"), True),
    ('any_of = ["A1"], bands = ["medium"]', ticks(yes="A1"), False),
    ('any_of = ["A1"], harm_status = "suspected"', ticks(yes="A1"), True),
    ('any_of = ["A1"], harm_status = "vulnerable"', ticks(yes="A1"), False),
    ('any_of = ["A1"], fact = "learning_disability"', ticks(yes="A1"), False),
]


@pytest.mark.parametrize(("when", "answers", "speaks"), CONDITIONS)
def test_everything_a_condition_asks_must_hold(when: str, answers: dict[str, Answer], speaks: bool) -> None:
    prompt = f'[[prompts]]\ncode = "ASKED"\nwords = "Words"\nwhen = {{ {when} }}\n'
    tool = load_tool(count_file() + prompt)
    codes = [prompt.code for prompt in scored(tool, answers).prompts]
    assert codes == (["ASKED"] if speaks else [])


@pytest.mark.parametrize(("windows", "speaks"), [(("now",), True), (("earlier",), False)])
def test_a_condition_may_ask_for_one_window(windows: tuple[str, ...], speaks: bool) -> None:
    gate = (
        '[[gates]]\ncode = "NOW"\nwords = "Seen now."\nat_least = "high"\nwhen = { any_of = ["S1"], window = "now" }\n'
    )
    tool = load_tool(windows_file() + gate)
    result = scored(tool, {"S1": Answer("yes", windows=windows)})
    assert (result.band.key == "high") is speaks


def test_a_condition_may_ask_for_points() -> None:
    gate = (
        '[[gates]]\ncode = "SEVERE"\nwords = "One severe."\nat_least = "high"\n'
        'when = { any_kind = "indicator", points_from = 3 }\n'
    )
    tool = load_tool(ALL_FILES["evidenced_scale"]() + gate)
    assert scored(tool, {"E1": Answer("2", evidence="Seen")}).band.key == "low"
    assert scored(tool, {"E1": Answer("3", evidence="Seen")}).band.key == "high"
