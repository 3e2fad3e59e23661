"""Tool files that must not be used, and the faults that are listed for each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from risk.scoring import InvalidTool, load_tool
from tests.risk.scoring_tools import (
    ALL_FILES,
    LEVELS,
    count_file,
    judgement_file,
    preset_file,
    scale_file,
    section,
    sections_file,
    tier_file,
    windows_file,
)


def faults(text: str) -> list[str]:
    with pytest.raises(InvalidTool) as refused:
        load_tool(text)
    return list(refused.value.problems)


def changed(text: str, old: str, new: str) -> str:
    assert old in text, f"the test changes {old!r}, which is not in the file"
    return text.replace(old, new, 1)


@pytest.mark.parametrize("shape", ALL_FILES)
def test_every_small_tool_is_sound(shape: str) -> None:
    assert load_tool(ALL_FILES[shape]()).shape == shape


@pytest.mark.parametrize("text", ["key = ", "a = 1\na = 2", "[" * 5000, "\x00", "key = 'a'\x00"])
def test_what_is_not_toml_is_refused_in_words(text: str) -> None:
    (fault,) = faults(text)
    assert fault.startswith("The file cannot be read as TOML")


def test_an_empty_file_lists_everything_it_lacks() -> None:
    found = faults("")
    for key in ("key", "version", "title", "owner", "source", "effective_on", "bands", "examples"):
        assert f"Tool: “{key}” is missing" in found
    assert "Tool: no section counts, so nothing could be scored" in found
    assert len(found) == len(set(found))


def test_every_fault_is_listed_at_once() -> None:
    text = count_file()
    text = changed(text, 'title = "Small tool"', "title = 7")
    text = changed(text, "version = 1", "version = true")
    text = changed(text, "effective_on = 2026-01-01", 'effective_on = "soon"')
    text = changed(text, 'label = "Item A1"', 'lable = "Item A1"')
    text = changed(text, 'any_flag = "red"', 'any_flag = "amber"')
    text = changed(text, "rank = 2", "rank = 0")
    assert set(faults(text)) == {
        "Tool: “title” must be text",
        "Tool: “version” must be a whole number",
        "Tool: “effective_on” must be a date, such as 2026-04-01",
        "Item A1: “label” is missing",
        "Item A1: “lable” is not something a tool file can say here",
        "Gate RED: names the flag “amber”, which the tool does not have",
        "Gate RED: can never apply: 0 item(s) could meet it and it needs 1",
        "Bands: the first, and no other, is “nothing ticked” and has rank 0",
        "Bands: ranks must not fall from one band to the next",
    }


WINDOW = 'windows = [{ code = "now", label = "Now", weight = 1 }]'
NOTHING = '[[levels]]\nkey = "nothing"\nlabel = "Nothing"\n'
FAULTS = [
    (count_file, 'shape = "indicator_count"', 'shape = "guess"', "“shape” must be one of"),
    (count_file, 'owner = "Test partnership"', 'owner = " "', "Tool: “owner” is empty"),
    (count_file, "low_is_not_no_action", "low_means_nothing", "“low_is_not_no_action” is missing"),
    (count_file, 'limits = "A partial picture"', "", "“limits” is missing"),
    (count_file, 'key = "small"', 'key = "Small-Tool"', "“key” may hold only small letters"),
    (count_file, 'code = "A1"', 'code = "a-1"', "“code” may hold only capital letters"),
    (count_file, 'code = "A1"', f'code = "A{"1" * 40}"', "40 at most"),
    (count_file, 'code = "A2"', 'code = "A1"', "Item A1 is given 2 times"),
    (count_file, 'code = "V"', 'code = "A"', "Section A is given 2 times"),
    (count_file, 'key = "low"', 'key = "high"', "Band high is given 2 times"),
    (count_file, 'code = "UNDER_13"', 'code = "RED"', "Gate, floor or prompt RED is given 2 times"),
    (count_file, 'value = "possible"', 'value = "yes"', "answer yes is given 2 times"),
    (count_file, 'value = "possible"', 'value = "maybe"', "“value” must be one of"),
    (count_file, 'kind = "indicator"', 'kind = "symptom"', "“kind” must be one of"),
    (count_file, "counts = true", "counts = 1", "“counts” must be true or false"),
    (count_file, "counts = true", "counts = false", "no section counts"),
    (count_file, "counts = false", "counts = true", "so it must not count"),
    (
        count_file,
        'category = "orientation"',
        'category = "orientation", forces_harm_status = "suspected"',
        "it cannot set the harm status",
    ),
    (count_file, 'flags = ["red"]', 'flags = ["blue"]', "the flag “blue” is not among"),
    (count_file, 'flags = ["red"]', 'flags = "red"', "“flags” must be a list of texts"),
    (count_file, 'flags = ["red"]', 'flags = ["red", "red"]', "names the same thing twice"),
    (count_file, 'flags = ["red"]', 'level = "high"', "cannot have a level of its own"),
    (count_file, "from = 1\n", "from = 2\n", "Band low: starts at 2, but should start at 1"),
    (count_file, "from = 5\n", "from = 4\n", "Band medium: starts at 4, but should start at 5"),
    (count_file, "to = 4\n", "", "Band low: “to” is missing"),
    (count_file, "from = 9", "from = 9\nto = 20", "the highest band has no “to”"),
    (count_file, "from = 9", "", "Band high: “from” is missing"),
    (count_file, "to = 0", "to = 1", "“nothing ticked” is from 0 to 0"),
    (count_file, "from = 0", "from = -1", "“from” must be 0 or more"),
    (count_file, "from = 9", 'from = 9\nneeds = [{ level = "x", count = 1 }]', "count levels"),
    (count_file, "rank = 3", "rank = 2", "the highest band has rank 3"),
    (count_file, "review_days = 28", "review_days = 50", "is reviewed later than the lower band"),
    (count_file, "review_days = 28", "review_days = 0", "“review_days” must be 1 or more"),
    (count_file, 'at_least = "medium"', 'at_least = "severe"', "“at_least” must be one of"),
    (count_file, 'at_least = "medium"', 'at_least = "none"', "“at_least” must be one of"),
    (count_file, 'fact = "learning_disability" }', 'fact = "tall" }', "names the fact “tall”"),
    (count_file, 'harm_status = "experiencing" }', "age_under = 5 }", "needs a floor for children"),
    (count_file, 'harm_status = "experiencing" }', 'harm_status = "bad" }', "“harm_status” must be"),
    (
        count_file,
        'harm_status = "experiencing" }',
        'harm_status = "experiencing", age_under = 16 }',
        "needs a floor for children known to be exploited",
    ),
    (count_file, "how_many = 3", "how_many = 9", "can never apply"),
    (count_file, "how_many = 3", "how_many = 0", "“how_many” must be 1 or more"),
    (count_file, 'any_kind = "vulnerability", how_many = 3', "", "does not say when it applies"),
    (count_file, 'any_kind = "vulnerability", ', "", "but not which items"),
    (count_file, 'any_flag = "red"', 'any_of = ["ZZ"]', "names the item ZZ"),
    (count_file, 'any_flag = "red"', 'any_of = ["V5"]', "turns on V5, which not every reader may"),
    (count_file, 'any_flag = "red"', 'any_flag = "red", bands = ["low"]', "only a prompt may depend"),
    (count_file, 'any_flag = "red"', 'any_flag = "red", window = "now"', "can never apply"),
    (count_file, 'band = "none"', 'band = "nil"', "expects the band “nil”"),
    (count_file, 'name = "Nothing"', 'name = "Nothing"\nyes = ["ZZ"]', "answers ZZ"),
    (count_file, 'band = "none"', 'band = "none", gates = ["X"]', "expects gates the tool does not"),
    (count_file, 'possible = "same"', 'possible = "one_level_lower"', "only where items have levels"),
    (count_file, ', experiencing = "Known"', "", "“experiencing” is missing"),
    (count_file, "effective_on = 2026-01-01", "effective_on = 2026-01-01T00:00:00", "must be a date"),
    (
        count_file,
        "effective_on = 2026-01-01",
        "effective_on = 2026-01-01\neffective_until = 2025-01-01",
        "“effective_until” is before",
    ),
    (
        count_file,
        "counts = true\n",
        f"counts = true\n{WINDOW}\n",
        "only items counted by weighted_windows have windows",
    ),
    (count_file, "[[answers]]", f"{LEVELS}[[answers]]", "only shapes that count levels"),
    (count_file, "[[bands]]", f"{section('Z', '')}[[bands]]", "Section Z: has no items"),
    (count_file, "to = 4", "to = 0", "Band low: “to” is below “from”"),
    (count_file, 'name = "Nothing"', 'name = "Nothing"\nfacts = ["tall"]', "uses the fact “tall”"),
    (count_file, "how_many = 3", 'how_many = 3, bands = ["top"]', "names the band “top”"),
    (tier_file, LEVELS, "", "this shape needs “levels”, lowest first"),
    (sections_file, f"{NOTHING}{LEVELS}", "", "this shape needs “levels”, the one that means"),
    (windows_file, "weight = 5", "weight = 0", "“weight” must be 1 or more"),
    (windows_file, 'code = "earlier"', 'code = "now"', "window now is given 2 times"),
    (windows_file, 'windows = [{ code = "ever", label = "Ever", weight = 1 }]', "", "needs the windows"),
    (tier_file, "count = 1", "count = 2", "in a tier gate one item is enough"),
    (tier_file, ', level = "low"', "", "its level must be one of: low, medium, high"),
    (tier_file, 'needs = [{ level = "high"', 'needs = [{ level = "top"', "needs the level “top”"),
    (preset_file, 'needs = [{ level = "low", count = 1 }]', "", "every band but the first says"),
    (preset_file, "review_days = 60", "review_days = 60\nfrom = 0", "belong to tools that add points"),
    (sections_file, 'key = "nothing"', 'key = "low"', "Level low is given 2 times"),
    (scale_file, "evidence_required = true", "", "must ask for evidence"),
    (scale_file, 'scale = ["None", "Some", "Much", "Severe"]', "", "“scale” is missing"),
    (scale_file, '"None", "Some", "Much", "Severe"', '"None"', "none of its answers says"),
    (judgement_file, "evidence_required = true", "", "must ask for evidence"),
    (judgement_file, 'kind = "judgement"', 'kind = "indicator"', "needs one judgement section"),
    (scale_file, 'kind = "indicator"', 'kind = "judgement"', "only a tool of the shape score_and"),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"), FAULTS, ids=[f"{row[0].__name__}: {row[3]}" for row in FAULTS]
)
def test_a_faulty_file_is_refused_with_its_fault(file: Callable[[], str], old: str, new: str, fault: str) -> None:
    found = faults(changed(file(), old, new))
    assert [text for text in found if fault in text], found


def test_a_tool_cannot_be_changed_once_read() -> None:
    tool = load_tool(count_file())
    with pytest.raises(dataclasses.FrozenInstanceError):
        tool.version = 2  # type: ignore[misc]


def test_line_breaks_inside_texts_become_spaces() -> None:
    text = changed(count_file(), '"How to fill it in"', '"""\nHow to\nfill it in"""')
    assert load_tool(text).intro == "How to fill it in"


def test_lookups_by_key() -> None:
    tool = load_tool(count_file())
    assert (tool.band("high").label, tool.section("V").title) == ("High", "Section V")
    assert tool.review_days == {"none": 60, "low": 42, "medium": 42, "high": 28}
    for missing in (lambda: tool.band("top"), lambda: tool.section("Q")):
        with pytest.raises(KeyError):
            missing()
