"""Scoring: answers in, an explained result out. Pure functions with no clock, database or settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from risk.scoring.answers import Answer, InvalidAnswers, check_answers
from risk.scoring.result import BandReached, Result
from risk.scoring.rules import Situation, apply_rules, harm_status_after
from risk.scoring.shapes import SHAPES, Tally
from risk.scoring.tool import Band, Example, HarmStatus, Tool


def score(
    tool: Tool,
    answers: Mapping[str, Answer],
    *,
    age: int | None,
    harm_status: HarmStatus | None,
    facts: Collection[str] = (),
) -> Result:
    """What these answers come to in this tool, with every step explained.

    `age`: whole years on the day, None where not known. `facts`: keys of `tool.facts` true of the
    child. Raises InvalidAnswers (see `check_answers`), and ValueError for a negative age.
    """
    _refuse_bad_input(tool, answers, age, facts)
    tally = SHAPES[tool.shape](tool, answers)
    status, forced_by = harm_status_after(tool, answers, harm_status)
    counted = tuple(line.code for line in tally.lines if line.counted)
    situation = Situation(tool, answers, counted, age, status, facts)
    gates = apply_rules(tool.gates, situation, tally.band)
    floors = apply_rules(tool.floors, situation, gates.band)
    prompts = apply_rules(tool.prompts, situation, floors.band)
    return Result(
        tool_key=tool.key,
        tool_version=tool.version,
        tool_title=tool.title,
        total=tally.total,
        band=_reached(floors.band),
        band_counted=_reached(tally.band),
        band_rule=tally.band_rule,
        harm_status=status,
        harm_status_given=harm_status,
        harm_forced_by=forced_by,
        harm_rule=_harm_words(tool, status, forced_by),
        lines=tally.lines,
        gates_applied=gates.applied,
        floors_applied=floors.applied,
        prompts=prompts.applied,
        not_applied=gates.not_applied + floors.not_applied + prompts.not_applied,
        counted_codes=counted,
        unanswered=tuple(code for code in tool.items if code not in answers),
        actions=floors.band.actions,
        advice=_advice(tool, floors.band, tally),
        next_review_days=floors.band.review_days,
    )


def _refuse_bad_input(tool: Tool, answers: Mapping[str, Answer], age: int | None, facts: Collection[str]) -> None:
    if isinstance(facts, str):
        raise TypeError("facts is a collection of keys: one text would be read letter by letter")
    if age is not None and age < 0:
        raise ValueError("An age cannot be negative")
    problems = check_answers(tool, answers)
    if problems:
        raise InvalidAnswers(problems)


def _reached(band: Band) -> BandReached:
    return BandReached(band.key, band.label, band.rank)


def _harm_words(tool: Tool, status: HarmStatus | None, forced_by: tuple[str, ...]) -> str:
    if status is None or not forced_by:
        return ""
    label = tool.harm_question.options[status]
    return f"The harm status is set to “{label}” because of {', '.join(forced_by)}."


def _advice(tool: Tool, band: Band, tally: Tally) -> tuple[str, ...]:
    advice = [band.summary]
    # Low, and nothing ticked, are the two results most easily read as "nothing to do".
    if band.rank <= 1:
        advice.append(tool.low_is_not_no_action)
    if not tally.total:
        advice.append("Nothing counted. This says what was ticked, not that the child is safe.")
    return (*advice, tool.limits)


def failed_examples(tool: Tool) -> list[str]:
    """What the tool's own worked examples do not come to, in words; empty when all come true.

    Ask this before a tool file is published: a changed band must not leave the examples behind.
    """
    return [words for example in tool.examples for words in _example_failures(tool, example)]


def _example_failures(tool: Tool, example: Example) -> list[str]:
    try:
        result = score(
            tool,
            example.answers,
            age=example.age,
            harm_status=example.harm_status,
            facts=example.facts,
        )
    except InvalidAnswers as invalid:
        return [f"Example “{example.name}”: {problem.message}" for problem in invalid.problems]
    expected = example.expected
    pairs = (
        ("total", expected.total, result.total),
        ("band", expected.band, result.band.key),
        ("gates", expected.gates, tuple(a.code for a in result.gates_applied)),
        ("floors", expected.floors, tuple(a.code for a in result.floors_applied)),
        ("prompts", expected.prompts, tuple(a.code for a in result.prompts)),
        ("review days", expected.review_days, result.next_review_days),
        ("harm status", expected.harm_status, result.harm_status),
    )
    return [
        f"Example “{example.name}”: the {what} should be {_shown(wanted)} and is {_shown(found)}"
        for what, wanted, found in pairs
        if wanted is not None and wanted != found
    ]


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return str(value) if value is not None else "not given"
