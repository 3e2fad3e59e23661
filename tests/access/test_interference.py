"""Two databases that differ only in what one viewer may not see give that viewer the same pages, byte for byte.

A pair is a role and a category whose cell is N for it, or a role that sees names in summary and another name of the
child. On a file that the viewer works with, something of the category is written as the product writes it, with what
follows from it. Every page is asked for before and after, at one instant, and so is what is asked by POST: the search
and the report of a missing child. A third viewer, whose role sees the category, must be given different pages, or the
pair proves nothing.

Order, score, clock, agenda, count, search and match are surfaces with a name. Each has a write of its own that moves
it for the third viewer, without any entry of the timeline: a surface that nothing touches fails.

`make pairs` asks all pairs, the suite a share of them and every surface.

Seen to fail: a list that moves for whatever is written; interviews with their clocks listed for a role that may not
know of them; alerts shown to everybody; an agenda in its own order, and a decision on it, for who reads no minutes; the
search by other names for who sees names in summary; the report of a missing child that asked about a file by them.
"""

from __future__ import annotations

import copy
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from difflib import ndiff
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.rules.roles import opens_files
from accounts.selectors import now
from cases.access.choices import Category
from tests.access.oracle import matrix
from tests.access.pairs import (
    HIDDEN,
    SURFACES,
    Exact,
    Scene,
    answers_to,
    changed,
    of,
    pages_of,
    questions,
    set_scene,
    surfaces_of,
    write_entry,
    write_special,
)
from tests.access.test_pages import Things, addresses_with_and_without_parts, make_things
from tests.conftest import in_the_name_of_the_suite
from tests.factories.world import World, make_world

pytestmark = pytest.mark.django_db
CLOCK = re.compile(r"\bclock_timestamp\(\)", re.IGNORECASE)
ONE_IN = int(os.environ.get("HARBOUR_PAIRS", "60"))
# A page that draws a new secret each time it is asked for, and one that counts the seconds since the last sweep.
NOT_ASKED = {"account/second-step/set-up/", "healthz/alerts"}
GETS = [
    address
    for address in addresses_with_and_without_parts()
    if "GET" in address.policy.methods and address.pattern not in NOT_ASKED
]
OF_A_FILE = [address for address in GETS if address.of_a_file]


def pairs() -> list[tuple[str, str]]:
    """Each role that opens files with each category of which it may not know, and with names it sees in summary."""
    table = {role: cells for role, cells in matrix().items() if opens_files(role)}
    unknown = [(role, name) for role, cells in table.items() for name, cell in cells.items() if cell == "N"]
    return unknown + [(role, Category.IDENTITY.value) for role, cells in table.items() if cells["identity"] == "S"]


ASKED = [pair for pair in pairs() if zlib.crc32(" ".join(pair).encode()) % ONE_IN == 0]
# For each kind of write a role that may not know of it, and that has the pages on which it would show.
ON_SURFACES = {
    Category.ASSESSMENT: "youth_service",
    Category.VULNERABILITY: "police_officer",
    Category.INTERVIEW: "police_officer",
    Category.MISSING: "housing",
    Category.MINUTES: "police_officer",
    Category.CONTACT_ADDRESS: "carer_or_home",
    Category.IDENTITY: "carer_or_home",
}


def test_there_are_pairs_enough() -> None:
    assert len(pairs()) >= 50
    assert ASKED


def test_every_surface_has_a_write_that_touches_it() -> None:
    assert {name for hidden in HIDDEN.values() for name in hidden.touches} == set(SURFACES)
    assert set(ON_SURFACES) == {name for name, hidden in HIDDEN.items() if hidden.touches}
    assert {(role, name.value) for name, role in ON_SURFACES.items()} <= set(pairs())


