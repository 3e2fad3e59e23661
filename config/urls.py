"""Every address of the product."""

from django.db.transaction import non_atomic_requests
from django.urls import include, path

from accounts.views import healthz
from cases.views.home import home

urlpatterns = [
    path("", home, name="home"),
    # Outside any transaction, which a database that is down could not begin.
    path("healthz", non_atomic_requests(healthz), name="healthz"),
    path("account/", include("accounts.urls")),
    path("", include("cases.urls")),
    path("", include("risk.urls")),
    path("", include("missing.urls")),
    path("", include("referrals.urls")),
    path("", include("reporting.urls")),
    path("", include("panels.urls")),
]
