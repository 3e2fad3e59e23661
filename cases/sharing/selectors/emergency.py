"""What was opened in an emergency: for the page that opens, the banner, the register and the sweep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Concat
from django.urls import reverse
from django.utils import timezone

from accounts.choices import AccessOutcome, FunctionKey
from accounts.models import AccessEvent, FunctionMember, Membership
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.access.selectors import facts_of, files_in_an_emergency, matrix_in_force
from cases.clocks.selectors import alerts_for, should_run
from cases.record.models import Child, Involvement, NormalisedName
from cases.record.selectors.hidden import blocks_on, hidden_ids, is_restricted, known_ids
from cases.record.selectors.lists import files_known
from cases.record.selectors.looking import events_about
from cases.sharing.models import EmergencyAccess
from cases.sharing.rules.emergency import TRIES_WITHIN, opens_more

PAGE = "cases:emergency_access"
REGISTER_LENGTH = 25
MINE_SHOWN = 10
LOOKS_SHOWN = 200


@dataclass(frozen=True)
class AskedFor:
    """Which child somebody means: the file's own reference, or the full name and the date of birth."""

    reference: str = ""
    given_name: str = ""
    family_name: str = ""
    birth_date: date | None = None


@dataclass(frozen=True)
class RegisterFilter:
    """How the register is narrowed."""

    state: str = ""
    kind: str = ""
    opened_from: datetime | None = None
    opened_before: datetime | None = None


@dataclass(frozen=True)
class Shown:
    """One emergency access as far as a viewer may see it.

    `child` is the file where the viewer may know of it; `judges` says that they are a guardian who may, `leads` that
    they look after the file, `own` that they opened it themselves.
    """

    access: EmergencyAccess
    child: Child | None
    own: bool = False
    judges: bool = False
    leads: bool = False
    manages: bool = False


def files_asked_for(asked: AskedFor, *, viewer: Viewer, at: datetime) -> list[Any]:
    """The files that are meant exactly, each with `known`, `shut` and `more`: one question, and one more where a file
    is known.

    A file that was merged leads to the one that lives on.
    """
    files: list[Any] = list(
        files_in_an_emergency(Child.objects.filter(pk__in=_meant(asked)), viewer, at).order_by("pk")
    )
    may_open = [file for file in files if file.known and not file.shut]
    matrix = matrix_in_force(on=timezone.localdate(at)) if may_open else None
    for file in files:
        file.more = matrix is not None and file in may_open and opens_more(viewer, facts_of(file), matrix)
    return files


def _meant(asked: AskedFor) -> QuerySet[Any]:
    if asked.reference:
        rows = Child.objects.filter(reference=asked.reference)
    else:
        family, given = Value(f"{asked.family_name} "), Value(asked.given_name)
        preferred = NormalisedName(Concat(F("family_name"), Value(" "), F("preferred_name")))
        rows = Child.objects.alias(known_as=preferred, asked=NormalisedName(Concat(family, given))).filter(
            Q(sort_key=F("asked")) | Q(known_as=F("asked")), birth_date=asked.birth_date
        )
    return rows.values(kept_id=Coalesce("merged_into_id", "id"))


def tries_refused(viewer: Viewer, *, at: datetime) -> int:
    """How often the page opened no file for somebody within the last 24 hours.

    A try that came after too many opens nothing and costs nothing: the day does not begin anew with each.
    """
    tries = AccessEvent.objects.filter(
        user_id=viewer.user_id, action=PAGE, outcome=AccessOutcome.REFUSED, at__gt=at - TRIES_WITHIN
    )
    return tries.exclude(reason_code="tries_spent").count()


def lead_to_tell(child_id: UUID, *, at: datetime) -> Membership | None:
    """The worker who leads, with their agency, where they work here and may know of the file."""
    leads = Involvement.objects.filter(child_id=child_id, is_lead=True, ended_on=None).values("membership_id")
    current = Membership.objects.current(timezone.localdate(at)).filter(pk__in=leads, agency__ended_on=None)
    lead = current.select_related("user", "agency").first()
    return lead if lead is not None and known_ids(viewer_of(lead), [child_id], at) else None


def running_on(child_id: UUID, *, viewer: Viewer, at: datetime) -> EmergencyAccess | None:
    """The emergency access under which somebody sees a file now."""
    rows = EmergencyAccess.objects.filter(child_id=child_id, membership_id=viewer.acting_membership_id, ended_at=None)
    return rows.filter(opened_at__lte=at, ends_at__gt=at).order_by("-opened_at").first()


def _rows() -> QuerySet[EmergencyAccess]:
    return EmergencyAccess.objects.select_related(
        "child", "membership__user", "membership__agency", "reviewed_by", "ended_by"
    )


def opened_by(viewer: Viewer, *, at: datetime) -> list[Shown]:
    """What somebody opened in an emergency, under any membership, the latest first."""
    rows = _rows().filter(membership__user_id=viewer.person_id).order_by("-opened_at", "-pk")[:MINE_SHOWN]
    return _with_files(list(rows), viewer, at)


