"""The list of meetings, one meeting with its agenda, and who sits on the panel."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from accounts.rules.dates import clock_time, day, moment
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import Level
from cases.record.models import Involvement
from cases.record.services import OpenFile
from panels.choices import ActionStatus, AttendanceStatus, ItemState, MeetingState
from panels.models import Action, AgendaItem, Attendance, Meeting, PanelSeat
from panels.presenters.actions import sees
from panels.presenters.parts import (
    ON_AGENDA,
    days_words,
    heading,
    knows_state,
    may_prepare,
    name_of,
    own_name_of,
    reasons,
    state_shown,
)
from panels.rules.decisions import keeps_panel
from panels.rules.progress import progress_words, split_by_state
from panels.rules.quorum import IN_THE_ROOM
from panels.rules.states import RUNNING

STATE_OF_MEETING = {
    MeetingState.PLANNED: "plain",
    MeetingState.PUBLISHED: "info",
    MeetingState.OPEN: "watch",
    MeetingState.CLOSED: "plain",
}
STATEMENT = (
    "We share information here to protect children and to prevent crime, and we use it for nothing else.",
    "Nobody copies it or passes it on without asking the agency it came from. Police intelligence is "
    "never written into the minutes.",
    "We keep it safe. The minutes stay in Harbour: every copy says who printed it.",
    "I have said whether I know a child on the agenda, or somebody around them, in my own life.",
    "I report at once if any of this is broken.",
)
NOT_ACCEPTED = "Not accepted yet"


def title_of(meeting: Meeting) -> str:
    """A meeting in words, without a person."""
    return f"{meeting.panel.name}, {day(meeting.starts_at)}"


def meeting_line(meeting: Meeting) -> dict[str, Any]:
    """One meeting in a list."""
    return {
        "text": title_of(meeting),
        "href": reverse("panels:meeting", args=[meeting.pk]),
        "meta": f"{clock_time(meeting.starts_at)}, {meeting.place}",
        "due": meeting.get_state_display(),
        "tone": STATE_OF_MEETING[MeetingState(meeting.state)],
    }


def action_lines(
    actions: Iterable[Action], files: dict[UUID, OpenFile], *, at: datetime, named: bool = True
) -> list[dict[str, Any]]:
    """The actions that a reader may read, in a list across files, each with its child as the reader may name it.

    With `named=False` a line holds a reference and nothing of the file, for a page that is no read of it.
    """
    today = timezone.localdate(at)
    lines = []
    for action in actions:
        opened = files.get(action.child_id)
        if opened is None or not sees(opened, action):
            continue
        running = action.status in RUNNING
        late = running and action.due_on < today
        lines.append(
            {
                "text": action.text if named else f"Action for {opened.child.reference}",
                "href": reverse("panels:action", args=[opened.child.reference, action.pk]),
                "meta": f"{f'{name_of(opened)}. ' if named else ''}{action.owner_membership.user}, "
                f"{action.owner_agency.name}",
                "due": days_words(action.due_on, today) if running else "Done: to verify",
                "tone": "urgent" if late else "info" if action.status == ActionStatus.DONE else "plain",
            }
        )
    return lines


def to_prepare(
    meeting: Meeting,
    known: Iterable[tuple[AgendaItem, OpenFile]],
    updated: dict[UUID, set[UUID]],
    viewer: Viewer,
    *,
    accepted: bool,
    named: bool = True,
) -> list[dict[str, Any]]:
    """The items to which the viewer's agency has said nothing yet; `named` as in `action_lines`.

    Before the viewer has accepted the meeting's statement a child is named by their own rights on its file alone, and
    why it stands there is not said.
    """

    def name(opened: OpenFile) -> str:
        return "" if not named else name_of(opened) if accepted else own_name_of(opened)

    return [
        {
            "text": name(opened) or f"Prepare {opened.child.reference}",
            "href": reverse("panels:prepare", args=[meeting.pk, item.pk]),
            "reference": opened.child.reference if name(opened) else "",
            "meta": "; ".join(reasons(opened, item)) if named and accepted else "",
        }
        for item, opened in known
        if may_prepare(opened, item, meeting) and viewer.agency_id not in updated.get(item.pk, set())
    ]


def agenda(
    meeting: Meeting,
    known: list[tuple[AgendaItem, OpenFile]],
    *,
    leads: dict[UUID, Involvement],
    updated: dict[UUID, set[UUID]],
    viewer: Viewer,
) -> list[dict[str, Any]]:
    """The agenda as one reader may see it, without numbers: a place in the list would differ from reader to reader."""
    office = keeps_panel(viewer)
    rows = []
    for item, opened in known:
        answered = updated.get(item.pk, set())
        minutes = opened.level(Category.MINUTES)
        row = {
            **heading(opened, leads.get(item.child_id)),
            "reasons": reasons(opened, item),
            "late": item.late and knows_state(opened, item),
            **state_shown(opened, item),
            "href": reverse("panels:item", args=[meeting.pk, item.pk]),
            "may_take_off": office and item.state == ItemState.LISTED and meeting.state != MeetingState.CLOSED,
            "take_off_href": reverse("panels:take_off", args=[meeting.pk, item.pk]),
            "updates": "",
        }
        if may_prepare(opened, item, meeting):
            row["prepare_href"] = reverse("panels:prepare", args=[meeting.pk, item.pk])
            row["answered"] = viewer.agency_id in answered
            if minutes == Level.FULL:
                count = len(answered)
                many = f"{count or 'No'} {'agency has' if count < 2 else 'agencies have'} answered"
                row["updates"] = many
        rows.append(row)
    return rows


def agenda_parts(
    meeting: Meeting,
    known: list[tuple[AgendaItem, OpenFile]],
    *,
    leads: dict[UUID, Involvement],
    updated: dict[UUID, set[UUID]],
    viewer: Viewer,
) -> list[dict[str, Any]]:
    """The agenda in parts, what comes next first: each with its rows, and a `summary` where it is folded."""
    rows = agenda(meeting, known, leads=leads, updated=updated, viewer=viewer)
    told = [knows_state(opened, item) for item, opened in known]
    states = [item.state if known_of else ItemState.LISTED for (item, _), known_of in zip(known, told, strict=True)]
    split = split_by_state(list(zip(states, rows, strict=True)))
    alone = len(split.to_discuss) == len(rows)
    to_discuss = "To discuss" if all(told) else ON_AGENDA
    more = f"{len(split.more_to_discuss)} more {to_discuss[:1].lower()}{to_discuss[1:]}"
    parts: list[dict[str, Any]] = [
        {"heading": "" if alone else to_discuss, "summary": "", "rows": split.to_discuss},
        {"heading": "", "summary": more, "rows": split.more_to_discuss},
        {"heading": "Decided", "summary": "", "rows": split.decided},
        {"heading": "Carried over", "summary": _children(len(split.carried_over)), "rows": split.carried_over},
    ]
    return [part for part in parts if part["rows"]]


def _children(count: int) -> str:
    return f"{count} {'child' if count == 1 else 'children'}"


def progress(meeting: Meeting, known: list[tuple[AgendaItem, OpenFile]]) -> str:
    """How far a meeting has come, over the items of which the reader may know how they stand; nothing before it is
    open.
    """
    if meeting.state not in (MeetingState.OPEN, MeetingState.CLOSED):
        return ""
    states = [item.state for item, opened in known if knows_state(opened, item)]
    return progress_words(states, closed=meeting.state == MeetingState.CLOSED)


def times(meeting: Meeting) -> list[dict[str, str]]:
    """When and where, and what has happened so far."""
    rows = [
        {"key": "When", "value": f"{moment(meeting.starts_at)}, for {meeting.minutes_long} minutes"},
        {"key": "Where", "value": meeting.place},
    ]
    steps = (
        ("Agenda published", meeting.published_at),
        ("Opened", meeting.opened_at),
        ("Closed", meeting.closed_at),
    )
    return rows + [{"key": key, "value": moment(instant)} for key, instant in steps if instant]


def attendance_rows(
    seats: Iterable[PanelSeat], taken: dict[UUID, Attendance], accepted: set[UUID]
) -> list[list[dict[str, str]]]:
    """Who came for each seat, and whether the statement is accepted."""
    rows = []
    for seat in seats:
        row = taken.get(seat.pk)
        here = row is not None and row.status in IN_THE_ROOM
        who = seat.named(row.membership) if row and row.membership else str(seat.member.user)
        person_id = row.membership_id if row and row.membership_id else seat.member_id
        rows.append(
            [
                {"text": seat.place, "hint": "Chair" if seat.chairs else ""},
                {"text": who if here or row is None else f"for {seat.member.user}"},
                {"text": AttendanceStatus(row.status).label if row else "Not said yet"},
                {"text": "Accepted" if person_id in accepted else "" if row and not here else NOT_ACCEPTED},
            ]
        )
    return rows


def here_without_statement(taken: dict[UUID, Attendance], accepted: set[UUID]) -> str:
    """Who is in the room and has not accepted the statement, in a sentence; empty where all have."""
    names = sorted(
        str(row.membership.user)
        for row in taken.values()
        if row.membership is not None and row.status in IN_THE_ROOM and row.membership_id not in accepted
    )
    if not names:
        return ""
    return f"In the room, and has not accepted the confidentiality statement: {', '.join(names)}."


def seat_rows(seats: Iterable[PanelSeat]) -> list[dict[str, Any]]:
    """The seats of a panel with their deputies."""
    return [
        {
            "id": seat.pk,
            "place": seat.place,
            "chairs": seat.chairs,
            "member": f"{seat.member.user}, {seat.member.get_role_display()}",
            "since": day(seat.started_on),
            "deputies": [
                {"id": row.pk, "name": f"{row.membership.user}, {row.membership.get_role_display()}"}
                for row in getattr(seat, "deputies_now", [])
            ],
        }
        for seat in seats
    ]
