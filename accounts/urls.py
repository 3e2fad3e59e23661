"""Signing in and out, and the systems that may send."""

from django.urls import path

from accounts import views
from accounts.views import service_accounts as services

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("acting-as/", views.switch_membership, name="switch_membership"),
    path("carry-on/<uuid:token>/", views.carry_on, name="carry_on"),
    path("service-accounts/", services.service_accounts, name="service_accounts"),
    path("service-accounts/add/", services.add_account, name="add_service_account"),
    path("service-accounts/<uuid:membership_id>/token/", services.another_token, name="give_token"),
    path("service-accounts/tokens/<uuid:token_id>/", services.service_token, name="service_token"),
    path("service-accounts/tokens/<uuid:token_id>/revoke/", services.end_token, name="revoke_token"),
]
