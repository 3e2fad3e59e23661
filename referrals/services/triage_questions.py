"""A likely match that triage, or who reports a child missing, may not know of becomes a question to the guardians."""

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
from cases.clocks.choices import AlertKind
from cases.clocks.services import acknowledge_subject, start_ladder
from cases.record.selectors.hidden import kept_apart
from cases.record.selectors.matching import Candidate
from missing.models import MissingReport
from referrals.choices import NotificationStatus, TriageOutcome, TriageReason
from referrals.models import MatchQuestion, Notification, TriageDecision
from referrals.rules.triage import MESSAGES, AgainstWish, TriageRefused
from referrals.selectors.kept import kept_from_everybody
from referrals.selectors.matching import likely_matches
from referrals.selectors.triage import files_in
from referrals.services.triage import NOTHING_AGAINST, decide
from referrals.services.triage_agencies import Team

RATIONALE = "A data guardian found that this is the child of a file that triage may not know of."


def ask_guardians(*, notification: Notification, hidden: Iterable[Candidate], at: datetime) -> int:
    """Put every likely match that a triage worker may not know of to the data guardians, once each.

    Called while a page is being read, so it brings its own history context. Returns how many are new.
    """
    likely = [candidate for candidate in hidden if candidate.is_likely]
    if not likely or notification.status != NotificationStatus.SENT:
        return 0
    with transaction.atomic(), pghistory.context(user=None, membership=None, request="", reason="matching"):
        return sum(_ask(candidate, at, notification=notification) for candidate in likely)


def ask_guardians_of_report(report: MissingReport, files: list[Candidate], at: datetime) -> None:
    """Put the files that may be a reported child's, and that who reported may not know of, to the data guardians."""
    for candidate in files:
        _ask(candidate, at, report=report)


@transaction.atomic
def ask_where_nobody_may_triage(*, at: datetime) -> int:
    """Put every waiting notification that conflicts of interest keep from all who triage to the data guardians: is it
    the child of a file that keeps them from it? Returns how many questions are new.
    """
    kept = kept_from_everybody(at)
    asked = 0
    for notification in Notification.objects.filter(pk__in=kept).order_by("sent_at", "pk"):
        for candidate in likely_matches(notification=notification, at=at):
            if candidate.child.pk in kept[notification.pk]:
                asked += _ask(candidate, at, notification=notification)
    return asked


def _ask(candidate: Candidate, at: datetime, **about: Notification | MissingReport) -> bool:
    """One question, with the alert that climbs among the guardians; False where it has been asked before."""
    question, created = MatchQuestion.objects.get_or_create(
        **about,
        child=candidate.child,
        defaults={"reasons": [reason.plain for reason in candidate.match.reasons], "asked_at": at},
    )
    if created:
        start_ladder(kind=AlertKind.MATCH_QUESTION, subject_id=question.pk, at=at)
    return created


@transaction.atomic
def answer_match_question(
    *,
    question_id: UUID,
    same_child: bool,
    at: datetime,
    by: Viewer,
    lead: Membership | None = None,
    against_wish: AgainstWish = NOTHING_AGAINST,
) -> tuple[MatchQuestion, TriageDecision | None]:
    """Say whether a notification, or a report of a missing child, is about the child of a file.

    Where it is, and the notification still waits, it is joined to that file and accepted, with the message that
    every accepted referrer gets; the triage worker learns nothing. `lead` is needed where the file has none, and
    `against_wish` where it, or the referrer's agency, is social care or police and comes against what the child said.
    A report stands on a file of its own by then: the answer is kept, and no file is joined to another by it.
    Returns the question and the decision, None where there is none to make. Raises TriageRefused for a role that does
    not audit, a missing lead, and whom `bring_agencies` refuses; NotKnown for a guardian who is blocked, Stale where a
    colleague answered.
    """
    if not by.may(Capability.AUDIT):
        raise TriageRefused("Only a data guardian answers this.", code="role_lacks")
    question = MatchQuestion.objects.select_for_update(of=("self",)).filter(pk=question_id).first()
    if question is None or _blocked(question, at=at, by=by):
        raise NotKnown("no_question")
    if question.answered_at is not None:
        raise Stale("A colleague has answered this question since you opened the page.")
    decision = None
    if same_child and question.notification is not None:
        decision = _join(question, question.notification, team=Team(lead, [], against_wish), at=at, by=by)
    _close(question, same_child=same_child, at=at, by=by)
    if decision is not None:
        for other in MatchQuestion.objects.filter(notification=question.notification, answered_at=None):
            _close(other, same_child=False, at=at, by=by)
    return question, decision


def _blocked(question: MatchQuestion, *, at: datetime, by: Viewer) -> bool:
    return bool(kept_apart(files_in(question), [by.person_id], at))


def _join(
    question: MatchQuestion, notification: Notification, *, team: Team, at: datetime, by: Viewer
) -> TriageDecision | None:
    notification = Notification.objects.select_for_update(of=("self",)).get(pk=notification.pk)
    if notification.status != NotificationStatus.SENT:
        return None
    return decide(
        notification=notification,
        outcome=TriageOutcome.ACCEPT_JOINED,
        reason=TriageReason.SAME_CHILD,
        rationale=RATIONALE,
        message=MESSAGES[TriageOutcome.ACCEPT_JOINED],
        joined_child=question.child,
        team=team,
        looked_at=[question.child_id],
        at=at,
        by=by,
    )


def _close(question: MatchQuestion, *, same_child: bool, at: datetime, by: Viewer) -> None:
    question.same_child, question.answered_at, question.answered_by_id = same_child, at, by.membership_id
    question.save(update_fields=["same_child", "answered_at", "answered_by"])
    acknowledge_subject(kind=AlertKind.MATCH_QUESTION, subject_id=question.pk, at=at, by=by)
