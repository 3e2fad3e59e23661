"""A return interview on a child's file: the chain, the briefing, and the write-up."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.forms import WriteForm
from accounts.middleware.policy import policy
from accounts.models import Membership
from accounts.rules.dates import day
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from cases.access.choices import Category
from cases.access.rules import Action, Level
from cases.clocks.choices import ClockKind
from cases.clocks.selectors import clock_of
from cases.record.services import OpenFile
from cases.views.loading import file_page
from missing import services
from missing.choices import AttemptMethod, NotNeededReason, Venue
from missing.forms import answered
from missing.forms.interviews import (
    AllocateForm,
    AnswerForm,
    AttemptForm,
    CarerForm,
    HoldForm,
    NoteForm,
    NotNeededForm,
    OfferForm,
    WriteUpForm,
)
from missing.models import ReturnInterview
from missing.presenters import interviews as presenters
from missing.presenters.episodes import frame
from missing.selectors import interviews as selectors

READ, INTERVIEW, ALLOCATE = Capability.READ_FILES, Capability.INTERVIEW, Capability.ALLOCATE_INTERVIEWS
BOTH = ("GET", "POST")
records = partial(file_page, action=Action.RECORD_INTERVIEW, category=Category.INTERVIEW)


def _interview(opened: OpenFile, interview_id: UUID) -> ReturnInterview:
    """The interview, for who sees at least the summary of interviews; for anybody else there is none."""
    found = selectors.interview_on(opened.child.pk, interview_id)
    if found is None or opened.level(Category.INTERVIEW) < Level.SUMMARY:
        raise NotKnown("no_interview", child_id=opened.child.pk)
    return found


def _people(rows: Iterable[Membership]) -> dict[str, Membership]:
    return {str(one.pk): one for one in rows}


def _ask(
    request: HttpRequest,
    opened: OpenFile,
    interview: ReturnInterview,
    form: WriteForm,
    call: Callable[[dict[str, Any]], Any],
    *,
    heading: str,
    done: str,
    template: str = "cases/ask.html",
    **more: Any,
) -> HttpResponse:
    """One question about an interview: ask, call the service with what was said, and go back to it."""
    if form.is_bound and form.is_valid() and answered(form, lambda: call(form.cleaned_data)) is not None:
        messages.success(request, done)
        return redirect("missing:interview", opened.child.reference, interview.pk)
    context = {
        **frame(opened, here=heading),
        "form": form,
        "heading": heading,
        "button": "Save",
        "cancel_href": reverse("missing:interview", args=[opened.child.reference, interview.pk]),
        **more,
    }
    return render(request, template, context, status=422 if form.is_bound else 200)


def _given(opened: OpenFile, interview: ReturnInterview, said: dict[str, Any]) -> dict[str, Any]:
    """What every call to a service of the chain carries."""
    return {"interview": interview, "version": said["version"] or 0, "at": opened.at, "by": opened.viewer}


@policy(capability=READ, reads_file=True, name="missing:interview")
@file_page("missing:interview")
def interview(request: HttpRequest, opened: OpenFile, interview_id: UUID) -> HttpResponse:
    """One interview: where it stands, the hours left, the briefing for whom it is, and what it says by category."""
    found = _interview(opened, interview_id)
    held_in = [found.covered_by_id or found.pk]
    rows = selectors.findings_of(held_in, opened.viewer, at=opened.at, matrix=opened.matrix)
    context = {
        **frame(opened, here="Return interview"),
        "heading": f"Return interview after {day(found.returned_at)}",
        "episode_id": found.episode_id if opened.level(Category.MISSING) >= Level.SUMMARY else None,
        "interview": found,
        "facts": presenters.interview_facts(opened, found, clock_of(ClockKind.INTERVIEW_HELD, found.pk)),
        "briefing": presenters.briefing_shown(opened, found, selectors.latest_briefing(found)),
        "entries": presenters.step_entries(opened, selectors.steps_of(found)),
        "full": opened.level(Category.INTERVIEW) == Level.FULL,
        "findings": presenters.findings_shown(
            opened, rows, found=selectors.categories_found(held_in), with_interview=True
        ),
        "actions": presenters.interview_actions(opened, found),
    }
    return render(request, "missing/interview.html", context)


@policy(methods=BOTH, capability=INTERVIEW, reads_file=True, name="missing:offer")
@records("missing:offer")
def offer(request: HttpRequest, opened: OpenFile, interview_id: UUID) -> HttpResponse:
    """Offer the interview to the child."""
    found = _interview(opened, interview_id)
    form = OfferForm(request.POST or None, at=opened.at, initial={"version": found.version})

    def offered(said: dict[str, Any]) -> Any:
        return services.offer_interview(
            **_given(opened, found, said),
            offered_at=said["happened_at"],
            agreed_for=said["agreed_for"],
            note=said["note"],
        )

    return _ask(request, opened, found, form, offered, heading="Offer the interview", done="The offer is recorded.")


@policy(methods=BOTH, capability=INTERVIEW, reads_file=True, name="missing:answer")
@records("missing:answer")
def answer(request: HttpRequest, opened: OpenFile, interview_id: UUID) -> HttpResponse:
    """What the child answers: accepted, or declined."""
    found = _interview(opened, interview_id)
    form = AnswerForm(request.POST or None, at=opened.at, initial={"version": found.version, "happened_at": opened.at})

    def told(said: dict[str, Any]) -> Any:
        return services.answer_interview(
            **_given(opened, found, said),
            accepted=said["accepted"],
            answered_at=said["happened_at"],
            agreed_for=said["agreed_for"],
            note=said["note"],
        )

    intro = "If the child declines, give parents or carers the chance to contribute."
    return _ask(
        request, opened, found, form, told, heading="The child’s answer", done="The answer is recorded.", intro=intro
    )


@policy(methods=BOTH, capability=INTERVIEW, reads_file=True, name="missing:attempt")
@records("missing:attempt")
def attempt(request: HttpRequest, opened: OpenFile, interview_id: UUID) -> HttpResponse:
    """An attempt to reach the child that led to no interview."""
    found = _interview(opened, interview_id)
    form = AttemptForm(request.POST or None, at=opened.at, initial={"version": found.version, "happened_at": opened.at})

    def tried(said: dict[str, Any]) -> Any:
        return services.record_attempt(
            **_given(opened, found, said),
            method=AttemptMethod(said["method"]),
            attempted_at=said["happened_at"],
            reason=said["note"],
        )

    return _ask(request, opened, found, form, tried, heading="Record an attempt", done="The attempt is recorded.")


@policy(methods=BOTH, capability=INTERVIEW, reads_file=True, name="missing:not_engaged")
@records("missing:not_engaged")
def not_engaged(request: HttpRequest, opened: OpenFile, interview_id: UUID) -> HttpResponse:
    """The child was not reached, in spite of attempts."""
    found = _interview(opened, interview_id)
    form = NoteForm(request.POST or None, at=opened.at, initial={"version": found.version})

    def ended(said: dict[str, Any]) -> Any:
        return services.end_not_engaged(**_given(opened, found, said), note=said["note"])

    return _ask(request, opened, found, form, ended, heading="Not reached", done="Recorded. You can offer it again.")


@policy(methods=BOTH, capability=INTERVIEW, reads_file=True, name="missing:not_needed")
@records("missing:not_needed")
def not_needed(request: HttpRequest, opened: OpenFile, interview_id: UUID) -> HttpResponse:
    """No interview is offered, and why."""
    found = _interview(opened, interview_id)
    form = NotNeededForm(request.POST or None, at=opened.at, initial={"version": found.version})

    def ended(said: dict[str, Any]) -> Any:
        reason = NotNeededReason(said["reason"])
        return services.end_not_needed(**_given(opened, found, said), reason=reason, note=said["note"])

    return _ask(
        request, opened, found, form, ended, heading="No interview is offered", done="Recorded, with the reason."
    )


@policy(methods=BOTH, capability=INTERVIEW, reads_file=True, name="missing:carer")
@records("missing:carer")
def carer(request: HttpRequest, opened: OpenFile, interview_id: UUID) -> HttpResponse:
    """What parents or carers say, where the child has declined or was not reached."""
    found = _interview(opened, interview_id)
    form = CarerForm(request.POST or None, at=opened.at, initial={"version": found.version})

    def spoke(said: dict[str, Any]) -> Any:
        return services.record_carers_view(
            **_given(opened, found, said), words=said["words"], spoken_at=said["happened_at"]
        )

    heading = "What parents or carers say"
    return _ask(request, opened, found, form, spoke, heading=heading, done="Their words are recorded.")


@policy(methods=BOTH, capability=ALLOCATE, reads_file=True, name="missing:allocate")
@file_page("missing:allocate", action=Action.ALLOCATE_INTERVIEW, category=Category.INTERVIEW)
def allocate(request: HttpRequest, opened: OpenFile, interview_id: UUID) -> HttpResponse:
    """Name the interviewer, with a safety briefing written for them."""
    found = _interview(opened, interview_id)
    people = _people(selectors.interviewers_for(opened.child.pk, at=opened.at))
    initial = {"version": found.version, "membership": str(found.allocated_id or "")}
    form = AllocateForm(request.POST or None, at=opened.at, people=people.values(), initial=initial)

    def given(said: dict[str, Any]) -> Any:
        return services.allocate_interviewer(
            **_given(opened, found, said),
            membership=people[said["membership"]],
            briefing=said["briefing"],
            nothing_to_warn=said["nothing"],
        )

    intro = (
        "Naming somebody opens the file to them in person until the interview is written up. So long the return "
        "interview team sees it too, and whoever works with the child sees it anyway. A briefing that was written "
        "before goes with the work until another is written."
    )
    return _ask(
        request,
        opened,
        found,
        form,
        given,
        heading="Name the interviewer",
        done="The interviewer is named.",
        intro=intro,
    )


@policy(methods=BOTH, capability=INTERVIEW, reads_file=True, name="missing:hold")
@records("missing:hold")
def hold(request: HttpRequest, opened: OpenFile, interview_id: UUID) -> HttpResponse:
    """The interview was held: when, where, by whom, and for which episodes."""
    found = _interview(opened, interview_id)
    people = _people(selectors.possible_interviewers(on=timezone.localdate(opened.at)))
    others = [(str(one.pk), f"Back {presenters.moment(one.returned_at)}") for one in selectors.coverable(found)]
    held_by = found.allocated_id or opened.viewer.membership_id
    form = HoldForm(
        request.POST or None,
        at=opened.at,
        people=people.values(),
        others=others,
        initial={"version": found.version, "held_by": str(held_by or "")},
    )

    def held(said: dict[str, Any]) -> Any:
        holding = services.Holding(
            held_at=said["held_at"],
            held_by=people[said["held_by"]],
            venue=Venue(said["venue"]),
            present=said["present"],
            independent=said["independent"],
            breach_reason=said["breach_reason"],
        )
        covers = [UUID(one) for one in said.get("covers", ())]
        return services.hold_interview(**_given(opened, found, said), holding=holding, covers=covers)

    return _ask(request, opened, found, form, held, heading="The interview was held", done="Recorded. Now write it up.")


@policy(methods=BOTH, capability=INTERVIEW, reads_file=True, name="missing:write_up")
@records("missing:write_up")
def write_up(request: HttpRequest, opened: OpenFile, interview_id: UUID) -> HttpResponse:
    """Write down what the interview says, one kind of information a section: each is read by whose role sees it."""
    found = _interview(opened, interview_id)
    form = WriteUpForm(
        request.POST or None,
        at=opened.at,
        readers=presenters.readers_rows(opened),
        initial={"version": found.version},
    )

    def written(said: dict[str, Any]) -> Any:
        return services.write_up_interview(
            **_given(opened, found, said), findings=form.findings(), finished=said["finished"]
        )

    return _ask(
        request,
        opened,
        found,
        form,
        written,
        heading="Write up the interview",
        done="Written down, each part for those who may read it.",
        template="missing/write_up.html",
    )
