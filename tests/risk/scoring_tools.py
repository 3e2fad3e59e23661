"""Small tools for the scoring tests, one for each shape. They are written out as files would be."""

from __future__ import annotations

from risk.scoring import Answer, HarmStatus, Result, Tool, load_tool, score

HEAD = """
key = "small"
version = 1
title = "Small tool"
owner = "Test partnership"
source = "Written for this test"
example_notice = "Example"
effective_on = 2026-01-01
shape = "{shape}"
intro = "How to fill it in"
limits = "A partial picture"
low_is_not_no_action = "Low is not no action"
possible = "{possible}"

[harm_question]
label = "What do you know about harm?"
help = "A separate question"
options = {{ vulnerable = "No sign", suspected = "Suspected", experiencing = "Known" }}

[flags]
red = "Serious on its own"

[facts]
learning_disability = "Has a learning disability"

[[floors]]
code = "HARM_KNOWN"
words = "Exploitation is known."
at_least = "high"
when = {{ harm_status = "experiencing" }}

[[examples]]
name = "Nothing"
expect = {{ total = 0, band = "none" }}

"""

TICKS = """
[[answers]]
value = "yes"
label = "Yes"
[[answers]]
value = "possible"
label = "Possible"
[[answers]]
value = "no"
label = "No"
"""

BAND = """
[[bands]]
key = "{key}"
label = "{label}"
rank = {rank}
summary = "What {label} means"
review_days = {days}
actions = ["Do what {label} asks"]
{reach}
"""

RULES = """
[[gates]]
code = "RED"
words = "One red indicator is enough."
at_least = "high"
when = { any_flag = "red" }

[[floors]]
code = "UNDER_13"
words = "Never low under 13."
at_least = "medium"
when = { anything_counted = true, age_under = 13 }

[[floors]]
code = "DISABILITY"
words = "Never low with a learning disability."
at_least = "medium"
when = { anything_counted = true, fact = "learning_disability" }

[[prompts]]
code = "SEVERAL"
words = "Several vulnerabilities."
when = { any_kind = "vulnerability", how_many = 3 }
"""


def bands(*reaches: str) -> str:
    """Four bands, none to high, reached as given."""
    rows = [("none", 0, 60), ("low", 1, 42), ("medium", 2, 42), ("high", 3, 28)]
    return "".join(
        BAND.format(key=key, label=key.capitalize(), rank=rank, days=days, reach=reach)
        for (key, rank, days), reach in zip(rows, reaches, strict=True)
    )


def section(code: str, items: str, *, kind: str = "indicator", counts: bool = True, more: str = "") -> str:
    """One section holding these items."""
    return f"""
[[sections]]
code = "{code}"
title = "Section {code}"
help = "About {code}"
kind = "{kind}"
counts = {str(counts).lower()}
{more}
items = [{items}]
"""


def items(codes: str, more: str = "") -> str:
    """Plain items with these codes."""
    return ", ".join(f'{{ code = "{code}", label = "Item {code}"{more} }}' for code in codes.split())


def head(shape: str, possible: str = "same") -> str:
    """Everything a file must say before its sections."""
    return HEAD.format(shape=shape, possible=possible)


COUNT_BANDS = bands("from = 0\nto = 0", "from = 1\nto = 4", "from = 5\nto = 8", "from = 9")
LEVELS = """
[[levels]]
key = "low"
label = "Low"
[[levels]]
key = "medium"
label = "Medium"
[[levels]]
key = "high"
label = "High"
"""


def count_file(possible: str = "same") -> str:
    """Ten indicators, one red, one that shows harm; five vulnerabilities beside them, one private."""
    flagged = '{ code = "R1", label = "Item R1", flags = ["red"] }'
    harmful = '{ code = "H1", label = "Item H1", forces_harm_status = "experiencing" }'
    private = '{ code = "V5", label = "Item V5", category = "orientation" }'
    parts = '{ code = "V4", label = "Item V4", parts = [{ code = "V4A", label = "Detail A" }] }'
    return (
        head("indicator_count", possible)
        + TICKS
        + RULES
        + section("A", f"{items('A1 A2 A3 A4 A5 A6 A7 A8 A9')}, {harmful}, {flagged}")
        + section("V", f"{items('V1 V2 V3')}, {parts}, {private}", kind="vulnerability", counts=False)
        + COUNT_BANDS
    )


