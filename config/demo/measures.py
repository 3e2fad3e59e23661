"""The calibrated figures as a database holds them: what the demo came to, not what it was drawn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import fmean

from django.db.models import F, Q, QuerySet

from cases.access.choices import Category
from cases.record.choices import AuthorityKind, HarmStatus, InvolvementRole, PlanStatus, Sex
from cases.record.models import AuthorityPeriod, Child, ChronologyEntry, Involvement, PlanPeriod
from cases.record.rules import age_on
from config.demo.texts import words
from config.demo.times import day_of
from missing.models import MissingEpisode, ReturnInterview
from referrals.choices import ConcernKind, TriageOutcome
from referrals.models import Notification
from risk.models import RiskAssessment

POPULATION_0_TO_17 = 120_000
USUAL_FILES = 240
EXPLOITED = (HarmStatus.SUSPECTED, HarmStatus.KNOWN)
TICKED = ("yes", "possible")


def measured(*, at: datetime) -> dict[str, float]:
    """Every calibrated figure of the database, by its key; 0 where there is nobody to count."""
    return {key: measure(at) for key, measure in MEASURES.items()}


def accepted() -> QuerySet[Notification]:
    """Notifications that opened a file."""
    return Notification.objects.filter(decision__outcome__in=(TriageOutcome.ACCEPT_NEW, TriageOutcome.SOCIAL_CARE))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _sex_notified(sex: Sex) -> Callable[[datetime], float]:
    def measure(at: datetime) -> float:
        sexual = accepted().filter(concerns__contains=[ConcernKind.SEXUAL])
        return _share(sexual.filter(sex=sex).count(), sexual.count())

    return measure


def _ages(at: datetime) -> list[int]:
    rows = accepted().values_list("child__birth_date", "sent_at")
    return [age for born, sent in rows if (age := age_on(born, day_of(sent))) is not None]


def _missing(at: datetime) -> float:
    children = set(accepted().filter(concerns__contains=[ConcernKind.SEXUAL]).values_list("child_id", flat=True))
    return _share(_children(MissingEpisode.objects.filter(child__in=children)), len(children))


def _interviews_in_time(at: datetime) -> float:
    held = ReturnInterview.objects.filter(held_at__isnull=False)
    return _share(held.filter(held_at__lte=F("returned_at") + timedelta(hours=72)).count(), held.count())


def _repeat_missing(at: datetime) -> float:
    episodes = Counter(MissingEpisode.objects.values_list("child_id", flat=True))
    return _share(sum(number >= 3 for number in episodes.values()), len(episodes))


def _ticked(code: str, *harm: HarmStatus) -> Callable[[datetime], float]:
    """Of the assessed children with a harm status, those for whom an indicator was ever ticked."""

    def measure(at: datetime) -> float:
        assessed = RiskAssessment.objects.filter(provisional=False, child__harm_status__in=harm)
        ticked = assessed.filter(Q(**{f"answers__{code}__value__in": TICKED}))
        return _share(_children(ticked), _children(assessed))

    return measure


def _children(rows: QuerySet) -> int:
    return len(set(rows.values_list("child_id", flat=True)))


def _known_to(agency: str, role: InvolvementRole) -> Callable[[datetime], float]:
    """Of the exploited children with a file for six weeks, those whom a service has worked with."""
    name = next(row["name"] for row in words("agencies")["agencies"] if row["key"] == agency)

    def measure(at: datetime) -> float:
        settled = Child.objects.filter(harm_status__in=EXPLOITED, opened_at__lt=at - timedelta(days=42))
        known = Involvement.objects.filter(child__in=settled, working_agency__name=name, role=role)
        return _share(_children(known), settled.count())

    return measure


def _placed_in(at: datetime) -> float:
    here = words("places")["authority"]
    looked_after = PlanPeriod.objects.filter(status=PlanStatus.LOOKED_AFTER, ended_on=None).values("child")
    placing = AuthorityPeriod.objects.filter(kind=AuthorityKind.PLACING, child__in=looked_after)
    host = AuthorityPeriod.objects.filter(kind=AuthorityKind.HOST, child__in=looked_after)
    return _share(placing.count(), looked_after.count() - host.exclude(authority=here).count())


def _found_by_interview(at: datetime) -> float:
    """A year's share of eighteen months, for as many files as the default has."""
    found = accepted().filter(membership__role="return_interviewer").count()
    return found * 365 / 548 * USUAL_FILES / max(1, accepted().count())


def _first_contact_days(at: datetime) -> float:
    longest = 0
    for child, author, joined in Involvement.objects.filter(role=InvolvementRole.KEYWORKER).values_list(
        "child_id", "membership_id", "started_on"
    ):
        first = (
            ChronologyEntry.objects.filter(child_id=child, author_membership_id=author, category=Category.SESSIONS)
            .order_by("happened_at")
            .first()
        )
        longest = max(longest, (day_of(first.happened_at) - joined).days if first else 0)
    return float(longest)


def _new_rate(at: datetime) -> float:
    """New files of the last year in the number of files that the default has."""
    last_year = accepted().filter(sent_at__gte=at - timedelta(days=365)).count()
    return last_year * USUAL_FILES / max(1, accepted().count()) / POPULATION_0_TO_17 * 10_000


MEASURES: dict[str, Callable[[datetime], float]] = {
    "girls_notified": _sex_notified(Sex.FEMALE),
    "boys_notified": _sex_notified(Sex.MALE),
    "mean_age": lambda at: fmean(_ages(at) or [0]),
    "youngest_cohort": lambda at: _share(sum(age <= 14 for age in _ages(at)), len(_ages(at))),
    "missing": _missing,
    "not_in_school": _ticked("A4", *EXPLOITED),
    "substances": _ticked("D3", *EXPLOITED),
    "self_harm": _ticked("E3", *EXPLOITED),
    "sexual_health": _ticked("E2", *EXPLOITED),
    "injuries": _ticked("E1", HarmStatus.KNOWN),
    "mental_health": _known_to("camhs", InvolvementRole.HEALTH),
    "offending": _known_to("youth_justice", InvolvementRole.YOUTH_JUSTICE),
    "placed_in": _placed_in,
    "found_by_interview": _found_by_interview,
    "interviews_in_72_hours": _interviews_in_time,
    "repeat_missing": _repeat_missing,
    "first_contact_days": _first_contact_days,
    "new_rate": _new_rate,
}
