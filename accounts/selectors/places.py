"""Where somebody is signed in now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.sessions.models import Session

from accounts.models import Place, User
from accounts.rules.places import last_used_at


@dataclass(frozen=True)
class OpenPlace:
    """A place whose session goes on, and when it was last used."""

    place: Place
    used_at: datetime


def open_places(user: User, *, at: datetime) -> list[OpenPlace]:
    """The places where somebody is signed in at an instant, the one last used first."""
    places = {place.session_key: place for place in Place.objects.filter(user=user, ended_at=None)}
    live = Session.objects.filter(session_key__in=places, expire_date__gt=at).values_list("session_key", "expire_date")
    found = [OpenPlace(places[key], last_used_at(ends, idle_seconds=settings.SESSION_COOKIE_AGE)) for key, ends in live]
    return sorted(found, key=lambda each: each.used_at, reverse=True)
