"""Signing in by username and password, then by a code; signing out; and the page of somebody who is locked out."""

from __future__ import annotations

from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.utils import reset
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from accounts.choices import PlaceEnding
from accounts.forms.sign_in import CodeForm, SignInForm
from accounts.middleware.policy import policy
from accounts.models import User
from accounts.presenters.single_sign_on import left_elsewhere, sign_on_buttons
from accounts.rules.dates import clock_time
from accounts.rules.second_factor import CodeRefused, step_is_open
from accounts.rules.sign_in import NotLetIn, open_again_at
from accounts.rules.single_sign_on import provider_named
from accounts.selectors import now
from accounts.selectors.people import person_signing_in
from accounts.selectors.second_factor import has_second_factor
from accounts.selectors.tries import CODE_OF, address_is_closed, codes_are_closed
from accounts.services.access_events import trace_of
from accounts.services.failed_sign_ins import note_failed_sign_in
from accounts.services.places import end_place
from accounts.services.second_factor import check_second_factor
from accounts.views.going_on import THROUGH, after_sign_in, come_in

# What the session keeps between the password and the code. Nobody is signed in by it.
FIRST_STEP = "first_step"


def locked_out(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Too many wrong tries: the same page for names that exist and names that do not. Who was asked for a code once
    more, on a page for people who are signed in, is led back to it, and what they had typed waits behind that.
    """
    declared = getattr(request.resolver_match and request.resolver_match.func, "policy", None)
    again = request.get_full_path() if declared and not declared.public else ""
    context = {"opens_at": clock_time(open_again_at(now())), "again": again}
    return render(request, "accounts/locked_out.html", context, status=429)


def turned_away(request: HttpRequest, user_id: int | None = None) -> HttpResponse:
    """The same page for a try that is not looked at, which is written down."""
    note_failed_sign_in(why=NotLetIn.LOCKED, user_id=user_id, trace=trace_of(request))
    return locked_out(request)


@policy(methods=("GET", "POST"), public=True, writes=False)
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Ask for username and password; a form that came too late waits behind it."""
    held = request.GET.get("held") or request.POST.get("held", "")
    wanted = request.GET.get("next") or request.POST.get("next", "")
    if request.method == "POST" and address_is_closed(request.META.get("REMOTE_ADDR", ""), at=now()):
        return turned_away(request)
    form = SignInForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        return after_first_step(request, form.get_user(), held=held, wanted=wanted)
    status = 200 if request.method == "GET" else 422
    ways = urlencode({name: said for name, said in (("held", held), ("next", wanted)) if said})
    context = {
        "form": form,
        "held": held,
        "next": wanted,
        "idle_minutes": settings.SESSION_COOKIE_AGE // 60,
        "by_email": ways,
        "providers": sign_on_buttons(settings.SINGLE_SIGN_ON, ways),
        "left": left_elsewhere(settings.SINGLE_SIGN_ON, request.GET.get("left", "")),
    }
    return render(request, "accounts/sign_in.html", context, status=status)


def after_first_step(
    request: HttpRequest, user: Any, *, held: str, wanted: str, by_code: bool = False, through: str = ""
) -> HttpResponseBase:
    """Somebody has shown who they are: ask for the code of their second step where they have one, or let them in."""
    if has_second_factor(user.pk):
        return _ask_for_code(request, user, held=held, wanted=wanted, by_code=by_code, through=through)
    onward = redirect(after_sign_in(request, held=held, wanted=wanted))
    return come_in(request, user, onward, proved=False, by_code=by_code, through=through)


def _ask_for_code(
    request: HttpRequest, user: Any, *, held: str, wanted: str, by_code: bool, through: str
) -> HttpResponse:
    """Remember in a new session who took the first step, and until when they may give the code."""
    request.session.flush()
    request.session[FIRST_STEP] = {
        "user": user.pk,
        "backend": user.backend,
        "at": now().timestamp(),
        "held": held,
        "next": wanted,
        "by_code": by_code,
        "through": through,
    }
    return redirect("accounts:sign_in_code")


@policy(methods=("GET", "POST"), public=True, writes=False)
def sign_in_code(request: HttpRequest) -> HttpResponseBase:
    """Ask for the code of the second step from somebody whose password was right a moment ago."""
    first, at = request.session.get(FIRST_STEP), now()
    if first is None or not step_is_open(first["at"], at, seconds=settings.SECOND_FACTOR_STEP_FOR):
        return _begin_again(request, first)
    user = person_signing_in(first["user"])
    if user is None:
        return _begin_again(request, None)
    form = CodeForm(request.POST or None)
    if request.method == "POST":
        if code_is_locked(request, user):
            return turned_away(request, user.pk)
        if form.is_valid() and takes_code(request, form, user):
            user.backend = first["backend"]
            onward = after_sign_in(request, held=first["held"], wanted=first["next"])
            ways = {"by_code": first["by_code"], "through": first["through"]}
            return come_in(request, user, redirect(onward), proved=True, **ways)
    return render(request, "accounts/sign_in_code.html", {"form": form}, status=422 if form.is_bound else 200)


def _begin_again(request: HttpRequest, first: dict[str, Any] | None) -> HttpResponse:
    # Nothing else goes: somebody who is signed in and comes here by an old link stays so.
    request.session.pop(FIRST_STEP, None)
    kept = {name: first[name] for name in ("held", "next") if first and first[name]}
    if first:
        messages.warning(request, "The code was asked for too long ago. Sign in again.")
    address = redirect("accounts:sign_in")
    if kept:
        address["Location"] += f"?{urlencode(kept)}"
    return address


def code_is_locked(request: HttpRequest, user: User) -> bool:
    """Whether no code is taken for a person: from this address, or from anywhere."""
    who = {"username": f"{CODE_OF}{user.username}"}
    return codes_are_closed(user.username, at=now()) or not AxesProxyHandler.is_allowed(request, who)


def takes_code(request: HttpRequest, form: CodeForm, user: User) -> bool:
    """Take the code that was typed; a wrong one is counted, and said at the field."""
    try:
        check_second_factor(user=user, code=form.cleaned_data["code"], at=now())
    except CodeRefused as refusal:
        who = {"username": f"{CODE_OF}{user.username}"}
        user_login_failed.send(sender=__name__, credentials=who, request=request)
        form.add_error("code", refusal.reason)
        return False
    reset(username=f"{CODE_OF}{user.username}")
    return True


@policy(methods=("POST",), public=True, writes=False)
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session, here and now."""
    end_place(session_key=request.session.session_key or "", ending=PlaceEnding.SIGNED_OUT, at=now())
    through = provider_named(settings.SINGLE_SIGN_ON, request.session.get(THROUGH, ""))
    logout(request)
    messages.success(request, "You are signed out.")
    if through is None:
        return redirect("accounts:sign_in")
    return redirect(f"{reverse('accounts:sign_in')}?{urlencode({'left': through.id})}")
