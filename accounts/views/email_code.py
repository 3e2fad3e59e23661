"""Signing in by a code that is sent to the work address: asked for on one page, typed on the next."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.forms.sign_in import EmailCodeForm, WorkAddressForm
from accounts.middleware.policy import policy
from accounts.rules.dates import clock_time
from accounts.rules.email_codes import TooManyCodes
from accounts.rules.second_factor import CodeRefused, step_is_open
from accounts.rules.sign_in import NotLetIn, open_again_at
from accounts.selectors import now
from accounts.selectors.email_codes import person_at
from accounts.services.access_events import trace_of
from accounts.services.email_codes import HOLDS_FOR, ask_for_code, take_code
from accounts.services.failed_sign_ins import note_failed_sign_in
from accounts.views.signing_in import after_first_step

# What the session keeps of a code that was asked for: the name of its row, which opens nothing, and what was typed.
ASKED = "sign_in_code"


def _ways(said: Any) -> dict[str, str]:
    return {name: said[name] for name in ("held", "next") if said.get(name)}


@policy(methods=("GET", "POST"), public=True, writes=False)
def sign_in_by_email(request: HttpRequest) -> HttpResponse:
    """Ask for a code. Whatever address is typed, the answer is the same, and so is what is done for it."""
    form, ways = WorkAddressForm(request.POST or None), _ways(request.GET) | _ways(request.POST)
    if form.is_bound and form.is_valid():
        at, address = now(), form.cleaned_data["address"]
        try:
            row = ask_for_code(address=address, ip_address=request.META.get("REMOTE_ADDR") or None, at=at)
        except TooManyCodes:
            closed = {"opens_at": clock_time(open_again_at(at))}
            return render(request, "accounts/too_many_codes.html", closed, status=429)
        request.session[ASKED] = {"code": str(row.pk), "address": address, "at": at.timestamp(), **ways}
        return redirect("accounts:sign_in_email_code")
    context: dict[str, Any] = {"form": form, **ways}
    return render(request, "accounts/sign_in_by_email.html", context, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), public=True, writes=False)
def sign_in_email_code(request: HttpRequest) -> HttpResponseBase:
    """Take the code, in the window where it was asked for; a wrong one says nothing of whose address it was."""
    asked, at = request.session.get(ASKED), now()
    if asked is None or not step_is_open(asked["at"], at, seconds=int(HOLDS_FOR.total_seconds())):
        return _ask_again(request, asked)
    form = EmailCodeForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            user = take_code(code_id=UUID(asked["code"]), code=form.cleaned_data["code"], at=at)
        except CodeRefused as refusal:
            whose = person_at(asked["address"])
            note_failed_sign_in(why=NotLetIn.CODE, user_id=whose.pk if whose else None, trace=trace_of(request))
            if refusal.code == "code_over":
                return _ask_again(request, asked)
            form.add_error("code", refusal.reason)
        else:
            user.backend = settings.AUTHENTICATION_BACKENDS[-1]
            request.session.pop(ASKED)
            ways = {"held": asked.get("held", ""), "wanted": asked.get("next", "")}
            return after_first_step(request, user, by_code=True, **ways)
    context = {
        "form": form,
        "address": asked["address"],
        "again_href": _again_href(asked),
        "minutes": int(HOLDS_FOR.total_seconds()) // 60,
    }
    return render(request, "accounts/sign_in_email_code.html", context, status=422 if form.is_bound else 200)


def _again_href(asked: dict[str, Any] | None) -> str:
    ways = urlencode(_ways(asked or {}))
    return f"{reverse('accounts:sign_in_by_email')}{'?' if ways else ''}{ways}"


def _ask_again(request: HttpRequest, asked: dict[str, Any] | None) -> HttpResponse:
    request.session.pop(ASKED, None)
    if asked is not None:
        messages.warning(request, "That code no longer works: it holds for 10 minutes and five tries. Ask for another.")
    return redirect(_again_href(asked))
