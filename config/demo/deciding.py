"""What the notification point decides, and the file that an accepted notification opens."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from cases.access.choices import Category, GrantReason
from cases.clocks.choices import AlertKind
from cases.clocks.services import acknowledge_subject
from cases.record.choices import EntryKind, InvolvementRole, Source
from cases.record.models import Child
from cases.record.services import Identity, add_chronology, involve, open_child_file
from config.demo.children import ChildPlan
from config.demo.circle import Part
from config.demo.grants import give_to_functions
from config.demo.narratives import Teller
from config.demo.people import World
from referrals.choices import NotificationStatus, TriageOutcome, TriageReason
from referrals.models import Notification, TriageDecision
from referrals.services.notify import age_on_day
from risk.rules import answers_from_plain
from risk.services import record_referrer_assessment

REASONS = {
    TriageOutcome.ACCEPT_NEW: (TriageReason.INDICATORS_PRESENT, TriageReason.MULTI_AGENCY_CONCERN),
    TriageOutcome.ACCEPT_JOINED: (TriageReason.ALREADY_OPEN,),
    TriageOutcome.EARLY_HELP: (TriageReason.VULNERABLE_ONLY, TriageReason.FAMILY_SUPPORT),
    TriageOutcome.SOCIAL_CARE: (TriageReason.SIGNIFICANT_HARM,),
    TriageOutcome.INFORMATION_ONLY: (TriageReason.ABOUT_SOMEBODY_ELSE,),
    TriageOutcome.DECLINE: (TriageReason.NOT_ENOUGH, TriageReason.OTHER_AREA),
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
    notification: Notification,
    outcome: TriageOutcome,
    world: World,
    rng: random.Random,
    at: datetime,
    by: str,
    child: Child | None = None,
    lead: str | None = None,
) -> TriageDecision:
    """Write the decision on one notification, with its reason and what the referrer is told."""
    teller = Teller(rng, notification.preferred_name or notification.given_name)
    decision = TriageDecision.objects.create(
        notification=notification,
        outcome=outcome,
        reason=rng.choice(REASONS[outcome]),
        rationale=teller.tell("triage", outcome.value, "rationale"),
        message_to_referrer=teller.tell("triage", outcome.value, "message"),
        lead=world.members[lead] if lead else None,
        decided_by=world.members[by],
        decided_at=at,
    )
    notification.status, notification.child = NotificationStatus.DECIDED, child
    notification.version += 1
    notification.save(update_fields=["status", "child", "version"])
    acknowledge_subject(kind=AlertKind.URGENT_NOTIFICATION, subject_id=notification.pk, at=at, by=world.viewers[by])
    return decision


def open_file(
    *, plan: ChildPlan, notification: Notification, lead: Part, world: World, rng: random.Random, at: datetime, by: str
) -> Child:
    """Accept a notification: a file with its standing grants, the referrer's agency and one named lead."""
    viewer = world.viewers[by]
    child = open_child_file(identity=identity_of(plan), at=at, by=viewer)
    give_to_functions(child=child, world=world, at=at, by=by)
    decide(
        notification=notification,
        outcome=TriageOutcome.ACCEPT_NEW,
        world=world,
        rng=rng,
        at=at,
        by=by,
        child=child,
        lead=lead.username,
    )
    _receive(child, notification, at=at, by=by, world=world)
    return child


def join_file(
    *, child: Child, lead: str, notification: Notification, world: World, rng: random.Random, at: datetime, by: str
) -> None:
    """Join a notification to the file of a child who is known already."""
    decide(
        notification=notification,
        outcome=TriageOutcome.ACCEPT_JOINED,
        world=world,
        rng=rng,
        at=at,
        by=by,
        child=child,
        lead=lead,
    )
    _receive(child, notification, at=at, by=by, world=world)


def _receive(child: Child, notification: Notification, *, at: datetime, by: str, world: World) -> None:
    viewer = world.viewers[by]
    involve(
        child=child,
        agency=notification.agency,
        role=InvolvementRole.REFERRER,
        reason=GrantReason.REFERRAL,
        at=at,
        by=viewer,
    )
    add_chronology(
        child=child,
        kind=EntryKind.NOTIFICATION,
        category=Category.ASSESSMENT,
        happened_at=notification.sent_at,
        summary=f"{notification.agency} notified a concern.",
        detail=notification.concern,
        source=Source.PROFESSIONAL,
        agency_id=notification.agency_id,
        at=at,
        by=viewer,
    )
    if notification.tool is not None and notification.answers is not None:
        record_referrer_assessment(
            child=child,
            version=notification.tool,
            answers=answers_from_plain(notification.answers),
            harm_status=notification.harm_status,
            age=age_on_day(notification, notification.sent_at),
            evidence=notification.matrix_evidence,
            assessed_at=notification.sent_at,
            referrer=notification.membership,
            at=at,
            by=viewer,
        )


def decided_at_of(sent_at: datetime, rng: random.Random, *, urgent: bool, until: datetime) -> datetime:
    """When the notification point decided: within hours where it is urgent, else by the next working day."""
    wait = timedelta(minutes=rng.randint(12, 90)) if urgent else timedelta(hours=rng.randint(1, 24))
    return min(sent_at + wait, until - timedelta(hours=2, minutes=rng.randint(0, 50)))
