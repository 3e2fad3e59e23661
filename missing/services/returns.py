"""The return, what police check after it, a corrected time, and whether an interview follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.rules.dates import length, moment
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.services import record_activity
from cases.clocks.choices import ClockKind
from cases.clocks.models import Clock
from cases.clocks.services import reanchor_clock, start_clock
from cases.record.services import provenance
from missing import rules
from missing.choices import CheckResult, EpisodeState, EpisodeStepKind, EpisodeTime, InterviewState, ReturnMethod
from missing.models import MissingEpisode, ReturnInterview, SafeAndWellCheck
from missing.rules import EpisodeDeed
from missing.selectors.episodes import ended_overlapping, overlapping_another
from missing.services.episodes import (
    OVERLAPS,
    carry_to_file,
    lock_episode,
    save,
    tell,
    times_with,
    write_step,
)
from missing.services.opening import end_after, end_for_interview_team, interview_team, open_to_interview_team


@dataclass(frozen=True)
class ReturnDetails:
    """How and when the child was back; `condition` says what state they were in and whether they were harmed."""

    returned_at: datetime
    method: ReturnMethod
    found_by: str = ""
    found_where: str = ""
    condition: str = ""


@transaction.atomic
def record_return(
    *,
    episode: MissingEpisode,
    details: ReturnDetails,
    at: datetime,
    by: Viewer,
    version: int | None = None,
    before_report: bool = False,
) -> MissingEpisode:
    """Record that the child is back. From missing, the 72 hours for the return interview start at the return.

    After an absence nothing starts by itself: see `decide_interview`. Access that came with the episode ends 28 days
    after the return. `version` is that of the episode, or None for a system that holds none. `before_report` says that
    a return before the report to police is meant; otherwise it is refused. Raises Stale, MissingRefused.
    """
    episode = lock_episode(episode, version)
    after = rules.episode_after(episode.state, EpisodeDeed.RETURN)
    times = times_with(episode, EpisodeTime.RETURNED, details.returned_at)
    rules.check_times(times, at=at)
    rules.check_back_before_report(times, meant=before_report)
    episode.state, episode.returned_at, episode.return_method = after, details.returned_at, details.method
    episode.found_by, episode.found_where = details.found_by, details.found_where
    episode.condition = details.condition
    save(episode, "state", "returned_at", "return_method", "found_by", "found_where", "condition")
    write_step(episode, EpisodeStepKind.RETURNED, happened_at=details.returned_at, at=at, by=by)
    carry_to_file(episode, at=at)
    end_after(episode, over_at=details.returned_at, at=at, by=by)
    away = length(details.returned_at - episode.last_seen_at)
    summary = f"Back {moment(details.returned_at)}, after {away}."
    tell(episode, happened_at=details.returned_at, summary=summary, detail=details.condition, at=at, by=by)
    if rules.return_starts_interview(episode.kind):
        start_interview(episode, at=at, by=by)
    end_for_interview_team(episode.child_id, at=at, by=by)
    return episode


@transaction.atomic
def decide_interview(
    *, episode: MissingEpisode, reason: str, at: datetime, by: Viewer, version: int | None = None
) -> ReturnInterview:
    """Decide that there is evidence of risk after an absence, so that an interview is offered within 72 hours.

    The hours run from the return, also where the decision comes later. Raises Stale; MissingRefused without the
    evidence, before the return, and where there is an interview already.
    """
    episode = lock_episode(episode, version)
    rules.episode_after(episode.state, EpisodeDeed.DECIDE_INTERVIEW)
    rules.check_reason(reason)
    if ReturnInterview.objects.filter(episode=episode).exists():
        raise rules.MissingRefused("A return interview follows this episode already.")
    save(episode)
    write_step(episode, EpisodeStepKind.RISK_FOUND, happened_at=at, note=reason, at=at, by=by)
    record_activity(child_id=episode.child_id, category=Category.MISSING, at=at)
    return start_interview(episode, reason=reason, at=at, by=by)


def start_interview(episode: MissingEpisode, *, at: datetime, by: Viewer, reason: str = "") -> ReturnInterview:
    """Open the interview of an episode and start its clock at the return; the interview team owns it first."""
    assert episode.returned_at is not None
    interview = ReturnInterview.objects.create(
        child_id=episode.child_id,
        episode=episode,
        returned_at=episode.returned_at,
        risk_reason=reason,
        recorded_at=at,
        **provenance(by, Category.INTERVIEW),
    )
    open_to_interview_team(episode.child, at=at, by=by)
    run_clock(interview, at=at, by=by)
    record_activity(child_id=episode.child_id, category=Category.INTERVIEW, at=at)
    return interview


def run_clock(interview: ReturnInterview, *, at: datetime, by: Viewer) -> Clock:
    """Start the 72 hours of an interview, from its return and from no other moment."""
    return start_clock(
        kind=ClockKind.INTERVIEW_HELD,
        subject_id=interview.pk,
        child_id=interview.child_id,
        anchored_at=interview.returned_at,
        owner_membership_id=interview.allocated_id,
        owner_group_id=interview_team(),
        at=at,
        by=by,
    )


@transaction.atomic
def record_check(
    *,
    episode: MissingEpisode,
    done_at: datetime,
    done_by: str,
    face_to_face: bool,
    result: CheckResult,
    note: str,
    at: datetime,
    by: Viewer,
) -> SafeAndWellCheck:
    """Record the police check after the return. Raises MissingRefused before it, and for a time that cannot be."""
    episode = lock_episode(episode)
    rules.episode_after(episode.state, EpisodeDeed.CHECK)
    assert episode.returned_at is not None
    if not episode.returned_at <= done_at <= at:
        raise rules.MissingRefused("The check is made after the return, and not in the future.", field="done_at")
    record_activity(child_id=episode.child_id, category=Category.MISSING, at=at)
    return SafeAndWellCheck.objects.create(
        child_id=episode.child_id,
        episode=episode,
        done_at=done_at,
        done_by=done_by,
        face_to_face=face_to_face,
        result=result,
        note=note,
        recorded_at=at,
        **provenance(by, Category.MISSING),
    )


@transaction.atomic
def correct_time(
    *,
    episode: MissingEpisode,
    which: EpisodeTime,
    value: datetime,
    reason: str,
    at: datetime,
    by: Viewer,
    version: int | None = None,
) -> MissingEpisode:
    """Correct a time of an episode, with the reason; what it was stays in the history.

    A corrected return moves the 72 hours of the interview with it, and leaves a trace there. Raises Stale;
    MissingRefused without a reason, for times that cannot be, and where another episode would be overlapped.
    """
    episode = lock_episode(episode, version)
    rules.episode_after(episode.state, EpisodeDeed.CORRECT_TIME)
    rules.check_reason(reason)
    if which == EpisodeTime.RETURNED and episode.state != EpisodeState.RETURNED:
        raise rules.MissingRefused("The child is not back yet. Record the return instead.", field="which")
    was: datetime | None = getattr(episode, which.value)
    rules.check_times(times_with(episode, which, value), at=at)
    setattr(episode, which.value, value)
    _check_apart(episode, which)
    save(episode, which.value)
    write_step(
        episode,
        EpisodeStepKind.CORRECTED,
        happened_at=at,
        note=f"{which.label}: {reason}",
        was=moment(was),
        becomes=moment(value),
        at=at,
        by=by,
    )
    if which == EpisodeTime.LAST_SEEN and episode.state == EpisodeState.OPEN:
        carry_to_file(episode, at=at)
    if which == EpisodeTime.RETURNED:
        end_after(episode, over_at=value, at=at, by=by)
        _move_clock(episode, why=reason, at=at, by=by)
    if which in (EpisodeTime.LAST_SEEN, EpisodeTime.RETURNED):
        summary = f"A time was corrected. {which.label}: {moment(value)}."
        tell(episode, happened_at=at, summary=summary, detail=reason, at=at, by=by)
    return episode


def _check_apart(episode: MissingEpisode, which: EpisodeTime) -> None:
    """Refuse a corrected span that would overlap another episode of the child."""
    field = "value"
    if which == EpisodeTime.LAST_SEEN:
        earlier = ended_overlapping(episode.child_id, start=episode.last_seen_at, leaving_out=episode.pk)
        if earlier is not None and earlier.last_seen_at < episode.last_seen_at:
            back = moment(earlier.returned_at or earlier.closed_at)
            raise rules.MissingRefused(OVERLAPS.format(back=back), field=field)
    if overlapping_another(episode):
        raise rules.MissingRefused("Then this episode would overlap another one of this child.", field=field)


def _move_clock(episode: MissingEpisode, *, why: str, at: datetime, by: Viewer) -> None:
    interview = ReturnInterview.objects.select_for_update().filter(episode=episode).first()
    if interview is None or episode.returned_at is None:
        return
    if interview.held_at is not None and interview.held_at < episode.returned_at:
        raise rules.MissingRefused("The return interview was held before that. Correct one of the two.", field="value")
    interview.returned_at = episode.returned_at
    interview.version += 1
    interview.save(update_fields=["returned_at", "version"])
    if InterviewState(interview.state) in rules.CLOCK_RUNS:
        reanchor_clock(
            kind=ClockKind.INTERVIEW_HELD,
            subject_id=interview.pk,
            anchored_at=episode.returned_at,
            why=why,
            at=at,
            by=by,
        )
