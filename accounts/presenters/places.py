"""Where somebody is signed in, in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts.rules.dates import ago, moment
from accounts.rules.places import address_words
from accounts.selectors.places import OpenPlace


def place_cards(places: Iterable[OpenPlace], *, here: str, at: datetime) -> list[dict[str, Any]]:
    """Each place with its device, its address and its times; `here` is the session of the page that shows them."""
    return [
        {
            "device": found.place.device,
            "where": address_words(found.place.ip_address, settings.PARTNER_NETWORKS),
            "began": moment(found.place.began_at),
            "used": "Now" if found.place.session_key == here else ago(found.used_at, at),
            "is_here": found.place.session_key == here,
            "href": reverse("accounts:end_place", args=[found.place.pk]),
        }
        for found in places
    ]


def own_tabs(active: str) -> list[dict[str, Any]]:
    """The pages of one's own sign-in."""
    tabs = (("Where you are signed in", "accounts:places"), ("Second step", "accounts:second_factor"))
    return [{"text": text, "href": reverse(name), "active": name == active} for text, name in tabs]
