"""A page that names a child to somebody has written down that they were shown its file, whatever its view remembers.

Pages of one file are asked in `test_holes.py`, searches that begin empty in `cases.test_lists`; here is every other
page of the registry, each as somebody who is shown a child there.

Seen to fail: `shown_ids` left empty by every page but the home page, the list of files and the search.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from accounts.models import AccessEvent
from panels.models import Meeting
from panels.services.meetings import accept_statement
from tests.access.canaries import text_of
from tests.access.test_holes import NAME_A_CHILD, NAME_NO_CHILD, NOT_YET, decide_one
from tests.access.test_pages import CANARY, CHOICES, Address, Things, addresses_with_and_without_parts, make_things
from tests.conftest import HonestClient
from tests.factories.cases import grant
from tests.factories.emergency import make_emergency
from tests.factories.panels import publish, seat_people
from tests.factories.world import PEOPLE, World

pytestmark = pytest.mark.django_db
OTHERS = [
    address
    for address in addresses_with_and_without_parts()
    if "GET" in address.policy.methods
    and not (address.policy.public or address.policy.reads_file or address.pattern in NOT_YET)
]
# What somebody sent or began themselves, in their own words, whatever file it was joined to.
THE_SENDERS_OWN = {
    "notify/sent/", "notify/sent/<str:reference>/", "notify/sent/<str:reference>/copy/",
    "account/carry-on/<uuid:token>/",
}  # fmt: skip
# Between them somebody who is shown a child by each page that shows any.
READERS = (
    "guardian", "social_care_manager", "coordinator", "triage", "missing_coordinator", "socialworker", "youth_worker",
    "school_nurse", "teacher",
)  # fmt: skip
# What the audit found unwatched, and must stay asked for.
NAMED_THERE = {
    "missing/", "access-requests/", "emergency-access/register/", "conflicts/", "conflicts/<uuid:conflict_id>/",
    "conflicts/possible/<uuid:possible_id>/", "triage/questions/", "triage/questions/<uuid:question_id>/", "panels/",
    "panels/<uuid:meeting_id>/", "panels/<uuid:meeting_id>/items/<uuid:item_id>/", "cases/", "api/v1/files",
}  # fmt: skip


@pytest.fixture
def things(world, viewer, at) -> Things:
    """A file that everybody works with, on the agenda of a panel on which they sit."""
    things = make_things(world, viewer, at)
    decide_one(things, world)
    for person in PEOPLE:
        grant(things.child, world.membership(person.username))
    things.named["access_id"] = make_emergency(things.child, world.membership("socialworker")).pk
    meeting = Meeting.objects.get(pk=things.named["meeting_id"])
    seat_people(meeting.panel, world, ["social_care_manager", "missing_coordinator"], chairs=False)
    publish(meeting, world)
    for name in ("social_care_manager", "missing_coordinator", "coordinator"):
        accept_statement(meeting=meeting, at=at, by=viewer(name))
    return things


def test_every_page_that_names_a_child_writes_whose_file_it_showed(things, world, client_as):
    browsers, named, silent = {name: client_as(name) for name in {*READERS, *NAME_A_CHILD.values()}}, set(), set()
    for address in OTHERS:
        for name in readers_of(address, world):
            told, wrote = shown_by(browsers[name], address, things)
            if told:
                named.add(address.pattern)
                silent |= set() if wrote else {address.pattern}
                break
    assert silent == THE_SENDERS_OWN
    assert NAMED_THERE - named == set()


def readers_of(address: Address, world: World) -> list[str]:
    first = [NAME_A_CHILD[address.pattern]] if address.pattern in NAME_A_CHILD else []
    capability = address.policy.capability
    may = first + [name for name in READERS if capability is None or world.viewer(name).may(capability)]
    return may[:1] if address.pattern in NAME_NO_CHILD else may


def shown_by(browser: HonestClient, address: Address, things: Things) -> tuple[bool, bool]:
    """Whether a page names the child, and whether events of this asking name the file."""
    values: dict[str, Any] = {**things.values(address), **CHOICES} if address.parts else {}
    with transaction.atomic():
        last = AccessEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        answer = browser.get(address.filled(values))
        words = text_of(answer) if answer.status_code == 200 else ""
        new = AccessEvent.objects.filter(pk__gt=last, outcome="allowed")
        files = {pk for row in new for pk in (row.child_id, *row.shown_ids)}
        transaction.set_rollback(True)
    told = any(mark in words for mark in (CANARY, "Ashdown-Canary", things.child.reference))
    return told, things.child.pk in files
