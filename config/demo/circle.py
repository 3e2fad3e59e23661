"""Who works with a child: agencies and named workers, by what the child needs."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

from cases.record.choices import HarmStatus, InvolvementRole, PlanStatus, Sex
from config.demo.children import ChildPlan

SOCIAL_WORKERS = {"socialworker": 5, "m.tolland": 3, "a.bhattacharya": 3, "seconded": 1}
KEYWORKERS = {"keyworker": 5, "s.wynter": 3}


@dataclass(frozen=True)
class Part:
    """One worker's part: which role, how long after the file was opened, and until when, if it ended."""

    username: str
    role: InvolvementRole
    after: timedelta
    lasts: timedelta | None = None


def lead_of(plan: ChildPlan, rng: random.Random) -> Part:
    """The one named lead: a social worker where there is a statutory plan, else a keyworker or early help."""
    if plan.plan == PlanStatus.LOOKED_AFTER and rng.random() < 0.6:
        return Part("children.in.care", InvolvementRole.SOCIAL_WORKER, timedelta())
    if plan.plan in (PlanStatus.LOOKED_AFTER, PlanStatus.CHILD_PROTECTION, PlanStatus.CHILD_IN_NEED):
        name = _draw(rng, SOCIAL_WORKERS)
        return Part(name, InvolvementRole.SOCIAL_WORKER, timedelta())
    if not plan.exploited and rng.random() < 0.5:
        return Part(rng.choice(["early.help", "locality"]), InvolvementRole.EARLY_HELP, timedelta())
    return Part(_keyworker(plan, rng), InvolvementRole.KEYWORKER, timedelta())


def others_of(plan: ChildPlan, rng: random.Random, *, lead: Part) -> list[Part]:
    """Everybody else who works with the child."""
    parts = [
        *_core(plan, rng, lead),
        *_health(plan, rng),
        *_community(plan, rng),
    ]
    seen, kept = {lead.username}, []
    for part in parts:
        if part.username not in seen:
            seen.add(part.username)
            kept.append(part)
    return kept


def _core(plan: ChildPlan, rng: random.Random, lead: Part) -> list[Part]:
    parts = []
    if lead.role != InvolvementRole.KEYWORKER and (plan.exploited or rng.random() < 0.3):
        parts.append(Part(_keyworker(plan, rng), InvolvementRole.KEYWORKER, _days(rng, 1, 9)))
    if lead.role == InvolvementRole.KEYWORKER and rng.random() < 0.3:
        parts.append(Part(_draw(rng, SOCIAL_WORKERS), InvolvementRole.SOCIAL_WORKER, _days(rng, 1, 6)))
    if plan.exploited and rng.random() < 0.75:
        parts.append(
            Part(rng.choice(["officer", "officer", "o.marchetti"]), InvolvementRole.POLICE_LEAD, _days(rng, 0, 5))
        )
    if plan.traits.get("missing"):
        parts.append(Part("missing.coordinator", InvolvementRole.SUPPORT, _days(rng, 0, 2)))
        parts.append(Part("interviewer", InvolvementRole.RETURN_INTERVIEWER, _days(rng, 0, 2)))
    if plan.plan == PlanStatus.EARLY_HELP:
        parts.append(Part(rng.choice(["early.help", "locality"]), InvolvementRole.EARLY_HELP, _days(rng, 1, 8)))
    return parts


def _health(plan: ChildPlan, rng: random.Random) -> list[Part]:
    wanted = {
        "sexual_health": "sexual.health",
        "mental_health": "camhs",
        "substances": "drug.alcohol",
        "self_harm": "nurse",
    }
    parts = [
        Part(name, InvolvementRole.HEALTH, _days(rng, 4, 30), _maybe_ends(rng))
        for trait, name in wanted.items()
        if plan.traits.get(trait)
    ]
    if plan.sex == Sex.FEMALE and plan.harm == HarmStatus.KNOWN and rng.random() < 0.12:
        parts.append(Part("young.parents", InvolvementRole.HEALTH, _days(rng, 20, 60)))
    if rng.random() < 0.12:
        parts.append(Part("nurse", InvolvementRole.HEALTH, _days(rng, 4, 30)))
    return parts


def _community(plan: ChildPlan, rng: random.Random) -> list[Part]:
    parts = []
    if plan.school == "Saltmarsh Academy":
        parts.append(Part("safeguarding.lead", InvolvementRole.EDUCATION, _days(rng, 1, 6)))
    if plan.traits.get("not_in_school") and rng.random() < 0.5:
        parts.append(Part("education.welfare", InvolvementRole.EDUCATION, _days(rng, 5, 25), _maybe_ends(rng)))
    if plan.traits.get("offending"):
        parts.append(Part(rng.choice(["youth.justice", "d.osei"]), InvolvementRole.YOUTH_JUSTICE, _days(rng, 3, 40)))
    if rng.random() < 0.12:
        parts.append(Part("housing", InvolvementRole.HOUSING, _days(rng, 10, 50), _maybe_ends(rng)))
    if rng.random() < 0.14:
        parts.append(Part("youth.worker", InvolvementRole.SUPPORT, _days(rng, 8, 50), _maybe_ends(rng)))
    if plan.harm == HarmStatus.KNOWN and plan.exploitation == "sexual" and rng.random() < 0.4:
        parts.append(Part("rape.crisis", InvolvementRole.SUPPORT, _days(rng, 12, 70)))
    if plan.provider.startswith("Fell View"):
        parts.append(Part("home.manager", InvolvementRole.SUPPORT, _days(rng, 0, 3)))
    if plan.age_on(plan.notified_on) >= 17:
        parts.append(Part("transitions", InvolvementRole.SUPPORT, _days(rng, 30, 90)))
    return parts


def _keyworker(plan: ChildPlan, rng: random.Random) -> str:
    return "keyworker.boys" if plan.sex == Sex.MALE and rng.random() < 0.7 else _draw(rng, KEYWORKERS)


def _draw(rng: random.Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def _days(rng: random.Random, least: int, most: int) -> timedelta:
    return timedelta(days=rng.randint(least, most))


def _maybe_ends(rng: random.Random) -> timedelta | None:
    return timedelta(days=rng.randint(60, 200)) if rng.random() < 0.45 else None
