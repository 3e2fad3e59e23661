"""Which risk tool holds today, and what has been assessed and judged for a child."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import DefinitionVersion
from accounts.rules.viewers import Viewer
from accounts.selectors.definitions import definition_in_force
from cases.record.models import Child
from risk.models import LevelJudgement, RiskAssessment
from risk.scoring import Tool, load_tool

MATRIX = "risk_factor_matrix"


@dataclass(frozen=True)
class InForce:
    """A tool as it holds on a day: the row that assessments point to, and the tool it says."""

    version: DefinitionVersion
    tool: Tool


def tool_in_force(key: str = MATRIX, *, on: date) -> InForce:
    """The version of a risk tool that is in force on a date. Raises DefinitionVersion.DoesNotExist where none is."""
    version = definition_in_force("risk_tool", key, on=on)
    return InForce(version, tool_of(version))


def tool_of(version: DefinitionVersion) -> Tool:
    """The tool that a published version says."""
    return _loaded(version.body)


@lru_cache(maxsize=16)
def _loaded(body: str) -> Tool:
    return load_tool(body)


def assessments_of(child: Child) -> list[RiskAssessment]:
    """Every assessment on a file, newest first, with its tool, author and judgements."""
    return list(
        RiskAssessment.objects.filter(child=child)
        .select_related("tool", "author", "agency", "corrects", "corrected_by")
        .prefetch_related("judgements__author", "judgements__agency", "judgements__approved_by")
        .order_by("-assessed_at", "-recorded_at")
    )


def assessment_on(child: Child, assessment_id: UUID) -> RiskAssessment | None:
    """One assessment, only if it lies on this file."""
    return (
        RiskAssessment.objects.filter(child=child, pk=assessment_id)
        .select_related("tool", "author", "agency", "child", "corrects", "corrected_by")
        .first()
    )


def judgement_on(child: Child, judgement_id: UUID) -> LevelJudgement | None:
    """One judgement, only if it lies on this file."""
    return LevelJudgement.objects.filter(child=child, pk=judgement_id).select_related("assessment", "author").first()


def judgements_of(assessment: RiskAssessment) -> list[LevelJudgement]:
    """The judgements made on an assessment, newest first."""
    return list(assessment.judgements.select_related("author", "agency", "approved_by").order_by("-judged_at"))


def counting_judgements(child: Child) -> QuerySet[LevelJudgement]:
    """The judgements that count on a file: those that needed no approval, and those that have it."""
    return LevelJudgement.objects.filter(Q(needs_approval=False) | Q(approved_at__isnull=False), child=child)


def _newer_that_count() -> QuerySet[LevelJudgement]:
    return LevelJudgement.objects.filter(
        Q(needs_approval=False) | Q(approved_at__isnull=False),
        child_id=OuterRef("child_id"),
        judged_at__gt=OuterRef("judged_at"),
    )


def awaiting_approval(viewer: Viewer, *, at: datetime) -> QuerySet[LevelJudgement]:
    """Lowered levels that wait for somebody's approval, on files the viewer may know of, oldest first."""
    files = Child.objects.visible_to(viewer, at=at).values("pk")
    return (
        LevelJudgement.objects.filter(needs_approval=True, approved_at=None, child__in=files)
        .exclude(Exists(_newer_that_count()))
        .exclude(author_id=viewer.user_id)
        .select_related("child", "author")
        .order_by("judged_at")
    )
