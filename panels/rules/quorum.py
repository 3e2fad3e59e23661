"""Whether enough of the right services are in the room. Source: domain report D4; the numbers are each panel's own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.choices import Sector
from panels.choices import AttendanceStatus

IN_THE_ROOM = (AttendanceStatus.PRESENT, AttendanceStatus.DEPUTY)


@dataclass(frozen=True)
class InTheRoom:
    """One seat that somebody sits on at the meeting."""

    sector: str
    chairs: bool = False


@dataclass(frozen=True)
class Quorum:
    """Whether a meeting is quorate, and who is missing where it is not."""

    met: bool
    missing: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        return "Quorate" if self.met else "Not quorate"

    @property
    def follows(self) -> str:
        """What follows where it is not, and who is missing; empty where it is."""
        return "" if self.met else f"Decisions are provisional. Not here: {', '.join(self.missing)}."


def quorum_of(present: Iterable[InTheRoom], rule: Mapping[str, Any]) -> Quorum:
    """Measure who is there against a panel's rule: {chair, all_of: sectors, one_of: sectors}."""
    seats = list(present)
    sectors = {seat.sector for seat in seats}
    missing = []
    if rule.get("chair") and not any(seat.chairs for seat in seats):
        missing.append("the chair or a deputy of the chair")
    missing += [_name(sector) for sector in rule.get("all_of", ()) if sector not in sectors]
    one_of = rule.get("one_of", ())
    if one_of and not sectors.intersection(one_of):
        missing.append(" or ".join(_name(sector) for sector in one_of))
    return Quorum(not missing, tuple(missing))


def _name(sector: str) -> str:
    label = Sector(sector).label
    return label[:1].lower() + label[1:]
