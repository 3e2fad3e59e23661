"""A file for named people only: placing that, who is named, its review and its lifting."""

from collections.abc import Callable
from functools import wraps
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
from cases.access.rules import Action
from cases.forms import restriction as forms
from cases.presenters import restriction as words
from cases.record.services import OpenFile
from cases.sharing.models import Restriction
from cases.sharing.rules.restriction import RestrictionRefused
from cases.sharing.selectors import restriction as selectors
from cases.sharing.services import restriction as services
from cases.views.asking import ask_on_file, frame_of, posted, taken
from cases.views.loading import file_page

RestrictionView = Callable[..., HttpResponse]
OVERSEE = Capability.OVERSEE_ACCESS
INTRO = (
    "Only the people you name will see this file, whatever their agency. Everybody else finds no trace of it: not in "
    "lists, searches, counts, agendas, alerts or e-mails."
)


def _home(opened: OpenFile) -> str:
    return reverse("cases:restriction", args=[opened.child.reference])


def _ask(request: HttpRequest, opened: OpenFile, form: WriteForm, *, heading: str, **more: Any) -> HttpResponse:
    back = {"cancel_href": _home(opened), "under": "cases:who_can_see"}
    return ask_on_file(request, opened, form, heading=heading, **{**back, **more})


def _versioned(opened: OpenFile) -> dict[str, int]:
    return {"version": opened.child.version}


def _given(opened: OpenFile, said: dict[str, Any]) -> dict[str, Any]:
    """What every call to a service of restrictions carries."""
    return {"child": opened.child, "version": said["version"] or 0, "at": opened.at, "by": opened.viewer}


