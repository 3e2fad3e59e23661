"""Signing in through a provider of single sign-on: there, back again, and out."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.middleware.policy import policy
from accounts.rules.refusals import NotKnown
from accounts.rules.single_sign_on import Provider, SignOnRefused, provider_named, took_second_step
from accounts.selectors import now
from accounts.selectors.email_codes import may_sign_in_by_code
from accounts.services.access_events import trace_of
from accounts.services.openid_connect import Unreachable, way_out, way_to, what_came_back
from accounts.services.single_sign_on import let_in
from accounts.views.going_on import after_sign_in, come_in
from accounts.views.signing_in import after_first_step


def _provider(provider_id: str) -> Provider:
    found = provider_named(settings.SINGLE_SIGN_ON, provider_id)
    if found is None:
        raise NotKnown("no_provider")
    return found


def _unreachable(request: HttpRequest, provider: Provider) -> HttpResponse:
    messages.warning(request, f"{provider.name} cannot be reached. Try again in a minute, or use your password.")
    return redirect("accounts:sign_in")


@policy(public=True)
def begin(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Send somebody to a provider. A link, because the policy of our pages lets no form lead to another site."""
    provider = _provider(provider_id)
    try:
        return way_to(request, provider, held=request.GET.get("held", ""), wanted=request.GET.get("next", ""))
    except Unreachable:
        return _unreachable(request, provider)


@policy(public=True)
def come_back(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Let in whom the provider names. Whoever it does not say took a second step takes Harbour's own."""
    provider, at = _provider(provider_id), now()
    try:
        claims, asked = what_came_back(request, provider)
        user = let_in(provider=provider, claims=claims, at=at, trace=trace_of(request))
    except Unreachable:
        return _unreachable(request, provider)
    except SignOnRefused as refusal:
        context = {"reason": refusal.reason, "provider": provider.name}
        return render(request, "accounts/sign_on_refused.html", context, status=403)
    user.backend = settings.AUTHENTICATION_BACKENDS[-1]
    by_code = may_sign_in_by_code(user.pk, on=timezone.localdate(at))
    if took_second_step(provider, claims):
        onward = redirect(after_sign_in(request, held=asked["held"], wanted=asked["wanted"]))
        return come_in(request, user, onward, proved=True, elsewhere=True, by_code=by_code, through=provider.id)
    return after_first_step(
        request, user, held=asked["held"], wanted=asked["wanted"], by_code=by_code, through=provider.id
    )


@policy(public=True)
def sign_out_there(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send somebody on to sign out where they came from, if it has a page for that."""
    provider = _provider(provider_id)
    try:
        way = way_out(request, provider)
    except Unreachable:
        return _unreachable(request, provider)
    if way:
        return redirect(way)
    messages.warning(request, f"{provider.name} has no page for signing out. Close the whole browser instead.")
    return redirect("accounts:sign_in")
