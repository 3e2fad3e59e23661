"""Why can I see this, and why can't I: the rule's reasons in words, which tell nothing of what a file holds.

Seen to fail: what a grant leaves out called open; grants of others listed; another grant listed on a restricted file;
a panel's grant taken to run; a page of a file, and a refusal, that lead nowhere; a page of what is open to the viewer
that does not say why.
"""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import product

import pytest
from django.urls import reverse

from accounts.choices import RoleKey
from accounts.rules.roles import opens_files
from accounts.rules.viewers import Viewer
from cases.access.choices import ALL_CATEGORIES, CATEGORY_BITS, Category, GrantReason
from cases.access.rules import Action, FileFacts, Level, Opening, category_level, opening_of
from cases.presenters.why import DEEDS, SEEN, UNSEEN
from tests.access.oracle import matrix as table
from tests.access.test_rules import SHIPPED
from tests.cases.questions import questions
from tests.factories.cases import block, grant, make_child, make_chronology
from tests.factories.panels import accept_all, make_item, make_meeting, make_panel, publish, seat_people
from tests.factories.referrals import make_notification
from tests.masking import masked

WHY_THESE = "Why do I see these, and not others?"
LEVEL = {
    Opening.IN_FULL: Level.FULL,
    Opening.PANEL_RUNS: Level.FULL,
    Opening.IN_SUMMARY: Level.SUMMARY,
    Opening.EXISTS: Level.EXISTENCE,
    Opening.OWN_SERVICE: Level.OWN,
}


@pytest.mark.parametrize("role", [role for role in RoleKey if opens_files(role)])
def test_the_reason_given_is_that_of_the_rule(role):
    """For each role, kind of information, and whether a grant, a panel's grant or both open it."""
    viewer = Viewer(user_id=1, role_key=role)
    for category, bit in CATEGORY_BITS.items():
        rest = ALL_CATEGORIES - bit
        for ordinary, panel in product((rest, ALL_CATEGORIES), (0, rest, ALL_CATEGORIES)):
            facts = FileFacts(category_mask=ordinary, panel_mask=panel)
            opening = opening_of(viewer, category, facts, SHIPPED)
            seen = category_level(viewer, category, facts, SHIPPED)
            assert LEVEL.get(opening, Level.NONE) == seen, (role, category, opening)
            left_out = not (ordinary | panel) & bit and table()[role][category] in "FSEOI"
            assert (opening == Opening.LEFT_OUT) is left_out, (role, category)


def test_every_reason_and_every_deed_has_its_words():
    assert set(SEEN) | set(UNSEEN) == set(Opening)
    assert set(SEEN) & set(UNSEEN) == set()
    assert set(Action) - set(DEEDS) == {Action.VIEW_FILE, Action.SEE_WHO_CAN, Action.GRADE_MISSING}


# The page.


def why(child):
    return reverse("cases:why", args=[child.reference])


def text_of(answer):
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.mark.django_db
def test_a_nurse_reads_why_since_when_and_until_when(world, client_as, at):
    child = make_child()
    until = at + timedelta(days=9)
    grant(child, world.agency("health"), categories=(Category.IDENTITY, Category.PLAN), valid_until=until)
    grant(child, world.agency("police"), reason=GrantReason.SHARE)
    page = text_of(client_as("nurse").get(why(child)))
    assert "You have a grant on this file." in page
    assert page.count(f"{until:%B}") >= 2
    assert "What was opened to you leaves this out:" in page
    assert "Your role reads this on no file, whatever it holds: session notes" in page
    assert "Police" not in page.replace("police intelligence", "")
    assert "Nobody leads on this file yet." in page


@pytest.mark.django_db
def test_the_page_is_the_same_whatever_the_file_holds(world, viewer, client_as):
    """What the nurse's role does not read leaves no trace here, and what it reads as existence no number."""
    child = make_child()
    grant(child, world.agency("health"))
    before = masked(client_as("nurse").get(why(child)).content.decode())
    for category in (Category.SESSIONS, Category.INTELLIGENCE, Category.EVIDENCE_PLAN, Category.ORIENTATION):
        make_chronology(child, viewer("keyworker"), summary="Zephyrine", category=category)
    assert masked(client_as("nurse").get(why(child)).content.decode()) == before


