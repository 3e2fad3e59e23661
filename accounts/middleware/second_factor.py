"""No page before the second step, where the partnership asks for one: nobody reads a file on a password alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.middleware.by_code import BY_CODE
from accounts.middleware.policy import ViewPolicy
from accounts.middleware.problems import is_for_a_system, problem
from accounts.rules.places import code_is_fresh
from accounts.selectors import now
from accounts.services.submissions import OWNER_FIELD, hold_submission, holds_something_typed, owner_of

SECOND_FACTOR_AT = "second_factor_at"
SAFE = ("GET", "HEAD")


class SecondFactorMiddleware:
    """Leads a person whose session has not had the second step to the page that sets it up or asks for it.

    A system has none: it shows its token with each request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        declared = getattr(view, "policy", None)
        if isinstance(declared, ViewPolicy) and (declared.public or declared.before_second_factor):
            return None
        if not lacks_second_factor(request):
            return self._ask_again(request, declared, kwargs) if isinstance(declared, ViewPolicy) else None
        if is_for_a_system(request):
            return problem(403, "second_factor_needed", "Take the second step of signing in on the site first.")
        wanted = {"next": request.get_full_path()} if request.method in SAFE else {}
        return redirect(f"{reverse('accounts:set_up_second_factor')}?{urlencode(wanted, safe='/')}")

    @staticmethod
    def _ask_again(request: HttpRequest, declared: ViewPolicy, parts: dict[str, Any]) -> HttpResponseBase | None:
        """Ask for a code before what is grave, where the last was too long ago; what was typed waits behind it."""
        sent = request.method not in SAFE
        if not (declared.fresh_code or (declared.code_to_send and sent)):
            return None
        given = request.session.get(SECOND_FACTOR_AT)
        # Whoever gives no codes is not asked, nor is the database for the time.
        if given is None or not request.user.is_authenticated:
            return None
        if code_is_fresh(given, now(), seconds=settings.STEP_UP_AFTER):
            return None
        wanted = _kept_form(request) if sent else ""
        if wanted:
            messages.info(request, "What you typed is kept. After the code you can check it and send it.")
        elif declared.back_to:
            query = f"?{request.GET.urlencode()}" if request.GET else ""
            wanted = reverse(declared.back_to, kwargs=parts) + query
        else:
            wanted = request.get_full_path()
        return redirect(f"{reverse('accounts:prove')}?{urlencode({'next': wanted}, safe='/')}")


def _kept_form(request: HttpRequest) -> str:
    """Where what was typed into a form of this person's own waits; empty where nothing was typed."""
    owner = owner_of(request.POST.get(OWNER_FIELD, ""))
    if owner is None or owner[0] != request.user.pk or not holds_something_typed(request.POST):
        return ""
    path = request.get_full_path()
    token = hold_submission(user_id=owner[0], membership_id=owner[1], path=path, fields=request.POST)
    return reverse("accounts:carry_on", args=[token])


def lacks_second_factor(request: HttpRequest) -> bool:
    """Whether a signed-in person's session still has to take a step that everybody takes.

    Somebody who came by a code to their work address may open no file, and is asked for no more.
    """
    if not settings.SECOND_FACTOR_REQUIRED or getattr(request, "service_token", None) is not None:
        return False
    proved = request.session.get(SECOND_FACTOR_AT) or request.session.get(BY_CODE)
    return request.user.is_authenticated and not proved
