"""A notification that looks like a child from whom a conflict of interest keeps a triage worker.

Seen to fail before the conflict was asked for: the worker read the queue, the page, the numbers and the alerts, and
decided; and with every worker kept away nobody was asked.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from accounts.choices import FunctionKey
from accounts.models import User
from accounts.rules.refusals import NotKnown
from accounts.rules.viewers import Viewer
from cases.access.services import end_block
from cases.clocks.choices import AlertKind, ClockKind
from cases.clocks.models import Alert
from cases.clocks.selectors import count_open_alerts, open_alerts
from cases.clocks.services import start_ladder, sweep
from cases.record.models import Child
from referrals.models import MatchQuestion, Notification, TriageDecision
from referrals.selectors.triage import triage_summary, waiting_notifications
from referrals.services.triage_questions import ask_where_nobody_may_triage
from tests.factories.accounts import make_membership
from tests.factories.cases import block, grant, make_child
from tests.factories.referrals import make_decision, make_match_question, make_notification
from tests.factories.world import World
from tests.masking import masked
from tests.referrals.test_triage import answers, page
from tests.referrals.test_triage_decisions import decide

pytestmark = pytest.mark.django_db

BORN = date(2011, 5, 4)
QUEUE, DECIDED = "/triage/", "/triage/decided/"


def sent(world: World, **fields: Any) -> Notification:
    made = make_notification(world.viewer("teacher"), **{"birth_date": BORN, "immediate_danger": True, **fields})
    made.refresh_from_db()
    return made


def file_kept_from(world: World, *people: str, **fields: Any) -> Child:
    """A file that the notification point sees, but for some people with a conflict of interest."""
    child = make_child(**{"birth_date": BORN, **fields})
    grant(child, world.functions[FunctionKey.NOTIFICATION_POINT].group)
    for person in people:
        block(child, world.viewer(person), by=world.viewer("guardian"))
    return child


def told(viewer: Viewer, at: datetime) -> set[str]:
    return {alert.kind for alert in open_alerts(viewer, at=at)}


def test_it_was_never_there_for_the_worker_and_waits_for_a_colleague(
    world: World, at: datetime, client_as: Any, django_assert_num_queries: Any
) -> None:
    notification, other = sent(world, sent_at=at), sent(world, sent_at=at, given_name="Asha", family_name="Quill")
    file_kept_from(world, "triage")
    for one in (notification, other):
        start_ladder(kind=AlertKind.URGENT_NOTIFICATION, subject_id=one.pk, at=at)
    late = at + timedelta(hours=1)
    sweep(late)
    triage, duty = world.viewer("triage"), world.viewer("out_of_hours")
    assert [row.pk for row in waiting_notifications(triage, at=late).rows] == [other.pk]
    with django_assert_num_queries(9):
        summary = triage_summary(triage, at=late)
    assert (summary.waiting, summary.urgent, summary.late) == (1, 1, 1)
    assert (triage_summary(duty, at=late).waiting, triage_summary(duty, at=late).late) == (2, 2)
    assert {row.pk for row in waiting_notifications(duty, at=late).rows} == {notification.pk, other.pk}
    both = {AlertKind.URGENT_NOTIFICATION.value, ClockKind.URGENT_NOTIFICATION_DECIDED.value}
    assert (told(triage, late), told(duty, late)) == (both, both)
    assert (count_open_alerts(triage, at=late), count_open_alerts(duty, at=late)) == (2, 4)
    browser = client_as("triage")
    assert notification.reference not in browser.get(QUEUE).content.decode()
    never = browser.get(page(notification).replace(notification.reference, "N-222-2222"))
    for gone in (browser.get(page(notification)), browser.post(page(notification), answers(notification, world))):
        assert (gone.status_code, masked(gone.content)) == (404, masked(never.content))
    with pytest.raises(NotKnown):
        decide(world, notification, at)
    assert not TriageDecision.objects.exists()
    assert not MatchQuestion.objects.exists()
    assert client_as("out_of_hours").get(page(notification)).status_code == 200


@pytest.mark.parametrize(
    ("how", "kept"),
    [
        ("a possible match", True),
        ("on a file that was merged into the one that is like it", True),
        ("on the file that the one that is like it was merged into", True),
        ("on a file merged into the same", True),
        ("of somebody else", False),
        ("on another child", False),
        ("lifted", False),
        ("a guardian says that it is another child", False),
    ],
)
def test_whom_a_conflict_keeps_from_it(world: World, at: datetime, how: str, kept: bool) -> None:
    like = {"given_name": "Tessa"} if how == "a possible match" else {}
    child, stranger = file_kept_from(world, **like), {"given_name": "Zora", "family_name": "Quill", "birth_date": None}
    on, who = child, world.viewer("out_of_hours" if how == "of somebody else" else "triage")
    if how == "on a file that was merged into the one that is like it":
        on = make_child(merged_into=child, **stranger)
    if how == "on the file that the one that is like it was merged into":
        on = make_child(**stranger)
        Child.objects.filter(pk=child.pk).update(merged_into=on)
    if how == "on a file merged into the same":
        last = make_child(**stranger)
        on = make_child(merged_into=last, **stranger)
        Child.objects.filter(pk=child.pk).update(merged_into=last)
    if how == "on another child":
        on = make_child(**stranger)
    placed = block(on, who, by=world.viewer("guardian"))
    if how == "lifted":
        end_block(block_id=placed.pk, by=world.viewer("guardian"), at=at)
    notification = sent(world, given_name="Robin" if not like else "Teresa", sent_at=at)
    if how == "a guardian says that it is another child":
        said = {"same_child": False, "answered_by": world.membership("guardian"), "answered_at": at}
        make_match_question(notification, child, **said)
    rows = waiting_notifications(world.viewer("triage"), at=at + timedelta(minutes=1)).rows
    assert (notification.pk not in {row.pk for row in rows}) is kept


def test_what_was_declined_about_such_a_child_is_kept_too(world: World, at: datetime, client_as: Any) -> None:
    notification = sent(world, sent_at=at, status="decided")
    make_decision(notification, world.viewer("out_of_hours"), decided_at=at)
    browser = client_as("triage")
    assert notification.reference in browser.get(DECIDED).content.decode()
    file_kept_from(world, "triage")
    assert notification.reference not in browser.get(DECIDED).content.decode()
    assert browser.get(page(notification)).status_code == 404


def test_where_all_who_triage_are_kept_away_the_guardians_are_asked_once(world: World, at: datetime) -> None:
    notification = sent(world, sent_at=at)
    child, _ = file_kept_from(world, "triage"), sent(world, given_name="Asha", family_name="Quill", sent_at=at)
    assert ask_where_nobody_may_triage(at=at) == 0
    block(child, world.viewer("out_of_hours"), by=world.viewer("guardian"), at=at)
    left = make_membership(role="notification_point")
    User.objects.filter(pk=left.user_id).update(is_active=False)
    assert ask_where_nobody_may_triage(at=at) == 1
    assert ask_where_nobody_may_triage(at=at) == 0
    question = MatchQuestion.objects.get()
    assert (question.notification, question.child) == (notification, child)
    assert Alert.objects.get(kind=AlertKind.MATCH_QUESTION).subject_id == question.pk
