"""What is owed about sharing by people whose work on a file has ended, and who owes it from now."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from accounts.choices import FunctionKey
from accounts.models import Agency
from accounts.selectors.people import function_group
from cases.access.selectors import still_reached
from cases.clocks.choices import ClockKind, ClockState
from cases.clocks.models import Clock
from cases.record.models import Child, Involvement
from cases.record.selectors.hidden import is_restricted
from cases.sharing.selectors.emergency import lead_to_tell

KINDS = (ClockKind.ACCESS_ANSWERED, ClockKind.SHARING_REVIEWED)


def clocks_left(work: Involvement, *, at: datetime) -> list[Clock]:
    """The running clocks about sharing on a file that were the worker's; where the work has ended, those of colleagues
    too, and of the agency itself, whom nothing else lets see the file.
    """
    theirs = Q(owner_membership__agency_id=work.working_agency_id)
    ours = Q(owner_membership=None, owner_group_id=work.working_agency.group_id)
    rows = Clock.objects.filter(theirs | ours, child_id=work.child_id, state=ClockState.RUNNING, kind__in=KINDS)
    return [clock for clock in rows.order_by("pk") if _is_left(clock, work, at)]


def _is_left(clock: Clock, work: Involvement, at: datetime) -> bool:
    if clock.owner_membership_id is not None and clock.owner_membership_id == work.membership_id:
        others = Involvement.objects.filter(child_id=work.child_id, membership_id=work.membership_id, ended_on=None)
        return work.ended_on is None or not others.exists()
    return work.ended_on is not None and not _reached(work.child, work.working_agency, clock.owner_membership_id, at)


def _reached(child: Child, agency: Agency, membership_id: UUID | None, at: datetime) -> bool:
    named_only = is_restricted(child)
    return still_reached(child.pk, group_id=agency.group_id, membership_id=membership_id, named_only=named_only, at=at)


def who_reviews(work: Involvement, *, at: datetime) -> tuple[UUID | None, int]:
    """Who reviews a decision after somebody whose work has ended: who leads; else their agency while it sees the file,
    else the notification point. A membership where there is one, and the group that owes it where it has ended.
    """
    lead = lead_to_tell(work.child_id, at=at)
    if lead is not None:
        return lead.pk, lead.agency.group_id
    if _reached(work.child, work.working_agency, None, at):
        return None, work.working_agency.group_id
    return None, function_group(FunctionKey.NOTIFICATION_POINT).pk
