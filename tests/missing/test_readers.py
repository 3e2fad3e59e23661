"""What a write-up says of who will read each part, against what the access rules then let each role read.

Seen to fail: own entries promised to the roles of every agency; a kind shown as withheld to a role whose cell says
nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from accounts.choices import Sector
from accounts.definitions import seeds
from accounts.rules.roles import ROLES, Capability
from accounts.rules.viewers import Viewer
from cases.access.choices import ALL_CATEGORIES, Category
from cases.access.rules import FileFacts, Level, category_level, entry_level, may_know, read_matrix
from missing.choices import FINDING_CATEGORIES, WITH_PARTNER_TEXT, InterviewState
from missing.presenters.interviews import readers_words
from tests.factories.cases import grant, make_child
from tests.factories.missing import make_finding, make_interview, make_returned
from tests.factories.world import World

MATRIX = read_matrix(next(seed.body for seed in seeds() if seed.kind == "access_matrix"))
GRANTED, LISTED = FileFacts(category_mask=ALL_CATEGORIES), FileFacts(panel_mask=ALL_CATEGORIES)
AsPerson = Callable[[str], Client]


def read_by(role: str, category: Category, sector: str) -> str:
    """The line on which a role belongs, from what the access rules give it on a file with one entry of another's."""
    viewer = Viewer(user_id=1, role_key=role, sector=ROLES[role].sector)
    assert may_know(viewer, GRANTED).allowed

    def level(facts: FileFacts, *, own_agency: bool) -> Level:
        return entry_level(category_level(viewer, category, facts, MATRIX), own=False, own_agency=own_agency)

    elsewhere = level(GRANTED, own_agency=False)
    if elsewhere == Level.FULL:
        return "In full"
    if elsewhere == Level.SUMMARY and category in WITH_PARTNER_TEXT:
        return "The sentence for partners"
    if elsewhere >= Level.EXISTENCE:
        return "Only that there is something"
    if level(LISTED, own_agency=False) == Level.FULL:
        return "In full, while a panel has the child listed"
    at_home = ROLES[role].sector == sector and level(GRANTED, own_agency=True) == Level.FULL
    return "In full, at your own agency only" if at_home else ""


@pytest.mark.parametrize("sector", [Sector.SPECIALIST, Sector.SOCIAL_CARE, Sector.VOLUNTARY])
@pytest.mark.parametrize("category", FINDING_CATEGORIES)
def test_each_part_names_every_role_that_will_read_it_and_no_other(category: Category, sector: Sector) -> None:
    expected: dict[str, set[str]] = {}
    for key, role in ROLES.items():
        line = read_by(key, category, sector) if Capability.READ_FILES in role.capabilities else ""
        if line:
            expected.setdefault(line, set()).add(role.name)
    said = {row["key"]: set(row["value"].split(", ")) for row in readers_words(category, MATRIX, sector=sector)}
    assert said == expected


@pytest.mark.django_db
def test_the_page_of_the_write_up_says_it_beside_each_part(world: World, at: datetime, client_as: AsPerson) -> None:
    child = make_child()
    grant(child, world.agency("specialist"))
    episode = make_returned(child, world.viewer("socialworker"))
    interview = make_interview(
        episode,
        world.viewer("socialworker"),
        state=InterviewState.HELD,
        held_at=episode.returned_at,
        held_by=world.membership("interviewer"),
        independent=True,
        outcome="accepted",
    )
    page = client_as("interviewer").get(reverse("missing:write_up", args=[child.reference, interview.pk]))
    parts = page.content.decode().split("<section")[1:]
    said = {category: next(part for part in parts if f"section-{category}" in part) for category in FINDING_CATEGORIES}
    assert "Specialist service manager" in said[Category.INTELLIGENCE].split("at your own agency only")[1]
    assert "Specialist service manager" in said[Category.HEALTH_SENSITIVE].split("The sentence for partners")[1]
    assert "Specialist service manager" in said[Category.PERSON_OF_CONCERN].split("while a panel has")[1]
    assert "nobody else reads it" not in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("category", FINDING_CATEGORIES)
@pytest.mark.parametrize("person", ["manager", "socialworker", "officer", "coordinator", "nurse"])
def test_a_part_is_shown_withheld_or_not_there_as_the_matrix_says(
    world: World, at: datetime, client_as: AsPerson, person: str, category: Category
) -> None:
    child, author = make_child(), world.viewer("charity_worker")
    viewer = world.viewer(person)
    grant(child, world.agency(next(key for key in world.agencies if world.agencies[key].pk == viewer.agency_id)))
    interview = make_interview(make_returned(child, author), author)
    make_finding(interview, author, category, "What was said in confidence.")
    line = read_by(viewer.role_key, category, "voluntary")
    answer = client_as(person).get(reverse("missing:interview", args=[child.reference, interview.pk]))
    if category_level(viewer, Category.INTERVIEW, GRANTED, MATRIX) < Level.SUMMARY:
        assert answer.status_code == 404
        return
    text = answer.content.decode()
    withheld = f"Something about {category.label} is withheld from your role."
    assert ("What was said in confidence." in text) == (line == "In full")
    assert (withheld in text) == (line in ("The sentence for partners", "Only that there is something"))
