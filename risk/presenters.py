"""A result in words, for those who may see all of it and for those who may see its summary."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse

from accounts.rules.dates import day, length, moment
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import Action, Level
from cases.presenters.home import HomeBlock, HomeItem, HomeSection
from cases.record.models import Child
from cases.record.services import OpenFile
from risk.models import LevelJudgement, RiskAssessment
from risk.rules import hidden_items
from risk.scoring import Result, Tool, hide_categories, result_from_dict
from risk.selectors import awaiting_approval, tool_of

SERIOUS = "Serious on its own: it raises the level by itself."
LEVEL_OF_RANK = ("none", "low", "medium", "high")


def explain(result: Result, *, tool: Tool, full: bool = True) -> dict[str, Any]:
    """A result as a page shows it: the answer first, then every line and what each counted.

    `full=False` gives the summary: the level, the headings that contributed and the advice, no line and no
    evidence.
    """
    sections = {section.code: section.title for section in tool.sections}
    counted = [line for line in result.lines if line.counted]
    serious = {code for rule in result.gates_applied for code in rule.codes}
    asked = {item.code for item in tool.items.values() if item.counts}
    shown = {
        "tool_title": result.tool_title,
        "tool_version": result.tool_version,
        "example_notice": tool.example_notice.strip(),
        "level": LEVEL_OF_RANK[result.band.rank],
        "band": result.band.label,
        "advice": list(result.advice),
        "actions": list(result.actions),
        "headings": list(dict.fromkeys(sections.get(line.section, line.section) for line in counted)),
        "full": full,
    }
    if full:
        shown |= {
            "sentences": list(result.explain()),
            "total": result.total,
            "counted_band": result.band_counted.label,
            "band_rule": result.band_rule,
            "raised": [*result.gates_applied, *result.floors_applied],
            "prompts": list(result.prompts),
            "harm_rule": result.harm_rule,
            "rows": [
                [
                    {"text": line.label, "hint": sections.get(line.section, "")},
                    {"text": line.answer},
                    {"text": f"{line.because} {SERIOUS}" if line.code in serious else line.because},
                    {"text": str(line.counted)},
                    {"text": str(line.running_total)},
                ]
                for line in result.lines
                if line.present
            ],
            "unanswered": len(asked.intersection(result.unanswered)),
        }
    return shown


def shown_result(opened: OpenFile, assessment: RiskAssessment) -> dict[str, Any]:
    """An assessment's result for a viewer: all of it, its summary, or the level alone.

    Items of a category that the viewer does not see in full are left out, and the page says whether the score
    counts anything left out.
    """
    tool = tool_of(assessment.tool)
    result = result_from_dict(assessment.result)
    own = assessment.author_id == opened.viewer.user_id
    full = own or opened.level(Category.ASSESSMENT) == Level.FULL
    hidden = hidden_from(opened, assessment)
    try:
        result = hide_categories(tool, result, hidden)
        counts_hidden = False
    except ValueError:
        full, counts_hidden = False, True
    return {
        **explain(result, tool=tool, full=full),
        "counts_hidden": counts_hidden,
        "vulnerabilities_withheld": "vulnerability" in hidden and opened.level(Category.VULNERABILITY) > Level.NONE,
    }


def hidden_from(opened: OpenFile, assessment: RiskAssessment) -> frozenset[str]:
    """The categories of items on an assessment that a viewer does not see in full; none on one's own."""
    if assessment.author_id == opened.viewer.user_id:
        return frozenset()
    return frozenset(c.value for c in Category if opened.level(c) < Level.FULL)


def may_correct(opened: OpenFile, assessment: RiskAssessment) -> bool:
    """Whether a viewer may write an assessment anew: only one whose every answer they may see, and once."""
    if getattr(assessment, "corrected_by", None) is not None or not opened.may(Action.ASSESS_RISK):
        return False
    return not hidden_items(tool_of(assessment.tool), hidden_from(opened, assessment))


