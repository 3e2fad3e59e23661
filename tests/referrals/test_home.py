"""What the home page says of notifications, to each of those who have to do with them."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from cases.clocks.services import sweep
from tests.factories.cases import make_child
from tests.factories.referrals import make_decision, make_match_question, make_notification
from tests.factories.world import World

pytestmark = pytest.mark.django_db
AsPerson = Callable[[str], Client]


def home(browser: Client) -> str:
    return browser.get("/").content.decode()


def test_triage_sees_what_is_late_and_what_waits(client_as: AsPerson, world: World, at: datetime) -> None:
    teacher = world.viewer("teacher")
    make_notification(teacher, given_name="Latecanary", sent_at=at - timedelta(days=9))
    make_notification(teacher, given_name="Freshcanary", sent_at=at - timedelta(minutes=5))
    sweep(at)
    text = home(client_as("triage"))
    assert "Notifications that are late" in text
    assert text.index("Latecanary") < text.index("Notifications to decide") < text.index("Freshcanary")


def test_a_referrer_sees_their_own_and_nobody_elses(client_as: AsPerson, world: World, at: datetime) -> None:
    mine = make_notification(world.viewer("teacher"), given_name="Owncanary", sent_at=at - timedelta(days=1))
    other = make_notification(world.viewer("nurse"), given_name="Othercanary", sent_at=at - timedelta(days=1))
    for notification in (mine, other):
        make_decision(notification, world.viewer("triage"), decided_at=at)
    text = home(client_as("teacher"))
    assert "Owncanary" in text
    assert "Complete the Risk Factor Matrix: Owncanary" in text
    assert "What became of what you sent" in text
    assert "Othercanary" not in text


def test_a_guardian_sees_questions_and_others_do_not(client_as: AsPerson, world: World, at: datetime) -> None:
    notification = make_notification(world.viewer("teacher"), sent_at=at - timedelta(days=1))
    make_match_question(notification, make_child(restricted=True))
    assert notification.reference in home(client_as("guardian"))
    assert "Is N-" not in home(client_as("triage"))
    assert "Is N-" not in home(client_as("socialworker"))


def test_a_manager_sees_levels_to_approve_on_files_that_are_open_to_them(
    client_as: AsPerson, world: World, at: datetime
) -> None:
    from tests.factories.cases import grant
    from tests.factories.risk import make_assessment, make_judgement

    seen, hidden = make_child(), make_child("Alex", "Fenwick")
    grant(seen, world.agency("specialist"))
    for child in (seen, hidden):
        assessment = make_assessment(child, world.viewer("keyworker"))
        make_judgement(
            assessment, world.viewer("keyworker"), judged_level="low", reason="Safe now.", needs_approval=True
        )
    text = home(client_as("manager"))
    assert f"Approve a level for {seen.reference}" in text
    assert hidden.reference not in text
    assert "Levels to approve" not in home(client_as("keyworker"))
