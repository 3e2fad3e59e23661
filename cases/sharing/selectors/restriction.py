"""Which file is restricted and why, who is named, who could be, and whose work would be cut off."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.choices import FunctionKey
from accounts.models import Membership
from accounts.rules.agreements import is_covered
from accounts.rules.roles import ROLES, Capability
from accounts.rules.viewers import Viewer
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.clocks.choices import ClockState
from cases.clocks.models import Clock
from cases.clocks.selectors import should_run
from cases.record.models import Child, Involvement
from cases.record.selectors.hidden import blocks_on, of_one_child
from cases.sharing.choices import RestrictionStepKind
from cases.sharing.models import Restriction, RestrictionStep

READING = tuple(key for key, role in ROLES.items() if Capability.READ_FILES in role.capabilities)
OVERSEEING = tuple(key for key, role in ROLES.items() if Capability.OVERSEE_ACCESS in role.capabilities)


@dataclass(frozen=True)
class Work:
    """What somebody owes or does on a file: their part in words, whether they lead, and of a clock its kind."""

    membership: Membership
    words: str
    leads: bool = False
    clock: str = ""


def holding_on(child_id: UUID) -> QuerySet[Restriction]:
    """The restrictions that hold on a file, its own before those of files that were merged with it."""
    rows = Restriction.objects.filter(child__in=of_one_child(child_id), lifted_at=None).select_related("child")
    return rows.annotate(other=~Q(child_id=child_id)).order_by("other", "placed_at", "pk")


def restriction_of(child_id: UUID) -> Restriction | None:
    """The restriction that holds on a file: its own, or else that of a file that was merged with it."""
    return holding_on(child_id).select_related("placed_by", "lift_asked_by", "keeper__user").first()


def file_of(restriction: Restriction) -> UUID:
    """The file on which people are named where a restriction holds: the one that lives on."""
    return restriction.child.merged_into_id or restriction.child_id


def steps_of(restriction: Restriction) -> list[RestrictionStep]:
    """What was decided about a restriction, the latest first."""
    rows = RestrictionStep.objects.filter(restriction=restriction)
    return list(rows.select_related("person__user", "done_by").order_by("-done_at", "-pk"))


def named_on(child_id: UUID, *, at: datetime) -> list[Membership]:
    """The people who are named on a file, by name."""
    grants = AccessGrant.objects.live(at).filter(child_id=child_id, reason=GrantReason.NAMED)
    return _people(Membership.objects.filter(pk__in=grants.values("membership_id")))


def may_be_named(child_id: UUID, *, at: datetime, near: bool) -> list[Membership]:
    """Who could be named on a file: people who read files and have no conflict of interest on it, by name. Of an agency
    without a current information-sharing agreement, those alone who read it in person already.

    `near` asks for those alone who work with the child, their managers, and the data guardians.
    """
    blocked = blocks_on(child_id, at)
    people = Membership.objects.current(timezone.localdate(at)).filter(
        role__in=READING, agency__ended_on=None, user__is_service=False
    )
    people = people.exclude(user_id__in=blocked.values("user_id"))
    grants = AccessGrant.objects.live(at).filter(child_id=child_id)
    if near:
        open_rows = Involvement.objects.filter(child_id=child_id, ended_on=None)
        guardians = Q(functions__key=FunctionKey.DATA_GUARDIANS)
        managers = Q(role__in=OVERSEEING, agency__group__in=grants.values("group_id"))
        working = Q(pk__in=open_rows.values("membership_id"))
        in_person = Q(pk__in=grants.values("membership_id"))
        people = people.filter(working | in_person | managers | guardians)
    today = timezone.localdate(at)
    reading = set(grants.exclude(reason=GrantReason.SHARE).values_list("membership_id", flat=True))
    return [one for one in _people(people.distinct()) if one.pk in reading or is_covered(one.agency.covered, today)]


def _people(rows: QuerySet[Membership]) -> list[Membership]:
    return sorted(
        rows.select_related("user", "agency"), key=lambda member: (str(member.user), str(member.agency), str(member.pk))
    )


def work_of(child_id: UUID, memberships: Collection[UUID] | None = None, *, but: Iterable[UUID] = ()) -> list[Work]:
    """What people owe or do on a file: their part as named workers, and the clocks that run against them.

    Of the given memberships, or of everybody but those in `but`.
    """
    wanted = Q(membership__isnull=False) & ~Q(membership_id__in=list(but))
    owing = Q(owner_membership__isnull=False) & ~Q(owner_membership_id__in=list(but))
    if memberships is not None:
        wanted, owing = Q(membership_id__in=list(memberships)), Q(owner_membership_id__in=list(memberships))
    rows = Involvement.objects.filter(wanted, child_id=child_id, ended_on=None)
    clocks = Clock.objects.filter(owing, child_id=child_id, state=ClockState.RUNNING)
    found = [
        Work(row.membership, "leads on the case" if row.is_lead else row.get_role_display(), leads=row.is_lead)
        for row in rows.select_related("membership__user", "membership__agency").order_by(
            "-is_lead", "started_on", "pk"
        )
        if row.membership is not None
    ]
    found += [
        Work(clock.owner_membership, clock.get_kind_display(), clock=clock.kind)
        for clock in clocks.select_related("owner_membership__user", "owner_membership__agency").order_by(
            "due_at", "pk"
        )
        if clock.owner_membership is not None
    ]
    return found


def restrictions_to_review(at: datetime) -> QuerySet[Any]:
    """What is restricted, as the sweep asks for what should have a clock."""
    rows = Restriction.objects.filter(lifted_at=None, placed_at__lte=at)
    return should_run(
        rows, anchored_at="placed_at", child_id="child_id", due_on="review_on", owner_membership_id="keeper_id"
    )


def restriction_addresses(ids: list[UUID]) -> dict[UUID, str]:
    """Where each restriction is looked after."""
    rows = Restriction.objects.filter(pk__in=ids).values_list("pk", "child__reference")
    return {pk: reverse("cases:restriction", args=[reference]) for pk, reference in rows}


def asked_addresses(ids: list[UUID]) -> dict[UUID, str]:
    """Where each wish to lift a restriction is answered."""
    rows = RestrictionStep.objects.filter(pk__in=ids).values_list("pk", "restriction__child__reference")
    return {pk: reverse("cases:answer_lift", args=[reference]) for pk, reference in rows}


def list_addresses(ids: list[UUID]) -> dict[UUID, str]:
    """Where the list of each restricted file is looked at that somebody has gone from."""
    rows = RestrictionStep.objects.filter(pk__in=ids).values_list("pk", "restriction__child__reference")
    return {pk: reverse("cases:restriction", args=[reference]) for pk, reference in rows}


def last_asked(restriction: Restriction) -> UUID | None:
    """The step at which somebody last asked to lift a restriction."""
    rows = RestrictionStep.objects.filter(restriction=restriction, kind=RestrictionStepKind.LIFT_ASKED)
    return rows.order_by("-done_at", "-pk").values_list("pk", flat=True).first()


def overseers_to_ask(child: Child, *, asked_by: Viewer, at: datetime) -> list[Membership]:
    """The named people who may agree that a restriction is lifted, but for who asks."""
    return [
        member
        for member in named_on(child.pk, at=at)
        if member.role in OVERSEEING and member.user_id != asked_by.user_id
    ]
