"""Which children come on an agenda, why, in what order, and until when its members may read their files.

Source: domain report A5 (new cases, monthly review of all open ones, children placed from outside one by one), C5
(thresholds) and D3 (order of the agenda). The numbers and words are data: a definition of kind "agenda".
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.rules.dates import day, in_london
from cases.access.choices import Category
from cases.record.choices import RiskLevel
from panels.choices import Frequency, ReasonCode
from panels.rules import PanelRefused

LEVELS_LOW_TO_HIGH = (
    RiskLevel.NOT_ASSESSED,
    RiskLevel.NONE_IDENTIFIED,
    RiskLevel.LOW,
    RiskLevel.MEDIUM,
    RiskLevel.HIGH,
)
SHORTEST_REASON = 10
# An agenda goes out about a week before its meeting; earlier than this opens files for longer than the meeting needs.
PUBLISHED_WITHIN_DAYS = 14
_NUMBERS: Mapping[str, tuple[str, ...]] = {
    ReasonCode.MISSING: ("episodes", "within_days"),
    ReasonCode.REVIEW_DUE: ("after_days",),
}


@dataclass(frozen=True)
class AgendaRule:
    """One version of the agenda's rules: `rules` in the order of the agenda."""

    version: int
    rules: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class OpenCase:
    """What the rule needs to know of one open file. Days are London days.

    `review_ended` says that the last decision was one after which the panel does not come back by itself; `placed_by`
    is the authority that placed the child here, where it is another than the partnership's own.
    """

    child_id: UUID
    open_since: date
    level: str = RiskLevel.NOT_ASSESSED
    level_judged_on: date | None = None
    discussed_on: date | None = None
    level_discussed: str = ""
    next_review_on: date | None = None
    review_ended: bool = False
    deferred_on: date | None = None
    deferred_why: str = ""
    missing_on: tuple[date, ...] = ()
    placed_by: str = ""


@dataclass(frozen=True)
class Reason:
    """Why a child stands on the agenda: in words, with the category they belong to and the facts behind them."""

    code: str
    category: str
    words: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_plain(self) -> dict[str, Any]:
        return {"code": self.code, "category": self.category, "words": self.words, "facts": dict(self.facts)}


@dataclass(frozen=True)
class Proposed:
    """A child whom the rule puts on the agenda."""

    child_id: UUID
    reasons: tuple[Reason, ...]


def read_agenda(body: str) -> AgendaRule:
    """Read an agenda definition. Raises ValueError for a rule or category it does not know, or a missing number."""
    table = tomllib.loads(body)
    for rule in table["rules"]:
        if rule["code"] not in set(ReasonCode) - {ReasonCode.LISTED}:
            raise ValueError(f"The agenda has a rule that nothing answers: {rule['code']}")
        if rule["category"] not in Category.values:
            raise ValueError(f"The agenda rule {rule['code']} names an unknown category: {rule['category']}")
        for number in _NUMBERS.get(rule["code"], ()):
            if not isinstance(rule.get(number), int) or rule[number] < 1:
                raise ValueError(f"The agenda rule {rule['code']} must give {number} as a number from 1")
    return AgendaRule(table["version"], tuple(table["rules"]))


def agenda_of(cases: Iterable[OpenCase], rule: AgendaRule, *, on: date) -> list[Proposed]:
    """The children that the rule puts on the agenda of a meeting on a day, in the order of the agenda.

    The order: the first rule that fits, then the higher level, then whoever has been open for longest.
    """
    found = [(case, reasons) for case in cases if (reasons := reasons_for(case, rule, on=on))]
    found.sort(key=lambda pair: place_of(rule, code=pair[1][0].code, level=pair[0].level, since=pair[0].open_since))
    return [Proposed(case.child_id, tuple(reasons)) for case, reasons in found]


def place_of(rule: AgendaRule, *, code: str, level: str, since: date) -> tuple[int, int, date]:
    """Where an item comes on the agenda: by its first reason, then the higher level, then whoever waits longest.

    What an agency has listed comes after what the first rule finds, and before all others.
    """
    codes = [one["code"] for one in rule.rules]
    codes.insert(1, ReasonCode.LISTED)
    return codes.index(code), -LEVELS_LOW_TO_HIGH.index(RiskLevel(level)), since


def reasons_for(case: OpenCase, rule: AgendaRule, *, on: date) -> list[Reason]:
    """Why one open file belongs on the agenda of a meeting on a day; empty where it does not."""
    asked = ((one, _ASKING[one["code"]](case, one, on)) for one in rule.rules)
    return [Reason(one["code"], one["category"], words, facts) for one, (words, facts) in asked if words]


Answer = tuple[str, dict[str, Any]]
NO: Answer = ("", {})


def _new_level(case: OpenCase, rule: Mapping[str, Any], on: date) -> Answer:
    """A level among those named, judged since the panel last spoke of the child, and other than it was then."""
    if case.level not in rule["levels"] or case.level_judged_on is None or case.level_judged_on > on:
        return NO
    if case.discussed_on and (case.level_judged_on < case.discussed_on or case.level == case.level_discussed):
        return NO
    words = rule["words"].format(level=RiskLevel(case.level).label.lower(), day=day(case.level_judged_on))
    return words, {"level": case.level, "judged_on": case.level_judged_on.isoformat()}


