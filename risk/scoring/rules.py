"""Gates, floors, prompts and the harm status: what stands beside the count, alike for every shape."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from risk.scoring.answers import Answer, ticked_windows
from risk.scoring.result import Applied
from risk.scoring.tool import Band, Condition, HarmStatus, Item, Rule, Tool

SEVERITY = {None: 0, HarmStatus.VULNERABLE: 1, HarmStatus.SUSPECTED: 2, HarmStatus.EXPERIENCING: 3}


@dataclass(frozen=True)
class Situation:
    """All that a rule may ask about: the answers, what they counted, and the child's facts."""

    tool: Tool
    answers: Mapping[str, Answer]
    counted: Collection[str]
    age: int | None
    harm_status: HarmStatus | None
    facts: Collection[str]


class Verdict(Enum):
    """Whether a rule's condition holds. UNKNOWN: it turns on the child's age, which is not recorded."""

    HOLDS = auto()
    DOES_NOT = auto()
    UNKNOWN = auto()


@dataclass(frozen=True)
class Outcome:
    """What a list of rules did to a band."""

    band: Band
    applied: tuple[Applied, ...]
    not_applied: tuple[str, ...]


def harm_status_after(
    tool: Tool, answers: Mapping[str, Answer], given: HarmStatus | None
) -> tuple[HarmStatus | None, tuple[str, ...]]:
    """The harm status that must be recorded, and the items that raised it above the one given.

    An answer that exploitation is known must not be held as a mere level of risk (IICSA 2022, L.2).
    "Possible" makes it suspected. The status is raised here and never lowered.
    """
    status = given
    forced_by: list[str] = []
    for item in tool.items.values():
        if item.forces_harm_status and item.code in answers and _is_present(item, answers):
            forced = item.forces_harm_status
            if answers[item.code].value == "possible":
                forced = HarmStatus.SUSPECTED
            if SEVERITY[forced] > SEVERITY[status]:
                status, forced_by = forced, [item.code]
            elif forced is status and status is not given:
                forced_by.append(item.code)
    return status, tuple(forced_by)


def apply_rules(rules: tuple[Rule, ...], situation: Situation, band: Band) -> Outcome:
    """Raises a band by every rule that holds, and says what each did. No rule ever lowers a band."""
    tool = situation.tool
    applied: list[Applied] = []
    not_applied: list[str] = []
    for rule in rules:
        codes = _items_meeting(rule.when, situation)
        verdict = _verdict(rule.when, situation, codes, band)
        if verdict is Verdict.UNKNOWN:
            not_applied.append(f"Not checked, because the child's age is not recorded: {rule.words}")
        if verdict is not Verdict.HOLDS:
            continue
        raised = tool.higher(band, tool.band(rule.at_least)) if rule.at_least else band
        changed = raised is not band
        applied.append(
            Applied(
                code=rule.code,
                words=rule.words,
                codes=codes,
                how_many=rule.when.how_many,
                raised_from=band.label if changed else "",
                raised_to=raised.label if changed else "",
            )
        )
        band = raised
    return Outcome(band, tuple(applied), tuple(not_applied))


def _verdict(when: Condition, situation: Situation, codes: tuple[str, ...], band: Band) -> Verdict:
    holds = (
        (not when.picks_items or len(codes) >= when.how_many)
        and (not when.anything_counted or bool(situation.counted))
        and (not when.fact or when.fact in situation.facts)
        and (when.harm_status is None or situation.harm_status is when.harm_status)
        and (not when.bands or band.key in when.bands)
    )
    if not holds:
        return Verdict.DOES_NOT
    if when.age_under is None:
        return Verdict.HOLDS
    if situation.age is None:
        return Verdict.UNKNOWN
    return Verdict.HOLDS if situation.age < when.age_under else Verdict.DOES_NOT


def _items_meeting(when: Condition, situation: Situation) -> tuple[str, ...]:
    if not when.picks_items:
        return ()
    return tuple(
        item.code
        for item in situation.tool.items.values()
        if _is_picked(when, item) and item.code in situation.answers and _is_met(when, item, situation.answers)
    )


def _is_picked(when: Condition, item: Item) -> bool:
    return (
        (not when.any_of or item.code in when.any_of)
        and (not when.any_flag or when.any_flag in item.flags)
        and (when.any_kind is None or when.any_kind is item.kind)
    )


def _is_met(when: Condition, item: Item, answers: Mapping[str, Answer]) -> bool:
    answer = answers[item.code]
    option = item.option(answer.value)
    return bool(
        option
        and option.present
        and option.points >= when.points_from
        and (not when.answers or answer.value in when.answers)
        and (not when.window or when.window in {w.code for w in ticked_windows(item, answer)})
    )


def _is_present(item: Item, answers: Mapping[str, Answer]) -> bool:
    option = item.option(answers[item.code].value)
    return bool(option and option.present)
