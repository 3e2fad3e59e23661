"""Rounds of alerts, each with a kill in its middle, and the account of what became of all of them."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from celery import Celery
from django.db import transaction

from accounts.selectors import now
from cases.clocks import services
from cases.clocks.models import Alert, OutboxMessage
from referrals.models import Notification
from tests.factories.referrals import make_notification
from tests.factories.world import World
from tests.kill import points
from tests.kill.processes import CONCURRENCY, Processes, wait_for

# What each subject must lead to, written down by hand: kind, step, function, and the people who serve in it.
LATE = [
    ("notification_decided", 1, "notification_point", ("triage",)),
    ("notification_decided", 2, "notification_point", ("triage",)),
    ("notification_decided", 2, "panel_office", ("chair", "coordinator")),
]
URGENT = [("urgent_notification", 1, "out_of_hours", ("out_of_hours",))]
SECONDS_OF_QUIET = 8


@dataclass(frozen=True)
class Kill:
    """One kill: where, of which processes, and after which passing of the point."""

    point: str
    victims: tuple[str, ...] = ("worker",)

    @property
    def in_mail(self) -> bool:
        return self.point.startswith("mail")

    @property
    def stands(self) -> str:
        return "beat" if self.point == points.RUNG else "worker"


WORKER_KILLS = [
    Kill(point)
    for point in (
        points.ACCEPTED, points.ALERTS_UNDER_WAY, points.MARKED, points.CLOCKS_STARTED, points.ALERTS_AHEAD,
        points.ALERTS_WRITTEN, points.MISSED_WRITTEN, points.SWEPT, points.SWEEP_DONE, points.CHOSEN, points.COMMITTED,
    )
]  # fmt: skip
BROKER_KILLS = [
    Kill(points.ACCEPTED, ("broker",)),
    Kill(points.RUNG, ("broker",)),
    Kill(points.ALERTS_WRITTEN, ("broker", "worker")),
]
# The first three are the short form.
PLAN = [WORKER_KILLS[0], BROKER_KILLS[0], WORKER_KILLS[1], BROKER_KILLS[1], *WORKER_KILLS[2:], BROKER_KILLS[2]]


@dataclass
class Account:
    """What was due and what came, over all rounds."""

    due: Counter[tuple[str, UUID, int, str]] = field(default_factory=Counter)
    mails_due: Counter[tuple[str, UUID, int, str]] = field(default_factory=Counter)
    in_app: Counter[tuple[str, UUID, int, str]] = field(default_factory=Counter)
    mails: Counter[tuple[str, UUID, int, str]] = field(default_factory=Counter)
    ids: dict[tuple[str, UUID, int, str], set[str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    kills: list[str] = field(default_factory=list)

    @property
    def sent_twice(self) -> int:
        return sum(count - 1 for count in self.mails.values())

    def check(self) -> None:
        """0 lost, 0 twice in the app; e-mails twice only with the same Message-ID, and no more than the worker had in
        hand at a kill."""
        assert self.kills
        lost = self.due - self.in_app
        assert not lost, f"{lost.total()} alerts lost in the app of {self.due.total()}"
        assert self.in_app == self.due, f"{(self.in_app - self.due).total()} alerts in the app twice or too many"
        never = self.mails_due.keys() - self.mails.keys()
        assert not never, f"{len(never)} e-mails lost of {self.mails_due.total()}"
        assert self.mails.keys() == self.mails_due.keys()
        assert self.unknown == []
        assert [key for key, found in self.ids.items() if len(found) > 1] == []
        assert self.sent_twice <= CONCURRENCY * len(self.kills)

    def words(self) -> str:
        return (
            f"{len(self.kills)} kills, {self.due.total()} alerts: {(self.due - self.in_app).total()} lost, "
            f"{(self.in_app - self.due).total()} twice in the app; {self.mails_due.total()} e-mails: "
            f"{len(self.mails_due.keys() - self.mails.keys())} lost, {self.sent_twice} came twice under one Message-ID"
        )


class Rounds:
    """Plays rounds of subjects that all become due at once, and keeps the account."""

    def __init__(self, processes: Processes, world: World, *, late: int, urgent: int) -> None:
        self.processes, self.world = processes, world
        self.late, self.urgent = late, urgent
        self.account = Account()

    def play(self, kill: Kill) -> None:
        """One round: some e-mails have gone out and some have not when the kill comes; then all must arrive."""
        before = len(self.processes.accepted())
        mails = 4 * self.late + self.urgent
        if kill.in_mail:
            self.processes.order(kill.point, mails // 3)
            subjects = self._make(self.late, self.urgent)
        else:
            first = self._make(self.late // 2, self.urgent // 2)
            part = max(3, len(first) // 2)
            wait_for("a first part", lambda: len(self.processes.accepted()) >= before + part, seconds=300)
            self.processes.order(kill.point, 1)
            subjects = first + self._make(self.late - self.late // 2, self.urgent - self.urgent // 2)
        self.processes.wait_until_it_stands_still(kill.stands, kill.point)
        sent = len({line["id"] for line in self.processes.accepted()[before:]})
        assert 0 < sent < mails, f"{kill.point}: {sent} of {mails} were sent, so that this kill proves nothing"
        self._kill(kill)
        self.account.kills.append(f"{' and '.join(kill.victims)} at {kill.point}: {sent} of {mails} sent")
        self._settle(subjects)

    def _kill(self, kill: Kill) -> None:
        for name in kill.victims:
            self.processes.kill(name)
        for name in kill.victims:
            self.processes.start(name)
        if kill.stands not in kill.victims:
            self.processes.go_on(kill.stands)
        if "worker" not in kill.victims:
            self.processes.connections += 1  # the worker that lived on must find the new broker

    def _make(self, late: int, urgent: int) -> list[UUID]:
        """Notifications that nobody has decided: some a fortnight old, some urgent and five minutes old."""
        at, teacher = now(), self.world.viewer("teacher")
        with transaction.atomic():
            old = [make_notification(teacher, sent_at=at - timedelta(days=14)) for _ in range(late)]
            new = [
                make_notification(teacher, sent_at=at - timedelta(minutes=5), immediate_danger=True)
                for _ in range(urgent)
            ]
        for rows, leads_to in ((old, LATE), (new, URGENT)):
            for row in rows:
                self._expect(row, leads_to)
        if self.processes.mode == "delay":
            self._send_by_delay()
        return [row.pk for row in (*old, *new)]

    def _expect(self, row: Notification, leads_to: list[tuple[str, int, str, tuple[str, ...]]]) -> None:
        for kind, step, function, people in leads_to:
            self.account.due[kind, row.pk, step, function] += 1
            self.account.mails_due.update((kind, row.pk, step, person) for person in people)

    def _send_by_delay(self) -> None:
        """The plain design: the alerts are written and committed, then a task is sent for each e-mail."""
        last = OutboxMessage.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        services.sweep(now())
        with Celery("producer", broker=self.processes.broker_url) as producer:
            for pk in OutboxMessage.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True):
                producer.signature("tests.kill.tell", args=[pk], app=producer).delay()

    def _settle(self, subjects: list[UUID]) -> None:
        """Wait until everything has arrived; people then take what is urgent, so that it climbs no further."""
        if self.processes.mode == "delay":
            self._wait_for_quiet()
        else:
            wait_for("all alerts and e-mails", self._is_complete, seconds=300)
        by, at = self.world.viewer("out_of_hours"), now()
        for subject in subjects:
            services.acknowledge_subject(kind="urgent_notification", subject_id=subject, at=at, by=by)

    def _is_complete(self) -> bool:
        time.sleep(0.1)
        return (
            len({line["id"] for line in self.processes.accepted()}) >= self.account.mails_due.total()
            and Alert.objects.count() >= self.account.due.total()
            and not OutboxMessage.objects.filter(sent_at=None).exists()
        )

    def _wait_for_quiet(self) -> None:
        """Until the worker is there again and nothing has come for some seconds."""
        self.processes.wait_until_the_worker_listens()
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < SECONDS_OF_QUIET:
            count = len(self.processes.accepted())
            if count != seen:
                seen, since = count, time.monotonic()
            time.sleep(0.1)

    def finish(self) -> Account:
        """Count what is in the app and what the mail server has."""
        rows = Alert.objects.values_list("kind", "subject_id", "step", "group__function__key")
        self.account.in_app = Counter(rows)
        known = {
            f"{row.message_id}": (row.alert.kind, row.alert.subject_id, row.alert.step, row.membership.user.username)
            for row in OutboxMessage.objects.select_related("alert", "membership__user")
        }
        for line in self.processes.accepted():
            key = known.get(line["id"].strip("<>").partition("@")[0])
            if key is None or line["to"] != [f"{key[3]}@harbour.example"]:
                self.account.unknown.append(line["id"])
                continue
            self.account.mails[key] += 1
            self.account.ids.setdefault(key, set()).add(line["id"])
        return self.account