@pytest.mark.django_db
def test_on_a_restricted_file_the_name_is_the_reason_and_nothing_else(world, client_as):
    child = make_child(restricted=True)
    grant(child, world.agency("social_care"))
    grant(child, world.membership("socialworker"), reason=GrantReason.NAMED, categories=(Category.IDENTITY,))
    page = text_of(client_as("socialworker").get(why(child)))
    assert "You are named on this restricted file." in page
    assert "Works with the child" not in page
    assert client_as("social_care_manager").get(why(child)).status_code == 404


@pytest.mark.django_db
def test_whoever_may_not_know_of_the_file_is_told_nothing(world, viewer, client_as):
    child = make_child()
    grant(child, world.agency("social_care"))
    block(child, viewer("socialworker"), by=viewer("social_care_manager"))
    never = client_as("nurse").get(reverse("cases:why", args=["ZZZ-ZZZZ"])).content
    for name in ("nurse", "socialworker"):
        answer = client_as(name).get(why(child))
        assert answer.status_code == 404
        assert child.reference not in answer.content.decode()
    assert masked(client_as("nurse").get(why(child)).content.decode()) == masked(never.decode())


@pytest.mark.django_db
def test_what_one_may_do_here_is_said_with_the_rules_reason(world, viewer, client_as):
    child = make_child()
    grant(child, world.agency("health"))
    page = text_of(client_as("nurse").get(why(child)))
    assert "Change who works with the child No Your role in the partnership does not do this." in page
    assert "Write in the file Yes" in page


@pytest.mark.django_db
def test_every_page_of_a_file_leads_here_and_so_does_a_refusal_on_it(world, client_as):
    child = make_child()
    grant(child, world.agency("health"))
    browser, link = client_as("nurse"), f'href="{why(child)}"'
    for name in ("file", "chronology", "involvement", "who_can_see", "add_conflict"):
        assert link in browser.get(reverse(f"cases:{name}", args=[child.reference])).content.decode(), name
    assert link not in browser.get(why(child)).content.decode()
    refused = browser.get(reverse("cases:restriction", args=[child.reference]))
    assert refused.status_code == 403
    assert "Your role in the partnership does not do this." in refused.content.decode()
    assert link in refused.content.decode()
    elsewhere = browser.get(reverse("cases:looks"))
    assert elsewhere.status_code == 403
    assert "Why can’t I?" in elsewhere.content.decode()
    assert "/why/" not in elsewhere.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("nurse", "/cases/"),
        ("nurse", "/missing/"),
        ("nurse", "/alerts/"),
        ("nurse", "/shared-with-us/"),
        ("nurse", "/access-requests/"),
        ("guardian", "/emergency-access/register/"),
        ("triage", "/triage/"),
        ("triage", "/triage/decided/"),
    ],
)
def test_lists_say_in_one_way_why_they_are_no_longer(name, address, client_as):
    page = client_as(name).get(address).content.decode()
    assert page.count(WHY_THESE) == 1


@pytest.mark.django_db
def test_what_is_shown_of_a_child_outside_the_file_says_why_too(world, viewer, client_as):
    sent = make_notification(viewer("teacher"))
    triage = client_as("triage").get(reverse("referrals:triage_detail", args=[sent.reference])).content.decode()
    assert triage.count(WHY_THESE) == 1
    panel = make_panel()
    seat_people(panel, world, ("chair", "coordinator"))
    meeting = make_meeting(panel)
    item = make_item(meeting, make_child(), viewer("coordinator"))
    meeting = publish(meeting, world)
    accept_all(meeting)
    for address in (reverse("panels:item", args=[meeting.pk, item.pk]), reverse("panels:meeting", args=[meeting.pk])):
        assert client_as("chair").get(address).content.decode().count(WHY_THESE) == 1, address


@pytest.mark.django_db
@pytest.mark.parametrize("grants", [1, 3])
def test_the_page_asks_the_same_however_many_grants_there_are(grants, world, client_as):
    child = make_child()
    for key in ("health", "police", "social_care")[:grants]:
        grant(child, world.agency(key))
    assert len(questions(client_as("nurse"), why(child))) == 10
