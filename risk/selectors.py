"""Which risk tool holds today, and what has been assessed and judged for a child."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import DefinitionVersion, Draft
from accounts.rules.viewers import Viewer
from accounts.selectors.definitions import definition_in_force
from accounts.selectors.drafts import whose
from cases.access.choices import Category
from cases.access.selectors import category_opened
from cases.record.models import Child
from risk.models import JudgementReturn, LevelJudgement, RiskAssessment
from risk.scoring import Tool, load_tool

MATRIX = "risk_factor_matrix"
# The step of a draft in which a whole assessment is kept.
WHOLE = "assessment"


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
        .prefetch_related("judgements__sent_back__author")
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
    found = LevelJudgement.objects.filter(child=child, pk=judgement_id)
    return found.select_related("assessment", "author", "sent_back__author").first()


def is_sent_back(judgement: LevelJudgement) -> bool:
    """Whether a manager has sent a judgement back."""
    return JudgementReturn.objects.filter(judgement=judgement).exists()


def judgements_of(assessment: RiskAssessment) -> list[LevelJudgement]:
    """The judgements made on an assessment, newest first."""
    rows = assessment.judgements.select_related("author", "agency", "approved_by", "sent_back__author")
    return list(rows.order_by("-judged_at"))


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
    """Lowered levels that wait for somebody's approval, on files whose assessments are open to the viewer, oldest
    first.
    """
    opened = Child.objects.visible_to(viewer, at=at).annotate(assessments=category_opened(Category.ASSESSMENT))
    files = opened.exclude(assessments=0).values("pk")
    return (
        LevelJudgement.objects.filter(needs_approval=True, approved_at=None, sent_back=None, child__in=files)
        .exclude(Exists(_newer_that_count()))
        .exclude(author_id=viewer.user_id)
        .select_related("child", "author")
        .order_by("judged_at")
    )


def sent_back_to(viewer: Viewer, *, at: datetime) -> QuerySet[JudgementReturn]:
    """Levels that the viewer judged, were sent back and wait to be judged anew, on files the viewer may know of.

    One is done with once anybody has judged a level on the file since, or its assessment was corrected.
    """
    files = Child.objects.visible_to(viewer, at=at).values("pk")
    since = LevelJudgement.objects.filter(child_id=OuterRef("child_id"), judged_at__gt=OuterRef("judgement__judged_at"))
    return (
        JudgementReturn.objects.filter(judgement__author_id=viewer.user_id, child__in=files)
        .exclude(Exists(since))
        .filter(judgement__assessment__corrected_by=None)
        .select_related("child", "author", "judgement__assessment")
        .order_by("sent_back_at")
    )


def draft_form(corrects: RiskAssessment | None) -> str:
    """The name under which an assessment that was begun is kept: a new one, or a correction of another."""
    return f"risk_correction:{corrects.pk}" if corrects else "risk_assessment"


def draft_on(child: Child, viewer: Viewer, *, corrects: RiskAssessment | None) -> Draft | None:
    """What a viewer has begun and not sent on a file; nobody else's."""
    mine = Draft.objects.filter(**whose(viewer), form=draft_form(corrects), subject=str(child.pk))
    return mine.order_by("-updated_at").first()


def drafts_on(child: Child, viewer: Viewer) -> list[Draft]:
    """Every assessment and correction that a viewer has begun on a file, the latest first."""
    mine = Draft.objects.filter(**whose(viewer), form__startswith="risk_", subject=str(child.pk))
    return list(mine.order_by("-updated_at"))


def drafts_begun(viewer: Viewer, *, at: datetime) -> list[tuple[Draft, Child]]:
    """What a viewer has begun and not sent, with its file; none on a file that is open to them no more."""
    mine = list(Draft.objects.filter(**whose(viewer), form__startswith="risk_").order_by("-updated_at"))
    files = Child.objects.visible_to(viewer, at=at).in_bulk([UUID(draft.subject) for draft in mine])
    return [(draft, files[UUID(draft.subject)]) for draft in mine if UUID(draft.subject) in files]
