"""Conflicts of interest, the smallest valid row of each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.models import User
from accounts.rules.viewers import Viewer
from accounts.selectors import now
from cases.record.models import Child
from cases.sharing.models import Conflict, PossibleConflict
from tests.factories.cases import block


def make_conflict(child: Child, viewer: Viewer, *, by: Viewer, **fields: Any) -> Conflict:
    """A conflict of somebody's with the block that goes with it, an hour old."""
    placed = block(child, viewer, by=by)
    return Conflict.objects.create(
        **{
            "child": child,
            "user": User.objects.get(pk=viewer.user_id),
            "block": placed,
            "source": "placed",
            "relation": "family",
            "words": "Her cousin.",
            "placed_at": placed.placed_at,
            "placed_by_id": by.person_id,
            **fields,
        }
    )


def make_possible(child: Child, viewer: Viewer, **fields: Any) -> PossibleConflict:
    """A question to the guardians that nobody has answered, an hour old."""
    return PossibleConflict.objects.create(
        **{
            "child": child,
            "user_id": viewer.user_id,
            "ground": "same_home",
            "found_at": now() - timedelta(hours=1),
            **fields,
        }
    )
