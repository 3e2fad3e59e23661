"""A question on a child's file: one page, whatever is asked."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.forms import HarbourForm
from cases.presenters.frame import crumbs_to
from cases.record.services import OpenFile


def frame_of(opened: OpenFile, *, here: str) -> dict[str, Any]:
    """What every page on a file needs of it; `here` is what the page is called in its crumbs."""
    return {"opened": opened, "reference": opened.child.reference, "crumbs": crumbs_to(opened, here=here)}


def ask_on_file(
    request: HttpRequest,
    opened: OpenFile,
    form: HarbourForm,
    *,
    heading: str,
    cancel_href: str,
    button: str = "Save",
    template: str = "cases/ask.html",
    **more: Any,
) -> HttpResponse:
    """Ask, or ask again with what was wrong; `more` is for the template, `cases/ask.html` or one that extends it."""
    context = {
        **frame_of(opened, here=heading),
        "form": form,
        "heading": heading,
        "button": button,
        "cancel_href": cancel_href,
        **more,
    }
    return render(request, template, context, status=422 if form.is_bound else 200)
