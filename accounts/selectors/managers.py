"""Who manages an agency's accounts: its own managers, or the data guardians where it has none."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from accounts.models import Membership
from accounts.rules.roles import ROLES, Capability

MANAGING = [key for key, role in ROLES.items() if Capability.REVIEW_ACCESS in role.capabilities]
GUARDING = [key for key, role in ROLES.items() if Capability.AUDIT in role.capabilities]


def managers_of(agency_id: UUID, *, on: date) -> list[Membership]:
    """Those who are asked about an agency's people on a date."""
    current = Membership.objects.current(on).select_related("user").order_by("user__full_name", "pk")
    own = list(current.filter(agency_id=agency_id, role__in=MANAGING))
    return own or list(current.filter(role__in=GUARDING))
