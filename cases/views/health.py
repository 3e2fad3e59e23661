"""Whether alerts are alive, for whoever watches over the system."""

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse

from accounts.middleware.policy import policy
from cases.clocks.selectors import alerts_health


@policy(public=True)
def healthz_alerts(request: HttpRequest) -> JsonResponse:
    """503 when no sweep has finished for 5 minutes or an e-mail has waited for 15, with the seconds."""
    try:
        health = alerts_health()
    except DatabaseError:
        return JsonResponse({"alerts": "unknown"}, status=503)
    seconds = {
        "seconds_since_sweep": int((health.at - health.swept_at).total_seconds()) if health.swept_at else None,
        "seconds_mail_waits": int((health.at - health.waiting_since).total_seconds()) if health.waiting_since else 0,
    }
    return JsonResponse(
        {"alerts": "on time" if health.well else "delayed", **seconds}, status=200 if health.well else 503
    )
