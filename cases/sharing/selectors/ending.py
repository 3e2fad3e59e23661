"""What social care and police would lose of what keeps a child safe, if a share ended now."""

from __future__ import annotations

from datetime import datetime

from accounts.rules.viewers import Viewer
from cases.access.rules import Matrix, mask_of
from cases.record.models import ChronologyEntry, Involvement
from cases.sharing.choices import RequestAnswer, SharingKind
from cases.sharing.models.requests import AccessRequest
from cases.sharing.models.shares import SharingDecision
from cases.sharing.rules import shares as rules
from cases.sharing.selectors.involving import end_of_access
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


def left_out(earlier: SharingDecision, made: SharingDecision) -> int:
    """The kinds of information that a share tells of and a decision in its place says nothing of. Single entries stand
    in for themselves, never for their kind.
    """
    gone = set(earlier.entry_ids) - set(made.entry_ids)
    entries = ChronologyEntry.objects.filter(child_id=earlier.child_id, pk__in=gone)
    return (earlier.category_mask | mask_of(entries.values_list("category", flat=True))) & ~made.category_mask


def lost_by_ending(decision: SharingDecision, *, by: Viewer, matrix: Matrix, at: datetime) -> int:
    """What keeps a child safe and a share brings to social care or police, that they would not see without it.

    Nothing where the receiver itself ends it, where its work with the child has ended since or everybody's has, where
    nobody there can read it now, and of what else opens to them for as long. On a file for named people it sleeps, and
    is lost all the same: they would see it when the restriction is lifted.
    """
    if decision.agency.sector not in rules.SAFETY_SECTORS or not runs(decision, at):
        return 0
    if by.agency_id == decision.agency_id or _is_work_over(decision):
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
    work = list(Involvement.objects.filter(child_id=decision.child_id))
    theirs = [row for row in work if row.working_agency_id == decision.agency_id]
    return _has_ended(theirs, decision.decided_at) or _has_ended(work, decision.decided_at)


def _has_ended(work: list[Involvement], since: datetime) -> bool:
    """Whether all of some work has ended, and some of it after an instant."""
    ends = [ended.at for ended in map(end_of_access, work) if ended is not None]
    return len(ends) == len(work) and any(end > since for end in ends)


def was_asked_for(decision: SharingDecision, kinds: int) -> bool:
    """Whether somebody there had asked for any of these kinds when it was shared, and was not refused it. Whichever
    share answered them: it may have been made anew since, or have brought a part.
    """
    rows = AccessRequest.objects.filter(
        child_id=decision.child_id, asked_as__agency_id=decision.agency_id, asked_at__lte=decision.decided_at
    )
    return any(_asked_for(request) & kinds for request in rows.select_related("decision"))


def _asked_for(request: AccessRequest) -> int:
    """What of a request was not refused: all while it waits; what had come before, where the rest was refused."""
    if request.answer != RequestAnswer.REFUSED:
        return request.category_mask
    return request.category_mask & ~request.decision.category_mask if request.decision else 0
