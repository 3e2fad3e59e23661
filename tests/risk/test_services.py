"""Assessments and judgements as they reach the child's file."""

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.models import Draft
from accounts.rules.refusals import Stale
from cases.access.choices import Category
from cases.record.choices import HarmStatus, RiskLevel
from cases.record.models import Child, ChronologyEntry
from risk import services
from risk.models import JudgementReturn, LevelJudgement, RiskAssessment
from risk.presenters import home_blocks
from risk.rules import JudgementRefused
from risk.scoring import Answer, InvalidAnswers
from risk.selectors import InForce, awaiting_approval, draft_on, drafts_begun, sent_back_to, tool_in_force
from tests.factories.cases import grant, make_child
from tests.factories.world import World

pytestmark = pytest.mark.django_db
FIVE = {code: Answer("yes") for code in ("A1", "A2", "A3", "A4", "B1")}
WHY = "She has a safe adult now and has not been away since March."


@pytest.fixture
def matrix(at: datetime) -> InForce:
    return tool_in_force(on=timezone.localdate(at))


@pytest.fixture
def child(world: World) -> Child:
    made = make_child()
    grant(made, world.agency("specialist"))
    return made


def assess(child: Child, world: World, matrix: InForce, at: datetime, **fields: object) -> RiskAssessment:
    wanted = {"answers": FIVE, "harm_status": HarmStatus.SUSPECTED, **fields}
    return services.record_assessment(
        child=child,
        version=matrix.version,
        at=at,
        by=world.viewer("keyworker"),
        **wanted,  # type: ignore[arg-type]
    )


def judge(assessment: RiskAssessment, world: World, at: datetime, level: str, **fields: object) -> LevelJudgement:
    child = Child.objects.get(pk=assessment.child_id)
    wanted = {"harm_status": HarmStatus.SUSPECTED, "reason": WHY, "version": child.version, **fields}
    return services.judge_level(
        assessment=assessment,
        judged_level=level,
        at=at,
        by=world.viewer("keyworker"),
        **wanted,  # type: ignore[arg-type]
    )


def approve(judgement: LevelJudgement, world: World, at: datetime, person: str) -> LevelJudgement:
    child = Child.objects.get(pk=judgement.child_id)
    return services.approve_judgement(
        judgement=judgement, note="Discussed.", version=child.version, at=at, by=world.viewer(person)
    )


