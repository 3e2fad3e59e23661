"""What nobody has taken yet, for me and the groups I serve in, and who took what lately."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html

from accounts.middleware.policy import policy
from accounts.selectors import now
from cases.clocks import services
from cases.clocks.selectors import address_of, open_alerts, taken_lately
from cases.presenters.alerts import alert_groups, lead_words, taken_row
from cases.views.loading import viewer_of


@policy(methods=("GET",))
def alerts(request: HttpRequest) -> HttpResponse:
    """Every alert that is open for me and my groups, by kind and the most urgent first; then what was taken lately."""
    viewer, at = viewer_of(request), now()
    groups = alert_groups(open_alerts(viewer, at=at), at=at, here=request.GET.get("at", ""))
    context = {
        "groups": groups,
        "lead": lead_words(groups),
        "here": any(row["here"] for group in groups for row in group["rows"] + group["folded"]),
        "taken": [taken_row(taken) for taken in taken_lately(viewer, at=at)],
        "columns": [{"text": "Alert"}, {"text": "Taken by"}, {"text": "When"}],
    }
    return render(request, "cases/alerts.html", context)


@policy(methods=("POST",))
def acknowledge_alert(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """Take an alert and stay where it stood; colleagues who were told see who has taken it."""
    viewer = viewer_of(request)
    back = redirect(reverse("cases:alerts") + _place(request.POST.get("then", "")))
    try:
        alert = services.acknowledge_alert(alert_id=alert_id, at=now(), by=viewer)
    except (services.AlertTaken, services.AlertNotYours) as refused:
        messages.warning(request, refused.reason)
        return back
    address = address_of(alert.kind, alert.subject_id)
    link = ' <a class="govuk-notification-banner__link" href="{}">Deal with it now</a>' if address else ""
    messages.success(request, format_html("You have taken this alert." + link, address))
    return back


def _place(then: str) -> str:
    """Where on the page the reader was: at the alert that stands there now. Nothing for what is no alert's key."""
    try:
        return f"?at={UUID(then)}#here"
    except ValueError:
        return ""
