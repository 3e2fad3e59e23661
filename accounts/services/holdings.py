"""What a person holds in the upper apps: counted for whoever moves or closes an account, and let go where it can be.

The upper apps register what they know; nothing here says which children it is about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import Membership
from accounts.rules.viewers import Viewer

Count = Callable[[UUID, datetime], int]
Release = Callable[[UUID, datetime, Viewer], object]


@dataclass(frozen=True)
class Holding:
    """One kind of thing that a membership may hold. `release` ends it; what has none is handed over by a manager."""

    one: str
    many: str
    count: Count
    release: Release | None = None


HOLDINGS: dict[str, Holding] = {}


def register_holding(key: str, holding: Holding) -> None:
    """Say in `ready()` what an app keeps for a membership. Raises ValueError for a second word."""
    if key in HOLDINGS:
        raise ValueError(f"Two holdings are called {key}")
    HOLDINGS[key] = holding


Suspended = Callable[[int, datetime], object]
# Filled by `register_suspended`; each is called with the user's id in the transaction of the suspension.
SUSPENDED: list[Suspended] = []


def register_suspended(follows: Suspended) -> None:
    """Say in `ready()` what follows where somebody's account is suspended: they keep what they hold, and use none."""
    if follows not in SUSPENDED:
        SUSPENDED.append(follows)


def held_by(membership_id: UUID, *, at: datetime) -> list[tuple[str, bool]]:
    """What a membership holds, in words with a number, and whether it ends by itself."""
    found = []
    for holding in HOLDINGS.values():
        number = holding.count(membership_id, at)
        if number:
            found.append((f"{number} {holding.one if number == 1 else holding.many}", holding.release is not None))
    return found


def let_go(membership: Membership, *, at: datetime, by: Viewer) -> list[str]:
    """End what can be ended; returns, in words, what is left to be handed over."""
    left = [words for words, ends in held_by(membership.pk, at=at) if not ends]
    for holding in HOLDINGS.values():
        if holding.release is not None:
            holding.release(membership.pk, at, by)
    return left
