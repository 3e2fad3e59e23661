"""The reports: the list and the form, one report, its document, and the files behind a figure."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.forms import WriteForm
from accounts.middleware.policy import policy
from accounts.rules.refusals import NotKnown, Refusal
from accounts.rules.roles import Capability
from accounts.rules.text import page_hrefs, page_number
from accounts.rules.viewers import Viewer
from accounts.selectors import now
from accounts.services.access_events import trace_of
from cases.access.selectors import matrix_now
from cases.presenters import lists
from cases.record.services import note_files_shown
from reporting import selectors, services
from reporting.forms import ReportForm
from reporting.models import ReportRun
from reporting.presenters import pages
from reporting.rules.periods import PeriodRefused
from reporting.selectors.behind import Asked, files_behind, interviews_not_held
from reporting.selectors.interviews import NOT_HELD

REPORT = Capability.REPORT
TOTALS_ALONE = "You work with totals, never with names: no list of children is open to your role."


def _viewer(request: HttpRequest) -> Viewer:
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    return viewer


def _run(run_id: UUID) -> ReportRun:
    found = selectors.run_of(run_id)
    if found is None:
        raise NotKnown("no_report")
    return found


@policy(methods=("GET", "POST"), capability=REPORT)
def runs(request: HttpRequest) -> HttpResponse:
    """The reports that were asked for, newest first, and the form to ask for one."""
    at = now()
    form = ReportForm(request.POST or None, at=at)
    if request.method == "POST" and form.is_valid():
        try:
            asked = services.request_report(period=form.wanted(), at=at, by=_viewer(request))
        except PeriodRefused as refusal:
            form.refuse(refusal)
        else:
            return redirect("reporting:run", asked.pk)
    context = {"form": form, "columns": pages.RUN_COLUMNS, "rows": pages.run_rows(selectors.runs())}
    return render(request, "reporting/runs.html", context, status=422 if form.errors else 200)


@policy(capability=REPORT)
def measures(request: HttpRequest) -> HttpResponse:
    """What each measure counts, for somebody who sits on a board."""
    return render(request, "reporting/measures.html", {"measures": pages.measure_cards(selectors.all_versions())})


@policy(capability=REPORT)
def run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One report: how far it is, or what it says."""
    found = _run(run_id)
    context = {
        "run": pages.run_heading(found),
        "progress": pages.progress_of(found),
        "report": pages.ready_report(found, _viewer(request)),
        "press": WriteForm(auto_id=False),
    }
    return render(request, "reporting/run.html", context)


@policy(methods=("POST",), capability=REPORT)
def cancel(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Stop a report that waits or is being made."""
    services.cancel_report(run_id=_run(run_id).pk, at=now(), by=_viewer(request))
    messages.success(request, "The report is cancelled. You can have it made after all, below.")
    return redirect("reporting:run", run_id)


@policy(methods=("POST",), capability=REPORT)
def retry(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Have a report that failed or was cancelled made after all."""
    services.retry_report(run_id=_run(run_id).pk, by=_viewer(request))
    messages.success(request, "The report waits for its turn.")
    return redirect("reporting:run", run_id)


@policy(capability=REPORT)
def pdf(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The document of a report that is ready."""
    document = selectors.document_of(run_id)
    if document is None:
        raise NotKnown("no_report")
    response = HttpResponse(bytes(document.pdf), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="board-report-{run_id}.pdf"'
    return response


@policy(capability=REPORT)
def files_behind_a_figure(request: HttpRequest, run_id: UUID, measure: str, window: str, code: str) -> HttpResponse:
    """The files behind a number that I may open, and no word of the others."""
    viewer = _viewer(request)
    if not viewer.may(Capability.READ_FILES):
        raise Refusal(TOTALS_ALONE, code="role_lacks")
    found = _run(run_id)
    asked = pages.figure_asked_for(found, measure, window, code)
    if asked is None or found.as_at is None:
        raise NotKnown("no_figure")
    matrix, at = matrix_now()
    counted_by = selectors.measure_of(measure, asked["version"])
    page = page_number(request.GET.get("page", "1"))
    number = Asked(asked["period"], found.as_at, code)
    behind = files_behind(counted_by, number, viewer=viewer, matrix=matrix, at=at, page=page)
    note_files_shown(
        viewer=viewer,
        page="reporting:files_behind_a_figure",
        child_ids=[child.pk for child in behind.files],
        trace=trace_of(request),
    )
    levels = lists.sees_levels(viewer, matrix)
    columns = lists.file_columns(levels=levels, activity=False)
    rows = lists.file_rows(behind.files, viewer=viewer, matrix=matrix, at=at, levels=levels)
    if code == NOT_HELD:
        returns = interviews_not_held(counted_by, number, [child.pk for child in behind.files])
        columns.append({"text": "Why not held"})
        for row, cell in zip(
            rows, pages.why_not_held(behind.files, returns, viewer=viewer, matrix=matrix), strict=True
        ):
            row.append(cell)
    context = {
        "run": pages.run_heading(found),
        "asked": asked,
        "lead": pages.behind_words(asked, behind),
        **page_hrefs(behind.number, has_more=behind.has_more, path=request.path),
        "columns": columns,
        "rows": rows,
    }
    return render(request, "reporting/files_behind.html", context)
