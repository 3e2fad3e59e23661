"""What the agenda rule asks of every open file, and the items of a meeting that a viewer may know of.

`open_cases` reads for the rule alone, as a part of the system, and gives plain facts: nothing of it reaches a page but
by an item that is shown to those who may know of its file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from accounts.models import DefinitionVersion
from accounts.rules.dates import LONDON
from accounts.rules.refusals import NotKnown
from accounts.rules.viewers import Viewer
from accounts.selectors.definitions import definition_in_force
from cases.access.choices import Category
from cases.access.rules import Level
from cases.record.choices import AuthorityKind
from cases.record.models import AuthorityPeriod, Child, Involvement, Spell
from cases.record.services import OpenFile, files_open
from missing.choices import EpisodeKind
from missing.models import MissingEpisode
from panels.choices import ItemState, MeetingState, ReasonCode
from panels.models import Action, AgendaItem, Dissent, ItemUpdate, Meeting, PanelDecision
from panels.rules.agenda import AgendaRule, OpenCase, placed_from_elsewhere, read_agenda
from panels.rules.decisions import ENDS_REVIEW
from panels.rules.seeing import sees_decision
from risk.models import RiskAssessment


def agenda_rule(key: str, *, on: date) -> tuple[DefinitionVersion, AgendaRule]:
    """The version of a panel's agenda rule that holds on a day, and what it says."""
    version = definition_in_force("agenda", key, on=on)
    return version, _parsed(version.body)


@lru_cache(maxsize=8)
def _parsed(body: str) -> AgendaRule:
    return read_agenda(body)


def open_cases(meeting: Meeting, *, rule: AgendaRule, on: date, today: date) -> list[OpenCase]:
    """Every file on which casework is open `today`, with what the rule asks for a meeting `on` a day.

    A fixed number of queries.
    """
    spells = Spell.objects.filter(ended_on=None, started_on__lte=today, child__merged_into=None)
    spells = spells.select_related("child")
    discussed = _last_discussed(meeting)
    deferred = _last_deferred(meeting)
    placing = AuthorityPeriod.objects.filter(kind=AuthorityKind.PLACING, ended_on=None)
    placed = {
        child_id: authority
        for child_id, authority in placing.values_list("child_id", "authority")
        if placed_from_elsewhere(authority, settings.PARTNERSHIP_AUTHORITIES)
    }
    missing = _missing_starts(rule, on=on)
    return [
        OpenCase(
            child_id=spell.child_id,
            open_since=spell.started_on,
            level=spell.child.level,
            level_judged_on=timezone.localdate(spell.child.level_judged_at) if spell.child.level_judged_at else None,
            missing_on=tuple(missing.get(spell.child_id, ())),
            placed_by=placed.get(spell.child_id, ""),
            **discussed.get(spell.child_id, {}),
            **deferred.get(spell.child_id, {}),
        )
        for spell in spells
    ]


def _last_discussed(meeting: Meeting) -> dict[UUID, dict[str, Any]]:
    rows = PanelDecision.objects.filter(item__meeting__panel_id=meeting.panel_id).exclude(item__meeting=meeting)
    latest = rows.order_by("child_id", "-decided_at").distinct("child_id")
    return {
        row.child_id: {
            "discussed_on": timezone.localdate(row.decided_at),
            "level_discussed": row.level_after,
            "next_review_on": row.next_review_on,
            "review_ended": row.next_review_on is None and row.code in ENDS_REVIEW,
        }
        for row in latest
    }


def _last_deferred(meeting: Meeting) -> dict[UUID, dict[str, Any]]:
    rows = AgendaItem.objects.filter(meeting__panel_id=meeting.panel_id, meeting__state=MeetingState.CLOSED)
    rows = rows.filter(state__in=[ItemState.DEFERRED, ItemState.LISTED]).exclude(meeting=meeting)
    latest = rows.select_related("meeting").order_by("child_id", "-meeting__starts_at").distinct("child_id")
    return {
        row.child_id: {
            "deferred_on": timezone.localdate(row.meeting.starts_at),
            "deferred_why": row.state_reason or "the meeting closed without a decision",
        }
        for row in latest
    }


def _missing_starts(rule: AgendaRule, *, on: date) -> dict[UUID, list[date]]:
    """The days on which each child was reported missing, in the window of the rule; absences do not count."""
    windows = [one["within_days"] for one in rule.rules if one["code"] == ReasonCode.MISSING]
    found: dict[UUID, list[date]] = defaultdict(list)
    if not windows:
        return found
    first = datetime.combine(on - timedelta(days=max(windows)), time(), tzinfo=LONDON)
    episodes = MissingEpisode.objects.filter(kind=EpisodeKind.MISSING, reported_at__gte=first)
    for child_id, reported_at in episodes.values_list("child_id", "reported_at"):
        found[child_id].append(timezone.localdate(reported_at))
    return found


