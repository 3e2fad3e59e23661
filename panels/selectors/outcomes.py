"""What referrers are told of the panel's first decision about the child they told of."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cases.record.selectors.hidden import kept_apart, restricted_among
from panels.choices import MeetingState
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
    asked = {
        row.pk: row
        for row in notifications
        if row.child_id is not None and hasattr(row, "decision") and row.decision.outcome in ACCEPTED
    }
    if not asked:
        return {}
    child_ids = {row.child_id for row in asked.values() if row.child_id is not None}
    decisions = list(
        PanelDecision.objects.filter(child_id__in=child_ids, item__meeting__state=MeetingState.CLOSED)
        .filter(item__meeting__closed_at__lte=at)
        .select_related("item__meeting")
        .order_by("decided_at")
    )
    if not decisions:
        return {}
    kept = _kept_from(child_ids, {row.referrer_id for row in asked.values()}, at)
    found: dict[UUID, LaterOutcome] = {}
    for pk, row in asked.items():
        since = [one for one in decisions if one.child_id == row.child_id and one.decided_at >= row.decision.decided_at]
        if since and (row.child_id, row.referrer_id) not in kept:
            first = since[0]
            told_at = max(first.item.meeting.closed_at or at, first.decided_at)
            found[pk] = LaterOutcome(HEADING, told_of(first.code), told_at)
    return found


def _kept_from(child_ids: set[UUID], referrers: set[int], at: datetime) -> set[tuple[UUID, int]]:
    """The pairs of child and referrer about which nothing may be told."""
    restricted = restricted_among(child_ids)
    return {(child, person) for child in restricted for person in referrers} | kept_apart(child_ids, referrers, at)
