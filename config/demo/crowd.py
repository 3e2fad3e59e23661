"""The many children beyond those whose lives are told: drawn like them, and written as rows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from cases.access.choices import Category, GrantReason
from cases.access.services import STANDING_FUNCTIONS
from cases.record.choices import EntryKind, HarmStatus, InvolvementRole, RiskLevel, Source, SpellEnd
from cases.record.models import Child
from config.demo.children import ChildPlan, plan_children
from config.demo.circle import Part, lead_of, others_of
from config.demo.copying import Say, bared, history_of, write_history
from config.demo.filing import MODELS, REFERENCES, File, Filing, Given, Told, new_id, reference_of
from config.demo.narratives import Teller
from config.demo.people import World
from config.demo.record import other_names
from config.demo.texts import stream, weighted, words
from config.demo.times import day_of, on_day

AT_ONCE, SAID_AFTER = 2_000, 50_000
CLOSED = "Casework ended"
LEVELS: dict[HarmStatus, dict[RiskLevel, float]] = {
    HarmStatus.VULNERABLE: {RiskLevel.NONE_IDENTIFIED: 25, RiskLevel.LOW: 70, RiskLevel.MEDIUM: 5},
    HarmStatus.SUSPECTED: {RiskLevel.LOW: 20, RiskLevel.MEDIUM: 60, RiskLevel.HIGH: 20},
    HarmStatus.KNOWN: {RiskLevel.MEDIUM: 25, RiskLevel.HIGH: 75},
}
REVIEW_DAYS = {RiskLevel.HIGH: 28}
USUAL_REVIEW_DAYS = 42


@dataclass(frozen=True)
class Crowd:
    """How many more files, which number the first of them has, and what they are drawn from."""

    first: int
    count: int
    seed: int
    until: datetime


def write_crowd(crowd: Crowd, world: World, *, at: datetime, say: Say) -> None:
    """Write the files of a crowd with who works on them, what happened, who may see them and their history.

    Part of the transaction that it is called in. No more than 5,000 files are held in memory at a time.
    """
    with connection.cursor() as cursor:
        filled = [*MODELS, *history_of(MODELS).values()]
        with bared(cursor, filled, say=say):
            fill(cursor, crowd, world, at=at, say=say)
            write_history(cursor, MODELS, say=say)


def settle(*, say: Say) -> None:
    """Count and clean the tables of a crowd that is committed, as the database would in its own time."""
    with connection.cursor() as cursor:
        for model in (*MODELS, *history_of(MODELS).values()):
            say(f"Cleaning {model._meta.db_table}")
            cursor.execute(f'VACUUM (ANALYZE) "{model._meta.db_table}"')


def fill(cursor: Any, crowd: Crowd, world: World, *, at: datetime, say: Say) -> None:
    """Copy the rows of a crowd alone: on tables with their triggers those write the history themselves."""
    filing = Filing(cursor, rng=stream(crowd.seed, "crowd"), at=at)
    groups = [agency.group_id for agency in world.agencies.values()]
    groups += [function.group_id for function in world.functions.values()]
    filing.know(group_ids=groups, members=list(world.members.values()))
    references = free_references()
    plans = crowd_of(count=crowd.count, seed=crowd.seed, until=crowd.until, first=crowd.first)
    for number, plan in enumerate(plans, 1):
        _write(filing, plan, next(references), world, crowd.until)
        if number % AT_ONCE == 0 or number == crowd.count:
            filing.copy()
        if number % SAID_AFTER == 0 or number == crowd.count:
            say(f"{number:,} of {crowd.count:,} more children copied")


def crowd_of(*, count: int, seed: int, until: datetime, first: int = 0) -> Iterator[ChildPlan]:
    """Children drawn like those of the demo, some thousands at a time, of more families than its word list holds."""
    for begin in range(0, count, AT_ONCE):
        size = min(AT_ONCE, count - begin)
        rng = stream(seed, "families", begin)
        plans = plan_children(count=size, seed=seed * 1_000_003 + 17 + begin, today=until.date())
        for plan in plans:
            if plan.sibling_of is None and rng.random() < 0.75:
                plan.family_name = family_name(rng)
        for plan in plans:
            if plan.sibling_of is not None:
                plan.family_name = plans[plan.sibling_of].family_name
        for plan in plans:
            plan.number += first + begin
            yield plan


def family_name(rng: random.Random) -> str:
    """A family name put together of two halves, or a common one; the earlier ones oftener, as some names are."""
    names = words("names")
    if rng.random() < 0.1:
        return str(rng.choice(names["common"]))
    first, last = (half[int(rng.random() ** 1.6 * len(half))] for half in (names["halves"], names["endings"]))
    return first + last


def free_references() -> Iterator[str]:
    """References that no file has."""
    taken = set(Child.objects.values_list("reference", flat=True))
    return (reference for number in range(1, REFERENCES) if (reference := reference_of(number)) not in taken)


def _write(filing: Filing, plan: ChildPlan, reference: str, world: World, until: datetime) -> None:
    """One file from the day it was taken over from another system to the day of the demo."""
    rng = filing.rng
    opened_at = on_day(plan.notified_on, rng.randint(9, 16), rng.randrange(0, 60, 5)).astimezone(UTC)
    end = on_day(plan.closed_on, 17).astimezone(UTC) if plan.closed_on else None
    file = File(new_id(rng), reference, plan, opened_at, world.viewers["triage"])
    lead = lead_of(plan, rng)
    _judge(file, rng, until)
    reason = _end_reason(plan, rng) if end else ""
    filing.open(file, ended_on=plan.closed_on, end_reason=reason)
    number = f"CSC-{700000 + plan.number * 7}" if rng.random() < 0.7 else ""
    since = day_of(opened_at) - timedelta(days=rng.randint(30, 900))
    filing.home(file, since=since)
    filing.facts(file, since=since, social_care_number=number)
    for name, note in other_names(plan):
        filing.alias(file, name, note)
    _tell(filing, file, lead, world, until=end or until)
    if end:
        told = Told(EntryKind.INVOLVEMENT, Category.IDENTITY, end, end, f"{CLOSED}: {SpellEnd(reason).label.lower()}.")
        filing.tell(file, told, by=world.viewers["coordinator"])
    group_ids = [world.functions[key.value].group_id for key in STANDING_FUNCTIONS]
    grants = [Given(GrantReason.FUNCTION, opened_at, group_id=group_id) for group_id in group_ids]
    others = others_of(plan, rng, lead=lead)
    for part in [lead, *rng.sample(others, min(1, len(others)))]:
        grants += _join(filing, file, part, world, is_lead=part is lead, end=end, until=until)
    filing.give(file, grants)


def _judge(file: File, rng: random.Random, until: datetime) -> None:
    """The level as it was last judged, with the day of the next review; some reviews are late, new files not judged."""
    level = weighted(rng, LEVELS[file.plan.harm])
    days = REVIEW_DAYS.get(level, USUAL_REVIEW_DAYS)
    last = min(until.date(), file.plan.closed_on or until.date())
    judged_on = max(last - timedelta(days=rng.randint(1, days + 6)), day_of(file.opened_at) + timedelta(days=4))
    if judged_on >= last:
        return
    file.level, file.level_judged_at = level, on_day(judged_on, rng.randint(9, 16), rng.randrange(60)).astimezone(UTC)
    file.review_due_on = None if file.plan.closed_on else judged_on + timedelta(days=days)


def _end_reason(plan: ChildPlan, rng: random.Random) -> SpellEnd:
    assert plan.closed_on is not None
    adult = plan.age_on(plan.closed_on) >= 18
    return SpellEnd.ADULT if adult else SpellEnd.MOVED if rng.random() < 0.15 else SpellEnd.SAFER


def _tell(filing: Filing, file: File, lead: Part, world: World, *, until: datetime) -> None:
    """Where the file came from, something the lead wrote, and the level as it was judged."""
    rng, by = filing.rng, world.viewers[lead.username]
    came = "Taken over from the records that were kept before Harbour."
    taken = Told(EntryKind.INVOLVEMENT, Category.IDENTITY, file.opened_at, file.opened_at, came)
    filing.tell(file, taken, by=file.by, source=Source.RECORD)
    teller = Teller(rng, file.plan.called)
    wrote_at = file.opened_at + (until - file.opened_at) * rng.random()
    with_child = lead.role == InvolvementRole.KEYWORKER
    kind, category = (EntryKind.CONTACT, Category.SESSIONS) if with_child else (EntryKind.FAMILY, Category.FAMILY)
    text = teller.tell("sessions", "details") if with_child else teller.tell("family", "visits")
    filing.tell(file, Told(kind, category, wrote_at - timedelta(minutes=50), wrote_at, text), by=by)
    if file.level_judged_at is not None:
        summary = f"The level is now {file.level.label.lower()}. {file.plan.harm.label}."
        judged = Told(EntryKind.LEVEL, Category.LEVEL, file.level_judged_at, file.level_judged_at, summary)
        filing.tell(file, judged, by=by)


def _join(
    filing: Filing, file: File, part: Part, world: World, *, is_lead: bool, end: datetime | None, until: datetime
) -> list[Given]:
    """One worker's involvement, and the access of the agency and of the worker that begins and ends with it."""
    at = file.opened_at + part.after
    if at >= (end or until):
        return []
    left = at + part.lasts if part.lasts and at + part.lasts < (end or until) else end
    note = "" if left is None else CLOSED if left == end else "The involvement ended"
    member = world.members[part.username]
    ended_on = day_of(left) if left else None
    source = filing.involve(file, member, role=part.role, at=at, lead=is_lead, ended_on=ended_on, end_note=note)
    given: dict[str, Any] = {"valid_from": at, "source_id": source, "ended_at": left, "end_reason": note}
    return [
        Given(GrantReason.INVOLVEMENT, group_id=member.agency.group_id, **given),
        Given(GrantReason.ALLOCATION, membership=member, **given),
    ]
