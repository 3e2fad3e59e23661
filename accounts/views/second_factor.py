"""One's own second step: how it stands, setting it up, its recovery codes, and giving a code once more."""

from __future__ import annotations

from urllib.parse import urlencode

from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal.auth import generate_totp_secret
from allauth.mfa.utils import decrypt, encrypt
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.forms.sign_in import CodeForm, RenewCodesForm, SetUpForm
from accounts.middleware.policy import policy
from accounts.middleware.second_factor import SECOND_FACTOR_AT
from accounts.presenters.places import own_tabs
from accounts.presenters.second_factor import standing_rows
from accounts.rules.refusals import NotKnown
from accounts.rules.second_factor import CodeRefused, in_groups
from accounts.selectors import now
from accounts.selectors.second_factor import has_second_factor, second_factor_of
from accounts.services.second_factor import renew_recovery_codes, set_up_second_factor, show_recovery_codes
from accounts.views.going_on import go_on_proved, safe_next
from accounts.views.signing_in import code_is_locked, takes_code, turned_away

# The key that is offered, encrypted, until a code has shown that it was taken on.
NEW_KEY = "second_factor_key"


@policy(needs_membership=False)
def second_factor(request: HttpRequest) -> HttpResponse:
    """How one's own second step stands."""
    found = second_factor_of(request.user)  # type: ignore[arg-type]
    context = {"tabs": own_tabs("accounts:second_factor"), "found": found, "rows": standing_rows(found)}
    return render(request, "accounts/second_factor.html", context)


@policy(methods=("GET", "POST"), needs_membership=False, before_second_factor=True)
def set_up(request: HttpRequest) -> HttpResponse:
    """Take a key into an authenticator app, and show by a code that it is there."""
    wanted = request.GET.get("next", "")
    if has_second_factor(request.user.pk):  # type: ignore[arg-type]
        if request.session.get(SECOND_FACTOR_AT):
            return redirect("accounts:second_factor")
        return redirect(_with_next("accounts:prove", wanted))
    key, at = _key_on_offer(request), now()
    form = SetUpForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            set_up_second_factor(
                user=request.user,  # type: ignore[arg-type]
                secret=key,
                code=form.cleaned_data["code"],
                session_key=request.session.session_key or "",
                at=at,
                by=request.viewer,  # type: ignore[attr-defined]
            )
        except CodeRefused as refusal:
            form.add_error("code", refusal.reason)
        else:
            request.session.pop(NEW_KEY, None)
            go_on_proved(request)
            return redirect(_with_next("accounts:recovery_codes", wanted))
    context = {
        "form": form,
        "key": in_groups(key),
        "required": settings.SECOND_FACTOR_REQUIRED,
        "username": request.user.get_username(),
        "next": wanted,
    }
    return render(request, "accounts/set_up_second_factor.html", context, status=422 if form.is_bound else 200)


def _key_on_offer(request: HttpRequest) -> str:
    kept = request.session.get(NEW_KEY)
    if kept:
        return decrypt(kept)
    key = generate_totp_secret()
    request.session[NEW_KEY] = encrypt(key)
    return key


def _with_next(name: str, wanted: str) -> str:
    return f"{reverse(name)}?{urlencode({'next': wanted}, safe='/')}" if wanted else reverse(name)


@policy(needs_membership=False, before_second_factor=True)
def picture(request: HttpRequest) -> HttpResponse:
    """The key on offer as a picture that an app reads, made here: no other site learns of it."""
    kept = request.session.get(NEW_KEY)
    if not kept:
        raise NotKnown("no_key_on_offer")
    adapter = get_adapter()
    svg = adapter.build_totp_svg(adapter.build_totp_url(request.user, decrypt(kept)))
    return HttpResponse(svg, content_type="image/svg+xml")


@policy(needs_membership=False)
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """The recovery codes, this once."""
    codes = show_recovery_codes(user=request.user) if request.method == "GET" else []  # type: ignore[arg-type]
    context = {
        "codes": [in_groups(code) for code in codes],
        "found": second_factor_of(request.user),  # type: ignore[arg-type]
        "onward": safe_next(request, request.GET.get("next", "")),
    }
    return render(request, "accounts/recovery_codes.html", context)


@policy(methods=("GET", "POST"), needs_membership=False)
def new_codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes: the old ones are used up, lost, or may have been seen. Asks for a code of the app."""
    user, form = request.user, RenewCodesForm(request.POST or None)
    if not has_second_factor(user.pk):  # type: ignore[arg-type]
        return redirect("accounts:second_factor")
    if form.is_bound and code_is_locked(request, user):  # type: ignore[arg-type]
        return turned_away(request, request.user.pk)
    if form.is_bound and form.is_valid() and takes_code(request, form, user):  # type: ignore[arg-type]
        renew_recovery_codes(user=user, at=now(), by=request.viewer)  # type: ignore[arg-type, attr-defined]
        go_on_proved(request)
        return redirect("accounts:recovery_codes")
    return render(request, "accounts/new_codes.html", {"form": form}, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), writes=False, needs_membership=False, before_second_factor=True)
def prove(request: HttpRequest) -> HttpResponse:
    """Ask somebody who is signed in for a code once more."""
    wanted, user, form = request.GET.get("next", ""), request.user, CodeForm(request.POST or None)
    if not has_second_factor(user.pk):  # type: ignore[arg-type]
        # Who came by single sign-on may have none here. What they were about to do, and what they typed, waits.
        return redirect(_with_next("accounts:set_up_second_factor", wanted))
    if form.is_bound and code_is_locked(request, user):  # type: ignore[arg-type]
        return turned_away(request, request.user.pk)
    if form.is_bound and form.is_valid() and takes_code(request, form, user):  # type: ignore[arg-type]
        go_on_proved(request)
        messages.success(request, "Thank you. You can go on.")
        return redirect(safe_next(request, wanted))
    return render(request, "accounts/prove.html", {"form": form}, status=422 if form.is_bound else 200)
