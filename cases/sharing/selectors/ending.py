"""What social care and police would lose of what keeps a child safe, if a share ended now."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone

from accounts.rules.viewers import Viewer
from cases.access.rules import Matrix, mask_of
from cases.record.models import ChronologyEntry, Involvement
from cases.record.selectors.hidden import is_restricted
from cases.sharing.choices import SharingKind
from cases.sharing.models.requests import AccessRequest
from cases.sharing.models.shares import SharingDecision
from cases.sharing.rules import shares as rules
from cases.sharing.selectors.shares import held_by, may_receive


def runs(decision: SharingDecision, at: datetime) -> bool:
    """Whether a decision is a share that holds now."""
    return (
        decision.kind == SharingKind.SHARED
        and decision.ended_at is None
        and decision.ends_at is not None
        and decision.ends_at > at
    )


def kinds_of(decision: SharingDecision) -> int:
    """The kinds of information that a share tells of, those of its single entries among them."""
    entries = ChronologyEntry.objects.filter(child_id=decision.child_id, pk__in=decision.entry_ids)
    return decision.category_mask | mask_of(entries.values_list("category", flat=True))


def lost_by_ending(decision: SharingDecision, *, by: Viewer, matrix: Matrix, at: datetime) -> int:
    """What keeps a child safe and a share brings to social care or police, that they would not see without it.

    Nothing where the receiver itself ends it, where its work with the child has ended since or everybody's has, where
    nobody there can read it now, and of what else opens to them for as long.
    """
    if decision.agency.sector not in rules.SAFETY_SECTORS or not runs(decision, at):
        return 0
    if by.agency_id == decision.agency_id or is_restricted(decision.child) or _is_work_over(decision):
        return 0
    there = may_receive(decision.child_id, but=None, at=at, agency_id=decision.agency_id)
    readers = [member.role for member in there if decision.membership_id in (None, member.pk)]
    less = held_by(
        decision.child_id,
        agency=decision.agency,
        membership=decision.membership,
        at=at,
        but=decision.pk,
        until=decision.ends_at,
    )
    return rules.lost(kinds_of(decision), roles=readers, sector=decision.agency.sector, less=less, matrix=matrix)


def _is_work_over(decision: SharingDecision) -> bool:
    """Whether the receiver has worked with the child since and does not any more, or whoever did."""
    work = list(Involvement.objects.filter(child_id=decision.child_id).values_list("working_agency_id", "ended_on"))
    theirs = [ended_on for agency_id, ended_on in work if agency_id == decision.agency_id]
    since = timezone.localdate(decision.decided_at)
    return _has_ended(theirs, since) or _has_ended([ended_on for _, ended_on in work], since)


def _has_ended(ends: list[date | None], since: date) -> bool:
    ended = [ended_on for ended_on in ends if ended_on is not None]
    return len(ended) == len(ends) and any(ended_on >= since for ended_on in ended)


def was_asked_for(decision: SharingDecision, kinds: int) -> bool:
    """Whether somebody there asked for any of these kinds, and a share brings them, wholly or in part."""
    waiting = Q(answered_at=None, asked_as__agency_id=decision.agency_id, asked_at__lte=decision.decided_at)
    rows = AccessRequest.objects.filter(Q(decision_id=decision.pk) | waiting, child_id=decision.child_id)
    return any(mask & kinds for mask in rows.values_list("category_mask", flat=True))
