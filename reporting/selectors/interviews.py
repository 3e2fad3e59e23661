"""Returns from being missing, and what became of the interview that each asks for.

Source: domain facts F2, measures 25 and 26 with their edge rules: by the day of the return, open episodes outside
every denominator, absences only where an interview was decided on, and a child missing again keeps both returns.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, DateTimeField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from missing.choices import EpisodeKind, NotNeededReason
from missing.models import MissingEpisode
from reporting.measures import COMPLETED, ELIGIBLE
from reporting.rules.periods import Period

WITHIN, LATE, NOT_HELD = "within", "late", "not_held"
STILL_MISSING, RUNNING, NOT_OFFERED = "still_missing", "running", "not_offered"
CODES = (WITHIN, LATE, NOT_HELD, STILL_MISSING, RUNNING, NOT_OFFERED)

# An absence asks for an interview only where one was decided on; the row of the interview is that decision.
ASKS_FOR_ONE = Q(kind=EpisodeKind.MISSING) | Q(interview__isnull=False)
# Reasons for which nobody here could have offered one. Every other reason is an interview that was due and not held.
NONE_POSSIBLE = Q(interview__not_needed_reason__in=[NotNeededReason.DECEASED, NotNeededReason.MOVED])


def episodes_known(*, as_at: datetime, within: timedelta) -> QuerySet[Any]:
    """Episodes as they had been recorded at the instant of counting, each with the end of its time (`due_at`).

    `within` is the measure's own: the elapsed time after the return in which an interview is held in time.
    """
    due = ExpressionWrapper(F("returned_at") + Value(within), output_field=DateTimeField())
    known: QuerySet[Any] = MissingEpisode.objects.filter(recorded_at__lte=as_at).annotate(due_at=due)
    return known


def returned_in(period: Period) -> Q:
    """Returns of a period after which an interview is asked for."""
    return Q(ASKS_FOR_ONE, returned_at__gte=period.start, returned_at__lt=period.end)


def missing_at_end(period: Period) -> Q:
    """Children who were missing, and not back, at the end of a period."""
    gone = Q(kind=EpisodeKind.MISSING, last_seen_at__lt=period.end)
    not_back = Q(returned_at=None) | Q(returned_at__gte=period.end)
    return gone & not_back & (Q(closed_at=None) | Q(closed_at__gte=period.end))


def became(code: str, *, as_at: datetime) -> Q:
    """What became of the interview after a return, as it stood at the instant of counting."""
    held, possible = Q(interview__held_at__lte=as_at), ~NONE_POSSIBLE | Q(interview=None)
    over = Q(due_at__lte=as_at)
    not_held = Q(interview__held_at=None) | Q(interview__held_at__gt=as_at)
    conditions: dict[str, Q] = {
        WITHIN: held & Q(interview__held_at__lte=F("due_at")),
        LATE: held & Q(interview__held_at__gt=F("due_at")),
        NOT_HELD: not_held & possible & over,
        RUNNING: not_held & possible & ~over,
        NOT_OFFERED: not_held & NONE_POSSIBLE,
    }
    conditions[COMPLETED] = held
    conditions[ELIGIBLE] = held | conditions[NOT_HELD]
    return conditions[code]


def count_interviews(windows: dict[str, Period], *, as_at: datetime, within: timedelta) -> dict[str, dict[str, int]]:
    """How many returns there are of each code in each window, in one statement."""
    counts: dict[str, Any] = {}
    for window, period in windows.items():
        for code in CODES:
            if code == STILL_MISSING:
                child = Coalesce("child__merged_into_id", "child_id")
                counts[f"{window}__{code}"] = Count(child, filter=missing_at_end(period), distinct=True)
            else:
                counts[f"{window}__{code}"] = Count("pk", filter=returned_in(period) & became(code, as_at=as_at))
    last = max(period.end for period in windows.values())
    found = episodes_known(as_at=as_at, within=within).filter(last_seen_at__lt=last).aggregate(**counts)
    return {window: {code: found[f"{window}__{code}"] for code in CODES} for window in windows}
