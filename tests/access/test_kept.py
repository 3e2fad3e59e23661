"""Databases that differ only in files that are kept from one viewer give that viewer the same pages, byte for byte.

The files are not there; or they are, with nothing on them; or they are on every list of whoever may know of them. Each
is kept from the viewer for one reason: a conflict of interest, a restriction, or that their access has ended
(`kept.py`). A third viewer must notice each, and what is written on it, or the databases prove nothing.

`make pairs` asks for everybody whose role opens files, in each of the three; the suite asks for one of them in two.

Seen to fail: alerts, an emergency and looks of files that are hidden told to a manager and to a guardian, where nothing
counted as hidden.
"""

from __future__ import annotations

import os

import pytest

from accounts.rules.roles import opens_files
from accounts.selectors import now
from cases.access.choices import Category
from tests.access.kept import FAMILY, GIVEN, KINDS, REFERENCE, database, noticed, set_about
from tests.access.pairs import Pages, Scene, answers_to, changed, exact, pages_of, questions_of, send, set_scene
from tests.access.test_interference import GETS, different, standing_still
from tests.access.test_pages import make_things
from tests.conftest import HonestClient
from tests.factories.world import PEOPLE, World, make_world

pytestmark = pytest.mark.django_db
WITH_FILES = [one.username for one in PEOPLE if opens_files(one.role) and one.username != "outsider"]
EVERY = bool(os.environ.get("HARBOUR_PAIRS"))
# Whether the files are there, and whether anything is on them.
STATES = {"not there": (False, False), "quiet": (True, False), "busy": (True, True)}
ASKED = list(STATES) if EVERY else ["not there", "busy"]
# The suite leaves out the pages below another file, which speak of that one.
PAGES = [one for one in GETS if EVERY or not one.of_a_file or one.pattern == "cases/<str:reference>/"]
# On which lists each is named to the third: an agenda and the list of the missing open the file anew to those told.
NAMED_ON = {kind: {kind, "order", "search"} | ({"missing", "agenda"} if kind != "ended" else set()) for kind in KINDS}


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def scene_of(world: World, person: str) -> Scene:
    at = now()
    third = "keyworker" if world.membership(person).agency == world.agency("social_care") else "socialworker"
    things = make_things(world, world.viewer, at)
    scene = set_scene(world, things, person=person, third=third, category=Category.MINUTES, at=at)
    set_about(scene)
    return scene


def everything(browser: HonestClient, scene: Scene) -> Pages:
    """Every page of the viewer, each question that names a child, and what leads to the files themselves."""
    names = [*(f"{given} {FAMILY}" for given in GIVEN.values()), f"Roscoe {FAMILY}"]
    asked = questions_of(scene, names, [*names, FAMILY, *REFERENCE.values()])
    urls = {kind: f"/cases/{REFERENCE[kind]}/" for kind in KINDS}
    urls |= {f"told of {kind}": f"/triage/{scene.things.named[f'told_of_{kind}']}/" for kind in KINDS}
    direct = {name: exact(send(browser, url)) for name, url in urls.items()}
    return pages_of(browser, scene.things, PAGES) | answers_to(browser, asked) | direct


@pytest.mark.parametrize("person", WITH_FILES if EVERY else ["manager"])
def test_files_that_are_kept_from_one_are_nowhere(person, world, client_as) -> None:
    scene, seen, of_third = scene_of(world, person), {}, {}
    browser, other = client_as(person), client_as(scene.third)
    for state in ASKED:
        there, busy = STATES[state]
        with standing_still(scene.at), database(scene, there=there, busy=busy):
            seen[state], of_third[state] = everything(browser, scene), noticed(other, scene)
    absent = seen.pop("not there")
    assert {absent[kind][0] for kind in KINDS} == {404}
    assert absent["cases/<str:reference>/"][0] == 200, "there must be a file beside them that they work with"
    for state, pages in seen.items():
        assert {one: different(absent[one], page) for one, page in pages.items() if page != absent[one]} == {}, state
    busy = of_third["busy"]
    for kind in KINDS:
        named = {name for name, (_, words) in busy.items() if GIVEN[kind] in words}
        assert named >= NAMED_ON[kind], "whoever may know of it does not notice it either: it proves nothing"
    assert changed(of_third["not there"], busy) == busy.keys()
