"""The home page: each role's own work, and no child for those who see none."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.choices import FunctionKey
from accounts.models import AccessEvent
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.services import grant_to_function
from cases.presenters import home
from cases.presenters.home import HomeBlock, HomeSection, register_home_block
from cases.record.choices import InvolvementRole
from cases.record.models import Child
from cases.record.services import involve
from tests.factories.cases import block, grant, make_child, make_chronology

pytestmark = pytest.mark.django_db


@pytest.fixture
def working(world, viewer, at):
    """`working("Robin", "keyworker")`: a child whom a person works with, under their agency's grant."""

    def make(name, person, *, review=None):
        child = make_child(name, "Ashdown", review_due_on=review)
        membership = world.membership(person)
        involve(
            child=child,
            agency=membership.agency,
            membership=membership,
            role=InvolvementRole.KEYWORKER,
            at=at - timedelta(days=9),
            by=viewer("triage"),
        )
        return child

    return make


def blocks(client_as, person):
    """Heading of each block with the texts of its lines."""
    page = client_as(person).get("/").content.decode()
    parts = re.split(r'<h3 class="govuk-heading-s hb-actions__heading">', page)[1:]
    return {
        re.match(r"[^<]+", part)[0].strip(): re.findall(r'hb-actions__link" href="[^"]*">([^<]+)<', part)
        for part in parts
    }


def test_late_and_coming_reviews_of_my_own_children_are_my_work(working, client_as, at):
    today = at.date()
    working("Late", "keyworker", review=today - timedelta(days=1))
    working("Today", "keyworker", review=today)
    working("Far", "keyworker", review=today + timedelta(days=15))
    working("Others", "interviewer", review=today - timedelta(days=1))
    shown = blocks(client_as, "keyworker")
    assert [text.split()[0] for text in shown["Reviews that are late"]] == ["Late"]
    assert [text.split()[0] for text in shown["Reviews due in the next 14 days"]] == ["Today"]
    assert {text.split()[0] for text in shown["Children you work with"]} == {"Late", "Today", "Far"}


def test_a_managers_work_is_that_of_the_service(working, client_as):
    working("One", "keyworker")
    working("Two", "interviewer")
    working("Three", "nurse")
    shown = blocks(client_as, "manager")
    assert {text.split()[0] for text in shown["Children your service works with"]} == {"One", "Two"}


def test_what_others_wrote_lately_on_my_children_is_shown_as_far_as_i_may_read_it(working, viewer, client_as, at):
    child = working("Robin", "keyworker")
    make_chronology(child, viewer("triage"), category=Category.MISSING)
    make_chronology(child, viewer("keyworker"), category=Category.MISSING, kind="contact")
    make_chronology(child, viewer("detective"), category=Category.INTELLIGENCE, kind="intelligence")
    make_chronology(child, viewer("triage"), recorded_at=at - timedelta(days=8), kind="meeting")
    assert blocks(client_as, "keyworker")["Written by others in the last 7 days"] == [
        "Robin Ashdown, 15: something seen or heard"
    ]


def test_what_was_written_on_one_child_is_one_line(working, viewer, client_as, at):
    """One event told in two categories would otherwise take two of the five lines."""
    child, other = working("Robin", "keyworker"), working("Alex", "keyworker")
    for kind in ("meeting", "meeting", "contact"):
        make_chronology(child, viewer("triage"), category=Category.MISSING, kind=kind)
    make_chronology(other, viewer("triage"), category=Category.MISSING, recorded_at=at - timedelta(hours=2))
    lines = blocks(client_as, "keyworker")["Written by others in the last 7 days"]
    assert [line.split()[0] for line in lines] == ["Robin", "Alex"]
    assert sorted(lines[0].partition(": ")[2].split(", ")) == ["contact with the child", "meeting"]


def test_a_child_that_somebody_was_given_lately_waits_for_them(working, world, viewer, client_as, at):
    working("Old", "keyworker")
    child = make_child("Mei", "Ashdown")
    member = world.membership("keyworker")
    involve(
        child=child,
        agency=member.agency,
        membership=member,
        role=InvolvementRole.KEYWORKER,
        at=at - timedelta(days=2),
        by=viewer("triage"),
    )
    assert [line.split()[0] for line in blocks(client_as, "keyworker")["New to you in the last 7 days"]] == ["Mei"]
    assert "New to you in the last 7 days" not in blocks(client_as, "manager")


