"""Who is missing now, and which return interviews wait."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.middleware.policy import policy
from accounts.rules.roles import Capability
from accounts.services.access_events import trace_of
from cases.access.selectors import matrix_now
from cases.clocks.choices import ClockKind
from cases.clocks.selectors import clocks_by_subject
from cases.record.services import note_files_shown
from cases.views.loading import viewer_of
from missing.forms.episodes import NowFilterForm
from missing.presenters import lists
from missing.selectors import episodes, interviews


@policy(capability=Capability.READ_FILES, name="missing:now")
def now_missing(request: HttpRequest) -> HttpResponse:
    """The children who are away, gravest and longest first; below them the interviews that wait, late first."""
    viewer = viewer_of(request)
    matrix, at = matrix_now()
    grades, holds = episodes.sees_grades(viewer, matrix), interviews.sees_interviews(viewer, matrix)
    form = NowFilterForm(request.GET or None, sees_grades=grades, sees_interviews=holds)
    said = form.cleaned_data if form.is_bound and form.is_valid() else {}
    wanted = episodes.EpisodeFilter(tuple(said.get("kind", ())), tuple(said.get("grade", ())))
    away = episodes.missing_now(viewer, at=at, matrix=matrix, wanted=wanted)
    only = said.get("interviews", "")
    waiting = interviews.waiting_interviews(
        viewer,
        at=at,
        matrix=matrix,
        mine=only == "mine",
        unallocated=only == "unallocated",
        late=only == "late",
    )
    clocks = clocks_by_subject(ClockKind.INTERVIEW_HELD, [row.pk for row in waiting])
    shown = {row.child_id for row in [*away, *waiting]}
    note_files_shown(viewer=viewer, page="missing:now", child_ids=shown, trace=trace_of(request))
    context = {
        "form": form,
        "narrowed": any(said.values()),
        "may_report": viewer.may(Capability.REPORT_MISSING),
        "columns": lists.episode_columns(grades=grades),
        "rows": lists.now_rows(away[: lists.AT_MOST], viewer=viewer, matrix=matrix, at=at, grades=grades),
        "more": len(away) > lists.AT_MOST,
        "lead": lists.away_words(away, grades=grades),
        "sees_interviews": holds,
        "interview_columns": lists.INTERVIEW_COLUMNS,
        "interview_rows": lists.interview_rows(waiting, viewer=viewer, matrix=matrix, clocks=clocks, at=at),
        "interview_lead": lists.late_words(waiting, clocks, at),
    }
    return render(request, "missing/now.html", context, status=422 if form.errors else 200)
