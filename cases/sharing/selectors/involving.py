"""What the child has said about an agency that somebody may bring in, and when work on a file was a mistake."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Agency, FunctionMember, Membership
from accounts.rules.roles import ROLES, Capability
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.access.rules import Matrix
from cases.access.selectors import matrix_in_force
from cases.clocks.rules.due import midnight
from cases.record.models import Child, Involvement
from cases.record.selectors.hidden import is_restricted
from cases.sharing.choices import Answer, SharingKind
from cases.sharing.models.shares import SharingDecision
from cases.sharing.rules import shares as rules
from cases.sharing.rules.shares import Told, Wish
from cases.sharing.selectors.shares import may_receive, wish_that_holds


def what_they_would_know(child: Child, agency: Agency, *, matrix: Matrix, at: datetime) -> int:
    """The kinds of information that the agency's people would know something of, now or when others come to it."""
    there = may_receive(child.pk, but=None, at=at, agency_id=agency.pk)
    return rules.would_know_of({member.role for member in there} | set(rules.jobs_of(agency.sector)), matrix)


def goes_against_wish(child: Child, agency: Agency, *, matrix: Matrix, at: datetime) -> bool:
    """Whether the child has said something that bringing the agency in goes against.

    An agency that works with the child already sees the file already; on one for named people each worker is new.
    """
    wish = wish_that_holds(child.pk)
    return wish is not None and _goes_against(wish, child, agency, matrix=matrix, at=at)


def unwanted_among(child: Child, agencies: Iterable[Agency], *, at: datetime) -> list[Agency]:
    """Those of some agencies whose coming goes against what the child has said."""
    agencies = list(agencies)
    wish = wish_that_holds(child.pk) if agencies else None
    if wish is None:
        return []
    matrix = matrix_in_force(on=timezone.localdate(at))
    return [agency for agency in agencies if _goes_against(wish, child, agency, matrix=matrix, at=at)]


def newly_told_against_wish(child: Child, people: Iterable[Membership], *, at: datetime) -> list[Membership]:
    """Those of some people whom access in person would let in against what the child has said: of an agency that
    `unwanted_among` names, neither named there nor in a job that sees the file already. A data guardian oversees all.
    """
    people = [member for member in people if Capability.AUDIT not in ROLES[member.role].capabilities]
    unwanted = set(unwanted_among(child, {member.agency for member in people}, at=at))
    if not unwanted:
        return []
    there = [member for member in people if member.agency in unwanted]
    live = AccessGrant.objects.live(at).filter(child_id=child.pk)
    named = live.filter(reason=GrantReason.NAMED, membership__in=there)
    seeing = set(named.values_list("membership_id", flat=True))
    if not is_restricted(child):
        jobs = live.filter(reason=GrantReason.FUNCTION).values("group_id")
        serving = FunctionMember.objects.current(timezone.localdate(at)).filter(function__group_id__in=jobs)
        seeing |= set(serving.filter(membership__in=there).values_list("membership_id", flat=True))
    return [member for member in there if member.pk not in seeing]


def works_otherwise(work: Involvement, *, at: datetime) -> bool:
    """Whether the agency of some work on a file has other work there that goes on at the instant `at`, and has not
    been found to be a mistake.
    """
    same = Involvement.objects.filter(child_id=work.child_id, working_agency_id=work.working_agency_id)
    others = same.filter(recorded_at__lte=at).exclude(pk__in=_mistakes()).exclude(pk=work.pk)
    ends = [end_of_access(other) for other in others]
    return any(end is None or end.at > at for end in ends)


def found_mistaken(child_id: UUID) -> set[UUID | None]:
    """The work on a file that was found to be a mistake, by id."""
    return set(_mistakes().filter(child_id=child_id))


def _mistakes() -> QuerySet[Any, UUID | None]:
    rows = SharingDecision.objects.filter(kind=SharingKind.INVOLVED, breach__isnull=False)
    return rows.values_list("involvement_id", flat=True)


def work_to_end(child_id: UUID, involvement_id: UUID) -> Involvement | None:
    """Some work on a file that can be ended, or has ended and can be found to have been a mistake."""
    rows = Involvement.objects.filter(child_id=child_id, pk=involvement_id).exclude(pk__in=_mistakes())
    return rows.select_related("membership__user", "working_agency").first()


@dataclass(frozen=True)
class EndOfAccess:
    """When the access that came with some work ended, and who ended it, by user; nobody where that is not known."""

    at: datetime
    by_id: int | None


def end_of_access(work: Involvement) -> EndOfAccess | None:
    """The end of the access that came with some work; None while the work goes on."""
    if work.ended_on is None:
        return None
    ended = AccessGrant.objects.filter(source_id=work.pk, ended_at__isnull=False).order_by("-ended_at").first()
    if ended is None or ended.ended_at is None:
        return EndOfAccess(midnight(work.ended_on + timedelta(days=1)), None)
    return EndOfAccess(ended.ended_at, ended.ended_by_id)


def reached_for_safety(agency: Agency) -> bool:
    """Whether what keeps a child safe always reaches an agency: social care and police, whatever the child says."""
    return agency.sector in rules.SAFETY_SECTORS


def _goes_against(wish: Wish, child: Child, agency: Agency, *, matrix: Matrix, at: datetime) -> bool:
    involved = Involvement.objects.filter(child=child, working_agency=agency, ended_on=None)
    if involved.exists() and not is_restricted(child):
        return False
    # What the child says of this one agency is not asked yet.
    unasked = Told(Answer.NO_ANSWER)
    mask = what_they_would_know(child, agency, matrix=matrix, at=at)
    return rules.goes_against_child(unasked, wish, mask=mask, sector=agency.sector)
