"""The episodes on a child's file, and what is done in one."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.forms import WriteForm
from accounts.middleware.policy import policy
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from cases.access.choices import Category
from cases.access.rules import Action, Level
from cases.record.services import OpenFile
from cases.views.loading import file_page
from missing import services
from missing.choices import CheckResult, EpisodeKind, EpisodeTime, Grade, ReturnMethod
from missing.forms import answered
from missing.forms.episodes import (
    CheckForm,
    CorrectionForm,
    GradeForm,
    KindForm,
    ReasonForm,
    ReturnForm,
    SightingForm,
)
from missing.models import MissingEpisode
from missing.presenters import episodes as presenters
from missing.presenters.interviews import findings_shown
from missing.selectors import episodes as selectors
from missing.selectors import interviews

READ, REPORT, GRADE = Capability.READ_FILES, Capability.REPORT_MISSING, Capability.GRADE_MISSING
BOTH = ("GET", "POST")


def _episode(opened: OpenFile, episode_id: UUID, *, least: Level = Level.SUMMARY) -> MissingEpisode:
    """The episode, for who sees at least so much of it; for anybody else there is none."""
    found = selectors.episode_on(opened.child.pk, episode_id)
    if found is None or opened.entry_level(found) < least:
        raise NotKnown("no_episode", child_id=opened.child.pk)
    return found


def _ask(
    request: HttpRequest,
    opened: OpenFile,
    episode: MissingEpisode,
    form: WriteForm,
    call: Callable[[dict[str, Any]], Any],
    *,
    heading: str,
    done: str,
    **more: Any,
) -> HttpResponse:
    """One question about an episode: ask, call the service with what was said, and go back to the episode."""
    if form.is_bound and form.is_valid() and answered(form, lambda: call(form.cleaned_data)) is not None:
        messages.success(request, done)
        return redirect("missing:episode", opened.child.reference, episode.pk)
    context = {
        **presenters.frame(opened, here=heading),
        "form": form,
        "heading": heading,
        "button": "Save",
        "cancel_href": reverse("missing:episode", args=[opened.child.reference, episode.pk]),
        **more,
    }
    return render(request, "cases/ask.html", context, status=422 if form.is_bound else 200)


@policy(capability=READ, reads_file=True, name="missing:overview")
@file_page("missing:overview")
def overview(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Every episode of the child, newest first, and how many started lately."""
    rows = selectors.episodes_of(opened.child.pk)
    shown = presenters.episode_rows(opened, rows)
    level = opened.level(Category.MISSING)
    context = {
        **presenters.frame(opened),
        "episodes": shown,
        "counts": presenters.counts(opened, rows) if level >= Level.SUMMARY else [],
        "withheld": level == Level.EXISTENCE,
        "may_report": _may_report(opened) and not any(row["open"] for row in shown),
    }
    return render(request, "missing/overview.html", context)


def _may_report(opened: OpenFile) -> bool:
    """Whether the viewer may report here, and may know whether the child is reported already."""
    return opened.may(Action.REPORT_MISSING) and opened.level(Category.MISSING) >= Level.SUMMARY


@policy(capability=READ, reads_file=True, name="missing:episode")
@file_page("missing:episode")
def episode(request: HttpRequest, opened: OpenFile, episode_id: UUID) -> HttpResponse:
    """One episode: the facts, what was done, and what was learnt, each as far as the viewer sees it."""
    found = _episode(opened, episode_id)
    interview = interviews.interview_of(found)
    sees_interview = opened.level(Category.INTERVIEW) >= Level.SUMMARY
    held_in = [(interview.covered_by_id or interview.pk)] if interview else []
    learnt = interviews.findings_of(held_in, opened.viewer, at=opened.at, matrix=opened.matrix)
    context = {
        **presenters.frame(opened, here="Episode"),
        "episode": found,
        "heading": f"{found.get_kind_display()}: {presenters.day(found.last_seen_at)}",
        "facts": presenters.episode_facts(opened, found),
        "entries": presenters.episode_timeline(opened, found, selectors.history_of(found)),
        "full": opened.entry_level(found) == Level.FULL,
        "interview_id": interview.pk if interview and sees_interview else None,
        "learnt": findings_shown(
            opened, learnt, found=interviews.categories_found(held_in), with_interview=sees_interview
        ),
        "actions": presenters.episode_actions(opened, found, interview=interview is not None),
    }
    return render(request, "missing/episode.html", context)


@policy(methods=BOTH, capability=REPORT, reads_file=True, name="missing:add")
@file_page("missing:add", action=Action.REPORT_MISSING)
def add_sighting(request: HttpRequest, opened: OpenFile, episode_id: UUID) -> HttpResponse:
    """Add what you know while the child is away."""
    found = _episode(opened, episode_id)
    form = SightingForm(request.POST or None, at=opened.at, initial={"seen_at": opened.at})

    def add(said: dict[str, Any]) -> Any:
        return services.add_sighting(
            episode=found, seen_at=said["seen_at"], note=said["note"], at=opened.at, by=opened.viewer
        )

    return _ask(request, opened, found, form, add, heading="Add what you know", done="Added to the episode.")


@policy(methods=BOTH, capability=GRADE, reads_file=True, name="missing:grade")
@file_page("missing:grade", action=Action.GRADE_MISSING, category=Category.MISSING)
def grade(request: HttpRequest, opened: OpenFile, episode_id: UUID) -> HttpResponse:
    """Give the police grade, or another one. Police own it."""
    found = _episode(opened, episode_id, least=Level.FULL)
    initial = {"version": found.version, "grade": found.grade, "graded_at": opened.at}
    form = GradeForm(request.POST or None, at=opened.at, initial=initial)

    def give(said: dict[str, Any]) -> Any:
        return services.grade_episode(
            episode=found,
            grade=Grade(said["grade"]),
            reason=said["reason"],
            graded_at=said["graded_at"],
            officer=said["officer"],
            version=said["version"] or 0,
            at=opened.at,
            by=opened.viewer,
        )

    return _ask(request, opened, found, form, give, heading="Police grade", done="The grade is recorded.")


