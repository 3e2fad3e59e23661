"""Every address of the product."""

from django.db.transaction import non_atomic_requests
from django.urls import include, path

from accounts.api.schema import show_schema
from accounts.views import healthz
from cases.api.files import list_files, read_file
from cases.views.health import healthz_alerts
from cases.views.home import home
from missing.api.reports import report_missing, report_return

# What systems call; each operation is declared in the registry, as each page is.
interface = [
    path("schema/", show_schema, name="schema"),
    path("v1/files", list_files, name="files"),
    path("v1/files/<str:reference>", read_file, name="file"),
    path("v1/missing-episodes", report_missing, name="report_missing"),
    path("v1/missing-episodes/<uuid:episode_id>/return", report_return, name="report_return"),
]
handler400 = "accounts.views.bad_request_page"
handler404 = "accounts.views.not_found_page"
handler500 = "accounts.views.server_error_page"

urlpatterns = [
    path("", home, name="home"),
    # Outside any transaction, which a database that is down could not begin.
    path("healthz", non_atomic_requests(healthz), name="healthz"),
    path("healthz/alerts", non_atomic_requests(healthz_alerts), name="healthz_alerts"),
    path("api/", include((interface, "api"))),
    path("account/", include("accounts.urls")),
    path("", include("cases.urls")),
    path("", include("risk.urls")),
    path("", include("missing.urls")),
    path("", include("referrals.urls")),
    path("", include("reporting.urls")),
    path("", include("panels.urls")),
]
