"""Whose job it is to lead on a case, and what somebody does for a child by their job."""

from __future__ import annotations

from collections.abc import Mapping

from accounts.choices import Sector
from cases.record.choices import InvolvementRole

# Who may be named the lead of a case that they do not work on yet.
LEAD_ROLES = (
    "csc_social_worker",
    "csc_manager",
    "csc_out_of_hours",
    "specialist_keyworker",
    "specialist_manager",
    "police_exploitation",
    "youth_justice",
    "early_help",
)
ROLE_OF_SECTOR: Mapping[str, InvolvementRole] = {
    Sector.SOCIAL_CARE: InvolvementRole.SOCIAL_WORKER,
    Sector.POLICE: InvolvementRole.POLICE_LEAD,
    Sector.SPECIALIST: InvolvementRole.KEYWORKER,
    Sector.HEALTH: InvolvementRole.HEALTH,
    Sector.EDUCATION: InvolvementRole.EDUCATION,
    Sector.YOUTH_JUSTICE: InvolvementRole.YOUTH_JUSTICE,
    Sector.HOUSING: InvolvementRole.HOUSING,
    Sector.EARLY_HELP: InvolvementRole.EARLY_HELP,
}


def role_in(sector: str) -> InvolvementRole:
    """What an agency and its people do for a child, where nobody says otherwise."""
    return ROLE_OF_SECTOR.get(sector, InvolvementRole.SUPPORT)
