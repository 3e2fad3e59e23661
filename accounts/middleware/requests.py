"""One structured line a request, without personal data: the name of the page, never its address."""

import logging
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.rules.postcodes import WATCH

log = logging.getLogger("harbour.requests")


class RequestLogMiddleware:
    """Gives each request an id and when it came, and logs method, page name, status, user id, token, milliseconds."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        no_file_open = WATCH.set(None)
        request.request_id = uuid.uuid4().hex  # type: ignore[attr-defined]
        request.came_at = time.perf_counter()  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
        finally:
            WATCH.reset(no_file_open)  # a thread serves one request after another
        match = request.resolver_match
        viewer = getattr(request, "viewer", None)
        token = getattr(request, "service_token", None)
        log.info(
            "request",
            extra={
                "request_id": request.request_id,  # type: ignore[attr-defined]
                "method": request.method if request.method in ("GET", "POST", "HEAD", "OPTIONS") else "other",
                "page": match.view_name if match else "",
                "status": response.status_code,
                "user_id": viewer.user_id if viewer else None,
                # The part of a token that is no secret: which of an account's tokens was used.
                **({"token": token.prefix} if token else {}),
                "ms": round((time.perf_counter() - request.came_at) * 1000),  # type: ignore[attr-defined]
            },
        )
        return response