def test_an_assessment_keeps_tool_answers_and_explanation_and_decides_nothing(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    done = assess(child, world, matrix, at)
    child.refresh_from_db()
    assert (done.computed_level, done.tool, done.result["total"]) == (RiskLevel.MEDIUM, matrix.version, 5)
    assert done.review_due_on == timezone.localdate(at) + timedelta(days=42)
    assert child.level == RiskLevel.NOT_ASSESSED
    entry = ChronologyEntry.objects.get(child=child)
    assert (entry.category, entry.summary) == (
        "assessment",
        "Kezia Thorne completed the Risk Factor Matrix: medium.",
    )


def test_answers_that_do_not_fit_the_tool_save_nothing(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    with pytest.raises(InvalidAnswers):
        assess(child, world, matrix, at, answers={"A1": Answer("'; DROP TABLE cases_child; --")})
    assert not RiskAssessment.objects.exists()


def test_a_correction_is_a_new_assessment_and_there_is_one(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    first = assess(child, world, matrix, at)
    second = assess(child, world, matrix, at, corrects=first, answers={"A1": Answer("yes")})
    assert RiskAssessment.objects.get(pk=first.pk).result["total"] == 5
    assert (second.corrects, second.result["total"]) == (first, 1)
    with pytest.raises(JudgementRefused):
        assess(child, world, matrix, at, corrects=first)


def test_the_database_refuses_to_change_a_submitted_assessment(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    done = assess(child, world, matrix, at)
    with pytest.raises(DatabaseError), transaction.atomic():
        RiskAssessment.objects.filter(pk=done.pk).update(computed_level=RiskLevel.LOW)


def test_a_judged_level_at_or_above_the_computed_one_counts_at_once(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    judge(assess(child, world, matrix, at), world, at, RiskLevel.HIGH, harm_status=HarmStatus.KNOWN)
    child.refresh_from_db()
    assert (child.level, child.harm_status, child.level_judged_at) == (RiskLevel.HIGH, HarmStatus.KNOWN, at)


def test_a_lower_level_waits_for_somebody_else(world: World, child: Child, matrix: InForce, at: datetime) -> None:
    waiting = judge(assess(child, world, matrix, at), world, at, RiskLevel.LOW)
    child.refresh_from_db()
    assert child.level == RiskLevel.NOT_ASSESSED
    assert list(awaiting_approval(world.viewer("manager"), at=at)) == [waiting]
    assert list(awaiting_approval(world.viewer("keyworker"), at=at)) == []
    assert list(awaiting_approval(world.viewer("outsider"), at=at)) == []
    with pytest.raises(JudgementRefused):
        approve(waiting, world, at, "keyworker")
    approve(waiting, world, at, "manager")
    child.refresh_from_db()
    assert child.level == RiskLevel.LOW
    assert list(awaiting_approval(world.viewer("manager"), at=at)) == []
    with pytest.raises(JudgementRefused):
        approve(waiting, world, at, "manager")


def test_a_file_that_changed_meanwhile_is_not_judged_over(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    done = assess(child, world, matrix, at)
    judge(done, world, at, RiskLevel.MEDIUM)
    with pytest.raises(Stale):
        judge(done, world, at, RiskLevel.HIGH, version=1)
    assert LevelJudgement.objects.count() == 1


def test_a_referrers_matrix_is_the_referrers_and_provisional(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    sent_at = at - timedelta(days=2)
    done = services.record_referrer_assessment(
        child=child,
        version=matrix.version,
        answers=FIVE,
        harm_status=HarmStatus.SUSPECTED,
        age=14,
        evidence="Seen at the gate.",
        assessed_at=sent_at,
        referrer=world.membership("teacher"),
        at=at,
        by=world.viewer("triage"),
    )
    child.refresh_from_db()
    assert (done.author, done.agency, done.provisional) == (world.user("teacher"), world.agency("school"), True)
    assert (child.level, child.level_judged_at) == (RiskLevel.MEDIUM, None)


def test_a_referrers_matrix_does_not_move_a_judged_level(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    judge(assess(child, world, matrix, at), world, at, RiskLevel.HIGH)
    services.record_referrer_assessment(
        child=child,
        version=matrix.version,
        answers={"A1": Answer("yes")},
        harm_status=HarmStatus.NOT_KNOWN,
        age=14,
        evidence="",
        assessed_at=at,
        referrer=world.membership("teacher"),
        at=at,
        by=world.viewer("triage"),
    )
    child.refresh_from_db()
    assert child.level == RiskLevel.HIGH


def test_an_old_lower_level_does_not_overwrite_a_newer_one(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    waiting = judge(assess(child, world, matrix, at - timedelta(days=2)), world, at - timedelta(days=2), RiskLevel.LOW)
    newer = judge(assess(child, world, matrix, at), world, at, RiskLevel.HIGH)
    assert newer.judged_level == RiskLevel.HIGH
    with pytest.raises(JudgementRefused):
        approve(waiting, world, at, "manager")
    child.refresh_from_db()
    assert child.level == RiskLevel.HIGH
    assert list(awaiting_approval(world.viewer("manager"), at=at)) == []


def test_nobody_judges_on_an_assessment_that_was_corrected_or_overtaken(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    first = assess(child, world, matrix, at - timedelta(days=3))
    corrected = assess(child, world, matrix, at - timedelta(days=2), corrects=first)
    judge(assess(child, world, matrix, at), world, at, RiskLevel.HIGH)
    for older in (first, corrected):
        with pytest.raises(JudgementRefused):
            judge(older, world, at, RiskLevel.MEDIUM)
    child.refresh_from_db()
    assert child.level == RiskLevel.HIGH


def test_a_file_that_changed_meanwhile_is_not_approved_over(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    waiting = judge(assess(child, world, matrix, at), world, at, RiskLevel.LOW)
    with pytest.raises(Stale):
        services.approve_judgement(judgement=waiting, note="", version=1, at=at, by=world.viewer("manager"))
    assert LevelJudgement.objects.get(pk=waiting.pk).approved_at is None


LATER = "The placement moved only last week. Speak with the new carers first."


def send_back(judgement: LevelJudgement, world: World, at: datetime, person: str, **fields: object) -> JudgementReturn:
    child = Child.objects.get(pk=judgement.child_id)
    wanted = {"reason": LATER, "version": child.version, **fields}
    return services.send_back_judgement(
        judgement=judgement,
        at=at,
        by=world.viewer(person),
        **wanted,  # type: ignore[arg-type]
    )


def test_a_level_sent_back_never_counts_and_waits_for_its_judge_until_somebody_judges_anew(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    assessment = assess(child, world, matrix, at - timedelta(hours=2))
    waiting = judge(assessment, world, at - timedelta(hours=1), RiskLevel.LOW)
    returned = send_back(waiting, world, at, "manager")
    assert (returned.author, returned.reason, returned.category) == (world.user("manager"), LATER, "assessment")
    for manager in (approve, send_back):
        with pytest.raises(JudgementRefused):
            manager(waiting, world, at, "manager")
    child.refresh_from_db()
    assert child.level == RiskLevel.NOT_ASSESSED
    assert list(awaiting_approval(world.viewer("manager"), at=at)) == []
    told = {person: list(sent_back_to(world.viewer(person), at=at)) for person in ("keyworker", "manager", "outsider")}
    assert told == {"keyworker": [returned], "manager": [], "outsider": []}
    judge(assessment, world, at, RiskLevel.MEDIUM)
    assert list(sent_back_to(world.viewer("keyworker"), at=at)) == []


def test_what_was_sent_back_is_not_told_once_the_file_is_closed_to_its_judge(
    world: World, matrix: InForce, at: datetime
) -> None:
    child = make_child()
    grant(child, world.agency("specialist"), valid_until=at + timedelta(minutes=1))
    returned = send_back(judge(assess(child, world, matrix, at), world, at, RiskLevel.LOW), world, at, "manager")
    assert list(sent_back_to(world.viewer("keyworker"), at=at)) == [returned]
    assert list(sent_back_to(world.viewer("keyworker"), at=at + timedelta(minutes=1))) == []


def test_nobody_sends_back_their_own_level_or_one_that_the_file_has_overtaken(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    waiting = judge(assess(child, world, matrix, at), world, at, RiskLevel.LOW)
    with pytest.raises(JudgementRefused):
        send_back(waiting, world, at, "keyworker")
    with pytest.raises(JudgementRefused):
        send_back(waiting, world, at, "manager", reason="No.")
    with pytest.raises(Stale):
        send_back(waiting, world, at, "manager", version=1)
    judge(waiting.assessment, world, at + timedelta(minutes=1), RiskLevel.HIGH)
    with pytest.raises(JudgementRefused):
        send_back(waiting, world, at, "manager")
    assert not JudgementReturn.objects.exists()


def test_the_database_keeps_what_a_manager_wrote(world: World, child: Child, matrix: InForce, at: datetime) -> None:
    returned = send_back(judge(assess(child, world, matrix, at), world, at, RiskLevel.LOW), world, at, "manager")
    for change in (
        lambda: JudgementReturn.objects.filter(pk=returned.pk).update(reason="Other words."),
        lambda: JudgementReturn.objects.filter(pk=returned.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


# --- Begun and not sent ---------------------------------------------------------------------------------


def keep(child: Child, world: World, matrix: InForce, at: datetime, **fields: object) -> Draft:
    wanted = {"typed": {"item_A1": ["yes"]}, "version": 0, "corrects": None, **fields}
    return services.keep_draft(
        child=child,
        tool=matrix.version,
        at=at,
        by=world.viewer("keyworker"),
        **wanted,  # type: ignore[arg-type]
    )


def test_a_begun_assessment_is_its_writers_alone_and_gone_when_it_is_sent(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    draft = keep(child, world, matrix, at)
    assert draft_on(child, world.viewer("keyworker"), corrects=None) == draft
    assert drafts_begun(world.viewer("keyworker"), at=at) == [(draft, child)]
    for other in ("manager", "socialworker", "guardian"):
        assert draft_on(child, world.viewer(other), corrects=None) is None
        assert drafts_begun(world.viewer(other), at=at) == []
    assert not RiskAssessment.objects.exists()
    assert not ChronologyEntry.objects.exists()
    assess(child, world, matrix, at, draft_version=1)
    assert not Draft.objects.exists()


def test_a_begun_assessment_is_not_offered_on_a_file_that_is_closed_to_its_writer(
    world: World, matrix: InForce, at: datetime
) -> None:
    child = make_child()
    grant(child, world.agency("specialist"), valid_until=at + timedelta(minutes=1))
    keep(child, world, matrix, at)
    assert len(drafts_begun(world.viewer("keyworker"), at=at)) == 1
    assert drafts_begun(world.viewer("keyworker"), at=at + timedelta(minutes=1)) == []


def test_what_another_window_saved_is_neither_written_over_nor_lost_by_sending(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    keep(child, world, matrix, at)
    with pytest.raises(Stale):
        keep(child, world, matrix, at, typed={"item_A2": ["yes"]})
    with pytest.raises(Stale):
        assess(child, world, matrix, at, draft_version=0)
    assert Draft.objects.get().answers["assessment"]["typed"] == {"item_A1": ["yes"]}
    assert not RiskAssessment.objects.exists()


def test_a_correction_that_was_begun_is_kept_apart_from_a_new_assessment(
    world: World, child: Child, matrix: InForce, at: datetime
) -> None:
    first = assess(child, world, matrix, at)
    new, correction = keep(child, world, matrix, at), keep(child, world, matrix, at, corrects=first)
    assert new != correction
    services.throw_away_draft(child=child, corrects=None, by=world.viewer("keyworker"))
    services.throw_away_draft(child=child, corrects=None, by=world.viewer("keyworker"))
    assert list(Draft.objects.all()) == [correction]
    assess(child, world, matrix, at, corrects=first, draft_version=1)
    assert not Draft.objects.exists()


def test_a_level_waits_on_the_home_page_of_those_alone_to_whom_the_assessment_is_open(world, viewer, matrix, at):
    """A share of the plan lets a manager know of the file, and of nothing that was assessed there."""
    part, whole = make_child("Ida", "Part"), make_child("Ona", "Whole")
    for child in (part, whole):
        grant(child, world.agency("specialist"))
        judge(assess(child, world, matrix, at), world, at, RiskLevel.LOW)
    grant(part, world.agency("social_care"), categories=(Category.PLAN,))
    grant(whole, world.agency("social_care"))
    manager = viewer("social_care_manager")
    assert [row.child for row in awaiting_approval(manager, at=at)] == [whole]
    shown = str([block.items for block in home_blocks(manager, at)])
    assert (part.reference in shown, whole.reference in shown) == (False, True)
