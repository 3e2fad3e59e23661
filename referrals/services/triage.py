"""Deciding what becomes of a notification: one decision, once, with the file, the lead and the access it brings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import Agency, Membership
from accounts.rules.dates import moment
from accounts.rules.refusals import NotKnown
from accounts.rules.viewers import Viewer
from cases.record.models import Child
from cases.record.rules import KEPT_FROM_WORK
from cases.record.selectors.hidden import free_to_work, is_restricted
from referrals.choices import NotificationStatus
from referrals.models import Notification, TriageDecision
from referrals.rules.triage import (
    NEEDS_LEAD,
    AgainstWish,
    AlreadyDecided,
    Proposal,
    TriageRefused,
    check_may_triage,
    check_proposal,
    check_waiting,
    opens_file,
    tells_lead,
)
from referrals.selectors.kept import kept_among
from referrals.selectors.triage import lead_of
from referrals.services.deciding import stop_deciding
from referrals.services.triage_agencies import Team, bring_agencies
from referrals.services.triage_file import new_file, write_decision, write_notification

NO_SUCH_FILE = (
    "There is no file with this reference that you may open. Check it, or select that no file is about this child."
)
NOTHING_AGAINST = AgainstWish()


@transaction.atomic
def decide_notification(
    *,
    notification: Notification,
    outcome: str,
    reason: str,
    rationale: str,
    message_to_referrer: str,
    at: datetime,
    version: int,
    by: Viewer,
    joined_child: Child | None = None,
    lead: Membership | None = None,
    agencies: Iterable[Agency] = (),
    looked_at: Iterable[UUID] = (),
    why_safe: str = "",
    against_wish: AgainstWish = NOTHING_AGAINST,
) -> TriageDecision:
    """Decide on a notification that waits.

    Accepting, and social care, open a file (or a new spell on `joined_child`, which must be visible to the viewer)
    with exactly one named lead; early help does where a lead is named. A lead that the joined file has already
    stays. Any other outcome joined to a file puts what was told on that file and brings nobody to it.

    Declining where harm is suspected or known, or the level is high, needs a second look: `why_safe`. Social care or
    police who would come to a joined file against what the child said need `against_wish`.

    Raises TriageRefused for a decision that does not hold together, AlreadyDecided where a colleague was first,
    Stale where the referrer has completed the Matrix since `version`, NotKnown where a conflict of interest keeps the
    notification from the viewer.
    """
    check_may_triage(by)
    if kept_among(Notification.objects.filter(pk=notification.pk), by.person_id, at):
        raise NotKnown("no_notification")
    waiting = lock_waiting(notification=notification, version=version, at=at, by=by)
    if joined_child is not None:
        joined_child = Child.objects.visible_to(by, at=at).filter(pk=joined_child.pk, merged_into=None).first()
        if joined_child is None:
            raise TriageRefused(NO_SUCH_FILE, field="joined_child")
    return decide(
        notification=waiting,
        outcome=outcome,
        reason=reason,
        rationale=rationale,
        message=message_to_referrer,
        joined_child=joined_child,
        team=Team(lead, list(agencies), against_wish),
        looked_at=list(looked_at),
        why_safe=why_safe,
        at=at,
        by=by,
    )


def lock_waiting(*, notification: Notification, version: int, at: datetime, by: Viewer) -> Notification:
    """The notification, locked, if it still waits as it was when the page was opened. Raises AlreadyDecided, Stale."""
    locked = Notification.objects.select_for_update(of=("self",)).get(pk=notification.pk)
    refuse_if_decided(notification=locked, at=at, by=by)
    check_waiting(status=locked.status, stored_version=locked.version, version=version)
    return locked


def refuse_if_decided(*, notification: Notification, at: datetime, by: Viewer) -> None:
    """Raise AlreadyDecided for a notification that is decided, with who decided what."""
    if notification.status == NotificationStatus.DECIDED:
        raise AlreadyDecided(_decided_words(notification, at=at, by=by))


def _decided_words(notification: Notification, *, at: datetime, by: Viewer) -> str:
    """Who decided what, for those who may know of the file it went to; for others that it was decided."""
    decision = TriageDecision.objects.select_related("decided_by__user").get(notification=notification)
    child_id = notification.child_id
    if child_id is not None and not Child.objects.visible_to(by, at=at).filter(pk=child_id).exists():
        return "This notification has been decided since you opened the page."
    return (
        f"{decision.decided_by.user} decided this notification on {moment(decision.decided_at)}: "
        f"{decision.get_outcome_display()}. {decision.get_reason_display()}."
    )


def decide(
    *,
    notification: Notification,
    outcome: str,
    reason: str,
    rationale: str,
    message: str,
    joined_child: Child | None,
    team: Team,
    looked_at: list[UUID],
    at: datetime,
    by: Viewer,
    why_safe: str = "",
) -> TriageDecision:
    """Write a decision on a locked notification. For the services of this package, which check who may."""
    lead = team.lead
    staying = lead_of(joined_child) if joined_child else None
    holder = staying.membership if staying else None
    _check_lead(joined_child, holder, lead, at)
    facts = _facts_of(notification, why_safe, joined_child) | _lead_facts(holder, lead, outcome, at)
    check_proposal(Proposal(outcome=outcome, reason=reason, rationale=rationale, message=message, **facts))
    leads = holder if staying else lead
    opens = opens_file(outcome, has_lead=lead is not None or staying is not None)
    child = joined_child or (new_file(notification=notification, at=at, by=by) if opens else None)
    decision = TriageDecision.objects.create(
        notification=notification,
        outcome=outcome,
        reason=reason,
        rationale=rationale,
        why_safe=why_safe,
        message_to_referrer=message,
        lead=leads if opens else None,
        lead_told=opens and _tells_lead(outcome, leads, child),
        decided_by_id=by.membership_id,  # type: ignore[misc]
        decided_at=at,
        looked_at=looked_at,
    )
    _settle(notification, child, at=at, by=by)
    if child is not None:
        write_notification(notification=notification, child=child, joined=joined_child is not None, at=at, by=by)
        write_decision(decision=decision, child=child, opens=opens, at=at, by=by)
        if opens:
            comes = replace(team, lead=None) if staying else team
            bring_agencies(notification=notification, child=child, team=comes, at=at, by=by)
    return decision


def _settle(notification: Notification, child: Child | None, *, at: datetime, by: Viewer) -> None:
    """It waits no more, and nobody is rung about it any more."""
    notification.status, notification.child = NotificationStatus.DECIDED, child
    notification.version += 1
    notification.save(update_fields=["status", "child", "version"])
    stop_deciding(notification=notification, at=at, by=by)


def _facts_of(notification: Notification, why_safe: str, joined_child: Child | None) -> dict[str, Any]:
    return {
        "has_joined_child": joined_child is not None,
        "harm_status": notification.harm_status,
        "level": notification.computed_level,
        "danger": notification.immediate_danger,
        "why_safe": why_safe,
    }


def _tells_lead(outcome: str, lead: Membership | None, child: Child | None) -> bool:
    if lead is None or child is None:
        return False
    return tells_lead(outcome, lead_role=lead.role, restricted=is_restricted(child))


def _check_lead(child: Child | None, staying: Membership | None, lead: Membership | None, at: datetime) -> None:
    """Refuse a lead beside the one whom a file has, and one whom a conflict of interest keeps from it."""
    if staying is not None and lead is not None and staying.pk != lead.pk:
        raise TriageRefused(
            f"{staying.user} leads on this file already, and stays: children want one constant worker. Leave the "
            "lead empty. A change of lead is made on the file, with its reason.",
            field="lead",
        )
    if child is not None and lead is not None and not free_to_work([lead], child.pk, at=at):
        raise TriageRefused(KEPT_FROM_WORK, field="lead")


def _lead_facts(staying: Membership | None, lead: Membership | None, outcome: str, at: datetime) -> dict[str, Any]:
    """What the rule asks of the lead. A lead that stays has been checked when it was named."""
    if staying is not None and (outcome in NEEDS_LEAD or lead is not None):
        return {"has_lead": True, "lead_stays": True}
    if lead is None:
        return {"has_lead": False}
    if not Membership.objects.current(timezone.localdate(at)).filter(pk=lead.pk, agency__ended_on=None).exists():
        raise TriageRefused("That worker no longer works there. Select another lead.", field="lead")
    return {"has_lead": True, "lead_role": lead.role, "lead_sector": lead.agency.sector}
