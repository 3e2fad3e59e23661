"""Asking, and taking the answer: one page for every question on a child's file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from accounts.forms import HarbourForm
from accounts.rules.refusals import Refusal
from cases.presenters.frame import crumbs_to
from cases.record.services import OpenFile


def frame_of(opened: OpenFile, *, here: str, under: str = "") -> dict[str, Any]:
    """What every page on a file needs of it; `here` is what the page is called in its crumbs, `under` the URL name of
    the tab that it stands under.
    """
    crumbs = crumbs_to(opened, here=here, under=under)
    return {"opened": opened, "reference": opened.child.reference, "crumbs": crumbs}


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: what was sent, or nothing where the page is only opened."""
    return request.POST if request.method == "POST" else None


def taken(form: HarbourForm, call: Callable[[dict[str, Any]], Any], *refusals: type[Refusal]) -> Any:
    """What a service made of a right form; None where the form was wrong or the service refused, and says so."""
    if not form.is_bound or not form.is_valid():
        return None
    try:
        return call(form.cleaned_data)
    except refusals as refusal:
        form.refuse(refusal)
        return None


def ask_on_file(
    request: HttpRequest,
    opened: OpenFile,
    form: HarbourForm,
    *,
    heading: str,
    cancel_href: str,
    button: str = "Save",
    template: str = "cases/ask.html",
    under: str = "",
    **more: Any,
) -> HttpResponse:
    """Ask, or ask again with what was wrong; `more` is for the template, `cases/ask.html` or one that extends it."""
    context = {
        **frame_of(opened, here=heading, under=under),
        "form": form,
        "heading": heading,
        "button": button,
        "cancel_href": cancel_href,
        **more,
    }
    return render(request, template, context, status=422 if form.is_bound else 200)
