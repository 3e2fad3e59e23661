"""Notifications that a conflict of interest keeps from whoever triages, before anybody has said whose they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Membership
from accounts.rules.roles import ROLES, Capability
from accounts.rules.viewers import Viewer
from cases.record.rules.matching import Band, Known, compare
from cases.record.selectors.hidden import blocked_files
from cases.record.selectors.matching import described, name_variants
from referrals.choices import NotificationStatus
from referrals.models import MatchQuestion, Notification
from referrals.selectors.matching import known_of_notification

TRIAGING = [key for key, role in ROLES.items() if Capability.TRIAGE in role.capabilities]


def kept_among(rows: QuerySet[Notification], user_id: int, at: datetime) -> set[UUID]:
    """Those of some notifications that are joined to no file and look like a child from whose file somebody is kept.

    However little two look alike: where triage would be offered the file, somebody else decides. A guardian who has
    said that it is another child ends it.
    """
    held = described([row["kept_id"] for row in blocked_files(user_id, at)], at=at)
    if not held:
        return set()
    others = MatchQuestion.objects.filter(same_child=False)
    told_apart = set(others.values_list("notification_id", Coalesce("child__merged_into_id", "child_id")))
    on = timezone.localdate(at)
    variants = name_variants(on=on)

    def may_be(row: Notification, known: Known) -> bool:
        return compare(known_of_notification(row), known, variants=variants, on=on).band != Band.NONE

    return {
        row.pk
        for row in rows.filter(child=None)
        if any((row.pk, file) not in told_apart and may_be(row, known) for file, known in held)
    }


def _waiting() -> QuerySet[Notification]:
    return Notification.objects.filter(status=NotificationStatus.SENT)


def notifications_kept_from(viewer: Viewer, at: datetime) -> QuerySet[Any]:
    """The ids of notifications of which a viewer who triages may have no alert: those that wait and are kept from them,
    and those that went to a file which is. To whoever triages nothing an alert of one leads nowhere, and names nobody.
    """
    if not viewer.may(Capability.TRIAGE):
        return Notification.objects.none().values("pk")
    kept = kept_among(_waiting(), viewer.person_id, at)
    joined = Q(child__in=blocked_files(viewer.person_id, at))
    return Notification.objects.filter(Q(pk__in=kept) | joined).values("pk")


def kept_from_everybody(at: datetime) -> dict[UUID, set[UUID]]:
    """The waiting notifications that are kept from everybody who triages now, each with the files that keep somebody
    from it.
    """
    serving = Membership.objects.current(timezone.localdate(at)).filter(
        role__in=TRIAGING, agency__ended_on=None, user__is_service=False
    )
    people = list(serving.order_by("user_id").values_list("user_id", flat=True).distinct())
    kept: set[UUID] | None = None
    for user_id in people:
        rows = _waiting() if kept is None else _waiting().filter(pk__in=kept)
        kept = kept_among(rows, user_id, at)
        if not kept:
            return {}
    files = {row["kept_id"] for user_id in people for row in blocked_files(user_id, at)}
    return dict.fromkeys(kept or (), files)
