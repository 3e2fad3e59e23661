"""What stands at the top of every page of one child's file."""

from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.rules.dates import moment
from cases.access.choices import Category
from cases.access.rules import Action, Level
from cases.record.choices import HarmStatus, RiskLevel
from cases.record.models import Child
from cases.record.rules import age_on
from cases.record.services import OpenFile

LEVEL_WORDS = {
    RiskLevel.NOT_ASSESSED: "",
    RiskLevel.NONE_IDENTIFIED: "none",
    RiskLevel.LOW: "low",
    RiskLevel.MEDIUM: "medium",
    RiskLevel.HIGH: "high",
}

TABS = [
    ("Overview", "cases:file"),
    ("Involvement", "cases:involvement"),
    ("Chronology", "cases:chronology"),
    ("Risk", "risk:overview"),
    ("Missing", "missing:overview"),
    ("Panel", "panels:file"),
    ("Sharing", "cases:sharing"),
    ("Who can see it", "cases:who_can_see"),
    ("Who looked", "cases:who_looked"),
]


def level_word(child: Child) -> str:
    """The level as the components name it."""
    return LEVEL_WORDS[RiskLevel(child.level)]


def is_provisional(child: Child) -> bool:
    """Whether the level is a referrer's own score, which nobody has judged yet."""
    return child.level_judged_at is None and child.level != RiskLevel.NOT_ASSESSED


def harm_word(child: Child) -> str:
    """The harm status as the components name it."""
    return "" if child.harm_status == HarmStatus.NOT_KNOWN else child.harm_status


def shown_name(child: Child, level: Level) -> str:
    """The name as somebody with this level of identity may see it; empty where it is withheld."""
    if level == Level.FULL:
        return child.name
    return child.called if level == Level.SUMMARY else ""


def file_heading(opened: OpenFile) -> dict[str, Any]:
    """Whose file this is, in as much as the viewer may see: the parts it may not see are left out."""
    child = opened.child
    identity = opened.level(Category.IDENTITY)
    heading: dict[str, Any] = {
        "reference": child.reference,
        "restricted": opened.facts.restricted,
        "name": shown_name(child, identity),
    }
    if identity >= Level.SUMMARY:
        heading["age"] = age_on(child.birth_date, timezone.localdate(opened.at))
    if opened.level(Category.LEVEL) >= Level.SUMMARY:
        heading["level"] = level_word(child)
        heading["provisional"] = is_provisional(child)
        heading["harm"] = harm_word(child)
    if child.missing_since is not None and opened.level(Category.MISSING) >= Level.SUMMARY:
        heading["missing_since"] = moment(child.missing_since)
    lead = opened.lead
    if lead is not None and lead.membership is not None:
        heading["lead"] = f"{lead.membership.user}, {lead.working_agency}"
    return heading


def file_tabs(opened: OpenFile, active: str) -> list[dict[str, Any]]:
    """The pages of a file that this viewer may open; `active` is a URL name."""
    hidden = set()
    if not opened.may(Action.SEE_WHO_LOOKED):
        hidden.add("cases:who_looked")
    if not opened.may(Action.SEE_SHARING):
        hidden.add("cases:sharing")
    return [{"text": text, "url_name": name, "active": name == active} for text, name in TABS if name not in hidden]


def crumbs_to(opened: OpenFile, *, here: str, under: str = "") -> list[dict[str, str]]:
    """The way from home to a page of a file, through the tab that it stands `under` (a name of `TABS`) where there is
    one; names no person.
    """
    reference = opened.child.reference
    return [
        {"text": "Children", "href": reverse("cases:worklist")},
        {"text": reference, "href": reverse("cases:file", args=[reference])},
        *({"text": text, "href": reverse(name, args=[reference])} for text, name in TABS if name == under),
        {"text": here, "href": ""},
    ]
