"""The reports to the board."""

from django.urls import path

from reporting import views

app_name = "reporting"
urlpatterns = [
    path("reports/", views.runs, name="runs"),
    path("reports/measures/", views.measures, name="measures"),
    path("reports/<uuid:run_id>/", views.run, name="run"),
    path("reports/<uuid:run_id>/cancel/", views.cancel, name="cancel"),
    path("reports/<uuid:run_id>/retry/", views.retry, name="retry"),
    path("reports/<uuid:run_id>/pdf/", views.pdf, name="pdf"),
    path(
        "reports/<uuid:run_id>/files/<str:measure>/<str:window>/<str:code>/",
        views.files_behind_a_figure,
        name="files_behind_a_figure",
    ),
]
