"""Who is looking: a person under one membership, or a named part of the system itself."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import UUID

from accounts.rules.roles import ROLES, Capability


class SystemPrincipal(StrEnum):
    """Parts of the system that read everything and put out no file."""

    MEASURES = "measures"
    MATCHING = "matching"
    SWEEP = "sweep"


@dataclass(frozen=True)
class Viewer:
    """A user acting under ONE membership for the length of a request.

    `group_ids` are the groups whose grants reach this viewer: the agency's own while a current, signed agreement to
    share information covers it (`covered`), and those of the functions this membership serves in. A viewer without a
    membership has none, and sees no file.
    """

    user_id: int | None = None
    name: str = ""
    membership_id: UUID | None = None
    agency_id: UUID | None = None
    agency_name: str = ""
    agency_group_id: int | None = None
    covered: bool = True
    covered_until: date | None = None
    sector: str = ""
    role_key: str = ""
    function_group_ids: tuple[int, ...] = ()
    system: SystemPrincipal | None = None
    functions: frozenset[str] = field(default_factory=frozenset)
    may_switch: bool = False

    @property
    def group_ids(self) -> tuple[int, ...]:
        own = () if self.agency_group_id is None or not self.covered else (self.agency_group_id,)
        return own + self.function_group_ids

    @property
    def person_id(self) -> int:
        """The user's id, where only a person can act. Raises ValueError for a system principal or nobody."""
        if self.user_id is None:
            raise ValueError("Only a signed-in person can do this")
        return self.user_id

    @property
    def acting_membership_id(self) -> UUID:
        """The membership's id, where only a person under one can act. Raises ValueError for anybody else."""
        if self.membership_id is None:
            raise ValueError("Only somebody who acts under a membership can do this")
        return self.membership_id

    @property
    def role_name(self) -> str:
        return ROLES[self.role_key].name if self.role_key else ""

    def may(self, capability: Capability) -> bool:
        """Whether the role of the acting membership opens this capability."""
        return bool(self.role_key) and capability in ROLES[self.role_key].capabilities


NOBODY = Viewer()


def system_viewer(principal: SystemPrincipal) -> Viewer:
    """The viewer of a named system principal."""
    return Viewer(name=f"system: {principal.value}", system=principal)
