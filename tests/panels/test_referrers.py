"""What a referrer is told of the panel: a kind sentence, never the reasons, and nothing where it must stay hidden."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases.record.models import Child
from panels.rules.outcomes import FOLLOWED
from panels.services import meetings
from referrals.models import Notification, TriageDecision
from tests.factories.cases import block
from tests.factories.panels import decide, make_item, open_quorate, publish
from tests.factories.referrals import make_notification

pytestmark = pytest.mark.django_db


@pytest.fixture
def referred(world, viewer, child_of, at) -> Notification:
    """A notification about a child that triage has accepted."""
    child = child_of("Robin")
    made = make_notification(viewer("teacher"), given_name="Robin", child=child, status="decided")
    TriageDecision.objects.create(
        notification=made,
        outcome="accept_joined",
        reason="indicators_present",
        rationale="Known to us already.",
        message_to_referrer="Thank you for telling us.",
        lead=world.membership("socialworker"),
        decided_by=world.membership("triage"),
        decided_at=at - timedelta(hours=1),
    )
    return made


def page(client_as, notification) -> str:
    answer = client_as("teacher").get(f"/notify/sent/{notification.reference}/")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def held(referred, meeting, world, viewer, at):
    """The panel has decided, and the meeting is still open."""
    item = make_item(meeting, referred.child, viewer("coordinator"))
    publish(meeting, world, at=at)
    opened = open_quorate(meeting, world, at=at)
    decide(item, viewer("chair"), at=at, rationale="CANARY-rationale for the panel.")
    return opened


def test_the_outcome_is_told_in_kind_words_once_the_meeting_has_closed(referred, held, client_as, viewer, at):
    assert FOLLOWED not in page(client_as, referred)
    meetings.close_meeting(meeting=held, deferred={}, at=at, by=viewer("chair"))
    words = page(client_as, referred)
    assert FOLLOWED in words
    assert "CANARY" not in words
    assert "Continue" not in words
    assert referred.child.reference not in words


def test_nothing_is_told_of_a_restricted_file_or_to_somebody_blocked(referred, held, client_as, viewer, at):
    meetings.close_meeting(meeting=held, deferred={}, at=at, by=viewer("chair"))
    Child.objects.filter(pk=referred.child_id).update(restricted=True)
    assert "panel" not in page(client_as, referred).lower()
    Child.objects.filter(pk=referred.child_id).update(restricted=False)
    assert FOLLOWED in page(client_as, referred)
    block(referred.child, viewer("teacher"), by=viewer("guardian"))
    assert FOLLOWED not in page(client_as, referred)


def test_what_the_panel_decided_before_the_notification_is_not_told(referred, held, client_as, viewer, at):
    meetings.close_meeting(meeting=held, deferred={}, at=at, by=viewer("chair"))
    later = make_notification(viewer("teacher"), given_name="Robin", child=referred.child, status="decided")
    TriageDecision.objects.create(
        notification=later,
        outcome="accept_joined",
        reason="indicators_present",
        rationale="Known to us already.",
        message_to_referrer="Thank you for telling us.",
        lead=referred.decision.lead,
        decided_by=referred.decision.decided_by,
        decided_at=at + timedelta(minutes=1),
    )
    assert FOLLOWED not in page(client_as, later)
