"""An answer to one item, and whether a set of answers fits the tool it was given to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from risk.scoring.tool import Item, Tool, Window

LONGEST_EVIDENCE = 5000


@dataclass(frozen=True)
class Answer:
    """What was answered: the option, when it was seen, which details, and the evidence for it.

    `value` is one of the item's options ("yes", "possible", "2", "high"). `windows` and `parts` hold
    codes and may stay empty where the item has none, or only one window.
    """

    value: str
    windows: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    evidence: str = ""


@dataclass(frozen=True)
class Problem:
    """Something to put right before the tool can be scored. `code` is empty if no item is meant."""

    code: str
    field: str
    message: str


class InvalidAnswers(ValueError):
    """The answers do not fit the tool. `problems` says where, in words for the person filling it in."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.message for problem in problems))


def ticked_windows(item: Item, answer: Answer) -> tuple[Window, ...]:
    """The windows an answer ticks; an item with a single window needs no extra tick for it."""
    option = item.option(answer.value)
    if option is None or not option.present:
        return ()
    if len(item.windows) == 1:
        return item.windows
    return tuple(window for window in item.windows if window.code in answer.windows)


def check_answers(tool: Tool, answers: Mapping[str, Answer]) -> list[Problem]:
    """Everything about these answers that must be put right, in the order of the form.

    An item with no answer is not a problem: a tool may be completed in part, and the result then says
    what was left out. What was typed is never repeated in a message.
    """
    problems = [
        problem
        for item in tool.items.values()
        if item.code in answers
        for problem in _check_answer(item, answers[item.code])
    ]
    unknown = [code for code in answers if code not in tool.items]
    if unknown:
        problems.append(Problem("", "code", f"{tool.title} does not ask about something that was answered"))
    return problems


def _check_answer(item: Item, answer: object) -> list[Problem]:
    if not isinstance(answer, Answer) or not isinstance(answer.value, str):
        return [Problem(item.code, "value", _choose(item))]
    option = item.option(answer.value)
    if option is None:
        return [Problem(item.code, "value", _choose(item))]
    problems = _check_ticks(item, answer.windows, {w.code for w in item.windows}, option.present, "windows")
    problems += _check_ticks(item, answer.parts, {p.code for p in item.parts}, option.present, "parts")
    if option.present and len(item.windows) > 1 and not answer.windows:
        choices = " or ".join(window.label.lower() for window in item.windows)
        problems.append(Problem(item.code, "windows", f"Say when this was seen: {choices} ({item.label})"))
    return problems + _check_evidence(item, answer.evidence, option.present)


def _choose(item: Item) -> str:
    choices = ", ".join(option.label for option in item.options)
    return f"Choose one of these answers: {choices} ({item.label})"


def _check_ticks(item: Item, ticked: object, known: set[str], present: bool, field: str) -> list[Problem]:
    what = "times" if field == "windows" else "details"
    if not isinstance(ticked, tuple | list) or not all(isinstance(code, str) for code in ticked):
        return [Problem(item.code, field, f"Choose only from the {what} listed ({item.label})")]
    if not set(ticked) <= known:
        return [Problem(item.code, field, f"Choose only from the {what} listed ({item.label})")]
    if ticked and not present:
        message = f"Either change the answer or clear the {what} ticked under it ({item.label})"
        return [Problem(item.code, field, message)]
    return []


def _check_evidence(item: Item, evidence: object, present: bool) -> list[Problem]:
    if not isinstance(evidence, str) or "\x00" in evidence:
        message = f"The evidence holds characters that cannot be kept: type it again ({item.label})"
        return [Problem(item.code, "evidence", message)]
    if len(evidence) > LONGEST_EVIDENCE:
        message = f"Shorten the evidence to {LONGEST_EVIDENCE:,} characters or fewer ({item.label})"
        return [Problem(item.code, "evidence", message)]
    # Blanks and invisible characters are not evidence, so a letter or a figure is asked for.
    if item.evidence_required and present and not any(c.isalnum() for c in evidence):
        message = f"Say what was seen or heard, by whom and when ({item.label})"
        return [Problem(item.code, "evidence", message)]
    return []
