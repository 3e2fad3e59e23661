"""Referring a child, what became of it, and triage."""

from django.urls import path

from referrals.views import notify, notify_sent, triage, triage_questions

app_name = "referrals"
urlpatterns = [
    path("notify/", notify.notify_start, name="notify_start"),
    path("notify/sent/", notify_sent.sent, name="sent"),
    path("notify/sent/<str:reference>/", notify_sent.sent_detail, name="sent_detail"),
    path("notify/sent/<str:reference>/received/", notify_sent.sent_acknowledgement, name="sent_acknowledgement"),
    path("notify/sent/<str:reference>/copy/", notify_sent.sent_copy, name="sent_copy"),
    path("notify/sent/<str:reference>/matrix/", notify_sent.sent_matrix, name="sent_matrix"),
    path("notify/<uuid:draft_id>/check/", notify.notify_check, name="notify_check"),
    path("notify/<uuid:draft_id>/throw-away/", notify.notify_discard, name="notify_discard"),
    path("notify/<uuid:draft_id>/<slug:step>/", notify.notify_step, name="notify_step"),
    path("triage/", triage.triage_queue, name="triage_queue"),
    path("triage/decided/", triage.triage_decided, name="triage_decided"),
    path("triage/questions/", triage_questions.triage_questions, name="triage_questions"),
    path("triage/questions/<uuid:question_id>/", triage_questions.triage_question, name="triage_question"),
    path("triage/<str:reference>/", triage.triage_detail, name="triage_detail"),
]
