"""Return interviews: that of an episode, those that wait, who may hold one, and what was found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Max, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from accounts.choices import FunctionKey
from accounts.models import FunctionGroup, Membership
from accounts.rules.roles import ROLES, Capability
from accounts.rules.viewers import Viewer
from cases.access.choices import Category, Cell
from cases.access.rules import Matrix
from cases.access.selectors import category_opened
from cases.clocks.choices import ClockKind, ClockState
from cases.clocks.models import Clock
from cases.clocks.selectors import clocks_by_subject, should_run
from cases.record.selectors.hidden import blocks_on, of_one_child
from missing.choices import EpisodeState, InterviewState, InterviewStepKind
from missing.models import InterviewFinding, InterviewStep, MissingEpisode, ReturnInterview, SafetyBriefing
from missing.rules import CLOCK_RUNS, MAY_BE_TAKEN_UP, OWED

SHOWN_AT_MOST = 200
PEOPLE = ("allocated__user", "allocated__agency", "held_by__user", "held_by__agency")


def interview_on(child_id: UUID, interview_id: UUID) -> ReturnInterview | None:
    """One interview, only if it lies on this file."""
    rows = ReturnInterview.objects.filter(child_id=child_id, pk=interview_id)
    return rows.select_related("child", "episode", "covered_by__episode", *PEOPLE).first()


def interview_of(episode: MissingEpisode) -> ReturnInterview | None:
    """The interview that follows an episode, if one does."""
    return ReturnInterview.objects.filter(episode=episode).select_related(*PEOPLE).first()


def steps_of(interview: ReturnInterview) -> list[InterviewStep]:
    """What was done about an interview, in the order in which it was written down.

    That is the order of its states. A step written down late keeps its own time and stands where it was recorded, so
    that nothing reads as if it came before what made it possible.
    """
    rows = interview.steps.select_related("author", "agency", "person__user", "person__agency")
    return list(rows.order_by("recorded_at", "happened_at", "pk"))


def first_offer_of(interview: ReturnInterview) -> datetime | None:
    """When the child was first offered an interview; None where that was never recorded."""
    offers = interview.steps.filter(kind=InterviewStepKind.OFFERED).order_by("happened_at")
    return offers.values_list("happened_at", flat=True).first()


def has_step(interview: ReturnInterview, kind: InterviewStepKind) -> bool:
    """Whether something was ever done about an interview."""
    return interview.steps.filter(kind=kind).exists()


def coverable(interview: ReturnInterview) -> list[ReturnInterview]:
    """Other interviews of the same child that still wait: one conversation may cover them too."""
    rows = ReturnInterview.objects.filter(child_id=interview.child_id, state__in=CLOCK_RUNS).exclude(pk=interview.pk)
    return list(rows.select_related("episode").order_by("-returned_at"))


def due_at_by_interview(interviews: Iterable[ReturnInterview]) -> dict[UUID, datetime]:
    """When each of these interviews must be held by its clock, in one question; one without a clock is left out."""
    clocks = clocks_by_subject(ClockKind.INTERVIEW_HELD, [one.pk for one in interviews])
    return {interview_id: clock.due_at for interview_id, clock in clocks.items()}


def covered_with(interview: ReturnInterview) -> list[ReturnInterview]:
    """The interviews of other episodes that were held in this conversation."""
    return list(interview.covered_interviews.select_related("episode").order_by("-returned_at"))


def possible_interviewers(*, on: date) -> list[Membership]:
    """Everybody who may hold a return interview on a day, by agency and name."""
    roles = [key for key, role in ROLES.items() if Capability.INTERVIEW in role.capabilities]
    rows = Membership.objects.current(on).filter(role__in=roles, agency__ended_on=None, user__is_service=False)
    return list(rows.select_related("user", "agency").order_by("agency__name", "user__full_name", "pk"))


def interviewers_for(child_id: UUID, *, at: datetime) -> list[Membership]:
    """Who may be named to hold an interview with a child: nobody whom a conflict of interest keeps from the file."""
    blocked = set(blocks_on(child_id, at).values_list("user_id", flat=True))
    return [one for one in possible_interviewers(on=timezone.localdate(at)) if one.user_id not in blocked]


def named_for(child_id: UUID, user_id: int) -> list[ReturnInterview]:
    """The interviews with a child, on any file of theirs, that somebody is named for and that are owed still."""
    rows = ReturnInterview.objects.filter(child__in=of_one_child(child_id), allocated__user_id=user_id, state__in=OWED)
    return list(rows.order_by("pk"))


def is_owed(child_id: UUID) -> bool:
    """Whether a child is away, so that an interview may follow, or one is still to be held or written up."""
    away = MissingEpisode.objects.filter(child_id=child_id, state=EpisodeState.OPEN)
    return away.exists() or ReturnInterview.objects.filter(child_id=child_id, state__in=OWED).exists()


def last_not_held_at(child_id: UUID) -> datetime | None:
    """When it was last written down that a child declined or was not reached, of interviews where that still stands."""
    steps = InterviewStep.objects.filter(
        child_id=child_id,
        interview__state__in=MAY_BE_TAKEN_UP,
        kind__in=(InterviewStepKind.DECLINED, InterviewStepKind.NOT_ENGAGED),
    )
    last: datetime | None = steps.aggregate(last=Max("recorded_at"))["last"]
    return last


def latest_briefing(interview: ReturnInterview) -> SafetyBriefing | None:
    """The safety briefing that counts: the latest that was written, else the latest word that there is nothing to warn
    of. Who may read it is `rules.may_read_briefing`'s question.
    """
    rows = interview.briefings.select_related("author", "agency").alias(nothing=Q(text=""))
    return rows.order_by("nothing", "-recorded_at", "-pk").first()


def findings_of(interview_ids: Iterable[UUID], viewer: Viewer, *, at: datetime, matrix: Matrix) -> list[Any]:
    """What interviews found, as far as a viewer may read each part in full or as its summary; oldest first."""
    rows = InterviewFinding.objects.visible_to(viewer, at=at, matrix=matrix).filter(
        interview_id__in=list(interview_ids)
    )
    return list(rows.select_related("author", "agency").order_by("recorded_at", "pk"))


def categories_found(interview_ids: Iterable[UUID]) -> set[str]:
    """The categories in which something was found, whoever may read it; the presenter says what is withheld."""
    rows = InterviewFinding.objects.filter(interview_id__in=list(interview_ids))
    return set(rows.values_list("category", flat=True))


def sees_interviews(viewer: Viewer, matrix: Matrix) -> bool:
    """Whether a role sees interviews in full on any file, and so a list of them."""
    return matrix.cell(viewer.role_key, Category.INTERVIEW) == Cell.FULL


def open_interviews(viewer: Viewer, *, at: datetime, matrix: Matrix) -> QuerySet[ReturnInterview]:
    """Interviews that a viewer sees in full. A row written by a return is nobody's own: the category alone opens it."""
    rows: QuerySet[ReturnInterview] = ReturnInterview.objects.visible_to(viewer, at=at, matrix=matrix)
    if not sees_interviews(viewer, matrix):
        return rows.none()
    rows = rows.annotate(interview_opened=category_opened(Category.INTERVIEW)).exclude(interview_opened=0)
    return rows.annotate(restricted=F("child__restricted")).select_related("child", "episode", *PEOPLE)


