"""What was withdrawn from whom it had been shared with in error, and who of them has destroyed what they had."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, User
from accounts.rules.viewers import Viewer
from cases.access.rules import Level, Matrix
from cases.clocks.choices import AlertKind
from cases.clocks.models import Alert, OutboxMessage
from cases.clocks.selectors import alerts_for
from cases.record.models import ChronologyEntry
from cases.sharing.models.shares import CopiesDestroyed, SharingBreach, SharingDecision
from cases.sharing.rules.shares import entry_seen_by

WITHDRAWN = AlertKind.SHARE_WITHDRAWN


def share_withdrawn(viewer: Viewer, breach_id: UUID, *, at: datetime) -> SharingBreach | None:
    """What was shared in error and withdrawn, for whoever was told to destroy it and may still know of the file; None
    for any other, whether or not there is one.
    """
    told = alerts_for(viewer, at=at).filter(kind=WITHDRAWN)
    rows = SharingBreach.objects.filter(pk__in=told.values("subject_id"))
    people = ("decision__decided_as__user", "decision__decided_as__agency", "decision__child", "found_by")
    return rows.select_related(*people).filter(pk=breach_id).first()


def entries_told(viewer: Viewer, decision: SharingDecision, matrix: Matrix) -> int:
    """How many single entries were shared, of those of which the viewer's job sees anything."""
    rows = ChronologyEntry.objects.filter(child_id=decision.child_id, pk__in=decision.entry_ids)
    kinds = rows.order_by().values_list("category", flat=True)
    return sum(entry_seen_by([viewer.role_key], category, matrix) > Level.NONE for category in kinds)


def destroyed_by(viewer: Viewer, breach_id: UUID) -> CopiesDestroyed | None:
    """That the viewer has destroyed what they had, where they have said so."""
    rows = CopiesDestroyed.objects.filter(breach_id=breach_id, membership_id=viewer.acting_membership_id)
    return rows.first()


@dataclass(frozen=True)
class ToldToDestroy:
    """One person who was told to destroy what they were given in error: whether an e-mail went to them, and when they
    said that they have.
    """

    member: Membership
    written_to: bool
    destroyed_at: datetime | None


def told_to_destroy(breach_id: UUID) -> list[ToldToDestroy]:
    """Everybody who was told to destroy what they were given in error, by name."""
    written = OutboxMessage.objects.filter(alert=OuterRef("pk"), membership=OuterRef("membership"), kept_at=None)
    alerts = Alert.objects.filter(kind=WITHDRAWN, subject_id=breach_id, membership__isnull=False)
    rows = alerts.select_related("membership__user", "membership__agency").annotate(written_to=Exists(written))
    said = dict(CopiesDestroyed.objects.filter(breach_id=breach_id).values_list("membership_id", "confirmed_at"))
    people = [
        ToldToDestroy(row.membership, row.written_to, said.get(row.membership.pk)) for row in rows if row.membership
    ]
    return sorted(people, key=lambda one: (str(one.member.user), str(one.member.pk)))


def jobs_held_by(user: User | None, *, at: datetime) -> list[Membership]:
    """What somebody was, and for which agency, on a day: so that whoever did something can be found again."""
    if user is None:
        return []
    rows = Membership.objects.current(timezone.localdate(at)).filter(user=user)
    return list(rows.select_related("agency").order_by("started_on", "pk"))


def withdrawn_addresses(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Where whoever was told to destroy something reads what it is."""
    return {pk: reverse("cases:share_withdrawn", args=[pk]) for pk in ids}