@contextmanager
def standing_still(at: datetime) -> Iterator[None]:
    """While it lasts the product asks the database what time it is, alone or among other things, and is always told the
    same.
    """
    instant = f"'{at.isoformat()}'::timestamptz"

    def same(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        return execute(CLOCK.sub(instant, sql) if isinstance(sql, str) else sql, params, many, context)

    with connection.execute_wrapper(same):
        yield


@contextmanager
def database(scene: Scene, category: str, *, hidden: bool, entry: bool) -> Iterator[None]:
    """One of the two databases, for as long as it is asked."""
    with standing_still(scene.at), transaction.atomic():
        write_special(scene, category, hidden=hidden)
        if entry:
            write_entry(scene, category)
        yield
        transaction.set_rollback(True)


def different(before: Exact, after: Exact) -> list[str]:
    """The lines in which two answers differ."""
    lines = ndiff([str(before[0]), *before[1].splitlines()], [str(after[0]), *after[1].splitlines()])
    return [line for line in lines if line[0] in "+-"]


def holder(world: Any, role: str) -> str:
    return next(name for name, member in world.memberships.items() if member.role == role and name != "outsider")


def entitled(category: str) -> str:
    """A role that sees the category, in full where one does."""
    table = matrix()
    return next(role for cell in "FS" for role in table if table[role][category] == cell and opens_files(role))


@pytest.fixture(scope="module")
def made(standing: None) -> tuple[World, Things]:
    with in_the_name_of_the_suite():
        world = make_world()
        return world, make_things(world, world.viewer, now())


@pytest.fixture
def world(db: None, made: tuple[World, Things]) -> World:
    """The people of every pair."""
    return copy.deepcopy(made[0])


@pytest.fixture
def things(db: None, made: tuple[World, Things]) -> Things:
    return copy.deepcopy(made[1])


def scene_for(world: World, things: Things, role: str, category: str, at: datetime) -> Scene:
    third = of(category).third or holder(world, entitled(category))
    return set_scene(world, things, person=holder(world, role), third=third, category=category, at=at)


@pytest.mark.parametrize(("category", "role"), ON_SURFACES.items())
def test_what_one_may_not_know_shows_to_who_may_on_each_surface_that_it_touches(
    category, role, world, things, at, client_as
) -> None:
    scene, hidden = scene_for(world, things, role, category, at), of(category)
    browser, other_browser = client_as(scene.person), client_as(scene.third)
    with database(scene, category, hidden=False, entry=False):
        before, before_of_third = (surfaces_of(one, scene, hidden.touches) for one in (browser, other_browser))
    with database(scene, category, hidden=True, entry=False):
        after, of_third = (surfaces_of(one, scene, hidden.touches) for one in (browser, other_browser))
    assert changed(before_of_third, of_third) == hidden.touches, "a surface that it does not touch proves nothing"
    assert changed(before, after) == set(), _where(before, after)


@pytest.mark.parametrize(("role", "category"), ASKED)
def test_what_one_may_not_know_changes_nothing_that_one_sees(role, category, world, things, at, client_as) -> None:
    scene, touches = scene_for(world, things, role, category, at), of(category).touches
    browser, other_browser, asked = client_as(scene.person), client_as(scene.third), questions(scene)
    with database(scene, category, hidden=False, entry=False):
        before = pages_of(browser, scene.things, GETS) | answers_to(browser, asked)
        before_of_third = pages_of(other_browser, scene.things, OF_A_FILE) | answers_to(other_browser, asked)
        assert before["cases/<str:reference>/"][0] == 200, "the viewer must see the file on which it is hidden"
    with database(scene, category, hidden=False, entry=True):
        by_entry = surfaces_of(other_browser, scene, touches)
    with database(scene, category, hidden=True, entry=True):
        after = pages_of(browser, scene.things, GETS) | answers_to(browser, asked)
        of_third = pages_of(other_browser, scene.things, OF_A_FILE) | answers_to(other_browser, asked)
        with_all = surfaces_of(other_browser, scene, touches)
    assert {one: different(before[one], page) for one, page in after.items() if page != before[one]} == {}
    assert changed(before_of_third, of_third), "whoever may know of it sees no difference either: it proves nothing"
    assert changed(by_entry, with_all) == touches - {"order"}, "what is written beside the entry shows to nobody"


def _where(before: Any, after: Any) -> list[str]:
    """The lines in which answers of surfaces differ, however they are put together."""
    if isinstance(before, dict):
        return [line for name in after for line in _where(before[name], after[name])]
    if isinstance(before, tuple) and isinstance(before[0], int):
        return different(before, after)
    if isinstance(before, list | tuple):
        return [line for one, other in zip(before, after, strict=False) for line in _where(one, other)]
    return [] if before == after else [f"{before} -> {after}"]
