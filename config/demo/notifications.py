"""What referrers send: drafts that are filled in and sent through the product's own services."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from accounts.services.drafts import start_draft
from cases.record.choices import HarmStatus
from config.demo.children import ChildPlan
from config.demo.narratives import Teller
from config.demo.people import World
from config.demo.texts import weighted
from config.demo.times import day_of, in_office_hours, on_day
from referrals.choices import Agreement, ConcernKind, Told
from referrals.models import Notification
from referrals.selectors.notify import FORM
from referrals.services.notify import send_notification
from risk.rules import answers_to_plain
from risk.scoring import Answer
from risk.selectors import InForce

CONCERNS = {
    "sexual": [ConcernKind.SEXUAL],
    "criminal": [ConcernKind.CRIMINAL],
    "online": [ConcernKind.ONLINE, ConcernKind.SEXUAL],
    "missing": [ConcernKind.MISSING],
}
AT_NIGHT = {"duty", "duty.nights", "emergency", "home.manager"}


def sent_at_of(plan: ChildPlan, rng: random.Random, *, until: datetime) -> datetime:
    """When the notification was sent: in office hours, but for those who work at night."""
    if plan.source in AT_NIGHT:
        return on_day(plan.notified_on, rng.randint(18, 22), rng.randrange(0, 60, 5))
    day = plan.notified_on
    moment = in_office_hours(rng, day)
    return moment if moment < until - timedelta(days=1) else on_day(day, 10, rng.randrange(0, 60, 5))


def send(
    *,
    plan: ChildPlan,
    world: World,
    rng: random.Random,
    at: datetime,
    tool: InForce | None,
    answers: dict[str, Answer],
    danger: bool = False,
) -> Notification:
    """Fill in a draft as the referrer would, and send it at an instant. `tool` is None without a Matrix."""
    by = world.viewers[plan.source]
    kept = kept_steps(plan=plan, world=world, rng=rng, at=at, danger=danger)
    if tool is not None:
        plain = answers_to_plain(answers)
        kept["matrix"] = {"tool_id": tool.version.pk, "answers": plain, "evidence": "What I have seen and been told."}
    draft = start_draft(form=FORM, at=at - timedelta(minutes=rng.randint(9, 40)), by=by)
    draft.answers = {step: {"typed": {}, "kept": values, "version": 1} for step, values in kept.items()}
    draft.version = len(kept) + 1
    draft.save(update_fields=["answers", "version"])
    return send_notification(draft_id=draft.pk, version=draft.version, at=at, by=by)


def kept_steps(
    *, plan: ChildPlan, world: World, rng: random.Random, at: datetime, danger: bool = False
) -> dict[str, dict[str, Any]]:
    """The steps of the form as they are kept once understood, but for the Matrix."""
    teller = Teller(rng, plan.called)
    return {
        "child": _child(plan, rng, day_of(at)),
        "about": _about(plan, rng),
        "home": _home(plan, rng),
        "concern": _concern(plan, rng, teller, at),
        "harm": {"harm_status": _harm(plan, rng)},
        "danger": _danger(danger),
        "words": {"childs_words": teller.tell("childs_words", "quotes") if rng.random() < 0.7 else ""},
        "told": _told(rng, teller),
        "contact": {"referrer_telephone": world.agency_of(plan.source).telephone},
    }


def _child(plan: ChildPlan, rng: random.Random, today: date) -> dict[str, Any]:
    knows_birth_date = rng.random() < 0.85
    return {
        "given_name": plan.given_name,
        "family_name": plan.family_name,
        "preferred_name": plan.preferred_name,
        "birth_date_known": "yes" if knows_birth_date else "no",
        "birth_date": plan.birth_date.isoformat() if knows_birth_date else None,
        "age_if_unknown": None if knows_birth_date else plan.age_on(today),
        "sex": str(plan.sex_as_notified),
    }


def _about(plan: ChildPlan, rng: random.Random) -> dict[str, Any]:
    return {
        "ethnicity": str(plan.ethnicity) if rng.random() < 0.8 else "unknown",
        "disability": str(plan.disability) if rng.random() < 0.8 else "unknown",
        "school": plan.school if rng.random() < 0.85 else "",
    }


def _home(plan: ChildPlan, rng: random.Random) -> dict[str, Any]:
    knows = rng.random() < 0.85
    return {
        "address_lines": plan.home.lines if knows else "",
        "postcode": plan.home.postcode if knows else "",
        "address_protected": False,
        "safe_contact": "Text in school hours; never ring the home." if rng.random() < 0.3 else "",
    }


def _concern(plan: ChildPlan, rng: random.Random, teller: Teller, at: datetime) -> dict[str, Any]:
    concerns = list(CONCERNS[plan.exploitation])
    if plan.traits.get("missing") and ConcernKind.MISSING not in concerns:
        concerns.append(ConcernKind.MISSING)
    if plan.exploitation == "criminal" and rng.random() < 0.4:
        concerns.append(ConcernKind.GANGS)
    return {
        "concerns": [str(concern) for concern in concerns],
        "concern": teller.tell("notification", plan.exploitation, "concerns"),
        "happened_on": (day_of(at) - timedelta(days=rng.randint(0, 9))).isoformat(),
        "people_and_places": teller.tell("notification", plan.exploitation, "people"),
    }


def _harm(plan: ChildPlan, rng: random.Random) -> str:
    """A referrer often knows less than will be known."""
    if plan.harm == HarmStatus.KNOWN:
        return str(weighted(rng, {HarmStatus.KNOWN: 3, HarmStatus.SUSPECTED: 6, HarmStatus.NOT_KNOWN: 1}))
    return str(weighted(rng, {plan.harm: 7, HarmStatus.NOT_KNOWN: 3}))


def _danger(danger: bool) -> dict[str, Any]:
    detail = "Did not come home tonight; a message said that somebody is angry about money." if danger else ""
    return {"immediate_danger": danger, "danger_detail": detail, "police_called": danger}


def _told(rng: random.Random, teller: Teller) -> dict[str, Any]:
    child = weighted(rng, {Told.YES: 60, Told.NO_NOT_YET: 25, Told.NO_UNSAFE: 10, Told.UNKNOWN: 5})
    parents = weighted(rng, {Told.YES: 50, Told.NO_NOT_YET: 22, Told.NO_UNSAFE: 23, Told.UNKNOWN: 5})
    answers = {Agreement.AGREES: 65, Agreement.DISAGREES: 20, Agreement.NOT_ASKED: 15}
    unsafe = Told.NO_UNSAFE in (child, parents)
    return {
        "child_told": str(child),
        "child_agreement": str(weighted(rng, answers)),
        "parents_told": str(parents),
        "parents_agreement": str(weighted(rng, answers)),
        "reason_not_told": teller.tell("reasons_not_told", "texts") if unsafe else "",
        "others_who_know": teller.tell("others_who_know", "texts"),
    }


def as_stranger(plan: ChildPlan, *, source: str, number: int) -> ChildPlan:
    """A child without a file, notified by somebody else."""
    return replace(plan, source=source, number=number)
