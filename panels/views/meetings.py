"""The list of meetings, and one meeting from its planning to its minutes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.forms import WriteForm
from accounts.middleware.policy import policy
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from accounts.selectors import now
from accounts.services.access_events import trace_of
from cases.record.services import files_open, note_files_shown
from panels.choices import MeetingState
from panels.forms import AttendanceForm, CloseForm, PlanForm
from panels.models import Attendance, Meeting, PanelSeat
from panels.presenters import early as early_words
from panels.presenters import meetings as presenters
from panels.presenters.minutes import minutes_as_pdf
from panels.presenters.parts import name_of, own_name_of
from panels.rules import PanelRefused
from panels.rules.agenda import asks_before_opening, asks_before_publishing
from panels.rules.decisions import keeps_panel, runs_meetings
from panels.selectors import agenda as agendas
from panels.selectors import meetings as selectors
from panels.selectors.actions import actions_to_chase, my_actions
from panels.services import meetings as services
from panels.services.agenda import refresh_agenda
from panels.services.minutes import having_minutes, open_minutes
from panels.services.seats import panel_to_plan
from panels.views.loading import meeting_page, runs, sees_agenda, viewer_of

READ, PREPARE = Capability.READ_FILES, Capability.PREPARE_PANEL


@policy(capability=READ, name="panels:meetings")
def meetings(request: HttpRequest) -> HttpResponse:
    """The meetings I may know of, my actions, and what I have to prepare."""
    viewer, at = viewer_of(request), now()
    coming = selectors.coming_meetings(viewer)
    actions = my_actions(viewer, at=at)
    chased = actions_to_chase(viewer, at=at, today=timezone.localdate(at)) if keeps_panel(viewer) else []
    files = files_open([row.child_id for row in (*actions, *chased)], viewer, at=at)
    out = next((row for row in coming if row.state != MeetingState.PLANNED), None)
    known = agendas.items_known(out, viewer, at=at) if out else []
    updated = agendas.agencies_that_updated([item for item, _ in known])
    accepted = out is not None and selectors.has_accepted(out, viewer)
    prepare = presenters.to_prepare(out, known, updated, viewer, accepted=accepted) if out else []
    named = [opened.child.pk for _, opened in known if accepted or own_name_of(opened)]
    note_files_shown(viewer=viewer, page="panels:meetings", child_ids={*files, *named}, trace=trace_of(request))
    context = {
        "coming": [presenters.meeting_line(row) for row in coming],
        "past": [presenters.meeting_line(row) for row in selectors.past_meetings(viewer)],
        "actions": presenters.action_lines(actions, files, at=at),
        "chased": presenters.action_lines(chased, files, at=at),
        "prepare": prepare,
        "office": keeps_panel(viewer),
        "member": bool(coming),
        "buttons": _list_buttons() if keeps_panel(viewer) else [],
    }
    return render(request, "panels/meetings.html", context)


def _list_buttons() -> list[dict[str, str]]:
    return [
        {"text": "Plan a meeting", "href": reverse("panels:plan")},
        {"text": "Who sits on the panel", "href": reverse("panels:seats"), "style": "secondary"},
    ]


@policy(methods=("GET", "POST"), capability=PREPARE, name="panels:plan")
def plan(request: HttpRequest) -> HttpResponse:
    """Plan a meeting; its agenda fills itself."""
    viewer, at = viewer_of(request), now()
    form = PlanForm(request.POST or None, at=at)
    if request.method == "POST" and form.is_valid():
        try:
            meeting = services.plan_meeting(
                panel=panel_to_plan(at=at, by=viewer),
                starts_at=form.cleaned_data["starts_at"],
                place=form.cleaned_data["place"],
                minutes_long=form.cleaned_data["minutes_long"],
                at=at,
                by=viewer,
            )
        except PanelRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The meeting is planned, and its agenda is filled. Publish it when it is right.")
            return redirect("panels:meeting", meeting.pk)
    return _ask(request, form, "Plan a meeting", "Plan the meeting", reverse("panels:meetings"))


def _ask(request: HttpRequest, form: WriteForm, heading: str, button: str, back: str, **more: Any) -> HttpResponse:
    context = {"form": form, "heading": heading, "button": button, "back_href": back, **more}
    return render(request, "panels/ask.html", context, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), capability=PREPARE, name="panels:move")
@meeting_page
def move(request: HttpRequest, meeting: Meeting, at: datetime) -> HttpResponse:
    """Move a meeting that has not begun; the members' access moves with it."""
    initial = {"starts_at": meeting.starts_at, "minutes_long": meeting.minutes_long, "place": meeting.place}
    form = PlanForm(request.POST or None, at=at, initial={**initial, "version": meeting.version})
    if request.method == "POST" and form.is_valid():
        try:
            services.move_meeting(
                meeting=meeting,
                starts_at=form.cleaned_data["starts_at"],
                place=form.cleaned_data["place"],
                minutes_long=form.cleaned_data["minutes_long"],
                version=form.cleaned_data["version"] or 0,
                at=at,
                by=viewer_of(request),
            )
        except PanelRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The meeting is moved.")
            return redirect("panels:meeting", meeting.pk)
    return _ask(request, form, "Move the meeting", "Move it", reverse("panels:meeting", args=[meeting.pk]))


