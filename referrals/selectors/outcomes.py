"""What came of a notification later on, as upper apps tell it: a registry, so that nothing here knows of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from referrals.models import Notification


@dataclass(frozen=True)
class LaterOutcome:
    """What a referrer may be told of what happened after the decision: finished words, never reasons."""

    heading: str
    words: str
    happened_at: datetime


Outcomes = Callable[[list[Notification], datetime], dict[UUID, LaterOutcome]]
# Filled by `register_outcomes`: each gives, by notification, what its referrer may be told at an instant.
OUTCOMES: list[Outcomes] = []


def register_outcomes(query: Outcomes) -> None:
    """Add what an upper app tells referrers; called in `ready()`. The same function counts once.

    It is asked about notifications of one referrer, and must itself leave out whatever that person may not be told:
    words must not say whether the child was known before.
    """
    if query not in OUTCOMES:
        OUTCOMES.append(query)


def later_outcomes(notifications: Iterable[Notification], *, at: datetime) -> dict[UUID, list[LaterOutcome]]:
    """What came later of each of these notifications, the earliest first."""
    rows = list(notifications)
    found: dict[UUID, list[LaterOutcome]] = {row.pk: [] for row in rows}
    for query in OUTCOMES:
        for notification_id, outcome in query(rows, at).items():
            found[notification_id].append(outcome)
    return {key: sorted(outcomes, key=lambda one: one.happened_at) for key, outcomes in found.items()}
