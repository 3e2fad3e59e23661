"""Asking whether an agency has room for a role, one at a time: before a role is asked for, and before it is given."""

from __future__ import annotations

from datetime import date

from django.db.models import Q

from accounts.choices import Sector
from accounts.models import Agency, Membership, RoleRequest
from accounts.rules.joining import check_may_join


def check_joins(
    *, agency: Agency, role: str, on: date, replaces: Membership | None = None, waiting: bool = False
) -> None:
    """Refuse a role that would bring a second health service into an agency; the agency is held until the end of the
    transaction, so that of two who ask at once the second finds the first.

    Every role counts that has not ended, also of somebody whose account is suspended, but the one that it `replaces`;
    with `waiting` so do those that wait for a second person.
    """
    # Without its key, so that nobody waits who writes something of that agency's meanwhile.
    there = Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
    members = Membership.objects.filter(Q(ended_on=None) | Q(ended_on__gt=on))
    at_it = members.filter(agency=there).exclude(pk__in=[replaces.pk] if replaces else [])
    held = set(at_it.values_list("role", flat=True))
    if waiting:
        held |= set(RoleRequest.objects.filter(agency=there, decision="").values_list("role", flat=True))
    theirs = members.filter(role=role, agency__sector=Sector.HEALTH, agency__ended_on=None).exclude(agency=there)
    own = theirs.order_by("agency__name").values_list("agency__name", flat=True).first()
    check_may_join(role, agency=there.name, sector=there.sector, held=held, own=own or "")
