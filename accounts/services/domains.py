"""How the work addresses of an agency's people end: whom the administrator can invite."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Agency, DomainChange
from accounts.rules.life import AccountRefused, check_sets_domains, read_domains
from accounts.rules.refusals import Stale
from accounts.rules.viewers import Viewer

CHANGED = "Somebody changed this while you had the page open. Look at what stands there now, then make your change."


@transaction.atomic
def set_domains(*, agency_id: UUID, domains: str, reason: str, version: int, at: datetime, by: Viewer) -> Agency:
    """Set the ends of an agency's work addresses, one a line; without any, nobody can be invited to it.

    Accounts that there are stay as they are. Raises AccountRefused for anybody but a data guardian, for what is no end
    of an address, and where nothing changes; Stale where it was changed since the page was opened.
    """
    check_sets_domains(by)
    agency = Agency.objects.select_for_update().get(pk=agency_id)
    if agency.domain_changes.count() != version:
        raise Stale(CHANGED)
    wanted = read_domains(domains)
    if wanted == sorted(agency.email_domains):
        raise AccountRefused("That is how it stands already", field="domains")
    DomainChange.objects.create(
        agency=agency,
        before=agency.email_domains,
        after=wanted,
        reason=reason.strip(),
        changed_at=at,
        changed_by_id=by.person_id,
    )
    agency.email_domains = wanted
    agency.save(update_fields=["email_domains"])
    return agency
