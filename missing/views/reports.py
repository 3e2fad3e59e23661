"""Reporting a child missing: on their file, and without the file in hand."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.middleware.policy import policy
from accounts.rules.refusals import NotKnown, Refusal
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from accounts.selectors import now
from accounts.services.access_events import trace_of
from cases.access.choices import Category
from cases.access.rules import Action, Level
from cases.record.services import OpenFile, note_files_shown
from cases.views.loading import file_page, viewer_of
from missing import services
from missing.forms import answered
from missing.forms.reports import EpisodeForm, MissingChildForm
from missing.presenters.episodes import frame
from missing.presenters.lists import reported_beside
from missing.rules import AlreadyMissing
from missing.selectors import episodes

REPORT = Capability.REPORT_MISSING
WITHOUT_THE_FILE = (
    "Missing episodes on this file are not open to you. To report the child, use “Report a child missing” on your "
    "home page."
)


@policy(methods=("GET", "POST"), capability=REPORT, name="missing:report")
def report_child(request: HttpRequest) -> HttpResponse:
    """Report a child missing by who they are. What comes back is the same, whether the child is known or not."""
    at, viewer = now(), viewer_of(request)
    form = MissingChildForm(request.POST or None, at=at, initial={"reported_at": at})
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        try:
            made = answered(
                form,
                lambda: services.report_missing_child(
                    reported=form.reported(), details=form.details(), at=at, by=viewer, **form.answer()
                ),
            )
        except AlreadyMissing as known:
            form.add_error(None, known.reason)
            made = None
        except services.MayBeKnown as known:
            made, context["compared"] = None, _ask_which(request, form, known, at=at, viewer=viewer)
        if made is not None:
            return redirect("missing:report_made", made.reference)
    return render(request, "missing/report.html", context, status=422 if form.is_bound else 200)


def _ask_which(
    request: HttpRequest, form: MissingChildForm, known: services.MayBeKnown, *, at: datetime, viewer: Viewer
) -> dict[str, Any]:
    """Put the likely files beside the report, and write down that they were shown."""
    compared = reported_beside(form.reported(), known.files, viewer=viewer, at=at)
    form.ask_which(compared["files"])
    form.add_error("same_as", known.reason)
    shown = [candidate.child.pk for candidate in known.files]
    note_files_shown(viewer=viewer, page="missing:report", child_ids=shown, trace=trace_of(request))
    return compared


@policy(capability=REPORT, name="missing:report_made")
def report_made(request: HttpRequest, report: str) -> HttpResponse:
    """The report has arrived: its reference, who acts, and whom to ring. Nothing else is told."""
    found = episodes.report_by(viewer_of(request), report)
    if found is None:
        raise NotKnown("no_report")
    return render(request, "missing/report_made.html", {"report": found.reference})


@policy(methods=("GET", "POST"), capability=REPORT, reads_file=True, name="missing:report_on_file")
@file_page("missing:report_on_file", action=Action.REPORT_MISSING)
def report_on_file(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Report the child whose file is open, for who may also know whether they are reported already."""
    if opened.level(Category.MISSING) < Level.SUMMARY:
        raise Refusal(WITHOUT_THE_FILE, code="category_withheld", child_id=opened.child.pk)
    form = EpisodeForm(request.POST or None, at=opened.at, initial={"reported_at": opened.at})
    if form.is_bound and form.is_valid():
        try:
            episode = answered(
                form,
                lambda: services.report_episode(
                    child=opened.child, details=form.details(), at=opened.at, by=opened.viewer
                ),
            )
        except AlreadyMissing as known:
            form.add_error(None, known.reason)
            episode = None
        if episode is not None:
            messages.success(request, "The report is on the child’s file. Police and the notification point see it.")
            return redirect("missing:episode", opened.child.reference, episode.pk)
    context = {
        **frame(opened, here="Report"),
        "form": form,
        "heading": "Report the child missing",
        "intro": "If the child is in danger, ring 999 first. This report does not replace the call to police.",
        "button": "Report",
        "cancel_href": reverse("missing:overview", args=[opened.child.reference]),
    }
    return render(request, "cases/ask.html", context, status=422 if form.is_bound else 200)
