"""What a result says to who may not see all of it: whether what is withheld counts, and how much of it there is.

Seen to fail: the headings shown beside “only the level is shown”; a page that differs, for who may not even know of
vulnerabilities, by whether one was ticked; a number that counts what has a category of its own.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cases.access.choices import Category
from cases.access.rules import Level
from risk import presenters
from risk.presenters import LEVEL_ALONE, LEVEL_ALONE_BY_TOOL, NONE_COUNTS, NOTHING_AND_RAISES, NOTHING_COUNTED
from risk.rules import may_count, may_raise
from risk.scoring import Answer, Tool, load_tool
from tests.risk.scoring_tools import count_file, scored, ticks, windows_file

COUNTS, NEVER = load_tool(windows_file()), load_tool(count_file())
FLOOR = '[[floors]]\ncode = "TICKED"\nwords = "V1."\nat_least = "medium"\nwhen = { any_of = ["V1"] }\n'
VULNERABLE = {"vulnerability"}


@pytest.mark.parametrize(
    ("tool", "hidden", "counts", "raises"),
    [
        (COUNTS, VULNERABLE, True, False),
        (COUNTS, set(), False, False),
        (NEVER, VULNERABLE, False, False),
        (load_tool(count_file() + FLOOR), VULNERABLE, False, True),
        (load_tool(count_file() + FLOOR), {"orientation"}, False, False),
    ],
)
def test_whether_what_is_hidden_may_count_or_raise_is_told_by_the_tool(
    tool: Tool, hidden: set[str], counts: bool, raises: bool
) -> None:
    assert (may_count(tool, hidden), may_raise(tool, hidden)) == (counts, raises)


def shown(tool: Tool, answers: dict[str, Answer], monkeypatch: Any, *, own: bool = False, **levels: Level) -> Any:
    seen = dict.fromkeys(Category, Level.FULL) | {Category(name): level for name, level in levels.items()}
    opened = SimpleNamespace(viewer=SimpleNamespace(user_id=1), level=lambda name: seen[Category(name)])
    assessment = SimpleNamespace(tool=None, result=scored(tool, answers).as_dict(), author_id=1 if own else 2)
    monkeypatch.setattr(presenters, "tool_of", lambda _: tool)
    return presenters.shown_result(opened, assessment)  # type: ignore[arg-type]


def with_windows(codes: str) -> dict[str, Answer]:
    return {code: Answer("yes", ("ever",) if code.startswith("V") else ("earlier",)) for code in codes.split()}


@pytest.mark.parametrize("level", [Level.NONE, Level.OWN])
def test_who_may_not_know_of_them_reads_the_same_whether_or_not_one_is_ticked(level: Level, monkeypatch: Any) -> None:
    with_one, without = (
        shown(COUNTS, with_windows(codes), monkeypatch, vulnerability=level) for codes in ("V1 S1", "S1")
    )
    assert with_one == without
    assert with_one["level_alone"] == LEVEL_ALONE_BY_TOOL
    assert (with_one["headings"], with_one["full"], with_one["counts_nothing"]) == ([], False, "")
    pair = [shown(NEVER, ticks(yes=codes), monkeypatch, vulnerability=level) for codes in ("A1 V1 V5", "A1")]
    assert pair[0] == pair[1]
    assert (pair[0]["level_alone"], pair[0]["counts_nothing"]) == ("", NOTHING_COUNTED)


def test_who_may_know_how_many_is_told_whether_they_count(monkeypatch: Any) -> None:
    some = shown(COUNTS, with_windows("V1 S1"), monkeypatch, vulnerability=Level.SUMMARY)
    assert (some["level_alone"], some["headings"], some["full"]) == (LEVEL_ALONE, [], False)
    assert (some["counts_nothing"], some["vulnerabilities_withheld"]) == (
        "",
        "1 vulnerability is ticked. Which they are is withheld.",
    )
    none = shown(COUNTS, with_windows("S1"), monkeypatch, vulnerability=Level.SUMMARY)
    assert (none["level_alone"], none["full"], none["counts_nothing"]) == ("", True, NOTHING_COUNTED)


@pytest.mark.parametrize(
    ("codes", "level", "orientation", "words"),
    [
        (
            "A1 V1 V2 V5",
            Level.SUMMARY,
            Level.NONE,
            f"2 vulnerabilities are ticked. Which they are is withheld. {NONE_COUNTS}",
        ),
        (
            "A1 V1 V2 V5",
            Level.SUMMARY,
            Level.FULL,
            f"3 vulnerabilities are ticked. Which they are is withheld. {NONE_COUNTS}",
        ),
        ("A1 V5", Level.SUMMARY, Level.SUMMARY, f"No vulnerability is ticked. {NONE_COUNTS}"),
        ("A1 V1", Level.EXISTENCE, Level.FULL, f"The list of vulnerabilities is withheld. {NONE_COUNTS}"),
        ("A1", Level.OWN, Level.FULL, f"The list of vulnerabilities is withheld. {NONE_COUNTS}"),
        ("A1 V1", Level.NONE, Level.FULL, ""),
        ("A1 V1", Level.FULL, Level.NONE, ""),
    ],
)
def test_how_many_are_ticked_is_told_to_whom_a_summary_is_open(
    codes: str, level: Level, orientation: Level, words: str, monkeypatch: Any
) -> None:
    found = shown(NEVER, ticks(yes=codes), monkeypatch, vulnerability=level, orientation=orientation)
    assert found["vulnerabilities_withheld"] == words


def test_ones_own_assessment_is_whole(monkeypatch: Any) -> None:
    found = shown(COUNTS, with_windows("V1 S1"), monkeypatch, own=True, vulnerability=Level.NONE, assessment=Level.NONE)
    assert (found["full"], found["level_alone"], found["counts_nothing"]) == (True, "", NOTHING_COUNTED)


def test_a_raise_by_what_is_hidden_is_said_of_the_tool(monkeypatch: Any) -> None:
    found = shown(load_tool(count_file() + FLOOR), ticks(yes="A1"), monkeypatch, vulnerability=Level.NONE)
    assert found["counts_nothing"] == NOTHING_AND_RAISES
