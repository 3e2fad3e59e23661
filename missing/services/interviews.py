"""The chain of a return interview: offered, answered, tried again, given to somebody, held, or not needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Membership
from accounts.rules.refusals import Stale
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.access.choices import Category, GrantReason
from cases.access.selectors import is_named_on
from cases.access.services import NoAgreement, end_grants_from, grant_access, lock_files, record_activity
from cases.clocks.choices import ClockKind
from cases.clocks.services import cancel_clock, give_clock, stop_clock
from cases.record.choices import EntryKind, Source
from cases.record.rules import check_may_name
from cases.record.selectors.hidden import is_restricted
from cases.record.services import add_chronology, provenance
from missing import rules
from missing.choices import (
    AttemptMethod,
    InterviewState,
    InterviewStepKind,
    NotNeededReason,
    Venue,
)
from missing.models import InterviewFinding, InterviewStep, ReturnInterview, SafetyBriefing
from missing.selectors.interviews import coverable, due_at_by_interview, first_offer_of, has_step, interviewers_for
from missing.services.opening import end_for_interview_team, interview_team, open_to_interview_team
from missing.services.returns import run_clock

STALE = "Somebody changed this interview while you had the page open. Look at it again, then make your change."
NOT_HELD = "No return interview was held."
LATE = "The interview was held after the time by which it had to be held. Say why."


@dataclass(frozen=True)
class Deed:
    """One step of the chain: what was done, when, how and with what words."""

    kind: InterviewStepKind
    happened_at: datetime
    note: str = ""
    method: str = ""


@transaction.atomic
def offer_interview(
    *,
    interview: ReturnInterview,
    offered_at: datetime,
    note: str,
    at: datetime,
    by: Viewer,
    agreed_for: datetime | None = None,
    version: int | None = None,
) -> ReturnInterview:
    """Record that the child was offered an interview, or offered one again; `agreed_for` is when they are to meet.

    Without an agreed time an earlier one stays. Raises Stale, MissingRefused where it does not fit.
    """
    rules.check_agreed_time(agreed_for, offered_at=offered_at)
    agreed: dict[str, Any] = {"agreed_for": agreed_for} if agreed_for else {}
    deed = Deed(InterviewStepKind.OFFERED, offered_at, note)
    return _do(interview, deed, version=version, at=at, by=by, **agreed)


@transaction.atomic
def answer_interview(
    *,
    interview: ReturnInterview,
    accepted: bool,
    answered_at: datetime,
    note: str,
    at: datetime,
    by: Viewer,
    agreed_for: datetime | None = None,
    version: int | None = None,
) -> ReturnInterview:
    """Record the child's answer, and when they agreed to meet. Who declines stops the 72 hours; parents or carers may
    then contribute.

    Raises Stale, MissingRefused where it does not fit.
    """
    kind = InterviewStepKind.ACCEPTED if accepted else InterviewStepKind.DECLINED
    agreed: dict[str, Any] = {}
    if accepted and agreed_for:
        rules.check_agreed_time(agreed_for, offered_at=first_offer_of(interview) or agreed_for)
        agreed = {"agreed_for": agreed_for}
    elif not accepted:
        agreed = {"agreed_for": None}
    interview = _do(interview, Deed(kind, answered_at, note), version=version, at=at, by=by, **agreed)
    if not accepted:
        _tell_not_held(interview, "The child declined.", at=at, by=by)
    return interview


@transaction.atomic
def record_attempt(
    *,
    interview: ReturnInterview,
    method: AttemptMethod,
    attempted_at: datetime,
    reason: str,
    at: datetime,
    by: Viewer,
    version: int | None = None,
) -> ReturnInterview:
    """Record an attempt to reach the child, how, and why it led to no interview. Raises Stale, MissingRefused."""
    rules.check_reason(reason, field="note")
    deed = Deed(InterviewStepKind.ATTEMPT, attempted_at, reason, method)
    return _do(interview, deed, version=version, at=at, by=by)


@transaction.atomic
def end_not_engaged(
    *, interview: ReturnInterview, note: str, at: datetime, by: Viewer, version: int | None = None
) -> ReturnInterview:
    """End an interview that was offered, where the child was not reached in spite of attempts.

    Raises Stale; MissingRefused without an attempt on record.
    """
    if not has_step(interview, InterviewStepKind.ATTEMPT):
        raise rules.MissingRefused("Record at least one attempt first: how, when and what came of it.")
    rules.check_reason(note, field="note")
    interview = _do(interview, Deed(InterviewStepKind.NOT_ENGAGED, at, note), version=version, at=at, by=by)
    _tell_not_held(interview, "The child was not reached.", at=at, by=by)
    return interview


@transaction.atomic
def end_not_needed(
    *,
    interview: ReturnInterview,
    reason: NotNeededReason | str,
    note: str,
    at: datetime,
    by: Viewer,
    version: int | None = None,
) -> ReturnInterview:
    """Decide that no interview is offered, with the reason that the guidance asks for. Raises Stale, MissingRefused."""
    rules.check_not_needed(reason, note)
    deed = Deed(InterviewStepKind.NOT_NEEDED, at, note)
    interview = _do(interview, deed, version=version, at=at, by=by, not_needed_reason=reason)
    _tell_not_held(interview, interview.get_not_needed_reason_display(), at=at, by=by)
    return interview


@transaction.atomic
def record_carers_view(
    *,
    interview: ReturnInterview,
    words: str,
    spoken_at: datetime,
    at: datetime,
    by: Viewer,
    version: int | None = None,
) -> ReturnInterview:
    """Record what a parent or carer contributes where the child has declined or was not reached.

    Their words belong to the interview, as said by a parent. Raises Stale, MissingRefused where it does not fit.
    """
    rules.check_reason(words, field="words")
    deed = Deed(InterviewStepKind.CARER_SPOKE, spoken_at)
    interview = _do(interview, deed, version=version, at=at, by=by)
    InterviewFinding.objects.create(
        child_id=interview.child_id,
        interview=interview,
        text=words,
        recorded_at=at,
        third_party=True,
        **provenance(by, Category.INTERVIEW, source=Source.PARENT),
    )
    return interview


@transaction.atomic
def allocate_interviewer(
    *,
    interview: ReturnInterview,
    membership: Membership,
    briefing: str,
    at: datetime,
    by: Viewer,
    nothing_to_warn: bool = False,
    version: int | None = None,
) -> ReturnInterview:
    """Give the interview to somebody, with a safety briefing written for them; the clock is theirs from now.

    The interviewer sees the file in person until the interview is done. Instead of a briefing the actor may say that
    they know of nothing to warn of, which is kept as theirs and takes no earlier briefing away. On a restricted file
    the interviewer is named by somebody who is named. Raises Stale; MissingRefused for a person who holds no such job
    or is kept from the file, which are told alike, and without a briefing or that word; RecordRefused.
    """
    rules.check_briefing(briefing, nothing=nothing_to_warn)
    if membership.pk not in {one.pk for one in interviewers_for(interview.child_id, at=at)}:
        raise rules.MissingRefused("Choose somebody who holds return interviews.", field="membership")
    deed = Deed(InterviewStepKind.ALLOCATED, at)
    interview = _do(interview, deed, version=version, at=at, by=by, person=membership, allocated=membership)
    end_grants_from(source_id=interview.pk, at=at, by=by, why="Another interviewer was named")
    _let_see(interview, membership, at=at, by=by)
    SafetyBriefing.objects.create(
        child_id=interview.child_id,
        interview=interview,
        text=briefing.strip(),
        recorded_at=at,
        third_party=True,
        **provenance(by, Category.PERSON_OF_CONCERN),
    )
    give_clock(
        kind=ClockKind.INTERVIEW_HELD,
        subject_id=interview.pk,
        owner_membership_id=membership.pk,
        owner_group_id=interview_team(),
        at=at,
        by=by,
    )
    return interview


@dataclass(frozen=True)
class Holding:
    """How an interview was held: when, by whom, where, with whom, and why so late where it was."""

    held_at: datetime
    held_by: Membership
    venue: Venue
    present: str
    independent: bool
    breach_reason: str = ""


@transaction.atomic
def hold_interview(
    *,
    interview: ReturnInterview,
    holding: Holding,
    at: datetime,
    by: Viewer,
    covers: Iterable[UUID] = (),
    version: int | None = None,
) -> ReturnInterview:
    """Record that the interview was held, and stop its 72 hours. One conversation may cover other episodes too.

    Each episode keeps its own interview and its own 72 hours. Raises Stale; MissingRefused where the interviewer is
    not independent, for a time that cannot be or lies before the offer, and where it was late, for any of them,
    without a reason.
    """
    rules.check_independent(holding.independent)
    rules.check_held_after_offer(holding.held_at, offered_at=first_offer_of(interview))
    wanted = set(covers)
    others = [one for one in coverable(interview) if one.pk in wanted]
    if len(others) != len(wanted):
        raise rules.MissingRefused("One of the other interviews no longer waits. Look again.", field="covers")
    due_at = _due_at([interview, *others], at=at, by=by)
    for one in (interview, *others):
        if holding.held_at < one.returned_at:
            raise rules.MissingRefused("The interview is held after the return.", field="held_at")
        if holding.held_at > due_at[one.pk] and not holding.breach_reason.strip():
            raise rules.MissingRefused(LATE, field="breach_reason")
    interview = _hold(interview, holding, late=holding.held_at > due_at[interview.pk], version=version, at=at, by=by)
    for one in others:
        _hold(one, holding, late=holding.held_at > due_at[one.pk], covered_by=interview, at=at, by=by)
    who = f"{holding.held_by.user}, {holding.held_by.agency}"
    summary = f"Return interview held {rules.moment(holding.held_at)} by {who}."
    _tell(interview, happened_at=holding.held_at, summary=summary, at=at, by=by)
    return interview


def _due_at(interviews: list[ReturnInterview], *, at: datetime, by: Viewer) -> dict[UUID, datetime]:
    """When each must be held. A clock that a bulk load left out, and no sweep has started yet, is started here."""
    known = due_at_by_interview(interviews)
    for one in interviews:
        if one.pk not in known:
            known[one.pk] = run_clock(one, at=at, by=by).due_at
    return known


def _hold(
    interview: ReturnInterview,
    holding: Holding,
    *,
    late: bool,
    at: datetime,
    by: Viewer,
    covered_by: ReturnInterview | None = None,
    version: int | None = None,
) -> ReturnInterview:
    return _do(
        interview,
        Deed(InterviewStepKind.HELD, holding.held_at),
        version=version,
        at=at,
        by=by,
        person=holding.held_by,
        held_at=holding.held_at,
        held_by=holding.held_by,
        venue=holding.venue,
        present=holding.present,
        independent=holding.independent,
        breach_reason=holding.breach_reason if late else "",
        covered_by=covered_by,
    )


def _do(
    interview: ReturnInterview,
    deed: Deed,
    *,
    at: datetime,
    by: Viewer,
    version: int | None = None,
    person: Membership | None = None,
    **fields: object,
) -> ReturnInterview:
    """Take one step of the chain: the state, the row of its history, and the clock. Locks the interview."""
    interview = lock_interview(interview, version)
    was = InterviewState(interview.state)
    covered = fields.get("covered_by") is not None
    after = rules.interview_after(InterviewState.OFFERED if covered else was, deed.kind)
    if not interview.returned_at <= deed.happened_at <= at:
        raise rules.MissingRefused("The time must be after the return, and not in the future.", field="happened_at")
    for name, value in fields.items():
        setattr(interview, name, value)
    interview.state = after
    carer = deed.kind == InterviewStepKind.CARER_SPOKE or has_step(interview, InterviewStepKind.CARER_SPOKE)
    interview.outcome = rules.outcome_of(after, carer_spoke=carer, covered=interview.covered_by_id is not None)
    interview.version += 1
    interview.save(update_fields=["state", "outcome", "version", *fields])
    write_step(interview, deed, person=person, at=at, by=by)
    _keep_clock(interview, was=was, deed=deed, at=at, by=by)
    end_for_interview_team(interview.child_id, at=at, by=by)
    record_activity(child_id=interview.child_id, category=Category.INTERVIEW, at=at)
    return interview


def _keep_clock(interview: ReturnInterview, *, was: InterviewState, deed: Deed, at: datetime, by: Viewer) -> None:
    """Start, stop or cancel the 72 hours as the state asks; they are never paused. Asked again, it is the team's."""
    ran, runs = was in rules.CLOCK_RUNS, InterviewState(interview.state) in rules.CLOCK_RUNS
    if ran and interview.held_at is not None:
        stop_clock(
            kind=ClockKind.INTERVIEW_HELD,
            subject_id=interview.pk,
            done_at=interview.held_at,
            breach_reason=interview.breach_reason,
            at=at,
            by=by,
        )
    elif ran and not runs:
        cancel_clock(kind=ClockKind.INTERVIEW_HELD, subject_id=interview.pk, why=deed.kind.label, at=at, by=by)
        end_grants_from(source_id=interview.pk, at=at, by=by, why=deed.kind.label)
    elif runs and not ran:
        open_to_interview_team(interview.child, at=at, by=by)
        run_clock(interview, at=at, by=by)


