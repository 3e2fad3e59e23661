"""Who works with the child: bringing an agency in, handing over the lead, ending an involvement."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import Agency, Membership
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.access import services as access
from cases.access.choices import Category, GrantReason
from cases.access.selectors import is_named_on
from cases.record import rules
from cases.record.choices import EntryKind, InvolvementRole
from cases.record.models import Child, Involvement
from cases.record.selectors.hidden import free_to_work, is_restricted
from cases.record.services.writing import add_chronology, bump_version, provenance


class WorkHandedOn(Protocol):
    """What else follows when somebody's work on a file has ended, or another leads now: `work` is theirs."""

    def __call__(self, *, child: Child, work: Involvement, at: datetime, by: Viewer) -> None: ...


# Filled by `register_work_handed_on`; each is called in the transaction of the change, once the change stands.
_HANDED_ON: list[WorkHandedOn] = []
_AT_LAST: list[WorkHandedOn] = []


def register_work_handed_on(follows: WorkHandedOn, *, last: bool = False) -> None:
    """Say in `ready()` what follows the end of an involvement, and a change of the lead; `last`, once all else has."""
    registered = _AT_LAST if last else _HANDED_ON
    if follows not in registered:
        registered.append(follows)


def _hand_on(work: Involvement, *, child: Child, at: datetime, by: Viewer) -> None:
    for follows in (*_HANDED_ON, *_AT_LAST):
        follows(child=child, work=work, at=at, by=by)


@transaction.atomic
def involve(
    *,
    child: Child,
    agency: Agency,
    role: InvolvementRole,
    at: datetime,
    by: Viewer,
    membership: Membership | None = None,
    lead: bool = False,
    reason: GrantReason = GrantReason.INVOLVEMENT,
) -> Involvement:
    """Bring an agency, and a named worker of it where there is one, to work with the child.

    The agency gets access, and the worker in person, both ending with the involvement. On a restricted file the
    worker is named, by a manager or guardian who is named too; whom triage makes the lead there, triage names itself.
    Raises RecordRefused for a lead without a named person, for a worker of another agency or whom a conflict of
    interest keeps from the child, where the file has a lead already, and for a worker on a restricted file whom the
    actor may not name.
    """
    if lead:
        rules.check_lead_is_named(has_membership=membership is not None)
        if Involvement.objects.filter(child=child, is_lead=True, ended_on=None).exists():
            raise rules.RecordRefused("This file has a lead already. Change the lead instead.")
    if membership is not None and membership.agency_id != agency.pk:
        raise rules.RecordRefused("The named worker does not work for that agency.")
    if membership is not None:
        rules.check_may_work(may=bool(free_to_work([membership], child.pk, at=at)))
    involvement = Involvement.objects.create(
        child=child,
        working_agency=agency,
        membership=membership,
        role=role,
        is_lead=lead,
        started_on=timezone.localdate(at),
        recorded_at=at,
        **provenance(by, Category.IDENTITY),
    )
    access.grant_access(child_id=child.pk, reason=reason, at=at, by=by, group=agency.group, source_id=involvement.pk)
    if membership is not None:
        access.grant_access(
            child_id=child.pk,
            reason=GrantReason.ALLOCATION,
            at=at,
            by=by,
            membership=membership,
            source_id=involvement.pk,
        )
        if not lead and is_restricted(child):
            _name(involvement, at=at, by=by)
    access.record_activity(child_id=child.pk, category=Category.IDENTITY, at=at)
    return involvement


def _name(involvement: Involvement, *, at: datetime, by: Viewer) -> None:
    """Name an involved worker on a restricted file, for as long as the work lasts; raises RecordRefused."""
    rules.check_may_name(
        is_named=is_named_on(involvement.child_id, by.membership_id, at), oversees=by.may(Capability.OVERSEE_ACCESS)
    )
    access.grant_access(
        child_id=involvement.child_id,
        reason=GrantReason.NAMED,
        at=at,
        by=by,
        membership=involvement.membership,
        source_id=involvement.pk,
    )


@transaction.atomic
def change_lead(
    *, child: Child, involvement_id: UUID, reason: str, version: int, at: datetime, by: Viewer
) -> Involvement:
    """Make another named worker the lead, with the reason the child can be told. What the old one owed as such goes
    to them.

    On a restricted file the new lead is named too, if they are not yet. Raises Stale where the file has changed
    since the page was opened, RecordRefused for a worker who is not involved, not named, gone, kept from the child by a
    conflict of interest or without a reason, and for one on a restricted file whom the actor may not name.
    """
    rules.check_handover_has_reason(reason)
    bump_version(child=child, version=version)
    open_rows = Involvement.objects.select_for_update().filter(child=child, ended_on=None)
    new = open_rows.filter(pk=involvement_id).first()
    if new is None:
        raise rules.RecordRefused("That worker is no longer involved with this child.")
    rules.check_lead_is_named(has_membership=new.membership_id is not None)
    if new.membership is not None and not new.membership.is_current(timezone.localdate(at)):
        raise rules.RecordRefused(f"{new.membership.user} does not work there any more, or is suspended.")
    if new.membership is not None:
        rules.check_may_work(may=bool(free_to_work([new.membership], child.pk, at=at)))
    old = open_rows.filter(is_lead=True).first()
    if old is not None and old.pk != new.pk:
        old.is_lead = False
        old.save(update_fields=["is_lead"])
    new.is_lead = True
    new.save(update_fields=["is_lead"])
    if not is_named_on(child.pk, new.membership_id, at) and is_restricted(child):
        _name(new, at=at, by=by)
    add_chronology(
        child=child,
        kind=EntryKind.INVOLVEMENT,
        category=Category.IDENTITY,
        happened_at=at,
        summary=f"{new.membership.user} now leads on the case.",  # type: ignore[union-attr]
        detail=reason,
        at=at,
        by=by,
    )
    if old is not None and old.pk != new.pk:
        _hand_on(old, child=child, at=at, by=by)
    return new


@transaction.atomic
def end_involvement(
    *, child: Child, involvement_id: UUID, note: str, version: int, at: datetime, by: Viewer
) -> Involvement:
    """End an involvement and the access that came with it; what the worker owed is handed on.

    Raises Stale, or RecordRefused for the lead's.
    """
    bump_version(child=child, version=version)
    involvement = Involvement.objects.select_for_update().filter(child=child, ended_on=None, pk=involvement_id).first()
    if involvement is None:
        raise rules.RecordRefused("That involvement has ended already.")
    rules.check_lead_may_end(is_lead=involvement.is_lead)
    involvement.ended_on, involvement.end_note = timezone.localdate(at), note
    involvement.save(update_fields=["ended_on", "end_note"])
    access.end_grants_from(source_id=involvement.pk, at=at, by=by, why="The involvement ended")
    _hand_on(involvement, child=child, at=at, by=by)
    return involvement
