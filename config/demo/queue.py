"""Notifications beside those that opened a file: joined, passed on, declined, and those that wait today."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from accounts.rules.roles import Capability
from cases.record.choices import HarmStatus
from config.demo.children import HISTORY_DAYS, ChildPlan, differently_writable, plan_children, written_otherwise
from config.demo.deciding import decide, decided_at_of
from config.demo.life import Life
from config.demo.notifications import as_stranger, send
from config.demo.scores import Course
from config.demo.texts import stream
from config.demo.times import day_of, in_office_hours, on_day
from referrals.choices import TriageOutcome
from referrals.models import Notification

if TYPE_CHECKING:
    from config.demo.seeding import Setting

# For each 240 files; a handful at least.
ELSEWHERE = {
    TriageOutcome.EARLY_HELP: 22,
    TriageOutcome.INFORMATION_ONLY: 14,
    TriageOutcome.DECLINE: 11,
}
JOINED = 26
WAITING = 9
SENDERS = (
    "teacher",
    "nurse",
    "officer",
    "interviewer",
    "housing",
    "youth.worker",
    "emergency",
    "early.help",
    "outsider",
)


def fill_queue(lives: dict[int, Life], setting: Setting) -> None:
    """Write every notification that opened no file."""
    _joined(lives, setting)
    _elsewhere(setting, scale=len(lives) / 240)
    _waiting(lives, setting)


def _joined(lives: dict[int, Life], setting: Setting) -> None:
    """A second agency notifies a child whose file is open, often under another spelling."""
    rng = stream(setting.seed, "joined")
    long_open = [
        life for life in lives.values() if life.plan.closed_on is None and (life.until - life.opened_at).days > 20
    ]
    for life in rng.sample(long_open, k=min(len(long_open), max(2, round(JOINED * len(lives) / 240)))):
        plan = written_otherwise(rng, life.plan) if rng.random() < 0.5 else life.plan
        plan = as_stranger(plan, source=rng.choice(SENDERS[:7]), number=life.plan.number)
        days = rng.randint(5, (life.until - life.opened_at).days - 4)
        at = in_office_hours(rng, day_of(life.opened_at) + timedelta(days=days))
        sent = _send(plan, setting, rng, at)
        decided_at = decided_at_of(at, rng, urgent=sent.urgent, until=setting.until)
        decide(
            plan=plan,
            notification=sent,
            outcome=TriageOutcome.ACCEPT_JOINED,
            world=setting.world,
            rng=rng,
            at=decided_at,
            by="triage",
            joined=life.child,
        )


def _elsewhere(setting: Setting, *, scale: float) -> None:
    """Children whom the notification point passed on or gave advice about: they have no file."""
    rng = stream(setting.seed, "elsewhere")
    wanted = [outcome for outcome, number in ELSEWHERE.items() for _ in range(max(1, round(number * scale)))]
    strangers = plan_children(count=len(wanted), seed=setting.seed + 7_001, today=setting.until.date())
    for outcome, plan in zip(wanted, strangers, strict=True):
        plan.harm = HarmStatus.VULNERABLE
        at = in_office_hours(rng, setting.until.date() - timedelta(days=rng.randint(6, HISTORY_DAYS)))
        sent = _send(plan, setting, rng, at)
        decided_at = decided_at_of(at, rng, urgent=sent.urgent, until=setting.until)
        decide(
            plan=plan,
            notification=sent,
            outcome=outcome,
            world=setting.world,
            rng=rng,
            at=decided_at,
            by="triage.second",
        )


def _waiting(lives: dict[int, Life], setting: Setting) -> None:
    """What waits this morning: likely matches, a stranger or two, and one that cannot wait."""
    rng = stream(setting.seed, "waiting")
    today = setting.until.date()
    known = [life.plan for life in lives.values() if life.plan.closed_on is None]
    alike = differently_writable(known)
    rng.shuffle(alike)
    strangers = plan_children(count=WAITING, seed=setting.seed + 9_002, today=today)
    for number in range(WAITING):
        plan = strangers[number]
        if number < 4 and number < len(alike):
            plan = written_otherwise(rng, alike[number])
        urgent = number == 0
        plan = as_stranger(plan, source="officer" if urgent else SENDERS[number % len(SENDERS)], number=900 + number)
        _send(
            plan, setting, rng, _yesterday_or_before(rng, today, number, urgent=urgent), danger=urgent, calm=not urgent
        )


def _yesterday_or_before(rng: random.Random, today: date, number: int, *, urgent: bool) -> datetime:
    if urgent:
        return on_day(today - timedelta(days=1), 22, 40)
    return on_day(today - timedelta(days=1 + number // 3), rng.randint(8, 17), rng.randrange(0, 60, 5))


def _send(
    plan: ChildPlan, setting: Setting, rng: random.Random, at: datetime, *, danger: bool = False, calm: bool = False
) -> Notification:
    course = Course(rng, plan)
    if calm:
        course.strength, plan.harm = min(course.strength, 7), HarmStatus.SUSPECTED
    with_matrix = plan.source in setting.world.who_may(Capability.NOTIFY) and rng.random() < 0.7
    return send(
        plan=plan,
        world=setting.world,
        rng=rng,
        at=at,
        tool=setting.tool if with_matrix else None,
        answers=course.at_notification(),
        danger=danger,
    )
