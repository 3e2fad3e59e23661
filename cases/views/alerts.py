"""What nobody has taken yet, for me and the groups I serve in, and who took what lately."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve

from accounts.middleware.policy import policy
from accounts.rules.viewers import Viewer
from accounts.selectors import now
from cases.clocks import services
from cases.clocks.selectors import address_of, open_alerts, taken_lately
from cases.presenters.alerts import alert_card, taken_row
from cases.views.loading import viewer_of


@policy(methods=("GET",))
def alerts(request: HttpRequest) -> HttpResponse:
    """Every alert that is open for me and my groups, the oldest first; then what was taken within a week."""
    viewer, at = viewer_of(request), now()
    context = {
        "alerts": [alert_card(alert, at=at) for alert in open_alerts(viewer, at=at)],
        "taken": [taken_row(taken) for taken in taken_lately(viewer, at=at)],
        "columns": [{"text": "Alert"}, {"text": "Taken by"}, {"text": "When"}],
    }
    return render(request, "cases/alerts.html", context)


@policy(methods=("POST",))
def acknowledge_alert(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """Take an alert and go to what it is about; colleagues who were told see who has taken it."""
    viewer = viewer_of(request)
    try:
        alert = services.acknowledge_alert(alert_id=alert_id, at=now(), by=viewer)
    except services.AlertTaken as taken:
        messages.warning(request, taken.reason)
        return redirect("cases:alerts")
    address = address_of(alert.kind, alert.subject_id)
    if address and _opens_for(viewer, address):
        messages.success(request, "You have taken this alert. Deal with it now.")
        return redirect(address)
    messages.success(
        request, "You have taken this alert. Its page is not open to your role: make sure that whoever owes it knows."
    )
    return redirect("cases:alerts")


def _opens_for(viewer: Viewer, address: str) -> bool:
    """Whether the page at an address is for the viewer's role; what it says of the thing itself, the page decides."""
    try:
        declared = resolve(address).func.policy  # type: ignore[attr-defined]
    except Resolver404:
        return False
    return declared.capability is None or viewer.may(declared.capability)
