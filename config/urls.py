"""Every address of the product."""

from django.urls import include, path

from accounts.views import healthz
from cases.views.home import home

urlpatterns = [
    path("", home, name="home"),
    path("healthz", healthz, name="healthz"),
    path("account/", include("accounts.urls")),
    path("", include("cases.urls")),
    path("", include("risk.urls")),
    path("", include("referrals.urls")),
]
