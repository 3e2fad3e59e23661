"""What stands at the top of every page of one child's file."""

from typing import Any

from django.utils import timezone

from cases.access.choices import Category
from cases.access.rules import Level
from cases.record.choices import HarmStatus, RiskLevel
from cases.record.rules import age_on
from cases.record.selectors import lead_of
from cases.record.services import OpenFile

LEVEL_WORDS = {
    RiskLevel.NOT_ASSESSED: "",
    RiskLevel.NONE_IDENTIFIED: "none",
    RiskLevel.LOW: "low",
    RiskLevel.MEDIUM: "medium",
    RiskLevel.HIGH: "high",
}


def file_heading(opened: OpenFile) -> dict[str, Any]:
    """Whose file this is, in as much as the viewer may see: the parts it may not see are left out."""
    child = opened.child
    heading: dict[str, Any] = {"reference": child.reference, "restricted": child.restricted, "name": ""}
    if opened.level(Category.IDENTITY) >= Level.SUMMARY:
        full = opened.level(Category.IDENTITY) == Level.FULL
        heading["name"] = child.name if full else child.called
        heading["age"] = age_on(child.birth_date, timezone.localdate(opened.at))
    if opened.level(Category.LEVEL) >= Level.SUMMARY:
        heading["level"] = LEVEL_WORDS[RiskLevel(child.level)]
        heading["harm"] = "" if child.harm_status == HarmStatus.NOT_KNOWN else child.harm_status
    lead = lead_of(child.pk)
    if lead is not None and lead.membership is not None:
        heading["lead"] = f"{lead.membership.user}, {lead.working_agency}"
    return heading
