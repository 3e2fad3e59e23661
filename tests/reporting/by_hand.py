"""The three measures counted in plain Python, one row after another: what the product's statements are held against."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from zoneinfo import ZoneInfo

from accounts.choices import Sector
from cases.record.choices import RiskLevel
from reporting.measures import BEFORE, THIS
from reporting.rules.periods import Period
from tests.reporting.worlds import Plan, PlannedChild, PlannedEpisode

LONDON = ZoneInfo("Europe/London")


def day_of(instant: datetime) -> date:
    return instant.astimezone(LONDON).date()


def in_period(instant: datetime, first: date, last: date) -> bool:
    return first <= instant.astimezone(LONDON).date() <= last


def windows(period: Period) -> dict[str, Period]:
    return {THIS: period, BEFORE: period.before}


def notifications_by_hand(plan: Plan, sectors: dict[str, str]) -> dict[str, dict[str, int]]:
    found = {}
    for window, period in windows(plan.period).items():
        sent = [each for each in plan.notifications if in_period(each.sent_at, period.first, period.last)]
        numbers = Counter(sectors[each.person] for each in sent)
        found[window] = {sector: numbers[sector] for sector in Sector.values}
    return found


def level_on(child: PlannedChild, last: date) -> str:
    level = RiskLevel.NOT_ASSESSED.value
    for judged_at, judged in child.levels:
        if judged_at.astimezone(LONDON).date() <= last:
            level = judged
    return level


def levels_by_hand(plan: Plan) -> dict[str, dict[str, int]]:
    found = {}
    for window, period in windows(plan.period).items():
        open_files = {
            id(child.merged_into or child): child.merged_into or child
            for child in plan.children
            for start, end in child.spells
            if start <= period.last and (end is None or end > period.last)
        }
        numbers = Counter(level_on(child, period.last) for child in open_files.values())
        found[window] = {level: numbers[level] for level in RiskLevel.values}
    return found


def after_return(episode: PlannedEpisode, as_at: datetime) -> str:
    """What became of the interview after one return, in the words of the guidance."""
    assert episode.returned_at is not None
    held = episode.held_at if episode.held_at is not None and episode.held_at <= as_at else None
    if held is not None:
        hours = (held - episode.returned_at).total_seconds() / 3600
        return "within" if hours <= 72 else "late"
    if episode.not_needed in ("deceased", "moved"):
        return "not_offered"
    return "running" if (as_at - episode.returned_at).total_seconds() / 3600 < 72 else "not_held"


def interviews_by_hand(plan: Plan) -> dict[str, dict[str, int]]:
    found = {}
    for window, period in windows(plan.period).items():
        numbers: Counter[str] = Counter()
        still_missing = set()
        for episode in plan.episodes:
            asked = episode.kind == "missing" or episode.has_interview
            if episode.returned_at is not None and asked and in_period(episode.returned_at, period.first, period.last):
                numbers[after_return(episode, plan.as_at)] += 1
            over_at = episode.returned_at or episode.closed_at
            gone = day_of(episode.last_seen_at) <= period.last and (over_at is None or day_of(over_at) > period.last)
            if episode.kind == "missing" and gone:
                still_missing.add(id(episode.child.merged_into or episode.child))
        numbers["still_missing"] = len(still_missing)
        codes = ("within", "late", "not_held", "still_missing", "running", "not_offered")
        found[window] = {code: numbers[code] for code in codes}
    return found
