"""The worklist and the search."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.middleware.policy import policy
from accounts.rules.roles import Capability
from accounts.services.access_events import trace_of
from cases.access.selectors import matrix_now
from cases.forms.lists import FileSearchForm, WorklistFilterForm
from cases.presenters import lists
from cases.record.selectors import WorklistFilter, search_files, worklist
from cases.record.services import note_files_shown
from cases.sharing.services.looks import note_search
from cases.views.loading import viewer_of


@policy(capability=Capability.READ_FILES, name="cases:worklist")
def show_worklist(request: HttpRequest) -> HttpResponse:
    """The files I may see, newest activity first."""
    viewer = viewer_of(request)
    matrix, at = matrix_now()
    today = timezone.localdate(at)
    levels = lists.sees_levels(viewer, matrix)
    form = WorklistFilterForm(request.GET or None, sees_levels=levels)
    wanted = form.wanted(today=today) if form.is_bound and form.is_valid() else WorklistFilter()
    page = worklist(viewer, at=at, wanted=wanted, before=lists.cursor_of(request.GET.get("before", "")))
    note_files_shown(
        viewer=viewer, page="cases:worklist", child_ids=[file.pk for file in page.files], trace=trace_of(request)
    )
    narrowed = wanted != WorklistFilter()
    context = {
        "form": form,
        "search_form": FileSearchForm(),
        "columns": lists.file_columns(levels=levels, activity=True),
        "rows": lists.file_rows(page.files, viewer=viewer, matrix=matrix, at=at, levels=levels, activity=page.activity),
        "narrowed": narrowed,
        "first_page": not request.GET.get("before"),
        "lead": lists.count_words(page, narrowed=narrowed),
        "older_href": lists.older_href(page, dict(request.GET.lists())),
        "clear_href": reverse("cases:worklist") if narrowed else "",
    }
    return render(request, "cases/worklist.html", context, status=422 if form.errors else 200)


@policy(methods=("GET", "POST"), capability=Capability.READ_FILES, writes=False, name="cases:search")
def search(request: HttpRequest) -> HttpResponse:
    """Find a file by name or reference; a POST, so that no name stands in an address or a log."""
    if request.method != "POST":
        return redirect("cases:worklist")
    viewer = viewer_of(request)
    form = FileSearchForm(request.POST)
    if not form.is_valid():
        return render(request, "cases/search.html", {"form": form}, status=422)
    matrix, at = matrix_now()
    levels = lists.sees_levels(viewer, matrix)
    found = search_files(viewer, typed=form.cleaned_data["words"], matrix=matrix, at=at)
    note_search(
        viewer=viewer,
        page="cases:search",
        words=form.cleaned_data["words"],
        child_ids=[f.pk for f in found],
        trace=trace_of(request),
    )
    context = {
        "form": form,
        "searched": True,
        "sure": bool(found) and found[0].likeness >= 0.95,  # type: ignore[attr-defined]
        "columns": lists.file_columns(levels=levels, activity=False),
        "rows": lists.file_rows(found, viewer=viewer, matrix=matrix, at=at, levels=levels),
        "emergency_href": reverse("cases:emergency_access") if viewer.may(Capability.BREAK_GLASS) else "",
    }
    return render(request, "cases/search.html", context)
