"""A likely match that the triage worker may not know of becomes a question to the data guardians."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import pghistory
from django.db import transaction

from accounts.models import Membership
from accounts.rules.refusals import NotKnown, Stale
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.access.models import Block
from cases.clocks.choices import AlertKind
from cases.clocks.services import acknowledge_subject, start_ladder
from cases.record.selectors.matching import Candidate
from referrals.choices import NotificationStatus, TriageOutcome, TriageReason
from referrals.models import MatchQuestion, Notification, TriageDecision
from referrals.rules.triage import MESSAGES, TriageRefused
from referrals.services.triage import decide

RATIONALE = "A data guardian found that this is the child of a file that triage may not know of."


def ask_guardians(*, notification: Notification, hidden: Iterable[Candidate], at: datetime) -> int:
    """Put every likely match that a triage worker may not know of to the data guardians, once each.

    Called while a page is being read, so it brings its own history context. Returns how many are new.
    """
    likely = [candidate for candidate in hidden if candidate.is_likely]
    if not likely or notification.status != NotificationStatus.SENT:
        return 0
    new = 0
    with transaction.atomic(), pghistory.context(user=None, membership=None, request="", reason="matching"):
        for candidate in likely:
            question, created = MatchQuestion.objects.get_or_create(
                notification=notification,
                child=candidate.child,
                defaults={"reasons": [reason.plain for reason in candidate.match.reasons], "asked_at": at},
            )
            if created:
                new += 1
                start_ladder(kind=AlertKind.MATCH_QUESTION, subject_id=question.pk, at=at)
    return new


@transaction.atomic
def answer_match_question(
    *, question_id: UUID, same_child: bool, at: datetime, by: Viewer, lead: Membership | None = None
) -> tuple[MatchQuestion, TriageDecision | None]:
    """Say whether a notification is about the child of a file that triage may not know of.

    Where it is, and the notification still waits, it is joined to that file and accepted, with the message that
    every accepted referrer gets; the triage worker learns nothing. `lead` is needed where the file has none.
    Returns the question and the decision, None where there is none to make. Raises TriageRefused for a role that
    does not audit or a missing lead, NotKnown for a guardian who is blocked, Stale where a colleague answered.
    """
    if not by.may(Capability.AUDIT):
        raise TriageRefused("Only a data guardian answers this.")
    question = MatchQuestion.objects.select_for_update(of=("self",)).filter(pk=question_id).first()
    if question is None or Block.objects.live(at).filter(child_id=question.child_id, user_id=by.person_id).exists():
        raise NotKnown("no_question")
    if question.answered_at is not None:
        raise Stale("A colleague has answered this question since you opened the page.")
    decision = _join(question, lead=lead, at=at, by=by) if same_child else None
    _close(question, same_child=same_child, at=at, by=by)
    if decision is not None:
        for other in MatchQuestion.objects.filter(notification=question.notification, answered_at=None):
            _close(other, same_child=False, at=at, by=by)
    return question, decision


def _join(question: MatchQuestion, *, lead: Membership | None, at: datetime, by: Viewer) -> TriageDecision | None:
    notification = Notification.objects.select_for_update(of=("self",)).get(pk=question.notification_id)
    if notification.status != NotificationStatus.SENT:
        return None
    return decide(
        notification=notification,
        outcome=TriageOutcome.ACCEPT_JOINED,
        reason=TriageReason.SAME_CHILD,
        rationale=RATIONALE,
        message=MESSAGES[TriageOutcome.ACCEPT_JOINED],
        joined_child=question.child,
        lead=lead,
        agencies=[],
        looked_at=[question.child_id],
        at=at,
        by=by,
    )


def _close(question: MatchQuestion, *, same_child: bool, at: datetime, by: Viewer) -> None:
    question.same_child, question.answered_at, question.answered_by_id = same_child, at, by.membership_id
    question.save(update_fields=["same_child", "answered_at", "answered_by"])
    acknowledge_subject(kind=AlertKind.MATCH_QUESTION, subject_id=question.pk, at=at, by=by)