@policy(methods=BOTH, capability=REPORT, reads_file=True, name="missing:kind")
@file_page("missing:kind", action=Action.REPORT_MISSING)
def change_kind(request: HttpRequest, opened: OpenFile, episode_id: UUID) -> HttpResponse:
    """Treat an absence as missing after all."""
    found = _episode(opened, episode_id)
    initial = {"version": found.version, "kind": EpisodeKind.MISSING}
    form = KindForm(request.POST or None, at=opened.at, initial=initial)

    def change(said: dict[str, Any]) -> Any:
        return services.change_kind(
            episode=found,
            kind=EpisodeKind(said["kind"]),
            reason=said["reason"],
            version=said["version"] or 0,
            at=opened.at,
            by=opened.viewer,
        )

    return _ask(request, opened, found, form, change, heading="Change the kind", done="The kind is changed.")


@policy(methods=BOTH, capability=REPORT, reads_file=True, name="missing:return")
@file_page("missing:return", action=Action.REPORT_MISSING)
def record_return(request: HttpRequest, opened: OpenFile, episode_id: UUID) -> HttpResponse:
    """The child is back."""
    found = _episode(opened, episode_id)
    form = ReturnForm(
        request.POST or None, at=opened.at, reported_at=found.reported_at, initial={"version": found.version}
    )

    def back(said: dict[str, Any]) -> Any:
        details = services.ReturnDetails(
            returned_at=said["returned_at"],
            method=ReturnMethod(said["method"]),
            found_by=said["found_by"],
            found_where=said["found_where"],
            condition=said["condition"],
        )
        return services.record_return(
            episode=found,
            details=details,
            before_report=said["before_report"],
            version=said["version"] or 0,
            at=opened.at,
            by=opened.viewer,
        )

    return _ask(request, opened, found, form, back, heading="The child is back", done="The return is recorded.")


@policy(methods=BOTH, capability=REPORT, reads_file=True, name="missing:correct")
@file_page("missing:correct", action=Action.REPORT_MISSING)
def correct(request: HttpRequest, opened: OpenFile, episode_id: UUID) -> HttpResponse:
    """Correct a time; what it was stays in the history, and the interview's hours move with the return."""
    found = _episode(opened, episode_id, least=Level.FULL)
    form = CorrectionForm(
        request.POST or None, at=opened.at, returned=not found.is_open, initial={"version": found.version}
    )

    def put_right(said: dict[str, Any]) -> Any:
        return services.correct_time(
            episode=found,
            which=EpisodeTime(said["which"]),
            value=said["value"],
            reason=said["reason"],
            version=said["version"] or 0,
            at=opened.at,
            by=opened.viewer,
        )

    return _ask(request, opened, found, form, put_right, heading="Correct a time", done="The time is corrected.")


@policy(methods=BOTH, capability=GRADE, reads_file=True, name="missing:check")
@file_page("missing:check", action=Action.GRADE_MISSING, category=Category.MISSING)
def check(request: HttpRequest, opened: OpenFile, episode_id: UUID) -> HttpResponse:
    """Record the police check after the return."""
    found = _episode(opened, episode_id, least=Level.FULL)
    form = CheckForm(request.POST or None, at=opened.at, initial={"done_by": opened.viewer.name})

    def record(said: dict[str, Any]) -> Any:
        return services.record_check(
            episode=found,
            done_at=said["done_at"],
            done_by=said["done_by"],
            face_to_face=said["face_to_face"],
            result=CheckResult(said["result"]),
            note=said["note"],
            at=opened.at,
            by=opened.viewer,
        )

    intro = "Also called the prevention interview. It does not replace the independent return interview."
    return _ask(
        request, opened, found, form, record, heading="Police check", done="The check is recorded.", intro=intro
    )


@policy(methods=BOTH, capability=REPORT, reads_file=True, name="missing:close")
@file_page("missing:close", action=Action.REPORT_MISSING)
def close(request: HttpRequest, opened: OpenFile, episode_id: UUID) -> HttpResponse:
    """Close the episode of somebody who turned 18 and is not back."""
    found = _episode(opened, episode_id, least=Level.FULL)
    form = ReasonForm(request.POST or None, at=opened.at, initial={"version": found.version})

    def end(said: dict[str, Any]) -> Any:
        return services.close_at_18(
            episode=found, reason=said["reason"], version=said["version"] or 0, at=opened.at, by=opened.viewer
        )

    return _ask(request, opened, found, form, end, heading="Close at 18", done="The episode is closed.")


@policy(methods=BOTH, capability=REPORT, reads_file=True, name="missing:decide_interview")
@file_page("missing:decide_interview", action=Action.REPORT_MISSING)
def decide_interview(request: HttpRequest, opened: OpenFile, episode_id: UUID) -> HttpResponse:
    """Decide that there is evidence of risk after an absence, so that an interview is offered."""
    found = _episode(opened, episode_id, least=Level.FULL)
    form = ReasonForm(
        request.POST or None,
        at=opened.at,
        label="What is the evidence of risk?",
        hint="The 72 hours run from the return, also if you decide later.",
        initial={"version": found.version},
    )

    def decide(said: dict[str, Any]) -> Any:
        return services.decide_interview(
            episode=found, reason=said["reason"], version=said["version"] or 0, at=opened.at, by=opened.viewer
        )

    heading = "Offer a return interview"
    return _ask(request, opened, found, form, decide, heading=heading, done="The interview team is told.")
