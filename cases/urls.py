"""The worklist, the search, a child's file, the alerts and the calendar."""

from django.urls import path

from cases.views import alerts, calendar, chronology, file, involvement, lists, looking, looks, matrix

app_name = "cases"
urlpatterns: list = [
    path("access/matrix/", matrix.matrix, name="matrix"),
    path("access/matrix/propose/", matrix.propose_matrix, name="propose_matrix"),
    path("access/matrix/proposals/<uuid:proposal_id>/", matrix.matrix_proposal, name="matrix_proposal"),
    path("access/matrix/proposals/<uuid:proposal_id>/add/", matrix.add_matrix_change, name="add_matrix_change"),
    path(
        "access/matrix/proposals/<uuid:proposal_id>/remove/", matrix.remove_matrix_change, name="remove_matrix_change"
    ),
    path("access/matrix/proposals/<uuid:proposal_id>/sign/", matrix.sign_matrix, name="sign_matrix"),
    path("access/matrix/proposals/<uuid:proposal_id>/withdraw/", matrix.withdraw_matrix, name="withdraw_matrix"),
    path("access/looks/", looks.looks, name="looks"),
    path("access/looks/<int:user_id>/", looks.person_looks, name="person_looks"),
    path("access/looks/<int:user_id>/export/", looks.export_looks, name="export_looks"),
    path("access/digests/", looks.look_digests, name="look_digests"),
    path("access/digests/<uuid:digest_id>/", looks.look_digest, name="look_digest"),
    path("access/signals/<uuid:signal_id>/", looks.decide_signal, name="decide_signal"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/<uuid:alert_id>/acknowledge/", alerts.acknowledge_alert, name="acknowledge_alert"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/reopen/", calendar.reopen_day, name="reopen_day"),
    path("cases/", lists.show_worklist, name="worklist"),
    path("cases/search/", lists.search, name="search"),
    path("cases/<str:reference>/", file.show_file, name="file"),
    path("cases/<str:reference>/identity/", file.correct_identity, name="change_identity"),
    path("cases/<str:reference>/safe-contact/", file.change_safe_contact, name="safe_contact"),
    path("cases/<str:reference>/names/add/", file.add_other_name, name="add_alias"),
    path("cases/<str:reference>/numbers/add/", file.add_number, name="add_identifier"),
    path("cases/<str:reference>/record/<slug:kind>/", file.add_period, name="add_period"),
    path("cases/<str:reference>/involvement/", involvement.show_involvement, name="involvement"),
    path("cases/<str:reference>/involvement/add/", involvement.choose_agency, name="choose_agency"),
    path("cases/<str:reference>/involvement/add/<uuid:agency_id>/", involvement.involve, name="involve"),
    path("cases/<str:reference>/involvement/lead/", involvement.change_lead, name="change_lead"),
    path(
        "cases/<str:reference>/involvement/<uuid:involvement_id>/end/",
        involvement.end_involvement,
        name="end_involvement",
    ),
    path("cases/<str:reference>/chronology/", chronology.show_chronology, name="chronology"),
    path("cases/<str:reference>/chronology/add/", chronology.add_entry, name="add_chronology"),
    path("cases/<str:reference>/who-can-see/", looking.show_who_can_see, name="who_can_see"),
    path("cases/<str:reference>/who-looked/", looking.show_who_looked, name="who_looked"),
]
