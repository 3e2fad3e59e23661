"""Asking to see more of a file, and the requests that wait for an answer."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.middleware.policy import policy
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from accounts.selectors import now
from accounts.services.access_events import trace_of
from cases.access.choices import Category
from cases.access.rules import Action, Level, categories_in
from cases.clocks.choices import ClockKind
from cases.clocks.selectors import clock_of, clocks_by_subject
from cases.forms.requests import AskForAccessForm, RefuseForm
from cases.presenters import requests as words
from cases.record.services import OpenFile, note_files_shown, open_file
from cases.sharing.choices import DeclineReason, SharingPurpose
from cases.sharing.models.requests import AccessRequest
from cases.sharing.rules.requests import RequestRefused, askable_by, can_be_shared
from cases.sharing.rules.shares import REVIEW_USUALLY, ShareRefused
from cases.sharing.selectors import requests as selectors
from cases.sharing.services import requests as services
from cases.sharing.services.shares import Why
from cases.views.asking import ask_on_file, posted, taken
from cases.views.loading import file_page, viewer_of

READ = Capability.READ_FILES


@policy(methods=("GET", "POST"), capability=READ, reads_file=True, name="cases:ask_for_access")
@file_page("cases:ask_for_access")
def ask_for_access(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Ask to see more of a file that one may know of."""
    viewer, reference = opened.viewer, opened.child.reference
    offered = askable_by(viewer, opened.levels, opened.matrix)
    form = AskForAccessForm(posted(request), categories=words.asked_choices(offered, viewer, opened.matrix))

    def ask(said: dict[str, Any]) -> AccessRequest:
        return services.ask_for_access(
            opened=opened,
            categories=said["categories"],
            purpose=SharingPurpose(said["purpose"]),
            words=said["words"],
            at=opened.at,
            by=viewer,
        )

    if taken(form, ask, RequestRefused) is not None:
        messages.success(request, "You have asked. You are told when somebody answers.")
        return redirect("cases:access_requests")
    context: dict[str, Any] = {
        "button": "Ask",
        "cancel_href": reverse("cases:who_can_see", args=[reference]),
        "under": "cases:who_can_see",
        "intro": "Whoever leads on the case answers within two working days, with a share or with a reason why not. "
        "If a child is in danger now, do not wait: ring the duty number.",
    }
    waiting = selectors.open_request(opened.child.pk, viewer.membership_id)
    if not form.is_bound and (waiting is not None or not offered):
        context["instead"] = {"text": "See what you asked for", "href": reverse("cases:access_requests")}
        context["intro"] = (
            "You have asked already, and nobody has answered yet. You are told when somebody does."
            if waiting is not None
            else "You see as much of this file as your job may see."
        )
    return ask_on_file(request, opened, form, heading="Ask to see more", **context)


@policy(capability=READ, name="cases:access_requests")
def show_requests(request: HttpRequest) -> HttpResponse:
    """What waits for an answer of my agency, and what I asked for."""
    viewer, at = viewer_of(request), now()
    waiting, made = selectors.requests_to_answer(viewer, at=at), selectors.requests_made(viewer, at=at)
    clocks = clocks_by_subject(ClockKind.ACCESS_ANSWERED, [one.pk for one in waiting])
    shown = sorted({one.child_id for one in (*waiting, *made)})
    note_files_shown(viewer=viewer, page="cases:access_requests", child_ids=shown, trace=trace_of(request))
    context = {
        "to_answer_columns": words.TO_ANSWER_COLUMNS,
        "to_answer": words.to_answer_rows(waiting, clocks, at=at),
        "made_columns": words.MADE_COLUMNS,
        "made": words.made_rows(made),
    }
    return render(request, "cases/access_requests.html", context)


@policy(methods=("GET", "POST"), capability=READ, name="cases:access_request")
def show_request(request: HttpRequest, asked_id: UUID) -> HttpResponse:
    """One request: who asks for what, and the answer, given here or by a share."""
    viewer, at = viewer_of(request), now()
    found = selectors.request_for(viewer, asked_id, at=at)
    if found is None:
        raise NotKnown("no_request")
    opened = open_file(
        viewer=viewer, reference=found.child.reference, at=at, trace=trace_of(request), page="cases:access_request"
    )
    _check(opened)
    form = RefuseForm(posted(request), initial={"review_on": timezone.localdate(at) + REVIEW_USUALLY})

    def refuse(said: dict[str, Any]) -> AccessRequest:
        return services.refuse_access(
            opened=opened,
            request_id=asked_id,
            why=Why(DeclineReason(said["reason"]), said["words"], said["review_on"]),
            at=at,
            by=viewer,
        )

    if taken(form, refuse, RequestRefused, ShareRefused) is not None:
        messages.success(request, f"Answered: {found.asked_as.user} is told.")
        return redirect("cases:access_request", asked_id)
    answers = found.answered_at is None and found.asked_as.agency_id != viewer.agency_id
    clock = clock_of(ClockKind.ACCESS_ANSWERED, found.pk)
    shareable = can_be_shared(found.asked_as.role, categories_in(found.category_mask), opened.matrix)
    context = {
        "opened": opened,
        "form": form,
        "facts": words.facts_of_request(found, clock, at=at),
        "answers": answers or form.is_bound,
        "share_href": _share_href(opened, found) if answers and shareable and opened.may(Action.SHARE) else "",
        "beyond_their_job": not shareable,
    }
    return render(request, "cases/access_request.html", context, status=422 if form.is_bound else 200)


def _check(opened: OpenFile) -> None:
    """Whoever ends a share answers; who sees nothing of sharing finds no request."""
    if opened.level(Category.SHARING) == Level.NONE:
        raise NotKnown("no_request", child_id=opened.child.pk)
    opened.check(Action.END_SHARE)


def _share_href(opened: OpenFile, found: AccessRequest) -> str:
    add = reverse("cases:add_share", args=[opened.child.reference])
    return f"{add}?agency={found.asked_as.agency_id}&request={found.pk}"
