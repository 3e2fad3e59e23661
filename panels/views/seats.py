"""Who sits on the panel, for who keeps it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.forms import WriteForm
from accounts.middleware.policy import policy
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from accounts.selectors import now
from panels.forms import DeputyForm, SeatForm
from panels.models import PanelSeat
from panels.presenters.meetings import seat_rows
from panels.rules import PanelRefused
from panels.selectors.meetings import deputy_of, may_sit, panels_known, seat_of, seats_on
from panels.services import seats as services
from panels.views.loading import viewer_of

PREPARE = Capability.PREPARE_PANEL


@policy(capability=PREPARE, name="panels:seats")
def seats(request: HttpRequest) -> HttpResponse:
    """The seats of each panel, their members and deputies."""
    today = timezone.localdate(now())
    panels = [
        {"name": panel.name, "hours": panel.access_hours, "seats": seat_rows(seats_on(panel.pk, on=today))}
        for panel in panels_known(viewer_of(request)).order_by("started_on", "name")
    ]
    return render(request, "panels/seats.html", {"panels": panels, "confirm": WriteForm()})


@policy(methods=("GET", "POST"), capability=PREPARE, name="panels:add_seat")
def add_seat(request: HttpRequest) -> HttpResponse:
    """Give a service a seat."""
    at, viewer = now(), viewer_of(request)
    form = SeatForm(request.POST or None, people=may_sit(on=timezone.localdate(at)))
    if request.method == "POST" and form.is_valid():
        try:
            services.give_seat(
                panel=services.panel_to_plan(at=at, by=viewer),
                member=form.chosen,
                service=form.cleaned_data["service"],
                chairs=form.cleaned_data["chairs"],
                at=at,
                by=viewer,
            )
        except PanelRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The seat is given.")
            return redirect("panels:seats")
    return _ask(request, form, "Add a seat", "Give the seat")


@policy(methods=("GET", "POST"), capability=PREPARE, name="panels:add_deputy")
def add_deputy(request: HttpRequest, seat_id: UUID) -> HttpResponse:
    """Let somebody sit in for a member."""
    at = now()
    seat = _seat(request, seat_id)
    form = DeputyForm(request.POST or None, people=may_sit(on=timezone.localdate(at)))
    if request.method == "POST" and form.is_valid():
        try:
            services.add_deputy(seat=seat, membership=form.chosen, at=at, by=viewer_of(request))
        except PanelRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The deputy is added.")
            return redirect("panels:seats")
    return _ask(request, form, f"A deputy for {seat.member.user}", "Add the deputy")


def _seat(request: HttpRequest, seat_id: UUID) -> PanelSeat:
    seat = seat_of(viewer_of(request), seat_id)
    if seat is None:
        raise NotKnown("no_seat")
    return seat


def _ask(request: HttpRequest, form: WriteForm, heading: str, button: str) -> HttpResponse:
    context = {"form": form, "heading": heading, "button": button, "back_href": reverse("panels:seats")}
    return render(request, "panels/ask.html", context, status=422 if form.is_bound else 200)


@policy(methods=("POST",), capability=PREPARE, name="panels:end_seat")
def end_seat(request: HttpRequest, seat_id: UUID) -> HttpResponse:
    """End a seat with its deputies."""
    services.end_seat(seat=_seat(request, seat_id), at=now(), by=viewer_of(request))
    messages.success(request, "The seat is ended, and the access that came with it.")
    return redirect("panels:seats")


@policy(methods=("POST",), capability=PREPARE, name="panels:end_deputy")
def end_deputy(request: HttpRequest, deputy_id: UUID) -> HttpResponse:
    """Let a deputy go."""
    deputy = deputy_of(viewer_of(request), deputy_id)
    if deputy is None:
        raise NotKnown("no_deputy")
    services.end_deputy(deputy=deputy, at=now(), by=viewer_of(request))
    messages.success(request, "The deputy has left, and the access that came with it has ended.")
    return redirect("panels:seats")
