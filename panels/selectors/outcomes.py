"""What referrers are told of the panel's first decision about the child they told of."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import F

from cases.record.selectors.hidden import kept_apart, restricted_among
from panels.models import PanelDecision
from panels.rules.outcomes import told_of
from referrals.models import Notification
from referrals.rules.triage import ACCEPTED
from referrals.selectors.outcomes import LaterOutcome

HEADING = "What the panel decided"


def outcomes_for(notifications: list[Notification], at: datetime) -> dict[UUID, LaterOutcome]:
    """For each accepted notification the first decision of a closed meeting since, in the words of `told_of`.

    Nothing is told of a child whose file is open to named people only, or to a referrer with a conflict of interest.
    """
    asked = {row.pk: row for row in notifications if hasattr(row, "decision") and row.decision.outcome in ACCEPTED}
    decisions = list(
        PanelDecision.objects.filter(child_id__in=[row.child_id for row in asked.values()])
        .annotate(closed_at=F("item__meeting__closed_at"))
        .filter(closed_at__lte=at)
        .order_by("decided_at")
    )
    if not decisions:
        return {}
    kept = _kept_from({one.child_id for one in decisions}, {row.referrer_id for row in asked.values()}, at)
    found: dict[UUID, LaterOutcome] = {}
    for pk, row in asked.items():
        since = [one for one in decisions if one.child_id == row.child_id and one.decided_at >= row.decision.decided_at]
        if since and (row.child_id, row.referrer_id) not in kept:
            first = since[0]
            found[pk] = LaterOutcome(HEADING, told_of(first.code), max(first.closed_at, first.decided_at))
    return found


def _kept_from(child_ids: set[UUID], referrers: set[int], at: datetime) -> set[tuple[UUID, int]]:
    """The pairs of file and referrer about which nothing may be told, for the file or for one merged with it."""
    restricted = restricted_among(child_ids)
    return {(child, person) for child in restricted for person in referrers} | kept_apart(child_ids, referrers, at)
