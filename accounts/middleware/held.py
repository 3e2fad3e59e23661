"""Keeps what was typed when a form arrives after its session has ended."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.middleware.problems import is_for_a_system
from accounts.services.submissions import OWNER_FIELD, hold_submission, owner_of


class HeldSubmissionMiddleware:
    """Holds the fields of a late POST for the person whose page it was, and asks them to sign in again.

    Only a form that this server gave to a signed-in person carries a valid owner field, for a day, so that nobody else
    can fill the store.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        late = request.method == "POST" and not request.user.is_authenticated and not is_for_a_system(request)
        if late and OWNER_FIELD in request.POST:
            owner = owner_of(request.POST[OWNER_FIELD])
            if owner is None:
                return self.get_response(request)
            token = hold_submission(
                user_id=owner[0], membership_id=owner[1], path=request.get_full_path(), fields=request.POST
            )
            return redirect(f"{reverse('accounts:sign_in')}?held={token}")
        return self.get_response(request)
