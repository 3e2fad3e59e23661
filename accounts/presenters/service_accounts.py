"""Service accounts and their tokens, as the technical administrator sees them: everything but the secrets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse

from accounts.models import ApiToken, Membership
from accounts.rules.dates import day

COLUMNS = [{"text": name} for name in ("System", "Token", "Standing", "Ends", "Last used")]
Cell = dict[str, Any]


def standing(token: ApiToken, at: datetime) -> Cell:
    """Whether a token opens anything."""
    if token.revoked_at is not None:
        return {"text": f"Revoked {day(token.revoked_at)}"}
    if at >= token.expires_at:
        return {"text": "Ended"}
    return {"text": "In use" if token.last_used_on else "Not used yet"}


def service_rows(accounts: Iterable[Membership], tokens: Iterable[ApiToken], *, at: datetime) -> list[list[Cell]]:
    """A row for each token under its system, and one for a system without any."""
    by_user: dict[int, list[ApiToken]] = {}
    for token in tokens:
        by_user.setdefault(token.user_id, []).append(token)
    rows = []
    for account in accounts:
        system: Cell = {"text": str(account.user), "hint": f"{account.agency}, {account.get_role_display()}"}
        if account.ended_on is None:
            system["href"] = reverse("accounts:give_token", args=[account.pk])
        own = by_user.get(account.user_id, [])
        rows += [_token_row(system, token, at) for token in own]
        if not own:
            rows.append([system, {"text": "No token"}, {"text": ""}, {"text": ""}, {"text": ""}])
    return rows


def _token_row(system: Cell, token: ApiToken, at: datetime) -> list[Cell]:
    return [
        system,
        {
            "text": token.name,
            "href": reverse("accounts:service_token", args=[token.pk]),
            "hint": f"hbr_{token.prefix}_…",
        },
        standing(token, at),
        {"text": day(token.expires_at)},
        {"text": day(token.last_used_on)},
    ]


def token_rows(token: ApiToken, *, at: datetime) -> list[dict[str, Any]]:
    """One token for `components/summary_list.html`."""
    rows = [
        ("System", str(token.user)),
        ("Begins with", f"hbr_{token.prefix}_"),
        ("Standing", standing(token, at)["text"]),
        ("Given", f"{day(token.created_at)} by {token.created_by or 'somebody at the server'}"),
        ("Ends", day(token.expires_at)),
        ("Last used", day(token.last_used_on) or "Not yet"),
    ]
    if token.revoked_at is not None:
        rows.append(("Revoked", f"{day(token.revoked_at)} by {token.revoked_by}"))
    return [{"key": key, "value": value} for key, value in rows]
