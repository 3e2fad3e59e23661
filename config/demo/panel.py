"""The Operational Panel: its seats, the meetings of four months, and the one whose agenda is out."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from accounts.choices import FunctionKey
from accounts.models import Membership
from accounts.rules.viewers import Viewer
from cases.access.choices import Category, Cell
from cases.access.rules import Level
from cases.access.selectors import matrix_in_force
from cases.record.choices import RiskLevel
from cases.record.models import Child, Involvement
from cases.record.services import files_open
from config.demo.calibration import weights
from config.demo.life import Life
from config.demo.narratives import Teller
from config.demo.people import World
from config.demo.texts import stream, words
from config.demo.times import day_of, in_office_hours, on_day
from panels.choices import ActionStatus, AttendanceStatus, DecisionCode, Frequency, ReasonCode, UpdateKind
from panels.models import Action, AgendaItem, Meeting, Panel, PanelDecision
from panels.rules.agenda import LEVELS_LOW_TO_HIGH
from panels.rules.decisions import DOES_LESS, ENDS_REVIEW, contradiction, review_on
from panels.selectors.actions import may_own
from panels.selectors.agenda import items_on
from panels.selectors.meetings import seats_on
from panels.services.actions import NewAction, take_step, verify_action
from panels.services.agenda import list_child, refresh_agenda, take_off
from panels.services.deciding import Disagrees, Said, add_update, record_decision
from panels.services.meetings import (
    Came,
    close_meeting,
    open_meeting,
    plan_meeting,
    publish_agenda,
    take_attendance,
    undecided_items,
)
from panels.services.seats import add_deputy, give_seat, set_up_panel

if TYPE_CHECKING:
    from config.demo.seeding import Setting

CHAIR, OFFICE = "chair", "coordinator"
NO_ROOM = "Two hours have no room for it: it comes to the next meeting."
# Who sits, for which service where an agency has several seats, and who may sit in.
SEATS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("chair", "Chair", ("team.manager",)),
    ("coordinator", "Co-ordination", ()),
    ("socialworker", "", ("m.tolland",)),
    ("children.in.care", "Children in care", ()),
    ("officer", "Exploitation team", ("o.marchetti",)),
    ("missing.coordinator", "Missing person co-ordinator", ()),
    ("manager", "", ("keyworker",)),
    ("youth.justice", "", ("d.osei",)),
    ("sexual.health", "", ()),
    ("young.parents", "", ()),
    ("camhs", "", ()),
    ("drug.alcohol", "", ()),
    ("education.welfare", "", ("safeguarding.lead",)),
    ("housing", "", ()),
    ("rape.crisis", "", ()),
    ("youth.worker", "", ()),
    ("nurse", "", ()),
)
# The panel meets every two weeks and has time for about thirty children: four minutes each.
HELD_DAYS_AGO = tuple(range(122, 9, -14))
PUBLISHED_AGO, SET_UP_AGO = 1, 129
HAS_TIME_FOR = (27, 32)
MINUTES_AN_ITEM = timedelta(minutes=4)
WITH_ACTION, LATELY_WITH_ACTION, LATELY = 0.16, 0.45, 30
LONG_LATE = timedelta(days=30)
SAYS = (Cell.FULL, Cell.OWN, Cell.PANEL)
PLACE = "Room 2, Northmere Civic Centre"
FIRST_COME = (
    ReasonCode.NEW_LEVEL,
    ReasonCode.LISTED,
    ReasonCode.CARRIED_OVER,
    ReasonCode.MISSING,
    ReasonCode.REVIEW_DUE,
    ReasonCode.PLACED_IN,
)
# Who writes to the panel beforehand, in which category, out of which texts.
TOLD = (
    ("socialworker", Category.VULNERABILITY, ("education", "absent")),
    ("keyworker", Category.PLAN, ("plan", "reviewed")),
    ("camhs", Category.HEALTH_SENSITIVE, ("health", "camhs")),
    ("officer", Category.INTELLIGENCE, ("intelligence", "police")),
)
SHARE_TOLD, WRITTEN = 0.12, UpdateKind.WRITTEN
# What is decided the first time that the panel speaks of a child, and later.
FIRST_DECISIONS = {DecisionCode.ACCEPT: 78, DecisionCode.CONTINUE: 8, DecisionCode.STEP_UP: 8, DecisionCode.STRATEGY: 6}
DECISIONS = {
    DecisionCode.CONTINUE: 80,
    DecisionCode.STEP_UP: 7,
    DecisionCode.STRATEGY: 4,
    DecisionCode.STEP_DOWN: 9,
}


def hold_meetings(setting: Setting) -> None:
    """Set the panel up and hold the meetings of four months, each planned by the publication of the one before."""
    rng, world, until = stream(setting.seed, "panel"), setting.world, setting.until
    panel = _set_up(world, at=until - timedelta(days=SET_UP_AGO, hours=-11))
    first = _weekday(until, -HELD_DAYS_AGO[0])
    plan_meeting(panel=panel, starts_at=first, place=PLACE, at=first - timedelta(days=6), by=world.viewers[OFFICE])
    for days_ago in HELD_DAYS_AGO:
        share = WITH_ACTION if days_ago > LATELY else LATELY_WITH_ACTION
        _hold(Meeting.objects.get(panel=panel, state="planned"), rng, world, share_with_action=share)
    _follow_actions(rng, world, until=until)


def _weekday(until: datetime, days: int) -> datetime:
    day = day_of(until + timedelta(days=days))
    while day.weekday() > 4:
        day += timedelta(days=1)
    return on_day(day, 14)


def _set_up(world: World, *, at: datetime) -> Panel:
    by = world.viewers[OFFICE]
    panel = set_up_panel(
        name="Operational Panel", at=at, by=by, function=FunctionKey.OPERATIONAL_PANEL, frequency=Frequency.FORTNIGHTLY
    )
    for username, service, deputies in SEATS:
        seat = give_seat(
            panel=panel, member=world.members[username], service=service, chairs=username == CHAIR, at=at, by=by
        )
        for deputy in deputies:
            add_deputy(seat=seat, membership=world.members[deputy], at=at, by=by)
    return panel


def _hold(meeting: Meeting, rng: random.Random, world: World, *, share_with_action: float) -> None:
    """From the agenda to the close, decision by decision."""
    chair, published_at = world.viewers[CHAIR], meeting.starts_at - timedelta(days=4)
    _keep_to_time(meeting, rng, world, at=published_at - timedelta(hours=1))
    meeting = publish_agenda(meeting=meeting, at=published_at, by=world.viewers[OFFICE])
    _tell(meeting, rng, world, at=published_at + timedelta(days=1))
    at = meeting.starts_at + timedelta(minutes=4)
    meeting = open_meeting(meeting=meeting, at=at, by=chair)
    take_attendance(meeting=meeting, came=_who_came(meeting, rng), at=at + timedelta(minutes=3), by=chair)
    at = meeting.starts_at + timedelta(minutes=9)
    for item in _in_order(undecided_items(meeting, chair, at=at)):
        _decide(item, rng, world, at=at, with_action=rng.random() < share_with_action)
        at += MINUTES_AN_ITEM
    close_meeting(meeting=meeting, deferred={}, at=at + timedelta(minutes=6), by=chair)


def _keep_to_time(meeting: Meeting, rng: random.Random, world: World, *, at: datetime) -> None:
    """The co-ordinator takes off what two hours have no room for; a later meeting's agenda finds it again by itself."""
    by = world.viewers[OFFICE]
    refresh_agenda(meeting=meeting, at=at, by=by)
    for item in _in_order(items_on(meeting).select_related("child"))[rng.randint(*HAS_TIME_FOR) :]:
        take_off(item=item, why=NO_ROOM, version=item.version, at=at, by=by)


