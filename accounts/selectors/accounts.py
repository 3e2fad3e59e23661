"""The people who have an account, for those who look after accounts. Nothing here knows of any child."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from accounts.models import AccountEvent, Membership, User

SHOWN = 50
STANDING = {"open": Q(is_active=True), "suspended": Q(suspended_at__isnull=False), "left": Q(left_at__isnull=False)}


@dataclass(frozen=True)
class PeopleAsked:
    """How the list of people is narrowed. `words` are of a name, a sign-in name or a work address."""

    words: str = ""
    agency_id: UUID | None = None
    role: str = ""
    standing: str = ""


@dataclass(frozen=True)
class PeoplePage:
    """One page of people; `more` where another follows."""

    people: list[User]
    page: int
    more: bool


def _people() -> QuerySet[User]:
    shown = Membership.objects.select_related("agency").order_by("-started_on", "pk")
    return User.objects.filter(is_service=False).prefetch_related(Prefetch("memberships", shown))


def people_with_accounts(asked: PeopleAsked, *, page: int, on: date) -> PeoplePage:
    """Everybody who has or had an account, by name; narrowed to an agency or role that they hold on a date."""
    found = _people()
    if asked.words:
        found = found.filter(
            Q(full_name__icontains=asked.words) | Q(username__icontains=asked.words) | Q(email__icontains=asked.words)
        )
    held = Membership.objects.filter(Q(ended_on=None) | Q(ended_on__gt=on), user=OuterRef("pk"))
    if asked.agency_id:
        held = held.filter(agency_id=asked.agency_id)
    if asked.role:
        held = held.filter(role=asked.role)
    if asked.agency_id or asked.role:
        found = found.filter(Exists(held))
    if asked.standing:
        found = found.filter(STANDING[asked.standing])
    start = (page - 1) * SHOWN
    rows = list(found.order_by("full_name", "pk")[start : start + SHOWN + 1])
    return PeoplePage(rows[:SHOWN], page, len(rows) > SHOWN)


def person_with_account(person_id: int) -> User | None:
    """One person with every membership they hold or held; a system is nobody."""
    return _people().filter(pk=person_id).first()


def account_events_of(user: User) -> list[AccountEvent]:
    """What happened to an account, the latest first."""
    return list(AccountEvent.objects.filter(user=user).select_related("by").order_by("-at", "-pk")[:100])
