"""Conflicts of interest: declared by the person, placed on somebody else, possible ones, and lifted by two people."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.forms import WriteForm
from accounts.middleware.policy import policy
from accounts.models import Membership
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from accounts.selectors import now
from accounts.services.access_events import trace_of
from cases.access.rules import Action
from cases.forms import conflicts as forms
from cases.presenters import conflicts as words
from cases.presenters.restriction import people_to_choose
from cases.record.selectors.hidden import known_ids
from cases.record.services import OpenFile, note_files_shown
from cases.sharing.models import Conflict
from cases.sharing.rules.conflicts import ConflictRefused
from cases.sharing.selectors import conflicts as selectors
from cases.sharing.services import conflicts as services
from cases.views.asking import ask_on_file, posted, taken
from cases.views.loading import file_page, viewer_of

READ, OVERSEE, AUDIT = Capability.READ_FILES, Capability.OVERSEE_ACCESS, Capability.AUDIT
THANKS = "Thank you. It is written down, and a data guardian does what is needed. You need do nothing more."


def _ask(request: HttpRequest, opened: OpenFile, form: WriteForm, *, heading: str, **more: Any) -> HttpResponse:
    back = reverse("cases:who_can_see", args=[opened.child.reference])
    return ask_on_file(request, opened, form, heading=heading, cancel_href=back, under="cases:who_can_see", **more)


@policy(methods=("GET", "POST"), capability=READ, reads_file=True, name="cases:add_conflict")
@file_page("cases:add_conflict")
def declare_on_file(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Say that one knows the child or family of a file; it is closed to the person at once."""
    form = forms.DeclareForm(posted(request))
    if form.is_bound and form.is_valid():
        try:
            services.declare_on_file(child=opened.child, said=form.said(), at=opened.at, by=opened.viewer)
        except ConflictRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request, "Thank you for saying so. The file is closed to you now. Whoever leads on the case is told."
            )
            return redirect("home")
    intro = (
        "The file is closed to you at once, whatever your work on it was. A data guardian can lift that with another."
    )
    return _ask(
        request, opened, form, heading="I know this child or family", button="Close this file to me", intro=intro
    )


