"""Assessments and judgements as they reach the child's file."""

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.rules.refusals import Stale
from cases.record.choices import HarmStatus, RiskLevel
from cases.record.models import Child, ChronologyEntry
from risk import services
from risk.models import LevelJudgement, RiskAssessment
from risk.rules import JudgementRefused
from risk.scoring import Answer, InvalidAnswers
from risk.selectors import InForce, awaiting_approval, tool_in_force
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
