"""What people decide about access: each kind of decision in a module of its own."""

from cases.sharing.models.agreements import (
    AgreementEnd,
    AgreementSignature,
    AgreementVersion,
    ImpactAssessment,
)
from cases.sharing.models.conflicts import Conflict, Declaration, PossibleConflict, StaffHome
from cases.sharing.models.emergency import EmergencyAccess
from cases.sharing.models.restriction import Restriction, RestrictionStep

__all__ = [
    "AgreementEnd",
    "AgreementSignature",
    "AgreementVersion",
    "Conflict",
    "Declaration",
    "EmergencyAccess",
    "ImpactAssessment",
    "PossibleConflict",
    "Restriction",
    "RestrictionStep",
    "StaffHome",
]
