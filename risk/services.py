"""Writing assessments and judgements. An assessment never changes; a correction is a new one."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import DefinitionVersion, Draft, Membership
from accounts.rules.refusals import Stale
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from accounts.services import drafts
from cases.access.choices import Category
from cases.record.choices import Disability, EntryKind, HarmStatus, RiskLevel
from cases.record.models import Child
from cases.record.rules import age_on
from cases.record.services import add_chronology, bump_version, provenance, record_level
from risk import rules
from risk.models import JudgementReturn, LevelJudgement, RiskAssessment
from risk.scoring import Answer, Result, Tool, score
from risk.selectors import WHOLE, counting_judgements, draft_form, draft_on, is_sent_back, tool_of

SUMMARY = "{who} completed the {tool}: {level}{provisional}."


def score_answers(
    *, tool: Tool, answers: Mapping[str, Answer], age: int | None, harm_status: str, disability: str
) -> Result:
    """Score a tool's answers for a child of an age (whole years) and disability.

    Raises risk.scoring.InvalidAnswers where the answers do not fit the tool.
    """
    facts = ["learning_disability"] if disability == Disability.LEARNING else []
    known = [fact for fact in facts if fact in tool.facts]
    return score(tool, answers, age=age, harm_status=rules.harm_for_tool(harm_status), facts=known)


@transaction.atomic
def record_assessment(
    *,
    child: Child,
    version: DefinitionVersion,
    answers: Mapping[str, Answer],
    harm_status: str,
    at: datetime,
    by: Viewer,
    evidence: str = "",
    protective_factors: str = "",
    childs_view: str = "",
    parents_view: str = "",
    corrects: RiskAssessment | None = None,
    draft_version: int | None = None,
) -> RiskAssessment:
    """Submit a completed risk tool for a child: scored, explained, and kept as it is for ever.

    It decides nothing: the level on the file changes when somebody judges it. The writer's own draft of it is gone
    then; `draft_version` is the one that the page was opened on, 0 for none, None where nobody filled in a page.
    Raises risk.scoring.InvalidAnswers; JudgementRefused for a second correction of the same assessment and for one
    that answers no question; Stale where the draft was saved in another window meanwhile.
    """
    rules.check_answered(tool_of(version), answers)
    _finish_draft(child, corrects, version=draft_version, by=by)
    if corrects is not None and RiskAssessment.objects.filter(corrects=corrects).exists():
        raise rules.JudgementRefused("That assessment has been corrected already. Correct the newer one.")
    assessment = _store(
        child=child,
        version=version,
        answers=answers,
        harm_status=harm_status,
        age=age_on(child.birth_date, timezone.localdate(at)),
        assessed_at=at,
        author={"recorded_at": at, **provenance(by, Category.ASSESSMENT)},
        evidence=evidence,
        protective_factors=protective_factors,
        childs_view=childs_view,
        parents_view=parents_view,
        corrects=corrects,
    )
    _tell_chronology(assessment, who=by.name, at=at, by=by)
    return assessment


@transaction.atomic
def keep_draft(
    *,
    child: Child,
    corrects: RiskAssessment | None,
    tool: DefinitionVersion,
    typed: Mapping[str, Sequence[str]],
    version: int | None,
    at: datetime,
    by: Viewer,
) -> Draft:
    """Keep an assessment as far as it was typed, for its writer alone; it is not on the file.

    `version` is that of the draft when the page was opened, 0 or None for none. Raises Stale where it was saved in
    another window meanwhile.
    """
    draft = draft_on(child, by, corrects=corrects)
    if draft is None:
        draft = drafts.start_draft(form=draft_form(corrects), subject=str(child.pk), at=at, by=by)
        version = 0  # what the page was opened on has been thrown away since, and is begun anew
    return drafts.save_step(
        draft_id=draft.pk, step=WHOLE, typed=typed, kept={"tool_id": tool.pk}, version=version, at=at, by=by
    )


def throw_away_draft(*, child: Child, corrects: RiskAssessment | None, by: Viewer) -> None:
    """Throw away what the writer has begun on a file, for good; nothing where there is nothing."""
    draft = draft_on(child, by, corrects=corrects)
    if draft is not None:
        drafts.discard_draft(draft_id=draft.pk, by=by)


def _finish_draft(child: Child, corrects: RiskAssessment | None, *, version: int | None, by: Viewer) -> None:
    draft = draft_on(child, by, corrects=corrects)
    if draft is None:
        return
    if version is not None and draft.answers[WHOLE]["version"] != version:
        raise Stale("You changed these answers in another window. Open the assessment again, then send it.")
    drafts.discard_draft(draft_id=draft.pk, by=by)


@transaction.atomic
def record_referrer_assessment(
    *,
    child: Child,
    version: DefinitionVersion,
    answers: Mapping[str, Answer],
    harm_status: str,
    age: int | None,
    evidence: str,
    assessed_at: datetime,
    referrer: Membership,
    at: datetime,
    by: Viewer,
) -> RiskAssessment:
    """Put the Matrix that came with a notification on the child's file, as the referrer's provisional view.

    It stays the referrer's entry and agency's. While nobody has judged a level, its level stands on the file as
    provisional.
    """
    assessment = _store(
        child=child,
        version=version,
        answers=answers,
        harm_status=harm_status,
        age=age,
        assessed_at=assessed_at,
        author={
            "author_id": referrer.user_id,
            "author_membership_id": referrer.pk,
            "agency_id": referrer.agency_id,
            "category": Category.ASSESSMENT,
            "recorded_at": at,
        },
        evidence=evidence,
        provisional=True,
    )
    # The entry is the referrer's own, like the assessment: nobody else is shown as its author.
    _tell_chronology(assessment, who=str(referrer.agency), at=at, by=viewer_of(referrer))
    child.refresh_from_db()
    if child.level_judged_at is None:
        record_level(
            child=child,
            level=RiskLevel(assessment.computed_level),
            harm_status=rules.worse_harm(child.harm_status, assessment.harm_status),
            review_due_on=assessment.review_due_on,
            at=at,
            provisional=True,
        )
    return assessment


def _store(
    *,
    child: Child,
    version: DefinitionVersion,
    answers: Mapping[str, Answer],
    harm_status: str,
    age: int | None,
    assessed_at: datetime,
    author: dict[str, Any],
    **texts: object,
) -> RiskAssessment:
    result = score_answers(
        tool=tool_of(version), answers=answers, age=age, harm_status=harm_status, disability=child.disability
    )
    return RiskAssessment.objects.create(
        child=child,
        tool=version,
        answers=rules.answers_to_plain(answers),
        result=result.as_dict(),
        computed_level=rules.level_for_rank(result.band.rank),
        harm_status=rules.harm_from_tool(result.harm_status),
        age_at_assessment=age,
        assessed_at=assessed_at,
        review_due_on=timezone.localdate(assessed_at) + timedelta(days=result.next_review_days),
        **author,
        **texts,
    )


def _tell_chronology(assessment: RiskAssessment, *, who: str, at: datetime, by: Viewer) -> None:
    add_chronology(
        child=assessment.child,
        kind=EntryKind.ASSESSMENT,
        category=Category.ASSESSMENT,
        happened_at=assessment.assessed_at,
        summary=SUMMARY.format(
            who=who,
            tool=assessment.result["tool_title"],
            level=assessment.result["band"]["label"].lower(),
            provisional=", provisional until the service has met the child" if assessment.provisional else "",
        ),
        agency_id=assessment.agency_id,
        at=at,
        by=by,
    )


@transaction.atomic
def judge_level(
    *,
    assessment: RiskAssessment,
    judged_level: str,
    harm_status: str,
    reason: str,
    version: int,
    at: datetime,
    by: Viewer,
) -> LevelJudgement:
    """Decide on the level and harm status, beside what the tool computed.

    A level below the computed one, and a lower level than the file's by an assessment that left most questions out,
    counts once a manager has approved it. `version` is that of the file. Raises Stale, and JudgementRefused for a
    level without its reason.
    """
    rules.check_assessment_stands(
        corrected=RiskAssessment.objects.filter(corrects=assessment).exists(),
        overtaken=counting_judgements(assessment.child)
        .filter(assessment__assessed_at__gt=assessment.assessed_at)
        .exists(),
    )
    child, computed = assessment.child, assessment.computed_level
    held = rules.held_level(child.level, judged=child.level_judged_at is not None)
    rules.check_judgement(computed=computed, judged=judged_level, held=held, reason=reason)
    bump_version(child=child, version=version)
    thorough = rules.answers_most(tool_of(assessment.tool), assessment.answers)
    waits = rules.needs_approval(computed=computed, judged=judged_level, held=held, thorough=thorough)
    judgement = LevelJudgement.objects.create(
        child=child,
        assessment=assessment,
        computed_level=computed,
        judged_level=judged_level,
        harm_status=harm_status,
        reason=reason,
        judged_at=at,
        recorded_at=at,
        needs_approval=waits,
        **provenance(by, Category.ASSESSMENT),
    )
    if not waits:
        _let_it_count(judgement, at=at, by=by)
    return judgement


@transaction.atomic
def approve_judgement(
    *, judgement: LevelJudgement, note: str, version: int, at: datetime, by: Viewer
) -> LevelJudgement:
    """Approve a level below the computed one; it counts from now.

    `version` is that of the file. Raises Stale; JudgementRefused for one's own, and where a newer level counts.
    """
    bump_version(child=judgement.child, version=version)
    judgement = LevelJudgement.objects.select_for_update().get(pk=judgement.pk)
    rules.check_not_overtaken(
        overtaken=counting_judgements(judgement.child).filter(judged_at__gt=judgement.judged_at).exists()
    )
    rules.check_approval(
        needs=judgement.needs_approval,
        approved=judgement.approved_at is not None,
        sent_back=is_sent_back(judgement),
        judged_by=judgement.author_id,
        approver=by.user_id,
    )
    judgement.approved_at, judgement.approved_by_id, judgement.approval_note = at, by.user_id, note
    judgement.save(update_fields=["approved_at", "approved_by", "approval_note"])
    _let_it_count(judgement, at=at, by=by)
    return judgement


@transaction.atomic
def send_back_judgement(
    *, judgement: LevelJudgement, reason: str, version: int, at: datetime, by: Viewer
) -> JudgementReturn:
    """Send a level below the computed one back to the one who judged it, with the reason; it will never count.

    `version` is that of the file. Raises Stale; JudgementRefused for one's own, for one that does not wait or was
    overtaken, and without a reason.
    """
    bump_version(child=judgement.child, version=version)
    judgement = LevelJudgement.objects.select_for_update().get(pk=judgement.pk)
    rules.check_not_overtaken(
        overtaken=counting_judgements(judgement.child).filter(judged_at__gt=judgement.judged_at).exists()
    )
    rules.check_sending_back(
        needs=judgement.needs_approval,
        approved=judgement.approved_at is not None,
        sent_back=is_sent_back(judgement),
        judged_by=judgement.author_id,
        sender=by.user_id,
        reason=reason,
    )
    return JudgementReturn.objects.create(
        child=judgement.child,
        judgement=judgement,
        reason=reason,
        sent_back_at=at,
        recorded_at=at,
        **provenance(by, Category.ASSESSMENT),
    )


def _let_it_count(judgement: LevelJudgement, *, at: datetime, by: Viewer) -> None:
    assessment = judgement.assessment
    record_level(
        child=judgement.child,
        level=RiskLevel(judgement.judged_level),
        harm_status=HarmStatus(judgement.harm_status),
        review_due_on=assessment.review_due_on,
        at=at,
    )
    add_chronology(
        child=judgement.child,
        kind=EntryKind.LEVEL,
        category=Category.LEVEL,
        happened_at=at,
        summary=f"The level is now {judgement.get_judged_level_display().lower()}. "
        f"{judgement.get_harm_status_display()}.",
        at=at,
        by=by,
    )
