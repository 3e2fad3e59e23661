"""A protected address is protected wherever it stands: on each row of it, on every file of the child."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.rules.viewers import Viewer
from cases.access import services as access
from cases.access.choices import Category
from cases.record.choices import EntryKind
from cases.record.models import Address, AddressKeptFrom, AddressReader, Child
from cases.record.selectors.addresses import rows_of_address
from cases.record.selectors.hidden import of_one_child
from cases.record.services.writing import add_chronology

TOLD = "An address that stood on the file is protected now."


def lock_files_of(child: Child) -> None:
    """Let nobody else write an address on any file of a child meanwhile: it could stand in clear beside this one."""
    access.lock_files(of_one_child(child.pk).values_list("pk", flat=True))


def list_people(
    *,
    row: Address,
    readers: Iterable[UUID],
    kept_from: Iterable[str],
    protector: UUID | None = None,
    at: datetime,
    by: Viewer,
) -> None:
    """Write down who may know a protected address, by membership, and who must not, in words. `protector` is who of
    them had it protected.
    """
    AddressReader.objects.bulk_create(
        AddressReader(address=row, membership_id=reader, protected_it=reader == protector)
        for reader in sorted(set(readers), key=str)
    )
    AddressKeptFrom.objects.bulk_create(
        AddressKeptFrom(address=row, person=person, added_at=at, added_by_id=by.person_id)
        for person in dict.fromkeys(kept_from)
    )


@transaction.atomic
def protect_row(
    *,
    row: Address,
    reason: str,
    area: str,
    readers: Iterable[UUID],
    kept_from: Iterable[str] = (),
    protector: UUID | None = None,
    at: datetime,
    by: Viewer,
) -> None:
    """Protect an address that stands in clear, and every other row of it. Of it `area` alone may be shown."""
    row.protected, row.protection_reason, row.area = True, reason, area
    row.save(update_fields=["protected", "protection_reason", "area"])
    list_people(row=row, readers=readers, kept_from=kept_from, protector=protector, at=at, by=by)
    protect_alike(row=row, at=at, by=by)
    _tell(row, at=at, by=by)


@transaction.atomic
def protect_written(*, row: Address, at: datetime, by: Viewer) -> None:
    """Once an address has been written: no row of it stands in clear where one is protected.

    The new row decides where it is protected itself; else it follows the one that is.
    """
    changed = protect_alike(row=row, at=at, by=by)
    if any(one.pk != row.pk for one in changed):
        _tell(row, at=at, by=by)


def protect_alike(*, row: Address, at: datetime, by: Viewer) -> list[Address]:
    """Give every row in clear of an address the reason, the area and the lists of a protected one; which they were.

    Whom a protected row is kept from by account or agency is kept from all of them.
    """
    rows = rows_of_address(row.child_id, lines=row.lines, postcode=row.postcode)
    protected = [one for one in rows if one.protected]
    if not protected:
        return []
    followed = next((one for one in protected if one.pk == row.pk), protected[0])
    readers = list(AddressReader.objects.filter(address=followed).order_by("pk"))
    kept = list(AddressKeptFrom.objects.filter(address__in=protected, ended_at=None).order_by("added_at", "pk"))
    clear = [one for one in rows if not one.protected]
    for one in clear:
        one.protected, one.protection_reason, one.area = True, followed.protection_reason, followed.area
        one.save(update_fields=["protected", "protection_reason", "area"])
        AddressReader.objects.bulk_create(
            AddressReader(address=one, membership_id=reader.membership_id, protected_it=reader.protected_it)
            for reader in readers
        )
        keep_alike(one, [deed for deed in kept if deed.address_id == followed.pk or not deed.person])
        access.record_activity(child_id=one.child_id, category=Category.CONTACT_ADDRESS, at=at)
    for one in protected:
        keep_alike(one, [deed for deed in kept if not deed.person])
    if any(one.pk == row.pk for one in clear):
        row.refresh_from_db()
    return clear


def keep_alike(row: Address, deeds: Iterable[AddressKeptFrom]) -> None:
    """Keep another row of an address from the same people, as written at the same time by the same person."""
    there = {
        (deed.person, deed.agency_id, deed.user_id)
        for deed in AddressKeptFrom.objects.filter(address=row, ended_at=None)
    }
    for deed in deeds:
        who = (deed.person, deed.agency_id, deed.user_id)
        if who not in there:
            there.add(who)
            AddressKeptFrom.objects.create(
                address=row,
                person=deed.person,
                agency_id=deed.agency_id,
                user_id=deed.user_id,
                added_at=deed.added_at,
                added_by_id=deed.added_by_id,
            )


def _tell(row: Address, *, at: datetime, by: Viewer) -> None:
    add_chronology(
        child=row.child,
        kind=EntryKind.FAMILY,
        category=Category.CONTACT_ADDRESS,
        happened_at=at,
        summary=TOLD,
        at=at,
        by=by,
    )
