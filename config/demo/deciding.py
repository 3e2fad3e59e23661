"""What the notification point decides, through the product's own service."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from cases.record.choices import HarmStatus
from cases.record.models import Child
from cases.record.services import Identity
from config.demo.children import ChildPlan
from config.demo.circle import Part
from config.demo.narratives import Teller
from config.demo.people import World
from referrals.choices import TriageOutcome, TriageReason
from referrals.models import Notification, TriageDecision
from referrals.rules.triage import MESSAGES, REASONS_FOR, worrying
from referrals.services.triage import decide_notification

# Reasons that say more about the child than is known of everybody.
PARTICULAR = {
    TriageReason.EXPLOITATION_KNOWN,
    TriageReason.REPEAT_MISSING,
    TriageReason.PLACED_IN,
    TriageReason.UNDER_13,
    TriageReason.NOT_A_CHILD,
}


def identity_of(plan: ChildPlan) -> Identity:
    """Who the child is, as the file says it once the notification point has asked around."""
    return Identity(
        given_name=plan.given_name,
        family_name=plan.family_name,
        preferred_name=plan.preferred_name,
        birth_date=plan.birth_date,
        sex=plan.sex,
        ethnicity=plan.ethnicity,
        disability=plan.disability,
        first_language=plan.language,
    )


def decide(
    *,
    plan: ChildPlan,
    notification: Notification,
    outcome: TriageOutcome,
    world: World,
    rng: random.Random,
    at: datetime,
    by: str,
    joined: Child | None = None,
    lead: str | None = None,
) -> TriageDecision:
    """Decide on one notification, with a reason that is true of the child and what the referrer is told."""
    teller = Teller(rng, plan.called)
    doubtful = outcome == TriageOutcome.DECLINE and worrying(
        harm_status=notification.harm_status,
        level=notification.computed_level,
        danger=notification.immediate_danger,
    )
    return decide_notification(
        notification=notification,
        outcome=outcome,
        reason=_reason(plan, outcome, rng),
        rationale=teller.tell("triage", outcome.value, "rationale"),
        why_safe=teller.tell("triage", outcome.value, "why_safe") if doubtful else "",
        message_to_referrer=MESSAGES[outcome],
        at=at,
        version=notification.version,
        by=world.viewers[by],
        joined_child=joined,
        lead=world.members[lead] if lead else None,
        looked_at=[joined.pk] if joined else [],
    )


def outcome_for(plan: ChildPlan, lead: Part, rng: random.Random) -> TriageOutcome:
    """Accepted, or with children's social care at once where harm is known and a social worker leads."""
    at_once = plan.harm == HarmStatus.KNOWN and lead.role == "social_worker" and rng.random() < 0.3
    return TriageOutcome.SOCIAL_CARE if at_once else TriageOutcome.ACCEPT_NEW


def _reason(plan: ChildPlan, outcome: TriageOutcome, rng: random.Random) -> TriageReason:
    true_of_child = {
        TriageReason.EXPLOITATION_KNOWN: plan.harm == HarmStatus.KNOWN,
        TriageReason.REPEAT_MISSING: bool(plan.traits.get("missing")),
        TriageReason.PLACED_IN: plan.placed_in,
    }
    fitting = [
        reason for reason in REASONS_FOR[outcome] if reason not in PARTICULAR or true_of_child.get(reason, False)
    ]
    return rng.choice(fitting)


def decided_at_of(sent_at: datetime, rng: random.Random, *, urgent: bool, until: datetime) -> datetime:
    """When the notification point decided: within the hour where it is urgent, else by the next day."""
    wait = timedelta(minutes=rng.randint(8, 55)) if urgent else timedelta(hours=rng.randint(1, 22))
    return min(sent_at + wait, until - timedelta(hours=2, minutes=rng.randint(0, 50)))
