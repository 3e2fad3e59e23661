"""What was told of while it happened: every rung that lies in the past, with its e-mails, and who took what.

Without it the first sweep would find eighteen months of rungs at once, and tell people now of what was late then.
"""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import F

from accounts.rules.viewers import Viewer
from cases.clocks.choices import AlertKind, ClockKind, ClockState
from cases.clocks.models import Alert, Clock, OutboxMessage
from cases.clocks.rules import LADDERS
from cases.clocks.selectors import definition_of, may_be_told, pages_of
from cases.clocks.services import AlertNotYours, acknowledge_alert
from cases.clocks.services.running import climb_clocks
from cases.clocks.services.sweeping import climb_events
from config.demo.texts import stream
from config.demo.times import day_of, in_office_hours

if TYPE_CHECKING:
    from config.demo.seeding import Setting

Taking = tuple[UUID, Viewer]
# Somebody takes what they were told of, most of the time; what is urgent this morning waits for a visitor to take it.
TAKEN = 0.8
NOT_YET_TAKEN = {AlertKind.URGENT_NOTIFICATION.value, ClockKind.URGENT_NOTIFICATION_DECIDED.value}
DELIVERED_IN = timedelta(seconds=8)


def tell_history(setting: Setting) -> None:
    """Raise every rung that was reached before today at the moment it was reached, and let most of them be taken."""
    moments: list[tuple[datetime, int, Taking | None]] = [(at, 0, None) for at in sorted(_rungs(setting.until))]
    pushed = 0
    while moments:
        at, _, taking = heapq.heappop(moments)
        if taking is not None:
            _take(taking, at=at)
            continue
        for kind in LADDERS:
            climb_events(kind, at)
        climb_clocks(at)
        for taken_at, later in _taken_later(setting, at=at):
            pushed += 1
            heapq.heappush(moments, (taken_at, pushed, later))
    unsent = OutboxMessage.objects.filter(sent_at=None, next_try_at__lt=setting.until)
    unsent.update(sent_at=F("next_try_at") + DELIVERED_IN)


def _rungs(until: datetime) -> set[datetime]:
    """When each rung of what still waits was reached, as far as that was before today."""
    clocks = Clock.objects.filter(state=ClockState.RUNNING).select_related("definition")
    reached = {clock.due_at + rung.after_due for clock in clocks for rung in definition_of(clock.definition).rungs}
    waiting = Alert.objects.filter(clock=None, step=1, acknowledged_at=None).values_list("kind", "raised_at")
    reached |= {raised_at + step.after for kind, raised_at in waiting for step in LADDERS[AlertKind(kind)][1:]}
    return {at for at in reached if at < until}


def _taken_later(setting: Setting, *, at: datetime) -> Iterator[tuple[datetime, Taking]]:
    """Who of those who can deal with it takes what was raised at an instant, and when; nothing for what nobody has
    taken before today.

    The dice are thrown by what an alert is about, not by its place in a list, so that keys drawn anew change nothing.
    """
    rows = OutboxMessage.objects.filter(alert__raised_at=at, alert__acknowledged_at=None)
    rows = rows.exclude(alert__kind__in=NOT_YET_TAKEN).select_related("alert__clock", "membership__user")
    told: dict[UUID, dict[str, UUID]] = defaultdict(dict)
    stands = {}
    for row in rows:
        alert, name = row.alert, row.membership.user.username
        stands[alert.subject_id] = (alert.kind, alert.step, alert.clock.due_at if alert.clock else alert.raised_at)
        viewer = setting.world.viewers[name]
        acts = setting.world.members[name].pk == row.membership_id and may_be_told(viewer, alert, at=at)
        pages = pages_of([alert], viewer, at=at) if acts else {}
        if any(page.href and page.may_take for page in pages.values()):
            told[alert.subject_id][name] = alert.pk
    for subject_id, alerts in told.items():
        rng = stream(setting.seed, "taken", *stands[subject_id])
        name, taken_at = rng.choice(sorted(alerts)), _next_office_hour(rng, at)
        if rng.random() < TAKEN and taken_at < setting.until:
            yield taken_at, (alerts[name], setting.world.viewers[name])


def _next_office_hour(rng: random.Random, at: datetime) -> datetime:
    day = day_of(at)
    while (found := in_office_hours(rng, day)) <= at:
        day += timedelta(days=1)
    return found


def _take(taking: Taking, *, at: datetime) -> None:
    """Take an alert, unless a colleague who was told by another rung was first, or the file has closed meanwhile."""
    alert_id, by = taking
    if Alert.objects.filter(pk=alert_id, acknowledged_at=None).exists():
        with suppress(AlertNotYours):
            acknowledge_alert(alert_id=alert_id, at=at, by=by)
