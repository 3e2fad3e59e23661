"""Who is missing, reporting a child, and the episodes and interviews on a child's file."""

from django.urls import path

from missing.views import episodes, interviews, lists, reports

app_name = "missing"
EPISODE = "cases/<str:reference>/missing/<uuid:episode_id>/"
INTERVIEW = "cases/<str:reference>/interviews/<uuid:interview_id>/"
urlpatterns = [
    path("missing/", lists.now_missing, name="now"),
    path("missing/report/", reports.report_child, name="report"),
    path("missing/report/<str:report>/", reports.report_made, name="report_made"),
    path("cases/<str:reference>/missing/", episodes.overview, name="overview"),
    path("cases/<str:reference>/missing/report/", reports.report_on_file, name="report_on_file"),
    path(EPISODE, episodes.episode, name="episode"),
    path(f"{EPISODE}add/", episodes.add_sighting, name="add"),
    path(f"{EPISODE}grade/", episodes.grade, name="grade"),
    path(f"{EPISODE}kind/", episodes.change_kind, name="kind"),
    path(f"{EPISODE}return/", episodes.record_return, name="return"),
    path(f"{EPISODE}correct/", episodes.correct, name="correct"),
    path(f"{EPISODE}check/", episodes.check, name="check"),
    path(f"{EPISODE}close/", episodes.close, name="close"),
    path(f"{EPISODE}interview/", episodes.decide_interview, name="decide_interview"),
    path(INTERVIEW, interviews.interview, name="interview"),
    path(f"{INTERVIEW}offer/", interviews.offer, name="offer"),
    path(f"{INTERVIEW}answer/", interviews.answer, name="answer"),
    path(f"{INTERVIEW}attempt/", interviews.attempt, name="attempt"),
    path(f"{INTERVIEW}allocate/", interviews.allocate, name="allocate"),
    path(f"{INTERVIEW}hold/", interviews.hold, name="hold"),
    path(f"{INTERVIEW}write-up/", interviews.write_up, name="write_up"),
    path(f"{INTERVIEW}not-needed/", interviews.not_needed, name="not_needed"),
    path(f"{INTERVIEW}not-reached/", interviews.not_engaged, name="not_engaged"),
    path(f"{INTERVIEW}carer/", interviews.carer, name="carer"),
]
