"""A meeting from its planning to its close."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.rules.dates import day, in_london
from accounts.rules.refusals import Stale
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.record.choices import EntryKind
from cases.record.models import Child
from cases.record.services import add_chronology
from panels.choices import ItemState, MeetingState
from panels.models import AgendaItem, Attendance, Meeting, Panel, PanelDecision, StatementAcceptance
from panels.rules import PanelRefused
from panels.rules.agenda import next_start
from panels.rules.decisions import keeps_panel, runs_meetings
from panels.rules.progress import why_deferred
from panels.rules.quorum import IN_THE_ROOM, InTheRoom, Quorum, quorum_of
from panels.rules.states import ITEM, MEETING, check_move
from panels.selectors.agenda import items_on
from panels.selectors.meetings import attendance_of, chairs_for, seats_on, sits_on
from panels.services.agenda import refresh_agenda, retime_access
from panels.services.seats import keep_function_in_step

NOT_OFFICE = "The chair and the co-ordinator prepare meetings."
NOT_CHAIR = "The chair, or a deputy of the chair, opens and closes a meeting."


@dataclass(frozen=True)
class Came:
    """How one seat was filled at a meeting; `accepted` says that who came accepted the statement in the room."""

    seat_id: UUID
    status: str
    membership_id: UUID | None = None
    accepted: bool = False


@transaction.atomic
def plan_meeting(
    *, panel: Panel, starts_at: datetime, place: str, at: datetime, by: Viewer, minutes_long: int = 120
) -> Meeting:
    """Plan a meeting and fill its agenda by the rule. Refused in the past, and twice for one time."""
    _check_office(by)
    _check_start(panel, starts_at, at=at)
    meeting = Meeting.objects.create(panel=panel, starts_at=starts_at, place=place, minutes_long=minutes_long)
    refresh_agenda(meeting=meeting, at=at, by=by)
    return meeting


@transaction.atomic
def move_meeting(
    *, meeting: Meeting, starts_at: datetime, place: str, minutes_long: int, version: int, at: datetime, by: Viewer
) -> Meeting:
    """Move a meeting that has not begun; the access of its members moves with it. Raises PanelRefused when stale."""
    _check_office(by)
    meeting = _locked(meeting, version)
    if meeting.state not in (MeetingState.PLANNED, MeetingState.PUBLISHED):
        raise PanelRefused("This meeting has begun. It can no longer be moved.")
    if starts_at != meeting.starts_at:
        _check_start(meeting.panel, starts_at, at=at)
    meeting.starts_at, meeting.place, meeting.minutes_long = starts_at, place, minutes_long
    meeting.version += 1
    meeting.save(update_fields=["starts_at", "place", "minutes_long", "version"])
    if meeting.state == MeetingState.PLANNED:
        refresh_agenda(meeting=meeting, at=at, by=by)
    else:
        retime_access(meeting=meeting, at=at, by=by)
    return meeting


@transaction.atomic
def publish_agenda(*, meeting: Meeting, at: datetime, by: Viewer) -> Meeting:
    """Publish the agenda to the members: from now they may read the files on it.

    The rule runs once more before. The next meeting is planned with it, so that there is always one that takes a
    listing. Refused for who does not keep the panel, and when it is published already.
    """
    _check_office(by)
    meeting = _locked(meeting)
    check_move(MEETING, meeting.state, MeetingState.PUBLISHED)
    refresh_agenda(meeting=meeting, at=at, by=by)
    keep_function_in_step(panel=meeting.panel, at=at)
    meeting.refresh_from_db()
    meeting.state, meeting.published_at, meeting.published_by_id = MeetingState.PUBLISHED, at, by.acting_membership_id
    meeting.version += 1
    meeting.save(update_fields=["state", "published_at", "published_by", "version"])
    retime_access(meeting=meeting, at=at, by=by)
    later = Meeting.objects.filter(panel=meeting.panel, starts_at__gt=meeting.starts_at)
    if not later.exists():
        starts_at = next_start(in_london(meeting.starts_at), meeting.panel.frequency)
        if starts_at > at:
            plan_meeting(
                panel=meeting.panel,
                starts_at=starts_at,
                place=meeting.place,
                minutes_long=meeting.minutes_long,
                at=at,
                by=by,
            )
    return meeting


@transaction.atomic
def accept_statement(*, meeting: Meeting, at: datetime, by: Viewer) -> StatementAcceptance:
    """Accept the confidentiality statement of a meeting for oneself. Accepting twice does no harm."""
    row, _ = StatementAcceptance.objects.get_or_create(
        meeting=meeting, membership_id=by.acting_membership_id, defaults={"accepted_at": at}
    )
    return row


@transaction.atomic
def open_meeting(*, meeting: Meeting, at: datetime, by: Viewer) -> Meeting:
    """Open the meeting. Refused before the agenda is published, and for who does not chair."""
    check_chairs(meeting, at=at, by=by)
    meeting = _locked(meeting)
    check_move(MEETING, meeting.state, MeetingState.OPEN)
    if Meeting.objects.filter(panel=meeting.panel, state=MeetingState.OPEN).exists():
        raise PanelRefused("Another meeting of this panel is still open. Close it first.")
    meeting.state, meeting.opened_at, meeting.opened_by_id = MeetingState.OPEN, at, by.acting_membership_id
    meeting.version += 1
    meeting.save(update_fields=["state", "opened_at", "opened_by", "version"])
    return meeting


@transaction.atomic
def take_attendance(*, meeting: Meeting, came: Iterable[Came], at: datetime, by: Viewer) -> Quorum:
    """Write down who came for each seat, and measure the quorum; what was decided follows it.

    May be put right while the meeting is open. Raises PanelRefused for somebody who does not sit on the seat.
    """
    if not (keeps_panel(by) or chairs_for(by, meeting.panel_id, on=timezone.localdate(at))):
        raise PanelRefused("The chair or the co-ordinator takes attendance.", code="role_lacks")
    meeting = _locked(meeting)
    if meeting.state != MeetingState.OPEN:
        raise PanelRefused("Attendance is taken while the meeting is open.")
    seats = {seat.pk: seat for seat in seats_on(meeting.panel_id, on=timezone.localdate(at))}
    for one in came:
        seat = seats.get(one.seat_id)
        here = one.status in IN_THE_ROOM
        if seat is None or (here and not sits_on(seat, one.membership_id)):
            raise PanelRefused("Somebody on this list no longer sits on the panel. Open the page again.")
        Attendance.objects.update_or_create(
            meeting=meeting,
            seat=seat,
            defaults={"status": one.status, "membership_id": one.membership_id if here else None},
        )
        if here and one.accepted and one.membership_id is not None:
            StatementAcceptance.objects.get_or_create(
                meeting=meeting, membership_id=one.membership_id, defaults={"accepted_at": at}
            )
    quorum = quorum_at(meeting)
    meeting.attendance_at, meeting.quorate = at, quorum.met
    meeting.version += 1
    meeting.save(update_fields=["attendance_at", "quorate", "version"])
    PanelDecision.objects.filter(item__meeting=meeting).update(provisional=not quorum.met)
    return quorum


def quorum_at(meeting: Meeting) -> Quorum:
    """The quorum of a meeting by the attendance that was taken."""
    present = [
        InTheRoom(row.seat.agency.sector, row.seat.chairs)
        for row in attendance_of(meeting).values()
        if row.status in IN_THE_ROOM
    ]
    return quorum_of(present, meeting.panel.quorum)


@transaction.atomic
def close_meeting(
    *, meeting: Meeting, at: datetime, by: Viewer, deferred: Mapping[UUID, str] | None = None, why: str = ""
) -> Meeting:
    """Close the meeting: what is undecided must be deferred with a reason; decisions go onto the children's files.

    `why` is the reason of all of them, `deferred` another one by item. Only items on files that the closer may know of
    are asked for: what nobody in the chair may know of stays to be decided by who may. Access ends the panel's hours
    from now, or from the planned end where that was before.
    """
    check_chairs(meeting, at=at, by=by)
    meeting = _locked(meeting)
    check_move(MEETING, meeting.state, MeetingState.CLOSED)
    if meeting.attendance_at is None:
        raise PanelRefused("Take attendance before you close the meeting.", field="attendance")
    for item in undecided_items(meeting, by, at=at):
        own = (deferred or {}).get(item.pk, "")
        reason = why_deferred(own=own, for_all=why, field=f"defer_{item.pk}")
        check_move(ITEM, item.state, ItemState.DEFERRED)
        item.state, item.state_reason, item.settled_at = ItemState.DEFERRED, reason, at
        item.version += 1
        item.save(update_fields=["state", "state_reason", "settled_at", "version"])
    meeting.state, meeting.closed_at, meeting.closed_by_id = MeetingState.CLOSED, at, by.acting_membership_id
    meeting.version += 1
    meeting.save(update_fields=["state", "closed_at", "closed_by", "version"])
    retime_access(meeting=meeting, at=at, by=by)
    for decision in PanelDecision.objects.filter(item__meeting=meeting).select_related("child", "item__meeting__panel"):
        tell_file(decision=decision, at=at, by=by)
    return meeting


def undecided_items(meeting: Meeting, viewer: Viewer, *, at: datetime) -> list[AgendaItem]:
    """What is still to be decided at a meeting, on files that a viewer may know of, in the order of the agenda."""
    files = Child.objects.visible_to(viewer, at=at).values("pk")
    return list(items_on(meeting).filter(state=ItemState.LISTED, child__in=files).select_related("child"))


def tell_file(*, decision: PanelDecision, at: datetime, by: Viewer) -> None:
    """Put a decision on the child's timeline, for those who see panel minutes."""
    meeting = decision.item.meeting
    note = " Provisional: the meeting was not quorate." if decision.provisional else ""
    add_chronology(
        child=decision.child,
        kind=EntryKind.PANEL,
        category=Category.MINUTES,
        happened_at=decision.decided_at,
        summary=f"{meeting.panel.name}, {day(meeting.starts_at)}: {decision.get_code_display()}.{note}",
        detail=decision.rationale,
        at=at,
        by=by,
    )


def _locked(meeting: Meeting, version: int | None = None) -> Meeting:
    rows = Meeting.objects.select_for_update(of=("self",)).select_related("panel__function__group")
    found = rows.get(pk=meeting.pk)
    if version is not None and found.version != version:
        raise Stale("Somebody changed this meeting while you had the page open. Look at it again.")
    return found


def _check_office(by: Viewer) -> None:
    if not keeps_panel(by):
        raise PanelRefused(NOT_OFFICE, code="role_lacks")


def check_chairs(meeting: Meeting, *, at: datetime, by: Viewer) -> None:
    """Refuse who neither chairs nor deputises for the chair."""
    deputises = chairs_for(by, meeting.panel_id, on=timezone.localdate(at))
    if not runs_meetings(by, deputises=deputises):
        raise PanelRefused(NOT_CHAIR, code="role_lacks")


def _check_start(panel: Panel, starts_at: datetime, *, at: datetime) -> None:
    if starts_at <= at:
        raise PanelRefused("The meeting must begin in the future.", field="starts_at")
    if Meeting.objects.filter(panel=panel, starts_at=starts_at).exists():
        raise PanelRefused("A meeting of this panel is planned for that time already.", field="starts_at")
