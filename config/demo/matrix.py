"""A change of who sees what that the co-ordinator has proposed, and that waits for signatures."""

from __future__ import annotations

from datetime import date, timedelta

from accounts.choices import RoleKey
from cases.access.choices import Category, Cell
from cases.sharing.services.matrix import add_change, propose_matrix
from config.demo.people import World
from config.demo.times import on_day

PROPOSED_AGO, HOLDS_IN = 6, 21
WHY = (
    "Safeguarding leads in schools say that they learn nothing after a child has come back. They should know that a "
    "return interview was held, so that they can ask. Youth workers need only know that a child goes "
    "missing, not when."
)


def propose_a_change(world: World, *, today: date) -> None:
    """Propose that schools know of return interviews, and that youth workers know less of episodes."""
    at, by = on_day(today - timedelta(days=PROPOSED_AGO), 15), world.viewers["coordinator"]
    proposal = propose_matrix(
        role=RoleKey.EDUCATION_DSL,
        category=Category.INTERVIEW,
        cell=Cell.EXISTENCE,
        effective_on=today + timedelta(days=HOLDS_IN),
        reason=WHY,
        at=at,
        by=by,
    )
    add_change(
        proposal_id=proposal.pk, role=RoleKey.YOUTH_SERVICE, category=Category.MISSING, cell=Cell.EXISTENCE, by=by
    )
