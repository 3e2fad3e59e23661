"""A session that began with a code to the work address is for people who open no file, and for nobody else."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.choices import PlaceEnding
from accounts.selectors import now
from accounts.selectors.email_codes import may_sign_in_by_code
from accounts.services.places import end_place

BY_CODE = "by_code"


class CodeSessionMiddleware:
    """Ends such a session at the first request after its person was given a role that does more than refer.

    Otherwise whoever reads a mailbox could wait, signed in, for the day on which its owner may open files.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated and request.session.get(BY_CODE):
            at = now()
            if not may_sign_in_by_code(request.user.pk, on=timezone.localdate(at)):
                end_place(session_key=request.session.session_key or "", ending=PlaceEnding.CLOSED, at=at)
                logout(request)
        return self.get_response(request)
