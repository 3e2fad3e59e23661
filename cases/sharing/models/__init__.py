"""What people decide about access: each kind of decision in a module of its own."""

from cases.sharing.models.conflicts import Conflict, Declaration, PossibleConflict, StaffHome
from cases.sharing.models.emergency import EmergencyAccess
from cases.sharing.models.restriction import Restriction, RestrictionStep

__all__ = [
    "Conflict",
    "Declaration",
    "EmergencyAccess",
    "PossibleConflict",
    "Restriction",
    "RestrictionStep",
    "StaffHome",
]
