"""Writing an episode: the report, what is added while the child is away, and corrections."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.rules.dates import moment
from accounts.rules.refusals import Stale
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.services import lock_files, record_activity
from cases.record.choices import EntryKind
from cases.record.models import Child
from cases.record.services import add_chronology, provenance, record_missing
from missing import rules
from missing.choices import EpisodeKind, EpisodeState, EpisodeStepKind, EpisodeTime, Grade, PlaceKind
from missing.models import EpisodeStep, MissingEpisode, PoliceGrade
from missing.rules import EpisodeDeed
from missing.selectors.episodes import ended_overlapping, open_episode_of
from missing.services.opening import end_after, end_for_interview_team, open_to_functions, open_while_missing

STALE = "Somebody changed this episode while you had the page open. Look at it again, then make your change."
ALREADY = "This child is reported already, since {since}. Add what you know to that report."
OVERLAPS = "This is before the child was back from an earlier episode, {back}. Correct one of the two times."


@dataclass(frozen=True)
class EpisodeDetails:
    """What is known of an episode when it is reported. Times are instants; flags are values of EpisodeFlag."""

    kind: EpisodeKind
    last_seen_at: datetime
    reported_at: datetime
    noticed_at: datetime | None = None
    police_reference: str = ""
    place_kind: PlaceKind = PlaceKind.UNKNOWN
    place_detail: str = ""
    circumstances: str = ""
    companions: str = ""
    flags: tuple[str, ...] = ()

    @property
    def times(self) -> rules.Times:
        return rules.Times(self.last_seen_at, self.reported_at, self.noticed_at)


@transaction.atomic
def report_episode(*, child: Child, details: EpisodeDetails, at: datetime, by: Viewer) -> MissingEpisode:
    """Report a child missing, absent or away, on a file that the reporter has open.

    Opens what is needed to look for the child to police. Raises AlreadyMissing where an episode is open,
    MissingRefused for times that cannot be or that overlap an earlier episode.
    """
    lock_files([child.pk])  # the second of two reports sees the episode that the first has opened
    already = open_episode_of(child.pk)
    if already is not None:
        raise rules.AlreadyMissing(ALREADY.format(since=moment(already.last_seen_at)))
    rules.check_times(details.times, at=at)
    earlier = ended_overlapping(child.pk, start=details.last_seen_at)
    if earlier is not None:
        back = earlier.returned_at or earlier.closed_at
        raise rules.MissingRefused(OVERLAPS.format(back=moment(back)), field="last_seen_at")
    return start_episode(child=child, details=details, at=at, by=by)


def start_episode(
    *, child: Child, details: EpisodeDetails, at: datetime, by: Viewer, reporter_group_id: int | None = None
) -> MissingEpisode:
    """Write a new episode; the caller holds the file and has checked the times."""
    episode = MissingEpisode.objects.create(
        child=child,
        kind=details.kind,
        last_seen_at=details.last_seen_at,
        noticed_at=details.noticed_at,
        reported_at=details.reported_at,
        police_reference=details.police_reference,
        place_kind=details.place_kind,
        place_detail=details.place_detail,
        circumstances=details.circumstances,
        companions=details.companions,
        flags=list(details.flags),
        recorded_at=at,
        **provenance(by, Category.MISSING),
    )
    write_step(episode, EpisodeStepKind.REPORTED, happened_at=details.reported_at, becomes=details.kind, at=at, by=by)
    open_to_functions(child, at=at, by=by)
    open_while_missing(episode, at=at, by=by, reporter_group_id=reporter_group_id)
    carry_to_file(episode, at=at)
    words = f"{episode.get_kind_display()} since {moment(episode.last_seen_at)}"
    tell(
        episode,
        happened_at=episode.last_seen_at,
        summary=f"{words}. From: {episode.get_place_kind_display().lower()}.",
        detail="\n\n".join(text for text in (episode.circumstances, episode.companions) if text),
        third_party=bool(episode.companions),
        at=at,
        by=by,
    )
    return episode


@transaction.atomic
def add_sighting(
    *, episode: MissingEpisode, seen_at: datetime, note: str, at: datetime, by: Viewer, agency_id: UUID | None = None
) -> EpisodeStep:
    """Add what somebody else knows to an open episode: a sighting, a call, a place to look.

    Raises MissingRefused where the child is back, or for a time in the future.
    """
    episode = lock_episode(episode)
    rules.episode_after(episode.state, EpisodeDeed.ADD_SIGHTING)
    if seen_at > at:
        raise rules.MissingRefused("The time cannot be in the future.", field="seen_at")
    record_activity(child_id=episode.child_id, category=Category.MISSING, at=at)
    return write_step(
        episode, EpisodeStepKind.SIGHTING, happened_at=seen_at, note=note, at=at, by=by, agency_id=agency_id
    )


@transaction.atomic
def grade_episode(
    *,
    episode: MissingEpisode,
    grade: Grade,
    reason: str,
    graded_at: datetime,
    at: datetime,
    by: Viewer,
    officer: str = "",
    version: int | None = None,
) -> PoliceGrade:
    """Give the police grade, or another one; every grade is kept with its time, officer and reason.

    `version` is that of the episode, or None for a system that holds none. Raises Stale, MissingRefused.
    """
    episode = lock_episode(episode, version)
    rules.episode_after(episode.state, EpisodeDeed.GRADE)
    rules.check_reason(reason)
    if not episode.last_seen_at <= graded_at <= at:
        raise rules.MissingRefused(
            "The grade is given between when the child was last seen and now.", field="graded_at"
        )
    row = PoliceGrade.objects.create(
        child_id=episode.child_id,
        episode=episode,
        grade=grade,
        graded_at=graded_at,
        officer=officer or by.name,
        reason=reason,
        recorded_at=at,
        **provenance(by, Category.MISSING),
    )
    episode.grade = grade
    save(episode, "grade")
    record_activity(child_id=episode.child_id, category=Category.MISSING, at=at)
    return row


@transaction.atomic
def change_kind(
    *,
    episode: MissingEpisode,
    kind: EpisodeKind,
    reason: str,
    at: datetime,
    by: Viewer,
    version: int | None = None,
) -> MissingEpisode:
    """Treat an absence as missing after all, or one kind of absence as the other; the history keeps what it was.

    Raises Stale, MissingRefused without a reason, and from missing to anything lighter.
    """
    episode = lock_episode(episode, version)
    rules.episode_after(episode.state, EpisodeDeed.CHANGE_KIND)
    rules.check_kind_change(episode.kind, kind)
    rules.check_reason(reason)
    was, episode.kind = episode.kind, kind
    save(episode, "kind")
    write_step(episode, EpisodeStepKind.KIND_CHANGED, happened_at=at, was=was, becomes=kind, note=reason, at=at, by=by)
    carry_to_file(episode, at=at)
    words = f"Now treated as: {episode.get_kind_display().lower()}, since {moment(episode.last_seen_at)}."
    tell(episode, happened_at=at, summary=words, detail=reason, at=at, by=by)
    return episode


@transaction.atomic
def close_at_18(
    *, episode: MissingEpisode, reason: str, at: datetime, by: Viewer, version: int | None = None
) -> MissingEpisode:
    """Close an episode of somebody who turned 18 without having come back, with the reason.

    Raises Stale; MissingRefused before the birthday and without a reason.
    """
    episode = lock_episode(episode, version)
    after = rules.episode_after(episode.state, EpisodeDeed.CLOSE)
    rules.check_of_age(episode.child.birth_date, on=rules.in_london(at).date())
    rules.check_reason(reason)
    episode.state, episode.closed_at, episode.closing_reason = after, at, reason
    save(episode, "state", "closed_at", "closing_reason")
    write_step(episode, EpisodeStepKind.CLOSED, happened_at=at, note=reason, at=at, by=by)
    carry_to_file(episode, at=at)
    end_after(episode, over_at=at, at=at, by=by)
    end_for_interview_team(episode.child_id, at=at, by=by)
    tell(episode, happened_at=at, summary="Closed at 18: not back.", detail=reason, at=at, by=by)
    return episode


def times_with(episode: MissingEpisode, which: EpisodeTime, value: datetime) -> rules.Times:
    """The times of an episode as they would stand with one of them corrected."""
    times = rules.Times(episode.last_seen_at, episode.reported_at, episode.noticed_at, episode.returned_at)
    return replace(times, **{which.value: value})


# What every write to an episode does.


def lock_episode(episode: MissingEpisode, version: int | None = None) -> MissingEpisode:
    """The episode as it stands, held until the transaction is over. Raises Stale where `version` is not its own.

    The file is locked before it, as giving access does: two writers then wait for each other and never cross.
    """
    lock_files([episode.child_id])
    episode = MissingEpisode.objects.select_for_update(of=("self",)).select_related("child").get(pk=episode.pk)
    if version is not None and episode.version != version:
        raise Stale(STALE)
    return episode


def save(episode: MissingEpisode, *fields: str) -> None:
    """Write the fields of an episode, and take its next version."""
    episode.version += 1
    episode.save(update_fields=[*fields, "version"])


def write_step(
    episode: MissingEpisode,
    kind: EpisodeStepKind,
    *,
    happened_at: datetime,
    at: datetime,
    by: Viewer,
    was: str = "",
    becomes: str = "",
    note: str = "",
    agency_id: UUID | None = None,
) -> EpisodeStep:
    """One row of an episode's own history."""
    return EpisodeStep.objects.create(
        child_id=episode.child_id,
        episode=episode,
        kind=kind,
        happened_at=happened_at,
        was=was,
        becomes=becomes,
        note=note,
        recorded_at=at,
        **provenance(by, Category.MISSING, agency_id=agency_id),
    )


def tell(
    episode: MissingEpisode,
    *,
    happened_at: datetime,
    summary: str,
    detail: str = "",
    third_party: bool = False,
    at: datetime,
    by: Viewer,
) -> None:
    """Put what happened on the child's timeline. The summary has kind, times and kind of place, and nothing else."""
    add_chronology(
        child=episode.child,
        kind=EntryKind.MISSING,
        category=Category.MISSING,
        happened_at=happened_at,
        summary=summary,
        detail=detail,
        third_party=third_party,
        at=at,
        by=by,
    )


def carry_to_file(episode: MissingEpisode, *, at: datetime) -> None:
    """Say on the file's front whether the child is missing now: in an open episode of that kind, and no other."""
    missing = episode.state == EpisodeState.OPEN and episode.kind == EpisodeKind.MISSING
    record_missing(child=episode.child, since=episode.last_seen_at if missing else None, at=at)
