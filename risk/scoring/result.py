"""A result that explains itself, and its plain form for keeping with the assessment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from risk.scoring.tool import HarmStatus, Tool

FORMAT = 1


@dataclass(frozen=True)
class BandReached:
    """The band as it was called when the assessment was scored."""

    key: str
    label: str
    rank: int


@dataclass(frozen=True)
class Line:
    """One answered item: what was answered, what it counted and why, and the total so far."""

    code: str
    label: str
    section: str
    kind: str
    answer: str
    windows: tuple[str, ...]
    parts: tuple[str, ...]
    present: bool
    counted: int
    running_total: int
    because: str
    category: str


@dataclass(frozen=True)
class Applied:
    """A gate, floor or prompt that spoke: its words, the items behind it, and what it changed.

    `raised_from` and `raised_to` are band labels, empty where the band was already as high.
    """

    code: str
    words: str
    codes: tuple[str, ...]
    how_many: int
    raised_from: str
    raised_to: str


@dataclass(frozen=True)
class Result:
    """What a tool comes to. It informs a judgement; it decides nothing and refuses no service.

    `band_counted` is what the answers alone reach, `band` what stands after gates and floors.
    `harm_status` is the status that must be recorded, raised where an answer says harm is known.
    """

    tool_key: str
    tool_version: int
    tool_title: str
    total: int
    band: BandReached
    band_counted: BandReached
    band_rule: str
    harm_status: HarmStatus | None
    harm_status_given: HarmStatus | None
    harm_forced_by: tuple[str, ...]
    harm_rule: str
    lines: tuple[Line, ...]
    gates_applied: tuple[Applied, ...]
    floors_applied: tuple[Applied, ...]
    prompts: tuple[Applied, ...]
    not_applied: tuple[str, ...]
    counted_codes: tuple[str, ...]
    unanswered: tuple[str, ...]
    actions: tuple[str, ...]
    advice: tuple[str, ...]
    next_review_days: int

    def as_dict(self) -> dict[str, Any]:
        """The result as plain lists, texts and numbers, to be stored; `result_from_dict` undoes it."""
        plain: dict[str, Any] = _plain(asdict(self))
        return {"format": FORMAT, **plain}

    def explain(self) -> tuple[str, ...]:
        """The whole result in sentences, in the order a reader needs them."""
        return tuple(_sentences(self))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, HarmStatus) else value


def result_from_dict(stored: Mapping[str, Any]) -> Result:
    """The result that `as_dict` stored. Raises ValueError if this is not such a record."""
    try:
        if stored["format"] != FORMAT:
            raise ValueError(f"unknown format {stored['format']!r}")
        values = {key: value for key, value in stored.items() if key != "format"}
        for key in ("band", "band_counted"):
            values[key] = _rebuilt(BandReached, values[key])
        for key, kind in (
            ("lines", Line),
            ("gates_applied", Applied),
            ("floors_applied", Applied),
            ("prompts", Applied),
        ):
            values[key] = tuple(_rebuilt(kind, row) for row in values[key])
        for key in ("harm_status", "harm_status_given"):
            values[key] = None if values[key] is None else HarmStatus(values[key])
        result: Result = _rebuilt(Result, values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"This is not a stored risk result: {error}") from error
    return result


def _rebuilt(kind: type[Any], row: Mapping[str, Any]) -> Any:
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()})


HELD_ELSEWHERE = "Raised because of something about the child that is held elsewhere on the file."


def hide_categories(tool: Tool, result: Result, hidden: Collection[str]) -> Result:
    """The result for a reader who may not see items of these information categories or kinds.

    `hidden` holds categories of items ("orientation") and kinds of section ("vulnerability"). The
    total and the band stay true, because nothing hidden counts. Raises ValueError in a tool where it
    does count (SERAF's vulnerabilities): such a reader is shown the level alone.
    """
    codes = {i.code for i in tool.items.values() if i.category in hidden or i.kind.value in hidden}
    if codes & set(result.counted_codes):
        raise ValueError(f"{tool.title} counts what this reader may not see: show the level alone")
    return replace(
        result,
        lines=tuple(line for line in result.lines if line.code not in codes),
        unanswered=tuple(code for code in result.unanswered if code not in codes),
        gates_applied=tuple(_without_source(rule, codes) for rule in result.gates_applied),
        floors_applied=tuple(_without_source(rule, codes) for rule in result.floors_applied),
        prompts=tuple(kept for rule in result.prompts if (kept := _still_met(rule, codes))),
        harm_forced_by=tuple(code for code in result.harm_forced_by if code not in codes),
        harm_rule="" if codes & set(result.harm_forced_by) else result.harm_rule,
    )


def _without_source(rule: Applied, hidden: set[str]) -> Applied:
    """A raise still shows, for the level would otherwise make no sense; what lay behind it does not."""
    if not hidden & set(rule.codes):
        return rule
    return replace(rule, code="", words=HELD_ELSEWHERE, codes=(), how_many=0)


def _still_met(prompt: Applied, hidden: set[str]) -> Applied | None:
    kept = tuple(code for code in prompt.codes if code not in hidden)
    if prompt.codes and len(kept) < prompt.how_many:
        return None
    return replace(prompt, codes=kept)


def _sentences(result: Result) -> list[str]:
    said = [f"{result.tool_title}, version {result.tool_version}."]
    said += [_counted_sentence(line) for line in result.lines if line.counted]
    said.append(f"Total: {result.total}.")
    said.append(result.band_rule)
    said += [_applied_sentence(rule) for rule in (*result.gates_applied, *result.floors_applied)]
    said.append(f"Level: {result.band.label}.")
    said += [_not_counted_sentence(line) for line in result.lines if not line.counted]
    if result.unanswered:
        number = len(result.unanswered)
        said.append(f"Not answered, so not counted: {number} item{'s' if number > 1 else ''}.")
    said += result.not_applied
    if result.harm_rule:
        said.append(result.harm_rule)
    said += [prompt.words for prompt in result.prompts]
    return [*said, *result.advice]


def _answer_words(line: Line) -> str:
    details = [*line.windows, *line.parts]
    return line.answer + (f" ({'; '.join(details)})" if details else "")


def _counted_sentence(line: Line) -> str:
    return (
        f"{line.code} {line.label}: {_answer_words(line)}. Counts {line.counted}. {line.because} "
        f"Total so far {line.running_total}."
    )


def _not_counted_sentence(line: Line) -> str:
    return f"{line.code} {line.label}: {_answer_words(line)}. Counts nothing. {line.because}"


def _applied_sentence(applied: Applied) -> str:
    because = f" ({', '.join(applied.codes)})" if applied.codes else ""
    if applied.raised_to:
        return f"{applied.words}{because} Raised from {applied.raised_from} to {applied.raised_to}."
    return f"{applied.words}{because} The level was already as high."
