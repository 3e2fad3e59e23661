"""One child's part of a meeting in finished text, as far as one reader may see it: for screens and for the minutes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.rules.dates import day
from cases.access.choices import Category
from cases.access.rules import Action as FileAction
from cases.access.rules import Level, category_level
from cases.presenters.frame import harm_word, is_provisional, level_word, shown_name
from cases.record.choices import RiskLevel
from cases.record.models import Involvement
from cases.record.rules import age_on
from cases.record.services import OpenFile
from panels.choices import ActionStatus, ItemState, Priority, UpdateKind
from panels.models import Action, AgendaItem, ItemUpdate, Meeting, PanelDecision
from panels.rules.seeing import (
    NEVER_MINUTED,
    reasons_shown,
    sees_action,
    sees_decision,
    sees_reasoning,
    takes_updates,
)
from panels.rules.states import RUNNING

ASK_OFFICE = "Ask the panel's co-ordinator."
TONES = {
    ActionStatus.OPEN: "plain",
    ActionStatus.IN_PROGRESS: "info",
    ActionStatus.DONE: "good",
    ActionStatus.NOT_ACHIEVED: "serious",
    ActionStatus.WITHDRAWN: "plain",
}
ON_AGENDA = "On the agenda"
STATE_TONES = {ItemState.LISTED: "watch", ItemState.DECIDED: "good", ItemState.DEFERRED: "plain"}


def name_of(opened: OpenFile) -> str:
    """A child as a reader may name it: the name and age, what the child is called, or the reference."""
    identity = opened.level(Category.IDENTITY)
    name = shown_name(opened.child, identity)
    age = age_on(opened.child.birth_date, timezone.localdate(opened.at))
    return f"{name}, {age}" if name and age is not None else name or opened.child.reference


def own_name_of(opened: OpenFile) -> str:
    """A child as `name_of` says, by the reader's own rights on the file without the panel's; empty where they show no
    name.
    """
    own = replace(opened.facts, panel_mask=0)
    name = shown_name(opened.child, category_level(opened.viewer, Category.IDENTITY, own, opened.matrix))
    return name_of(opened) if name else ""


def heading(opened: OpenFile, lead: Involvement | None) -> dict[str, Any]:
    """Who an item is about, how worried to be, and who leads."""
    seen = opened.level(Category.LEVEL) >= Level.SUMMARY
    return {
        "name": name_of(opened),
        "reference": opened.child.reference,
        "shows_level": seen,
        "level": level_word(opened.child) if seen else "",
        "provisional": seen and is_provisional(opened.child),
        "harm": harm_word(opened.child) if seen else "",
        "lead": f"{lead.membership.user}, {lead.working_agency}" if lead and lead.membership else "Nobody leads yet",
    }


def reasons(opened: OpenFile, item: AgendaItem) -> list[str]:
    """Why the child is on the agenda, as far as the reader sees what the reasons come from."""
    return reasons_shown(item.reasons, opened.levels)


def decision_of(item: AgendaItem) -> PanelDecision | None:
    return getattr(item, "decision", None)


def _minutes_level(opened: OpenFile, item: AgendaItem) -> Level:
    """How much the reader sees of what was decided on one item: its author all, whatever the cell says."""
    decision = decision_of(item)
    if decision is not None and opened.entry_level(decision) == Level.FULL:
        return Level.FULL
    return opened.level(Category.MINUTES)


def knows_state(opened: OpenFile, item: AgendaItem) -> bool:
    """Whether the reader may know how one item stands: whether it has been talked about, decided or carried over."""
    return sees_decision(_minutes_level(opened, item))


def state_shown(opened: OpenFile, item: AgendaItem) -> dict[str, str]:
    """How an item stands, as a tag; that it is on the agenda, where the reader may know no more."""
    if not knows_state(opened, item):
        return {"state": ON_AGENDA, "tone": "plain"}
    return {"state": item.get_state_display(), "tone": STATE_TONES[ItemState(item.state)]}


def may_prepare(opened: OpenFile, item: AgendaItem, meeting: Meeting) -> bool:
    """Whether the reader may still tell the meeting about a child: for the page alone, the service asks again."""
    minutes = opened.level(Category.MINUTES)
    return opened.may(FileAction.ADD_ENTRY) and takes_updates(meeting.state, item.state, minutes=minutes)


def decision_rows(opened: OpenFile, item: AgendaItem) -> list[dict[str, Any]]:
    """What was decided: all of it, the coded decision alone, or nothing."""
    decision, minutes = decision_of(item), _minutes_level(opened, item)
    if not sees_decision(minutes):
        return []
    if decision is None:
        return [{"key": "Decision", "value": decision_words(opened, item)}]
    provisional = " (provisional: the meeting was not quorate)" if decision.provisional else ""
    rows: list[dict[str, Any]] = [{"key": "Decision", "value": f"{decision.get_code_display()}{provisional}"}]
    if sees_reasoning(minutes):
        rows.append({"key": "Why", "value": decision.rationale, "multiline": True})
    if opened.level(Category.LEVEL) >= Level.SUMMARY:
        rows.append({"key": "Level", "value": _levels(decision)})
    review = day(decision.next_review_on) if decision.next_review_on else "None by the panel"
    rows.append({"key": "Next review", "value": review})
    if sees_reasoning(minutes):
        rows += [
            {"key": f"{dissent.agency.name} does not agree", "value": dissent.text, "multiline": True}
            for dissent in decision.dissents.all()
        ]
    return rows


def decision_words(opened: OpenFile, item: AgendaItem) -> str:
    """How an item without a decision stands: carried over, with the reason for who reads reasons."""
    minutes = _minutes_level(opened, item)
    if not sees_decision(minutes):
        return "Withheld"
    if item.state != ItemState.DEFERRED:
        return "Not decided yet"
    return f"Carried over: {item.state_reason}" if sees_reasoning(minutes) else "Carried over"


def _levels(decision: PanelDecision) -> str:
    before, after = RiskLevel(decision.level_before).label, RiskLevel(decision.level_after).label
    if before == after:
        return f"{before}, as before"
    return f"{before} before; {after.lower()} in the panel's view. The file's level changes when it is judged anew"


def actions_shown(opened: OpenFile, actions: Iterable[Action]) -> list[dict[str, Any]]:
    """Those actions that the reader may read: all, the own agency's, or the own."""
    minutes, viewer = opened.level(Category.MINUTES), opened.viewer
    return [
        action_line(opened, action)
        for action in actions
        if sees_action(
            minutes,
            owner=viewer.membership_id == action.owner_membership_id or viewer.user_id == action.author_id,
            own_agency=viewer.agency_id == action.owner_agency_id,
        )
    ]


