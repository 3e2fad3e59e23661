"""A result in words, for those who may see all of it and for those who may see its summary."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse

from accounts.models import DefinitionVersion, Draft
from accounts.rules.dates import ago, day, length, moment
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import Action, Level
from cases.presenters.home import HomeBlock, HomeItem, HomeSection
from cases.record.models import Child
from cases.record.services import OpenFile, files_open
from risk.models import JudgementReturn, LevelJudgement, RiskAssessment
from risk.rules import asked_items, hidden_items, may_count, may_raise
from risk.scoring import Kind, Result, Tool, hide_categories, result_from_dict
from risk.selectors import WHOLE, awaiting_approval, drafts_begun, sent_back_to, tool_of

SERIOUS = "Serious on its own: it raises the level by itself."
LEVEL_ALONE = "This score counts something that you may not see, so only the level is shown."
LEVEL_ALONE_BY_TOOL = "This tool counts kinds of information that are not open to you, so only the level is shown."
NOTHING_COUNTED = "This score counts nothing that is kept from you."
NOTHING_AND_RAISES = f"{NOTHING_COUNTED} In this tool, something that is kept from you may still raise the level."
NONE_COUNTS = "No vulnerability is counted in the score."
LEVEL_OF_RANK = ("none", "low", "medium", "high")


def explain(result: Result, *, tool: Tool, full: bool = True) -> dict[str, Any]:
    """A result as a page shows it: the answer first, then every line and what each counted.

    `full=False` gives the summary: the level, the headings that contributed and the advice, no line and no
    evidence.
    """
    sections = {section.code: section.title for section in tool.sections}
    counted = [line for line in result.lines if line.counted]
    serious = {code for rule in result.gates_applied for code in rule.codes}
    asked = asked_items(tool)
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
    counts anything left out. Of what the viewer may not even know to exist that is told by the tool alone, so that it
    is the same whatever was answered.
    """
    tool = tool_of(assessment.tool)
    result = result_from_dict(assessment.result)
    own = assessment.author_id == opened.viewer.user_id
    full = own or opened.level(Category.ASSESSMENT) == Level.FULL
    hidden = hidden_from(opened, assessment)
    unknown = frozenset(name for name in hidden if opened.level(name) < Level.EXISTENCE)
    withheld = withheld_words(opened, tool, result, hidden)
    level_alone = LEVEL_ALONE_BY_TOOL if may_count(tool, unknown) else ""
    if not level_alone:
        try:
            result = hide_categories(tool, result, hidden)
        except ValueError:
            level_alone = LEVEL_ALONE
    shown = explain(result, tool=tool, full=full and not level_alone)
    if level_alone:
        shown["headings"] = []
    return {
        **shown,
        "level_alone": level_alone,
        "counts_nothing": "" if level_alone else NOTHING_AND_RAISES if may_raise(tool, hidden) else NOTHING_COUNTED,
        "vulnerabilities_withheld": withheld,
    }


def withheld_words(opened: OpenFile, tool: Tool, result: Result, hidden: frozenset[str]) -> str:
    """What is said of vulnerabilities that are withheld: how many are ticked to whom a summary is open.

    One that has a category of its own is counted only for who sees that in full. Empty where nothing may be said.
    """
    level = opened.level(Category.VULNERABILITY)
    if Category.VULNERABILITY not in hidden or level == Level.NONE:
        return ""
    words = "The list of vulnerabilities is withheld."
    if level == Level.SUMMARY:
        present = [tool.items[line.code] for line in result.lines if line.present]
        number = sum(item.kind == Kind.VULNERABILITY and item.category not in hidden for item in present)
        ticked = f"{number} vulnerabilit{'y is' if number == 1 else 'ies are'}" if number else "No vulnerability is"
        words = f"{ticked} ticked.{' Which they are is withheld.' if number else ''}"
    return words if may_count(tool, {Category.VULNERABILITY}) else f"{words} {NONE_COUNTS}"


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


def returned_of(judgement: LevelJudgement) -> JudgementReturn | None:
    """The sending back of a judgement, where there was one."""
    return getattr(judgement, "sent_back", None)


def waits(judgement: LevelJudgement) -> bool:
    """Whether a judgement waits for a manager."""
    return judgement.needs_approval and judgement.approved_at is None and returned_of(judgement) is None


def sent_back_words(judgements: list[LevelJudgement], *, viewer: Viewer) -> str:
    """What a manager wrote to this viewer, where the latest judgement is theirs and was sent back."""
    latest = judgements[0] if judgements and judgements[0].author_id == viewer.user_id else None
    returned = returned_of(latest) if latest is not None else None
    if returned is None:
        return ""
    return f"{returned.author} sent your level back on {moment(returned.sent_back_at)}: {returned.reason}"


