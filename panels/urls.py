"""The pages of panels, and the panel's pages on a child's file."""

from django.urls import path

from panels.views import files, items, meetings, seats

app_name = "panels"
urlpatterns = [
    path("panels/", meetings.meetings, name="meetings"),
    path("panels/plan/", meetings.plan, name="plan"),
    path("panels/seats/", seats.seats, name="seats"),
    path("panels/seats/add/", seats.add_seat, name="add_seat"),
    path("panels/seats/<uuid:seat_id>/deputy/", seats.add_deputy, name="add_deputy"),
    path("panels/seats/<uuid:seat_id>/end/", seats.end_seat, name="end_seat"),
    path("panels/deputies/<uuid:deputy_id>/end/", seats.end_deputy, name="end_deputy"),
    path("panels/<uuid:meeting_id>/", meetings.meeting, name="meeting"),
    path("panels/<uuid:meeting_id>/accept/", meetings.accept, name="accept"),
    path("panels/<uuid:meeting_id>/move/", meetings.move, name="move"),
    path("panels/<uuid:meeting_id>/refresh/", meetings.refresh, name="refresh"),
    path("panels/<uuid:meeting_id>/publish/", meetings.publish, name="publish"),
    path("panels/<uuid:meeting_id>/open/", meetings.open_, name="open"),
    path("panels/<uuid:meeting_id>/attendance/", meetings.attendance, name="attendance"),
    path("panels/<uuid:meeting_id>/close/", meetings.close, name="close"),
    path("panels/<uuid:meeting_id>/minutes/", meetings.minutes, name="minutes"),
    path("panels/<uuid:meeting_id>/items/<uuid:item_id>/", items.item, name="item"),
    path("panels/<uuid:meeting_id>/items/<uuid:item_id>/prepare/", items.prepare, name="prepare"),
    path("panels/<uuid:meeting_id>/items/<uuid:item_id>/take-off/", items.take_off_item, name="take_off"),
    path("cases/<str:reference>/panel/", files.panel_of_file, name="file"),
    path("cases/<str:reference>/panel/list/", files.list_for_panel, name="list_child"),
    path("cases/<str:reference>/panel/actions/<uuid:action_id>/", files.action, name="action"),
    path("cases/<str:reference>/panel/actions/<uuid:action_id>/verify/", files.verify, name="verify"),
    path("cases/<str:reference>/panel/minutes/<uuid:item_id>/", files.child_minutes, name="child_minutes"),
]