def windows_file() -> str:
    """Vulnerabilities ever, indicators now, significant indicators now or earlier: SERAF in small."""
    ever = 'windows = [{ code = "ever", label = "Ever", weight = 1 }]'
    both = (
        'windows = [{ code = "now", label = "Now", weight = 5 }, { code = "earlier", label = "Earlier", weight = 1 }]'
    )
    return (
        head("weighted_windows")
        + TICKS
        + section("V", items("V1 V2 V3 V4 V5"), kind="vulnerability", more=ever)
        + section("S", items("S1 S2 S3"), more=both)
        + bands("from = 0\nto = 0", "from = 1\nto = 5", "from = 6\nto = 10", "from = 11")
    )


def tier_file(possible: str = "same") -> str:
    """Two behaviours at each tier."""
    return (
        head("tier_gate", possible)
        + TICKS
        + LEVELS
        + section("T", ", ".join(items(f"{k}1 {k}2", f', level = "{v}"') for k, v in TIERS))
        + bands("", *(f'needs = [{{ level = "{level}", count = 1 }}]' for _, level in TIERS))
    )


TIERS = (("L", "low"), ("M", "medium"), ("H", "high"))


def preset_file(possible: str = "one_level_lower") -> str:
    """Three indicators at each level: one high, or three medium, or four low to go up."""
    codes = ", ".join(items(f"{k}1 {k}2 {k}3 {k}4", f', level = "{v}"') for k, v in TIERS)
    return (
        head("preset_levels", possible)
        + TICKS
        + LEVELS
        + section("P", codes)
        + bands(
            "",
            'needs = [{ level = "low", count = 1 }]',
            'needs = [{ level = "medium", count = 1 }, { level = "low", count = 4 }]',
            'needs = [{ level = "high", count = 1 }, { level = "medium", count = 3 }]',
        )
    )


def sections_file() -> str:
    """Four sections answered at a level: two high, or three medium or above, are high. One is ticked."""
    levels = '[[levels]]\nkey = "nothing"\nlabel = "Nothing"\n' + LEVELS
    return (
        head("section_levels")
        + TICKS
        + levels
        + section("A", items("A1 A2"))
        + "".join(section(code, items(f"{code}1")) for code in "BCD")
        + section("V", items("V1"), kind="vulnerability", counts=False)
        + bands(
            "",
            'needs = [{ level = "low", count = 1 }]',
            'needs = [{ level = "medium", count = 1 }, { level = "low", count = 3 }]',
            'needs = [{ level = "high", count = 2 }, { level = "medium", count = 3 }]',
        )
    )


SCALE_0_3 = 'scale = ["None", "Some", "Much", "Severe"]'


def scale_file() -> str:
    """Four items from 0 to 3, each asking for evidence."""
    return (
        head("evidenced_scale")
        + section("E", items("E1 E2 E3 E4"), more=f"{SCALE_0_3}\nevidence_required = true")
        + bands("from = 0\nto = 0", "from = 1\nto = 4", "from = 5\nto = 8", "from = 9")
    )


def judgement_file() -> str:
    """Three headings from 0 to 3, and up to two points of judgement with a reason."""
    judged = 'scale = ["None", "One", "Two"]\nevidence_required = true'
    return (
        head("score_and_judgement")
        + section("M", items("M1 M2 M3"), more=SCALE_0_3)
        + section("J", items("JUDGED"), kind="judgement", more=judged)
        + bands("from = 0\nto = 0", "from = 1\nto = 4", "from = 5\nto = 7", "from = 8")
    )


ALL_FILES = {
    "indicator_count": count_file,
    "weighted_windows": windows_file,
    "tier_gate": tier_file,
    "preset_levels": preset_file,
    "section_levels": sections_file,
    "evidenced_scale": scale_file,
    "score_and_judgement": judgement_file,
}


def tool_of(shape: str) -> Tool:
    """The small tool of this shape."""
    return load_tool(ALL_FILES[shape]())


def ticks(yes: str = "", possible: str = "", no: str = "") -> dict[str, Answer]:
    """Answers to tick-list items: codes set apart by spaces."""
    given = {"yes": yes, "possible": possible, "no": no}
    return {code: Answer(value) for value, codes in given.items() for code in codes.split()}


def scored(
    tool: Tool,
    answers: dict[str, Answer],
    age: int | None = 15,
    harm_status: HarmStatus | None = HarmStatus.SUSPECTED,
    facts: tuple[str, ...] = (),
) -> Result:
    """The result for a child of 15 about whom exploitation is suspected, unless said otherwise."""
    return score(tool, answers, age=age, harm_status=harm_status, facts=facts)
