"""The risk pages of a child's file."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.forms import WriteForm
from accounts.forms.drafts import KEPT, LEAVE, put_back, typed_in
from accounts.middleware.policy import policy
from accounts.models import Draft
from accounts.rules.refusals import NotKnown, Refusal
from accounts.rules.roles import Capability
from accounts.selectors import now
from accounts.services.access_events import trace_of
from cases.access.choices import Category
from cases.access.rules import Action, Level
from cases.record.services import OpenFile, open_file
from risk import presenters, selectors, services
from risk.forms import ApprovalForm, AssessmentForm, JudgementForm, SendBackForm
from risk.models import LevelJudgement, RiskAssessment
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
        "drafts": presenters.draft_rows(opened, selectors.drafts_on(opened.child, opened.viewer)),
        "latest": presenters.shown_result(opened, rows[0]) if rows else None,
    }
    return render(request, "risk/overview.html", context)


@policy(capability=READ, reads_file=True)
def assessment(request: HttpRequest, reference: str, assessment_id: UUID) -> HttpResponse:
    """One assessment: the result line by line, and what was judged beside it."""
    opened = _open(request, reference, "risk:assessment")
    found = _assessment(opened, assessment_id)
    judgements = selectors.judgements_of(found) if opened.level(Category.LEVEL) >= Level.SUMMARY else []
    waiting = any(presenters.waits(row) for row in judgements)
    full = opened.level(Category.ASSESSMENT) == Level.FULL or found.author_id == opened.viewer.user_id
    # Why a level was judged belongs to the level, and tells of the assessment.
    why = full and opened.level(Category.LEVEL) == Level.FULL
    context = {
        **presenters.frame(opened, "risk:overview"),
        "assessment": found,
        "row": presenters.assessment_row(opened, found),
        "result": presenters.shown_result(opened, found),
        "judgements": [
            presenters.judgement_row(row, full=why or row.author_id == opened.viewer.user_id) for row in judgements
        ],
        "full": full,
        "may_judge": opened.may(Action.JUDGE_LEVEL),
        "may_correct": presenters.may_correct(opened, found),
        "waiting": waiting and opened.may(Action.APPROVE_LEVEL),
    }
    return render(request, "risk/assessment.html", context)


def _corrected(opened: OpenFile, corrects_id: UUID | None) -> RiskAssessment | None:
    """The assessment that is to be corrected; None for a new one. Raises Refusal where this viewer may not."""
    corrects = _assessment(opened, corrects_id) if corrects_id else None
    if corrects is not None and not presenters.may_correct(opened, corrects):
        raise Refusal(NOT_TO_CORRECT)
    return corrects


@policy(methods=("GET", "POST"), capability=Capability.ASSESS_RISK, reads_file=True)
def assess(request: HttpRequest, reference: str, corrects_id: UUID | None = None) -> HttpResponse:
    """Fill in the tool in force, or correct an assessment by a new one; leave it half done and carry on another day."""
    opened = _open(request, reference, "risk:assess", Action.ASSESS_RISK)
    corrects = _corrected(opened, corrects_id)
    in_force = selectors.tool_in_force(on=timezone.localdate(opened.at))
    draft = selectors.draft_on(opened.child, opened.viewer, corrects=corrects)
    form = _assessment_form(request, opened, in_force, corrects, draft)
    if not {LEAVE, KEPT}.isdisjoint(request.POST):
        return _keep(request, opened, in_force, corrects, form)
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
            draft_version=form.cleaned_data["version"] or 0,
            at=opened.at,
            by=opened.viewer,
        )
        messages.success(request, "The assessment is saved. Now judge the level: a score decides nothing by itself.")
        return redirect("risk:judge", opened.child.reference, done.pk)
    context = {
        **presenters.frame(opened, "risk:overview"),
        "form": form,
        "tool": in_force.tool,
        "corrects": presenters.assessment_row(opened, corrects) if corrects else None,
        "draft": presenters.draft_row(draft, opened.child, at=opened.at, tool=in_force.version) if draft else None,
        "keep": "unsaved" if form.is_bound else "typed",
    }
    return render(request, "risk/assess.html", context, status=422 if form.is_bound else 200)


def _assessment_form(
    request: HttpRequest,
    opened: OpenFile,
    in_force: selectors.InForce,
    corrects: RiskAssessment | None,
    draft: Draft | None,
) -> AssessmentForm:
    form = AssessmentForm(
        request.POST or None,
        tool=in_force.tool,
        initial_answers=answers_from_plain(corrects.answers) if corrects else None,
        initial_evidence=corrects.evidence if corrects else "",
        initial={"version": 0, **presenters.initial_texts(opened.child, corrects)},
        at=opened.at,
    )
    if draft is not None:
        step = draft.answers[selectors.WHOLE]
        put_back(form, step["typed"], version=step["version"])
    return form


def _keep(
    request: HttpRequest,
    opened: OpenFile,
    in_force: selectors.InForce,
    corrects: RiskAssessment | None,
    form: AssessmentForm,
) -> HttpResponse:
    """Keep what was typed, right or wrong, for its writer alone."""
    form.is_valid()
    services.keep_draft(
        child=opened.child,
        corrects=corrects,
        tool=in_force.version,
        typed=typed_in(request.POST),
        version=form.cleaned_data.get("version"),
        at=opened.at,
        by=opened.viewer,
    )
    if KEPT in request.POST:
        return HttpResponse(status=204)
    messages.success(request, "What you have written is kept, for you alone. It is not on the file yet.")
    return redirect("risk:overview", opened.child.reference)


@policy(methods=("GET", "POST"), capability=Capability.ASSESS_RISK, reads_file=True)
def discard(request: HttpRequest, reference: str, corrects_id: UUID | None = None) -> HttpResponse:
    """Throw away an assessment that I have begun, after being asked once."""
    opened = _open(request, reference, "risk:discard", Action.ASSESS_RISK)
    corrects = _assessment(opened, corrects_id) if corrects_id else None
    draft = selectors.draft_on(opened.child, opened.viewer, corrects=corrects)
    if request.method == "POST":
        services.throw_away_draft(child=opened.child, corrects=corrects, by=opened.viewer)
        messages.success(request, "What you had begun is thrown away. The file is as it was.")
    if request.method == "POST" or draft is None:
        return redirect("risk:overview", opened.child.reference)
    context = {
        **presenters.frame(opened, "risk:overview"),
        "form": WriteForm(),
        "draft": presenters.draft_row(draft, opened.child, at=opened.at),
    }
    return render(request, "risk/discard.html", context)


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
            form.refuse(refusal, field="reason")
        else:
            waits = judgement.needs_approval
            messages.success(
                request,
                "Your level waits for a manager's approval: it is below the computed one, or lowers the level on the "
                "file by an assessment that left out most of its questions."
                if waits
                else "The level is on the child's file.",
            )
            return redirect("risk:assessment", opened.child.reference, found.pk)
    context = {
        **presenters.frame(opened, "risk:overview"),
        "form": form,
        "row": presenters.assessment_row(opened, found),
        "result": presenters.shown_result(opened, found),
        "sent_back": presenters.sent_back_words(selectors.judgements_of(found), viewer=opened.viewer),
    }
    return render(request, "risk/judge.html", context, status=422 if form.is_bound else 200)


def _waiting_judgement(opened: OpenFile, judgement_id: UUID) -> LevelJudgement:
    judgement = selectors.judgement_on(opened.child, judgement_id)
    if judgement is None:
        raise NotKnown("no_judgement", child_id=opened.child.pk)
    if judgement.approved_at is not None:
        raise Refusal("This level has been approved already.")
    if selectors.is_sent_back(judgement):
        raise Refusal("This level has been sent back already. Whoever judged it judges it anew.")
    return judgement


@policy(methods=("GET", "POST"), capability=Capability.APPROVE_LEVEL, reads_file=True)
def approve(request: HttpRequest, reference: str, judgement_id: UUID) -> HttpResponse:
    """Approve a level that was judged below the computed one."""
    opened = _open(request, reference, "risk:approve", Action.APPROVE_LEVEL)
    judgement = _waiting_judgement(opened, judgement_id)
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
        return redirect("risk:assessment", opened.child.reference, judgement.assessment_id)
    context = {
        **presenters.frame(opened, "risk:overview"),
        "form": form,
        "judgement": presenters.judgement_row(judgement, full=True),
        "judgement_id": judgement.pk,
        "assessment_id": judgement.assessment_id,
        "row": presenters.assessment_row(opened, judgement.assessment),
    }
    return render(request, "risk/approve.html", context, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), capability=Capability.APPROVE_LEVEL, reads_file=True)
def send_back(request: HttpRequest, reference: str, judgement_id: UUID) -> HttpResponse:
    """Send a level that was judged below the computed one back, with the reason."""
    opened = _open(request, reference, "risk:send_back", Action.APPROVE_LEVEL)
    judgement = _waiting_judgement(opened, judgement_id)
    form = SendBackForm(request.POST or None, initial={"version": opened.child.version})
    if request.method == "POST" and form.is_valid():
        try:
            services.send_back_judgement(
                judgement=judgement,
                reason=form.cleaned_data["reason"],
                version=form.cleaned_data["version"] or 0,
                at=opened.at,
                by=opened.viewer,
            )
        except services.rules.JudgementRefused as refusal:
            form.refuse(refusal, field="reason")
        else:
            messages.success(request, f"Sent back. {judgement.author} sees your reason, and judges the level anew.")
            return redirect("risk:assessment", opened.child.reference, judgement.assessment_id)
    context = {
        **presenters.frame(opened, "risk:overview"),
        "form": form,
        "judgement": presenters.judgement_row(judgement, full=True),
        "judgement_id": judgement.pk,
        "row": presenters.assessment_row(opened, judgement.assessment),
    }
    return render(request, "risk/send_back.html", context, status=422 if form.is_bound else 200)
