"""A risk tool as values: what its file says, once read. Nothing here counts anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property

from risk.scoring.answers import Answer


class HarmStatus(StrEnum):
    """What is known about harm. A field of its own: a level of risk must never stand in for it."""

    VULNERABLE = "vulnerable"
    SUSPECTED = "suspected"
    EXPERIENCING = "experiencing"


class Kind(StrEnum):
    """What a section holds. Vulnerabilities came before any abuse; indicators may show it now."""

    INDICATOR = "indicator"
    VULNERABILITY = "vulnerability"
    JUDGEMENT = "judgement"


class Possible(StrEnum):
    """What "possible: not confirmed but likely" does to the count in this tool."""

    SAME = "same"
    ONE_LEVEL_LOWER = "one_level_lower"
    NOT_COUNTED = "not_counted"


@dataclass(frozen=True)
class Option:
    """One answer a practitioner may choose. `present` says that it means "yes, this is there"."""

    value: str
    label: str
    points: int
    present: bool


@dataclass(frozen=True)
class Window:
    """When something was seen ("now or in the last 6 months") and what that is worth."""

    code: str
    label: str
    weight: int


@dataclass(frozen=True)
class Part:
    """A detail inside one item (which kind of abuse, say). Recorded, never counted."""

    code: str
    label: str


@dataclass(frozen=True)
class Level:
    """A level an item or a section can be at, in the tool's own order, lowest first."""

    key: str
    label: str


@dataclass(frozen=True)
class Item:
    """One thing the tool asks about, with everything inherited from its section filled in."""

    code: str
    label: str
    help: str
    section: str
    kind: Kind
    counts: bool
    options: tuple[Option, ...]
    evidence_required: bool
    windows: tuple[Window, ...] = ()
    parts: tuple[Part, ...] = ()
    level: str = ""
    flags: tuple[str, ...] = ()
    category: str = ""
    forces_harm_status: HarmStatus | None = None

    def option(self, value: str) -> Option | None:
        """The option with this value, or None where the tool does not offer it."""
        return next((option for option in self.options if option.value == value), None)


@dataclass(frozen=True)
class Section:
    """A group of items under one heading."""

    code: str
    title: str
    help: str
    kind: Kind
    counts: bool
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Need:
    """So many items (or sections) at this level or above."""

    level: str
    count: int


@dataclass(frozen=True)
class Band:
    """A level of the result: how it is reached, what must then be done, when to look again.

    `rank` places every partnership's own names on one scale: 0 nothing ticked, 1 low, 2 medium, 3 high.
    `first` and `last` are points (last None: no upper end); `needs` is for tools that count levels.
    """

    key: str
    label: str
    rank: int
    summary: str
    review_days: int
    actions: tuple[str, ...]
    first: int | None = None
    last: int | None = None
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True)
class Condition:
    """When a rule speaks. Everything given must hold; what is left out is not asked.

    `any_of`, `any_flag` and `any_kind` pick items; `how_many` of them must be present, in the given
    `window`, with one of the given `answers`, worth at least `points_from`.
    """

    any_of: tuple[str, ...] = ()
    any_flag: str = ""
    any_kind: Kind | None = None
    how_many: int = 1
    answers: tuple[str, ...] = ()
    window: str = ""
    points_from: int = 0
    anything_counted: bool = False
    age_under: int | None = None
    fact: str = ""
    harm_status: HarmStatus | None = None
    bands: tuple[str, ...] = ()

    @property
    def picks_items(self) -> bool:
        """Whether the condition looks at particular items at all."""
        return bool(self.any_of or self.any_flag or self.any_kind)


@dataclass(frozen=True)
class Rule:
    """A gate (raises because of an answer), a floor (because of the child) or a prompt (words only)."""

    code: str
    words: str
    when: Condition
    at_least: str = ""


@dataclass(frozen=True)
class HarmQuestion:
    """The question asked beside the tool, and its answers in the partnership's words."""

    label: str
    help: str
    options: Mapping[HarmStatus, str]


@dataclass(frozen=True)
class Expected:
    """What an example must come to. None: the example does not say."""

    total: int
    band: str
    gates: tuple[str, ...] | None = None
    floors: tuple[str, ...] | None = None
    prompts: tuple[str, ...] | None = None
    review_days: int | None = None
    harm_status: HarmStatus | None = None


@dataclass(frozen=True)
class Example:
    """A worked example kept in the file: the tool proves itself by it."""

    name: str
    answers: Mapping[str, Answer]
    expected: Expected
    age: int | None = None
    harm_status: HarmStatus | None = None
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tool:
    """One version of one risk tool."""

    key: str
    version: int
    title: str
    owner: str
    source: str
    example_notice: str
    effective_on: date
    effective_until: date | None
    shape: str
    intro: str
    limits: str
    low_is_not_no_action: str
    possible: Possible
    harm_question: HarmQuestion
    sections: tuple[Section, ...]
    bands: tuple[Band, ...]
    levels: tuple[Level, ...] = ()
    flags: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    gates: tuple[Rule, ...] = ()
    floors: tuple[Rule, ...] = ()
    prompts: tuple[Rule, ...] = ()
    examples: tuple[Example, ...] = ()

    @cached_property
    def items(self) -> Mapping[str, Item]:
        """Every item by its code, in the order of the form."""
        return {item.code: item for section in self.sections for item in section.items}

    @cached_property
    def review_days(self) -> Mapping[str, int]:
        """Days to the next review, by band."""
        return {band.key: band.review_days for band in self.bands}

    def band(self, key: str) -> Band:
        """The band with this key. Raises KeyError where the tool has none."""
        for band in self.bands:
            if band.key == key:
                return band
        raise KeyError(key)

    def section(self, code: str) -> Section:
        """The section with this code. Raises KeyError where the tool has none."""
        for section in self.sections:
            if section.code == code:
                return section
        raise KeyError(code)

    def higher(self, one: Band, other: Band) -> Band:
        """The higher of two bands, in the tool's own order."""
        return max(one, other, key=self.bands.index)
