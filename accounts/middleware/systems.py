"""Who is asking where no person has signed in: a token is read before any session, and every caller is counted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.middleware.problems import is_for_a_system, problem
from accounts.models import ApiToken
from accounts.selectors import now
from accounts.selectors.tokens import token_shown
from accounts.services.api_calls import count_call
from accounts.services.tokens import note_token_used

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class NoCookiesMiddleware:
    """Takes the cookies away from a request that shows a token: nobody is two people at once."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_for_a_system(request) and "HTTP_AUTHORIZATION" in request.META:
            request.COOKIES = {}
        return self.get_response(request)


class ServiceTokenMiddleware:
    """Makes the account of a token the user of its request, and keeps each caller to so many requests a minute.

    A token that opens nothing is no user, and is counted by the address it came from, so that guessing is slow.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.service_token = None  # type: ignore[attr-defined]
        request.token_refused = ""  # type: ignore[attr-defined]
        if not is_for_a_system(request):
            return self.get_response(request)
        at = now()
        if "HTTP_AUTHORIZATION" in request.META:
            self._read_token(request, at)
        token: ApiToken | None = request.service_token  # type: ignore[attr-defined]
        caller, limit = _caller_of(request, token)
        if count_call(caller=caller, at=at) > limit:
            return problem(
                429,
                "too_many_requests",
                f"You have sent more than {limit} requests within a minute. Wait, then go on more slowly.",
                headers={"Retry-After": str(60 - at.second)},
            )
        if token is not None:
            note_token_used(token=token, on=timezone.localdate(at))
        return self.get_response(request)

    @staticmethod
    def _read_token(request: HttpRequest, at: datetime) -> None:
        shown = token_shown(request.META["HTTP_AUTHORIZATION"], at=at)
        request.service_token, request.token_refused = shown.token, shown.reason  # type: ignore[attr-defined]
        request.user = shown.token.user if shown.token else AnonymousUser()


def _caller_of(request: HttpRequest, token: ApiToken | None) -> tuple[str, int]:
    if token is not None:
        return f"token {token.prefix}", settings.API_CALLS_A_MINUTE["token"]
    if request.user.is_authenticated:
        return f"person {request.user.pk}", settings.API_CALLS_A_MINUTE["person"]
    address = hashlib.sha256(request.META.get("REMOTE_ADDR", "").encode()).hexdigest()[:32]
    return f"address {address}", settings.API_CALLS_A_MINUTE["unknown"]
