"""Opening a file in an emergency, the register of what was opened, and its review."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.middleware.policy import policy
from accounts.rules.refusals import NotKnown, Refusal
from accounts.rules.roles import Capability
from accounts.rules.text import page_hrefs, page_number
from accounts.selectors import now
from accounts.services.access_events import trace_of
from cases.forms.chronology import end_of, start_of
from cases.forms.emergency import MINUTES, EmergencyForm, RegisterFilterForm, ReviewForm
from cases.presenters import emergency as words
from cases.record.services import note_files_shown
from cases.sharing.rules.emergency import EmergencyRefused
from cases.sharing.selectors.emergency import (
    LOOKS_SHOWN,
    REGISTER_LENGTH,
    RegisterFilter,
    emergency_for,
    looks_during,
    opened_by,
    register_for,
)
from cases.sharing.services import emergency as services
from cases.sharing.services.looks import note_search
from cases.views.asking import posted
from cases.views.loading import viewer_of

NOTHING = "No file was opened. If a child is in danger now, ring 999, or the duty number at the foot of this page."


@policy(methods=("GET", "POST"), capability=Capability.BREAK_GLASS, fresh_code=True, name="cases:emergency_access")
def open_a_file(request: HttpRequest) -> HttpResponse:
    """Open one file for 60 minutes; where none is opened, the answer is the same whatever the reason."""
    viewer, at = viewer_of(request), now()
    form = EmergencyForm(posted(request), at=at)
    if form.is_bound and form.is_valid():
        said, asked = form.cleaned_data, form.asked()
        # Before the try and of no file, so that it tells nothing of what is found.
        note_search(
            viewer=viewer,
            page="cases:emergency_access",
            words=f"{asked.given_name} {asked.family_name}",
            child_ids=(),
            trace=trace_of(request),
        )
        try:
            tried = services.open_in_emergency(
                asked=asked, kind=said["kind"], reason=said["reason"], at=at, by=viewer, trace=trace_of(request)
            )
        except EmergencyRefused as refusal:
            form.refuse(refusal)
        else:
            if tried.child is not None:
                if tried.access is None:
                    messages.info(
                        request, "All that an emergency opens of this file is open to you already, so none was needed."
                    )
                return redirect("cases:file", tried.child.reference)
            form.add_error(None, NOTHING)
    context = {"form": form, "minutes": MINUTES}
    if not form.is_bound:
        mine = opened_by(viewer, at=at)
        shown = [row.child.pk for row in mine if row.child]
        note_files_shown(viewer=viewer, page="cases:emergency_access", child_ids=shown, trace=trace_of(request))
        context |= {"columns": words.REGISTER_COLUMNS, "rows": words.register_rows(mine, at=at)}
    return render(request, "cases/emergency.html", context, status=422 if form.is_bound else 200)


@policy(methods=("POST",), name="cases:end_emergency_access")
def end_it(request: HttpRequest, access_id: UUID) -> HttpResponse:
    """End an emergency access now; whoever opened it sees no more of the file from the next request."""
    viewer = viewer_of(request)
    access = services.end_emergency(access_id=access_id, at=now(), by=viewer)
    messages.success(request, "The emergency access has ended. A data guardian reviews it.")
    return redirect("cases:emergency_review", access.pk)


@policy(capability=Capability.OVERSEE_ACCESS, name="cases:emergency_register")
def show_register(request: HttpRequest) -> HttpResponse:
    """What was opened in an emergency, by whom and why, and what was found."""
    viewer, at = viewer_of(request), now()
    form = RegisterFilterForm(request.GET or None, at=at)
    wanted = _wanted(form)
    page = page_number(request.GET.get("page", "1"))
    found = register_for(viewer, wanted=wanted, at=at, skip=(page - 1) * REGISTER_LENGTH)
    shown = found[:REGISTER_LENGTH]
    note_files_shown(
        viewer=viewer,
        page="cases:emergency_register",
        child_ids=[row.child.pk for row in shown if row.child],
        trace=trace_of(request),
    )
    query = [(name, value) for name, values in request.GET.lists() if name != "page" for value in values]
    context = {
        "form": form,
        "columns": words.REGISTER_COLUMNS,
        "rows": words.register_rows(shown, at=at),
        "of_all": viewer.may(Capability.AUDIT),
        "agency": viewer.agency_name,
        "narrowed": wanted != RegisterFilter(),
        "clear_href": reverse("cases:emergency_register"),
        **page_hrefs(page, has_more=len(found) > REGISTER_LENGTH, query=query),
    }
    return render(request, "cases/emergency_register.html", context, status=422 if form.errors else 200)


def _wanted(form: RegisterFilterForm) -> RegisterFilter:
    if not form.is_bound or not form.is_valid():
        return RegisterFilter()
    said = form.cleaned_data
    return RegisterFilter(
        state=said["state"],
        kind=said["kind"],
        opened_from=start_of(said["opened_from"]),
        opened_before=end_of(said["opened_until"]),
    )


@policy(methods=("GET", "POST"), name="cases:emergency_review")
def show_emergency(request: HttpRequest, access_id: UUID) -> HttpResponse:
    """One emergency access; a guardian reads what was looked at, and says what they found."""
    viewer, at = viewer_of(request), now()
    shown = emergency_for(viewer, access_id, at=at)
    if shown is None:
        raise NotKnown("no_emergency")
    if request.method == "POST" and not viewer.may(Capability.AUDIT):
        raise Refusal("A data guardian who did not open the file reviews this.", code="role_lacks")
    form = ReviewForm(posted(request))
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            services.review_emergency(
                access_id=access_id, verdict=said["verdict"], words=said["words"], at=at, by=viewer
            )
        except EmergencyRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Your review is written down. The person who opened the file is told.")
            return redirect("cases:emergency_register")
    if shown.child is not None:
        ids = [shown.child.pk]
        note_files_shown(viewer=viewer, page="cases:emergency_review", child_ids=ids, trace=trace_of(request))
    access, running = shown.access, words.is_open(shown.access, at)
    looks = looks_during(access) if shown.judges else []
    context: dict[str, Any] = {
        "form": form,
        "facts": words.facts_of_access(shown, at=at),
        "verdict": words.verdict_rows(access),
        "running": running,
        "access": access,
        "end_form": words.end_form() if running and (shown.own or shown.judges) else None,
        "reviews": shown.judges and not access.verdict and not running,
        "sees_looks": shown.judges,
        "columns": [{"text": "When"}, {"text": "Page"}],
        "looks": words.look_rows(looks[:LOOKS_SHOWN]),
        "left_out": len(looks) > LOOKS_SHOWN,
        "may_list": viewer.may(Capability.OVERSEE_ACCESS),
        "may_open": viewer.may(Capability.BREAK_GLASS),
    }
    return render(request, "cases/emergency_access.html", context, status=422 if form.is_bound else 200)
