"""A tool file becomes a `Tool`, or a list of everything that is wrong with it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

from risk.scoring.answers import Answer
from risk.scoring.checking import check_tool
from risk.scoring.reading import CODE, KEY, Table
from risk.scoring.shapes import SCALE_SHAPES, SHAPES
from risk.scoring.tool import (
    Band,
    Condition,
    Example,
    Expected,
    HarmQuestion,
    HarmStatus,
    Item,
    Kind,
    Level,
    Need,
    Option,
    Part,
    Possible,
    Rule,
    Section,
    Tool,
    Window,
)

TICK_VALUES = {"yes": True, "possible": True, "no": False, "not_known": False}


class InvalidTool(ValueError):
    """A tool file that cannot be used. `problems` lists every fault found, in plain words."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


def load_tool(text: str) -> Tool:
    """Reads a tool from its TOML text. Raises InvalidTool listing everything that is wrong.

    The form of the file is described in docs/decisions/0041-risk-tool-files.md.
    """
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidTool([f"The file cannot be read as TOML: {error}"]) from error
    problems: list[str] = []
    tool = _tool(Table(values, "Tool", problems))
    problems += check_tool(tool)
    if problems:
        raise InvalidTool(problems)
    return tool


@dataclass(frozen=True)
class _Answering:
    """How a section is answered: what its items inherit."""

    options: tuple[Option, ...]
    windows: tuple[Window, ...]
    evidence_required: bool


def _tool(table: Table) -> Tool:
    shape = table.one_of("shape", SHAPES)
    levels = tuple(_level(row) for row in table.tables("levels", "Level", optional=True))
    ticks = tuple(_option(row, TICK_VALUES) for row in table.tables("answers", "Answer", optional=True))
    sections = table.tables("sections", "Section")
    tool = Tool(
        key=table.name("key", KEY),
        version=table.number("version", least=1),
        title=table.text("title"),
        owner=table.text("owner"),
        source=table.text("source"),
        example_notice=table.text("example_notice", may_be_empty=True),
        effective_on=table.day("effective_on"),
        effective_until=table.day("effective_until") if table.has("effective_until") else None,
        shape=shape,
        intro=table.text("intro"),
        limits=table.text("limits"),
        low_is_not_no_action=table.text("low_is_not_no_action"),
        possible=Possible(table.one_of("possible", list(Possible), default=Possible.SAME)),
        harm_question=_harm_question(table.table("harm_question", "Harm question")),
        sections=tuple(_section(row, shape, ticks, levels) for row in sections),
        bands=tuple(_band(row) for row in table.tables("bands", "Band")),
        levels=levels,
        flags=table.labels("flags"),
        facts=table.labels("facts"),
        gates=tuple(_rule(row) for row in table.tables("gates", "Gate", optional=True)),
        floors=tuple(_rule(row) for row in table.tables("floors", "Floor", optional=True)),
        prompts=tuple(_prompt(row) for row in table.tables("prompts", "Prompt", optional=True)),
        examples=tuple(_example(row) for row in table.tables("examples", "Example")),
    )
    table.finish()
    return tool


def _harm_question(table: Table) -> HarmQuestion:
    label, help_text = table.text("label"), table.text("help")
    options: dict[HarmStatus, str] = {}
    inner = table.table("options", "Harm question, options")
    for status in HarmStatus:
        options[status] = inner.text(status.value)
    inner.finish()
    table.finish()
    return HarmQuestion(label, help_text, options)


def _level(table: Table) -> Level:
    level = Level(table.name("key", KEY), table.text("label"))
    table.finish()
    return level


def _option(table: Table, ticks: dict[str, bool]) -> Option:
    value = table.one_of("value", ticks)
    option = Option(value, table.text("label"), int(ticks[value]), ticks[value])
    table.finish()
    return option


def _section(table: Table, shape: str, ticks: tuple[Option, ...], levels: tuple[Level, ...]) -> Section:
    kind = Kind(table.one_of("kind", list(Kind)))
    code, counts = table.name("code", CODE), table.truth("counts")
    answering = _Answering(
        options=_options(table, shape, counts, ticks, levels),
        windows=tuple(_window(row) for row in table.tables("windows", "Window", optional=True)),
        evidence_required=table.truth("evidence_required", default=False),
    )
    section = Section(
        code=code,
        title=table.text("title"),
        help=table.text("help"),
        kind=kind,
        counts=counts,
        items=tuple(_item(row, code, kind, counts, answering) for row in table.tables("items", "Item")),
    )
    table.finish()
    return section


