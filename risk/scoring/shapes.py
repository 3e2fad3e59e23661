"""The seven ways a published tool turns answers into a band, one small function each.

A shape sees a tool and checked answers and returns a `Tally`: lines, total, band, and the rule that
reached it. Gates, floors and the harm status come after, alike for every shape (see `rules`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from risk.scoring.answers import Answer, ticked_windows
from risk.scoring.result import Line
from risk.scoring.tool import Band, Item, Kind, Possible, Tool


@dataclass(frozen=True)
class Tally:
    """What the answers alone come to. The total is the sum of what the lines count."""

    lines: tuple[Line, ...]
    total: int
    band: Band
    band_rule: str


Shape = Callable[[Tool, Mapping[str, Answer]], Tally]
Weigh = Callable[[Item, Answer], tuple[int, str]]

SHAPES: dict[str, Shape] = {}
POINT_SHAPES = frozenset({"weighted_windows", "indicator_count", "evidenced_scale", "score_and_judgement"})
SCALE_SHAPES = frozenset({"evidenced_scale", "score_and_judgement"})


def shape(function: Shape) -> Shape:
    """Registers a shape under its own name, which is the name tool files use."""
    SHAPES[function.__name__] = function
    return function


@shape
def indicator_count(tool: Tool, answers: Mapping[str, Answer]) -> Tally:
    """Each indicator present counts one; the band is read off the count (Staffordshire and Stoke)."""

    def weigh(item: Item, answer: Answer) -> tuple[int, str]:
        return 1, "One indicator."

    return _by_points(tool, _lines(tool, answers, weigh))


@shape
def weighted_windows(tool: Tool, answers: Mapping[str, Answer]) -> Tally:
    """Each window ticked counts its weight, so seen now and seen before both count (SERAF)."""

    def weigh(item: Item, answer: Answer) -> tuple[int, str]:
        ticked = ticked_windows(item, answer)
        sums = " and ".join(f"{window.label.lower()} counts {window.weight}" for window in ticked)
        return sum(window.weight for window in ticked), f"{sums[:1].upper()}{sums[1:]}."

    return _by_points(tool, _lines(tool, answers, weigh))


@shape
def evidenced_scale(tool: Tool, answers: Mapping[str, Answer]) -> Tally:
    """Each item counts the points chosen on its scale; evidence is asked for by `check_answers`."""

    def weigh(item: Item, answer: Answer) -> tuple[int, str]:
        points = _points(item, answer)
        return points, f"Rated {points} of {max(option.points for option in item.options)}."

    return _by_points(tool, _lines(tool, answers, weigh))


@shape
def score_and_judgement(tool: Tool, answers: Mapping[str, Answer]) -> Tally:
    """Points for each heading, and capped points for the worker's judgement, shown apart (Merseyside)."""

    def weigh(item: Item, answer: Answer) -> tuple[int, str]:
        points = _points(item, answer)
        most = max(option.points for option in item.options)
        if item.kind is Kind.JUDGEMENT:
            return points, f"Professional judgement, {points} of {most} at most."
        return points, f"Rated {points} of {most}."

    return _by_points(tool, _lines(tool, answers, weigh))


@shape
def tier_gate(tool: Tool, answers: Mapping[str, Answer]) -> Tally:
    """Any one behaviour at a tier reaches that tier, however few others there are (Derby, Croydon)."""
    return _by_item_level(tool, answers)


@shape
def preset_levels(tool: Tool, answers: Mapping[str, Answer]) -> Tally:
    """Each indicator has a level of its own, answered yes, possible or no; levels are counted (Wiltshire)."""
    return _by_item_level(tool, answers)


