"""One child at a meeting: what changed first, then last time, what agencies bring, and what to record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from accounts.rules.dates import day
from accounts.rules.roles import Capability
from cases.access.choices import Category
from cases.access.rules import Action, Level
from cases.presenters.timeline import timeline
from cases.record.models import ChronologyEntry, Entry
from cases.record.selectors import chronology_of
from cases.record.services import OpenFile
from panels.choices import ItemState, MeetingState
from panels.models import AgendaItem, Meeting, PanelDecision
from panels.presenters.parts import (
    actions_shown,
    decision_of,
    decision_rows,
    heading,
    minutes_withheld,
    reasons,
    state_shown,
    updates_shown,
)
from panels.rules.decisions import review_on
from panels.rules.seeing import sees_decision
from panels.selectors.actions import actions_about
from panels.selectors.agenda import last_decision, with_content

# Where the panel has not spoken of a child before, or that it has may not be told, what changed is what has happened in
# four weeks.
FIRST_LOOK = timedelta(days=28)
MOST_CHANGES = 12
UNKNOWN = {"level": "", "harm_status": ""}


def walk(opened: OpenFile, item: AgendaItem, meeting: Meeting) -> dict[str, Any]:
    """One screen of the meeting: a fixed number of queries, whatever stands on the file."""
    last = _last_told(opened, item, meeting)
    since = last.decided_at if last else opened.at - FIRST_LOOK
    whole = with_content([item])[item.pk]
    shown, withheld = updates_shown(opened, whole.updates.all())
    before = with_content([last.item]).get(last.item_id) if last else None
    entries = changed_since(opened, since)
    changes = timeline(opened, entries)
    return {
        "categories": shown_categories(opened, [*entries[:MOST_CHANGES], *whole.updates.all()]),
        "who": heading(opened, opened.lead),
        "reasons": reasons(opened, item),
        "since": f"since the panel last met about them, {day(since)}"
        if last
        else f"in the last {FIRST_LOOK.days} days",
        "changes": changes[:MOST_CHANGES],
        "more_changes": len(changes) > MOST_CHANGES,
        "chronology_href": reverse("cases:chronology", args=[opened.child.reference]),
        "file_href": reverse("cases:file", args=[opened.child.reference]),
        "last": decision_rows(opened, before) if before else [],
        "open_actions": actions_shown(opened, actions_about(item.child_id, before=meeting)),
        "updates": shown,
        "withheld": [*withheld, *filter(None, [minutes_withheld(opened)])],
        **state_shown(opened, whole),
        "recorded": decision_rows(opened, whole) if item.state != ItemState.LISTED else [],
        "actions": actions_shown(opened, whole.actions.all()),
    }


def _last_told(opened: OpenFile, item: AgendaItem, meeting: Meeting) -> PanelDecision | None:
    """What the panel decided the last time, where the reader may know that it spoke of the child then."""
    last = last_decision(item.child_id, before=meeting)
    return last if last is not None and sees_decision(opened.entry_level(last)) else None


def changed_since(opened: OpenFile, since: datetime) -> list[ChronologyEntry]:
    """What happened on the file since an instant, newest first, as far as the reader may see it."""
    return list(
        chronology_of(
            opened.child,
            viewer=opened.viewer,
            matrix=opened.matrix,
            at=opened.at,
            happened_from=since,
            limit=MOST_CHANGES + 1,
        )
    )


def shown_categories(opened: OpenFile, entries: Iterable[Entry]) -> set[str]:
    """The kinds of information of which a page shows the reader something in words."""
    return {entry.category for entry in entries if opened.entry_level(entry) >= Level.SUMMARY}


def neighbours(known: list[tuple[AgendaItem, OpenFile]], item_id: UUID, meeting: Meeting) -> dict[str, Any]:
    """The way to the previous and the next item, over those that the reader may know of."""
    ids = [item.pk for item, _ in known]
    here = ids.index(item_id) if item_id in ids else 0
    return {
        "previous_href": _item(meeting, ids[here - 1]) if here else "",
        "next_href": _item(meeting, ids[here + 1]) if here + 1 < len(ids) else "",
    }


def next_undecided(known: list[tuple[AgendaItem, OpenFile]], after: UUID, meeting: Meeting) -> str:
    """Where the chair goes after recording: the next item to discuss, from here on and then from the top."""
    ids = [item.pk for item, _ in known]
    start = ids.index(after) + 1 if after in ids else 0
    ring = [*known[start:], *known[:start]]
    for item, _ in ring:
        if item.state == ItemState.LISTED and item.pk != after:
            return _item(meeting, item.pk)
    return reverse("panels:meeting", args=[meeting.pk])


def _item(meeting: Meeting, item_id: UUID) -> str:
    return reverse("panels:item", args=[meeting.pk, item_id])


def level_now(opened: OpenFile) -> tuple[str, str]:
    """The level on the file as a choice, or none where the reader does not see it."""
    seen = opened.level(Category.LEVEL) >= Level.SUMMARY
    return (opened.child.level, opened.child.get_level_display()) if seen else ("", "Choose")


def initial_decision(opened: OpenFile, item: AgendaItem) -> dict[str, Any]:
    """What the form starts with: the decision that is recorded, or the level as it is and the usual next review.

    Nothing of a level, nor of how soon the panel looks again because of it, for who does not see levels.
    """
    decision: PanelDecision | None = decision_of(item)
    seen = opened.level(Category.LEVEL) >= Level.SUMMARY
    if decision is not None:
        return {
            "code": decision.code,
            "rationale": decision.rationale,
            "level_after": decision.level_after if seen else "",
            "next_review_on": decision.next_review_on,
            "confirmed": decision.confirmed,
            "version": item.version,
        }
    known = {"level": opened.child.level, "harm_status": opened.child.harm_status}
    return {
        "level_after": level_now(opened)[0],
        "next_review_on": review_on(**(known if seen else UNKNOWN), on=timezone.localdate(opened.at)),
        "version": item.version,
    }


def who_lists(opened: OpenFile) -> str:
    """Whom to ask to list the child, for who writes on files and may not list this one; empty for others."""
    if opened.may(Action.LIST_FOR_PANEL) or not opened.viewer.may(Capability.WRITE_FILES):
        return ""
    lead = opened.lead
    if lead is None or lead.membership is None:
        asked = "the panel’s co-ordinator"
    else:
        asked = f"{lead.membership.user}, {lead.working_agency}, who leads on the case,"
    return f"You see this file for a time, or a part of it: ask {asked} to list the child for the panel."


def panel_on_file(opened: OpenFile, items: Iterable[AgendaItem]) -> list[dict[str, Any]]:
    """Every time the panel was to talk about a child, as far as the reader sees the minutes: closed meetings, and
    those whose agenda is out for who sees minutes in full."""
    minutes = opened.level(Category.MINUTES)
    shown = []
    for item in items:
        actions = actions_shown(opened, item.actions.all())
        rows = decision_rows(opened, item)
        out = item.meeting.state == MeetingState.CLOSED or minutes == Level.FULL
        if not (rows and out) and not actions:
            continue
        shown.append(
            {
                "title": f"{item.meeting.panel.name}, {day(item.meeting.starts_at)}",
                "state": item.meeting.get_state_display(),
                "reasons": reasons(opened, item) if minutes >= Level.SUMMARY else [],
                "rows": rows if out else [],
                "actions": actions,
                "minutes_href": reverse("panels:child_minutes", args=[opened.child.reference, item.pk])
                if item.meeting.state == MeetingState.CLOSED and minutes >= Level.SUMMARY
                else "",
            }
        )
    return shown


def categories_to_write(opened: OpenFile) -> list[Category]:
    """The kinds of information in which the viewer may tell the meeting something: those their role works with."""
    return [
        category
        for category in Category
        if category not in (Category.WHO_LOOKED, Category.SHARING, Category.EVIDENCE_PLAN)
        and opened.level(category) in (Level.FULL, Level.OWN)
    ]
