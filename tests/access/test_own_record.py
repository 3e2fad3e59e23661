"""An address with several ids: what it names must belong to what it names before it, whoever may see both.

Every address of the registry is asked, whatever it begins with, with another record of the asker's own in place of each
id in turn before the last; those behind it stay. What is answered must be, byte for byte, what is answered for ids that
never were. Each is asked by somebody to whom the same ids under their own record are a page or a step.

Seen to fail: an item of an agenda found whatever its meeting; an interview found by its id alone; somebody named on one
file taken off another; who must not know an address found under another address of the same file.
"""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest

from accounts.selectors import now
from cases.access.choices import GrantReason
from cases.record.models import AddressReader, Child
from cases.sharing.models import Restriction
from panels.choices import MeetingState
from panels.models import Meeting
from panels.services.meetings import accept_statement, open_meeting
from tests.access.test_pages import ADDRESSES, CHOICES, Address, Things, ask, make_things, plain
from tests.conftest import HonestClient
from tests.factories.cases import grant, make_child, make_protected
from tests.factories.panels import make_item, make_meeting, publish, seat_people
from tests.factories.world import PEOPLE, World

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db
# The agency that is brought to a file is no record of the file.
OF_NOTHING = {"cases/<str:reference>/involvement/add/<uuid:agency_id>/"}
SEVERAL = [
    address
    for address in ADDRESSES
    if len([part for part in address.parts if part not in CHOICES]) > 1 and address.pattern not in OF_NOTHING
]
# Who is asked, in turn, until somebody is found to whom the page is open: between them every job on a file.
ASKERS = ("coordinator", "social_care_manager", "missing_coordinator", "manager", "guardian", "keyworker")
# What is recorded while a meeting is open, and what is read once it has closed.
AT_THE_MEETING = ("POST", "panels/<uuid:meeting_id>/items/<uuid:item_id>/")
AFTER_IT = ("GET", "cases/<str:reference>/panel/minutes/<uuid:item_id>/")
STAGES = {AT_THE_MEETING: 1, AFTER_IT: 2}
OPEN = {200, 302, 400, 409, 422}


def ids_of(address: Address) -> list[str]:
    return [part for part in address.parts if part not in CHOICES]


@pytest.fixture
def things(world, viewer, at) -> Things:
    """One of each thing, on a file and an agenda that all who are asked may see."""
    things = make_things(world, viewer, at)
    open_to_all(things.child, world)
    things.named["named_id"] = world.membership("nurse").pk
    restrict_in_words(things.child, world, named=("guardian", "nurse"))
    meeting = Meeting.objects.get(pk=things.named["meeting_id"])
    seat_people(meeting.panel, world, [name for name in ASKERS if name != "coordinator"], chairs=False)
    bring_out(meeting, world)
    for name in ASKERS:
        AddressReader.objects.create(address_id=things.named["address_id"], membership=world.membership(name))
    return things


def open_to_all(child: Child, world: World) -> None:
    for person in PEOPLE:
        if person.username != "outsider":
            grant(child, world.membership(person.username))


def restrict_in_words(child: Child, world: World, *, named: tuple[str, ...]) -> None:
    """A restriction with its named people, while the file stays open to the others who are asked."""
    guardian = world.membership("guardian")
    placed = {"kind": "other", "reason": "x", "review_on": now().date(), "placed_at": now()}
    Restriction.objects.create(child=child, keeper=guardian, placed_by=guardian.user, **placed)
    for name in named:
        grant(child, world.membership(name), reason=GrantReason.NAMED)


def bring_out(meeting: Meeting, world: World) -> None:
    publish(meeting, world)
    for name in ASKERS:
        accept_statement(meeting=meeting, at=now(), by=world.viewer(name))


def others(things: Things, world: World) -> dict[str, Any]:
    """Another record for each id that stands before one: the same people see it, and none of the things is of it."""
    child = make_child("Rowan", "Elsewhere")
    open_to_all(child, world)
    restrict_in_words(child, world, named=("guardian",))
    meeting = make_meeting(Meeting.objects.get(pk=things.named["meeting_id"]).panel, starts_at=now() + 8 * DAY)
    make_item(meeting, child, world.viewer("coordinator"))
    bring_out(meeting, world)
    readers = tuple(world.membership(name) for name in ASKERS)
    address = make_protected(things.child, world.viewer("keyworker"), readers=readers)
    return {"reference": child.reference, "meeting_id": meeting.pk, "address_id": address.pk}


def test_what_is_of_another_record_was_never_there(things, world, client_as):
    another = others(things, world)
    browsers, viewers = {name: client_as(name) for name in ASKERS}, {name: world.viewer(name) for name in ASKERS}
    asked = [(method, address) for address in SEVERAL for method in address.policy.methods]
    asked.sort(key=lambda one: STAGES.get((one[0], one[1].pattern), 0))
    unbuilt, wrong, tried = [], [], 0
    for method, address in asked:
        ids, own = ids_of(address), things.values(address)
        assert set(ids[:-1]) <= another.keys(), f"Say in `others` what stands before {ids[-1]} in {address.pattern}"
        meeting = Meeting.objects.filter(pk=own["meeting_id"])
        if (method, address.pattern) == AT_THE_MEETING:
            open_meeting(meeting=meeting.get(), at=now(), by=world.viewer("chair"))
        if (method, address.pattern) == AFTER_IT:
            meeting.update(state=MeetingState.CLOSED, closed_at=now(), closed_by=world.membership("chair"))
        may = [browsers[name] for name in ASKERS if viewers[name].may(address.policy.capability)]
        browser = next((one for one in may if answered(one, method, address, own).status_code in OPEN), None)
        if browser is None:
            unbuilt.append((method, address.pattern))
            continue
        for place, part in enumerate(ids[:-1], start=1):
            here = {**own, part: another[part]}
            never = {**here, **{behind: Things.never(address)[behind] for behind in ids[place:]}}
            there, nowhere = (plain(answered(browser, method, address, values)) for values in (here, never))
            wrong += [(method, address.pattern, part)] if there != nowhere else []
            tried += 1
    assert unbuilt == [], "Make what these name so that somebody may open them, or nothing was tried there"
    assert wrong == []
    assert tried > 70


def answered(browser: HonestClient, method: str, address: Address, values: dict[str, Any]) -> Any:
    """The answer, and nothing kept in the browser of it: a message would stand on the next page."""
    before = copy.deepcopy(browser.cookies)
    answer = ask(browser, method, address.filled(values))
    browser.cookies = before
    return answer


def test_the_panel_and_the_addresses_of_one_file_are_among_them():
    """What the registry must not lose: two ids outside a file, and three ids."""
    assert {address.pattern.split("/")[0] for address in SEVERAL} >= {"cases", "panels"}
    assert [address.pattern for address in SEVERAL if len(ids_of(address)) > 2] == [
        "cases/<str:reference>/addresses/<uuid:address_id>/keep-from/<uuid:kept_id>/"
    ]
