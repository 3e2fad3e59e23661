"""Home and the child's file."""

from django.urls import path

app_name = "cases"
urlpatterns: list = []
