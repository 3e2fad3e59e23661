"""For those who manage an agency's accounts: roles that wait for a second person, and the quarterly review."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.choices import RoleDecision
from accounts.forms.people import DecideRoleForm, ReasonForm, ReviewForm
from accounts.middleware.policy import policy
from accounts.presenters.people import (
    ANSWER_COLUMNS,
    REQUEST_COLUMNS,
    REVIEW_COLUMNS,
    SUSPENDED_COLUMNS,
    about_line,
    answered_rows,
    request_facts,
    request_rows,
    review_rows,
    suspended_rows,
)
from accounts.rules.dates import day
from accounts.rules.life import AccountRefused
from accounts.rules.roles import Capability
from accounts.selectors import now
from accounts.selectors.life import (
    functions_of,
    lines_of,
    request_for,
    requests_for,
    review_for,
    reviews_for,
    suspended_for,
    suspended_person,
)
from accounts.services.memberships import decide_role
from accounts.services.reviews import answer_review
from accounts.services.unused import lift_suspension

REVIEW_ACCESS = Capability.REVIEW_ACCESS


@policy(capability=REVIEW_ACCESS)
def access(request: HttpRequest) -> HttpResponse:
    """What waits for somebody who manages accounts: roles to give, accounts to open again, reviews to sign."""
    viewer, today = request.viewer, timezone.localdate(now())  # type: ignore[attr-defined]
    context = {
        "request_columns": REQUEST_COLUMNS,
        "request_rows": request_rows(requests_for(viewer)),
        "suspended_columns": SUSPENDED_COLUMNS,
        "suspended_rows": suspended_rows(suspended_for(viewer, on=today), on=today),
        "review_columns": REVIEW_COLUMNS,
        "review_rows": review_rows(reviews_for(viewer), today=today),
    }
    return render(request, "accounts/access.html", context)


@policy(methods=("GET", "POST"), capability=REVIEW_ACCESS, fresh_code=True)
def decide(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Give or refuse a role that somebody else asked for."""
    viewer = request.viewer  # type: ignore[attr-defined]
    found, form = request_for(viewer, request_id), DecideRoleForm(request.POST or None)
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        decision = RoleDecision(said["decision"])
        try:
            decide_role(request_id=found.pk, decision=decision, why=said["why"], at=now(), by=viewer)
        except AccountRefused as refusal:
            form.refuse(refusal)
        else:
            given = decision == RoleDecision.GIVEN
            messages.success(request, "The role is given." if given else "The role is refused.")
            return redirect("accounts:access")
    context = {
        "form": form,
        "heading": "Give a role?",
        "facts": request_facts(found),
        "decided": found.get_decision_display(),
        "back_href": reverse("accounts:access"),
        "button": "Save",
    }
    return render(request, "accounts/decide_role.html", context, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), capability=REVIEW_ACCESS, fresh_code=True)
def open_again(request: HttpRequest, person_id: int) -> HttpResponse:
    """Let somebody in again whose account was suspended because nobody used it."""
    viewer, at = request.viewer, now()  # type: ignore[attr-defined]
    found = suspended_person(viewer, person_id, on=timezone.localdate(at))
    form = ReasonForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            lift_suspension(user=found, reason=form.cleaned_data["reason"], at=at, by=viewer)
        except AccountRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"The account of {found} is open again. They have been told.")
            return redirect("accounts:access")
    back = reverse("accounts:access")
    context = {
        "form": form,
        "heading": "Open this account again?",
        "caption": str(found),
        "intro": f"Nobody signed in to it since {day(found.last_login) or 'it was made'}, so it was suspended on "
        f"{day(found.suspended_at)}. Open again, it has every role and file that it had.",
        "button": "Open it",
        "back_href": back,
        "cancel_href": back,
    }
    return render(request, "accounts/ask.html", context, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), capability=REVIEW_ACCESS)
def review(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Everybody of an agency with their role, last use and functions: who keeps access, and whose ends."""
    viewer, at = request.viewer, now()  # type: ignore[attr-defined]
    found = review_for(viewer, review_id)
    lines = lines_of(found)
    functions = functions_of([line.membership_id for line in lines])
    waiting = [line for line in lines if not line.answer and line.membership.user_id != viewer.user_id]
    own = any(not line.answer and line.membership.user_id == viewer.user_id for line in lines)
    asked = [(line.pk, str(line.membership.user), about_line(line, functions)) for line in waiting]
    form = ReviewForm(request.POST or None, lines=asked)
    if form.is_bound and form.is_valid():
        try:
            answer_review(review_id=found.pk, answers=form.answers(), at=at, by=viewer)
        except AccountRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "What you said is signed with your name.")
            return redirect("accounts:review", review_id=found.pk)
    context = {
        "form": form,
        "heading": f"Access review: {found.agency}",
        "due": day(found.due_on),
        "signed": day(found.signed_at),
        "waiting": bool(waiting),
        "own": own,
        "columns": ANSWER_COLUMNS,
        "rows": answered_rows(lines),
        "back_href": reverse("accounts:access"),
    }
    return render(request, "accounts/review.html", context, status=422 if form.is_bound else 200)
