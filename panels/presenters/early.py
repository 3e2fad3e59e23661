"""What follows when an agenda goes out long before its meeting, or a meeting opens before its day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from accounts.rules.dates import day, moment
from panels.models import Meeting, PanelSeat
from panels.rules.agenda import days_until, reading_ends_at


def before_publishing(meeting: Meeting, seats: Iterable[PanelSeat], *, children: int, at: datetime) -> list[str]:
    """When the meeting is, and who may read what from now until when; `children` are those the asker may know of."""
    seats = list(seats)
    people = {seat.member_id for seat in seats}
    people |= {row.membership_id for seat in seats for row in getattr(seat, "deputies_now", [])}
    ends_at = reading_ends_at(
        starts_at=meeting.starts_at,
        minutes_long=meeting.minutes_long,
        closed_at=None,
        hours=meeting.panel.access_hours,
    )
    readers = "1 person" if len(people) == 1 else f"{len(people)} people"
    files = "1 child" if children == 1 else f"{children} children"
    return [
        f"The meeting is on {day(meeting.starts_at)}: {_ahead(meeting, at)}.",
        f"From now until {moment(ends_at)}, the {readers} who sit on the panel, deputies among them, may read the "
        f"files of the {files} that you see on this agenda, each as far as their role goes.",
        "After that the agenda no longer fills itself: children are listed and taken off one by one.",
        "A published agenda cannot be taken back. A child who is taken off it closes to the members at once.",
    ]


def before_opening(meeting: Meeting, *, at: datetime) -> list[str]:
    """When the meeting is, and what opening it changes."""
    return [
        f"The meeting is on {moment(meeting.starts_at)}: {_ahead(meeting, at)}.",
        "Once it is open, attendance is taken and decisions are recorded. It can no longer be moved, and it ends only "
        "by being closed.",
        f"Nobody may read more than since the agenda came out. After the planned end the members read the files for "
        f"{meeting.panel.access_hours} hours more. Closed early, that ends early too; closed late, it lasts no longer.",
    ]


def _ahead(meeting: Meeting, at: datetime) -> str:
    days = days_until(meeting.starts_at, at)
    if days < 0:
        return "that day has gone by"
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
