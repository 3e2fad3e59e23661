"""Who sits on a panel serves in its function, for as long as they sit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import FunctionMember
from panels.models import PanelSeat
from panels.rules import PanelRefused
from panels.services import seats as services
from tests.factories.panels import make_panel

pytestmark = pytest.mark.django_db


def serving(panel) -> set:
    rows = FunctionMember.objects.filter(function=panel.function, ended_on=None)
    return {row.membership.user.username for row in rows}


def test_members_and_deputies_serve_while_they_sit(world, viewer, at):
    panel, by = make_panel(), viewer("coordinator")
    seat = services.give_seat(panel=panel, member=world.membership("camhs"), at=at, by=by)
    deputy = services.add_deputy(seat=seat, membership=world.membership("nurse"), at=at, by=by)
    assert serving(panel) == {"camhs", "nurse"}
    assert "operational_panel" in viewer("camhs").functions
    services.end_deputy(deputy=deputy, at=at, by=by)
    services.end_deputy(deputy=deputy, at=at, by=by)
    assert serving(panel) == {"camhs"}
    services.end_seat(seat=seat, at=at, by=by)
    assert serving(panel) == set()
    assert "operational_panel" not in viewer("camhs").functions
    services.give_seat(panel=panel, member=world.membership("camhs"), at=at + timedelta(days=1), by=by)
    assert serving(panel) == {"camhs"}


def test_a_seat_that_cannot_be_given_says_why(world, viewer, at):
    panel, by = make_panel(), viewer("coordinator")
    services.give_seat(panel=panel, member=world.membership("chair"), chairs=True, at=at, by=by)
    for person, fields, words in (
        ("teacher", {}, "opens no children's files"),
        ("chair", {"service": "Again"}, "sits on the panel already"),
        ("coordinator", {}, "has a seat already"),
        ("detective", {"chairs": True}, "has a chair already"),
    ):
        with pytest.raises(PanelRefused, match=words):
            services.give_seat(panel=panel, member=world.membership(person), at=at, by=by, **fields)
    assert PanelSeat.objects.count() == 1


def test_the_office_changes_seats_on_the_page(world, viewer, client_as):
    import re

    panel = make_panel()
    office = client_as("coordinator")
    page = office.get("/panels/seats/add/").content.decode()
    key = re.search(r'name="idempotency_key" value="([^"]+)"', page)[1]
    data = {"idempotency_key": key, "member": str(world.membership("housing").pk), "service": ""}
    assert office.post("/panels/seats/add/", data).status_code == 302
    assert office.post("/panels/seats/add/", data).status_code == 302
    assert serving(panel) == {"housing"}
    assert "Hetty Broadbent" in office.get("/panels/seats/").content.decode()
    assert client_as("housing").get("/panels/seats/").status_code == 403
