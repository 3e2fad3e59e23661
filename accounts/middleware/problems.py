"""What a system reads instead of a page when something is refused: one shape for all (RFC 9457, problem+json)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

PREFIX = "/api/"
CONTENT_TYPE = "application/problem+json"

TITLES = {
    400: "The request could not be read",
    401: "Say who you are",
    403: "Not allowed",
    404: "Not found",
    405: "Not done here",
    406: "Only JSON is answered",
    409: "Not now",
    413: "Too much was sent",
    415: "Only JSON is read",
    422: "Something in the request is wrong",
    429: "Too many requests",
    500: "Something went wrong here",
}
NOT_FOUND = "There is nothing here that you may know of. Check the address."


def is_for_a_system(request: HttpRequest) -> bool:
    """Whether an address answers in JSON rather than with a page."""
    return request.path_info.startswith(PREFIX)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Iterable[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """An answer that says what is wrong: `errors` name fields, each with a message somebody can act on."""
    body: dict[str, Any] = {
        "type": f"urn:harbour:problem:{code}",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [dict(error) for error in errors],
    }
    return HttpResponse(json.dumps(body), content_type=CONTENT_TYPE, status=status, headers=dict(headers or {}))


def not_found() -> HttpResponse:
    """The one answer for what is not there and for what may not be known."""
    return problem(404, "not_found", NOT_FOUND)
