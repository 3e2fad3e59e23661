"""What each measure counts, set-based: one statement for a measure, whatever the number of rows.

The principal `measures` counts, so that a total does not depend on who asks for the report; it reads every file,
also those that are open to named people only, and gives out numbers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Case, CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from accounts.choices import Sector
from accounts.rules.viewers import SystemPrincipal, Viewer
from cases.record.choices import RiskLevel
from cases.record.models import Child, Spell
from referrals.models import Notification
from reporting.measures import BEFORE, THIS, Counts, Measure
from reporting.rules.periods import Period
from reporting.selectors import interviews

Count_ = Callable[[Measure, Viewer, Period, datetime], Counts]


class CountRefused(Exception):
    """Only the principal `measures` counts: anybody else's count would depend on what they may see."""


def counted(measure: Measure, *, viewer: Viewer, period: Period, as_at: datetime) -> Counts:
    """How many, for a period and the one before it, by the codes of one measure; every code is there.

    `as_at` is the instant of counting: what was recorded later is left out. Raises CountRefused for any viewer but
    the principal `measures`.
    """
    if viewer.system != SystemPrincipal.MEASURES:
        raise CountRefused("Totals are counted by the principal `measures` alone.")
    count, codes = COUNTED[measure.key]
    found = count(measure, viewer, period, as_at)
    return {window: {code: found.get(window, {}).get(code, 0) for code in codes} for window in (THIS, BEFORE)}


# What counts: the rows behind a number, for the number itself and for the files behind it.


def sent_in(period: Period, *, as_at: datetime) -> QuerySet[Notification]:
    """The notifications that were sent in a period, each in its own right, whatever was decided about it."""
    return Notification.objects.filter(sent_at__gte=period.start, sent_at__lt=period.end, sent_at__lte=as_at)


def open_at_end(viewer: Viewer, period: Period, *, at: datetime, as_at: datetime) -> QuerySet[Any]:
    """The files a viewer may know of with casework open at the end of a period, with the level of then (`level_then`).

    A spell's end is the first day on which it no longer held. The casework of a file that was merged is that of the
    file it was merged into. A level is one that people judged: a referrer's score waiting to be judged is none.
    """
    running = Spell.objects.filter(Q(ended_on=None) | Q(ended_on__gt=period.last), started_on__lte=period.last)
    files = running.filter(recorded_at__lte=as_at).values(file=Coalesce("child__merged_into_id", "child_id"))
    kept: QuerySet[Any] = Child.objects.visible_to(viewer, at=at).filter(merged_into=None, pk__in=files)
    with_level: QuerySet[Any] = kept.annotate(level_then=_level_at(period.end))
    return with_level


def _level_at(instant: datetime) -> Case:
    """The level judged last before an instant: today's, where it is as old as that, else the one in the history."""
    history = (
        apps.get_model("cases", "ChildEvent")
        ._default_manager.filter(pgh_obj_id=OuterRef("pk"), level_judged_at__lt=instant)
        .order_by("-level_judged_at", "-pgh_id")
    )
    none = Value(RiskLevel.NOT_ASSESSED.value)
    return Case(
        When(level_judged_at=None, then=none),
        When(level_judged_at__lt=instant, then=F("level")),
        default=Coalesce(Subquery(history.values("level")[:1]), none),
        output_field=CharField(),
    )


# The counts themselves.


def _notifications_by_source(measure: Measure, viewer: Viewer, period: Period, as_at: datetime) -> Counts:
    both = sent_in(Period(period.before.first, period.last), as_at=as_at)
    is_this = Q(sent_at__gte=period.start)
    rows = (
        both.order_by()
        .values("agency__sector")
        .annotate(this=Count("pk", filter=is_this), before=Count("pk", filter=~is_this))
    )
    found: dict[str, dict[str, int]] = {THIS: {}, BEFORE: {}}
    for row in rows:
        found[THIS][row["agency__sector"]] = row["this"]
        found[BEFORE][row["agency__sector"]] = row["before"]
    return found


def _open_by_level(measure: Measure, viewer: Viewer, period: Period, as_at: datetime) -> Counts:
    def at_end(which: Period, window: str) -> QuerySet[Any, Any]:
        files = open_at_end(viewer, which, at=as_at, as_at=as_at).order_by()
        numbers: QuerySet[Any, Any] = files.values("level_then").annotate(window=Value(window), number=Count("pk"))
        return numbers

    rows = at_end(period, THIS).union(at_end(period.before, BEFORE), all=True)
    found: dict[str, dict[str, int]] = {THIS: {}, BEFORE: {}}
    for row in rows:
        found[row["window"]][row["level_then"]] = row["number"]
    return found


def _interviews(measure: Measure, viewer: Viewer, period: Period, as_at: datetime) -> Counts:
    return interviews.count_interviews({THIS: period, BEFORE: period.before}, as_at=as_at, within=measure.within)


# The measures that the system counts, in the order of a report: how, and by which codes. A system check compares
# keys and codes with the definition files, both ways.
COUNTED: Mapping[str, tuple[Count_, tuple[str, ...]]] = {
    "notifications_by_source": (_notifications_by_source, tuple(Sector.values)),
    "open_by_level": (_open_by_level, tuple(RiskLevel.values)),
    "interviews_in_72_hours": (_interviews, interviews.CODES),
}
