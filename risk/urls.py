"""The risk pages of a child's file."""

from django.urls import path

from risk import views

app_name = "risk"
urlpatterns = [
    path("cases/<str:reference>/risk/", views.overview, name="overview"),
    path("cases/<str:reference>/risk/assess/", views.assess, name="assess"),
    path("cases/<str:reference>/risk/assess/throw-away/", views.discard, name="discard"),
    path("cases/<str:reference>/risk/<uuid:corrects_id>/correct/throw-away/", views.discard, name="discard_correction"),
    path("cases/<str:reference>/risk/<uuid:assessment_id>/", views.assessment, name="assessment"),
    path("cases/<str:reference>/risk/<uuid:corrects_id>/correct/", views.assess, name="correct"),
    path("cases/<str:reference>/risk/<uuid:assessment_id>/judge/", views.judge, name="judge"),
    path("cases/<str:reference>/risk/levels/<uuid:judgement_id>/approve/", views.approve, name="approve"),
    path("cases/<str:reference>/risk/levels/<uuid:judgement_id>/send-back/", views.send_back, name="send_back"),
]
