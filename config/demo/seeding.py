"""Writes the whole demo in one transaction, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import pghistory
from django.db import connection, transaction
from django.utils import timezone
from tqdm import tqdm

from accounts.rules.dates import LONDON
from accounts.selectors.kept import keeping_lookups
from cases.access.services import projecting_later
from cases.record.models import Child
from config.demo.account_life import live_accounts, look_after_accounts
from config.demo.agencies import make_agencies, make_functions
from config.demo.agreements import agree
from config.demo.apart import set_apart
from config.demo.asking import ask_about_restricted
from config.demo.children import ChildPlan, plan_children
from config.demo.circle import lead_of
from config.demo.conflicts import write_conflicts
from config.demo.copying import Say
from config.demo.crowd import Crowd, write_crowd
from config.demo.deciding import decide, decided_at_of, outcome_for
from config.demo.digests import go_through_weeks
from config.demo.emergency import write_emergencies
from config.demo.life import Life
from config.demo.looking import write_looks
from config.demo.matrix import propose_a_change
from config.demo.missing import missing_today
from config.demo.narratives import Teller
from config.demo.notifications import send, sent_at_of
from config.demo.panel import hold_meetings, publish_next
from config.demo.people import World, make_people
from config.demo.queue import fill_queue
from config.demo.record import write_facts
from config.demo.reports import ask_for_reports
from config.demo.scores import Course
from config.demo.shares import write_shares
from config.demo.systems import make_systems
from config.demo.telling import tell_history
from config.demo.texts import stream
from config.demo.timeline import plan_life
from risk.selectors import InForce, tool_in_force

T = TypeVar("T")
# So many children's lives are told event by event; whoever asks for more gets the rest as a crowd.
TOLD = 240


class AlreadyThere(Exception):
    """The database holds children or users already: the demo is written into an empty one alone."""


@dataclass
class Seeded:
    """What was written: the partnership, each child's life by the number of its plan, and how many in the crowd."""

    world: World
    lives: dict[int, Life] = field(default_factory=dict)
    crowd: int = 0


@dataclass(frozen=True)
class Setting:
    """What every part of the demo is made from."""

    seed: int
    until: datetime
    world: World
    tool: InForce
    show: bool


def seed_demo(
    *, children: int, seed: int, at: datetime, told: int = TOLD, say: Say | None = None, show_progress: bool = False
) -> Seeded:
    """Write agencies, people and `children` files before the day of `at`, the first `told` with their eighteen months
    of history event by event, the rest as rows.

    The same seed on the same day writes the same content. Raises AlreadyThere where there are children or users.
    """
    until = timezone.localtime(at, LONDON).replace(hour=0, minute=0, second=0, microsecond=0)
    with transaction.atomic(), pghistory.context(user=None, reason="demo data"):
        refuse_a_used_database()
        with without_savepoints(), projecting_later(at=at), keeping_lookups():
            seeded = _tell_lives(min(children, told), seed, until, show_progress)
        if children > told:
            seeded.crowd = children - told
            crowd = Crowd(first=told, count=seeded.crowd, seed=seed, until=until)
            write_crowd(crowd, seeded.world, at=at, say=say or (lambda _: None))
    return seeded


def _tell_lives(children: int, seed: int, until: datetime, show_progress: bool) -> Seeded:
    """The partnership, its children, and everything that the demo shows."""
    world = make_partnership(until=until)
    make_systems(world, today=until.date())
    propose_a_change(world, today=until.date())
    live_accounts(world, until=until)
    setting = Setting(seed, until, world, tool_in_force(on=until.date()), show_progress)
    seeded = Seeded(world)
    plans = plan_children(count=children, seed=seed, today=until.date())
    for plan in _shown(plans, "Children", show_progress):
        seeded.lives[plan.number] = _write_child(plan, setting)
    fill_queue(seeded.lives, setting)
    hold_meetings(setting)
    set_apart(seeded.lives, setting)
    missing_today(seeded.lives)
    publish_next(seeded.lives, setting)
    ask_for_reports(setting)
    write_emergencies(seeded.lives, setting)
    write_conflicts(seeded.lives, setting)
    ask_about_restricted(seeded.lives, setting)
    write_shares(seeded.lives, setting)
    write_looks(seeded.lives, setting)
    go_through_weeks(setting)
    look_after_accounts(world, until=until)
    tell_history(setting)
    return seeded


def make_partnership(*, until: datetime) -> World:
    """The agencies, their people, and what they have agreed."""
    functions = make_functions()
    world = make_people(agencies=make_agencies(), functions=functions, today=until.date())
    agree(world, today=until.date())
    return world


@contextmanager
def without_savepoints() -> Iterator[None]:
    """Spare two statements for each service call: here everything is written, or nothing."""
    before = connection.features.uses_savepoints
    connection.features.uses_savepoints = False
    try:
        yield
    finally:
        connection.features.uses_savepoints = before


def refuse_a_used_database() -> None:
    """Raises AlreadyThere where a file has been opened or an agency written: nothing is ever seeded over work."""
    from accounts.models import Agency

    if Child.objects.exists() or Agency.objects.exists():
        raise AlreadyThere


def _write_child(plan: ChildPlan, setting: Setting) -> Life:
    """One child from the notification to today."""
    rng, world = stream(setting.seed, "life", plan.number), setting.world
    course = Course(rng, plan)
    sent_at = sent_at_of(plan, rng, until=setting.until)
    notification = send(
        plan=plan,
        world=world,
        rng=rng,
        at=sent_at,
        tool=setting.tool if rng.random() < 0.72 else None,
        answers=course.at_notification(),
        danger=rng.random() < 0.05,
    )
    decided_at = decided_at_of(sent_at, rng, urgent=notification.urgent, until=setting.until)
    lead = lead_of(plan, rng)
    triage = rng.choice(["triage", "triage", "triage.second"])
    decision = decide(
        plan=plan,
        notification=notification,
        outcome=outcome_for(plan, lead, rng),
        world=world,
        rng=rng,
        at=decided_at,
        by=triage,
        lead=lead.username,
    )
    child = decision.notification.child
    assert child is not None
    life = Life(plan, child, world, rng, decided_at, setting.until, Teller(rng, plan.called))
    life.accepted()
    write_facts(life, by=triage)
    plan_life(life, lead=lead.username, tool=setting.tool, course=course)
    life.run()
    return life


def _shown(items: list[T], label: str, show: bool) -> Iterable[T]:
    return tqdm(items, desc=label, unit="file", disable=None if show else True)
