"""Home and the child's file."""

from django.urls import path

from cases.views import alerts

app_name = "cases"
urlpatterns: list = [
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/<uuid:alert_id>/acknowledge/", alerts.acknowledge_alert, name="acknowledge_alert"),
]
