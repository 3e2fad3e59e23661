"""Who may know a protected address and who must not: adding to both, and taking back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Agency, User
from cases.record.models import Address, AddressKeptFrom, AddressReader
from cases.record.selectors.addresses import rows_of_address
from cases.record.services import OpenFile, bump_version
from cases.record.services.protecting import keep_alike, lock_files_of, protect_row
from cases.sharing.rules import addresses as rules
from cases.sharing.rules.addresses import AddressRefused
from cases.sharing.selectors import addresses as selectors


@transaction.atomic
def protect(
    *,
    opened: OpenFile,
    address_id: UUID,
    reason: str,
    area: str,
    members: Iterable[UUID],
    kept_from: Iterable[str],
    version: int,
    at: datetime,
) -> Address:
    """Protect an address that stands on a file in clear, on every row of it, with who may know it and who must not.

    Raises NotKnown for one that does not stand there in clear or that the viewer does not see whole, AddressRefused
    without a reason or for somebody who does not work with the child, and Stale where the file has changed.
    """
    lock_files_of(opened.child)
    bump_version(child=opened.child, version=version)
    address, by, wanted = selectors.clear_address(opened, address_id), opened.viewer, set(members)
    rules.check_reason(reason)
    if not wanted <= {member.pk for member in selectors.may_be_let_know(opened, address)}:
        raise AddressRefused("Choose from the people who are offered", field="may_know")
    own = by.acting_membership_id
    protect_row(
        row=address,
        reason=reason.strip(),
        area=area.strip(),
        readers={*wanted, own},
        kept_from=kept_from,
        protector=own,
        at=at,
        by=by,
    )
    return address


@transaction.atomic
def let_know(*, opened: OpenFile, address_id: UUID, members: Iterable[UUID], version: int) -> Address:
    """Put people who work with the child on the list of a protected address, wherever on the file it stands.

    Raises NotKnown for who may not know it themselves, AddressRefused for somebody who does not work with the child,
    and Stale where the file has changed.
    """
    bump_version(child=opened.child, version=version)
    address = selectors.protected_address(opened, address_id)
    offered = {member.pk for member in selectors.may_be_let_know(opened, address)}
    wanted = set(members)
    if not wanted or not wanted <= offered:
        raise AddressRefused("Choose from the people who are offered", field="members")
    AddressReader.objects.bulk_create(
        [
            AddressReader(address=row, membership_id=member)
            for row in selectors.known_rows(opened, address)
            for member in sorted(wanted, key=str)
        ],
        ignore_conflicts=True,
    )
    return address


@transaction.atomic
def keep_from(
    *,
    opened: OpenFile,
    address_id: UUID,
    person: str = "",
    agency: Agency | None = None,
    user: User | None = None,
    version: int,
    at: datetime,
) -> AddressKeptFrom:
    """Write down who must not know a protected address. An account, or everybody at an agency, then does not see it,
    whatever list they are on, and wherever on the child's files it stands.

    Raises NotKnown for who may not know it themselves, AddressRefused for nobody, for oneself and for one who is kept
    from it already, and Stale.
    """
    lock_files_of(opened.child)
    bump_version(child=opened.child, version=version)
    address, by = selectors.protected_address(opened, address_id), opened.viewer
    rules.check_one(person=person, agency=agency is not None, account=user is not None)
    rules.check_not_oneself(
        own_account=user is not None and user.pk == by.user_id,
        own_agency=agency is not None and agency.pk == by.agency_id,
    )
    who = {"person": person.strip(), "agency": agency, "user": user}
    if address.kept_from.filter(ended_at=None, **who).exists():
        raise AddressRefused("They are on this list already", field="who")
    deed = AddressKeptFrom.objects.create(address=address, **who, added_at=at, added_by_id=by.person_id)
    for row in rows_of_address(opened.child.pk, lines=address.lines, postcode=address.postcode):
        if row.protected:
            keep_alike(row, [deed])
    return deed


@transaction.atomic
def end_keep_from(*, opened: OpenFile, kept_id: UUID, address_id: UUID, why: str, version: int, at: datetime) -> None:
    """Take back that somebody must not know a protected address, on every row where it was written with this one.

    Raises NotKnown, AddressRefused without why, and Stale.
    """
    bump_version(child=opened.child, version=version)
    rules.check_why(why)
    address = selectors.protected_address(opened, address_id)
    row = address.kept_from.select_for_update().filter(pk=kept_id, ended_at=None).first()
    if row is None:
        raise AddressRefused("They are not on this list any more. Look at the page again.")
    same = rows_of_address(opened.child.pk, lines=address.lines, postcode=address.postcode)
    deed = {name: getattr(row, name) for name in ("person", "agency_id", "user_id", "added_at", "added_by_id")}
    AddressKeptFrom.objects.filter(address__in=same, ended_at=None, **deed).update(
        ended_at=at, ended_by_id=opened.viewer.person_id, ended_why=why.strip()
    )