@policy(methods=("GET", "POST"), capability=OVERSEE, reads_file=True, fresh_code=True, name="cases:place_conflict")
@file_page("cases:place_conflict", action=Action.RESTRICT)
def place(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Keep somebody else from a file; whose work it was goes to a successor in the same step."""
    viewer, child, at = opened.viewer, opened.child, opened.at
    people = {str(one.pk): one for one in selectors.people_to_place(viewer, everybody=viewer.may(AUDIT), at=at)}
    successors = {str(one.pk): one for one in selectors.successors_for(child, at=at)}
    form = forms.PlaceForm(
        posted(request),
        people=people_to_choose(people.values()),
        successors=words.successors_to_choose(successors.values(), first=viewer.agency_id),
    )

    def keep(said: dict[str, Any]) -> Conflict:
        return services.place_conflict(
            child=child,
            member=people[said["person"]],
            said=form.said(),
            successor=successors.get(said["successor"]),
            at=at,
            by=viewer,
        )

    placed = taken(form, keep, ConflictRefused)
    member = people.get(form.cleaned_data.get("person", "")) if form.is_bound else None
    if placed and member:
        return _placed(request, opened, member)
    said = ["They will find no trace of the file, and are not told."]
    said.append(words.closes_with(selectors.alone_for(viewer, child, at=at)))
    if member:
        form.offer(words.successors_to_choose(selectors.successors_of(child, member, at=at), first=member.agency_id))
        work = selectors.work_to_take_over(child.pk, selectors.memberships_of(member.user_id))
        said += [f"Work: {line}." for line in words.work_to_hand_over(work)]
    heading, button = "Keep a colleague from this file", "Keep them from it"
    return _ask(request, opened, form, heading=heading, button=button, intro=" ".join(filter(None, said)))


def _placed(request: HttpRequest, opened: OpenFile, member: Membership) -> HttpResponse:
    """Back to the file, or to a list where it has closed to whoever placed it with the last work of their agency."""
    child = opened.child
    still_open = bool(known_ids(opened.viewer, [child.pk], opened.at))
    messages.success(request, words.placed_words(member, still_open=still_open))
    if still_open:
        return redirect("cases:who_can_see", child.reference)
    return redirect("cases:conflicts" if opened.viewer.may(AUDIT) else "cases:worklist")


@policy(methods=("GET", "POST"), capability=READ, name="cases:declare_conflict")
def declare(request: HttpRequest) -> HttpResponse:
    """Say that one knows a child, without a file in hand; whether there is one is never said."""
    viewer, at = viewer_of(request), now()
    form = forms.DeclareWithoutFileForm(posted(request), at=at)
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            services.declare_without_file(
                given_name=said["given_name"],
                family_name=said["family_name"],
                birth_date=said["birth_date"],
                said=form.said(),
                at=at,
                by=viewer,
            )
        except ConflictRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, THANKS)
            return redirect("home")
    return render(request, "cases/declare.html", {"form": form}, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), capability=READ, name="cases:home_postcode")
def keep_home(request: HttpRequest) -> HttpResponse:
    """Give the postcode of one's own home, so that Harbour can tell a conflict of interest; or take it back."""
    viewer = viewer_of(request)
    form = forms.HomeForm(posted(request), initial={"postcode": selectors.home_of(viewer)})
    if form.is_bound and form.is_valid():
        services.keep_home_postcode(postcode=form.cleaned_data["postcode"], at=now(), by=viewer)
        messages.success(request, "Saved.")
        return redirect("cases:declare_conflict")
    context = {
        "form": form,
        "heading": "Your own postcode",
        "intro": "Harbour compares it with where children live, to find conflicts of interest that nobody thought of. "
        "Nobody is shown it. Leave it empty to take it back.",
        "button": "Save",
        "cancel_href": reverse("cases:declare_conflict"),
    }
    return render(request, "cases/home_postcode.html", context, status=422 if form.is_bound else 200)


@policy(capability=AUDIT, name="cases:conflicts")
def show_conflicts(request: HttpRequest) -> HttpResponse:
    """The conflicts that hold, and what may be one."""
    viewer, at = viewer_of(request), now()
    holding, possible = selectors.conflicts_for(viewer, at=at), selectors.possible_for(viewer, at=at)
    shown = {row.child_id for row in holding} | {row.child_id for row in possible}
    note_files_shown(viewer=viewer, page="cases:conflicts", child_ids=shown, trace=trace_of(request))
    context = {
        "columns": words.CONFLICT_COLUMNS,
        "rows": words.conflict_rows(holding),
        "possible_columns": words.POSSIBLE_COLUMNS,
        "possible": words.possible_rows(possible),
    }
    return render(request, "cases/conflicts.html", context)


@policy(methods=("GET", "POST"), code_to_send=True, name="cases:conflict")
def show_conflict(request: HttpRequest, conflict_id: UUID) -> HttpResponse:
    """One conflict; two people lift it."""
    viewer, at = viewer_of(request), now()
    conflict = selectors.conflict_for(viewer, conflict_id, at=at)
    if conflict is None:
        raise NotKnown("no_conflict")
    asked = conflict.lift_asked_at is not None
    bound = posted(request)
    form: WriteForm = WriteForm(bound) if asked else forms.LiftForm(bound)
    if form.is_bound and form.is_valid():
        try:
            if asked:
                services.lift_conflict(conflict_id=conflict_id, at=at, by=viewer)
                messages.success(request, "The conflict of interest is lifted.")
            else:
                services.ask_to_lift_conflict(
                    conflict_id=conflict_id, reason=form.cleaned_data["reason"], at=at, by=viewer
                )
                messages.success(request, "It is written down that you ask. Somebody else must agree.")
        except ConflictRefused as refusal:
            form.refuse(refusal)
        else:
            return redirect("cases:conflict", conflict_id)
    note_files_shown(viewer=viewer, page="cases:conflict", child_ids=[conflict.child_id], trace=trace_of(request))
    context = {
        "form": form,
        "facts": words.facts_of_conflict(conflict, why=selectors.reads_why(viewer, conflict)),
        "work": words.work_to_hand_over(selectors.work_left(conflict)),
        "involvement_href": reverse("cases:involvement", args=[conflict.child.reference]),
        "asked": asked,
        "own": conflict.lift_asked_by_id == viewer.user_id,
        "may_lift": selectors.looks_after(viewer, conflict) and conflict.lifted_at is None,
        "may_list": viewer.may(AUDIT),
    }
    return render(request, "cases/conflict_of_interest.html", context, status=422 if form.is_bound else 200)


def _answered(request: HttpRequest, conflict: Conflict | None) -> HttpResponse:
    """Back to the list, or to what the person leaves that nobody does now."""
    if conflict is None or not selectors.work_left(conflict):
        messages.success(request, "Your answer is written down.")
        return redirect("cases:conflicts")
    messages.warning(
        request,
        f"Your answer is written down. {conflict.user} does work for this child that nobody does now. Whoever leads on "
        "the case, or else the notification point, is told.",
    )
    return redirect("cases:conflict", conflict.pk)


@policy(methods=("GET", "POST"), capability=AUDIT, fresh_code=True, name="cases:possible_conflict")
def answer_possible(request: HttpRequest, possible_id: UUID) -> HttpResponse:
    """Whether a person and a file must be kept apart."""
    viewer, at = viewer_of(request), now()
    possible = selectors.possible_one(viewer, possible_id, at=at)
    if possible is None:
        raise NotKnown("no_possible_conflict")
    form = forms.AnswerPossibleForm(posted(request))
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            answered = services.answer_possible(
                possible_id=possible_id, keep_apart=said["keep_apart"] == "yes", words=said["words"], at=at, by=viewer
            )
        except ConflictRefused as refusal:
            form.refuse(refusal)
        else:
            return _answered(request, answered.conflict)
    shown = [possible.child_id]
    note_files_shown(viewer=viewer, page="cases:possible_conflict", child_ids=shown, trace=trace_of(request))
    context = {"form": form, "facts": words.facts_of_possible(possible), "answered": possible.answered_at is not None}
    return render(request, "cases/possible_conflict.html", context, status=422 if form.is_bound else 200)
