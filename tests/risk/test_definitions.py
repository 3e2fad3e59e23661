"""The tools that ship: their examples come true, they cover what they must, and they read with respect."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from risk.scoring import Answer, HarmStatus, Kind, Tool, failed_examples, load_tool, score

DEFINITIONS = Path(__file__).parents[2] / "risk" / "definitions"
FILES = sorted(DEFINITIONS.glob("*.toml"))
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)

DISRESPECTFUL = re.compile(
    r"promiscu|prostitut|lifestyle|boyfriend|girlfriend|themsel(f|ves) at risk|risky behaviour"
    r"|sexualised dress|streetwise|attention.seeking|\bhard to reach\b|\brefus(es|ed) to engage\b"
    r"|\bjuvenile\b|\babscond|\byouths?\b",
    re.IGNORECASE,
)


def read(path: Path) -> Tool:
    return load_tool(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def matrix() -> Tool:
    return read(DEFINITIONS / "risk_factor_matrix_v1.toml")


@pytest.fixture(scope="module")
def seraf() -> Tool:
    return read(DEFINITIONS / "seraf_v1.toml")


def test_the_tools_that_ship() -> None:
    assert [path.stem for path in FILES] == ["risk_factor_matrix_v1", "seraf_v1"]


@every_file
def test_a_file_is_named_after_its_tool_and_version(path: Path) -> None:
    tool = read(path)
    assert path.stem == f"{tool.key}_v{tool.version}"


@every_file
def test_the_examples_in_the_file_come_true(path: Path) -> None:
    tool = read(path)
    assert tool.examples
    assert failed_examples(tool) == []


@every_file
def test_a_changed_band_is_caught_by_the_examples(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    moved = text.replace("total = 5,", "total = 50,").replace("total = 1,", "total = 10,")
    assert len(failed_examples(load_tool(moved))) >= 2


@every_file
def test_the_words_are_respectful(path: Path) -> None:
    assert DISRESPECTFUL.findall(path.read_text(encoding="utf-8")) == []


@every_file
def test_a_tool_says_that_it_is_an_example_and_whose_it_is(path: Path) -> None:
    tool = read(path)
    assert tool.example_notice.startswith("Example.")
    assert "(example)" in tool.owner
    assert tool.source
    assert tool.low_is_not_no_action.startswith("Low is not no action")


@every_file
def test_the_examples_visit_every_band_gate_floor_and_prompt(path: Path) -> None:
    tool = read(path)
    expected = [example.expected for example in tool.examples]
    assert {one.band for one in expected} == {band.key for band in tool.bands}
    for rules, name in ((tool.gates, "gates"), (tool.floors, "floors"), (tool.prompts, "prompts")):
        named = {code for one in expected for code in getattr(one, name) or ()}
        assert named == {rule.code for rule in rules}


def test_the_matrix_has_24_or_so_indicators_in_six_sections(matrix: Tool) -> None:
    indicators = [section for section in matrix.sections if section.kind is Kind.INDICATOR]
    assert [(section.code, len(section.items)) for section in indicators] == [
        ("AWAY", 4),
        ("PEOPLE", 4),
        ("ONLINE", 4),
        ("MONEY", 4),
        ("HEALTH", 4),
        ("HARM", 5),
    ]
    assert all(item.help for section in indicators for item in section.items)
    assert all(section.help for section in matrix.sections)


def test_the_matrix_asks_about_the_15_vulnerabilities_beside_the_score(matrix: Tool) -> None:
    section = matrix.section("VULN")
    assert [item.code for item in section.items] == [f"V{n:02}" for n in range(1, 16)]
    assert (section.kind, section.counts) == (Kind.VULNERABILITY, False)
    assert [len(matrix.items[code].parts) for code in ("V01", "V02")] == [4, 6]


def test_sexual_orientation_is_an_information_category_of_its_own(matrix: Tool) -> None:
    own = {item.code: item.category for item in matrix.items.values() if item.category}
    assert own == {"V07": "orientation"}


def test_the_matrix_covers_sexual_and_criminal_exploitation_and_life_online(matrix: Tool) -> None:
    flagged = {flag: {item.code for item in matrix.items.values() if flag in item.flags} for flag in matrix.flags}
    assert flagged == {
        "red": {"F1", "F2", "F3", "F4", "F5"},
        "sexual": {"C2", "E2", "F4"},
        "criminal": {"A3", "C3", "C4", "D2", "D4", "F3"},
        "online": {"C1", "C2", "C4"},
        "sexual_activity": {"C2", "E2", "F4"},
    }
    assert "girls and boys" in matrix.intro


def test_the_bands_of_the_matrix(matrix: Tool) -> None:
    assert [(b.label, b.rank, b.first, b.last, b.review_days) for b in matrix.bands] == [
        ("No indicators ticked", 0, 0, 0, 42),
        ("Low", 1, 1, 4, 42),
        ("Medium", 2, 5, 8, 42),
        ("High", 3, 9, None, 28),
    ]


@pytest.mark.parametrize("number", range(21))
def test_the_matrix_counts_indicators_into_bands(matrix: Tool, number: int) -> None:
    plain = [item.code for item in matrix.items.values() if item.counts and "red" not in item.flags]
    answers = {code: Answer("yes") for code in plain[:number]}
    result = score(matrix, answers, age=15, harm_status=HarmStatus.SUSPECTED)
    expected = "high" if number > 8 else "medium" if number > 4 else "low" if number else "none_ticked"
    assert (result.total, result.band.key) == (number, expected)


@pytest.mark.parametrize("code", ["F1", "F2", "F3", "F4", "F5"])
@pytest.mark.parametrize("value", ["yes", "possible"])
def test_each_red_indicator_alone_is_high(matrix: Tool, code: str, value: str) -> None:
    result = score(matrix, {code: Answer(value)}, age=16, harm_status=None)
    assert (result.total, result.band_counted.key, result.band.key) == (1, "low", "high")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("F1", HarmStatus.SUSPECTED),
        ("F2", HarmStatus.SUSPECTED),
        ("F3", HarmStatus.EXPERIENCING),
        ("F4", HarmStatus.EXPERIENCING),
        ("F5", HarmStatus.EXPERIENCING),
    ],
)
def test_abuse_that_is_known_is_never_held_as_a_risk_alone(matrix: Tool, code: str, status: HarmStatus) -> None:
    result = score(matrix, {code: Answer("yes")}, age=16, harm_status=HarmStatus.VULNERABLE)
    assert (result.harm_status, result.harm_forced_by) == (status, (code,))


@pytest.mark.parametrize("code", ["C2", "E2", "F4"])
@pytest.mark.parametrize(("age", "gate"), [(12, True), (13, False)])
def test_sexual_activity_under_13_is_high(matrix: Tool, code: str, age: int, gate: bool) -> None:
    result = score(matrix, {code: Answer("yes")}, age=age, harm_status=HarmStatus.SUSPECTED)
    assert ("UNDER_13_SEXUAL" in [g.code for g in result.gates_applied]) is gate


def test_the_seraf_weights_and_categories(seraf: Tool) -> None:
    windows = {s.code: [w.weight for w in s.items[0].windows] for s in seraf.sections}
    assert windows == {"VULN": [1], "MODERATE": [1], "SIGNIFICANT": [5, 1]}
    assert [len(section.items) for section in seraf.sections] == [11, 12, 8]
    assert [(b.label[:10], b.first, b.last) for b in seraf.bands] == [
        ("Category 1", 0, 0),
        ("Category 1", 1, 5),
        ("Category 2", 6, 10),
        ("Category 3", 11, 15),
        ("Category 4", 16, None),
    ]
    assert {band.review_days for band in seraf.bands} == {84}


NOW, BOTH = ("now",), ("now", "earlier")


@pytest.mark.parametrize(
    ("vulnerabilities", "moderate", "significant", "total", "category"),
    [
        (0, 0, [], 0, "Category 1"),
        (5, 1, [], 6, "Category 2"),
        (0, 0, [NOW], 5, "Category 1"),
        (5, 0, [BOTH], 11, "Category 3"),
        (1, 0, [NOW, NOW, NOW], 16, "Category 4"),
        (5, 0, [], 5, "Category 1"),
        (10, 0, [], 10, "Category 2"),
        (11, 4, [], 15, "Category 3"),
        (11, 5, [], 16, "Category 4"),
        (11, 12, [BOTH] * 8, 71, "Category 4"),
    ],
)
def test_seraf_scores_as_published(
    seraf: Tool,
    vulnerabilities: int,
    moderate: int,
    significant: list[tuple[str, ...]],
    total: int,
    category: str,
) -> None:
    answers = {f"V{n}": Answer("yes") for n in range(1, vulnerabilities + 1)}
    answers |= {f"M{n}": Answer("yes") for n in range(1, moderate + 1)}
    answers |= {f"S{n}": Answer("yes", windows=ticked) for n, ticked in enumerate(significant, start=1)}
    result = score(seraf, answers, age=15, harm_status=HarmStatus.SUSPECTED)
    assert (result.total, result.band.label.partition(",")[0]) == (total, category)
    assert result.band == result.band_counted
