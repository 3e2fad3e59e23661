"""The files behind a figure, within what somebody may see today: never more, and never how many more there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import Level, Matrix, category_levels
from cases.access.selectors import facts_of
from cases.record.models import Child
from cases.record.selectors.lists import with_lead
from missing.models import ReturnInterview
from reporting.measures import TOTAL, Measure
from reporting.rules.periods import Period
from reporting.selectors.counting import open_at_end, sent_in
from reporting.selectors.interviews import NOT_HELD, became, episodes_known, returned_in

SHOWN = 100


@dataclass(frozen=True)
class Asked:
    """Which number is asked about: the period it was counted for, the instant of counting, and the code of its line."""

    period: Period
    as_at: datetime
    code: str


@dataclass(frozen=True)
class Behind:
    """The files that a viewer may open behind a number: a page of them, and how many they are."""

    files: list[Child]
    count: int
    number: int

    @property
    def has_more(self) -> bool:
        return self.count > self.number * SHOWN


@dataclass(frozen=True)
class _Rule:
    """How the files behind a measure are found, and how much of which category tells that a file is one of them."""

    files: Callable[[Measure, Viewer, Asked, datetime], QuerySet[Any]]
    least: Mapping[Category, Level]


def files_behind(
    measure: Measure, asked: Asked, *, viewer: Viewer, matrix: Matrix, at: datetime, page: int = 1
) -> Behind:
    """The files behind a number of a report that the viewer may know of and whose part in it the viewer may know.

    That a child was notified by the police, or stood at a level, is itself something of a category: a file counts
    here where the viewer sees that category on it. The order is that of references, which tells nothing.
    """
    rule = RULES[measure.key]
    files: QuerySet[Any] = with_lead(rule.files(measure, viewer, asked, at))
    open_to_viewer = [
        child for child in files.order_by("reference") if _tells(rule, category_levels(viewer, facts_of(child), matrix))
    ]
    start = (max(page, 1) - 1) * SHOWN
    return Behind(open_to_viewer[start : start + SHOWN], len(open_to_viewer), max(page, 1))


def _tells(rule: _Rule, levels: Mapping[str, Level]) -> bool:
    return all(levels[category] >= least for category, least in rule.least.items())


def _notified(measure: Measure, viewer: Viewer, asked: Asked, at: datetime) -> QuerySet[Any]:
    by = Q() if asked.code == TOTAL else Q(agency__sector=asked.code)
    sent = sent_in(asked.period, as_at=asked.as_at).filter(by)
    files = sent.values(file=Coalesce("child__merged_into_id", "child_id"))
    return Child.objects.visible_to(viewer, at=at).filter(merged_into=None, pk__in=files)


def _open(measure: Measure, viewer: Viewer, asked: Asked, at: datetime) -> QuerySet[Any]:
    files = open_at_end(viewer, asked.period, at=at, as_at=asked.as_at)
    return files if asked.code == TOTAL else files.filter(level_then=asked.code)


def _interviewed(measure: Measure, viewer: Viewer, asked: Asked, at: datetime) -> QuerySet[Any]:
    known = episodes_known(as_at=asked.as_at, within=measure.within)
    returns = known.filter(returned_in(asked.period), became(asked.code, as_at=asked.as_at))
    files = returns.values(file=Coalesce("child__merged_into_id", "child_id"))
    return Child.objects.visible_to(viewer, at=at).filter(merged_into=None, pk__in=files)


def interviews_not_held(
    measure: Measure, asked: Asked, child_ids: Iterable[UUID]
) -> dict[UUID, list[tuple[datetime, ReturnInterview | None]]]:
    """The returns behind "not held" on each of these files, each with its interview where there is one: one query."""
    returns = episodes_known(as_at=asked.as_at, within=measure.within).annotate(
        file=Coalesce("child__merged_into_id", "child_id")
    )
    returns = returns.filter(returned_in(asked.period), became(NOT_HELD, as_at=asked.as_at), file__in=list(child_ids))
    found: dict[UUID, list[tuple[datetime, ReturnInterview | None]]] = defaultdict(list)
    for episode in returns.select_related("interview").order_by("returned_at"):
        found[episode.file].append((episode.returned_at, getattr(episode, "interview", None)))
    return found


RULES: dict[str, _Rule] = {
    # Who sent a notification stands on the timeline under identity, where only those with all of it read it.
    "notifications_by_source": _Rule(_notified, {Category.IDENTITY: Level.FULL}),
    "open_by_level": _Rule(_open, {Category.LEVEL: Level.SUMMARY}),
    "interviews_in_72_hours": _Rule(_interviewed, {Category.MISSING: Level.SUMMARY, Category.INTERVIEW: Level.SUMMARY}),
}
