"""Who of the named can really open a restricted file, and which data guardian could be named there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.choices import FunctionKey
from accounts.models import FunctionMember, Membership, User
from accounts.rules.roles import ROLES, Capability
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.clocks.choices import ClockKind, ClockState
from cases.clocks.models import Clock
from cases.record.models import Involvement
from cases.sharing.choices import RestrictionStepKind
from cases.sharing.models import Restriction, RestrictionStep
from cases.sharing.selectors.restriction import file_of, may_be_named, named_on

GUARDING = [key for key, role in ROLES.items() if Capability.AUDIT in role.capabilities]
ADMINISTERING = [key for key, role in ROLES.items() if Capability.ADMINISTER in role.capabilities]


def restrictions_open(child_ids: Collection[UUID] | None) -> QuerySet[Restriction]:
    """The restrictions that hold, of some files or of all."""
    rows = Restriction.objects.filter(lifted_at=None).select_related("child").order_by("child_id")
    if child_ids is None:
        return rows
    files = list(child_ids)
    return rows.filter(Q(child__in=files) | Q(child__merged_into__in=files))


def files_naming(person: Q, *, at: datetime) -> list[UUID]:
    """The files on which somebody is named; `person` says who, in the fields of the membership."""
    memberships = Membership.objects.filter(person).values("pk")
    rows = AccessGrant.objects.live(at).filter(reason=GrantReason.NAMED, membership__in=memberships)
    return list(rows.order_by("child_id").values_list("child_id", flat=True).distinct())


def who_can_open(child_id: UUID, *, at: datetime) -> list[Membership]:
    """The named who can open the file: a role that goes on, an account that is open and no conflict of interest."""
    able = {member.pk for member in may_be_named(child_id, at=at, near=False)}
    return [one for one in named_on(child_id, at=at) if one.pk in able]


def guardian_to_name(child_id: UUID, *, at: datetime, but: UUID | None) -> Membership | None:
    """The data guardian who is named where none is left: the first by name who serves and has no conflict of interest
    on the file. `but` is the membership that ends at this moment.
    """
    serving = FunctionMember.objects.current(timezone.localdate(at))
    serving = serving.filter(function__key=FunctionKey.DATA_GUARDIANS, membership__role__in=GUARDING)
    serve = set(serving.values_list("membership_id", flat=True))
    people = may_be_named(child_id, at=at, near=False)
    return next((one for one in people if one.pk in serve and one.pk != but), None)


def said_since_a_name(restriction_id: UUID, kind: RestrictionStepKind) -> bool:
    """Whether it was written down already, and nobody has been named since."""
    steps = RestrictionStep.objects.filter(restriction_id=restriction_id)
    named_at = steps.filter(kind=RestrictionStepKind.NAMED).aggregate(last=Max("done_at"))["last"]
    said = steps.filter(kind=kind)
    return (said if named_at is None else said.filter(done_at__gte=named_at)).exists()


def works_on(child_id: UUID, membership_id: UUID) -> bool:
    """Whether somebody works with the child, or owes something on the file for which nothing else names them."""
    rows = Involvement.objects.filter(child_id=child_id, membership_id=membership_id, ended_on=None)
    owed = Clock.objects.filter(child_id=child_id, owner_membership_id=membership_id, state=ClockState.RUNNING)
    return rows.exists() or owed.exclude(kind=ClockKind.ACTION_DONE).exists()


def named_without_work(restriction: Restriction, *, at: datetime) -> list[Membership]:
    """Who was named with a restriction, has ended work on the file since, and neither works nor owes anything there."""
    file_id = file_of(restriction)
    ended = Involvement.objects.filter(child_id=file_id, ended_on__isnull=False).values("pk")
    work = AccessGrant.objects.filter(
        child_id=file_id,
        membership=OuterRef("membership"),
        reason=GrantReason.ALLOCATION,
        source_id__in=ended,
        ended_at__gte=OuterRef("valid_from"),
    )
    named = AccessGrant.objects.live(at).filter(Exists(work), reason=GrantReason.NAMED, source_id=restriction.pk)
    people = Membership.objects.filter(pk__in=named.values("membership_id")).select_related("user")
    return [one for one in people.order_by("pk") if not works_on(file_id, one.pk)]


def review_runs(restriction_id: UUID) -> bool:
    """Whether the review of a restriction waits for somebody."""
    rows = Clock.objects.filter(kind=ClockKind.RESTRICTION_REVIEWED, subject_id=restriction_id)
    return rows.filter(state=ClockState.RUNNING).exists()


def administrators(*, at: datetime) -> list[User]:
    """Who looks after accounts, and opens no file."""
    people = Membership.objects.current(timezone.localdate(at)).filter(role__in=ADMINISTERING)
    return list(User.objects.filter(pk__in=people.values("user_id")).order_by("pk"))
