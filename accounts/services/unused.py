"""Accounts that nobody uses: their people are told after three weeks, and they are suspended after thirty days."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from accounts.choices import AccountEventKind, NoticeKind, PlaceEnding
from accounts.models import Membership, User
from accounts.rules.life import (
    UNUSED,
    WARNED_BEFORE,
    AccountRefused,
    check_not_own,
    may_lift,
    suspends,
    unused_since,
    warns,
)
from accounts.rules.roles import ROLES, opens_files
from accounts.rules.viewers import Viewer
from accounts.services.account_events import note_account_event
from accounts.services.holdings import SUSPENDED
from accounts.services.notices import tell
from accounts.services.places import end_places

OPENING = [key for key in ROLES if opens_files(key)]


def _perhaps_unused(at: datetime) -> QuerySet[User]:
    """Open accounts that hold case access, and were not used for three weeks: the rules then say of each."""
    holding = Membership.objects.current(timezone.localdate(at)).filter(role__in=OPENING)
    since = Greatest("date_joined", Coalesce("last_login", "date_joined"), Coalesce("lifted_at", "date_joined"))
    warned = Max("notices__made_at", filter=Q(notices__kind=NoticeKind.SUSPEND_SOON))
    return (
        User.objects.filter(is_active=True, is_service=False, pk__in=holding.values("user"))
        .alias(since=since)
        .filter(since__lte=at - (UNUSED - WARNED_BEFORE))
        .annotate(warned_at=warned)
        .order_by("pk")
    )


def look_for_unused(*, at: datetime) -> tuple[int, int]:
    """Tell those whose account will be suspended, and suspend those who were told a week ago and did not come back.

    Returns how many were told and how many suspended. Run twice, it does nothing more.
    """
    told = suspended = 0
    for found in _perhaps_unused(at):
        with transaction.atomic():
            user = User.objects.select_for_update().get(pk=found.pk)
            since = unused_since(joined_at=user.date_joined, signed_in_at=user.last_login, lifted_at=user.lifted_at)
            warned_at: datetime | None = getattr(found, "warned_at")  # noqa: B009  (annotated)
            if suspends(since, warned_at, at):
                _suspend(user, at)
                suspended += 1
            elif warns(since, at) and (warned_at is None or warned_at < since):
                tell(user=user, kind=NoticeKind.SUSPEND_SOON, at=at)
                told += 1
    return told, suspended


def _suspend(user: User, at: datetime) -> None:
    user.is_active, user.suspended_at = False, at
    user.save(update_fields=["is_active", "suspended_at"])
    end_places(user=user, ending=PlaceEnding.CLOSED, at=at)
    note_account_event(user=user, kind=AccountEventKind.SUSPENDED, at=at, by=None)
    tell(user=user, kind=NoticeKind.SUSPENDED, at=at)
    for follows in SUSPENDED:
        follows(user.pk, at)


@transaction.atomic
def lift_suspension(*, user: User, reason: str, at: datetime, by: Viewer) -> User:
    """Open a suspended account again, with a reason.

    Refuses one that is not suspended, one's own, and anybody but the administrator, a manager of an agency where the
    person works, and the data guardian.
    """
    owner = User.objects.select_for_update().get(pk=user.pk)
    check_not_own(owner.pk, by)
    today = timezone.localdate(at)
    held = Membership.objects.filter(user=owner, started_on__lte=today).filter(Q(ended_on=None) | Q(ended_on__gt=today))
    if not may_lift(by, held.values_list("agency_id", flat=True)):
        raise AccountRefused(
            "The technical administrator or a manager of their agency opens this account.", code="role_lacks"
        )
    if owner.suspended_at is None:
        raise AccountRefused("This account is not suspended.")
    owner.is_active, owner.suspended_at, owner.lifted_at = True, None, at
    owner.save(update_fields=["is_active", "suspended_at", "lifted_at"])
    note_account_event(user=owner, kind=AccountEventKind.LIFTED, at=at, reason=reason, by=by)
    tell(user=owner, kind=NoticeKind.LIFTED, at=at)
    return owner