@policy(methods=("GET", "POST"), capability=OVERSEE, reads_file=True, fresh_code=True, name="cases:restriction")
@file_page("cases:restriction", action=Action.RESTRICT)
def show_restriction(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Why the file is restricted and who is named; where it is not, the question that restricts it."""
    restriction = selectors.restriction_of(opened.child.pk)
    if restriction is None:
        return _place(request, opened)
    named = selectors.named_on(opened.child.pk, at=opened.at)
    reference = opened.child.reference
    asked = restriction.lift_asked_at is not None
    context = {
        **frame_of(opened, here="Restriction", under="cases:who_can_see"),
        "facts": words.restriction_rows(restriction, opened.child, at=opened.at),
        "columns": words.NAMED_COLUMNS,
        "named": words.named_rows(opened, named),
        "steps": words.step_rows(selectors.steps_of(restriction)),
        "step_columns": words.STEP_COLUMNS,
        "cut_off": words.work_lines(selectors.work_of(opened.child.pk, but=[member.pk for member in named])),
        "actions": [
            {"text": "Name somebody", "href": reverse("cases:add_name", args=[reference])},
            {"text": "Review it", "href": reverse("cases:review_restriction", args=[reference]), "style": "secondary"},
            {
                "text": "Answer whether to lift it" if asked else "Ask to lift it",
                "href": reverse("cases:answer_lift" if asked else "cases:ask_for_lift", args=[reference]),
                "style": "secondary",
            },
        ],
    }
    return render(request, "cases/restriction.html", context)


def _place(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    people = selectors.may_be_named(opened.child.pk, at=opened.at, near=True)
    form = forms.RestrictForm(posted(request), people=words.people_to_choose(people), initial=_versioned(opened))

    def restrict(said: dict[str, Any]) -> Restriction:
        named = [UUID(value) for value in said["named"]]
        answers = {name: said[name] for name in ("kind", "reason", "review_on")}
        return services.restrict_file(named=named, **answers, **_given(opened, said))

    if taken(form, restrict, RestrictionRefused) is not None:
        messages.success(request, "The file is restricted: the people you named see it, and nobody else.")
        stays = str(opened.viewer.membership_id) in form.cleaned_data["named"]
        return redirect("cases:restriction", opened.child.reference) if stays else redirect("home")
    return _ask(
        request,
        opened,
        form,
        heading="Restrict this file to named people",
        button="Restrict the file",
        intro=INTRO,
        cancel_href=reverse("cases:who_can_see", args=[opened.child.reference]),
    )


def _where_restricted(view: RestrictionView) -> RestrictionView:
    """Give a view the restriction of its file; where there is none (any more), the page of the file's restriction."""

    @wraps(view)
    def asked(request: HttpRequest, opened: OpenFile, **parts: Any) -> HttpResponse:
        restriction = selectors.restriction_of(opened.child.pk)
        if restriction is None:
            return redirect(_home(opened))
        return view(request, opened, restriction, **parts)

    return asked


@policy(methods=("GET", "POST"), capability=OVERSEE, reads_file=True, fresh_code=True, name="cases:add_name")
@file_page("cases:add_name", action=Action.RESTRICT)
@_where_restricted
def add_name(request: HttpRequest, opened: OpenFile, restriction: Restriction) -> HttpResponse:
    """Name one more person."""
    named = set(selectors.named_on(opened.child.pk, at=opened.at))
    people = [one for one in selectors.may_be_named(opened.child.pk, at=opened.at, near=False) if one not in named]
    form = forms.NameForm(posted(request), people=words.people_to_choose(people), initial=_versioned(opened))

    def name(said: dict[str, Any]) -> Membership:
        return services.name_person(membership_id=UUID(said["person"]), **_given(opened, said))

    member = taken(form, name, RestrictionRefused)
    if member is not None:
        messages.success(request, f"{member.user} is named, and sees the file.")
        return redirect(_home(opened))
    return _ask(request, opened, form, heading="Name somebody", button="Name them")


@policy(methods=("GET", "POST"), capability=OVERSEE, reads_file=True, fresh_code=True, name="cases:take_off")
@file_page("cases:take_off", action=Action.RESTRICT)
@_where_restricted
def take_off(request: HttpRequest, opened: OpenFile, restriction: Restriction, named_id: UUID) -> HttpResponse:
    """Take somebody off the list."""
    member = next((one for one in selectors.named_on(opened.child.pk, at=opened.at) if one.pk == named_id), None)
    if member is None:
        raise NotKnown("not_named", child_id=opened.child.pk)
    form = forms.TakeOffForm(posted(request), initial=_versioned(opened))

    def remove(said: dict[str, Any]) -> Membership:
        return services.remove_name(membership_id=named_id, words=said["words"], **_given(opened, said))

    if taken(form, remove, RestrictionRefused) is not None:
        messages.success(request, f"{member.user} is off the list.")
        return redirect("home") if named_id == opened.viewer.membership_id else redirect(_home(opened))
    return _ask(request, opened, form, heading=f"Take {member.user} off the list", button="Take them off")


@policy(methods=("GET", "POST"), capability=OVERSEE, reads_file=True, name="cases:review_restriction")
@file_page("cases:review_restriction", action=Action.RESTRICT)
@_where_restricted
def review(request: HttpRequest, opened: OpenFile, restriction: Restriction) -> HttpResponse:
    """Keep the restriction until another day."""
    form = forms.ReviewRestrictionForm(posted(request), initial=_versioned(opened))

    def keep(said: dict[str, Any]) -> Restriction:
        answers = {"review_on": said["review_on"], "words": said["words"]}
        return services.review_restriction(**answers, **_given(opened, said))

    if taken(form, keep, RestrictionRefused) is not None:
        messages.success(request, "The restriction stays, and its next review is set.")
        return redirect(_home(opened))
    return _ask(request, opened, form, heading="Review the restriction", button="Keep it restricted")


@policy(methods=("GET", "POST"), capability=OVERSEE, reads_file=True, fresh_code=True, name="cases:ask_for_lift")
@file_page("cases:ask_for_lift", action=Action.RESTRICT)
@_where_restricted
def ask_for_lift(request: HttpRequest, opened: OpenFile, restriction: Restriction) -> HttpResponse:
    """The first of two people asks that the restriction is lifted."""
    form = forms.AskToLiftForm(posted(request), initial=_versioned(opened))

    def put(said: dict[str, Any]) -> Restriction:
        return services.ask_to_lift(reason=said["reason"], **_given(opened, said))

    if taken(form, put, RestrictionRefused) is not None:
        messages.success(request, "The others who may agree are told. Until one does, the file stays restricted.")
        return redirect(_home(opened))
    intro = "A second person who is named here, a manager or a data guardian, must agree."
    return _ask(request, opened, form, heading="Ask to lift the restriction", button="Ask", intro=intro)


@policy(methods=("GET", "POST"), capability=OVERSEE, reads_file=True, fresh_code=True, name="cases:answer_lift")
@file_page("cases:answer_lift", action=Action.RESTRICT)
@_where_restricted
def answer_to_lift(request: HttpRequest, opened: OpenFile, restriction: Restriction) -> HttpResponse:
    """The second of two people agrees that the restriction is lifted, or keeps it."""
    form = forms.AnswerLiftForm(posted(request), initial=_versioned(opened))

    def answer(said: dict[str, Any]) -> Restriction:
        return services.answer_lift(lift=said["lift"] == "yes", words=said["words"], **_given(opened, said))

    answered = taken(form, answer, RestrictionRefused)
    if answered is not None:
        if answered.lifted_at is None:
            messages.success(request, "The file stays restricted.")
            return redirect(_home(opened))
        messages.success(request, "The file is not restricted any more.")
        return redirect("home")
    asked = restriction.lift_asked_by
    intro = f"{asked} asks to lift it: {restriction.lift_reason}" if asked else "Nobody has asked to lift it."
    return _ask(request, opened, form, heading="Lift the restriction?", button="Answer", intro=intro)
