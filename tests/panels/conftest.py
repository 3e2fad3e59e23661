"""A panel with its members, and children whom social care works with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cases.record.models import Child
from panels.models import Meeting, Panel
from tests.factories.cases import grant, make_child, make_spell
from tests.factories.panels import make_meeting, make_panel, seat_people


@pytest.fixture
def panel(world) -> Panel:
    """The Operational Panel with its members, the chair's seat among them."""
    made = make_panel()
    seat_people(made, world)
    return made


@pytest.fixture
def meeting(panel) -> Meeting:
    """A planned meeting in a week, with nothing on it."""
    return make_meeting(panel)


@pytest.fixture
def child_of(world, viewer) -> Callable[..., Child]:
    """`child_of("Robin")`: an open file that social care and the panel's office see, as triage leaves it."""

    def made(given_name: str = "Robin", family_name: str = "Ashdown", **fields: Any) -> Child:
        child = make_child(given_name, family_name, **fields)
        make_spell(child, viewer("socialworker"))
        grant(child, world.agency("social_care"))
        grant(child, world.functions["panel_office"].group, reason="function")
        return child

    return made
