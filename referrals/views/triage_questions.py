"""Questions to the data guardians: likely matches that triage may not know of."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.middleware.policy import policy
from accounts.rules.roles import Capability
from accounts.selectors import now
from accounts.services.access_events import trace_of
from cases.record.services import note_files_shown
from referrals.forms.triage import QuestionForm
from referrals.presenters import triage as presenters
from referrals.rules.triage import TriageRefused
from referrals.selectors import triage as selectors
from referrals.services.triage_questions import answer_match_question

JOINED = "Joined to the file. Ring the lead now: nobody else is told."
KEPT = "Your answer is kept. The notification had been decided before, so nothing was joined."
TWO_FILES = "Your answer is kept. The child has two files: ring the lead of the file and the police missing team now."
STAY_APART = "Your answer is kept. The two files stay apart."
NOT_SAME = "Your answer is kept. Triage decides as if there were no such file."


@policy(capability=Capability.AUDIT)
def triage_questions(request: HttpRequest) -> HttpResponse:
    """Likely matches that triage may not know of, waiting for a guardian."""
    at, viewer = now(), request.viewer  # type: ignore[attr-defined]
    questions = selectors.questions_for(viewer, at=at)
    note_files_shown(
        viewer=viewer,
        page="referrals:triage_questions",
        child_ids=[shown.question.child_id for shown in questions],
        trace=trace_of(request),
    )
    context = {"rows": presenters.question_rows(questions, at=at), "columns": presenters.QUESTION_COLUMNS}
    return render(request, "referrals/triage_questions.html", context)


@policy(methods=("GET", "POST"), capability=Capability.AUDIT)
def triage_question(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """One question: is this the child of that file?"""
    at, viewer = now(), request.viewer  # type: ignore[attr-defined]
    shown = selectors.question_for(viewer, question_id, at=at)
    note_files_shown(
        viewer=viewer,
        page="referrals:triage_question",
        child_ids=selectors.files_in(shown.question),
        trace=trace_of(request),
    )
    settled = shown.lead or shown.question.report_id
    leads = None if settled else selectors.possible_leads(at=at, child_id=shown.question.child_id)
    form = QuestionForm(request.POST or None, leads=leads)
    if request.method == "POST" and form.is_valid():
        people = {str(one.pk): one for one in leads or []}
        try:
            _, decision = answer_match_question(
                question_id=question_id,
                same_child=form.cleaned_data["same_child"],
                lead=people.get(form.cleaned_data.get("lead") or ""),
                against_wish=form.against_wish(),
                at=at,
                by=viewer,
            )
        except TriageRefused as refusal:
            form.refuse(refusal)
        else:
            same = form.cleaned_data["same_child"]
            reported = shown.question.report_id is not None
            same_said = TWO_FILES if reported else JOINED if decision else KEPT
            not_same_said = STAY_APART if reported else NOT_SAME
            messages.success(request, same_said if same else not_same_said)
            return redirect("referrals:triage_questions")
    context = {
        "form": form,
        "shown": presenters.question_detail(shown, viewer=viewer, at=at),
        "back_href": reverse("referrals:triage_questions"),
        "answered": shown.question.answered_at is not None,
    }
    return render(request, "referrals/triage_question.html", context, status=422 if form.errors else 200)
