"""A child's file on which every value there is stands, each in the condition in which it is shown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.models import Draft, Membership
from accounts.rules.viewers import Viewer
from accounts.selectors import now, viewer_of
from cases.access.choices import Category, GrantReason
from cases.access.models import AccessGrant
from cases.access.services import grant_access
from cases.clocks.choices import ClockState
from cases.clocks.models import Clock, ClockChange
from cases.record.choices import HarmStatus, SpellEnd
from cases.record.models import (
    Address,
    AddressKeptFrom,
    AuthorityPeriod,
    Child,
    Involvement,
    LegalPeriod,
    Placement,
    PlanPeriod,
    SchoolPeriod,
    Spell,
)
from cases.sharing.choices import Answer as Said
from cases.sharing.choices import BreachOutcome, DeclineReason, SharingEnd
from cases.sharing.models import Declaration, Restriction, RestrictionStep
from cases.sharing.models.looks import LookSignal
from cases.sharing.models.shares import SharingBreach, SharingDecision, SharingWish
from missing.choices import Agrees, EpisodeState, EpisodeStepKind, InterviewState
from missing.models import EpisodeStep, InterviewStep, MissingEpisode, ReturnInterview
from panels.choices import ActionStatus, ItemState
from panels.models import Action, ActionStep, AgendaItem, ItemUpdate, Meeting
from referrals.choices import NotificationStatus
from referrals.models import Notification
from referrals.selectors.notify import FORM
from risk.models import LevelJudgement, RiskAssessment
from risk.rules import answers_to_plain
from risk.scoring import Answer
from risk.selectors import tool_of
from risk.services import score_answers
from tests.access.canaries import make_one, make_the_rest
from tests.access.fields import free_texts
from tests.factories.accounts import make_agency, make_membership, make_viewer
from tests.factories.conflicts import make_conflict, make_possible
from tests.factories.emergency import make_emergency
from tests.factories.missing import make_finding, make_returned
from tests.factories.panels import make_action, make_item, make_meeting
from tests.factories.referrals import make_decision, make_notification
from tests.factories.risk import any_tool, make_assessment, make_judgement
from tests.factories.shares import make_declined, make_request, make_share

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SEEN_LATER = [InterviewState.HELD, InterviewState.NOT_NEEDED, InterviewState.ACCEPTED]


def fill(child: Child, worker: Viewer, *, restriction: bool = True) -> dict[str, Any]:
    """Every kind of content and every register. Gives what the addresses of the registers' own rows name.

    `restriction=False` leaves out the words about one, on a file that the test itself restricts or does not.
    """
    make_the_rest(child, worker)
    in_other_conditions(child, worker)
    with_every_value(child, worker)
    guardian = Membership.objects.filter(role="data_guardian").order_by("pk")[0]
    if restriction:
        restrict(child, guardian)
    return {
        **sharing(child, Membership.objects.get(pk=worker.membership_id), guardian),
        **walls(child, guardian),
        **from_outside(child, worker),
        "interview_id": keys(ReturnInterview, child, state__in=SEEN_LATER),
        "episode_id": keys(MissingEpisode, child, interview__state=InterviewState.NOT_NEEDED),
        **dict.fromkeys(["assessment_id", "corrects_id"], keys(RiskAssessment, child, provisional=True)),
        "decision_id": keys(SharingDecision, child),
        "action_id": keys(Action, child, verified_at__isnull=False),
    }


def keys(model: Any, child: Child, **which: Any) -> list[Any]:
    """The keys of some rows about a child."""
    return list(model._default_manager.filter(child=child, **which).values_list("pk", flat=True))


def in_other_conditions(child: Child, worker: Viewer) -> None:
    """What stands in a text only once something is ended, approved, late, agreed, corrected or carried over."""
    at = now()
    done_by = {"membership_id": worker.membership_id, "working_agency_id": worker.agency_id}
    make_one(Involvement, child, worker, ended_on=at.date(), end_note="x", **done_by)
    judged = LevelJudgement.objects.filter(child=child).order_by("judged_at")[0]
    approved = {"needs_approval": True, "approved_by_id": worker.user_id, "approved_at": at, "approval_note": "x"}
    make_judgement(judged.assessment, worker, judged_at=judged.judged_at - DAY, reason="x", **approved)
    episode = MissingEpisode.objects.filter(child=child, state=EpisodeState.RETURNED)[0]
    make_one(EpisodeStep, child, worker, episode=episode, kind=EpisodeStepKind.CORRECTED, happened_at=at)
    make_finding(episode.interview, worker, Category.INTERVIEW, "x", agrees=Agrees.YES, share_with="x")
    held_late(child, worker)
    make_item(
        make_meeting(Meeting.objects.order_by("pk")[0].panel, starts_at=at + 9 * DAY),
        child,
        worker,
        reasons=[{"code": "listed", "category": Category.MINUTES, "words": "x", "facts": {}}],
        state=ItemState.DEFERRED,
        state_reason="x",
        settled_at=at - 2 * DAY,
    )
    for one in Action.objects.filter(child=child):
        ActionStep.objects.create(
            action=one, status=ActionStatus.IN_PROGRESS, note="x", taken_by_id=worker.membership_id
        )


# Periods of which one may be open at a time, and the other things that hold from one day until another.
PERIODS = (Spell, Address, PlanPeriod, LegalPeriod, Placement, SchoolPeriod, AuthorityPeriod)


def with_every_value(child: Child, worker: Viewer) -> None:
    """What stands in a day, a number or a choice only once something is over, asked for again, ticked or verified."""
    at, today = now(), now().date()
    for period in PERIODS:
        make_one(period, child, worker, ended_on=today, **({"end_reason": SpellEnd.SAFER} if period is Spell else {}))
    ticked = {"A1": Answer("yes", evidence="x")}
    scored = score_answers(
        tool=tool_of(any_tool()), answers=ticked, age=14, harm_status=HarmStatus.SUSPECTED, disability="none"
    )
    later = {"review_due_on": today + 90 * DAY, "provisional": True, "age_at_assessment": 14}
    assessment = make_assessment(
        child, worker, answers=answers_to_plain(ticked), result=scored.as_dict(), assessed_at=at - 9 * DAY, **later
    )
    judged = make_judgement(assessment, worker, judged_at=at - 9 * DAY)
    child.level_judged_at, child.review_due_on = judged.judged_at, assessment.review_due_on
    child.save(update_fields=["level_judged_at", "review_due_on"])
    item = AgendaItem.objects.filter(child=child).order_by("meeting__starts_at")[0]
    done_by = Membership.objects.get(pk=worker.membership_id)
    done = {"status": ActionStatus.DONE, "ended_at": at - 2 * DAY, "verified_at": at, "verified_by": done_by}
    make_action(item, done_by, worker, **done)
    missed(child, worker)
    held = ReturnInterview.objects.get(child=child, state=InterviewState.HELD)
    # What was written down days after it was done says so, and an update says of what day it is.
    make_one(InterviewStep, child, worker, interview=held, happened_at=at - 9 * DAY)
    make_one(ItemUpdate, child, worker, item=item, recorded_at=at - 2 * DAY)
    AccessGrant.objects.create(
        child=child,
        group=done_by.agency.group,
        reason=GrantReason.SHARE,
        valid_from=at - 2 * DAY,
        ended_at=at - DAY,
        end_reason="x",
    )


def missed(child: Child, worker: Viewer) -> None:
    """Two absences with all their times: the interview of one was not needed, that of the other is agreed for a day."""
    ends = [{"state": InterviewState.NOT_NEEDED, "not_needed_reason": "other"}, {"state": InterviewState.ACCEPTED}]
    for days, end in zip((90, 60), ends, strict=True):
        seen = now() - days * DAY
        episode = make_returned(child, worker, last_seen_at=seen, noticed_at=seen + HOUR / 2)
        said = {"episode": episode, "returned_at": episode.returned_at, "agreed_for": now() + DAY, **end}
        make_one(ReturnInterview, child, worker, **{"category": Category.INTERVIEW, "not_needed_reason": "", **said})


def held_late(child: Child, worker: Viewer) -> None:
    """An interview that was held after its 72 hours, with the reason; and what became of its clock."""
    at = now()
    episode = make_returned(child, worker, last_seen_at=at - 30 * DAY)
    held_at = episode.returned_at + 5 * DAY
    interview = make_one(
        ReturnInterview,
        child,
        worker,
        category=Category.INTERVIEW,
        episode=episode,
        returned_at=episode.returned_at,
        state=InterviewState.HELD,
        held_at=held_at,
        held_by_id=worker.membership_id,
        independent=True,
        not_needed_reason="",
    )
    running = Clock.objects.filter(child=child)[0]
    clock = Clock.objects.create(
        kind=running.kind,
        definition=running.definition,
        subject_id=interview.pk,
        child=child,
        anchored_at=episode.returned_at,
        due_at=episode.returned_at + 3 * DAY,
        first_due_at=episode.returned_at + 3 * DAY,
        state=ClockState.DONE,
        done_at=held_at,
        stopped_at=held_at,
        breach_reason="x",
    )
    moved = {"anchored_before": held_at, "anchored_after": held_at, "due_before": held_at, "due_after": held_at}
    ClockChange.objects.create(clock=clock, changed_at=held_at, why="x", **moved)


def sharing(child: Child, worker: Membership, guardian: Membership) -> dict[str, Any]:
    """A share against a wish that was withdrawn as an error and assessed, a wish, and a request that was answered."""
    at = now()
    far = make_agency()
    told = {"child_answer": Said.NOT_TOLD, "child_not_told": "risk"}
    told |= {"carers_answer": Said.NOT_TOLD, "carers_not_told": "inquiry"}
    make_share(child, far, worker, granted=False, acknowledged_at=at, acknowledged_by=worker.user, **told)
    ended = {"ended_at": at, "ended_by": worker.user, "end_kind": SharingEnd.NOT_NEEDED}
    make_share(child, far, worker, granted=False, **ended)
    make_declined(child, far, worker)
    decision = make_share(
        child,
        far,
        worker,
        granted=False,
        override_ground="crime",
        authorised_by="x",
        explained="x",
        ended_at=at - HOUR,
        ended_by=worker.user,
        end_kind=SharingEnd.IN_ERROR,
        end_words="x",
    )
    said = {"words": "x", "why": "x", "done": "x", "outcome": BreachOutcome.NOT_REPORTABLE}
    SharingBreach.objects.create(
        decision=decision, found_at=at, found_by=worker.user, assessed_at=at, assessed_by=guardian.user, **said
    )
    SharingWish.objects.create(
        child=child,
        kind="free",
        words="x",
        understands="yes",
        said_on=at.date(),
        recorded_at=at,
        recorded_as=worker,
    )
    asked = make_request(
        child,
        make_membership(agency=far),
        answer="refused",
        refusal_reason=DeclineReason.NO_BASIS,
        answer_words="x",
        answered_at=at,
        answered_by=worker.user,
    )
    grant_access(
        child_id=child.pk,
        reason=GrantReason.SHARE,
        at=at - DAY,
        by=None,
        categories=(Category.PLAN,),
        valid_until=at + DAY,
        note="x",
        group=far.group,
    )
    return {"asked_id": asked.pk}


def walls(child: Child, guardian: Membership) -> dict[str, Any]:
    """A conflict that somebody asks to lift, a possible one that was answered, an emergency that was reviewed,
    looks that were asked about, and somebody who may know a protected address after all.
    """
    at, by = now(), viewer_of(guardian)
    asks = {"lift_asked_at": at, "lift_asked_by": guardian.user, "lift_reason": "x"}
    conflict = make_conflict(child, make_viewer(), by=by, **asks)
    other = make_membership()
    declared = Declaration.objects.create(
        membership=other,
        given_name="x",
        family_name="x",
        birth_date=child.birth_date,
        relation="family",
        words="x",
        declared_at=at - 9 * DAY,
    )
    lifted = {"lifted_at": at - 2 * DAY, "lifted_by": make_membership().user}
    make_conflict(child, make_viewer(), by=by, **asks, **lifted)
    possible = make_possible(
        child,
        viewer_of(other),
        ground="declared",
        declaration=declared,
        found_at=at - 9 * DAY,
        answered_at=at,
        answered_by=guardian.user,
        answer_words="x",
    )
    emergency = make_emergency(
        child,
        other,
        reviewed_at=at,
        reviewed_by=guardian.user,
        verdict="justified",
        verdict_words="x",
        ended_at=at,
        ended_by=guardian.user,
    )
    signal = LookSignal.objects.filter(child_id=child.pk)[0]
    decided = {"verdict": "explained", "note": "x", "decided_at": at, "decided_by": guardian}
    LookSignal.objects.create(
        digest=signal.digest,
        kind="own_name",
        user_id=other.user_id,
        child_id=child.pk,
        count=1,
        first_at=at,
        last_at=at,
        **decided,
    )
    AddressKeptFrom.objects.create(
        address=Address.objects.get(child=child, protected=True),
        person="x",
        added_at=at - 9 * DAY,
        added_by=guardian.user,
        ended_at=at - 2 * DAY,
        ended_by=guardian.user,
        ended_why="x",
    )
    return {"conflict_id": conflict.pk, "possible_id": possible.pk, "access_id": emergency.pk}


def restrict(child: Child, guardian: Membership) -> None:
    """The words about a restriction, which somebody asks to lift."""
    at = now()
    said = {
        "child": child,
        "kind": "other",
        "reason": "x",
        "review_on": at.date(),
        "keeper": guardian,
        "placed_by": guardian.user,
        "lift_asked_at": at,
        "lift_asked_by": guardian.user,
        "lift_reason": "x",
    }
    other = make_membership().user
    Restriction.objects.create(**said, placed_at=at - 9 * DAY, lifted_at=at - 2 * DAY, lifted_by=other)
    restriction = Restriction.objects.create(**said, placed_at=at)
    RestrictionStep.objects.create(
        restriction=restriction, kind="reviewed", words="x", done_at=at, done_by=guardian.user
    )


def from_outside(child: Child, worker: Viewer) -> dict[str, Any]:
    """A notification in which everything was written, as it was decided; and one that its sender has begun."""
    sender = Notification.objects.filter(child=child)[0].membership
    scored = RiskAssessment.objects.filter(child=child, provisional=True)[0]
    said = {
        **{field.name: "x" for field in free_texts(Notification) if field.name != "reference"},
        "tool": scored.tool,
        "answers": scored.answers,
        "result": scored.result,
        "birth_date": child.birth_date,
        "happened_on": now().date(),
        "postcode": "x",
        "sent_at": now() - HOUR,
        "matrix_completed_at": now(),
    }
    notification = make_notification(
        viewer_of(sender), child=child, status=NotificationStatus.DECIDED, immediate_danger=True, **said
    )
    make_decision(notification, worker, rationale="x", why_safe="x", message_to_referrer="x")
    begun = {"child": {"version": 1, "kept": None, "typed": {"given_name": ["x"]}}}
    draft = Draft.objects.create(user=sender.user, membership=sender, form=FORM, answers=begun)
    return {"decided": notification.reference, "draft_id": draft.pk}
