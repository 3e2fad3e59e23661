"""The panel on a child's file: what it decided, listing the child, one action, one part of the minutes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.forms import WriteForm
from accounts.middleware.policy import policy
from accounts.rules.dates import day
from accounts.rules.refusals import NotKnown, Refusal
from accounts.rules.roles import Capability
from cases.access.choices import Category
from cases.access.rules import REASONS, Level
from cases.access.rules import Action as FileAction
from cases.presenters.frame import crumbs_to
from cases.presenters.shares import wish_words
from cases.record.services import OpenFile
from cases.sharing.selectors.shares import wish_of
from cases.views.loading import file_page
from panels.forms import ListForm, StepForm, VerifyForm
from panels.models import Action
from panels.presenters import items as presenters
from panels.presenters.actions import action_page, sees
from panels.presenters.minutes import minutes_as_pdf
from panels.presenters.parts import minutes_withheld
from panels.rules import PanelRefused
from panels.rules.decisions import keeps_panel
from panels.rules.states import RUNNING
from panels.selectors.actions import action_on
from panels.selectors.agenda import item_on_file, items_about
from panels.selectors.meetings import next_to_list_on, running_published
from panels.services.actions import take_step, verify_action
from panels.services.agenda import list_child
from panels.services.minutes import open_child_minutes
from panels.views.meetings import pdf_response

READ, WRITE, PREPARE = Capability.READ_FILES, Capability.WRITE_FILES, Capability.PREPARE_PANEL
TAB = "panels:file"


def _frame(opened: OpenFile, here: str, *, under: str = TAB) -> dict[str, Any]:
    return {
        "opened": opened,
        "tab": TAB,
        "reference": opened.child.reference,
        "crumbs": crumbs_to(opened, here=here, under=under),
    }


def _ask(
    request: HttpRequest, opened: OpenFile, form: WriteForm, *, heading: str, button: str, back: str, **more: Any
) -> HttpResponse:
    context = {
        **_frame(opened, heading),
        "form": form,
        "heading": heading,
        "button": button,
        "cancel_href": back,
        **more,
    }
    return render(request, "cases/ask.html", context, status=422 if form.is_bound else 200)


@policy(capability=READ, reads_file=True, name="panels:file")
@file_page("panels:file")
def panel_of_file(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Every time the panel talked about a child, and what was undertaken, as far as I may read it."""
    context = {
        **_frame(opened, "Panel", under=""),
        "meetings": presenters.panel_on_file(opened, items_about(opened.child)),
        "withheld": minutes_withheld(opened),
        "may_list": opened.may(FileAction.LIST_FOR_PANEL),
        "who_lists": presenters.who_lists(opened),
    }
    return render(request, "panels/file.html", context)


@policy(methods=("GET", "POST"), capability=WRITE, reads_file=True, name="panels:list_child")
@file_page("panels:list_child", action=FileAction.LIST_FOR_PANEL)
def list_for_panel(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """List a child for the panel, whatever the level."""
    out = running_published(opened.viewer) if keeps_panel(opened.viewer) else None
    coming = next_to_list_on(after=opened.at)
    form = ListForm(request.POST or None, may_be_late=out is not None)
    back = reverse("panels:file", args=[opened.child.reference])
    if request.method == "POST" and form.is_valid():
        late_on = out if form.cleaned_data.get("late") else None
        try:
            item = list_child(
                opened=opened, why=form.cleaned_data["why"], late_on=late_on, at=opened.at, by=opened.viewer
            )
        except PanelRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"The child is listed for the panel of {day(item.meeting.starts_at)}.")
            return redirect(back)
    lead = [f"The next meeting that takes it is on {day(coming.starts_at)}."] if coming else []
    if opened.level(Category.SHARING) == Level.FULL and (wish := wish_words(wish_of(opened.child.pk))):
        lead += [
            "Whoever sits at it sees the file until shortly after it.",
            wish,
            "Say below why they must all the same.",
        ]
    intro = " ".join(lead)
    return _ask(request, opened, form, heading="List for the panel", button="List the child", back=back, intro=intro)


def _action(opened: OpenFile, action_id: UUID) -> Action:
    """The action, for who may read it. Raises NotKnown for any other, as for one that never was."""
    found = action_on(opened.child, action_id)
    if found is None or not sees(opened, found):
        raise NotKnown("no_action", child_id=opened.child.pk)
    return found


@policy(methods=("GET", "POST"), capability=READ, reads_file=True, name="panels:action")
@file_page("panels:action")
def action(request: HttpRequest, opened: OpenFile, action_id: UUID) -> HttpResponse:
    """One action: what is to be done, by whom and when, how it stands, and its owner's next step."""
    found = _action(opened, action_id)
    office = keeps_panel(opened.viewer)
    may_step = found.status in RUNNING and (office or found.owner_membership_id == opened.viewer.membership_id)
    form = None
    if may_step:
        form = StepForm(request.POST or None, status=found.status, office=office, initial={"version": found.version})
        if request.method == "POST" and form.is_valid():
            try:
                take_step(
                    action=found,
                    to=form.cleaned_data["to"],
                    note=form.cleaned_data["note"],
                    version=form.cleaned_data["version"] or 0,
                    at=opened.at,
                    by=opened.viewer,
                )
            except PanelRefused as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, "Thank you. How the action stands is recorded.")
                # The access that came with an action ends with it, and its page may be closed by now.
                return redirect("panels:meetings")
    elif request.method == "POST":
        raise Refusal("Only the person who owns this action, while it runs, says how it stands.")
    context = {**_frame(opened, "Action"), "form": form, **action_page(opened, found)}
    status = 422 if form is not None and form.is_bound else 200
    return render(request, "panels/action.html", context, status=status)


@policy(methods=("GET", "POST"), capability=PREPARE, reads_file=True, name="panels:verify")
@file_page("panels:verify")
def verify(request: HttpRequest, opened: OpenFile, action_id: UUID) -> HttpResponse:
    """Confirm that an action is done as its evidence says."""
    if not keeps_panel(opened.viewer):
        raise Refusal(REASONS["role_lacks"], code="role_lacks", child_id=opened.child.pk)
    found = _action(opened, action_id)
    form = VerifyForm(request.POST or None, initial={"version": found.version})
    back = reverse("panels:action", args=[opened.child.reference, found.pk])
    if request.method == "POST" and form.is_valid():
        verify_action(
            action=found,
            note=form.cleaned_data["note"],
            version=form.cleaned_data["version"] or 0,
            at=opened.at,
            by=opened.viewer,
        )
        messages.success(request, "Verified.")
        return redirect(back)
    return _ask(request, opened, form, heading="Verify that it is done", button="Verify", back=back)


@policy(capability=READ, reads_file=True, name="panels:child_minutes")
@file_page("panels:child_minutes")
def child_minutes(request: HttpRequest, opened: OpenFile, item_id: UUID) -> HttpResponse:
    """One child's part of the minutes alone, to be filed without the others."""
    found = item_on_file(opened.child, item_id)
    if found is None:
        raise NotKnown("no_item", child_id=opened.child.pk)
    item = open_child_minutes(item=found, opened=opened)
    pdf = minutes_as_pdf(
        found.meeting,
        [(item, opened)],
        viewer=opened.viewer,
        at=opened.at,
        partnership=settings.PARTNERSHIP_NAME,
        alone=True,
    )
    return pdf_response(pdf, f"minutes-{opened.child.reference}.pdf")