def register_for(
    viewer: Viewer, *, wanted: RegisterFilter, at: datetime, skip: int = 0, limit: int = REGISTER_LENGTH + 1
) -> list[Shown]:
    """The register, the latest first: for a guardian every file that they may know of; for a manager what people of
    their agency opened, whichever file it was, but for those that a block or a restriction keeps from them.
    """
    rows = _rows()
    if viewer.may(Capability.AUDIT):
        rows = rows.filter(child__in=Child.objects.visible_to(viewer, at=at).values("pk"))
    else:
        rows = rows.filter(membership__agency=viewer.agency_id).exclude(child__in=hidden_ids(viewer, at))
    rows = _narrowed(rows, wanted, at).order_by("-opened_at", "-pk")
    return _with_files(list(rows[skip : skip + limit]), viewer, at)


def _narrowed(rows: QuerySet[EmergencyAccess], wanted: RegisterFilter, at: datetime) -> QuerySet[EmergencyAccess]:
    states = {
        "open": Q(ended_at=None, ends_at__gt=at),
        "waiting": Q(reviewed_at=None),
        "reviewed": Q(reviewed_at__isnull=False),
    }
    rows = rows.filter(states.get(wanted.state, Q()))
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.opened_from is not None:
        rows = rows.filter(opened_at__gte=wanted.opened_from)
    if wanted.opened_before is not None:
        rows = rows.filter(opened_at__lt=wanted.opened_before)
    return rows


def emergency_for(viewer: Viewer, access_id: UUID, *, at: datetime) -> Shown | None:
    """One emergency access: for the guardians and whoever looks after the file, where they may know of it; for whoever
    opened it; and, unless a block or a restriction keeps the file from them, for the managers of their agency, who need
    not know which file it was, and whoever has been told of it by an alert, as when its review is late. None for
    anybody else.
    """
    access = _rows().filter(pk=access_id).first()
    if access is None or viewer.membership_id is None:
        return None
    (shown,) = _with_files([access], viewer, at)
    if shown.own or shown.judges or shown.leads:
        return shown
    if shown.manages and access.child_id not in hidden_ids(viewer, at):
        return shown
    told = alerts_for(viewer, at=at).filter(subject_id=access.pk)
    return shown if told.exists() else None


def _with_files(rows: list[EmergencyAccess], viewer: Viewer, at: datetime) -> list[Shown]:
    ids = {row.child_id for row in rows}
    files = files_known(viewer, ids, at=at)
    leads = dict(
        Involvement.objects.filter(child_id__in=ids, is_lead=True, ended_on=None).values_list(
            "child_id", "membership_id"
        )
    )
    return [_shown(row, files.get(row.child_id), leads.get(row.child_id), viewer) for row in rows]


def _shown(access: EmergencyAccess, child: Child | None, lead_id: UUID | None, viewer: Viewer) -> Shown:
    own = access.membership.user_id == viewer.user_id
    looks_after = lead_id == viewer.membership_id or (
        lead_id is None and FunctionKey.NOTIFICATION_POINT in viewer.functions
    )
    return Shown(
        access=access,
        child=child,
        own=own,
        judges=child is not None and viewer.may(Capability.AUDIT) and not own,
        leads=child is not None and looks_after,
        manages=viewer.may(Capability.OVERSEE_ACCESS)
        and not viewer.may(Capability.AUDIT)
        and access.membership.agency_id == viewer.agency_id,
    )


def looks_during(access: EmergencyAccess) -> list[AccessEvent]:
    """Every page that was looked at under an emergency access, in the order of looking, and lists that showed the file.

    At most the first 200, and one more where there are more: that many in an hour says enough.
    """
    return list(
        events_about(access.child_id)
        .filter(
            user_id=access.membership.user_id,
            membership_id=access.membership_id,
            outcome=AccessOutcome.ALLOWED,
            at__gte=access.opened_at,
            at__lt=access.ended_at or access.ends_at,
        )
        .order_by("at", "pk")[: LOOKS_SHOWN + 1]
    )


def guardians_elsewhere(access: EmergencyAccess, *, at: datetime) -> bool:
    """Whether a data guardian of another agency than the opener's could review it: one who may know of the file."""
    named = AccessGrant.objects.live(at).filter(child_id=access.child_id, reason=GrantReason.NAMED)
    blocked = blocks_on(access.child_id, at).values("user_id")
    serving = FunctionMember.objects.current(timezone.localdate(at)).filter(
        function__key=FunctionKey.DATA_GUARDIANS,
        membership__in=Membership.objects.current(timezone.localdate(at)),
    )
    others = serving.exclude(membership__agency_id=access.membership.agency_id)
    others = others.exclude(membership__user_id__in=blocked)
    if is_restricted(access.child):
        others = others.filter(membership__in=named.values("membership_id"))
    return others.exclude(membership__user_id=access.membership.user_id).exists()


def emergencies_to_review(at: datetime) -> QuerySet[Any]:
    """What was opened and nobody has reviewed, as the sweep asks for what should have a clock."""
    waiting = EmergencyAccess.objects.filter(reviewed_at=None, opened_at__lte=at)
    return should_run(waiting, anchored_at="opened_at", child_id="child_id")


def judged_by(viewer: Viewer, ids: list[UUID], at: datetime) -> set[UUID]:
    """Those of some emergency accesses that a viewer reviews: a guardian, who did not open the file."""
    return {shown.access.pk for shown in _with_files(list(_rows().filter(pk__in=ids)), viewer, at) if shown.judges}


def emergency_addresses(ids: list[UUID]) -> dict[UUID, str]:
    """Where each emergency access is read and reviewed."""
    rows = EmergencyAccess.objects.filter(pk__in=ids).values_list("pk", flat=True)
    return {pk: reverse("cases:emergency_review", args=[pk]) for pk in rows}