def assessment_row(opened: OpenFile, assessment: RiskAssessment) -> dict[str, Any]:
    """One line of the history of assessments."""
    judged = assessment.judgements.all() if opened.level(Category.LEVEL) >= Level.SUMMARY else []
    latest = max(judged, key=lambda row: row.judged_at, default=None)
    corrected = getattr(assessment, "corrected_by", None)
    return {
        "id": assessment.pk,
        "title": f"{assessment.result['tool_title']}, version {assessment.result['tool_version']}",
        "when": moment(assessment.assessed_at),
        "by": f"{assessment.author}, {assessment.agency}",
        "computed": assessment.computed_level.replace("none_identified", "none"),
        "provisional": assessment.provisional,
        "harm": assessment.get_harm_status_display(),
        "review": day(assessment.review_due_on) if assessment.review_due_on else "",
        "judged": judgement_words(latest) if latest else "",
        "corrected": corrected is not None,
    }


def judgement_words(judgement: LevelJudgement) -> str:
    """A judgement in one line: the level, who judged it, and whether it counts yet."""
    words = f"{judgement.get_judged_level_display()}, judged by {judgement.author} on {day(judgement.judged_at)}"
    if judgement.needs_approval and judgement.approved_at is None:
        return f"{words}; waiting for approval"
    if judgement.approved_by is not None:
        return f"{words}; approved by {judgement.approved_by}"
    return words


def judgement_row(judgement: LevelJudgement, *, full: bool) -> dict[str, Any]:
    """A judgement as a list of facts; the reason only for those who see assessments in full."""
    approval = "Not needed"
    if judgement.needs_approval:
        approval = "Waiting for a manager"
    if judgement.approved_by is not None and judgement.approved_at is not None:
        approval = f"{judgement.approved_by}, {moment(judgement.approved_at)}"
        if full and judgement.approval_note:
            approval = f"{approval}: {judgement.approval_note}"
    rows: list[dict[str, Any]] = [
        {"key": "Computed level", "value": judgement.get_computed_level_display()},
        {"key": "Judged level", "value": judgement.get_judged_level_display()},
        {"key": "Harm", "value": judgement.get_harm_status_display()},
        {"key": "Judged by", "value": f"{judgement.author}, {judgement.agency}, {moment(judgement.judged_at)}"},
        {"key": "Approval", "value": approval},
    ]
    if full and judgement.reason:
        rows.insert(3, {"key": "Reason", "value": judgement.reason, "multiline": True})
    return {"id": judgement.pk, "rows": rows, "waiting": judgement.needs_approval and judgement.approved_at is None}


def frame(opened: OpenFile, tab: str) -> dict[str, Any]:
    """What every risk page needs of the file it belongs to."""
    reference = opened.child.reference
    return {
        "opened": opened,
        "tab": tab,
        "reference": reference,
        "crumbs": [
            {"text": "Children", "href": reverse("cases:worklist")},
            {"text": reference, "href": reverse("cases:file", args=[reference])},
            {"text": "Risk", "href": reverse("risk:overview", args=[reference])},
        ],
    }


def initial_texts(child: Child, corrects: RiskAssessment | None) -> dict[str, Any]:
    """What an assessment form starts with: the file's harm status, or the texts of the one it corrects."""
    if corrects is None:
        return {"harm_status": child.harm_status}
    return {
        "harm_status": corrects.harm_status,
        "protective_factors": corrects.protective_factors,
        "childs_view": corrects.childs_view,
        "parents_view": corrects.parents_view,
    }


def home_blocks(viewer: Viewer, at: datetime) -> list[HomeBlock]:
    """Levels below the computed one that wait for this viewer's approval."""
    if not viewer.may(Capability.APPROVE_LEVEL):
        return []
    waiting = list(awaiting_approval(viewer, at=at)[:50])
    items: list[HomeItem] = [
        {
            "text": f"Approve a level for {row.child.reference}",
            "href": reverse("risk:approve", args=[row.child.reference, row.pk]),
            "meta": f"{row.get_computed_level_display()} computed, {row.get_judged_level_display().lower()} judged by "
            f"{row.author}",
            "due": f"Waiting {length(at - row.judged_at)}",
            "tone": "watch",
        }
        for row in waiting
    ]
    return [HomeBlock(HomeSection.WAITING, "Levels to approve", items, str(len(waiting)) if waiting else "")]