def judgement_words(judgement: LevelJudgement) -> str:
    """A judgement in one line: the level, who judged it, and whether it counts yet."""
    words = f"{judgement.get_judged_level_display()}, judged by {judgement.author} on {day(judgement.judged_at)}"
    returned = returned_of(judgement)
    if returned is not None:
        return f"{words}; sent back by {returned.author}"
    if waits(judgement):
        return f"{words}; waiting for approval"
    if judgement.approved_by is not None:
        return f"{words}; approved by {judgement.approved_by}"
    return words


def judgement_row(judgement: LevelJudgement, *, full: bool) -> dict[str, Any]:
    """A judgement as a list of facts; the reason only for those who see levels and assessments in full."""
    approval = "Not needed"
    returned = returned_of(judgement)
    if judgement.needs_approval:
        approval = "Waiting for a manager"
    if returned is not None:
        approval = f"Sent back by {returned.author}, {moment(returned.sent_back_at)}"
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
    if returned is not None and full:
        rows.append({"key": "Why it was sent back", "value": returned.reason, "multiline": True})
    return {"id": judgement.pk, "rows": rows, "waiting": waits(judgement)}


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


def draft_row(draft: Draft, child: Child, *, at: datetime, tool: DefinitionVersion | None = None) -> dict[str, Any]:
    """What somebody has begun and not sent, with where it goes on; `tool` is the one in force now."""
    _, _, corrects_id = draft.form.partition(":")
    step = draft.answers[WHOLE]
    page = [child.reference, corrects_id] if corrects_id else [child.reference]
    return {
        "text": "Carry on with your correction" if corrects_id else "Carry on with your assessment",
        "href": reverse("risk:correct" if corrects_id else "risk:assess", args=page),
        "discard": reverse("risk:discard_correction" if corrects_id else "risk:discard", args=page),
        "meta": f"Begun {moment(draft.created_at)}, saved {ago(draft.updated_at, at)}. Only you see it.",
        "other_tool": tool is not None and step["kept"]["tool_id"] != tool.pk,
    }


def draft_rows(opened: OpenFile, drafts: list[Draft]) -> list[dict[str, Any]]:
    """What this viewer has begun on a file, as long as they may assess it."""
    if not opened.may(Action.ASSESS_RISK):
        return []
    return [draft_row(draft, opened.child, at=opened.at) for draft in drafts]


def home_blocks(viewer: Viewer, at: datetime) -> list[HomeBlock]:
    """Levels that wait for this viewer: to be approved, or to be judged anew."""
    assesses = viewer.may(Capability.ASSESS_RISK)
    blocks = [_begun(viewer, at), _to_judge_anew(viewer, at)] if assesses else []
    return [*blocks, _to_approve(viewer, at)] if viewer.may(Capability.APPROVE_LEVEL) else blocks


def _begun(viewer: Viewer, at: datetime) -> HomeBlock:
    items: list[HomeItem] = []
    for draft, child in drafts_begun(viewer, at=at)[:50]:
        row = draft_row(draft, child, at=at)
        items.append({"text": row["text"], "href": row["href"], "reference": child.reference, "meta": row["meta"]})
    return HomeBlock(HomeSection.WAITING, "Assessments you have begun", items, str(len(items)) if items else "")


def _to_judge_anew(viewer: Viewer, at: datetime) -> HomeBlock:
    returned = list(sent_back_to(viewer, at=at)[:50])
    items: list[HomeItem] = [
        {
            "text": f"Judge the level anew for {row.child.reference}",
            "href": reverse("risk:assessment", args=[row.child.reference, row.judgement.assessment_id]),
            "meta": f"{row.author} sent back {row.judgement.get_judged_level_display().lower()}, and says why",
            "due": f"Sent back {ago(row.sent_back_at, at)}",
            "tone": "watch",
        }
        for row in returned
    ]
    return HomeBlock(HomeSection.WAITING, "Levels sent back to you", items, str(len(returned)) if returned else "")


def _to_approve(viewer: Viewer, at: datetime) -> HomeBlock:
    rows = list(awaiting_approval(viewer, at=at)[:50])
    files = files_open({row.child_id for row in rows}, viewer, at=at)
    waiting = [row for row in rows if row.child_id in files and files[row.child_id].may(Action.APPROVE_LEVEL)]
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
    return HomeBlock(HomeSection.WAITING, "Levels to approve", items, str(len(waiting)) if waiting else "")
