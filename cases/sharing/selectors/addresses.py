"""A protected address for those who may know it: who else may, and who must not."""

from __future__ import annotations

from uuid import UUID

from accounts.models import Agency, Membership
from accounts.rules.refusals import NotKnown
from accounts.selectors import agencies_by_sector, people_at
from cases.access.rules import Level
from cases.record.models import Address, AddressKeptFrom, AddressReader
from cases.record.selectors import involvements_of
from cases.record.selectors.addresses import rows_of_address
from cases.record.selectors.facts import reads_address
from cases.record.services import OpenFile


def protected_address(opened: OpenFile, address_id: UUID) -> Address:
    """A protected address of a file. Raises NotKnown for who may not know it, as for one that never was."""
    rows = Address.objects.filter(reads_address(opened.viewer), child=opened.child, protected=True)
    found = rows.select_related("author").filter(pk=address_id).first()
    if found is None:
        raise NotKnown("no_address", child_id=opened.child.pk)
    return found


def clear_address(opened: OpenFile, address_id: UUID) -> Address:
    """An address of a file that stands there in clear and that the viewer sees whole.

    Raises NotKnown for any other, as for one that never was.
    """
    found = Address.objects.filter(child=opened.child, protected=False, pk=address_id).first()
    if found is None or opened.entry_level(found) < Level.FULL:
        raise NotKnown("no_address", child_id=opened.child.pk)
    return found


def is_known(opened: OpenFile, address_id: UUID) -> bool:
    """Whether an address of a file is a protected one that the viewer may know."""
    known = Address.objects.filter(reads_address(opened.viewer), child=opened.child, protected=True)
    return known.filter(pk=address_id).exists()


def known_rows(opened: OpenFile, address: Address) -> list[Address]:
    """Where a protected address that the viewer may know stands on the file, as far as they may know each."""
    known = Address.objects.filter(reads_address(opened.viewer), child=opened.child, protected=True)
    ids = set(known.values_list("pk", flat=True))
    rows = rows_of_address(opened.child.pk, lines=address.lines, postcode=address.postcode)
    return [row for row in rows if row.pk in ids]


def readers_of(address: Address) -> list[Membership]:
    """Who is on its list, by name."""
    rows = AddressReader.objects.filter(address=address).select_related("membership__user", "membership__agency")
    return sorted((row.membership for row in rows), key=lambda member: (str(member.user), str(member.agency)))


def kept_from(address: Address) -> list[AddressKeptFrom]:
    """Who must not know it, those that hold first, then by when they were added."""
    rows = address.kept_from.select_related("agency", "user", "added_by", "ended_by")
    return sorted(rows, key=lambda row: (row.ended_at is not None, row.added_at, str(row.pk)))


def may_be_let_know(opened: OpenFile, address: Address) -> list[Membership]:
    """Who works with the child in person and is not on the list yet."""
    listed = {member.pk for member in readers_of(address)}
    return [
        row.membership
        for row in involvements_of(opened.child.pk)
        if row.membership is not None and row.ended_on is None and row.membership_id not in listed
    ]


def agencies_to_keep_out(opened: OpenFile) -> list[Agency]:
    """The agencies from which an address can be kept: every one but the viewer's own, by name."""
    return [agency for agency in agencies_by_sector() if agency.pk != opened.viewer.agency_id]


def accounts_to_keep_out(opened: OpenFile) -> list[Membership]:
    """The people with an account who work with the child or at the viewer's own agency, the viewer left out."""
    agency_id = opened.viewer.agency_id
    people = {member.user_id: member for member in (people_at(agency_id) if agency_id else [])}
    for row in involvements_of(opened.child.pk):
        if row.membership is not None:
            people.setdefault(row.membership.user_id, row.membership)
    people.pop(opened.viewer.person_id, None)
    return sorted(people.values(), key=lambda member: (str(member.user), str(member.pk)))
