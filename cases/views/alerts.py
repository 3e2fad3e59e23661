"""What nobody has taken yet, for me and the groups I serve in."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.forms import WriteForm
from accounts.middleware.policy import policy
from accounts.rules.dates import length, moment
from accounts.selectors import now
from cases.clocks import services
from cases.clocks.selectors import address_of, open_alerts


@policy(methods=("GET",))
def alerts(request: HttpRequest) -> HttpResponse:
    """Every alert that is open for me and my groups, the oldest first."""
    at = now()
    rows: list[dict[str, Any]] = [
        {
            "id": alert.alert_id,
            "words": alert.words,
            "raised": moment(alert.raised_at),
            "waited": length(at - alert.raised_at),
            "climbed": alert.step > 1,
            "href": alert.href,
            "form": WriteForm(auto_id=False),
        }
        for alert in open_alerts(request.viewer, at=at)  # type: ignore[attr-defined]
    ]
    return render(request, "cases/alerts.html", {"alerts": rows})


@policy(methods=("POST",))
def acknowledge_alert(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """Take an alert: it stops climbing, and my colleagues see it no more."""
    try:
        alert = services.acknowledge_alert(alert_id=alert_id, at=now(), by=request.viewer)  # type: ignore[attr-defined]
    except services.AlertTaken as taken:
        messages.warning(request, taken.reason)
        return redirect("cases:alerts")
    messages.success(request, "You have taken this alert. Deal with it now.")
    return redirect(address_of(alert.kind, alert.subject_id) or reverse("cases:alerts"))
