"""The ladder that an alert about an event climbs, which kind of alert is taken first, and how long an e-mail waits to
be tried again. Elapsed time only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts.choices import FunctionKey
from cases.clocks.choices import AlertKind, ClockKind

FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(minutes=5)


@dataclass(frozen=True)
class Step:
    """One rung: how long after the first, and every function that is told then."""

    after: timedelta
    functions: tuple[FunctionKey, ...]


_NIGHT = (FunctionKey.OUT_OF_HOURS,)
_POINT = (*_NIGHT, FunctionKey.NOTIFICATION_POINT)
_ALL = (*_POINT, FunctionKey.PANEL_OFFICE)

# Danger does not keep office hours: minutes are elapsed minutes, and every rung tells more people than the one
# before; the last tells all of them once more.
LADDERS: Mapping[AlertKind, tuple[Step, ...]] = {
    AlertKind.URGENT_NOTIFICATION: (
        Step(timedelta(), _NIGHT),
        Step(timedelta(minutes=15), _POINT),
        Step(timedelta(minutes=30), _ALL),
        Step(timedelta(minutes=45), _ALL),
    ),
    # A child may be known on a file that triage may not know of: the guardians alone are told, and told again.
    AlertKind.MATCH_QUESTION: (
        Step(timedelta(), (FunctionKey.DATA_GUARDIANS,)),
        Step(timedelta(hours=4), (FunctionKey.DATA_GUARDIANS,)),
        Step(timedelta(hours=24), (FunctionKey.DATA_GUARDIANS,)),
    ),
    # The clock of the review climbs; of the opening people are told once. Who leads is told in person.
    AlertKind.EMERGENCY_OPENED: (Step(timedelta(), (FunctionKey.DATA_GUARDIANS,)),),
    AlertKind.EMERGENCY_ON_FILE: (Step(timedelta(), (FunctionKey.NOTIFICATION_POINT,)),),
    AlertKind.RESTRICTION_LIFT: (),
    AlertKind.RESTRICTION_LIST: (),
    AlertKind.CONFLICT_RECORDED: (),
    AlertKind.CONFLICT_POSSIBLE: (),
    AlertKind.CONFLICT_LIFT: (),
    AlertKind.EMERGENCY_JUDGED: (),
    # Who received a share is told in person; the clock of the assessment climbs.
    AlertKind.SHARE_RECEIVED: (),
    AlertKind.SHARE_WITHDRAWN: (),
    AlertKind.ACCESS_ASKED: (Step(timedelta(), (FunctionKey.NOTIFICATION_POINT,)),),
    AlertKind.ACCESS_ANSWER: (),
    AlertKind.WISH_AGAINST: (Step(timedelta(), (FunctionKey.NOTIFICATION_POINT,)),),
    AlertKind.SHARED_IN_ERROR: (Step(timedelta(), (FunctionKey.DATA_GUARDIANS,)),),
    AlertKind.LOOK_DIGEST: (
        Step(timedelta(), (FunctionKey.DATA_GUARDIANS,)),
        Step(timedelta(days=7), (FunctionKey.DATA_GUARDIANS,)),
    ),
}

# What is dealt with first: danger, then the shorter the time that was allowed.
URGENCY: tuple[str, ...] = (
    AlertKind.URGENT_NOTIFICATION,
    ClockKind.URGENT_NOTIFICATION_DECIDED,
    AlertKind.EMERGENCY_ON_FILE,
    AlertKind.EMERGENCY_OPENED,
    AlertKind.MATCH_QUESTION,
    AlertKind.SHARED_IN_ERROR,
    AlertKind.SHARE_WITHDRAWN,
    ClockKind.BREACH_ASSESSED,
    ClockKind.NOTIFICATION_DECIDED,
    ClockKind.EMERGENCY_REVIEWED,
    ClockKind.INTERVIEW_HELD,
    ClockKind.ACTION_DONE,
    AlertKind.SHARE_RECEIVED,
    AlertKind.WISH_AGAINST,
    AlertKind.ACCESS_ASKED,
    ClockKind.ACCESS_ANSWERED,
    AlertKind.ACCESS_ANSWER,
    AlertKind.RESTRICTION_LIST,
    AlertKind.CONFLICT_RECORDED,
    AlertKind.CONFLICT_POSSIBLE,
    AlertKind.CONFLICT_LIFT,
    AlertKind.RESTRICTION_LIFT,
    ClockKind.RESTRICTION_REVIEWED,
    ClockKind.SHARING_REVIEWED,
    AlertKind.EMERGENCY_JUDGED,
    AlertKind.LOOK_DIGEST,
    ClockKind.REVIEW_SIGNED,
    ClockKind.AGREEMENT_RENEWED,
)


# What each who was told does for themselves: whoever takes it takes it from nobody else.
EACH_FOR_THEMSELVES = frozenset({AlertKind.SHARE_WITHDRAWN})


def dedupe_key_of(kind: str, subject_id: UUID, step: int, function: str) -> str:
    """What makes an alert one: its kind, subject and rung (from 1), and who is told."""
    return f"{kind}:{subject_id}:{step}:{function}"


def steps_reached(kind: AlertKind, *, raised_at: datetime, at: datetime) -> int:
    """How many rungs an alert that nobody has taken has reached at the instant `at`.

    Both instants are aware: the time between them is elapsed time, whatever the clocks on the wall did.
    """
    return sum(1 for step in LADDERS[kind] if raised_at + step.after <= at)


def wait_after(tries: int) -> timedelta:
    """How long to wait after so many failed tries to send an e-mail: 15 seconds, doubling up to 5 minutes."""
    doublings: int = min(max(tries - 1, 0), 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
