"""Decisions about access, the smallest valid of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from accounts.choices import RoleKey
from accounts.rules.viewers import Viewer
from cases.sharing.models.matrix import MatrixProposal
from cases.sharing.services.matrix import propose_matrix

WHY_CHANGE = "Schools asked to see that an interview was held."


def propose(viewer: Callable[[str], Viewer], at: datetime, *, by: str = "coordinator", **said: str) -> MatrixProposal:
    """A proposal that schools see that there are return interviews, from a week on."""
    asked = {"role": RoleKey.EDUCATION_DSL, "category": "interview", "cell": "E", "reason": WHY_CHANGE} | said
    return propose_matrix(effective_on=at.date() + timedelta(days=7), at=at, by=viewer(by), **asked)
