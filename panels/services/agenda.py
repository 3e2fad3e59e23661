"""Filling an agenda, listing a child, taking one off, and the access of members that comes and goes with it."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.rules.dates import day
from accounts.rules.viewers import Viewer
from cases.access.choices import Category, GrantReason
from cases.access.models import AccessGrant
from cases.access.services import end_grants_from, grant_access
from cases.record.selectors.hidden import restricted_among
from cases.record.services import OpenFile, provenance
from panels.choices import ItemState, MeetingState
from panels.models import AgendaItem, Meeting
from panels.rules import PanelRefused
from panels.rules.agenda import (
    AgendaRule,
    OpenCase,
    agenda_of,
    check_listing_reason,
    listed_reason,
    merged_reasons,
    place_of,
    reading_ends_at,
)
from panels.rules.decisions import keeps_panel
from panels.rules.states import ITEM, check_move
from panels.selectors.agenda import agenda_rule, items_on, open_cases
from panels.selectors.meetings import next_to_list_on

CHANGING = ("position", "reasons", "state", "state_reason", "settled_at", "version")
GONE = "No reason for it holds any more"
NOT_TO_LIST = (
    "No meeting is planned that can still take this child. Ring the panel's co-ordinator, who can plan one or list the "
    "child late."
)


@transaction.atomic
def refresh_agenda(*, meeting: Meeting, at: datetime, by: Viewer) -> int:
    """Fill the agenda of a planned meeting by the rule in force, and give how many children are on it.

    Listings stay. A child for whom nothing holds any more goes; whom a person took off stays off. Refused once the
    agenda is published: after that children are listed one by one.
    """
    meeting = Meeting.objects.select_for_update(of=("self",)).select_related("panel").get(pk=meeting.pk)
    if meeting.state != MeetingState.PLANNED:
        raise PanelRefused("The agenda is published. List a child from its file instead.")
    on = timezone.localdate(meeting.starts_at)
    today = timezone.localdate(at)
    version, rule = agenda_rule(meeting.panel.agenda_key, on=today)
    cases = open_cases(meeting, rule=rule, on=on, today=today)
    proposed = {one.child_id: list(one.reasons) for one in agenda_of(cases, rule, on=on)}
    held = {item.child_id: item for item in AgendaItem.objects.filter(meeting=meeting).select_related("child")}
    before = {child_id: _changing(item) for child_id, item in held.items()}
    for child_id, reasons in proposed.items():
        if child_id not in held:
            held[child_id] = AgendaItem(
                meeting=meeting, child_id=child_id, position=0, recorded_at=at, **provenance(by, Category.MINUTES)
            )
        _renew(held[child_id], merged_reasons(held[child_id].reasons, reasons), at)
    for child_id, item in held.items():
        if child_id not in proposed:
            _renew(item, merged_reasons(item.reasons, []), at)
    _put_in_order(list(held.values()), cases, rule)
    AgendaItem.objects.bulk_create(item for child_id, item in held.items() if child_id not in before)
    changed = [held[child_id] for child_id, was in before.items() if _changing(held[child_id]) != was]
    AgendaItem.objects.bulk_update(changed, CHANGING)
    Meeting.objects.filter(pk=meeting.pk).update(agenda_rule=version)
    return items_on(meeting).count()


def _renew(item: AgendaItem, reasons: list[dict[str, Any]], at: datetime) -> None:
    """Give an item its reasons of today: it goes when it has none, and comes back if it had gone by itself."""
    if reasons and item.state == ItemState.REMOVED and item.state_reason == GONE:
        item.state, item.state_reason, item.settled_at = ItemState.LISTED, "", None
    if not reasons and item.state == ItemState.LISTED:
        item.state, item.state_reason, item.settled_at = ItemState.REMOVED, GONE, at
    item.reasons = reasons or item.reasons


def _put_in_order(items: list[AgendaItem], cases: list[OpenCase], rule: AgendaRule) -> None:
    known = {case.child_id: case for case in cases}

    def place(item: AgendaItem) -> tuple[Any, ...]:
        case = known.get(item.child_id)
        level = case.level if case else item.child.level
        since = case.open_since if case else timezone.localdate(item.child.opened_at)
        return (*place_of(rule, code=item.reasons[0]["code"], level=level, since=since), str(item.child_id))

    for position, item in enumerate(sorted(items, key=place), start=1):
        item.position = position


def _changing(item: AgendaItem) -> tuple[Any, ...]:
    return tuple(getattr(item, name) for name in CHANGING)


def _save(item: AgendaItem) -> None:
    """Write a new item, or what may change of one that is there: where it came from never does."""
    item.save(update_fields=None if item._state.adding else CHANGING)


@transaction.atomic
def list_child(*, opened: OpenFile, why: str, at: datetime, by: Viewer, late_on: Meeting | None = None) -> AgendaItem:
    """List a child for the panel, below every threshold too, in the words of the agency that asks.

    The child goes on the next meeting whose agenda is not out; with `late_on` the chair or the co-ordinator puts it on
    one whose agenda is, and its access runs at once. Listed again, the child stays one item with both reasons. Raises
    PanelRefused without a sentence of why, where no meeting can take it, and where it has been decided already.
    """
    check_listing_reason(why)
    if late_on is not None and not keeps_panel(by):
        raise PanelRefused(
            "Only the chair or the co-ordinator lists a child once the agenda is out.", code="role_lacks"
        )
    found = late_on or next_to_list_on(after=at)
    if found is None:
        raise PanelRefused(NOT_TO_LIST)
    meeting = Meeting.objects.select_for_update(of=("self",)).select_related("panel__function").get(pk=found.pk)
    if meeting.state == MeetingState.CLOSED:
        raise PanelRefused("This meeting is closed. List the child for the next one.")
    reason = listed_reason(agency=by.agency_name, why=why.strip())
    item = AgendaItem.objects.select_for_update().filter(meeting=meeting, child=opened.child).first()
    if item is None:
        item = AgendaItem(
            meeting=meeting,
            child=opened.child,
            position=(meeting.items.aggregate(last=Max("position"))["last"] or 0) + 1,
            late=meeting.state != MeetingState.PLANNED,
            recorded_at=at,
            **provenance(by, Category.MINUTES),
        )
    elif item.state in (ItemState.DECIDED, ItemState.DEFERRED):
        raise PanelRefused("This child has been talked about at this meeting already. List it for the next one.")
    elif item.state == ItemState.REMOVED:
        check_move(ITEM, item.state, ItemState.LISTED)
        item.state, item.state_reason, item.settled_at = ItemState.LISTED, "", None
    plain = reason.as_plain()
    item.reasons = item.reasons if plain in item.reasons else [*item.reasons, plain]
    item.version += 0 if item._state.adding else 1
    _save(item)
    if meeting.state != MeetingState.PLANNED:
        open_to_members(item=item, meeting=meeting, at=at, by=by)
    return item


@transaction.atomic
def take_off(*, item: AgendaItem, why: str, version: int, at: datetime, by: Viewer) -> AgendaItem:
    """Take a child off the agenda, with the reason; the members' access through it stops at once."""
    item = locked_item(item, version)
    if len(why.strip()) < 5:
        raise PanelRefused("Say why the child comes off the agenda.", field="why")
    check_move(ITEM, item.state, ItemState.REMOVED)
    item.state, item.state_reason, item.settled_at = ItemState.REMOVED, why.strip(), at
    item.version += 1
    item.save(update_fields=["state", "state_reason", "settled_at", "version"])
    end_grants_from(source_id=item.pk, at=at, by=by, why="Taken off the agenda")
    return item


