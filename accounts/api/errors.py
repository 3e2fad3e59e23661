"""Every refusal in one shape, with words somebody can act on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from rest_framework import exceptions
from rest_framework.views import set_rollback

from accounts.api.reading import TooLarge
from accounts.middleware.problems import problem
from accounts.services.api_calls import OtherBody, StillRunning

SAID: dict[type[exceptions.APIException], tuple[int, str, str]] = {
    exceptions.NotAuthenticated: (401, "not_authenticated", "Show a token, or sign in to the site."),
    exceptions.PermissionDenied: (403, "forgery_check", "Send the site's forgery token with a request of a session."),
    exceptions.MethodNotAllowed: (405, "method_not_allowed", "Use a method that the Allow header names."),
    exceptions.NotAcceptable: (406, "not_acceptable", "Answers are JSON. Ask for application/json."),
    exceptions.UnsupportedMediaType: (
        415,
        "unsupported_media_type",
        "Send JSON, and say so: Content-Type: application/json.",
    ),
}


class Invalid(exceptions.ValidationError):
    """What was asked is understood, and one of its fields is wrong."""


def answer_of(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """The answer to an exception, with everything undone; None for those that pages have too, which go further up."""
    answer = _answer_of(error, context)
    if answer is not None:
        set_rollback()
    return answer


def _answer_of(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    if isinstance(error, StillRunning):
        return problem(409, error.code, error.reason, headers={"Retry-After": "2"})
    if isinstance(error, OtherBody):
        return problem(422, error.code, error.reason, errors=[{"field": "Idempotency-Key", "message": error.reason}])
    if isinstance(error, exceptions.ValidationError):
        return invalid(list(_lines(error.detail)))
    if isinstance(error, exceptions.AuthenticationFailed):
        return problem(401, "token_refused", str(error.detail), headers=_challenge(error))
    if isinstance(error, exceptions.ParseError):
        return problem(400, "not_json", str(error.detail))
    if isinstance(error, TooLarge):
        return problem(413, "too_large", str(error.detail))
    for kind, (status, code, detail) in SAID.items():
        if isinstance(error, kind):
            headers = {"Allow": ", ".join(context["view"].allowed_methods)} if status == 405 else _challenge(error)
            return problem(status, code, detail, headers=headers)
    return None


def invalid(lines: list[dict[str, str]]) -> HttpResponse:
    """What is wrong with which fields."""
    first = f"{lines[0]['field']}: {lines[0]['message']}" if lines[0]["field"] else lines[0]["message"]
    more = "" if len(lines) == 1 else f" ({len(lines) - 1} more)"
    return problem(422, "invalid", first + more, errors=lines)


def _challenge(error: exceptions.APIException) -> dict[str, str]:
    challenge = getattr(error, "auth_header", None)
    return {"WWW-Authenticate": challenge} if challenge else {}


def _lines(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _lines(inner, path if name == "non_field_errors" else f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _lines(inner, path)
    else:
        yield {"field": path, "message": str(detail)}
