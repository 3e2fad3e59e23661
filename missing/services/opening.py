"""To whom a missing report opens a child's file, and until when."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.utils import timezone

from accounts.choices import FunctionKey, Sector
from accounts.rules.agreements import is_covered
from accounts.rules.viewers import Viewer
from accounts.selectors import agencies_by_sector
from accounts.selectors.people import function_group
from cases.access.choices import Category, GrantReason
from cases.access.models import AccessGrant
from cases.access.services import end_grants, grant_access, grant_to_function, open_to_standing_functions
from cases.record.models import Child
from cases.record.selectors.hidden import is_restricted
from missing.models import MissingEpisode
from missing.rules import REPORTER_SEES_FOR, TAKEN_UP_WITHIN
from missing.selectors.interviews import is_owed, last_not_held_at

# Enough to look for a child, and nothing of what else is known: not the level, not the assessment.
TO_LOOK_FOR = (Category.IDENTITY, Category.CONTACT_ADDRESS, Category.MISSING)


def open_to_functions(child: Child, *, at: datetime, by: Viewer) -> None:
    """Open a file to the functions that see every file, and to the team that will hold the interview. Idempotent."""
    open_to_standing_functions(child_id=child.pk, at=at, by=by)
    open_to_interview_team(child, at=at, by=by)


def open_to_interview_team(child: Child, *, at: datetime, by: Viewer) -> None:
    """Open a file to those who hold return interviews, until `end_for_interview_team`. Idempotent."""
    grant_to_function(child_id=child.pk, function=FunctionKey.INTERVIEW_TEAM, at=at, by=by)


def end_for_interview_team(child_id: UUID, *, at: datetime, by: Viewer) -> None:
    """End what those who hold return interviews see of a file, once nothing of theirs is owed there. Idempotent.

    Where the child declined or was not reached they keep it for 28 days from then: to ask again, and to write down
    what parents or carers say.
    """
    if is_owed(child_id):
        return
    running = AccessGrant.objects.live(at).filter(
        child_id=child_id, group_id=interview_team(), reason=GrantReason.FUNCTION
    )
    last = last_not_held_at(child_id)
    until = last + TAKEN_UP_WITHIN if last is not None else at
    ending = running if until <= at else running.filter(valid_until=None)
    if end_grants(grants=ending, at=at, by=by, why="No return interview is owed") and until > at:
        grant_to_function(child_id=child_id, function=FunctionKey.INTERVIEW_TEAM, at=at, by=by, valid_until=until)


def open_while_missing(
    episode: MissingEpisode, *, at: datetime, by: Viewer, reporter_group_id: int | None = None
) -> None:
    """Open what is needed to look for the child to police, who own the grade, and to the agency that reported.

    Nothing is opened on a file that is for named people only, nor to an agency without a current, signed
    information-sharing agreement. The access ends 28 days after the return. An agency that has this access already from
    the same episode gets no second one.
    """
    if is_restricted(episode.child):
        return
    wanted = {agency.group_id for agency in agencies_by_sector([Sector.POLICE])}
    if reporter_group_id is not None:
        wanted.add(reporter_group_id)
    wanted -= set(_of_episode(episode, at).values_list("group_id", flat=True))
    for group in _covered(wanted, at):
        grant_access(
            child_id=episode.child_id,
            reason=GrantReason.MISSING,
            at=at,
            by=by,
            group=group,
            categories=TO_LOOK_FOR,
            source_id=episode.pk,
        )


def end_after(episode: MissingEpisode, *, over_at: datetime, at: datetime, by: Viewer) -> None:
    """Let the access that came with an episode end 28 days after it was over: each grant is followed by one that ends.

    Called again where the time of the return is corrected.
    """
    grants = _of_episode(episode, at)
    group_ids = list(grants.order_by("group_id").values_list("group_id", flat=True).distinct())
    end_grants(grants=grants, at=at, by=by, why="The episode is over")
    until = over_at + REPORTER_SEES_FOR
    if until <= at:
        return
    for group in _covered({pk for pk in group_ids if pk is not None}, at):
        grant_access(
            child_id=episode.child_id,
            reason=GrantReason.MISSING,
            at=at,
            by=by,
            group=group,
            categories=TO_LOOK_FOR,
            valid_until=until,
            source_id=episode.pk,
        )


def _covered(group_ids: set[int], at: datetime) -> list[Group]:
    """The groups of agencies that a current agreement covers: a report never waits for a signature."""
    groups = Group.objects.filter(pk__in=group_ids).select_related("agency").order_by("pk")
    return [group for group in groups if is_covered(group.agency.covered, timezone.localdate(at))]


def _of_episode(episode: MissingEpisode, at: datetime) -> QuerySet[AccessGrant]:
    """The live grants that came with an episode."""
    return AccessGrant.objects.live(at).filter(source_id=episode.pk, reason=GrantReason.MISSING)


def interview_team() -> int:
    """The group of those who hold return interviews, who own the clock until an interviewer is named."""
    return function_group(FunctionKey.INTERVIEW_TEAM).pk
