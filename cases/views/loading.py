"""Opening a file for a page: the view gets what the viewer was let into, and nothing else."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from accounts.rules.viewers import Viewer
from accounts.selectors import now
from accounts.services.access_events import trace_of
from cases.access.rules import Action
from cases.record.services import OpenFile, open_file

FileView = Callable[..., HttpResponseBase]


def viewer_of(request: HttpRequest) -> Viewer:
    """Who is asking, under which membership."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    return viewer


def file_page(
    page: str, *, action: Action = Action.VIEW_FILE, category: str | None = None
) -> Callable[[FileView], FileView]:
    """Give a view the opened file in place of a reference; each opening is written down under the page's name.

    The reference of a file that was merged leads to the file that lives on.
    """

    def declare(view: FileView) -> FileView:
        @wraps(view)
        def loaded(request: HttpRequest, reference: str, **parts: Any) -> HttpResponseBase:
            opened: OpenFile = open_file(
                viewer=viewer_of(request),
                reference=reference,
                action=action,
                at=now(),
                trace=trace_of(request),
                page=page,
                category=category,
            )
            if opened.child.reference != reference and request.method == "GET":
                return redirect(page, reference=opened.child.reference, **parts)
            return view(request, opened, **parts)

        return loaded

    return declare