def _options(
    table: Table, shape: str, counts: bool, ticks: tuple[Option, ...], levels: tuple[Level, ...]
) -> tuple[Option, ...]:
    """A counted section is answered in its shape's own way; a section beside the score is ticked."""
    if counts and shape in SCALE_SHAPES:
        labels = table.texts("scale")
        return tuple(Option(str(n), label, n, n > 0) for n, label in enumerate(labels))
    if counts and shape == "section_levels":
        return tuple(Option(v.key, v.label, n, n > 0) for n, v in enumerate(levels))
    chosen = table.texts("answers", default=tuple(option.value for option in ticks))
    known = {option.value: option for option in ticks}
    for value in chosen:
        if value not in known:
            table.report(f"the answer “{value}” is not one of the tool's answers")
    return tuple(known[value] for value in chosen if value in known)


def _window(table: Table) -> Window:
    window = Window(table.name("code", KEY), table.text("label"), table.number("weight", least=1))
    table.finish()
    return window


def _item(table: Table, section: str, kind: Kind, counts: bool, answering: _Answering) -> Item:
    parts = tuple(_part(row) for row in table.tables("parts", "Detail", optional=True))
    forces = table.one_of("forces_harm_status", list(HarmStatus), default="")
    item = Item(
        code=table.name("code", CODE),
        label=table.text("label"),
        help=table.text("help", default=""),
        section=section,
        kind=kind,
        counts=counts,
        options=answering.options,
        evidence_required=table.truth("evidence_required", default=answering.evidence_required),
        windows=answering.windows,
        parts=parts,
        level=table.text("level", default=""),
        flags=table.texts("flags", default=()),
        category=table.name("category", KEY, default=""),
        forces_harm_status=HarmStatus(forces) if forces else None,
    )
    table.finish()
    return item


def _part(table: Table) -> Part:
    part = Part(table.name("code", CODE), table.text("label"))
    table.finish()
    return part


def _band(table: Table) -> Band:
    needs = []
    for row in table.tables("needs", f"{table.where}, need", optional=True):
        needs.append(Need(row.text("level"), row.number("count", least=1)))
        row.finish()
    band = Band(
        key=table.name("key", KEY),
        label=table.text("label"),
        rank=table.number("rank"),
        summary=table.text("summary"),
        review_days=table.number("review_days", least=1),
        actions=table.texts("actions"),
        first=table.number_if_given("from"),
        last=table.number_if_given("to"),
        needs=tuple(needs),
    )
    table.finish()
    return band


def _rule(table: Table) -> Rule:
    rule = Rule(
        code=table.name("code", CODE),
        words=table.text("words"),
        when=_condition(table.table("when", f"{table.where}, when")),
        at_least=table.text("at_least"),
    )
    table.finish()
    return rule


def _prompt(table: Table) -> Rule:
    when = table.table("when", f"{table.where}, when")
    prompt = Rule(table.name("code", CODE), table.text("words"), _condition(when))
    table.finish()
    return prompt


def _condition(table: Table) -> Condition:
    kind = table.one_of("any_kind", list(Kind), default="")
    status = table.one_of("harm_status", list(HarmStatus), default="")
    condition = Condition(
        any_of=table.texts("any_of", default=()),
        any_flag=table.text("any_flag", default=""),
        any_kind=Kind(kind) if kind else None,
        how_many=table.number("how_many", least=1, default=1),
        answers=table.texts("answers", default=()),
        window=table.text("window", default=""),
        points_from=table.number("points_from", default=0),
        anything_counted=table.truth("anything_counted", default=False),
        age_under=table.number_if_given("age_under", least=1),
        fact=table.text("fact", default=""),
        harm_status=HarmStatus(status) if status else None,
        bands=table.texts("bands", default=()),
    )
    table.finish()
    return condition


def _example(table: Table) -> Example:
    answers: dict[str, Answer] = {}
    for value in TICK_VALUES:
        for code in table.texts(value, default=()):
            answers[code] = Answer(value)
    detailed = table.table("answers", f"{table.where}, answers", optional=True)
    for code in detailed.names():
        answers[code] = _example_answer(detailed.table(code, f"{table.where}, answer {code}"))
    status = table.one_of("harm_status", list(HarmStatus), default="")
    example = Example(
        name=table.text("name"),
        answers=answers,
        expected=_expected(table.table("expect", f"{table.where}, expect")),
        age=table.number_if_given("age"),
        harm_status=HarmStatus(status) if status else None,
        facts=table.texts("facts", default=()),
    )
    table.finish()
    return example


def _example_answer(table: Table) -> Answer:
    answer = Answer(
        value=table.text("value"),
        windows=table.texts("windows", default=()),
        parts=table.texts("parts", default=()),
        evidence=table.text("evidence", default=""),
    )
    table.finish()
    return answer


def _expected(table: Table) -> Expected:
    status = table.one_of("harm_status", list(HarmStatus), default="")
    expected = Expected(
        total=table.number("total"),
        band=table.text("band"),
        gates=table.texts("gates") if table.has("gates") else None,
        floors=table.texts("floors") if table.has("floors") else None,
        prompts=table.texts("prompts") if table.has("prompts") else None,
        review_days=table.number_if_given("review_days"),
        harm_status=HarmStatus(status) if status else None,
    )
    table.finish()
    return expected
