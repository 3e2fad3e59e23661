"""Where one is signed in, staying signed in, and being signed out for want of use with what was typed kept."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.choices import PlaceEnding
from accounts.forms import WriteForm
from accounts.middleware.policy import policy
from accounts.presenters.places import own_tabs, place_cards
from accounts.selectors import now
from accounts.selectors.places import open_places
from accounts.services.places import end_place as note_ended
from accounts.services.places import end_places
from accounts.services.submissions import hold_late_form
from accounts.views.going_on import safe_next


def _key(request: HttpRequest) -> str:
    return request.session.session_key or ""


@policy(needs_membership=False)
def places(request: HttpRequest) -> HttpResponse:
    """Every place where one is signed in now."""
    at = now()
    cards = place_cards(open_places(request.user, at=at), here=_key(request), at=at)  # type: ignore[arg-type]
    context = {
        "tabs": own_tabs("accounts:places"),
        "places": cards,
        "others": sum(not card["is_here"] for card in cards),
        "form": WriteForm(auto_id=False),
    }
    return render(request, "accounts/places.html", context)


@policy(methods=("POST",), needs_membership=False)
def end_one(request: HttpRequest, place_id: UUID) -> HttpResponse:
    """Sign oneself out at one other place."""
    end_places(
        user=request.user,  # type: ignore[arg-type]
        ending=PlaceEnding.BY_THEMSELVES,
        at=now(),
        but=_key(request),
        only=place_id,
    )
    messages.success(request, "That place is signed out.")
    return redirect("accounts:places")


@policy(methods=("POST",), needs_membership=False)
def end_others(request: HttpRequest) -> HttpResponse:
    """Sign oneself out everywhere but here."""
    end_places(
        user=request.user,  # type: ignore[arg-type]
        ending=PlaceEnding.BY_THEMSELVES,
        at=now(),
        but=_key(request),
    )
    messages.success(request, "You are signed out everywhere but here.")
    return redirect("accounts:places")


@policy(methods=("POST",), writes=False, needs_membership=False)
def still_here(request: HttpRequest) -> HttpResponse:
    """Somebody is at the page: the session goes on, as with any request."""
    return HttpResponse(status=204)


@policy(methods=("POST",), public=True, writes=False)
def time_out(request: HttpRequest) -> HttpResponse:
    """Sign somebody out whose page was not used, keep what they had typed, and leave nothing on the screen."""
    wanted = safe_next(request, request.POST.get("held_path", ""))
    token = hold_late_form(request.POST, path=wanted)
    note_ended(session_key=_key(request), ending=PlaceEnding.TIMED_OUT, at=now())
    logout(request)
    onward = {"held": str(token)} if token else {"next": wanted}
    return redirect(f"{reverse('accounts:sign_in')}?{urlencode(onward, safe='/')}")
