"""How somebody comes in and goes out, and where they go then: to what they typed, to where they were going, or home."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import login
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.choices import PlaceEnding
from accounts.middleware.by_code import BY_CODE
from accounts.middleware.second_factor import SECOND_FACTOR_AT
from accounts.rules.places import address_words
from accounts.selectors import now
from accounts.services.places import Browser, end_place, note_place, rename_session

# A mark that a browser keeps for a year, so that a device is known again. It opens nothing.
DEVICE = "harbour_device"
DEVICE_KEPT = 365 * 24 * 60 * 60
LONG_AGO = 1
# By which provider of single sign-on somebody came: they are signed in there still when they sign out here.
THROUGH = "signed_in_through"


def held_or_home(token: str) -> str:
    """The page of a form that was held; home where the token is none."""
    try:
        return reverse("accounts:carry_on", args=[UUID(token)])
    except ValueError:
        return reverse("home")


def safe_next(request: HttpRequest, wanted: str) -> str:
    """An address of this site, or home."""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else reverse("home")


def after_sign_in(request: HttpRequest, *, held: str, wanted: str) -> str:
    """A form that came too late goes before the page that was asked for."""
    return held_or_home(held) if held else safe_next(request, wanted)


def come_in(
    request: HttpRequest,
    user: Any,
    answer: HttpResponseBase,
    *,
    proved: bool,
    elsewhere: bool = False,
    by_code: bool = False,
    through: str = "",
) -> HttpResponseBase:
    """Sign somebody in, under a new session, and write down where. `proved` where they have taken the second step.

    It was taken `elsewhere` where a provider says so: that lets in, and is never fresh enough for what is grave.
    `by_code` where a code to the work address stood for the password: the session ends once they may open a file.
    `through` names the provider of single sign-on by which they came.
    """
    # Nothing of the session before goes on into this one, also where the same person signs in once more.
    end_place(session_key=request.session.session_key or "", ending=PlaceEnding.SIGNED_OUT, at=now())
    request.session.flush()
    login(request, user, backend=user.backend)
    if proved:
        request.session[SECOND_FACTOR_AT] = LONG_AGO if elsewhere else int(now().timestamp())
    if by_code:
        request.session[BY_CODE] = True
    if through:
        request.session[THROUGH] = through
    mark, address = _device_of(request), request.META.get("REMOTE_ADDR") or None
    note_place(
        user=user,
        session_key=request.session.session_key or "",
        browser=Browser(mark=mark, agent=request.META.get("HTTP_USER_AGENT", "")[:500], address=address),
        where=address_words(address, settings.PARTNER_NETWORKS),
        at=now(),
    )
    answer.set_signed_cookie(
        DEVICE, mark, max_age=DEVICE_KEPT, httponly=True, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax"
    )
    return answer


def _device_of(request: HttpRequest) -> str:
    try:
        kept = request.get_signed_cookie(DEVICE, "", max_age=DEVICE_KEPT)
    except signing.BadSignature:
        kept = ""
    return kept or secrets.token_urlsafe(24)


def go_on_proved(request: HttpRequest) -> None:
    """The session is somebody's who gave a code: it goes on under a new key, so that one copied before is nothing."""
    before = request.session.session_key or ""
    request.session[SECOND_FACTOR_AT] = int(now().timestamp())
    request.session.cycle_key()
    rename_session(before=before, after=request.session.session_key or "")
