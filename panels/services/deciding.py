"""What agencies bring to a meeting about a child, what the meeting decides, and what people undertake."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import Agency
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import Action as FileAction
from cases.access.rules import Level
from cases.record.choices import RiskLevel
from cases.record.models import Child
from cases.record.selectors import lead_of
from cases.record.services import OpenFile, provenance
from panels.choices import DecisionCode, ItemState, MeetingState, UpdateKind
from panels.models import AgendaItem, Dissent, ItemUpdate, PanelDecision
from panels.rules import PanelRefused
from panels.rules.decisions import ClosingFacts, check_decision, keeps_panel
from panels.rules.seeing import sees_decision, takes_updates
from panels.rules.states import ITEM, check_move
from panels.selectors.actions import running_on
from panels.selectors.agenda import assessed_on
from panels.selectors.meetings import chairs_for
from panels.services.actions import NewAction, start_action
from panels.services.agenda import locked_item
from panels.services.meetings import tell_file

TALKED_ABOUT = "This child has been talked about. Write what is new on the child's file instead."
BEGUN = "The meeting has begun. Write what is new on the child's file instead."
NOT_RECORDING = "The chair, a deputy of the chair or the co-ordinator records what the panel decides."


@dataclass(frozen=True)
class Said:
    """What the meeting decided about one child, as it is written down."""

    code: DecisionCode | str
    rationale: str
    level_after: RiskLevel | str
    next_review_on: date | None = None
    confirmed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Disagrees:
    """An agency that does not agree, in its own words."""

    agency: Agency
    text: str


@transaction.atomic
def add_update(
    *, item: AgendaItem, opened: OpenFile, kind: UpdateKind | str, category: str, text: str, at: datetime, by: Viewer
) -> ItemUpdate:
    """Tell the meeting beforehand what one's agency knows of a child, in the category that decides who reads it.

    Refused to whose role writes nothing on files, once the item is settled (to whom that may not be told, once the
    meeting has begun), without words where words are promised, and in a category that the author's role does not work
    with.
    """
    opened.check(FileAction.ADD_ENTRY)
    minutes = opened.level(Category.MINUTES)
    if not takes_updates(item.meeting.state, item.state, minutes=minutes):
        raise PanelRefused(TALKED_ABOUT if sees_decision(minutes) else BEGUN)
    if kind == UpdateKind.WRITTEN and not text.strip():
        raise PanelRefused("Write what the panel should know.", field="text")
    if kind != UpdateKind.WRITTEN:
        category, text = Category.MINUTES, ""
    elif opened.level(category) not in (Level.FULL, Level.OWN):
        words = "Your role does not work with this kind of information."
        raise PanelRefused(words, field="category", code="role_lacks")
    return ItemUpdate.objects.create(
        item=item, child_id=item.child_id, kind=kind, text=text.strip(), recorded_at=at, **provenance(by, category)
    )


@transaction.atomic
def record_decision(
    *,
    item: AgendaItem,
    said: Said,
    version: int,
    at: datetime,
    by: Viewer,
    dissents: Iterable[Disagrees] = (),
    actions: Iterable[NewAction] = (),
) -> PanelDecision:
    """Record what the panel decides about a child, with dissent and actions, or put it right while the meeting is open.

    After the close only what nobody had decided can still be recorded. Raises PanelStale where somebody recorded
    something after `version`; PanelRefused for whom it is not to record, and as `check_decision` and `start_action`.
    """
    today = timezone.localdate(at)
    item = locked_item(item, version)
    _check_records(item, by, today=today)
    check_move(ITEM, item.state, ItemState.DECIDED)
    child = Child.objects.get(pk=item.child_id)
    check_decision(
        code=said.code,
        rationale=said.rationale,
        next_review_on=said.next_review_on,
        confirmed=said.confirmed,
        closing=_closing_facts(child) if said.code == DecisionCode.CLOSE else ClosingFacts(None, 0, False),
        on=today,
    )
    decision = _written(item, child, said, at=at, by=by)
    for one in dissents:
        # An agency that has said so in these words already is not written down twice.
        if not Dissent.objects.filter(decision=decision, agency=one.agency, text=one.text.strip()).exists():
            Dissent.objects.create(
                decision=decision,
                child=child,
                text=one.text.strip(),
                recorded_at=at,
                **provenance(by, Category.MINUTES, agency_id=one.agency.pk),
            )
    for action in actions:
        start_action(item=item, child=child, action=action, at=at, by=by)
    item.state, item.state_reason, item.settled_at = ItemState.DECIDED, "", at
    item.version += 1
    item.save(update_fields=["state", "state_reason", "settled_at", "version"])
    if item.meeting.state == MeetingState.CLOSED:
        tell_file(decision=decision, at=at, by=by)
    return decision


def _check_records(item: AgendaItem, by: Viewer, *, today: date) -> None:
    if not (keeps_panel(by) or chairs_for(by, item.meeting.panel_id, on=today)):
        raise PanelRefused(NOT_RECORDING, code="role_lacks")
    handed_on = item.meeting.state == MeetingState.CLOSED and item.state == ItemState.LISTED
    if item.meeting.state != MeetingState.OPEN and not handed_on:
        raise PanelRefused("Decisions are recorded while the meeting is open.")


def _closing_facts(child: Child) -> ClosingFacts:
    return ClosingFacts(assessed_on(child.pk), running_on(child.pk), lead_of(child.pk) is not None)


def _written(item: AgendaItem, child: Child, said: Said, *, at: datetime, by: Viewer) -> PanelDecision:
    """The decision of an item, made or put right; the level before stays that of when it was first recorded."""
    found = PanelDecision.objects.select_for_update().filter(item=item).first()
    decision = found or PanelDecision(
        item=item, child=child, level_before=child.level, recorded_at=at, **provenance(by, Category.MINUTES)
    )
    decision.code, decision.rationale = str(said.code), said.rationale.strip()
    decision.level_after, decision.next_review_on = str(said.level_after), said.next_review_on
    decision.confirmed = list(said.confirmed) if said.code == DecisionCode.CLOSE else []
    decision.provisional = not item.meeting.quorate
    decision.decided_at = at
    changing = ("code", "rationale", "level_after", "next_review_on", "confirmed", "provisional", "decided_at")
    decision.save(update_fields=changing if found else None)
    return decision