def lock_interview(interview: ReturnInterview, version: int | None = None) -> ReturnInterview:
    """The interview as it stands, held with its file until the transaction is over. Raises Stale on another version."""
    lock_files([interview.child_id])
    rows = ReturnInterview.objects.select_for_update(of=("self",)).select_related("child", "episode")
    interview = rows.get(pk=interview.pk)
    if version is not None and interview.version != version:
        raise Stale(STALE)
    return interview


def write_step(
    interview: ReturnInterview, deed: Deed, *, at: datetime, by: Viewer, person: Membership | None = None
) -> InterviewStep:
    """One row of an interview's own history."""
    return InterviewStep.objects.create(
        child_id=interview.child_id,
        interview=interview,
        kind=deed.kind,
        happened_at=deed.happened_at,
        method=deed.method,
        person=person,
        note=deed.note,
        recorded_at=at,
        **provenance(by, Category.INTERVIEW),
    )


def _let_see(interview: ReturnInterview, membership: Membership, *, at: datetime, by: Viewer) -> None:
    """Open the file to the interviewer in person; a restricted one by name, by a manager or guardian who is named."""
    reasons = [GrantReason.ALLOCATION]
    if is_restricted(interview.child):
        check_may_name(
            is_named=is_named_on(interview.child_id, by.membership_id, at), oversees=by.may(Capability.OVERSEE_ACCESS)
        )
        reasons.append(GrantReason.NAMED)
    try:
        for reason in reasons:
            grant_access(
                child_id=interview.child_id,
                reason=reason,
                at=at,
                by=by,
                membership=membership,
                source_id=interview.pk,
            )
    except NoAgreement as refusal:
        raise rules.MissingRefused(refusal.reason, field="membership") from refusal


def _tell_not_held(interview: ReturnInterview, why: str, *, at: datetime, by: Viewer) -> None:
    """Whether it was held is in the summary of the category; why it was not is for those who see it in full."""
    _tell(interview, happened_at=at, summary=NOT_HELD, detail=why, at=at, by=by)


def _tell(
    interview: ReturnInterview, *, happened_at: datetime, summary: str, detail: str = "", at: datetime, by: Viewer
) -> None:
    add_chronology(
        child=interview.child,
        kind=EntryKind.INTERVIEW,
        category=Category.INTERVIEW,
        happened_at=happened_at,
        summary=summary,
        detail=detail,
        at=at,
        by=by,
    )
