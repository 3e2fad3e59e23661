"""What every page of a meeting loads: the meeting that the viewer may know of, and the statement they accepted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from accounts.rules.viewers import Viewer
from accounts.selectors import now
from accounts.services.access_events import trace_of
from cases.record.services import OpenFile, open_file
from panels.choices import MeetingState
from panels.models import AgendaItem, Meeting
from panels.rules import PanelRefused
from panels.rules.decisions import keeps_panel
from panels.selectors.agenda import item_known
from panels.selectors.meetings import chairs_for, has_accepted, meeting_of

View = Callable[..., HttpResponseBase]


def viewer_of(request: HttpRequest) -> Viewer:
    """Who is asking, under which membership."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    return viewer


def meeting_page(view: View) -> View:
    """Give a view the meeting in place of its id, and the instant."""

    @wraps(view)
    def loaded(request: HttpRequest, meeting_id: UUID, **parts: Any) -> HttpResponseBase:
        return view(request, meeting_of(viewer_of(request), meeting_id), now(), **parts)

    return loaded


def item_page(page: str) -> Callable[[View], View]:
    """Give a view the meeting, one of its items and the opened file; each opening is written down.

    Members get no item before the agenda is out, and who has not accepted the statement is asked to first.
    """

    def declare(view: View) -> View:
        @wraps(view)
        def loaded(request: HttpRequest, meeting_id: UUID, item_id: UUID, **parts: Any) -> HttpResponseBase:
            viewer, at = viewer_of(request), now()
            meeting = meeting_of(viewer, meeting_id)
            item = item_known(meeting, item_id, viewer, at=at)
            if not sees_agenda(meeting, viewer, at=at):
                raise PanelRefused("The agenda of this meeting is not published yet.")
            if meeting.state != MeetingState.PLANNED and not has_accepted(meeting, viewer):
                messages.info(request, "Read and accept the confidentiality statement first.")
                return redirect("panels:meeting", meeting.pk)
            opened: OpenFile = open_file(
                viewer=viewer, reference=item.child.reference, at=at, trace=trace_of(request), page=page
            )
            return view(request, meeting, item, opened, **parts)

        return loaded

    return declare


def sees_agenda(meeting: Meeting, viewer: Viewer, *, at: datetime) -> bool:
    """Whether somebody who knows of a meeting sees its agenda: who keeps the panel always, members once it is out."""
    return meeting.state != MeetingState.PLANNED or keeps_panel(viewer)


def records(meeting: Meeting, item: AgendaItem | None, viewer: Viewer, *, at: datetime) -> bool:
    """Whether the viewer records what is decided: for the page alone, the service asks again."""
    open_now = meeting.state == MeetingState.OPEN
    handed_on = item is not None and meeting.state == MeetingState.CLOSED and item.settled_at is None
    return (open_now or handed_on) and runs(meeting, viewer, at=at)


def runs(meeting: Meeting, viewer: Viewer, *, at: datetime) -> bool:
    """Whether the viewer keeps the panel or sits on the chair's seat."""
    return keeps_panel(viewer) or chairs_for(viewer, meeting.panel_id, on=timezone.localdate(at))
