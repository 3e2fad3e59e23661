"""A page that names a child to somebody has written down that they were shown its file, whatever its view remembers.

Pages of one file are asked in `test_holes.py`, searches that begin empty in `cases.test_lists`; here is every other
page of the registry, each as somebody who is shown a child there.

There are three files, and each that is named must be written.

Seen to fail: `shown_ids` left empty by every page but the home page, the list of files and the search; the first alone
of them written, by whatever lists files.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.models import AccessEvent
from accounts.selectors import now
from cases.record.models import Child
from panels.models import Meeting
from panels.services.meetings import accept_statement
from tests.access.canaries import text_of
from tests.access.test_holes import NAME_A_CHILD, NAME_NO_CHILD, NOT_YET, decide_one
from tests.access.test_pages import CANARY, CHOICES, Address, Things, addresses_with_and_without_parts, make_things
from tests.conftest import HonestClient
from tests.factories.accounts import make_viewer
from tests.factories.cases import grant, make_child, make_lead
from tests.factories.conflicts import make_conflict, make_possible
from tests.factories.emergency import make_emergency
from tests.factories.missing import make_episode
from tests.factories.panels import make_action, make_item, publish, seat_people
from tests.factories.referrals import make_decision, make_match_question, make_notification
from tests.factories.shares import make_request, make_share
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
# Lines of work on the home page say a reference and no more, so that nobody is shown a child in passing.
BY_REFERENCE_ALONE = {""}
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
# Lists of files, on which all three stand: one that writes the first of them alone fails.
SEVERAL_THERE = {
    "", "missing/", "access-requests/", "emergency-access/register/", "conflicts/", "triage/questions/", "triage/",
    "triage/decided/", "panels/", "panels/<uuid:meeting_id>/", "cases/", "api/v1/files", "shared-with-us/",
}  # fmt: skip


HOUR = timedelta(hours=1)
MORE = ("Ottoline", "Perpetua")


@dataclass(frozen=True)
class Files:
    """What addresses name, all of it about the first of several children, and each child by the name it is told by."""

    things: Things
    children: dict[str, Child]

    def told(self, words: str, *, by_reference: bool) -> set[str]:
        """The children whom a page tells of: by their names, or by their references too."""
        return {
            name
            for name, child in self.children.items()
            if name in words or (by_reference and child.reference in words)
        }


@pytest.fixture
def files(world, viewer, at) -> Files:
    """Three files that everybody works with, on the agenda of a panel on which they sit, and on each list of others."""
    things = make_things(world, viewer, at)
    decide_one(things, world)
    children = {CANARY: things.child, **{name: one_more(name, things, world) for name in MORE}}
    for child in children.values():
        for person in PEOPLE:
            grant(child, world.membership(person.username))
        make_episode(child, viewer("socialworker"), last_seen_at=at - HOUR)
    things.named["access_id"] = make_emergency(things.child, world.membership("socialworker")).pk
    meeting = Meeting.objects.get(pk=things.named["meeting_id"])
    seat_people(meeting.panel, world, ["social_care_manager", "missing_coordinator"], chairs=False)
    publish(meeting, world)
    for name in ("social_care_manager", "missing_coordinator", "coordinator"):
        accept_statement(meeting=meeting, at=at, by=viewer(name))
    return Files(things, children)


def one_more(name: str, things: Things, world: World) -> Child:
    """Another file, which stands on each list on which the first stands."""
    child, worker = make_child(name, "Ashdown-Canary"), world.viewer("socialworker")
    told = make_notification(world.viewer("teacher"), given_name=name, child=child)
    make_match_question(told, child)
    decided = make_notification(world.viewer("teacher"), given_name=name, child=child, status="decided")
    make_decision(decided, world.viewer("triage"))
    meeting = Meeting.objects.get(pk=things.named["meeting_id"])
    make_action(make_item(meeting, child, world.viewer("coordinator")), world.membership("socialworker"), worker)
    make_lead(child, world.membership("socialworker"), at=now(), by=worker)
    make_emergency(child, world.membership("missing_coordinator"))
    make_conflict(child, make_viewer(), by=world.viewer("guardian"))
    make_possible(child, world.viewer("camhs"))
    make_request(child, world.membership("school_nurse"))
    make_share(child, world.agency("youth_service"), world.membership("socialworker"), granted=False)
    return child


def test_every_page_that_names_children_writes_whose_files_it_showed(files, world, client_as):
    browsers, named = {name: client_as(name) for name in {*READERS, *NAME_A_CHILD.values()}}, {}
    unwritten: dict[str, set[str]] = {}
    for address in OTHERS:
        for name in readers_of(address, world):
            told, wrote = shown_by(browsers[name], address, files)
            if told:
                named[address.pattern] = told
                if not told <= wrote:
                    unwritten[address.pattern] = told - wrote
                break
    assert unwritten.keys() == THE_SENDERS_OWN, unwritten
    assert NAMED_THERE - named.keys() == set()
    assert {pattern for pattern, told in named.items() if told == files.children.keys()} >= SEVERAL_THERE


def readers_of(address: Address, world: World) -> list[str]:
    first = [NAME_A_CHILD[address.pattern]] if address.pattern in NAME_A_CHILD else []
    capability = address.policy.capability
    may = first + [name for name in READERS if capability is None or world.viewer(name).may(capability)]
    return may[:1] if address.pattern in NAME_NO_CHILD else may


def shown_by(browser: HonestClient, address: Address, files: Files) -> tuple[set[str], set[str]]:
    """Which children a page names, and of which the events of this asking name the file."""
    values: dict[str, Any] = {**files.things.values(address), **CHOICES} if address.parts else {}
    with transaction.atomic():
        last = AccessEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        answer = browser.get(address.filled(values))
        words = text_of(answer) if answer.status_code == 200 else ""
        new = AccessEvent.objects.filter(pk__gt=last, outcome="allowed")
        shown = {pk for row in new for pk in (row.child_id, *row.shown_ids)}
        transaction.set_rollback(True)
    told = files.told(words, by_reference=address.pattern not in BY_REFERENCE_ALONE)
    if "Ashdown-Canary" in words and not told:
        told = {CANARY}
    return told, {name for name, child in files.children.items() if child.pk in shown}
