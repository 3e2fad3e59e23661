"""Who may know a protected address and who must not: adding to both, and taking back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Agency, User
from cases.record.models import Address, AddressKeptFrom, AddressReader
from cases.record.services import OpenFile, bump_version
from cases.sharing.rules import addresses as rules
from cases.sharing.rules.addresses import AddressRefused
from cases.sharing.selectors import addresses as selectors


@transaction.atomic
def let_know(*, opened: OpenFile, address_id: UUID, members: Iterable[UUID], version: int) -> Address:
    """Put people who work with the child on the list of a protected address.

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
        AddressReader(address=address, membership_id=member) for member in sorted(wanted, key=str)
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
    whatever list they are on.

    Raises NotKnown for who may not know it themselves, AddressRefused for nobody, for oneself and for one who is kept
    from it already, and Stale.
    """
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
    return AddressKeptFrom.objects.create(address=address, **who, added_at=at, added_by_id=by.person_id)


@transaction.atomic
def end_keep_from(*, opened: OpenFile, kept_id: UUID, address_id: UUID, why: str, version: int, at: datetime) -> None:
    """Take back that somebody must not know a protected address. Raises NotKnown, AddressRefused without why; Stale."""
    bump_version(child=opened.child, version=version)
    rules.check_why(why)
    address = selectors.protected_address(opened, address_id)
    row = address.kept_from.select_for_update().filter(pk=kept_id, ended_at=None).first()
    if row is None:
        raise AddressRefused("They are not on this list any more. Look at the page again.")
    row.ended_at, row.ended_by_id, row.ended_why = at, opened.viewer.person_id, why.strip()
    row.save(update_fields=["ended_at", "ended_by", "ended_why"])
