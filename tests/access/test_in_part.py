"""A share that opens one kind of information opens that one on every page and in every list, and nothing of another.

In the states of the oracle every ordinary grant opens all categories, so a page that asks for the file and forgets the
category is never met there. Here the grant opens one. Every page is asked for, by the token that stands in each text
(`tests/access/canaries.py`), by the ids of the rows that are not opened, and, on pages that go over many files, by the
words for a level.

`make matrix` asks every page for each pair of somebody and a kind; the suite a share of the pairs, in each of them the
pages that go over many files, and of the others a share.

Seen to fail, in the product as it was: the home page told a manager and the chair the computed and the judged level of
a file of which the plan was shared; it and the list of meetings led the panel's office to actions that it may not read,
and showed their words; the list of requests told the desk that another agency had asked, and what for. By hand: what
was decided about sharing shown to whoever may know of the file.
"""

from __future__ import annotations

import copy
import os
import re
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import models

from accounts.models import Agency
from accounts.rules.viewers import Viewer
from accounts.selectors import now
from cases.access.choices import CATEGORY_BITS, Category, GrantReason
from cases.access.models import Block
from cases.access.services import end_block
from panels.choices import ActionStatus
from panels.models import AgendaItem
from tests.access.canaries import Canary, contents, found_in, leaks_in, planting, text_of
from tests.access.filled import fill
from tests.access.rulebook import Rulebook, shape
from tests.access.test_pages import CHOICES, Address, Things, addresses_with_and_without_parts, ask, make_things
from tests.conftest import HonestClient, in_the_name_of_the_suite
from tests.factories.cases import grant, make_chronology
from tests.factories.missing import make_episode
from tests.factories.panels import make_action
from tests.factories.risk import make_assessment, make_judgement
from tests.factories.world import World, make_world
from tests.masking import masked

