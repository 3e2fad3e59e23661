"""Episodes: those of one child, and those that are open among the files somebody may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from accounts.rules.viewers import Viewer
from cases.access.choices import Category, Cell
from cases.access.rules import Matrix
from cases.record.models import Child
from missing.choices import EpisodeKind, EpisodeState
from missing.models import EpisodeStep, MissingEpisode, MissingReport, PoliceGrade, SafeAndWellCheck
from missing.rules import GRADE_RANK, UNGRADED

SHOWN_AT_MOST = 200


def open_episode_of(child_id: UUID) -> MissingEpisode | None:
    """The episode that is open for a child, if there is one."""
    return MissingEpisode.objects.filter(child_id=child_id, state=EpisodeState.OPEN).first()


def episodes_of(child_id: UUID) -> list[MissingEpisode]:
    """Every episode of a child, newest first, whatever the reader may see of each."""
    rows = MissingEpisode.objects.filter(child_id=child_id).select_related("author", "agency", "interview")
    return list(rows.order_by("-last_seen_at"))


def episode_on(child_id: UUID, episode_id: UUID) -> MissingEpisode | None:
    """One episode, only if it lies on this file."""
    rows = MissingEpisode.objects.filter(child_id=child_id, pk=episode_id)
    return rows.select_related("child", "author", "agency").first()


def ended_overlapping(child_id: UUID, *, start: datetime, leaving_out: UUID | None = None) -> MissingEpisode | None:
    """The latest episode of a child that was over only after an instant at which another would start."""
    over = Coalesce("returned_at", "closed_at")
    rows = MissingEpisode.objects.filter(child_id=child_id).annotate(over_at=over).filter(over_at__gt=start)
    if leaving_out is not None:
        rows = rows.exclude(pk=leaving_out)
    return rows.order_by("-over_at").first()


def overlapping_another(episode: MissingEpisode) -> bool:
    """Whether an episode, with its times as they are in hand, would overlap another one of the child."""
    over_at = episode.returned_at or episode.closed_at
    others = MissingEpisode.objects.filter(child_id=episode.child_id).exclude(pk=episode.pk)
    others = others.annotate(over_at=Coalesce("returned_at", "closed_at"))
    others = others.filter(Q(over_at=None) | Q(over_at__gt=episode.last_seen_at))
    if over_at is not None:
        others = others.filter(last_seen_at__lt=over_at)
    return others.exists()


@dataclass(frozen=True)
class EpisodeHistory:
    """What was done in one episode, each list oldest first."""

    steps: list[EpisodeStep]
    grades: list[PoliceGrade]
    checks: list[SafeAndWellCheck]
    reports: list[MissingReport]


def history_of(episode: MissingEpisode) -> EpisodeHistory:
    """The steps, grades, checks and further reports of an episode, with their authors."""
    people = ("author", "agency")
    return EpisodeHistory(
        list(episode.steps.select_related(*people).order_by("happened_at", "recorded_at", "pk")),
        list(episode.grades.select_related(*people).order_by("graded_at", "recorded_at", "pk")),
        list(episode.checks.select_related(*people).order_by("done_at", "pk")),
        list(episode.reports.select_related(*people).order_by("recorded_at", "pk")),
    )


def report_by(viewer: Viewer, reference: str) -> MissingReport | None:
    """A report that somebody made in their present job, by its reference; nobody else's."""
    rows = MissingReport.objects.filter(author_id=viewer.user_id, author_membership_id=viewer.membership_id)
    return rows.select_related("episode").filter(reference=reference).first()


def report_with(viewer: Viewer, report_id: UUID) -> MissingReport | None:
    """A report that a system has sent under its present account, by its id; nobody else's."""
    rows = MissingReport.objects.filter(author_id=viewer.user_id, author_membership_id=viewer.membership_id)
    return rows.select_related("episode", "child").filter(pk=report_id).first()


@dataclass(frozen=True)
class EpisodeFilter:
    """How the list of who is missing is narrowed. Everything left empty narrows nothing."""

    kinds: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()


def sees_grades(viewer: Viewer, matrix: Matrix) -> bool:
    """Whether a role sees episodes in full, and so the police grade: it may then order and narrow a list."""
    return matrix.cell(viewer.role_key, Category.MISSING) == Cell.FULL


def _rank() -> Case:
    return Case(
        *(When(grade=grade, then=Value(rank)) for grade, rank in GRADE_RANK.items()),
        default=Value(GRADE_RANK[UNGRADED]),
        output_field=IntegerField(),
    )


def open_episodes(viewer: Viewer, *, at: datetime, matrix: Matrix) -> QuerySet[MissingEpisode]:
    """The open episodes that a viewer may read, in full or as their summary."""
    rows: QuerySet[MissingEpisode] = MissingEpisode.objects.visible_to(viewer, at=at, matrix=matrix)
    rows = rows.filter(state=EpisodeState.OPEN, child__merged_into=None)
    return rows.annotate(restricted=F("child__restricted")).select_related("child")


def missing_now(
    viewer: Viewer, *, at: datetime, matrix: Matrix, wanted: EpisodeFilter | None = None
) -> list[MissingEpisode]:
    """Who is away now among the files a viewer may see: the gravest grade first, then the longest away.

    Who is not graded yet stands after the highest grade.

    A grade orders only for a role that sees grades: order tells. At most 200.
    """
    wanted = wanted or EpisodeFilter()
    rows = open_episodes(viewer, at=at, matrix=matrix)
    if wanted.kinds:
        rows = rows.filter(kind__in=wanted.kinds)
    order: list[Any] = [Case(When(kind=EpisodeKind.MISSING, then=Value(0)), default=Value(1)), "last_seen_at", "pk"]
    if sees_grades(viewer, matrix):
        if wanted.grades:
            rows = rows.filter(grade__in=[*wanted.grades, *_ungraded(wanted)])
        return list(rows.annotate(rank=_rank()).order_by("-rank", *order)[: SHOWN_AT_MOST + 1])
    return list(rows.order_by(*order)[: SHOWN_AT_MOST + 1])


def _ungraded(wanted: EpisodeFilter) -> list[str]:
    return [""] if "none" in wanted.grades else []


def ungraded_episodes(viewer: Viewer, *, at: datetime, matrix: Matrix, limit: int) -> list[MissingEpisode]:
    """Open episodes that police have not graded yet, the longest open first."""
    rows = open_episodes(viewer, at=at, matrix=matrix).filter(grade="")
    return list(rows.order_by("reported_at", "pk")[:limit])


def open_among(
    files: QuerySet[Child], viewer: Viewer, *, at: datetime, matrix: Matrix, limit: int
) -> list[MissingEpisode]:
    """The open episodes on these files that a viewer may read, the longest first."""
    rows = open_episodes(viewer, at=at, matrix=matrix).filter(child_id__in=files.values("pk"))
    return list(rows.order_by("last_seen_at", "pk")[:limit])
