"""The people who have an account, in the words of those who look after accounts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.urls import reverse

from accounts.models import AccountEvent, Membership, User
from accounts.rules.dates import day, moment

COLUMNS = [{"text": text} for text in ("Person", "Role and agency", "Standing", "Second step", "Last signed in")]
EVENT_COLUMNS = [{"text": text} for text in ("When", "What", "By", "Why")]
ROLE_COLUMNS = [{"text": text} for text in ("Role", "Agency", "From", "Until")]
Cell = dict[str, Any]


def standing_of(user: User) -> str:
    """Whether somebody may sign in."""
    return "Open" if user.is_active else "Closed"


def _held(user: User, on: date) -> list[Membership]:
    return [row for row in user.memberships.all() if row.ended_on is None or row.ended_on > on]


def people_rows(people: Iterable[User], *, second: set[int], on: date) -> list[list[Cell]]:
    """A row for each person."""
    rows = []
    for user in people:
        held = _held(user, on)
        roles = "; ".join(f"{row.get_role_display()}, {row.agency}" for row in held)
        rows.append(
            [
                {"text": str(user), "href": reverse("accounts:person", args=[user.pk]), "hint": user.email},
                {"text": roles or "No role at present"},
                {"text": standing_of(user)},
                {"text": "Set up" if user.pk in second else "Not set up"},
                {"text": day(user.last_login) or "Never"},
            ]
        )
    return rows


def person_rows(user: User, *, second: bool) -> list[Cell]:
    """One person for `components/summary_list.html`."""
    return [
        {"key": "Work address", "value": user.email},
        {"key": "Sign-in name", "value": user.username},
        {"key": "Job title", "value": user.job_title},
        {"key": "Standing", "value": standing_of(user)},
        {"key": "Second step", "value": "Set up" if second else "Not set up"},
        {"key": "Last signed in", "value": moment(user.last_login) or "Never"},
    ]


def role_rows(user: User) -> list[list[Cell]]:
    """Every role that somebody holds or held, the latest first."""
    return [
        [
            {"text": row.get_role_display()},
            {"text": row.agency.name},
            {"text": day(row.started_on)},
            {"text": day(row.ended_on) or "Goes on"},
        ]
        for row in user.memberships.all()
    ]


def event_rows(events: Iterable[AccountEvent]) -> list[list[Cell]]:
    """What happened to an account, the latest first."""
    return [
        [
            {"text": moment(event.at)},
            {"text": event.get_kind_display(), **({"hint": event.detail} if event.detail else {})},
            {"text": str(event.by) if event.by else "Harbour"},
            {"text": event.reason},
        ]
        for event in events
    ]
