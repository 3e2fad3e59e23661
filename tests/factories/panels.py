"""Panels, meetings and what is decided at them, the smallest valid row of each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from accounts.choices import FunctionKey
from accounts.models import FunctionGroup
from accounts.rules.viewers import Viewer
from accounts.selectors import now, viewer_of
from cases.access.choices import Category
from cases.record.models import Child
from panels.choices import AttendanceStatus, DecisionCode
from panels.models import Action, AgendaItem, Meeting, Panel, PanelDecision, PanelSeat
from panels.services import meetings as services
from panels.services.actions import NewAction
from panels.services.agenda import open_to_members
from panels.services.deciding import Said, record_decision
from panels.services.seats import give_seat
from tests.factories.cases import provenance
from tests.factories.world import World

# The chair first; each of these people sits for their agency.
SITTING = ("chair", "coordinator", "socialworker", "detective", "camhs", "manager", "housing", "missing_coordinator")


def make_panel(name: str = "Operational Panel", **fields: Any) -> Panel:
    """A panel on which nobody sits."""
    function = FunctionGroup.objects.get(key=FunctionKey.OPERATIONAL_PANEL)
    return Panel.objects.create(**{"name": name, "function": function, "started_on": date(2026, 1, 5), **fields})


def seat_people(
    panel: Panel, world: World, people: Iterable[str] = SITTING, *, at: datetime | None = None, chairs: bool = True
) -> dict[str, PanelSeat]:
    """Seats for people of the world by name; the first chairs, unless told that nobody of them does."""
    at = at or now()
    by = world.viewer("coordinator")
    return {
        name: give_seat(
            panel=panel, member=world.membership(name), service=name, chairs=chairs and not number, at=at, by=by
        )
        for number, name in enumerate(people)
    }


def make_meeting(panel: Panel, *, starts_at: datetime | None = None, **fields: Any) -> Meeting:
    """A planned meeting in a week, with nothing on its agenda."""
    starts_at = starts_at or now() + timedelta(days=7)
    return Meeting.objects.create(**{"panel": panel, "starts_at": starts_at, "place": "Room 1", **fields})


def make_item(meeting: Meeting, child: Child, by: Viewer, **fields: Any) -> AgendaItem:
    """A child on an agenda, without the access that a published agenda brings."""
    reason = {"code": "review_due", "category": "minutes", "words": "Monthly review due", "facts": {}}
    return AgendaItem.objects.create(
        **{
            "meeting": meeting,
            "child": child,
            "position": meeting.items.count() + 1,
            "reasons": [reason],
            **provenance(by, Category.MINUTES),
            **fields,
        }
    )


def publish(meeting: Meeting, world: World, *, at: datetime | None = None) -> Meeting:
    """The agenda as it stands is out, with the access of members; the rule is not run."""
    at = at or now()
    meeting.state, meeting.published_at, meeting.published_by = "published", at, world.membership("coordinator")
    meeting.save(update_fields=["state", "published_at", "published_by"])
    meeting = Meeting.objects.select_related("panel__function__group").get(pk=meeting.pk)
    for item in meeting.items.all():
        open_to_members(item=item, meeting=meeting, at=at, by=world.viewer("coordinator"))
    return meeting


def open_quorate(meeting: Meeting, world: World, *, at: datetime | None = None) -> Meeting:
    """The meeting is open, everybody who sits on it is there and has accepted the statement."""
    at = at or now()
    services.open_meeting(meeting=meeting, at=at, by=world.viewer("chair"))
    came = [
        services.Came(seat.pk, AttendanceStatus.PRESENT, seat.member_id, accepted=True)
        for seat in PanelSeat.objects.filter(panel=meeting.panel, ended_on=None)
    ]
    services.take_attendance(meeting=meeting, came=came, at=at, by=world.viewer("chair"))
    meeting.refresh_from_db()
    return meeting


def accept_all(meeting: Meeting, *, at: datetime | None = None) -> None:
    """Everybody who sits on the panel has accepted the statement."""
    for seat in PanelSeat.objects.filter(panel=meeting.panel).select_related("member__agency", "member__user"):
        services.accept_statement(meeting=meeting, at=at or now(), by=viewer_of(seat.member))


def decide(
    item: AgendaItem,
    by: Viewer,
    *,
    at: datetime | None = None,
    code: str = DecisionCode.CONTINUE,
    rationale: str = "The plan is working and goes on.",
    actions: Iterable[NewAction] = (),
    **fields: Any,
) -> PanelDecision:
    """A decision at an open meeting."""
    at = at or now()
    said = Said(
        code=code,
        rationale=rationale,
        level_after=fields.pop("level_after", item.child.level),
        next_review_on=fields.pop("next_review_on", (at + timedelta(days=28)).date()),
        **fields,
    )
    item.refresh_from_db()
    return record_decision(item=item, said=said, actions=actions, version=item.version, at=at, by=by)


def make_action(item: AgendaItem, owner: Any, by: Viewer, **fields: Any) -> Action:
    """A running action as a bare row, without clock or access."""
    return Action.objects.create(
        **{
            "item": item,
            "child": item.child,
            "text": "Ring the school",
            "owner_membership": owner,
            "owner_agency": owner.agency,
            "due_on": (now() + timedelta(days=7)).date(),
            **provenance(by, Category.MINUTES),
            **fields,
        }
    )
