"""Notifications and triage decisions, the smallest valid row of each."""

from __future__ import annotations

from typing import Any

from accounts.rules.viewers import Viewer
from accounts.selectors import now
from referrals import choices
from referrals.models import MatchQuestion, Notification, TriageDecision


def first(choice_class: Any) -> str:
    """The first value of a closed list."""
    return str(choice_class.values[0])


def make_notification(by: Viewer, **fields: Any) -> Notification:
    """A concern as a referrer sent it, without the Matrix."""
    return Notification.objects.create(
        **{
            "referrer_id": by.user_id,
            "membership_id": by.membership_id,
            "agency_id": by.agency_id,
            "sent_at": now(),
            "given_name": "Robin",
            "family_name": "Ashdown",
            "concerns": [first(choices.ConcernKind)],
            "concern": "Picked up after school by an adult nobody knows.",
            "immediate_danger": False,
            "child_told": first(choices.Told),
            "child_agreement": first(choices.Agreement),
            "parents_told": first(choices.Told),
            "parents_agreement": first(choices.Agreement),
            "referrer_telephone": "01632 960 102",
            **fields,
        }
    )


def make_decision(notification: Notification, by: Viewer, **fields: Any) -> TriageDecision:
    """A decision that opens no file."""
    return TriageDecision.objects.create(
        **{
            "notification": notification,
            "outcome": choices.TriageOutcome.INFORMATION_ONLY,
            "reason": first(choices.TriageReason),
            "rationale": "Kept for information.",
            "message_to_referrer": "Thank you. We have kept what you told us.",
            "decided_by_id": by.membership_id,
            "decided_at": now(),
            **fields,
        }
    )


def make_match_question(notification: Notification, child: Any, **fields: Any) -> MatchQuestion:
    return MatchQuestion.objects.create(
        **{"notification": notification, "child": child, "reasons": ["Same birth date"], **fields}
    )
