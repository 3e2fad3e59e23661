"""What held for a child from one day until another: plan, legal status, placement, school, authority, address."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.rules.dates import LONDON, day
from accounts.rules.viewers import Viewer
from cases.access import services as access
from cases.access.choices import Category
from cases.record import rules
from cases.record.choices import EntryKind, IdentifierKind, Source
from cases.record.models import (
    Address,
    Alias,
    AuthorityPeriod,
    Child,
    DatedEntry,
    Identifier,
    LegalPeriod,
    Placement,
    PlanPeriod,
    SchoolPeriod,
)
from cases.record.selectors.facts import reads_address
from cases.record.services.protecting import list_people, lock_files_of, protect_written
from cases.record.services.writing import add_chronology, bump_version, provenance


class PeriodKind(StrEnum):
    """The dated facts of a file, by the word that stands in their address."""

    PLAN = "plan"
    LEGAL = "legal"
    PLACEMENT = "placement"
    SCHOOL = "school"
    AUTHORITY = "authority"
    ADDRESS = "address"


@dataclass(frozen=True)
class PeriodShape:
    """How one kind of dated fact is kept.

    `alongside` are the fields in which several may be open together (a home and a host authority); `told` is
    the sentence for the timeline, without the fact itself where that is not for everybody.
    """

    model: type[DatedEntry]
    category: Category
    told: str = ""
    told_as: EntryKind = EntryKind.PLAN
    alongside: tuple[str, ...] = ()


PERIODS: dict[PeriodKind, PeriodShape] = {
    PeriodKind.PLAN: PeriodShape(PlanPeriod, Category.IDENTITY, "The plan is now: {}."),
    PeriodKind.LEGAL: PeriodShape(LegalPeriod, Category.IDENTITY, "The legal status is now: {}."),
    PeriodKind.PLACEMENT: PeriodShape(Placement, Category.IDENTITY, "Lives now: {}.", EntryKind.FAMILY),
    PeriodKind.SCHOOL: PeriodShape(SchoolPeriod, Category.IDENTITY, "On the roll of: {}.", EntryKind.EDUCATION),
    PeriodKind.AUTHORITY: PeriodShape(AuthorityPeriod, Category.IDENTITY, alongside=("kind",)),
    PeriodKind.ADDRESS: PeriodShape(Address, Category.CONTACT_ADDRESS, alongside=("kind",)),
}


@transaction.atomic
def record_period(
    *,
    child: Child,
    kind: PeriodKind,
    values: Mapping[str, Any],
    started_on: date,
    version: int,
    at: datetime,
    by: Viewer,
    readers: Iterable[UUID] = (),
    kept_from: Iterable[str] = (),
) -> DatedEntry:
    """Write a dated fact, and end the one it follows on the day it starts.

    `readers` are the memberships that may know a protected address; the author's is always among them. `kept_from` are
    the people in the child's life who must not. An address of which any row is protected is so on every row of it, the
    new one too. Raises Stale where the file was saved after `version`, RecordRefused for a start before that of the
    open one or in the future.
    """
    if kind == PeriodKind.ADDRESS:
        lock_files_of(child)
    bump_version(child=child, version=version)
    shape = PERIODS[kind]
    rules.check_not_in_future(started_on, at=at)
    same = {name: values[name] for name in shape.alongside}
    earlier = shape.model._default_manager.select_for_update().filter(child=child, ended_on=None, **same)
    if kind == PeriodKind.ADDRESS:
        # A protected address that the actor may not know neither answers to them nor is ended by them.
        earlier = earlier.filter(Q(protected=False) | Q(reads_address(by)))
    for row in earlier:
        rules.check_follows(started_on, earlier=row.started_on)
        row.ended_on = started_on
        row.save(update_fields=["ended_on"])
    row = shape.model._default_manager.create(
        child=child, started_on=started_on, recorded_at=at, **values, **provenance(by, shape.category)
    )
    if isinstance(row, Address):
        if row.protected:
            own = by.acting_membership_id
            list_people(row=row, readers={*readers, own}, kept_from=kept_from, protector=own, at=at, by=by)
        protect_written(row=row, at=at, by=by)
    _tell(child=child, shape=shape, row=row, at=at, by=by)
    return row


def _tell(*, child: Child, shape: PeriodShape, row: DatedEntry, at: datetime, by: Viewer) -> None:
    if not shape.told:
        access.record_activity(child_id=child.pk, category=shape.category, at=at)
        return
    words = row.school if isinstance(row, SchoolPeriod) else _label_of(row)
    add_chronology(
        child=child,
        kind=shape.told_as,
        category=shape.category,
        happened_at=datetime.combine(row.started_on, time(), tzinfo=LONDON),
        summary=f"{shape.told.format(words)} From {day(row.started_on)}.",
        source=Source.RECORD,
        at=at,
        by=by,
    )


def _label_of(row: DatedEntry) -> str:
    if isinstance(row, Placement):
        return row.get_kind_display()
    assert isinstance(row, PlanPeriod | LegalPeriod)
    return row.get_status_display()


@transaction.atomic
def add_alias(*, child: Child, name: str, note: str, at: datetime, by: Viewer) -> Alias:
    """Add another name that the child is or was known by. A name that is there already stays one."""
    found = Alias.objects.filter(child=child, name=name).first()
    if found is not None:
        return found
    access.record_activity(child_id=child.pk, category=Category.IDENTITY, at=at)
    return Alias.objects.create(child=child, name=name, note=note, recorded_at=at, **provenance(by, Category.IDENTITY))


@transaction.atomic
def add_identifier(*, child: Child, kind: IdentifierKind, value: str, at: datetime, by: Viewer) -> Identifier:
    """Add a number by which another system knows the child.

    Raises RecordRefused for an NHS number whose check digit does not agree, and for a number that stands on
    this file already.
    """
    value = rules.tidy_identifier(value)
    rules.check_identifier(kind, value)
    # One at a time for each file: the second of two who add the same number is told, not failed by the database.
    access.lock_files([child.pk])
    if Identifier.objects.filter(child=child, kind=kind, value=value).exists():
        raise rules.RecordRefused("This number is on the file already.")
    access.record_activity(child_id=child.pk, category=Category.IDENTITY, at=at)
    return Identifier.objects.create(
        child=child, kind=kind, value=value, recorded_at=at, **provenance(by, Category.IDENTITY)
    )
