"""A file for named people only: who must be named, for how long, and who may open it again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from accounts.rules.refusals import Refusal
from accounts.rules.roles import ROLES, Capability
from cases.sharing.rules.wording import is_shorter

NAMED_AT_LEAST = 2
REASON_AT_LEAST = 20
LONGEST = timedelta(days=183)


class RestrictionRefused(Refusal):
    """A restriction cannot be placed, changed or lifted like this. `field` names where to mend it."""

    code = "restriction_refused"


@dataclass(frozen=True)
class Named:
    """Somebody who is, or will be, on the list: their membership and its role."""

    membership_id: UUID
    role: str

    @property
    def oversees(self) -> bool:
        """Whether they can look after the restriction: a manager or a data guardian."""
        return Capability.OVERSEE_ACCESS in ROLES[self.role].capabilities

    @property
    def guards(self) -> bool:
        """Whether they are a data guardian, who alone reviews emergencies and lifts conflicts of interest."""
        return Capability.AUDIT in ROLES[self.role].capabilities


def check_reason(reason: str, *, field: str = "reason") -> None:
    """Refuse fewer than 20 characters: whoever reviews it reads why."""
    if is_shorter(reason, REASON_AT_LEAST):
        raise RestrictionRefused(f"Say why in at least {REASON_AT_LEAST} characters", field=field)


def check_review_on(review_on: date, *, today: date) -> None:
    """Refuse a review that is not after today or later than six months: a restriction keeps help away too."""
    if review_on <= today:
        raise RestrictionRefused("The review must be after today", field="review_on")
    if review_on > today + LONGEST:
        raise RestrictionRefused("The review must be within six months", field="review_on")


def check_named(named: Collection[Named], *, lead: UUID | None, lead_name: str = "") -> None:
    """Refuse a list of fewer than two, one without a data guardian, and one without the lead.

    `lead` is the membership of the worker who leads, None where nobody does.
    """
    ids = {one.membership_id for one in named}
    if len(ids) < NAMED_AT_LEAST:
        raise RestrictionRefused("Name at least two people, so that the child never depends on one", field="named")
    if not any(one.guards for one in named):
        raise RestrictionRefused(
            "Name a data guardian too: nobody else can review an emergency on this file or lift a conflict of interest",
            field="named",
        )
    if lead is not None and lead not in ids:
        raise RestrictionRefused(
            f"{lead_name or 'The lead'} leads on the case and would not see the file any more. "
            "Name them, or change the lead first",
            field="named",
        )


def check_may_lift(*, asked_by: int | None, by: int, others: Collection[Named]) -> None:
    """Refuse to lift by the person who asked: two people decide it. `others` are the named who oversee, but for who
    asked.
    """
    if asked_by is None:
        raise RestrictionRefused("Nobody has asked to lift it.")
    if asked_by == by:
        words = "Somebody else who is named here, a manager or a data guardian, must agree."
        raise RestrictionRefused(words if others else f"{words} Name one first.", code="own_request")