@policy(capability=READ, name="panels:meeting")
@meeting_page
def meeting(request: HttpRequest, meeting: Meeting, at: datetime) -> HttpResponse:
    """One meeting: the statement to accept, then the agenda as far as I may know of it, and who came."""
    viewer = viewer_of(request)
    accepted = meeting.state == MeetingState.PLANNED or selectors.has_accepted(meeting, viewer)
    shows = accepted and sees_agenda(meeting, viewer, at=at)
    known = agendas.items_known(meeting, viewer, at=at) if shows else []
    taken = selectors.attendance_of(meeting)
    seats = selectors.seats_of_meeting(meeting, taken, on=timezone.localdate(at))
    note_files_shown(
        viewer=viewer,
        page="panels:meeting",
        child_ids=[opened.child.pk for _, opened in known],
        trace=trace_of(request),
    )
    context = {
        "meeting": meeting,
        "title": presenters.title_of(meeting),
        "times": presenters.times(meeting),
        "state": meeting.get_state_display(),
        "tone": presenters.STATE_OF_MEETING[MeetingState(meeting.state)],
        "statement": presenters.STATEMENT,
        "accepted": accepted,
        "shows_agenda": shows,
        "has_agenda": bool(known),
        "agenda": presenters.agenda_parts(
            meeting,
            known,
            leads=agendas.leads_of([item.child_id for item, _ in known]),
            updated=agendas.agencies_that_updated([item for item, _ in known]),
            viewer=viewer,
        ),
        "progress": presenters.progress(meeting, known),
        "confirm": WriteForm(),
        "publishes_early": asks_before_publishing(meeting.starts_at, at=at),
        "opens_early": asks_before_opening(meeting.starts_at, at=at),
        **_room(meeting, seats, taken),
        **_may(meeting, viewer, seats, at=at),
        "may_print": meeting.state == MeetingState.CLOSED and (keeps_panel(viewer) or bool(having_minutes(known))),
    }
    return render(request, "panels/meeting.html", context)


def _room(meeting: Meeting, seats: list[PanelSeat], taken: dict[UUID, Attendance]) -> dict[str, Any]:
    """Who came, whether they have accepted the statement, and whether they are enough."""
    accepted = selectors.accepted_by(meeting)
    quorum = services.quorum_at(meeting) if meeting.attendance_at else None
    return {
        "attendance": presenters.attendance_rows(seats, taken, accepted),
        "not_accepted": presenters.here_without_statement(taken, accepted),
        "columns": [{"text": "Seat"}, {"text": "Who"}, {"text": "Attendance"}, {"text": "Statement"}],
        "quorum": quorum.words if quorum else "",
        "provisional": quorum.follows if quorum else "",
    }


def _may(meeting: Meeting, viewer: Viewer, seats: list[PanelSeat], *, at: datetime) -> dict[str, bool]:
    """What the viewer may do with the meeting as it stands: for the page alone, the services ask again."""
    office, state = keeps_panel(viewer), meeting.state
    deputises = selectors.chairs_among(seats, viewer, on=timezone.localdate(at))
    chair = runs_meetings(viewer, deputises=deputises)
    return {
        "may_publish": office and state == MeetingState.PLANNED,
        "may_move": office and state in (MeetingState.PLANNED, MeetingState.PUBLISHED),
        "may_open": chair and state == MeetingState.PUBLISHED,
        "may_attend": (office or deputises) and state == MeetingState.OPEN,
        "may_close": chair and state == MeetingState.OPEN,
    }


@policy(methods=("POST",), capability=READ, name="panels:accept")
@meeting_page
def accept(request: HttpRequest, meeting: Meeting, at: datetime) -> HttpResponse:
    """Accept the confidentiality statement."""
    services.accept_statement(meeting=meeting, at=at, by=viewer_of(request))
    return redirect("panels:meeting", meeting.pk)


@policy(methods=("POST",), capability=PREPARE, name="panels:refresh")
@meeting_page
def refresh(request: HttpRequest, meeting: Meeting, at: datetime) -> HttpResponse:
    """Run the agenda's rule again."""
    refresh_agenda(meeting=meeting, at=at, by=viewer_of(request))
    messages.success(request, "The agenda is filled by what stands on the files now.")
    return redirect("panels:meeting", meeting.pk)


@policy(methods=("GET", "POST"), capability=PREPARE, name="panels:publish")
@meeting_page
def publish(request: HttpRequest, meeting: Meeting, at: datetime) -> HttpResponse:
    """Publish the agenda to the members; long before the meeting only once it is said that this is meant."""
    viewer, early = viewer_of(request), asks_before_publishing(meeting.starts_at, at=at)
    if request.method == "GET" or (early and "sure" not in request.POST):
        if meeting.state != MeetingState.PLANNED:
            return redirect("panels:meeting", meeting.pk)
        seats = selectors.seats_on(meeting.panel_id, on=timezone.localdate(at))
        children = len(agendas.items_known(meeting, viewer, at=at))
        follows = early_words.before_publishing(meeting, seats, children=children, at=at)
        return _ask_again(request, meeting, "Publish the agenda", "Publish it now", follows)
    services.publish_agenda(meeting=meeting, at=at, by=viewer_of(request))
    messages.success(request, "The agenda is published. The members may read these files from now on.")
    return redirect("panels:meeting", meeting.pk)