def items_on(meeting: Meeting) -> QuerySet[AgendaItem]:
    """The items that stand on a meeting's agenda, in its order, whoever may know of them."""
    return meeting.items.exclude(state=ItemState.REMOVED).order_by("position", "pk")


def items_known(meeting: Meeting, viewer: Viewer, *, at: datetime) -> list[tuple[AgendaItem, OpenFile]]:
    """The items on files that a viewer may know of, in the order of the agenda, each with its file.

    The order follows levels and reasons, many of them the minutes' own, so somebody who does not see levels and minutes
    on every one of these files gets them in the order of their references, which tells nothing.
    """
    items = list(items_on(meeting).select_related("decision"))
    files = files_open([item.child_id for item in items], viewer, at=at)
    known = [(item, files[item.child_id]) for item in items if item.child_id in files]
    if not all(_sees_order(opened) for _, opened in known):
        known.sort(key=lambda pair: pair[1].child.reference)
    return known


def _sees_order(opened: OpenFile) -> bool:
    return opened.level(Category.LEVEL) >= Level.SUMMARY and sees_decision(opened.level(Category.MINUTES))


def item_known(meeting: Meeting, item_id: UUID, viewer: Viewer, *, at: datetime) -> AgendaItem:
    """One item on a file that the viewer may know of. Raises NotKnown for any other, as for one that never was."""
    item = items_on(meeting).filter(pk=item_id).select_related("child", "meeting__panel", "decision").first()
    if item is None:
        raise NotKnown("no_item")
    if not Child.objects.visible_to(viewer, at=at).filter(pk=item.child_id).exists():
        raise NotKnown("no_grant", child_id=item.child_id)
    return item


def item_on_file(child: Child, item_id: UUID) -> AgendaItem | None:
    """One item about a child whose file has been opened."""
    rows = AgendaItem.objects.filter(child=child, pk=item_id).select_related("meeting__panel", "decision")
    return rows.first()


def items_about(child: Child) -> list[AgendaItem]:
    """Every time a child stood on an agenda, the latest meeting first, with what was decided and undertaken."""
    rows = AgendaItem.objects.filter(child=child).exclude(state=ItemState.REMOVED)
    rows = rows.select_related("meeting__panel", "decision", "agency")
    return list(_with_content(rows).order_by("-meeting__starts_at", "pk"))


def with_content(items: Iterable[AgendaItem]) -> dict[UUID, AgendaItem]:
    """Items by id with updates, decision, dissent and actions, in a fixed number of queries."""
    ids = [item.pk for item in items]
    rows = AgendaItem.objects.filter(pk__in=ids).select_related("decision", "agency", "meeting")
    return {item.pk: item for item in _with_content(rows)}


def _with_content(rows: QuerySet[AgendaItem]) -> QuerySet[AgendaItem]:
    return rows.prefetch_related(
        Prefetch("updates", queryset=ItemUpdate.objects.select_related("agency", "author").order_by("recorded_at")),
        Prefetch("decision__dissents", queryset=Dissent.objects.select_related("agency").order_by("recorded_at")),
        Prefetch(
            "actions",
            queryset=Action.objects.select_related(
                "owner_membership__user", "owner_agency", "verified_by__user"
            ).order_by("due_on", "recorded_at", "pk"),
        ),
    )


def last_decision(child_id: UUID, *, before: Meeting) -> PanelDecision | None:
    """What the panel decided about a child the last time, before a meeting."""
    rows = PanelDecision.objects.filter(child_id=child_id).exclude(item__meeting=before)
    return (
        rows.filter(decided_at__lt=before.closed_at or before.starts_at + timedelta(days=365))
        .order_by("-decided_at")
        .select_related("item__meeting")
        .first()
    )


def leads_of(child_ids: Iterable[UUID]) -> dict[UUID, Involvement]:
    """The lead on each of these files: one query."""
    rows = Involvement.objects.filter(child_id__in=list(child_ids), is_lead=True, ended_on=None)
    return {row.child_id: row for row in rows.select_related("membership__user", "working_agency")}


def agencies_that_updated(items: Iterable[AgendaItem]) -> dict[UUID, set[UUID]]:
    """Which agencies have said something about each item, or that they hold nothing."""
    found: dict[UUID, set[UUID]] = defaultdict(set)
    rows = ItemUpdate.objects.filter(item__in=[item.pk for item in items]).values_list("item_id", "agency_id")
    for item_id, agency_id in rows:
        found[item_id].add(agency_id)
    return found


def updates_on(item: AgendaItem) -> list[ItemUpdate]:
    """What agencies have written for an item, the earliest first."""
    return list(item.updates.select_related("agency", "author").order_by("recorded_at", "pk"))


def assessed_on(child_id: UUID) -> date | None:
    """The day of the latest risk assessment that a worker made on a file; a referrer's does not count."""
    rows = RiskAssessment.objects.filter(child_id=child_id, provisional=False)
    last = rows.order_by("-assessed_at").first()
    return timezone.localdate(last.assessed_at) if last else None
