"""What happens to one child: who joins, what is assessed and judged, and what is written down on the way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cases.access.choices import Category
from cases.record.choices import EntryKind, HarmStatus, InvolvementRole, RiskLevel, Source
from config.demo.circle import Part, lead_of, others_of
from config.demo.life import Life
from config.demo.missing import plan_missing
from config.demo.scores import Course
from config.demo.times import day_of, in_office_hours, on_day
from risk import rules as risk_rules
from risk.models import LevelJudgement
from risk.selectors import InForce
from risk.services import approve_judgement, judge_level, record_assessment

TRIAGE = "triage"
LONGEST_FIRST_CONTACT = 45
LEFT_DAYS_AGO = 95


def plan_life(life: Life, *, lead: str, tool: InForce, course: Course) -> None:
    """Plan everything between the day the file was opened and today."""
    _circle(life, lead=lead)
    _assessments(life, tool=tool, course=course)
    _sessions(life)
    plan_missing(life)
    _health(life)
    _family_and_school(life)
    _intelligence(life)
    _meetings(life)


def _circle(life: Life, *, lead: str) -> None:
    """The others join after the lead; about one lead in six changes hands."""
    rng, part = life.rng, lead_of(life.plan, life.rng)
    for other in others_of(life.plan, rng, lead=part):
        if other.username not in life.joined_at:
            life.join(other, at=life.opened_at + other.after + timedelta(minutes=rng.randint(10, 300)), by=lead)
    _somebody_who_left(life, lead=lead)
    changes = rng.random() < 0.17
    candidates = [
        name
        for name, other in life.parts.items()
        if name != lead
        and other.lasts is None
        and other.role in (InvolvementRole.KEYWORKER, InvolvementRole.SOCIAL_WORKER)
    ]
    if changes and candidates:
        life.hand_over(to=candidates[0], at=life.opened_at + timedelta(days=rng.randint(60, 160)), by=lead)


def _somebody_who_left(life: Life, *, lead: str) -> None:
    """A social worker who has left the service since worked with some of the children, and handed each over."""
    leaves_at = life.until - timedelta(days=LEFT_DAYS_AGO + 2) + timedelta(hours=15)
    at = life.opened_at + timedelta(days=2)
    if life.rng.random() < 0.12 and leaves_at - at > timedelta(days=30):
        life.join(Part("leaver", InvolvementRole.SOCIAL_WORKER, timedelta(), leaves_at - at), at=at, by=lead)


def _assessments(life: Life, *, tool: InForce, course: Course) -> None:
    """An assessment soon after the file is opened, then one at each review; some reviews are late today."""
    rng = life.rng
    at = in_office_hours(rng, day_of(life.opened_at) + timedelta(days=rng.randint(4, 12)))
    overdue = rng.random() < 0.12
    while at < life.end:
        days = _assess(life, at=at, tool=tool, course=course)
        following = in_office_hours(rng, day_of(at) + timedelta(days=days + rng.randint(-8, 5)))
        if overdue and following + timedelta(days=days) > life.until:
            return
        at = following


def _assess(life: Life, *, at: datetime, tool: InForce, course: Course) -> int:
    """Plan one assessment with its judgement. Days until the next are a guess from the strength it will have."""
    assessor = assessor_of(life, at)
    high = course.harm() == HarmStatus.KNOWN or course.strength >= 9
    harm, answers = course.harm(), course.next()
    texts: dict[str, Any] = {
        "evidence": life.teller.tell("assessment", "evidence"),
        "protective_factors": life.teller.tell("assessment", "protective"),
        "childs_view": life.teller.tell("childs_words", "quotes"),
        "parents_view": life.teller.tell("assessment", "parents"),
    }
    dice, improving = life.rng.random(), life.plan.course == "falling" and course.strength <= 5
    reasons = {way: life.teller.tell("assessment", way) for way in ("lower", "higher", "approval")}
    days_to_approval, stays_open = life.rng.randint(0, 4), life.rng.random() < 0.6

    def happen(assessed_at: datetime) -> None:
        by = life.viewer(assessor)
        assessment = record_assessment(
            child=life.child, version=tool.version, answers=answers, harm_status=harm, at=assessed_at, by=by, **texts
        )
        judged = _judged(assessment.computed_level, dice=dice, improving=improving)
        life.child.refresh_from_db(fields=["level", "level_judged_at"])
        held = risk_rules.held_level(life.child.level, judged=life.child.level_judged_at is not None)
        below = max((assessment.computed_level, held or ""), key=risk_rules.rank_of)
        lower = risk_rules.rank_of(judged) < risk_rules.rank_of(below)
        differs = lower or judged != assessment.computed_level
        judged_at = assessed_at + timedelta(minutes=25)
        judgement = judge_level(
            assessment=assessment,
            judged_level=judged,
            harm_status=assessment.harm_status,
            reason=reasons["lower" if lower else "higher"] if differs else "",
            version=life.version(),
            at=judged_at,
            by=by,
        )
        if judgement.needs_approval:
            approve_at = judged_at + timedelta(days=days_to_approval, hours=3)
            _approve(life, judgement, at=approve_at, note=reasons["approval"], waits=stays_open)

    life.plan_event(at, happen)
    return 28 if high else 42


def _approve(life: Life, judgement: LevelJudgement, *, at: datetime, note: str, waits: bool) -> None:
    """A manager agrees within days; some of the last two weeks still wait."""
    recent = at > life.until - timedelta(days=14)
    if at >= life.end or (recent and waits):
        return
    approver = "manager" if life.workers("keyworker", "s.wynter", "keyworker.boys") else "chair"
    if life.workers("socialworker", "m.tolland", "a.bhattacharya") and life.rng.random() < 0.5:
        approver = "team.manager"
    approve_judgement(judgement=judgement, note=note, version=life.version(), at=at, by=life.viewer(approver))


def _judged(computed: str, *, dice: float, improving: bool) -> str:
    """Mostly the computed level; higher in one of twelve, lower where things are clearly better."""
    rank = risk_rules.rank_of(computed)
    if improving and rank == 3 and dice < 0.75:
        return RiskLevel.MEDIUM
    if dice > 0.92 and 1 <= rank < 3:
        return risk_rules.level_for_rank(rank + 1)
    if dice < 0.04 and rank > 1:
        return risk_rules.level_for_rank(rank - 1)
    return RiskLevel(computed)


def assessor_of(life: Life, at: datetime) -> str:
    """Who assesses a child at an instant: the keyworker, a social worker, an officer, else the co-ordinator."""
    for name in ("keyworker", "s.wynter", "keyworker.boys", *_SOCIAL_CARE, "officer", "o.marchetti"):
        if life.works_at(name, at):
            return name
    return "coordinator"


_SOCIAL_CARE = ("socialworker", "m.tolland", "a.bhattacharya", "children.in.care", "seconded")


def _sessions(life: Life) -> None:
    """The programme of six sessions, and all the contact around it that counts as work."""
    rng = life.rng
    for name in life.workers("keyworker", "s.wynter", "keyworker.boys"):
        wait = rng.randint(3, LONGEST_FIRST_CONTACT - 4)
        at = in_office_hours(rng, day_of(life.joined_at[name]) + timedelta(days=wait))
        contact: dict[str, Any] = {"kind": EntryKind.CONTACT, "category": Category.SESSIONS}
        life.entry(name, at=at, summary=life.teller.tell("sessions", "first"), **contact)
        life.entry(
            name,
            at=at + timedelta(days=9),
            kind=EntryKind.PLAN,
            category=Category.PLAN,
            summary=life.teller.tell("plan", "made"),
            source=Source.CHILD,
        )
        for number in range(1, 7):
            at = in_office_hours(rng, day_of(at) + timedelta(days=rng.randint(10, 24)))
            if rng.random() < 0.2:
                life.entry(name, at=at, summary=life.teller.tell("sessions", "missed"), **contact)
                at = in_office_hours(rng, day_of(at) + timedelta(days=7))
            topic = life.teller.tell("sessions", "topics")
            detail = life.teller.tell("sessions", "details")
            life.entry(name, at=at, summary=f"Session {number} of 6: {topic}.", detail=detail, **contact)
        _later_contact(life, name, at)


def _later_contact(life: Life, name: str, at: datetime) -> None:
    rng = life.rng
    while at < life.end:
        at = on_day(day_of(at) + timedelta(days=rng.randint(18, 40)), rng.randint(17, 20), rng.randrange(0, 60, 5))
        life.entry(
            name,
            at=at,
            kind=EntryKind.CONTACT,
            category=Category.SESSIONS,
            summary=life.teller.tell("sessions", "calls"),
            source=Source.CHILD,
        )
        if rng.random() < 0.25:
            life.entry(
                name,
                at=at + timedelta(days=2),
                kind=EntryKind.PLAN,
                category=Category.PLAN,
                summary=life.teller.tell("plan", "reviewed"),
                source=Source.CHILD,
            )


def _health(life: Life) -> None:
    texts = {
        "sexual.health": "sexual_health",
        "camhs": "camhs",
        "drug.alcohol": "substance",
        "nurse": "school_nurse",
        "young.parents": "young_parents",
    }
    for name in life.workers(*texts):
        at = life.joined_at[name]
        for _ in range(life.rng.randint(1, 4)):
            at = in_office_hours(life.rng, day_of(at) + timedelta(days=life.rng.randint(6, 40)))
            life.entry(
                name,
                at=at,
                kind=EntryKind.HEALTH,
                category=Category.HEALTH_SENSITIVE,
                summary=life.teller.tell("health", "summary"),
                detail=life.teller.tell("health", texts[name]),
            )


def _family_and_school(life: Life) -> None:
    rng = life.rng
    for name in life.workers(*_SOCIAL_CARE, "early.help", "locality"):
        at = life.joined_at[name]
        for _ in range(rng.randint(2, 5)):
            at = in_office_hours(rng, day_of(at) + timedelta(days=rng.randint(8, 45)))
            kind, category, texts = EntryKind.FAMILY, Category.FAMILY, ("family", "visits")
            if rng.random() < 0.35:
                state = "absent" if life.plan.traits.get("not_in_school") else "present"
                kind, category, texts = EntryKind.EDUCATION, Category.VULNERABILITY, ("education", state)
            life.entry(
                name,
                at=at,
                kind=kind,
                category=category,
                summary=life.teller.tell(*texts),
                third_party=kind == EntryKind.FAMILY,
            )
    for name in life.workers("safeguarding.lead"):
        at = in_office_hours(rng, day_of(life.joined_at[name]) + timedelta(days=rng.randint(5, 40)))
        state = "absent" if life.plan.traits.get("not_in_school") else "present"
        life.entry(
            name,
            at=at,
            kind=EntryKind.EDUCATION,
            category=Category.VULNERABILITY,
            summary=life.teller.tell("education", state),
        )
    for name in life.workers("youth.justice", "d.osei"):
        at = in_office_hours(rng, day_of(life.joined_at[name]) + timedelta(days=rng.randint(5, 40)))
        life.entry(
            name,
            at=at,
            kind=EntryKind.OBSERVATION,
            category=Category.IDENTITY,
            summary=life.teller.tell("observation", "justice"),
        )


def _intelligence(life: Life) -> None:
    """The police write what partners see as withheld; partners see their own reports and no others."""
    for name in life.workers("officer", "o.marchetti", "housing", "youth.worker", "education.welfare"):
        police = name in ("officer", "o.marchetti")
        at = life.joined_at[name]
        for _ in range(life.rng.randint(1, 3) if police else life.rng.randint(0, 2)):
            at = in_office_hours(life.rng, day_of(at) + timedelta(days=life.rng.randint(7, 60)))
            text = life.teller.tell("intelligence", "police" if police else "partner")
            life.entry(
                name,
                at=at,
                kind=EntryKind.INTELLIGENCE,
                category=Category.INTELLIGENCE,
                summary="Information report held by the police."
                if police
                else "Information report sent to the police.",
                detail=text,
                source=Source.RECORD if police else Source.OTHER_PERSON,
                third_party=True,
            )


def _meetings(life: Life) -> None:
    """A strategy discussion early where harm is known, network meetings after, and the panel in between."""
    rng = life.rng
    chairs = life.workers(*_SOCIAL_CARE)
    if chairs and life.plan.harm == HarmStatus.KNOWN:
        at = in_office_hours(rng, day_of(life.opened_at) + timedelta(days=rng.randint(1, 5)))
        life.entry(
            chairs[0],
            at=at,
            kind=EntryKind.MEETING,
            category=Category.MINUTES,
            summary=life.teller.tell("meeting", "strategy"),
        )
    if chairs and life.plan.exploited:
        at = life.opened_at
        for _ in range(rng.randint(1, 3)):
            at = in_office_hours(rng, day_of(at) + timedelta(days=rng.randint(25, 70)))
            life.entry(
                chairs[0],
                at=at,
                kind=EntryKind.MEETING,
                category=Category.MINUTES,
                summary=life.teller.tell("meeting", "network"),
            )
