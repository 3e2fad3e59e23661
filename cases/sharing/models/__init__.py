"""What people decide about access: each kind of decision in a module of its own."""

from cases.sharing.models.emergency import EmergencyAccess
from cases.sharing.models.restriction import Restriction, RestrictionStep

__all__ = ["EmergencyAccess", "Restriction", "RestrictionStep"]
