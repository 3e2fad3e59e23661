"""What the interview and out-of-hours teams were given before it had an end: the migration gives it one by the rule.

Seen to fail: every grant ran on.
"""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps

from accounts.choices import FunctionKey
from accounts.selectors import now
from cases.access.models import AccessGrant
from tests.factories.cases import grant, make_child
from tests.factories.missing import make_episode, make_interview, make_returned
from tests.factories.referrals import make_decision, make_notification

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
give_ends = import_module("cases.migrations.0019_an_end_for_older_grants").give_ends


def runs_until(world, child, function):
    """The ends of what runs tomorrow: None for no end."""
    group = world.functions[function].group
    return list(
        AccessGrant.objects.live(now() + DAY).filter(child=child, group=group).values_list("valid_until", flat=True)
    )


@pytest.mark.parametrize(
    ("state", "days_ago", "left"),
    [
        ("away", 0, "no end"),
        ("to_offer", 0, "no end"),
        ("written_up", 0, None),
        ("declined", 7, 21),
        ("declined", 30, None),
    ],
)
def test_the_interview_team_reads_while_something_is_owed(world, viewer, at, state, days_ago, left):
    child, by = make_child(), viewer("socialworker")
    grant(child, world.functions[FunctionKey.INTERVIEW_TEAM].group, reason="function", valid_from=at - 60 * DAY)
    if state == "away":
        make_episode(child, by)
    else:
        held = {"held_at": at, "held_by": world.membership("interviewer"), "independent": True}
        returned = make_returned(child, by, last_seen_at=at - 40 * DAY)
        interview = make_interview(returned, by, clock=False, state=state, **(held if state == "written_up" else {}))
        said_at = at - days_ago * DAY
        interview.steps.create(
            child=child, kind="declined", happened_at=said_at, recorded_at=said_at, category="interview",
            author_id=by.user_id, author_membership_id=by.membership_id, agency_id=by.agency_id,
        )  # fmt: skip
    give_ends(apps, None)
    ends = runs_until(world, child, FunctionKey.INTERVIEW_TEAM)
    expected = {"no end": [None], None: []}.get(left) if left in ("no end", None) else [at + left * DAY]
    assert ends == expected
    give_ends(apps, None)
    assert runs_until(world, child, FunctionKey.INTERVIEW_TEAM) == expected


@pytest.mark.parametrize(("days_ago", "left"), [(10, 18), (30, None)])
def test_the_out_of_hours_team_reads_for_28_days_from_the_decision(world, viewer, at, days_ago, left):
    child, decided_at = make_child(), at - days_ago * DAY
    grant(child, world.functions[FunctionKey.OUT_OF_HOURS].group, reason="function", valid_from=at - 60 * DAY)
    standing = grant(child, world.functions[FunctionKey.NOTIFICATION_POINT].group, reason="function")
    urgent = {"child": child, "immediate_danger": True, "status": "decided"}
    notification = make_notification(viewer("teacher"), sent_at=decided_at, **urgent)
    make_decision(notification, viewer("triage"), decided_at=decided_at)
    give_ends(apps, None)
    assert runs_until(world, child, FunctionKey.OUT_OF_HOURS) == ([at + left * DAY] if left else [])
    standing.refresh_from_db()
    assert standing.ended_at is None
