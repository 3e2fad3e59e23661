"""What I sent: the acknowledgement, the list, one notification, its copy, and its Matrix when that came later."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.middleware.policy import policy
from accounts.rules.postcodes import those_typed
from accounts.rules.roles import Capability
from accounts.rules.text import page_hrefs, page_number
from accounts.selectors import now
from referrals.forms.notify import ToolForm
from referrals.presenters import notify as presenters
from referrals.presenters.notify_copy import copy_as_pdf
from referrals.rules.notify import MatrixAlreadyThere, kept_postcodes
from referrals.selectors.notify import drafts_for, notification_of, sent_by
from referrals.services.notify import complete_matrix
from referrals.views.notify import viewer_of
from risk.selectors import tool_in_force


@policy(methods=("GET",), capability=Capability.NOTIFY)
def sent(request: HttpRequest) -> HttpResponse:
    """What I have begun and what I have sent, with what became of it."""
    at, viewer = now(), viewer_of(request)
    page = sent_by(viewer, page=page_number(request.GET.get("page", "1")))
    context = {
        "drafts": presenters.draft_items(drafts_for(viewer), at=at),
        "rows": presenters.sent_rows(page.rows),
        "columns": [{"text": "Child"}, {"text": "Sent"}, {"text": "What became of it"}, {"text": "Matrix"}],
        **page_hrefs(page.number, has_more=page.has_more),
    }
    return render(request, "referrals/sent.html", context)


@policy(methods=("GET",), capability=Capability.NOTIFY)
def sent_acknowledgement(request: HttpRequest, reference: str) -> HttpResponse:
    """It has arrived: who reads it, when, and whom to ring until then."""
    notification = notification_of(viewer_of(request), reference)
    return render(
        request,
        "referrals/sent_acknowledgement.html",
        {
            "reference": notification.reference,
            "urgent": notification.urgent,
            "danger": notification.immediate_danger,
            "keep_address": notification.address_protected,
            "matrix_waits": notification.matrix_completed_at is None,
            "result": presenters.result_of(notification),
        },
    )


@policy(methods=("GET",), capability=Capability.NOTIFY)
def sent_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """What I wrote, its provisional score, and what was decided."""
    at, notification = now(), notification_of(viewer_of(request), reference)
    return render(
        request,
        "referrals/sent_detail.html",
        {
            "reference": notification.reference,
            "name": notification.name,
            "keep_address": notification.address_protected,
            "sent": presenters.moment(notification.sent_at),
            "cards": presenters.sent_cards(notification),
            "decision": presenters.decision_of(notification, today=timezone.localdate(at)),
            "later": presenters.later_of(notification, at=at),
            "matrix_waits": notification.matrix_completed_at is None,
            "result": presenters.result_of(notification),
            "evidence": notification.matrix_evidence,
        },
    )


@policy(methods=("GET",), capability=Capability.NOTIFY)
def sent_copy(request: HttpRequest, reference: str) -> HttpResponse:
    """A copy for the referrer's own file, under a name that says nothing.

    An address that must be kept from somebody is left out, unless the link was followed that says it must be there.
    """
    notification = notification_of(viewer_of(request), reference)
    confirmed = request.GET.get("address") == "confirmed"
    pdf = copy_as_pdf(notification, at=now(), partnership=settings.PARTNERSHIP_NAME, with_address=confirmed)
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{notification.reference}.pdf"'
    return response


@policy(methods=("GET", "POST"), capability=Capability.NOTIFY)
def sent_matrix(request: HttpRequest, reference: str) -> HttpResponse:
    """Complete the Matrix of something I sent without it."""
    at, viewer = now(), viewer_of(request)
    notification = notification_of(viewer, reference)
    if notification.matrix_completed_at is not None:
        raise MatrixAlreadyThere(
            "You have completed the Matrix of this notification already. It is kept as you sent it."
        )
    in_force = tool_in_force(on=timezone.localdate(at))
    form = ToolForm(
        request.POST or None,
        tool=in_force.tool,
        at=at,
        initial={"version": notification.version},
        watch=those_typed(kept_postcodes(presenters.fields_of(notification))),
    )
    if request.method == "POST" and form.is_valid():
        complete_matrix(
            reference=reference,
            tool=in_force.version,
            answers=form.answers(),
            evidence=form.evidence_text(),
            at=at,
            by=viewer,
        )
        messages.success(request, "The Risk Factor Matrix is added to what you sent.")
        return redirect("referrals:sent_detail", reference)
    context = {
        "form": form,
        "tool": in_force.tool,
        "heading": "The Risk Factor Matrix",
        "caption": reference,
        "button": "Add the Matrix",
        "sent": True,
        "reference": reference,
    }
    return render(request, "referrals/notify_matrix.html", context, status=422 if form.errors else 200)