def _carried_over(case: OpenCase, rule: Mapping[str, Any], on: date) -> Answer:
    if case.deferred_on is None or (case.discussed_on and case.discussed_on >= case.deferred_on):
        return NO
    words = rule["words"].format(day=day(case.deferred_on), why=case.deferred_why)
    return words, {"deferred_on": case.deferred_on.isoformat()}


def _missing(case: OpenCase, rule: Mapping[str, Any], on: date) -> Answer:
    """Episodes that started in the calendar days that end with the meeting's (domain report C5: count starts).

    What the panel has spoken of already does not bring the child back before the day that the panel set: at least one
    of the episodes is of the day of that meeting or later.
    """
    first = on - timedelta(days=rule["within_days"] - 1)
    starts = [started for started in case.missing_on if first <= started <= on]
    count = len(starts)
    if count < rule["episodes"] or (case.discussed_on and max(starts) < case.discussed_on):
        return NO
    return rule["words"].format(count=count, within_days=rule["within_days"]), {"count": count}


def _review_due(case: OpenCase, rule: Mapping[str, Any], on: date) -> Answer:
    """Due on the day that the panel set, or so many days after it last spoke of the child, or the case opened."""
    if case.review_ended:
        return NO
    last = case.discussed_on or case.open_since
    due_on = (case.next_review_on if case.discussed_on else None) or last + timedelta(days=rule["after_days"])
    if due_on > on:
        return NO
    words = rule["words" if case.discussed_on else "words_first"].format(day=day(last))
    return words, {"last": last.isoformat(), "due_on": due_on.isoformat()}


def _placed_in(case: OpenCase, rule: Mapping[str, Any], on: date) -> Answer:
    """Looked at one by one until the panel has spoken of the child; after that its own day brings the child back."""
    if not case.placed_by or case.discussed_on:
        return NO
    return rule["words"].format(authority=case.placed_by), {"authority": case.placed_by}


def placed_from_elsewhere(authority: str, own: Collection[str]) -> bool:
    """Whether an authority that placed a child is another than the partnership's own, however it is spelt."""

    def plain(name: str) -> str:
        return " ".join(name.split()).casefold()

    return plain(authority) not in {plain(name) for name in own}


_ASKING = {
    ReasonCode.NEW_LEVEL: _new_level,
    ReasonCode.CARRIED_OVER: _carried_over,
    ReasonCode.MISSING: _missing,
    ReasonCode.REVIEW_DUE: _review_due,
    ReasonCode.PLACED_IN: _placed_in,
}


def listed_reason(*, agency: str, why: str) -> Reason:
    """The reason of an item that an agency lists by itself, whatever the thresholds say."""
    return Reason(ReasonCode.LISTED, Category.MINUTES, f"Listed by {agency}: {why}", {"agency": agency})


def check_listing_reason(why: str) -> None:
    """Refuse a listing that does not say what the panel should talk about."""
    if len(why.strip()) < SHORTEST_REASON:
        raise PanelRefused("Say in a sentence what you want the panel to talk about.", field="why")


def merged_reasons(held: Iterable[Mapping[str, Any]], fresh: Iterable[Reason]) -> list[dict[str, Any]]:
    """The reasons of an item after the rule has run again: the rule's own anew, listings kept, none twice."""
    by_rule = [reason.as_plain() for reason in fresh if reason.code != ReasonCode.LISTED]
    kept = [dict(reason) for reason in held if reason["code"] == ReasonCode.LISTED]
    new = [reason.as_plain() for reason in fresh if reason.code == ReasonCode.LISTED]
    return [*by_rule, *kept, *(reason for reason in new if reason not in kept)]


def reading_ends_at(*, starts_at: datetime, minutes_long: int, closed_at: datetime | None, hours: int) -> datetime:
    """When the members' access to the files of a meeting ends: so many hours after its planned end, or after it closed
    where that was before. Closing late adds nothing, so that access which has ended is not opened again.
    """
    planned_end = starts_at + timedelta(minutes=minutes_long)
    return min(closed_at or planned_end, planned_end) + timedelta(hours=hours)


def asks_before_publishing(starts_at: datetime, *, at: datetime) -> bool:
    """Whether publishing an agenda is asked about once more: more than two weeks before the meeting (London days)."""
    return days_until(starts_at, at) > PUBLISHED_WITHIN_DAYS


def asks_before_opening(starts_at: datetime, *, at: datetime) -> bool:
    """Whether opening a meeting is asked about once more: before the day of the meeting (London days)."""
    return days_until(starts_at, at) > 0


def days_until(starts_at: datetime, at: datetime) -> int:
    """How many days of London's calendar lie before a meeting; negative once its day has gone by."""
    return (in_london(starts_at).date() - in_london(at).date()).days


def next_start(starts_at: datetime, frequency: str) -> datetime:
    """When a panel meets next, at the same hour of London's clock: a week, two, or four later.

    A monthly panel keeps its weekday: the same one in the month's order (the first Tuesday stays the first).
    """
    if frequency == Frequency.WEEKLY:
        return _same_hour(starts_at, starts_at.date() + timedelta(days=7))
    if frequency == Frequency.FORTNIGHTLY:
        return _same_hour(starts_at, starts_at.date() + timedelta(days=14))
    held_on = starts_at.date()
    candidate = held_on + timedelta(days=28)
    if (candidate.day - 1) // 7 < (held_on.day - 1) // 7 or candidate.month == held_on.month:
        candidate += timedelta(days=7)
    return _same_hour(starts_at, candidate)


def _same_hour(starts_at: datetime, on: date) -> datetime:
    return datetime.combine(on, starts_at.timetz())
