"""Small invented worlds to count in: planned in plain Python, written to the database in a few statements.

The plan is what the brute force counts. Times lie on and around the edges of the period that is counted.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from cases.access.choices import Category
from cases.record.choices import RiskLevel, SpellEnd
from cases.record.models import Child, Spell
from missing.models import MissingEpisode, ReturnInterview
from referrals.choices import TriageOutcome, TriageReason
from referrals.models import Notification, TriageDecision
from reporting.rules.periods import Period
from tests.factories.cases import provenance
from tests.factories.world import World

TICK = timedelta(microseconds=1)
JUDGED = [level for level in RiskLevel.values if level != RiskLevel.NOT_ASSESSED]
# Quarters, half years and odd days; some begin, end or lie just beside the nights when the clocks change.
PERIODS = (
    Period(date(2026, 1, 1), date(2026, 3, 31)),
    Period(date(2025, 4, 1), date(2025, 9, 30)),
    Period(date(2026, 3, 29), date(2026, 5, 10)),
    Period(date(2026, 2, 20), date(2026, 3, 28)),
    Period(date(2026, 2, 20), date(2026, 3, 29)),
    Period(date(2025, 9, 1), date(2025, 10, 25)),
    Period(date(2025, 9, 1), date(2025, 10, 26)),
    Period(date(2025, 10, 26), date(2025, 12, 3)),
)


@dataclass
class PlannedChild:
    """A file, its spells as (first day, first day no longer), and its levels as (when judged, level), oldest first."""

    spells: list[tuple[date, date | None]] = field(default_factory=list)
    levels: list[tuple[datetime, str]] = field(default_factory=list)
    provisional: bool = False
    restricted: bool = False
    merged_into: PlannedChild | None = None
    pk: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass
class PlannedNotification:
    """When a notification was sent, by whom, about which file if any; and whether it was declined as known."""

    sent_at: datetime
    person: str
    child: PlannedChild | None
    declined: bool


@dataclass
class PlannedEpisode:
    """One time missing, absent or away; when it ended and how; its interview, where there is one."""

    child: PlannedChild
    kind: str
    last_seen_at: datetime
    returned_at: datetime | None = None
    closed_at: datetime | None = None
    has_interview: bool = False
    held_at: datetime | None = None
    not_needed: str = ""
    covers: PlannedEpisode | None = None


@dataclass
class Plan:
    """A world, the period to count it for, and the instant of counting interviews: sometimes soon after the period."""

    period: Period
    children: list[PlannedChild]
    notifications: list[PlannedNotification]
    episodes: list[PlannedEpisode]
    as_at: datetime


def instants_around(period: Period, draw: random.Random) -> datetime:
    """An instant on an edge of the period or of the one before, or a little beside it, or anywhere near."""
    edges = [period.start, period.end, period.before.start]
    steps = [timedelta(0), TICK, -TICK, timedelta(minutes=30), timedelta(minutes=-30), timedelta(hours=-1)]
    if draw.random() < 0.5:
        return draw.choice(edges) + draw.choice(steps)
    reach = (period.end - period.before.start) + timedelta(days=20)
    return period.before.start - timedelta(days=10) + reach * draw.random()


def day_around(period: Period, draw: random.Random) -> date:
    edges = [period.first, period.last, period.before.last, period.before.first]
    return draw.choice(edges) + timedelta(days=draw.choice([-200, -30, -1, 0, 1, 2, 30]))


def plan_world(seed: int, people: list[str]) -> Plan:
    draw = random.Random(seed)
    period = PERIODS[seed % len(PERIODS)]
    children = [_child(period, draw) for _ in range(draw.randint(3, 14))]
    for child in children[3:]:
        if draw.random() < 0.2:
            child.merged_into = draw.choice(children[:3])
    few = draw.sample(people, k=draw.randint(1, 5))
    notifications = [
        PlannedNotification(
            instants_around(period, draw),
            draw.choice(few),
            draw.choice([None, *children]),
            draw.random() < 0.3,
        )
        for _ in range(draw.randint(0, 25))
    ]
    for again in draw.sample(notifications, k=min(3, len(notifications))):
        # The same worker presses twice, an hour apart or at once: two notifications of one concern.
        notifications.append(PlannedNotification(again.sent_at, again.person, again.child, True))
    soon = period.end + timedelta(hours=draw.choice([0, 1, 24, 71, 200, 2000]))
    episodes = [episode for child in children for episode in _episodes(child, period, draw)]
    return Plan(period, children, notifications, episodes, soon)


def _episodes(child: PlannedChild, period: Period, draw: random.Random) -> list[PlannedEpisode]:
    """Times that one child was away, one after another; after some returns an interview, held or not."""
    instants = sorted({instants_around(period, draw) for _ in range(draw.choice([0, 1, 2, 4, 6, 8]))})
    episodes: list[PlannedEpisode] = []
    while instants:
        episode = PlannedEpisode(child, draw.choice(["missing", "missing", "absent", "away"]), instants.pop(0))
        episodes.append(episode)
        if not instants:
            break
        over_at = instants.pop(0)
        if not instants and draw.random() < 0.3:
            episode.closed_at = over_at
            break
        episode.returned_at = over_at
        _interview(episode, episodes[-2] if len(episodes) > 1 else None, draw)
    return episodes


def _interview(episode: PlannedEpisode, earlier: PlannedEpisode | None, draw: random.Random) -> None:
    assert episode.returned_at is not None
    episode.has_interview = draw.random() < 0.75
    if not episode.has_interview:
        return
    fate = draw.choice(["held", "held", "held", "waits", "deceased", "moved", "missing_again", "other"])
    if fate in ("held", "waits"):
        after = [timedelta(hours=72), timedelta(hours=72) + TICK, timedelta(0), timedelta(hours=70), timedelta(days=9)]
        episode.held_at = episode.returned_at + draw.choice(after) if fate == "held" else None
    else:
        episode.not_needed = fate
    if episode.held_at and earlier and earlier.has_interview and earlier.held_at is None and not earlier.not_needed:
        # One conversation about both returns.
        earlier.held_at, episode.covers = episode.held_at, earlier


def _child(period: Period, draw: random.Random) -> PlannedChild:
    child = PlannedChild(restricted=draw.random() < 0.2)
    days = sorted({day_around(period, draw) for _ in range(draw.choice([0, 1, 2, 2, 3, 4]))})
    while days:
        start = days.pop(0)
        child.spells.append((start, days.pop(0) if days else None))
    instants = sorted({instants_around(period, draw) for _ in range(draw.choice([0, 1, 1, 2, 3]))})
    child.levels = [(at, draw.choice(JUDGED)) for at in instants]
    child.provisional = not child.levels and draw.random() < 0.4
    return child


def write(plan: Plan, world: World) -> None:
    """The plan as rows: files with their history, spells, notifications with their decisions."""
    worker = world.viewer("socialworker")
    Child.objects.bulk_create(
        Child(
            pk=child.pk,
            given_name="Robin",
            family_name="Ashdown",
            restricted=child.restricted,
            level=RiskLevel.HIGH if child.provisional else RiskLevel.NOT_ASSESSED,
        )
        for child in plan.children
    )
    for number in range(max((len(child.levels) for child in plan.children), default=0)):
        # One judgement after another, so that each leaves its row in the history.
        rows = [
            Child(pk=child.pk, level=child.levels[number][1], level_judged_at=child.levels[number][0])
            for child in plan.children
            if number < len(child.levels)
        ]
        Child.objects.bulk_update(rows, ["level", "level_judged_at"])
    merged = [Child(pk=c.pk, merged_into_id=c.merged_into.pk) for c in plan.children if c.merged_into is not None]
    if merged:
        Child.objects.bulk_update(merged, ["merged_into"])
    Spell.objects.bulk_create(
        Spell(
            child_id=child.pk,
            started_on=start,
            ended_on=end,
            end_reason=SpellEnd.SAFER if end else "",
            **provenance(worker),
        )
        for child in plan.children
        for start, end in child.spells
    )
    _write_notifications(plan, world)
    _write_episodes(plan, world)


def _write_episodes(plan: Plan, world: World) -> None:
    worker = world.viewer("officer")
    early = plan.period.before.start - timedelta(days=400)
    rows = MissingEpisode.objects.bulk_create(
        MissingEpisode(
            child_id=each.child.pk,
            kind=each.kind,
            state="returned" if each.returned_at else "closed" if each.closed_at else "open",
            last_seen_at=each.last_seen_at,
            reported_at=each.last_seen_at,
            returned_at=each.returned_at,
            return_method="alone" if each.returned_at else "",
            closed_at=each.closed_at,
            closing_reason="Turned 18." if each.closed_at else "",
            recorded_at=early,
            **provenance(worker, Category.MISSING),
        )
        for each in plan.episodes
    )
    written = dict(zip(map(id, plan.episodes), rows, strict=True))
    interviews = ReturnInterview.objects.bulk_create(
        ReturnInterview(
            child_id=each.child.pk,
            episode=written[id(each)],
            returned_at=each.returned_at,
            state="written_up" if each.held_at else "not_needed" if each.not_needed else "offered",
            held_at=each.held_at,
            held_by=world.membership("interviewer") if each.held_at else None,
            independent=bool(each.held_at),
            not_needed_reason=each.not_needed,
            **provenance(worker, Category.INTERVIEW),
        )
        for each in plan.episodes
        if each.has_interview
    )
    by_episode = {row.episode_id: row for row in interviews}
    for each in plan.episodes:
        if each.covers is not None:
            covered = by_episode[written[id(each.covers)].pk]
            covered.outcome, covered.covered_by = "combined", by_episode[written[id(each)].pk]
            covered.save(update_fields=["outcome", "covered_by"])


def _write_notifications(plan: Plan, world: World) -> None:
    sent = Notification.objects.bulk_create(
        Notification(
            referrer_id=world.user(each.person).pk,
            membership=world.membership(each.person),
            agency_id=world.membership(each.person).agency_id,
            sent_at=each.sent_at,
            given_name="Robin",
            concerns=["sexual"],
            concern="Was seen with adults nobody knows.",
            immediate_danger=False,
            child_told="yes",
            child_agreement="agrees",
            parents_told="yes",
            parents_agreement="agrees",
            referrer_telephone="01632 960 000",
            child_id=each.child.pk if each.child else None,
        )
        for each in plan.notifications
    )
    TriageDecision.objects.bulk_create(
        TriageDecision(
            notification=row,
            outcome=TriageOutcome.DECLINE,
            reason=TriageReason.ALREADY_OPEN,
            rationale="The same concern is being worked on.",
            message_to_referrer="This is being worked on already.",
            decided_by=world.membership("triage"),
            decided_at=row.sent_at + timedelta(hours=2),
        )
        for row, each in zip(sent, plan.notifications, strict=True)
        if each.declined
    )