def action_line(opened: OpenFile, action: Action) -> dict[str, Any]:
    """One action in words, with whether it is late."""
    late = action.status in RUNNING and action.due_on < timezone.localdate(opened.at)
    status = action.get_status_display()
    if action.verified_at is not None:
        status = f"{status}, verified"
    return {
        "text": action.text,
        "href": reverse("panels:action", args=[opened.child.reference, action.pk]),
        "owner": f"{action.owner_membership.user}, {action.owner_agency.name}",
        "by": day(action.due_on),
        "high": action.priority == Priority.HIGH,
        "meta": f"{action.owner_membership.user}, {action.owner_agency.name}, by {day(action.due_on)}"
        f"{', high priority' if action.priority == Priority.HIGH else ''}",
        "due": f"Late: was due {day(action.due_on)}" if late else status,
        "tone": "urgent" if late else TONES[ActionStatus(action.status)],
    }


def updates_shown(opened: OpenFile, updates: Iterable[ItemUpdate]) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """What agencies told the meeting, and notices of what is withheld where the reader may know of it."""
    shown, withheld = [], []
    for update in updates:
        level = opened.entry_level(update)
        if level == Level.FULL:
            shown.append(
                {
                    "agency": update.agency.name,
                    "by": f"{update.author}, {update.agency.name}",
                    "when": day(update.recorded_at),
                    "category": Category(update.category).label.capitalize() if update.text else "",
                    "text": update.text or UpdateKind(update.kind).label,
                }
            )
        elif level in (Level.SUMMARY, Level.EXISTENCE):
            withheld.append(
                {
                    "text": f"A written update from {update.agency.name} is withheld: "
                    f"{Category(update.category).label}."
                    if update.text
                    else f"{update.agency.name} has answered; what it said is withheld: panel minutes.",
                    "ask": f"Ask {update.agency.withheld_contact or update.agency.name}.",
                }
            )
    return shown, withheld


def minuted(updates: Iterable[ItemUpdate]) -> list[ItemUpdate]:
    """Those updates that may stand in minutes at all: police intelligence never does, whoever the reader is."""
    return [update for update in updates if update.category not in NEVER_MINUTED]


def left_out_of_minutes(opened: OpenFile, updates: Iterable[ItemUpdate]) -> list[dict[str, str]]:
    """For each agency whose intelligence the meeting saw: that it did, and whom to ask; where that may be known."""
    said = {
        update.agency.name: update.agency.withheld_contact or update.agency.name
        for update in updates
        if update.category in NEVER_MINUTED and opened.entry_level(update) >= Level.EXISTENCE
    }
    return [
        {"text": f"The meeting saw police intelligence from {agency}. It is never minuted.", "ask": f"Ask {contact}."}
        for agency, contact in said.items()
    ]


def minutes_withheld(opened: OpenFile) -> dict[str, str] | None:
    """The notice that the minutes are kept from the reader, in part or wholly; None where nothing is or may be said."""
    minutes = opened.level(Category.MINUTES)
    if minutes == Level.SUMMARY:
        return {
            "text": "The reasons, other agencies' views and other agencies' actions are withheld: panel minutes.",
            "ask": ASK_OFFICE,
        }
    if minutes == Level.EXISTENCE:
        return {"text": "What the panel decided is withheld: panel minutes.", "ask": ASK_OFFICE}
    return None


def days_words(due_on: date, today: date) -> str:
    """Where a day stands: late by days, today, or the day."""
    late = (today - due_on).days
    if late > 0:
        return f"Late by {late} {'day' if late == 1 else 'days'}"
    return "Due today" if late == 0 else f"Due {day(due_on)}"