def locked_item(item: AgendaItem, version: int) -> AgendaItem:
    """The item as it is now, locked. Raises PanelStale where somebody saved it after `version`."""
    now_held = (
        AgendaItem.objects.select_for_update(of=("self",)).select_related("meeting__panel", "child").get(pk=item.pk)
    )
    if now_held.version != version:
        raise PanelStale()
    return now_held


class PanelStale(PanelRefused):
    """Somebody recorded something on the same item first."""

    code = "stale"

    def __init__(self) -> None:
        super().__init__(
            "Somebody has recorded something for this child since you opened the page. Yours is below, not saved yet: "
            "compare, then record it again."
        )


# The access of members.


def open_to_members(*, item: AgendaItem, meeting: Meeting, at: datetime, by: Viewer) -> None:
    """Let the panel's members read the file of an item until the hours after the meeting have run.

    A listing never opens a file that is open to named people only. Access that runs until then already stays.
    """
    if not restricted_among([item.child_id]):
        _let_read(item, meeting, list(AccessGrant.objects.live(at).filter(source_id=item.pk)), at=at, by=by)


def _let_read(item: AgendaItem, meeting: Meeting, running: list[AccessGrant], *, at: datetime, by: Viewer) -> None:
    """Give the access of one item that `running` does not give already, and end what has another end."""
    ends_at = reading_ends_at(
        starts_at=meeting.starts_at,
        minutes_long=meeting.minutes_long,
        closed_at=meeting.closed_at,
        hours=meeting.panel.access_hours,
    )
    if any(grant.valid_until == ends_at for grant in running):
        return
    if running:
        end_grants_from(source_id=item.pk, at=at, by=by, why="The meeting's time has changed")
    if ends_at > at:
        grant_access(
            child_id=item.child_id,
            reason=GrantReason.PANEL,
            at=at,
            by=by,
            group=meeting.panel.function.group,
            valid_until=ends_at,
            source_id=item.pk,
            note=f"{meeting.panel.name}, {day(meeting.starts_at)}",
        )


def retime_access(*, meeting: Meeting, at: datetime, by: Viewer) -> None:
    """Give every item of a meeting the end of access that follows from when it is, or when it closed."""
    items = list(items_on(meeting))
    named_only = restricted_among([item.child_id for item in items])
    running: dict[UUID | None, list[AccessGrant]] = defaultdict(list)
    for grant in AccessGrant.objects.live(at).filter(source_id__in=[item.pk for item in items]):
        running[grant.source_id].append(grant)
    for item in items:
        if item.child_id not in named_only:
            _let_read(item, meeting, running[item.pk], at=at, by=by)