def test_a_limit_is_never_given_as_a_figure(working, client_as, monkeypatch):
    monkeypatch.setattr(home, "MINE", 2)
    working("One", "keyworker")
    working("Two", "keyworker")
    page = client_as("keyworker").get("/").content.decode()
    assert "more than 2" not in page
    working("Three", "keyworker")
    assert "more than 2" in client_as("keyworker").get("/").content.decode()


def test_no_child_reaches_the_home_page_of_somebody_without_an_open_file(world, working, viewer, client_as):
    child = working("CANARY", "keyworker")
    working("CANARY", "nurse")
    block(child, viewer("keyworker"), by=viewer("guardian"))
    for person in ("keyworker", "outsider", "admin", "analyst", "teacher", "housing"):
        page = client_as(person).get("/").content.decode()
        assert "CANARY" not in page
        assert child.reference not in page


def test_the_home_page_of_an_outsider_says_honestly_why_it_is_empty(client_as):
    page = client_as("outsider").get("/").content.decode()
    assert "No child&#x27;s file is waiting for you." in page
    assert "Files open to you when you are named on one" in page


def test_those_who_see_no_child_are_told_so(client_as):
    for person, words in (("admin", "You see no child here"), ("analyst", "never with names")):
        page = client_as(person).get("/").content.decode()
        assert words in page
        assert "Find a file" not in page


def test_the_guardian_sees_refusals_and_reads_of_files_that_are_theirs_to_watch(world, client_as, at):
    watched, other = make_child(), make_child()
    grant_to_function(child_id=watched.pk, function=FunctionKey.DATA_GUARDIANS, at=at, by=None)
    for child in (watched, other):
        grant(child, world.agency("housing"))
        client_as("housing").get(reverse("cases:file", args=[child.reference]))
        client_as("outsider").get(reverse("cases:file", args=[child.reference]))
    client_as("outsider").get(reverse("cases:file", args=["222-2222"]))
    shown = blocks(client_as, "guardian")
    assert shown["Refused in the last 7 days"] == ["Oriel Stanhope: Overview"]
    assert shown["Files opened lately"] == ["Hetty Broadbent: Overview"]
    page = client_as("guardian").get("/").content.decode()
    assert (watched.reference in page, other.reference in page) == (True, False)
    assert page.count("Oriel Stanhope: Overview") == 2  # on no file of theirs to watch there is nothing to open


def test_files_named_on_the_home_page_are_written_down(working, client_as, viewer):
    child = working("Robin", "keyworker")
    client_as("keyworker").get("/")
    event = AccessEvent.objects.get(action="home", user_id=viewer("keyworker").user_id)
    assert event.shown_ids == [child.pk]


def test_a_merged_file_is_nobodys_work(working, client_as):
    kept, old = working("Kept", "keyworker"), working("Old", "keyworker")
    Child.objects.filter(pk=old.pk).update(merged_into=kept)
    assert [text.split()[0] for text in blocks(client_as, "keyworker")["Children you work with"]] == ["Kept"]


def test_an_upper_app_adds_its_blocks_for_those_it_chooses(client_as, monkeypatch):
    def builder(viewer: Viewer, at):
        if viewer.role_key != "notification_point":
            return []
        return [
            HomeBlock(
                HomeSection.LATE, "Notifications that are late", [{"text": "N-123", "href": "/triage/"}], count="1"
            ),
            HomeBlock(HomeSection.WAITING, "Nothing here"),
            HomeBlock(HomeSection.WAITING, "Notifications waiting for Ada", empty="No notification is waiting."),
        ]

    monkeypatch.setattr(home, "BUILDERS", [])
    assert register_home_block(builder) is register_home_block(builder)
    assert [builder] == home.BUILDERS
    assert blocks(client_as, "triage") == {
        "Notifications that are late": ["N-123"],
        "Notifications waiting for Ada": [],
    }
    assert blocks(client_as, "chair") == {}


def test_somebody_without_a_current_role_is_told_what_to_do(world, client_as, at):
    membership = world.membership("housing")
    membership.ended_on = at.date()
    membership.save(update_fields=["ended_on"])
    page = client_as("housing").get("/").content.decode()
    assert "You hold no role at present" in page
    assert client_as("housing").get("/cases/").status_code == 403
