"""Whether the parts of a tool agree with each other. Every fault is listed, in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from risk.scoring.shapes import POINT_SHAPES
from risk.scoring.tool import Band, Condition, HarmStatus, Item, Kind, Possible, Rule, Tool


def check_tool(tool: Tool) -> list[str]:
    """Every way in which the tool contradicts itself; empty where it can be used."""
    return [
        *_check_dates(tool),
        *_check_codes(tool),
        *_check_sections(tool),
        *_check_levels(tool),
        *_check_bands(tool),
        *_check_reach(tool),
        *_check_rules(tool),
        *_check_examples(tool),
    ]


def _check_dates(tool: Tool) -> Iterator[str]:
    if tool.effective_until and tool.effective_until < tool.effective_on:
        yield "Tool: “effective_until” is before “effective_on”"


def _check_codes(tool: Tool) -> Iterator[str]:
    items = [item for section in tool.sections for item in section.items]
    rules = (*tool.gates, *tool.floors, *tool.prompts)
    yield from _twice("Section", (section.code for section in tool.sections))
    yield from _twice("Item", (item.code for item in items))
    yield from _twice("Band", (band.key for band in tool.bands))
    yield from _twice("Level", (level.key for level in tool.levels))
    yield from _twice("Gate, floor or prompt", (rule.code for rule in rules))
    yield from _twice("Example", (example.name for example in tool.examples))
    for section in tool.sections:
        yield from _twice(
            f"Section {section.code}: answer",
            (option.value for option in section.items[0].options) if section.items else (),
        )
        yield from _twice(
            f"Section {section.code}: window",
            (window.code for window in section.items[0].windows) if section.items else (),
        )
    for item in items:
        yield from _twice(f"Item {item.code}: detail", (part.code for part in item.parts))


def _twice(what: str, codes: Iterable[str]) -> Iterator[str]:
    for code, times in Counter(codes).items():
        if code and times > 1:
            yield f"{what} {code} is given {times} times"


def _check_sections(tool: Tool) -> Iterator[str]:
    counted = [section for section in tool.sections if section.counts]
    if not counted:
        yield "Tool: no section counts, so nothing could be scored"
    judgements = [section for section in tool.sections if section.kind is Kind.JUDGEMENT]
    if tool.shape == "score_and_judgement":
        if len(judgements) != 1 or len(judgements[0].items) != 1 or not judgements[0].counts:
            yield "Tool: this shape needs one judgement section that counts, with one item in it"
    elif judgements:
        yield "Tool: only a tool of the shape score_and_judgement has a judgement section"
    for section in tool.sections:
        if not section.items:
            yield f"Section {section.code}: has no items"
        for item in section.items:
            yield from _check_item(tool, item)


def _check_item(tool: Tool, item: Item) -> Iterator[str]:
    where = f"Item {item.code}"
    if not any(option.present for option in item.options):
        yield f"{where}: none of its answers says that it is present"
    for flag in item.flags:
        if flag not in tool.flags:
            yield f"{where}: the flag “{flag}” is not among the tool's flags"
    if item.category and item.counts:
        yield (
            f"{where}: has an information category of its own, so it must not count: "
            "the total would tell a reader who may not see it"
        )
    if item.category and item.forces_harm_status:
        yield f"{where}: has an information category of its own, so it cannot set the harm status"
    if item.counts and tool.shape == "weighted_windows" and not item.windows:
        yield f"{where}: needs the windows in which it counts"
    if item.windows and not (item.counts and tool.shape == "weighted_windows"):
        yield f"{where}: only items counted by weighted_windows have windows"
    needs_evidence = tool.shape == "evidenced_scale" or item.kind is Kind.JUDGEMENT
    if item.counts and needs_evidence and not item.evidence_required:
        yield f"{where}: must ask for evidence (“evidence_required = true”)"


def _check_levels(tool: Tool) -> Iterator[str]:
    keys = [level.key for level in tool.levels]
    presets = tool.shape in ("tier_gate", "preset_levels")
    if presets and not keys:
        yield "Tool: this shape needs “levels”, lowest first"
    if tool.shape == "section_levels" and len(keys) < 2:
        yield "Tool: this shape needs “levels”, the one that means “nothing” first"
    if tool.shape in POINT_SHAPES and keys:
        yield "Tool: only shapes that count levels have “levels”"
    for item in tool.items.values():
        if presets and item.counts and item.level not in keys:
            yield f"Item {item.code}: its level must be one of: {', '.join(keys) or 'none given'}"
        elif item.level and not (presets and item.counts):
            yield f"Item {item.code}: cannot have a level of its own in this tool"
    if tool.possible is Possible.ONE_LEVEL_LOWER and not presets:
        yield "Tool: “possible” can be one_level_lower only where items have levels"


def _check_bands(tool: Tool) -> Iterator[str]:
    if len(tool.bands) < 2:
        yield "Tool: needs two bands or more, lowest first"
        return
    ranks = [band.rank for band in tool.bands]
    if ranks.count(0) != 1 or ranks[0] != 0:
        yield "Bands: the first, and no other, is “nothing ticked” and has rank 0"
    if any(after < before for before, after in pairwise(ranks)):
        yield "Bands: ranks must not fall from one band to the next"
    if max(ranks) != 3:
        yield "Bands: the highest band has rank 3"
    for lower, band in pairwise(tool.bands[1:]):
        if band.review_days > lower.review_days:
            yield f"Band {band.key}: is reviewed later than the lower band {lower.key}"


def _check_reach(tool: Tool) -> Iterator[str]:
    """Points must leave no gap and no overlap; levels must name what exists, in rising order."""
    if tool.shape in POINT_SHAPES:
        yield from _check_points(tool.bands)
        return
    for band in tool.bands:
        if band.first is not None or band.last is not None:
            yield f"Band {band.key}: “from” and “to” belong to tools that add points"
        if (band is tool.bands[0]) == bool(band.needs):
            yield f"Band {band.key}: every band but the first says in “needs” how it is reached"
        for need in band.needs:
            if need.level not in {level.key for level in tool.levels}:
                yield f"Band {band.key}: needs the level “{need.level}”, which the tool does not have"
        if tool.shape == "tier_gate" and any(need.count != 1 for need in band.needs):
            yield f"Band {band.key}: in a tier gate one item is enough, so “count” must be 1"


def _check_points(bands: tuple[Band, ...]) -> Iterator[str]:
    expected = 0
    for band in bands:
        last_band = band is bands[-1]
        if band.needs:
            yield f"Band {band.key}: “needs” belongs to tools that count levels"
        if band.first is None:
            yield f"Band {band.key}: “from” is missing"
            return
        if band.first != expected:
            yield f"Band {band.key}: starts at {band.first}, but should start at {expected}"
        if last_band and band.last is not None:
            yield f"Band {band.key}: the highest band has no “to”, so that no total is too high"
        if not last_band and band.last is None:
            yield f"Band {band.key}: “to” is missing"
            return
        if band.last is not None and band.last < band.first:
            yield f"Band {band.key}: “to” is below “from”"
        if band is bands[0] and band.last != 0:
            yield f"Band {band.key}: “nothing ticked” is from 0 to 0"
        expected = band.first + 1 if band.last is None else band.last + 1


def _check_rules(tool: Tool) -> Iterator[str]:
    bands = [band.key for band in tool.bands]
    for kind, rules in (("Gate", tool.gates), ("Floor", tool.floors), ("Prompt", tool.prompts)):
        for rule in rules:
            where = f"{kind} {rule.code}"
            if rule.at_least and rule.at_least not in bands[1:]:
                yield f"{where}: “at_least” must be one of: {', '.join(bands[1:])}"
            if rule.when.bands and kind != "Prompt":
                yield f"{where}: only a prompt may depend on the band reached"
            yield from (f"{where}: {fault}" for fault in _check_condition(tool, rule.when))
            yield from (f"{where}: {fault}" for fault in _check_secrecy(tool, kind, rule))
    if not any(_is_harm_floor(rule) for rule in tool.floors):
        yield (
            "Tool: needs a floor for children known to be exploited "
            '(when = { harm_status = "experiencing" }): known abuse is never a low risk'
        )


def _is_harm_floor(rule: Rule) -> bool:
    return rule.when == Condition(harm_status=HarmStatus.EXPERIENCING)


def _check_condition(tool: Tool, when: Condition) -> Iterator[str]:
    if when == Condition():
        yield "does not say when it applies"
    if not when.picks_items and (when.answers or when.window or when.points_from or when.how_many > 1):
        yield "says how items must be answered, but not which items"
    for code in when.any_of:
        if code not in tool.items:
            yield f"names the item {code}, which the tool does not have"
    if when.any_flag and when.any_flag not in tool.flags:
        yield f"names the flag “{when.any_flag}”, which the tool does not have"
    if when.fact and when.fact not in tool.facts:
        yield f"names the fact “{when.fact}”, which is not among the tool's facts"
    for key in when.bands:
        if key not in {band.key for band in tool.bands}:
            yield f"names the band “{key}”, which the tool does not have"
    picked = [item for item in tool.items.values() if _could_pick(when, item)]
    if when.picks_items and len(picked) < when.how_many:
        yield f"can never apply: {len(picked)} item(s) could meet it and it needs {when.how_many}"


def _could_pick(when: Condition, item: Item) -> bool:
    """Whether some answer to the item could meet the condition: a rule that cannot fire is a fault."""
    return (
        (not when.any_of or item.code in when.any_of)
        and (not when.any_flag or when.any_flag in item.flags)
        and (when.any_kind is None or when.any_kind is item.kind)
        and (not when.window or when.window in {window.code for window in item.windows})
        and any(
            option.present and option.points >= when.points_from and (not when.answers or option.value in when.answers)
            for option in item.options
        )
    )


def _check_secrecy(tool: Tool, kind: str, rule: Rule) -> Iterator[str]:
    if kind == "Prompt" or not rule.when.picks_items:
        return
    for item in tool.items.values():
        if item.category and _could_pick(rule.when, item):
            yield f"turns on {item.code}, which not every reader may see; the level would tell them"


def _check_examples(tool: Tool) -> Iterator[str]:
    if not tool.examples:
        yield "Tool: needs worked examples"
    rules = {
        "gates": {rule.code for rule in tool.gates},
        "floors": {rule.code for rule in tool.floors},
        "prompts": {rule.code for rule in tool.prompts},
    }
    for example in tool.examples:
        where = f"Example {example.name}"
        expected = example.expected
        if expected.band not in {band.key for band in tool.bands}:
            yield f"{where}: expects the band “{expected.band}”, which the tool does not have"
        for code in example.answers:
            if code not in tool.items:
                yield f"{where}: answers {code}, which the tool does not have"
        for fact in example.facts:
            if fact not in tool.facts:
                yield f"{where}: uses the fact “{fact}”, which is not among the tool's facts"
        for name, known in rules.items():
            unknown = set(getattr(expected, name) or ()) - known
            if unknown:
                yield f"{where}: expects {name} the tool does not have: {', '.join(sorted(unknown))}"
