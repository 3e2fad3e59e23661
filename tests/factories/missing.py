"""Missing episodes and return interviews, the smallest valid row of each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.rules.viewers import Viewer
from accounts.selectors import now
from cases.access.choices import Category
from cases.clocks.choices import ClockKind
from cases.clocks.services import stop_clock
from cases.record.models import Child
from missing.choices import EpisodeKind, EpisodeState, Grade, ReturnMethod
from missing.models import (
    InterviewFinding,
    MissingEpisode,
    MissingReport,
    PoliceGrade,
    ReturnInterview,
    SafetyBriefing,
)
from missing.rules import CLOCK_RUNS
from missing.services.returns import run_clock
from tests.factories.cases import provenance

HOUR = timedelta(hours=1)


def make_episode(child: Child, by: Viewer, **fields: Any) -> MissingEpisode:
    """An open episode: last seen six hours ago, reported an hour later."""
    start = fields.pop("last_seen_at", None) or now() - 6 * HOUR
    return MissingEpisode.objects.create(
        **{
            "child": child,
            "kind": EpisodeKind.MISSING,
            "last_seen_at": start,
            "reported_at": start + HOUR,
            **provenance(by, Category.MISSING),
            **fields,
        }
    )


def make_returned(child: Child, by: Viewer, **fields: Any) -> MissingEpisode:
    """An episode that ended two hours ago, after four hours."""
    start = fields.pop("last_seen_at", None) or now() - 6 * HOUR
    return make_episode(
        child,
        by,
        **{
            "last_seen_at": start,
            "state": EpisodeState.RETURNED,
            "returned_at": start + 4 * HOUR,
            "return_method": ReturnMethod.ALONE,
            **fields,
        },
    )


def make_grade(episode: MissingEpisode, by: Viewer, grade: str = Grade.MEDIUM, **fields: Any) -> PoliceGrade:
    MissingEpisode.objects.filter(pk=episode.pk).update(grade=grade)
    return PoliceGrade.objects.create(
        **{
            "child": episode.child,
            "episode": episode,
            "grade": grade,
            "graded_at": episode.reported_at,
            "officer": "PC Castellan",
            "reason": "Has been found with adults before.",
            **provenance(by, Category.MISSING),
            **fields,
        }
    )


def make_interview(episode: MissingEpisode, by: Viewer, **fields: Any) -> ReturnInterview:
    """The interview that follows a returned episode, to be offered, with its clock as the service starts and stops it.

    `clock=False` leaves it out, as a bulk load does.
    """
    clock = fields.pop("clock", True)
    interview = ReturnInterview.objects.create(
        **{
            "child": episode.child,
            "episode": episode,
            "returned_at": episode.returned_at,
            **provenance(by, Category.INTERVIEW),
            **fields,
        }
    )
    if clock:
        _run_clock(interview, by)
    return interview


def _run_clock(interview: ReturnInterview, by: Viewer) -> None:
    if interview.state in CLOCK_RUNS or interview.held_at is not None:
        run_clock(interview, at=now(), by=by)
    if interview.held_at is not None:
        stop_clock(
            kind=ClockKind.INTERVIEW_HELD,
            subject_id=interview.pk,
            done_at=interview.held_at,
            breach_reason=interview.breach_reason or "The child was in hospital.",
            at=now(),
            by=by,
        )


def make_finding(interview: ReturnInterview, by: Viewer, category: str, text: str, **fields: Any) -> InterviewFinding:
    return InterviewFinding.objects.create(
        **{
            "child": interview.child,
            "interview": interview,
            "text": text,
            **provenance(by, category),
            **fields,
        }
    )


def make_briefing(interview: ReturnInterview, by: Viewer, text: str = "Meet at school.", **fields: Any) -> Any:
    return SafetyBriefing.objects.create(
        **{
            "child": interview.child,
            "interview": interview,
            "text": text,
            **provenance(by, Category.PERSON_OF_CONCERN),
            **fields,
        }
    )


def make_report(episode: MissingEpisode, by: Viewer, **fields: Any) -> MissingReport:
    """A report as somebody without the file in hand made it."""
    return MissingReport.objects.create(
        **{
            "child": episode.child,
            "episode": episode,
            "said": {"given_name": "Robin", "family_name": "Ashdown"},
            **provenance(by, Category.MISSING),
            **fields,
        }
    )