def waiting_interviews(
    viewer: Viewer,
    *,
    at: datetime,
    matrix: Matrix,
    mine: bool = False,
    unallocated: bool = False,
    states: Iterable[str] = (),
    late: bool = False,
    limit: int = SHOWN_AT_MOST,
) -> list[ReturnInterview]:
    """Interviews that are still to be offered, allocated or held, the earliest return first: what is late is first.

    `late` narrows to those whose clock is past its time.
    """
    rows = open_interviews(viewer, at=at, matrix=matrix).filter(state__in=list(states) or list(CLOCK_RUNS))
    if mine:
        rows = rows.filter(allocated_id=viewer.membership_id)
    if unallocated:
        rows = rows.filter(allocated=None)
    if late:
        over = Clock.objects.filter(kind=ClockKind.INTERVIEW_HELD, state=ClockState.RUNNING, due_at__lt=at)
        rows = rows.filter(pk__in=over.values("subject_id"))
    return list(rows.order_by("returned_at", "pk")[:limit])


def to_write_up(viewer: Viewer, *, at: datetime, matrix: Matrix, limit: int) -> list[ReturnInterview]:
    """Interviews that the viewer has held and not finished writing up, the earliest first."""
    rows = open_interviews(viewer, at=at, matrix=matrix).filter(
        Q(held_by_id=viewer.membership_id) | Q(allocated_id=viewer.membership_id),
        state=InterviewState.HELD,
        covered_by=None,
    )
    return list(rows.order_by("held_at", "pk")[:limit])


def interviews_that_should_run(at: datetime) -> QuerySet[Any]:
    """For the sweep: every interview whose 72 hours run, with its return and who owns it until it is held."""
    team = FunctionGroup.objects.filter(key=FunctionKey.INTERVIEW_TEAM).values("group_id")[:1]
    rows = ReturnInterview.objects.filter(state__in=CLOCK_RUNS, returned_at__lte=at)
    return should_run(
        rows.annotate(team=Subquery(team)),
        anchored_at="returned_at",
        child_id="child_id",
        owner_membership_id="allocated_id",
        owner_group_id="team",
    )


def interview_addresses(ids: list[UUID]) -> dict[UUID, str]:
    """The page of each of these interviews; on a merged file, that of the one that lives on."""
    rows = ReturnInterview.objects.filter(pk__in=ids).select_related("child__merged_into")
    return {
        row.pk: reverse("missing:interview", args=[(row.child.merged_into or row.child).reference, row.pk])
        for row in rows
    }


def count_allocated(membership_id: UUID, at: datetime) -> int:
    """How many return interviews are allocated to somebody under one membership, and not held."""
    waiting = (InterviewState.TO_OFFER, InterviewState.OFFERED, InterviewState.ACCEPTED)
    return ReturnInterview.objects.filter(allocated_id=membership_id, state__in=waiting).count()
