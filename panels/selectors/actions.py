"""What was undertaken at meetings: whose it is, what is late, what should have a running clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership
from accounts.rules.viewers import Viewer
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.clocks.selectors import should_run
from cases.record.models import Child, Involvement
from cases.record.selectors.hidden import blocks_on, is_restricted, of_one_child
from panels.choices import ActionStatus
from panels.models import Action, ActionStep, Meeting
from panels.rules.states import RUNNING
from panels.selectors.meetings import READING_ROLES, seats_on


def running_actions(at: datetime) -> QuerySet[Any]:
    """Every action that is not ended, as the sweep asks for what should have a clock."""
    rows = Action.objects.filter(status__in=RUNNING, recorded_at__lte=at)
    return should_run(
        rows,
        anchored_at="recorded_at",
        child_id="child_id",
        due_on="due_on",
        owner_membership_id="owner_membership_id",
        owner_group_id="owner_agency__group_id",
    )


def action_addresses(action_ids: list[UUID]) -> dict[UUID, str]:
    """The page of each action, on its child's file."""
    rows = Action.objects.filter(pk__in=action_ids).values_list("pk", "child__reference")
    return {pk: reverse("panels:action", args=[reference, pk]) for pk, reference in rows}


def _with_people(rows: QuerySet[Action]) -> QuerySet[Action]:
    return rows.select_related("child", "owner_membership__user", "owner_agency", "item__meeting", "verified_by__user")


def my_actions(viewer: Viewer, *, at: datetime) -> list[Action]:
    """The running actions that the viewer owns on files they may know of, the soonest due first."""
    files = Child.objects.visible_to(viewer, at=at).values("pk")
    rows = Action.objects.filter(status__in=RUNNING, child__in=files, owner_membership_id=viewer.acting_membership_id)
    return list(_with_people(rows).order_by("due_on", "recorded_at", "pk"))


def actions_to_chase(viewer: Viewer, *, at: datetime, today: date) -> list[Action]:
    """For the panel's office: running actions that are late and done ones to verify, on files it may know of."""
    files = Child.objects.visible_to(viewer, at=at).values("pk")
    late = Q(status__in=RUNNING, due_on__lt=today)
    to_verify = Q(status=ActionStatus.DONE, verified_at=None)
    rows = Action.objects.filter(late | to_verify, child__in=files)
    return list(_with_people(rows).order_by("due_on", "recorded_at", "pk"))


def action_on(child: Child, action_id: UUID) -> Action | None:
    """One action on a file that has been opened."""
    return _with_people(Action.objects.filter(child=child, pk=action_id)).first()


def actions_about(child_id: UUID, *, before: Meeting | None = None) -> list[Action]:
    """The running actions about a child, without those of one meeting."""
    rows = Action.objects.filter(child_id=child_id, status__in=RUNNING)
    if before is not None:
        rows = rows.exclude(item__meeting=before)
    return list(_with_people(rows).order_by("due_on", "recorded_at", "pk"))


def steps_of(action: Action) -> list[ActionStep]:
    """The life of an action, the latest step first."""
    return list(action.steps.select_related("taken_by__user", "taken_by__agency").order_by("-taken_at", "-pk"))


def may_own(child: Child, membership: Membership, *, at: datetime) -> bool:
    """Whether somebody may be given an action on a file: their role reads files, nothing keeps them from this one."""
    return membership.pk in {row.pk for row in _not_kept_out([membership], child, at)}


def owners_for(child: Child, meeting: Meeting, *, at: datetime, today: date) -> list[Membership]:
    """Who may be given an action on a file: members and deputies of the panel, and the workers of the child."""
    people = {}
    for seat in seats_on(meeting.panel_id, on=today):
        for membership in (seat.member, *(row.membership for row in getattr(seat, "deputies_now", []))):
            people[membership.pk] = membership
    working = Involvement.objects.filter(child=child, ended_on=None).values("membership_id")
    for membership in Membership.objects.filter(pk__in=working).select_related("user", "agency"):
        people[membership.pk] = membership
    allowed = _not_kept_out(people.values(), child, at)
    return sorted(allowed, key=lambda row: (row.agency.name, row.user.full_name))


def _not_kept_out(people: Iterable[Membership], child: Child, at: datetime) -> list[Membership]:
    """Without who has left or is suspended, is blocked on the file or, on a restricted file, not named there."""
    today = timezone.localdate(at)
    people = [row for row in people if row.role in READING_ROLES and row.is_current(today)]
    blocked = set(blocks_on(child.pk, at).values_list("user_id", flat=True))
    people = [row for row in people if row.user_id not in blocked]
    if not is_restricted(child):
        return people
    named = AccessGrant.objects.live(at).filter(child=child, reason=GrantReason.NAMED)
    names = set(named.values_list("membership_id", flat=True))
    return [row for row in people if row.pk in names]


def actions_unnamed_with(work: Involvement, *, at: datetime) -> list[Action]:
    """The running actions of a worker whose name on a restricted file has just ended with their work, where nothing
    else names them.
    """
    named = AccessGrant.objects.filter(
        child_id=work.child_id, membership__in=[work.membership_id], reason=GrantReason.NAMED
    )
    if not named.filter(ended_at=at).exists() or named.live(at).exists():
        return []
    rows = Action.objects.filter(child_id=work.child_id, owner_membership__in=[work.membership_id], status__in=RUNNING)
    return list(rows.select_related("owner_membership").order_by("pk"))


def actions_owned_on(child_id: UUID, user_id: int) -> list[Action]:
    """The running actions of somebody for a child, on any file of theirs."""
    files = of_one_child(child_id).values("pk")
    return list(
        Action.objects.filter(child__in=files, owner_membership__user_id=user_id, status__in=RUNNING).order_by("pk")
    )


def running_on(child_id: UUID) -> int:
    """How many actions about a child are running."""
    return Action.objects.filter(child_id=child_id, status__in=RUNNING).count()


def count_open_actions(membership_id: UUID, at: datetime) -> int:
    """How many actions of panels somebody has to do under one membership."""
    return Action.objects.filter(status__in=RUNNING, owner_membership_id=membership_id).count()
