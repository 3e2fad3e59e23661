"""The providers of single sign-on, on the sign-in page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from accounts.rules.single_sign_on import Provider, provider_named


def sign_on_buttons(providers: Iterable[Provider], ways: str) -> list[dict[str, str]]:
    """A button for each provider; `ways` says where somebody was going."""
    return [
        {
            "text": f"Sign in with {provider.name}",
            "href": f"{reverse('accounts:single_sign_on', args=[provider.id])}{'?' if ways else ''}{ways}",
        }
        for provider in providers
    ]


def left_elsewhere(providers: Iterable[Provider], name: str) -> dict[str, Any] | None:
    """For somebody who has signed out here, and not where they came from."""
    provider = provider_named(providers, name)
    if provider is None:
        return None
    return {
        "text": f"You may still be signed in at {provider.name}. On a computer that others use, sign out there too.",
        "link": {
            "text": f"Sign out at {provider.name}",
            "href": reverse("accounts:single_sign_on_end", args=[provider.id]),
        },
    }
