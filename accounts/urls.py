"""Signing in and out."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("acting-as/", views.switch_membership, name="switch_membership"),
    path("carry-on/<uuid:token>/", views.carry_on, name="carry_on"),
]
