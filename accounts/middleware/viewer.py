"""Who is asking, under which membership, for how long, and what the history rows will say of it."""

import time
from collections.abc import Callable

import pghistory
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.middleware.problems import is_for_a_system
from accounts.rules.viewers import NOBODY
from accounts.selectors.people import viewer_for

GetResponse = Callable[[HttpRequest], HttpResponseBase]
SESSION_BEGAN = "began_at"
ACTING_MEMBERSHIP = "acting_membership"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class SessionLimitMiddleware:
    """Ends a session ten hours after it began, however busy it is; 15 idle minutes end it by its cookie age."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated and getattr(request, "service_token", None) is None:
            began = request.session.setdefault(SESSION_BEGAN, int(time.time()))
            if time.time() - began > settings.SESSION_ABSOLUTE_AGE:
                logout(request)
        return self.get_response(request)


class ViewerMiddleware:
    """Sets `request.viewer`: the user under ONE current membership, the chosen one or the first."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.viewer = NOBODY  # type: ignore[attr-defined]
        if request.user.is_authenticated:
            request.viewer = viewer_for(  # type: ignore[attr-defined]
                request.user, membership_id=request.session.get(ACTING_MEMBERSHIP)
            )
        return self.get_response(request)


class HistoryContextMiddleware:
    """Writes who acted, under which membership and in which request, beside every change."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method in SAFE_METHODS:
            return self.get_response(request)
        viewer = request.viewer  # type: ignore[attr-defined]
        with pghistory.context(
            user=viewer.user_id,
            membership=str(viewer.membership_id) if viewer.membership_id else None,
            request=getattr(request, "request_id", ""),
            reason="api" if is_for_a_system(request) else "web",
        ):
            return self.get_response(request)