pytestmark = pytest.mark.django_db
BOOK = Rulebook.read()
ONE_IN = int(os.environ.get("HARBOUR_IN_PART", "20"))
PEOPLE = (
    "social_care_manager", "chair", "coordinator", "keyworker", "detective", "safeguarding_lead", "nurse", "triage",
    "guardian",
)  # fmt: skip
OPENED = (Category.PLAN, Category.MISSING, Category.IDENTITY)
# Pages about accounts, agreements and the matrix hold no child: `tests/access/test_oracle.py` scans them.
NO_CHILD = ("account/", "access/agreements/", "access/matrix/", "healthz", "api/schema")
PAGES = [
    address
    for address in addresses_with_and_without_parts()
    if "GET" in address.policy.methods and not address.pattern.startswith(NO_CHILD)
]
# Pages that go over many files, with those of one file on which a level stands.
ALWAYS = {
    "", "alerts/", "cases/", "missing/", "panels/", "panels/<uuid:meeting_id>/", "shared-with-us/", "access-requests/",
    "reports/", "api/v1/files", "cases/<str:reference>/", "cases/<str:reference>/risk/", "cases/<str:reference>/panel/",
    "api/v1/files/<str:reference>",
}  # fmt: skip
# What was asked for, and when, stands on the list of the guardians, who answer it on every file they may know of.
TO_ANSWER = {"cases.AccessRequest.asked_at", "cases.AccessRequest.purpose"}
# Who plans a meeting is led to the items that stand on it, whatever they see of what is decided there.
THE_OFFICES = {("panels.AgendaItem", "panels/<uuid:meeting_id>/")}
LEVELS = re.compile(r"\b(high|medium|low|none identified)\b(?! priority)", re.IGNORECASE)
MAIN = re.compile(r"<main.*</main>", re.DOTALL)
# What a filter offers is the same for everybody.
OFFERED = re.compile(r"<(select|label)\b.*?</\1>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class File:
    """A file that everything has been written on, and every token on it."""

    world: World
    things: Things
    planted: list[Canary]


@pytest.fixture(scope="module")
def made(standing) -> File:
    with in_the_name_of_the_suite():
        world = make_world()
        with planting() as planted:
            things = make_things(world, world.viewer, now())
            fill(things.child, world.viewer("socialworker"))
            make_busy(things, world)
        for conflict in Block.objects.filter(child=things.child):
            end_block(block_id=conflict.pk, by=world.viewer("guardian"), at=now())
        return File(world, things, planted)


@pytest.fixture
def file(db, made) -> File:
    return copy.deepcopy(made)


@pytest.fixture
def world(file) -> World:
    return file.world


def make_busy(things: Things, world: World) -> None:
    """What lists of work go over: an episode that runs, an action that is late and one that waits to be verified."""
    worker, owner = world.viewer("socialworker"), world.membership("officer")
    item = AgendaItem.objects.get(pk=things.named["item_id"])
    today = now().date()
    make_action(item, owner, worker, due_on=today - timedelta(days=3))
    make_action(item, owner, worker, status=ActionStatus.DONE, ended_at=now())
    make_episode(things.child, worker, last_seen_at=now() - 2 * HOUR)


def share(file: File, person: str, category: str) -> Viewer:
    """The person's agency has been shared one kind of information, and nothing else reaches them."""
    open_one_kind(file, file.world.membership(person).agency, category)
    return file.world.viewer(person)


def open_one_kind(file: File, agency: Agency, category: str) -> None:
    """One kind of information, for a day."""
    one = {"reason": GrantReason.SHARE, "categories": (category,), "valid_until": now() + 24 * HOUR}
    grant(file.things.child, agency, **one)


def may_be_read(canary: Canary, viewer: Viewer, category: str, file: File, address: Address) -> bool:
    """As the oracle says of a grant that opens everything, if the share opens it, or the viewer wrote it; a register
    without a category is its readers' own work.
    """
    wrote = viewer.user_id in {canary.author_id, *canary.others}
    if canary.field in TO_ANSWER and viewer.role_key == "data_guardian" and address.pattern == "access-requests/":
        return True
    if canary.category not in (category, "") and not wrote:
        return False
    name = BOOK.routes[shape(address.pattern)]
    return canary.may_be_read(BOOK, viewer, file.things.child, "own_agency", name)


def shut_rows(file: File, viewer: Viewer, category: str) -> dict[str, str]:
    """The ids of what a share does not open, each with what it is: its address would tell that it is there."""
    rows: dict[str, str] = {}
    for model in contents():
        found: models.QuerySet[Any] = model._default_manager.filter(child=file.things.child)
        shut = found.exclude(category=category).exclude(author_id=viewer.user_id)
        rows |= {str(pk): model._meta.label for pk in shut.values_list("pk", flat=True)}
    return rows


def chosen(address: Address, person: str, category: str) -> bool:
    """The pages that go over many files are asked for in each pair, of the others one in so many, in turn."""
    asked = f"{address.pattern} {person} {category}"
    return address.pattern in ALWAYS or zlib.crc32(asked.encode()) % ONE_IN == 0


def said(body: str) -> str:
    """What a reader sees of the page's own part."""
    main = MAIN.search(body)
    return unescape(TAG.sub(" ", OFFERED.sub(" ", main.group() if main else "")))


ALL_PAIRS = [(person, category) for person in PEOPLE for category in OPENED]
# The suite asks a share: the plan of every second of them, one other category in nine, and the desk, which answers
# requests where nobody leads.
ASKED = [
    (person, category)
    for person, category in ALL_PAIRS
    if ONE_IN == 1
    or (category == Category.PLAN and person in PEOPLE[::2])
    or (person, category) == ("triage", Category.MISSING)
    or zlib.crc32(f"{person} {category}".encode()) % 9 == 0
]


@pytest.mark.parametrize(("person", "category"), ASKED)
def test_a_share_of_one_kind_shows_nothing_of_another(person, category, file, client_as) -> None:
    viewer = share(file, person, category)
    shut = shut_rows(file, viewer, category)
    browser, leaks = client_as(person), set()
    for address in PAGES:
        if not chosen(address, person, category):
            continue
        path = address.filled({**file.things.values(address), **CHOICES})
        body = text_of(ask(browser, "GET", path))

        def may(canary: Canary, address: Address = address) -> bool:
            return may_be_read(canary, viewer, category, file, address)

        leaks |= {(address.pattern, canary.field, canary.category) for canary in leaks_in(body, file.planted, may)}
        leaks |= {
            (address.pattern, label, "its id")
            for pk, label in shut.items()
            if pk in body and pk not in path and (label, address.pattern) not in THE_OFFICES
        }
        if address.pattern in ALWAYS:
            leaks |= {(address.pattern, word, "level") for word in LEVELS.findall(said(body))}
    assert leaks == set()


def test_the_same_pages_show_what_the_share_opens(file, client_as) -> None:
    """Without this the scan would pass on pages that show nothing to anybody."""
    for category, person, field in SHOWN:
        share(file, person, category)
        browser, seen = client_as(person), set()
        for address in PAGES:
            if address.pattern in {"cases/<str:reference>/", "cases/<str:reference>/chronology/"}:
                body = text_of(ask(browser, "GET", address.filled({**file.things.values(address), **CHOICES})))
                seen |= {(canary.field, canary.category) for canary in found_in(body, file.planted)}
        assert (field, category) in seen


# Each kind, somebody who sees it in full, and a text of it.
SHOWN = [
    (Category.PLAN, "keyworker", "cases.ChronologyEntry.detail"),
    (Category.MISSING, "detective", "cases.ChronologyEntry.detail"),
    (Category.IDENTITY, "nurse", "cases.Child.family_name"),
]


def test_what_a_share_does_not_open_moves_nothing(file, client_as) -> None:
    """Numbers, order, times and links: the pages that go over many files are the same, byte for byte, when more of
    what is not opened has been written. Somebody to whom the file is open whole is given other pages.
    """
    for agency in {file.world.membership(person).agency for person in PEOPLE}:
        open_one_kind(file, agency, Category.PLAN)
    grant(file.things.child, file.world.viewer("manager"))
    before = {person: pages_of(client_as(person), file) for person in (*PEOPLE, "manager")}
    write_more(file, now())
    after = {person: pages_of(client_as(person), file) for person in (*PEOPLE, "manager")}
    moved = {
        person: {address for address, page in pages.items() if page != before[person][address]}
        for person, pages in after.items()
    }
    whole = moved.pop("manager")
    assert {person: pages for person, pages in moved.items() if pages} == {}
    assert whole >= {"", "panels/", "cases/<str:reference>/", "cases/<str:reference>/risk/"}


# Where a number, an order or a time of what is not opened would stand.
MOVED = {
    "", "alerts/", "cases/", "panels/", "panels/<uuid:meeting_id>/", "cases/<str:reference>/",
    "cases/<str:reference>/risk/", "cases/<str:reference>/panel/", "api/v1/files/<str:reference>",
}  # fmt: skip


def pages_of(browser: HonestClient, file: File) -> dict[str, str]:
    """Those pages without minutes and what is drawn anew for each answer."""
    asked = [address for address in PAGES if address.pattern in MOVED]
    paths = {address.pattern: address.filled({**file.things.values(address), **CHOICES}) for address in asked}
    return {pattern: masked(text_of(ask(browser, "GET", path))) for pattern, path in paths.items()}


def write_more(file: File, at: datetime) -> None:
    """Another of each thing that lists of work go over, and an entry of each kind that the share does not open."""
    things, writer = file.things, file.world.viewer("socialworker")
    owner, item = file.world.membership("officer"), AgendaItem.objects.get(pk=things.named["item_id"])
    assessment = make_assessment(things.child, writer, evidence="Seen with adults.")
    make_judgement(assessment, writer, needs_approval=True)
    make_action(item, owner, writer, due_on=at.date() - timedelta(days=2))
    make_action(item, owner, writer, status=ActionStatus.DONE, ended_at=at)
    make_action(item, file.world.membership("manager"), writer)
    for category in CATEGORY_BITS:
        if category not in (Category.PLAN, Category.WHO_LOOKED):
            make_chronology(things.child, writer, category=category)
