"""Triage: the queue, one notification and its decision, and what was decided."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.middleware.policy import policy
from accounts.rules.postcodes import Watch
from accounts.rules.roles import Capability
from accounts.rules.text import page_hrefs, page_number
from accounts.selectors import now
from accounts.services.access_events import trace_of
from cases.sharing.services.looks import note_search
from referrals.forms.triage import NEW, OTHER, DecisionForm, QueueFilterForm
from referrals.models import Notification, TriageDecision
from referrals.presenters import triage as presenters
from referrals.rules.triage import TriageRefused
from referrals.selectors import triage as selectors
from referrals.services.triage import NO_SUCH_FILE, decide_notification
from referrals.services.triage_open import OpenNotification, open_notification, open_to_decide


@policy(methods=("GET", "POST"), capability=Capability.TRIAGE, writes=False)
def triage_queue(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, most urgent and oldest first; narrowed by POST, so that no name stands in a URL."""
    at, viewer = now(), request.viewer  # type: ignore[attr-defined]
    form, chosen = _filter(request)
    page = selectors.waiting_notifications(viewer, at=at, chosen=chosen, page=page_number(request.GET.get("page", "1")))
    today = selectors.decided_today(viewer, at=at)
    _note_search(request, "referrals:triage_queue", [*page.rows, *today], words=chosen.words)
    context = {
        "form": form,
        "narrowed": bool(chosen),
        "lead": presenters.headline(selectors.triage_summary(viewer, at=at), at),
        "rows": presenters.queue_rows(page.rows, at=at),
        "columns": presenters.DECIDED_COLUMNS,
        "decided": presenters.decided_rows(today),
        **_turning(request, page, reverse("referrals:triage_queue")),
    }
    return render(request, "referrals/triage_queue.html", context, status=422 if form.errors else 200)


@policy(methods=("GET", "POST"), capability=Capability.TRIAGE, writes=False)
def triage_decided(request: HttpRequest) -> HttpResponse:
    """What was decided, the latest first."""
    at, viewer = now(), request.viewer  # type: ignore[attr-defined]
    form, chosen = _filter(request)
    page = selectors.decided_notifications(viewer, at=at, chosen=chosen, page=page_number(request.GET.get("page", "1")))
    _note_search(request, "referrals:triage_decided", page.rows, words=chosen.words)
    context = {
        "form": form,
        "narrowed": bool(chosen),
        "columns": presenters.DECIDED_COLUMNS,
        "decided": presenters.decided_rows(page.rows),
        **_turning(request, page, reverse("referrals:triage_decided")),
    }
    return render(request, "referrals/triage_decided.html", context, status=422 if form.errors else 200)


def _note_search(request: HttpRequest, page: str, rows: Iterable[Notification], *, words: str) -> None:
    """Write down which files a list of notifications names, and whether it was narrowed to one's own family name."""
    shown = sorted({row.child_id for row in rows if row.child_id})
    viewer = request.viewer  # type: ignore[attr-defined]
    note_search(viewer=viewer, page=page, words=words, child_ids=shown, trace=trace_of(request))


@policy(methods=("GET", "POST"), capability=Capability.TRIAGE)
def triage_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """One notification beside the files it may belong to, and the decision on it."""
    at, viewer = now(), request.viewer  # type: ignore[attr-defined]
    if request.method == "POST":
        open_to_decide(viewer=viewer, reference=reference, at=at)
    opened = open_notification(
        viewer=viewer, reference=reference, at=at, page="referrals:triage_detail", trace=trace_of(request)
    )
    shown = presenters.compared(opened.notification, opened.candidates, viewer=viewer, at=at)
    form = None
    if opened.notification.status == "sent":
        form = _decision_form(request, opened, shown, at)
        decision = _decide(request, opened, form, at) if request.method == "POST" and form.is_valid() else None
        if decision is not None:
            messages.success(request, presenters.decided_words(decision))
            return redirect("referrals:triage_queue")
    context = {
        "form": form,
        "notification": presenters.detail(
            opened.notification, address_kept=selectors.address_is_kept(opened.notification), at=at
        ),
        "compared": shown,
        "decision": None if form else presenters.decision_rows(opened.notification),
        "crumbs": [
            {"text": "Triage", "href": reverse("referrals:triage_queue")},
            {"text": opened.notification.reference},
        ],
    }
    return render(request, "referrals/triage_detail.html", context, status=422 if form and form.errors else 200)


def _decision_form(request: HttpRequest, opened: OpenNotification, shown: dict[str, Any], at: Any) -> DecisionForm:
    agencies, viewer = selectors.agencies_to_involve(), request.viewer  # type: ignore[attr-defined]
    return DecisionForm(
        request.POST or None,
        initial={"version": opened.notification.version},
        candidates=[(file["reference"], file["choice"], file["hint"]) for file in shown["files"]],
        leads=selectors.possible_leads(at=at),
        agencies=agencies,
        suggested=selectors.suggested_agencies(agencies),
        worry=presenters.worry_words(opened.notification),
        watch=Watch(partial(selectors.kept_among, opened.notification, viewer, _file_meant(request), at=at)),
    )


def _file_meant(request: HttpRequest) -> str:
    """The reference that was chosen or typed, as it came."""
    chosen = request.POST.get("joined", "")
    return request.POST.get("other_reference", "") if chosen == OTHER else "" if chosen == NEW else chosen


def _decide(request: HttpRequest, opened: OpenNotification, form: DecisionForm, at: Any) -> TriageDecision | None:
    """Make the decision of a valid form; a refusal is shown at its control."""
    viewer, said = request.viewer, form.cleaned_data  # type: ignore[attr-defined]
    reference = form.joined_reference()
    child = selectors.file_to_join(viewer, reference, at=at) if reference else None
    if reference and child is None:
        form.refuse(TriageRefused(NO_SUCH_FILE, field="joined_child"))
        return None
    people = {str(one.pk): one for one in selectors.possible_leads(at=at)}
    agencies = {str(one.pk): one for one in selectors.agencies_to_involve()}
    try:
        return decide_notification(
            notification=opened.notification,
            outcome=form.stored_outcome(),
            reason=said[f"reason_{form.outcome_key}"],
            rationale=said["rationale"],
            message_to_referrer=said[f"message_{form.outcome_key}"],
            joined_child=child,
            lead=people.get(said["lead"]),
            agencies=[agencies[key] for key in said["agencies"]],
            looked_at=[candidate.child.pk for candidate in opened.candidates],
            why_safe=said.get("why_safe") or "",
            against_wish=form.against_wish(),
            at=at,
            version=said["version"] or 0,
            by=viewer,
        )
    except TriageRefused as refusal:
        form.refuse(refusal)
        return None


def _filter(request: HttpRequest) -> tuple[QueueFilterForm, selectors.QueueFilter]:
    form = QueueFilterForm(request.POST if request.method == "POST" else None)
    return form, selectors.QueueFilter(**form.cleaned_data) if form.is_valid() else selectors.QueueFilter()


def _turning(request: HttpRequest, page: selectors.Page, href: str) -> dict[str, str]:
    """The ways to the pages before and after; a narrowed list has one page and says so."""
    if request.method == "POST":
        return {"too_many": "Only the first 25 are shown. Narrow the list further." if page.has_more else ""}
    return page_hrefs(page.number, has_more=page.has_more, path=href)