def _in_order(items: Iterable[AgendaItem]) -> list[AgendaItem]:
    """The order of the agenda, in which no two runs put equals otherwise."""

    def place(item: AgendaItem) -> tuple[Any, ...]:
        level = LEVELS_LOW_TO_HIGH.index(RiskLevel(item.child.level))
        return FIRST_COME.index(item.reasons[0]["code"]), -level, item.child.opened_at, item.child.sort_key

    return sorted(items, key=place)


def _tell(meeting: Meeting, rng: random.Random, world: World, *, at: datetime) -> None:
    """Some agencies write what they know of a child before the meeting; police intelligence among it."""
    items = _in_order(items_on(meeting).select_related("child"))
    for username, category, texts in TOLD:
        by = world.viewers[username]
        files = files_open([item.child_id for item in items], by, at=at)
        for item in items:
            tells, opened = rng.random() < SHARE_TOLD, files.get(item.child_id)
            if tells and opened and opened.level(category) in (Level.FULL, Level.OWN):
                text = Teller(rng, item.child.called).tell(*texts)
                add_update(item=item, opened=opened, kind=WRITTEN, category=category, text=text, at=at, by=by)


def _who_came(meeting: Meeting, rng: random.Random) -> list[Came]:
    came = []
    for seat in seats_on(meeting.panel_id, on=day_of(meeting.starts_at)):
        deputies = [row.membership_id for row in seat.deputies.all()]
        dice = rng.random()
        if seat.chairs or dice < 0.72:
            came.append(Came(seat.pk, AttendanceStatus.PRESENT, seat.member_id, accepted=True))
        elif deputies and dice < 0.9:
            came.append(Came(seat.pk, AttendanceStatus.DEPUTY, deputies[0], accepted=True))
        else:
            status = AttendanceStatus.APOLOGIES_UPDATE if dice < 0.93 else AttendanceStatus.APOLOGIES
            came.append(Came(seat.pk, status))
    return came


