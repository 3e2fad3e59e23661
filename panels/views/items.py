"""One child at a meeting: the chair's walk, what an agency prepares, and taking a child off."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.middleware.policy import policy
from accounts.rules.roles import Capability
from cases.record.services import OpenFile
from panels.choices import UpdateKind
from panels.forms import DecisionForm, UpdateForm, WhyForm
from panels.models import AgendaItem, Meeting
from panels.presenters import items as presenters
from panels.presenters.meetings import title_of
from panels.presenters.parts import updates_shown
from panels.presenters.readers import sitting, who_reads_why
from panels.rules import PanelRefused
from panels.selectors.actions import owners_for
from panels.selectors.agenda import items_known, updates_on
from panels.selectors.meetings import agencies_seated, deputy_seats, seats_on
from panels.services.agenda import PanelStale, take_off
from panels.services.deciding import add_update, record_decision
from panels.views.loading import item_page, records


@policy(methods=("GET", "POST"), capability=Capability.READ_FILES, name="panels:item")
@item_page("panels:item")
def item(request: HttpRequest, meeting: Meeting, item: AgendaItem, opened: OpenFile) -> HttpResponse:
    """One child a screen: what changed first, then what to record; the next is one press away."""
    known = items_known(meeting, opened.viewer, at=opened.at)
    may_record = records(meeting, item, opened.viewer, at=opened.at)
    form, status = None, 200
    if may_record:
        form = _decision_form(request, meeting, item, opened)
        if request.method == "POST":
            status = _record(request, form, item, opened)
            if status == 302:
                messages.success(request, "Recorded. Nothing of it is lost if you come back to it.")
                return redirect(presenters.next_undecided(known, item.pk, meeting))
            item.refresh_from_db()
    elif request.method == "POST":
        raise PanelRefused("The chair, a deputy of the chair or the co-ordinator records decisions at an open meeting.")
    walked = presenters.walk(opened, item, meeting)
    readers = {}
    if form is not None:
        seats = seats_on(meeting.panel_id, on=timezone.localdate(opened.at))
        readers = who_reads_why(opened, sitting(seats), shown=walked["categories"])
        form.say_who_reads(readers["reads"])
    context = {
        "meeting": meeting,
        "title": title_of(meeting),
        "item": item,
        "form": form,
        "warning": readers.get("warning", ""),
        **presenters.neighbours(known, item.pk, meeting),
        **walked,
    }
    return render(request, "panels/item.html", context, status=status)


def _decision_form(request: HttpRequest, meeting: Meeting, item: AgendaItem, opened: OpenFile) -> DecisionForm:
    today = timezone.localdate(opened.at)
    return DecisionForm(
        request.POST or None,
        initial=presenters.initial_decision(opened, item),
        level_now=presenters.level_now(opened),
        agencies=agencies_seated(meeting.panel_id, on=today),
        owners=owners_for(opened.child, meeting, at=opened.at, today=today),
        deputies=deputy_seats(meeting.panel_id, on=today),
        today=today,
        at=opened.at,
    )


def _record(request: HttpRequest, form: DecisionForm, item: AgendaItem, opened: OpenFile) -> int:
    """Record what was posted; the status of the answer: 302 when it is done."""
    if not form.is_valid():
        return 422
    try:
        record_decision(
            item=item,
            said=form.said(),
            dissents=form.dissents(),
            actions=form.actions(),
            version=form.cleaned_data["version"] or 0,
            at=opened.at,
            by=opened.viewer,
        )
    except PanelStale as stale:
        # Pressed again, it is recorded over what the page now shows beside it.
        item.refresh_from_db()
        form.show_version(item.version)
        form.add_error(None, stale.reason)
        return 409
    except PanelRefused as refusal:
        form.refuse(refusal)
        return 422
    return 302


@policy(methods=("GET", "POST"), capability=Capability.WRITE_FILES, name="panels:prepare")
@item_page("panels:prepare")
def prepare(request: HttpRequest, meeting: Meeting, item: AgendaItem, opened: OpenFile) -> HttpResponse:
    """What my agency tells the meeting about a child."""
    form = UpdateForm(request.POST or None, categories=presenters.categories_to_write(opened))
    if request.method == "POST" and form.is_valid():
        try:
            add_update(
                item=item,
                opened=opened,
                kind=UpdateKind(form.cleaned_data["kind"]),
                category=form.cleaned_data["category"] or "",
                text=form.cleaned_data["text"] or "",
                at=opened.at,
                by=opened.viewer,
            )
        except PanelRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Thank you. The meeting has what your agency said.")
            return redirect("panels:meeting", meeting.pk)
    shown, withheld = updates_shown(opened, updates_on(item))
    context: dict[str, Any] = {
        "meeting": meeting,
        "title": title_of(meeting),
        "form": form,
        **presenters.walk(opened, item, meeting),
        "updates": shown,
        "withheld": withheld,
    }
    return render(request, "panels/prepare.html", context, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), capability=Capability.PREPARE_PANEL, name="panels:take_off")
@item_page("panels:take_off")
def take_off_item(request: HttpRequest, meeting: Meeting, item: AgendaItem, opened: OpenFile) -> HttpResponse:
    """Take a child off the agenda; the members' access through it stops at once."""
    form = WhyForm(request.POST or None, initial={"version": item.version})
    if request.method == "POST" and form.is_valid():
        try:
            take_off(
                item=item,
                why=form.cleaned_data["why"],
                version=form.cleaned_data["version"] or 0,
                at=opened.at,
                by=opened.viewer,
            )
        except PanelRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The child is off the agenda, and the members' access through it has ended.")
            return redirect("panels:meeting", meeting.pk)
    context = {
        "form": form,
        "heading": "Take off the agenda",
        "caption": opened.child.reference,
        "button": "Take off",
        "back_href": reverse("panels:meeting", args=[meeting.pk]),
    }
    return render(request, "panels/ask.html", context, status=422 if form.is_bound else 200)
