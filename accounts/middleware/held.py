"""Keeps what was typed when a form arrives after its session has ended."""

from collections.abc import Callable

from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.services.submissions import OWNER_FIELD, OWNER_SALT, hold_submission


class HeldSubmissionMiddleware:
    """Holds the fields of a late POST for the person whose page it was, and asks them to sign in again.

    Only a form that this server gave to a signed-in person carries a valid owner field, so that nobody else
    can fill the store.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method == "POST" and not request.user.is_authenticated and OWNER_FIELD in request.POST:
            try:
                owner_id = int(signing.loads(request.POST[OWNER_FIELD], salt=OWNER_SALT))
            except (signing.BadSignature, ValueError, TypeError):
                return self.get_response(request)
            token = hold_submission(user_id=owner_id, path=request.get_full_path(), fields=request.POST)
            return redirect(f"{reverse('accounts:sign_in')}?held={token}")
        return self.get_response(request)