@shape
def section_levels(tool: Tool, answers: Mapping[str, Answer]) -> Tally:
    """Each section is as high as its highest item; sections at each level are counted (Cambridgeshire)."""
    highest: dict[str, str] = {}
    reached: list[int] = []
    for section in tool.sections:
        if section.counts:
            ranks = {i.code: _points(i, answers[i.code]) for i in section.items if i.code in answers}
            top = max(ranks, key=lambda code: ranks[code], default="")
            if top and ranks[top]:
                highest[section.code] = top
                reached.append(ranks[top])

    def weigh(item: Item, answer: Answer) -> tuple[int, str]:
        label = tool.levels[_points(item, answer)].label
        if highest.get(item.section) == item.code:
            return 1, f"The section is at {label}."
        return 0, "Another answer in this section is as high or higher, and sections are counted."

    return _by_levels(tool, _lines(tool, answers, weigh), reached)


def _by_item_level(tool: Tool, answers: Mapping[str, Answer]) -> Tally:
    keys = [level.key for level in tool.levels]
    reached: list[int] = []

    def weigh(item: Item, answer: Answer) -> tuple[int, str]:
        rank = keys.index(item.level)
        lowered = answer.value == "possible" and tool.possible is Possible.ONE_LEVEL_LOWER and rank
        rank -= 1 if lowered else 0
        reached.append(rank)
        words = f"Counts at {tool.levels[rank].label}"
        return 1, f"{words}, one level lower because it is only possible." if lowered else f"{words}."

    return _by_levels(tool, _lines(tool, answers, weigh), reached)


def _points(item: Item, answer: Answer) -> int:
    option = item.option(answer.value)
    return option.points if option else 0


def _lines(tool: Tool, answers: Mapping[str, Answer], weigh: Weigh) -> tuple[Line, ...]:
    """One line for each answered item, in the order of the form whatever the order of the answers."""
    lines: list[Line] = []
    running = 0
    for section in tool.sections:
        for item in section.items:
            if item.code in answers:
                counted, because = _weighed(tool, item, answers[item.code], weigh)
                running += counted
                lines.append(_line(section.title, item, answers[item.code], counted, running, because))
    return tuple(lines)


def _weighed(tool: Tool, item: Item, answer: Answer, weigh: Weigh) -> tuple[int, str]:
    option = item.option(answer.value)
    if option is None or not option.present:
        return 0, "This answer adds nothing."
    if not item.counts:
        return 0, "Recorded beside the score: this section is not part of it."
    if answer.value == "possible" and tool.possible is Possible.NOT_COUNTED:
        return 0, "This tool records what is only possible and does not count it."
    return weigh(item, answer)


def _line(title: str, item: Item, answer: Answer, counted: int, running: int, because: str) -> Line:
    option = item.option(answer.value)
    return Line(
        code=item.code,
        label=item.label,
        section=title,
        kind=item.kind.value,
        answer=option.label if option else "",
        windows=tuple(window.label for window in ticked_windows(item, answer)),
        parts=tuple(part.label for part in item.parts if part.code in answer.parts),
        present=bool(option and option.present),
        counted=counted,
        running_total=running,
        because=because,
        category=item.category,
    )


def _by_points(tool: Tool, lines: tuple[Line, ...]) -> Tally:
    total = sum(line.counted for line in lines)
    band = next(
        band
        for band in tool.bands
        if band.first is not None and band.first <= total and (band.last is None or total <= band.last)
    )
    if band.last is None:
        reach = f"{band.first} or more"
    elif band.first == band.last:
        reach = f"{band.first}"
    else:
        reach = f"{band.first} to {band.last}"
    return Tally(lines, total, band, f"A total of {total} is {band.label} ({reach}).")


def _by_levels(tool: Tool, lines: tuple[Line, ...], reached: list[int]) -> Tally:
    """The highest band any of whose needs is met. A higher level also meets a need for a lower one."""
    total = sum(line.counted for line in lines)
    labels = {level.key: (rank, level.label) for rank, level in enumerate(tool.levels)}
    for band in reversed(tool.bands):
        for need in band.needs:
            rank, label = labels[need.level]
            found = sum(1 for one in reached if one >= rank)
            if found >= need.count:
                words = f"{found} at {label} or above is {band.label} ({need.count} or more)."
                return Tally(lines, total, band, words)
    lowest = tool.bands[0]
    return Tally(lines, total, lowest, f"Nothing reaches a level: {lowest.label}.")
