"""What becomes of the interviews of somebody whom a conflict of interest now keeps from the child."""

from __future__ import annotations

from datetime import datetime

from accounts.models import Membership
from accounts.rules.viewers import Viewer
from cases.access.services import end_grants_from
from cases.clocks.choices import ClockKind
from cases.clocks.selectors import running_owner
from cases.clocks.services import give_clock
from cases.record.models import Child
from missing.selectors.interviews import named_for
from missing.services.interviews import lock_interview
from missing.services.opening import interview_team

NAME_OFF = "The interview waits for another name"


def take_name_off(*, child: Child, user_id: int, successor: Membership | None, at: datetime, by: Viewer) -> None:
    """Every interview with the child that somebody was named for, and that is owed still, waits for a name again.

    The 72 hours go on: they are the team's, which is told as of any that nobody has, also where a successor takes over
    other work: whoever holds an interview is named with a briefing. Nobody reads why. Where the interview was held, who
    held it stays; writing it up is another's.
    """
    for named in named_for(child.pk, user_id):
        interview = lock_interview(named)
        interview.allocated = None
        interview.version += 1
        interview.save(update_fields=["allocated", "version"])
        end_grants_from(source_id=interview.pk, at=at, by=by, why=NAME_OFF)
        if running_owner(ClockKind.INTERVIEW_HELD, interview.pk) == named.allocated_id:
            give_clock(
                kind=ClockKind.INTERVIEW_HELD,
                subject_id=interview.pk,
                owner_membership_id=None,
                owner_group_id=interview_team(),
                at=at,
                by=by,
            )
