"""What every signed-in page says while alerts are late."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts.rules.dates import clock_time, moment
from accounts.rules.viewers import NOBODY, Viewer
from accounts.selectors import now
from cases.clocks.selectors import alerts_delayed_since


def alerts_watch(request: HttpRequest) -> dict[str, Any]:
    """Context for `base.html`: since when alerts are late, in words; empty when they are not, or nobody is signed in.

    Asks the database nothing but now and then, as `alerts_delayed_since` says.
    """
    viewer: Viewer = getattr(request, "viewer", NOBODY)
    since = alerts_delayed_since() if viewer.user_id is not None else None
    if since is None:
        return {"alerts_delayed_since": ""}
    today = timezone.localdate(since) == timezone.localdate(now())
    return {"alerts_delayed_since": clock_time(since) if today else moment(since)}
