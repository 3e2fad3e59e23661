"""Every page of a file, for every role that reads files, answers; and every page is refused to the outsider."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.rules.roles import ROLES, Capability
from tests.factories.cases import grant, make_child, make_chronology
from tests.factories.world import PEOPLE

pytestmark = pytest.mark.django_db

PAGES = ("cases:file", "cases:involvement", "cases:chronology", "cases:who_can_see")
READERS = [person.username for person in PEOPLE if Capability.READ_FILES in ROLES[person.role].capabilities]


@pytest.mark.parametrize("person", READERS)
def test_each_reader_opens_the_pages_of_a_file_granted_to_them(person, world, client_as, viewer):
    child = make_child()
    grant(child, world.membership(person))
    make_chronology(child, viewer("keyworker"))
    browser = client_as(person)
    for page in PAGES:
        answer = browser.get(reverse(page, args=[child.reference]))
        assert (page, answer.status_code) == (page, 200)
    assert browser.get(reverse("cases:worklist")).status_code == 200
    assert browser.get(reverse("home")).status_code == 200


@pytest.mark.parametrize("person", [person.username for person in PEOPLE])
def test_each_role_has_a_home_page(person, client_as):
    answer = client_as(person).get(reverse("home"))
    assert answer.status_code == 200
    assert answer.content.count(b"<h1") == 1
