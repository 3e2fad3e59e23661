"""Risk assessments and judged levels, the smallest valid row of each."""

from __future__ import annotations

from typing import Any

from accounts.models import DefinitionVersion
from accounts.rules.viewers import Viewer
from accounts.selectors import now
from cases.access.choices import Category
from cases.record.choices import HarmStatus, RiskLevel
from cases.record.models import Child
from risk.models import LevelJudgement, RiskAssessment
from risk.selectors import tool_of
from risk.services import score_answers
from tests.factories.cases import provenance


def any_tool() -> DefinitionVersion:
    """The first of the published risk tools."""
    found = DefinitionVersion.objects.filter(kind="risk_tool").order_by("key", "version").first()
    assert found is not None, "The template database has no published risk tool"
    return found


def make_assessment(child: Child, by: Viewer, **fields: Any) -> RiskAssessment:
    """A submitted assessment with nothing ticked, as the scoring engine explains it; its level is the test's say."""
    version = any_tool()
    result = score_answers(
        tool=tool_of(version), answers={}, age=14, harm_status=HarmStatus.SUSPECTED, disability=child.disability
    )
    return RiskAssessment.objects.create(
        **{
            "child": child,
            "tool": version,
            "answers": {},
            "result": result.as_dict(),
            "computed_level": RiskLevel.MEDIUM,
            "harm_status": HarmStatus.SUSPECTED,
            "assessed_at": now(),
            **provenance(by, Category.ASSESSMENT),
            **fields,
        }
    )


def make_judgement(assessment: RiskAssessment, by: Viewer, **fields: Any) -> LevelJudgement:
    """The computed level, agreed with."""
    return LevelJudgement.objects.create(
        **{
            "child": assessment.child,
            "assessment": assessment,
            "computed_level": assessment.computed_level,
            "judged_level": assessment.computed_level,
            "harm_status": assessment.harm_status,
            "judged_at": now(),
            **provenance(by, Category.LEVEL),
            **fields,
        }
    )
