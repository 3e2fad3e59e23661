"""Every model of the app, for Django."""

from cases.access.models import AccessGrant, Block, ChildGroupGrant, ChildUserGrant
from cases.clocks.models import Alert, Clock, ClockChange, ClosureDay, OutboxMessage, SweepRun
from cases.record.models import (
    Address,
    AddressReader,
    Alias,
    AuthorityPeriod,
    Child,
    ChronologyEntry,
    Identifier,
    Involvement,
    LegalPeriod,
    Placement,
    PlanPeriod,
    SchoolPeriod,
    Spell,
)
from cases.sharing.models import (
    Conflict,
    Declaration,
    EmergencyAccess,
    PossibleConflict,
    Restriction,
    RestrictionStep,
    StaffHome,
)
from cases.sharing.models.looks import LookDigest, LookSignal
from cases.sharing.models.matrix import MatrixChange, MatrixProposal, MatrixSignature
from cases.sharing.models.requests import AccessRequest
from cases.sharing.models.shares import SharingBreach, SharingDecision, SharingWish

__all__ = [
    "AccessGrant",
    "AccessRequest",
    "Address",
    "AddressReader",
    "Alert",
    "Alias",
    "AuthorityPeriod",
    "Block",
    "Child",
    "ChildGroupGrant",
    "ChildUserGrant",
    "ChronologyEntry",
    "Clock",
    "ClockChange",
    "ClosureDay",
    "Conflict",
    "Declaration",
    "EmergencyAccess",
    "Identifier",
    "Involvement",
    "LegalPeriod",
    "LookDigest",
    "LookSignal",
    "MatrixChange",
    "MatrixProposal",
    "MatrixSignature",
    "OutboxMessage",
    "Placement",
    "PlanPeriod",
    "PossibleConflict",
    "Restriction",
    "RestrictionStep",
    "SchoolPeriod",
    "SharingBreach",
    "SharingDecision",
    "SharingWish",
    "Spell",
    "StaffHome",
    "SweepRun",
]
