"""The risk pages of a child's file."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.middleware.policy import policy
from accounts.rules.refusals import NotKnown, Refusal
from accounts.rules.roles import Capability
from accounts.selectors import now
from accounts.services.access_events import trace_of
from cases.access.choices import Category
from cases.access.rules import Action, Level
from cases.record.services import OpenFile, open_file
from risk import presenters, selectors, services
from risk.forms import ApprovalForm, AssessmentForm, JudgementForm
from risk.models import RiskAssessment
from risk.rules import answers_from_plain

READ = Capability.READ_FILES
NOT_TO_CORRECT = (
    "You cannot correct this assessment: it has been corrected already, or it holds answers that your role does not "
    "see. Make a new assessment instead, or ask the person who wrote this one."
)


def _open(request: HttpRequest, reference: str, page: str, action: Action = Action.VIEW_FILE) -> OpenFile:
    return open_file(
        viewer=request.viewer,  # type: ignore[attr-defined]
        reference=reference,
        action=action,
        at=now(),
        trace=trace_of(request),
        page=page,
    )


def _assessment(opened: OpenFile, assessment_id: UUID) -> RiskAssessment:
    found = selectors.assessment_on(opened.child, assessment_id)
    if found is None or not _may_read(opened, found):
        raise NotKnown("no_assessment", child_id=opened.child.pk)
    return found


def _may_read(opened: OpenFile, assessment: RiskAssessment) -> bool:
    level = opened.level(Category.ASSESSMENT)
    own = assessment.author_id == opened.viewer.user_id
    own_agency = level == Level.OWN and assessment.agency_id == opened.viewer.agency_id
    return own or own_agency or level >= Level.SUMMARY


@policy(capability=READ, reads_file=True)
def overview(request: HttpRequest, reference: str) -> HttpResponse:
    """The level as judged, and every assessment behind it, newest first."""
    opened = _open(request, reference, "risk:overview")
    rows = [row for row in selectors.assessments_of(opened.child) if _may_read(opened, row)]
    context = {
        **presenters.frame(opened, "risk:overview"),
        "may_assess": opened.may(Action.ASSESS_RISK),
        "withheld": opened.level(Category.ASSESSMENT) < Level.SUMMARY,
        "assessments": [presenters.assessment_row(opened, row) for row in rows],
        "latest": presenters.shown_result(opened, rows[0]) if rows else None,
    }
    return render(request, "risk/overview.html", context)


@policy(capability=READ, reads_file=True)
def assessment(request: HttpRequest, reference: str, assessment_id: UUID) -> HttpResponse:
    """One assessment: the result line by line, and what was judged beside it."""
    opened = _open(request, reference, "risk:assessment")
    found = _assessment(opened, assessment_id)
    judgements = selectors.judgements_of(found) if opened.level(Category.LEVEL) >= Level.SUMMARY else []
    waiting = next((row for row in judgements if row.needs_approval and row.approved_at is None), None)
    full = opened.level(Category.ASSESSMENT) == Level.FULL or found.author_id == opened.viewer.user_id
    context = {
        **presenters.frame(opened, "risk:overview"),
        "assessment": found,
        "row": presenters.assessment_row(opened, found),
        "result": presenters.shown_result(opened, found),
        "judgements": [presenters.judgement_row(row, full=full) for row in judgements],
        "full": full,
        "may_judge": opened.may(Action.JUDGE_LEVEL),
        "may_correct": presenters.may_correct(opened, found),
        "waiting": waiting if opened.may(Action.APPROVE_LEVEL) else None,
    }
    return render(request, "risk/assessment.html", context)


@policy(methods=("GET", "POST"), capability=Capability.ASSESS_RISK, reads_file=True)
def assess(request: HttpRequest, reference: str, corrects_id: UUID | None = None) -> HttpResponse:
    """Fill in the tool in force, or correct an assessment by a new one."""
    opened = _open(request, reference, "risk:assess", Action.ASSESS_RISK)
    corrects = _assessment(opened, corrects_id) if corrects_id else None
    if corrects is not None and not presenters.may_correct(opened, corrects):
        raise Refusal(NOT_TO_CORRECT)
    in_force = selectors.tool_in_force(on=timezone.localdate(opened.at))
    form = AssessmentForm(
        request.POST or None,
        tool=in_force.tool,
        initial_answers=answers_from_plain(corrects.answers) if corrects else None,
        initial_evidence=corrects.evidence if corrects else "",
        initial=presenters.initial_texts(opened.child, corrects),
        at=opened.at,
    )
    if request.method == "POST" and form.is_valid():
        done = services.record_assessment(
            child=opened.child,
            version=in_force.version,
            answers=form.answers(),
            harm_status=form.cleaned_data["harm_status"],
            evidence=form.evidence_text(),
            protective_factors=form.cleaned_data["protective_factors"],
            childs_view=form.cleaned_data["childs_view"],
            parents_view=form.cleaned_data["parents_view"],
            corrects=corrects,
            at=opened.at,
            by=opened.viewer,
        )
        messages.success(request, "The assessment is saved. Now judge the level: a score decides nothing by itself.")
        return redirect("risk:judge", reference, done.pk)
    context = {
        **presenters.frame(opened, "risk:overview"),
        "form": form,
        "tool": in_force.tool,
        "corrects": presenters.assessment_row(opened, corrects) if corrects else None,
    }
    return render(request, "risk/assess.html", context, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), capability=Capability.ASSESS_RISK, reads_file=True)
def judge(request: HttpRequest, reference: str, assessment_id: UUID) -> HttpResponse:
    """Decide on the level, beside what was computed."""
    opened = _open(request, reference, "risk:judge", Action.JUDGE_LEVEL)
    found = _assessment(opened, assessment_id)
    form = JudgementForm(
        request.POST or None,
        computed=found.computed_level,
        initial={
            "judged_level": found.computed_level,
            "harm_status": found.harm_status,
            "version": opened.child.version,
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            judgement = services.judge_level(
                assessment=found,
                judged_level=form.cleaned_data["judged_level"],
                harm_status=form.cleaned_data["harm_status"],
                reason=form.cleaned_data["reason"],
                version=form.cleaned_data["version"] or 0,
                at=opened.at,
                by=opened.viewer,
            )
        except services.rules.JudgementRefused as refusal:
            form.add_error("reason", refusal.reason)
        else:
            waits = judgement.needs_approval
            messages.success(
                request,
                "Your level waits for a manager's approval, because it is below the computed one."
                if waits
                else "The level is on the child's file.",
            )
            return redirect("risk:assessment", reference, found.pk)
    context = {
        **presenters.frame(opened, "risk:overview"),
        "form": form,
        "row": presenters.assessment_row(opened, found),
        "result": presenters.shown_result(opened, found),
    }
    return render(request, "risk/judge.html", context, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), capability=Capability.APPROVE_LEVEL, reads_file=True)
def approve(request: HttpRequest, reference: str, judgement_id: UUID) -> HttpResponse:
    """Approve a level that was judged below the computed one."""
    opened = _open(request, reference, "risk:approve", Action.APPROVE_LEVEL)
    judgement = selectors.judgement_on(opened.child, judgement_id)
    if judgement is None:
        raise NotKnown("no_judgement", child_id=opened.child.pk)
    if judgement.approved_at is not None:
        raise Refusal("This level has been approved already.")
    form = ApprovalForm(request.POST or None, initial={"version": opened.child.version})
    if request.method == "POST" and form.is_valid():
        services.approve_judgement(
            judgement=judgement,
            note=form.cleaned_data["note"],
            version=form.cleaned_data["version"] or 0,
            at=opened.at,
            by=opened.viewer,
        )
        messages.success(request, "Approved. The level is on the child's file.")
        return redirect("risk:assessment", reference, judgement.assessment_id)
    context = {
        **presenters.frame(opened, "risk:overview"),
        "form": form,
        "judgement": presenters.judgement_row(judgement, full=True),
        "assessment_id": judgement.assessment_id,
        "row": presenters.assessment_row(opened, judgement.assessment),
    }
    return render(request, "risk/approve.html", context, status=422 if form.is_bound else 200)