def _decide(item: AgendaItem, rng: random.Random, world: World, *, at: datetime, with_action: bool) -> None:
    child, texts = Child.objects.get(pk=item.child_id), words("narratives")["panel"]
    code = _code(item, child, rng)
    ends = code == DecisionCode.ACCEPT_INFORMATION
    due = review_on(level=child.level, harm_status=child.harm_status, on=day_of(at))
    due = max(due, day_of(at) + timedelta(weeks=_weeks_until_next_look(rng, child.level)))
    said = Said(
        code=code, rationale=rng.choice(texts[code]), level_after=child.level, next_review_on=None if ends else due
    )
    dissents = []
    if code in DOES_LESS | ENDS_REVIEW and rng.random() < 0.15:
        agency = world.members["education.welfare"].agency
        dissents.append(Disagrees(agency, rng.choice(texts["dissent"])))
    actions = _actions(child, rng, world, at=at) if with_action else []
    record_decision(
        item=item, said=said, version=item.version, at=at, by=world.viewers[CHAIR], dissents=dissents, actions=actions
    )


def _code(item: AgendaItem, child: Child, rng: random.Random) -> DecisionCode:
    """What is decided, true of the child: nobody who goes missing again and again is a case that has calmed down."""
    calm = all(reason["code"] != ReasonCode.MISSING for reason in item.reasons)
    worried = child.level in (RiskLevel.HIGH, RiskLevel.MEDIUM)
    if calm and not worried and rng.random() < 0.85:
        return DecisionCode.ACCEPT_INFORMATION
    seen_before = PanelDecision.objects.filter(child=child).exists()
    codes = DECISIONS if seen_before or not worried else FIRST_DECISIONS
    code = rng.choices(list(codes), list(codes.values()))[0]
    if code in DOES_LESS and (not calm or contradiction(code=code, level=child.level, level_after=child.level)):
        return DecisionCode.CONTINUE
    return code


def _weeks_until_next_look(rng: random.Random, level: str) -> int:
    """When the panel looks again: with thirty children in two hours most are kept for the quarter, but none at high."""
    shares = weights("weeks_until_next_look_at_high" if level == RiskLevel.HIGH else "weeks_until_next_look")
    return int(rng.choices(list(shares), list(shares.values()))[0])


