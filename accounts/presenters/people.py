"""The people who have an account, in the words of those who look after accounts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.urls import reverse

from accounts.models import (
    AccessReview,
    AccountEvent,
    Agency,
    DomainChange,
    Membership,
    ReviewLine,
    RoleRequest,
    User,
)
from accounts.rules.dates import day, moment
from accounts.rules.roles import ROLES, signs_in_by_code

COLUMNS = [{"text": text} for text in ("Person", "Role and agency", "Standing", "Second step", "Last signed in")]
REQUEST_COLUMNS = [{"text": text} for text in ("Person", "Role", "Asked for by")]
REVIEW_COLUMNS = [{"text": text} for text in ("Agency", "Standing", "Left to sign")]
ANSWER_COLUMNS = [{"text": text} for text in ("Person", "Access", "Signed by")]
EVENT_COLUMNS = [{"text": text} for text in ("When", "What", "By", "Why")]
ROLE_COLUMNS = [{"text": text} for text in ("Role", "Agency", "From", "Until")]
SUSPENDED_COLUMNS = [{"text": text} for text in ("Person", "Role and agency", "Suspended")]
AGENCY_COLUMNS = [{"text": text} for text in ("Agency", "Work addresses end with")]
DOMAIN_COLUMNS = [{"text": text} for text in ("When", "Before", "After", "Why", "By")]
Cell = dict[str, Any]


def standing_of(user: User) -> str:
    """Whether somebody may sign in."""
    if user.left_at is not None:
        return f"Left {day(user.left_at)}"
    if user.suspended_at is not None:
        return f"Suspended {day(user.suspended_at)}"
    if not user.is_active:
        return "Closed"
    return "Open" if user.has_usable_password() or user.last_login is not None else "Invited"


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


def _way_in(user: User, on: date) -> str:
    by_code = signs_in_by_code(row.role for row in _held(user, on))
    return "By a code to the work address" if by_code else "With a password, and the second step"


def person_rows(user: User, *, second: bool, on: date) -> list[Cell]:
    """One person for `components/summary_list.html`."""
    return [
        {"key": "Work address", "value": user.email},
        {"key": "Sign-in name", "value": user.username},
        {"key": "Job title", "value": user.job_title},
        {"key": "Standing", "value": standing_of(user)},
        {"key": "Signs in", "value": _way_in(user, on)},
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


def suspended_rows(users: Iterable[User], *, on: date) -> list[list[Cell]]:
    """People whose account is suspended, for who may let them in again."""
    return [
        [
            {"text": str(user), "href": reverse("accounts:open_again", args=[user.pk])},
            {"text": "; ".join(f"{row.get_role_display()}, {row.agency}" for row in _held(user, on))},
            {"text": day(user.suspended_at), "hint": f"Last signed in {day(user.last_login) or 'never'}"},
        ]
        for user in users
    ]


def agency_rows(agencies: Iterable[Agency], *, changes: bool) -> list[list[Cell]]:
    """Agencies with how their work addresses end; for who sets that, with the way to it."""
    return [
        [
            {"text": agency.name} | ({"href": reverse("accounts:email_domains", args=[agency.pk])} if changes else {}),
            {"text": ", ".join(f"@{domain}" for domain in sorted(agency.email_domains))}
            if agency.email_domains
            else {"text": "None: nobody can be invited", "tone": "watch"},
        ]
        for agency in agencies
    ]


def domain_rows(changes: Iterable[DomainChange]) -> list[list[Cell]]:
    """How the ends of an agency's addresses were changed, the latest first."""
    return [
        [
            {"text": moment(row.changed_at)},
            {"text": ", ".join(row.before) or "None"},
            {"text": ", ".join(row.after) or "None"},
            {"text": row.reason},
            {"text": str(row.changed_by)},
        ]
        for row in sorted(changes, key=lambda one: (one.changed_at, one.pk), reverse=True)
    ]


def request_rows(requests: Iterable[RoleRequest]) -> list[list[Cell]]:
    """Roles that wait for a second person."""
    return [
        [
            {"text": str(each.user), "href": reverse("accounts:decide_role", args=[each.pk])},
            {"text": each.get_role_display(), "hint": each.agency.name},
            {"text": str(each.asked_by), "hint": moment(each.asked_at)},
        ]
        for each in requests
    ]


def request_facts(found: RoleRequest) -> list[Cell]:
    """One role that was asked for, for `components/summary_list.html`."""
    before = found.replaces
    return [
        {
            "key": "Person",
            "value": f"{found.user}, {found.user.job_title}" if found.user.job_title else str(found.user),
        },
        {"key": "Work address", "value": found.user.email},
        {"key": "Role", "value": f"{found.get_role_display()}, {found.agency}"},
        {"key": "What it is for", "value": ROLES[found.role].description},
        {"key": "In place of", "value": f"{before.get_role_display()}, {before.agency}" if before else "No other role"},
        {"key": "Asked for by", "value": f"{found.asked_by}, {moment(found.asked_at)}"},
        {"key": "Why", "value": found.reason},
    ]


def waiting_words(requests: Iterable[RoleRequest]) -> list[str]:
    """Roles of one person that wait, a sentence each."""
    return [f"{each} waits for a second person since {moment(each.asked_at)}." for each in requests]


def review_rows(reviews: Iterable[AccessReview], *, today: date) -> list[list[Cell]]:
    """Access reviews, those that wait first."""
    rows = []
    for review in reviews:
        late = review.signed_at is None and review.due_on < today
        standing = f"Signed {day(review.signed_at)}" if review.signed_at else f"Due {day(review.due_on)}"
        rows.append(
            [
                {"text": review.agency.name, "href": reverse("accounts:review", args=[review.pk])},
                {"text": f"{standing}, late" if late else standing, **({"tone": "urgent"} if late else {})},
                {"text": f"{review.open_lines} of {review.all_lines} people left"},  # type: ignore[attr-defined]
            ]
        )
    return rows


def about_line(line: ReviewLine, functions: dict[UUID, list[str]]) -> str:
    """What a manager knows a person's access by: role, last use, functions."""
    member = line.membership
    last = f"last signed in {day(member.user.last_login)}" if member.user.last_login else "never signed in"
    serves = f"; serves in: {', '.join(functions[member.pk])}" if member.pk in functions else ""
    return f"{member.get_role_display()}; {last}{serves}"


def answered_rows(lines: Iterable[ReviewLine]) -> list[list[Cell]]:
    """The lines of a review that were signed."""
    return [
        [
            {"text": str(line.membership.user), "hint": line.membership.get_role_display()},
            {"text": line.get_answer_display()},
            {"text": str(line.answered_by), "hint": moment(line.answered_at)},
        ]
        for line in lines
        if line.answer
    ]