def _ask_again(request: HttpRequest, meeting: Meeting, heading: str, button: str, follows: list[str]) -> HttpResponse:
    """Ask whether something is meant, saying what follows; the answer carries `sure`."""
    context = {
        "meeting": meeting,
        "title": presenters.title_of(meeting),
        "heading": heading,
        "button": button,
        "follows": follows,
        "form": WriteForm(),
    }
    return render(request, "panels/sure.html", context)


@policy(methods=("GET", "POST"), capability=READ, name="panels:open")
@meeting_page
def open_(request: HttpRequest, meeting: Meeting, at: datetime) -> HttpResponse:
    """Open the meeting, then take attendance; before its day only once it is said that this is meant."""
    viewer, early = viewer_of(request), asks_before_opening(meeting.starts_at, at=at)
    if request.method == "GET" or (early and "sure" not in request.POST):
        services.check_chairs(meeting, at=at, by=viewer)
        if meeting.state != MeetingState.PUBLISHED:
            return redirect("panels:meeting", meeting.pk)
        follows = early_words.before_opening(meeting, at=at)
        return _ask_again(request, meeting, "Open the meeting", "Open it now", follows)
    services.open_meeting(meeting=meeting, at=at, by=viewer)
    return redirect("panels:attendance", meeting.pk)


@policy(methods=("GET", "POST"), capability=READ, name="panels:attendance")
@meeting_page
def attendance(request: HttpRequest, meeting: Meeting, at: datetime) -> HttpResponse:
    """Who came, one line a seat; then the first child."""
    viewer = viewer_of(request)
    if not runs(meeting, viewer, at=at):
        raise PanelRefused("The chair or the co-ordinator takes attendance.")
    form = AttendanceForm(
        request.POST or None,
        seats=selectors.seats_on(meeting.panel_id, on=timezone.localdate(at)),
        taken=selectors.attendance_of(meeting),
        accepted=selectors.accepted_by(meeting),
    )
    if request.method == "POST" and form.is_valid():
        services.take_attendance(meeting=meeting, came=form.came(), at=at, by=viewer)
        # The page says by itself whether they are enough.
        messages.success(request, "Attendance is written down.")
        return redirect("panels:meeting", meeting.pk)
    context = {"form": form, "meeting": meeting, "title": presenters.title_of(meeting)}
    return render(request, "panels/attendance.html", context, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), capability=READ, name="panels:close")
@meeting_page
def close(request: HttpRequest, meeting: Meeting, at: datetime) -> HttpResponse:
    """Close the meeting: whoever was not talked about is carried over with a reason."""
    viewer = viewer_of(request)
    seats = selectors.seats_on(meeting.panel_id, on=timezone.localdate(at))
    if not _may(meeting, viewer, seats, at=at)["may_close"]:
        raise PanelRefused("The chair closes a meeting that is open.")
    known = {item.pk: opened for item, opened in agendas.items_known(meeting, viewer, at=at)}
    undecided = [
        (item, name_of(known[item.pk])) for item in services.undecided_items(meeting, viewer, at=at) if item.pk in known
    ]
    form = CloseForm(request.POST or None, undecided=undecided)
    if request.method == "POST" and form.is_valid():
        try:
            services.close_meeting(
                meeting=meeting,
                deferred=form.deferred(),
                why=form.cleaned_data.get("why") or "",
                at=at,
                by=viewer,
            )
        except PanelRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The meeting is closed. The minutes are ready, and referrers see the outcome.")
            return redirect("panels:meeting", meeting.pk)
    note_files_shown(
        viewer=viewer, page="panels:close", child_ids=[item.child_id for item, _ in undecided], trace=trace_of(request)
    )
    context = {"form": form, "meeting": meeting, "title": presenters.title_of(meeting), "count": len(undecided)}
    return render(request, "panels/close.html", context, status=422 if form.is_bound else 200)


@policy(capability=READ, name="panels:minutes")
@meeting_page
def minutes(request: HttpRequest, meeting: Meeting, at: datetime) -> HttpResponse:
    """The minutes as I may read them now: a PDF that says who printed it and when."""
    viewer = viewer_of(request)
    parts = open_minutes(meeting=meeting, viewer=viewer, at=at, trace=trace_of(request))
    pdf = minutes_as_pdf(meeting, parts, viewer=viewer, at=at, partnership=settings.PARTNERSHIP_NAME)
    return pdf_response(pdf, f"minutes-{meeting.starts_at:%Y-%m-%d}.pdf")


def pdf_response(pdf: bytes, filename: str) -> HttpResponse:
    """A download under a name that tells nothing of a child."""
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