def _actions(child: Child, rng: random.Random, world: World, *, at: datetime) -> list[NewAction]:
    texts = words("narratives")["panel"]["actions"]
    owners = [owner for owner in _owners(child, world, at=at) if may_own(child, owner, at=at)]
    chosen = rng.sample(owners, k=min(len(owners), rng.choice((1, 1, 2))))
    return [
        NewAction(text=text, owner=owner, due_on=_due(rng, day_of(at)))
        for text, owner in zip(
            rng.sample(texts, k=len(chosen)), sorted(chosen, key=lambda owner: owner.user.username), strict=True
        )
    ]


def _owners(child: Child, world: World, *, at: datetime) -> list[Membership]:
    """Those who work with the child, and those at the table who usually take something away; of roles that say there
    how it stands.
    """
    matrix = matrix_in_force(on=day_of(at))
    rows = Involvement.objects.filter(child=child, ended_on=None, membership__isnull=False)
    working = {row.membership_id for row in rows}
    at_the_table = ("officer", "manager", "housing", "education.welfare", "youth.justice", "missing.coordinator")
    people = [
        member
        for name, member in world.members.items()
        if (member.pk in working or name in at_the_table) and matrix.cell(member.role, Category.MINUTES) in SAYS
    ]
    return sorted({member.pk: member for member in people}.values(), key=lambda member: member.user.username)


def _due(rng: random.Random, on: date) -> date:
    return on + timedelta(days=rng.choice((7, 10, 14, 21, 28, 42)))


def _follow_actions(rng: random.Random, world: World, *, until: datetime) -> None:
    """Most actions are done in time and verified; some are late today, and some are not due yet."""
    by_member: dict[Any, Viewer] = {member.pk: world.viewers[name] for name, member in world.members.items()}
    texts = words("narratives")["panel"]
    order = ("due_on", "recorded_at", "owner_membership__user__username", "text")
    for action in Action.objects.select_related("owner_membership__user").order_by(*order):
        done_at = in_office_hours(rng, action.due_on - timedelta(days=rng.randint(0, 4)))
        late = rng.random() < (0.14 if action.due_on > day_of(until) - LONG_LATE else 0.03)
        if done_at >= until or done_at <= action.recorded_at or late:
            continue
        owner = by_member[action.owner_membership_id]
        note = rng.choice(texts["evidence"])
        done = take_step(action=action, to=ActionStatus.DONE, note=note, version=action.version, at=done_at, by=owner)
        verified_at = done_at + timedelta(days=2)
        if verified_at < until and rng.random() < 0.8 and owner.user_id != world.viewers[OFFICE].user_id:
            verify_action(action=done, note="", version=done.version, at=verified_at, by=world.viewers[OFFICE])


def publish_next(lives: dict[int, Life], setting: Setting) -> None:
    """The next meeting: a school lists a child below every threshold, then the agenda goes out to the members."""
    rng, world, until = stream(setting.seed, "next meeting"), setting.world, setting.until
    meeting = Meeting.objects.get(state="planned")
    by, at = world.viewers[OFFICE], until - timedelta(days=PUBLISHED_AGO + 6)
    lister, found = "education.welfare", None
    for life in lives.values():
        if life.plan.closed_on is None and life.works_at(lister, at):
            life.child.refresh_from_db()
            if not life.child.restricted and life.child.level in (RiskLevel.LOW, RiskLevel.NONE_IDENTIFIED):
                found = life.child
                break
    if found is not None:
        # The look itself is written with all others.
        opened = files_open([found.pk], world.viewers[lister], at=at)[found.pk]
        why = "Attendance has fallen to two days a week and a car waits at the gate on both of them."
        list_child(opened=opened, why=why, at=at, by=world.viewers[lister])
    published_at = until - timedelta(days=PUBLISHED_AGO, hours=-10)
    _keep_to_time(meeting, rng, world, at=published_at - timedelta(hours=1))
    publish_agenda(meeting=meeting, at=published_at, by=by)
