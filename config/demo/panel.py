"""The Operational Panel: its seats, two meetings that were held, and the one whose agenda is out."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from accounts.choices import FunctionKey
from accounts.models import Membership
from accounts.rules.viewers import Viewer
from cases.access.choices import Category, Cell
from cases.access.selectors import matrix_in_force
from cases.record.choices import RiskLevel
from cases.record.models import Child, Involvement
from config.demo.calibration import weights
from config.demo.life import Life
from config.demo.people import World
from config.demo.texts import stream, words
from config.demo.times import day_of, in_office_hours, on_day
from panels.choices import ActionStatus, AttendanceStatus, DecisionCode
from panels.models import Action, AgendaItem, Meeting, Panel
from panels.rules.decisions import review_on
from panels.selectors.actions import may_own
from panels.selectors.agenda import files_open
from panels.selectors.meetings import seats_on
from panels.services.actions import NewAction, take_step, verify_action
from panels.services.agenda import list_child
from panels.services.deciding import Disagrees, Said, record_decision
from panels.services.meetings import (
    Came,
    close_meeting,
    move_meeting,
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
    ("sexual.health", "Sexual health", ()),
    ("young.parents", "Teenage pregnancy", ()),
    ("camhs", "", ()),
    ("drug.alcohol", "", ()),
    ("education.welfare", "", ("safeguarding.lead",)),
    ("housing", "", ()),
    ("rape.crisis", "", ()),
    ("youth.worker", "", ()),
    ("nurse", "School nursing", ()),
)
FIRST_HELD, SECOND_HELD, NEXT_IN, PUBLISHED_AGO, SET_UP_AGO = 52, 24, 4, 1, 66
MINUTES_AN_ITEM = timedelta(minutes=2)
SAYS = (Cell.FULL, Cell.OWN, Cell.PANEL)
PLACE = "Room 2, Northmere Civic Centre"
DECISIONS = {
    DecisionCode.CONTINUE: 70,
    DecisionCode.ACCEPT: 14,
    DecisionCode.STEP_UP: 6,
    DecisionCode.STRATEGY: 4,
    DecisionCode.STEP_DOWN: 6,
}


def write_panel(lives: dict[int, Life], setting: Setting) -> None:
    """Write the panel from the day it was set up to the agenda that its members are reading today."""
    rng, world, until = stream(setting.seed, "panel"), setting.world, setting.until
    panel = _set_up(world, at=until - timedelta(days=SET_UP_AGO, hours=-11))
    for days_ago, share in ((FIRST_HELD, 0.12), (SECOND_HELD, 0.45)):
        starts_at = _weekday(until, -days_ago)
        planned_at = starts_at - timedelta(days=7)
        meeting = Meeting.objects.filter(panel=panel, state="planned").first() or plan_meeting(
            panel=panel, starts_at=starts_at, place=PLACE, at=planned_at, by=world.viewers[OFFICE]
        )
        _hold(meeting, rng, world, share_with_action=share)
    _follow_actions(rng, world, until=until)
    _publish_next(panel, lives, world, until=until)


def _weekday(until: datetime, days: int) -> datetime:
    day = day_of(until + timedelta(days=days))
    while day.weekday() > 4:
        day += timedelta(days=1)
    return on_day(day, 14)


def _set_up(world: World, *, at: datetime) -> Panel:
    by = world.viewers[OFFICE]
    panel = set_up_panel(name="Operational Panel", at=at, by=by, function=FunctionKey.OPERATIONAL_PANEL)
    for username, service, deputies in SEATS:
        seat = give_seat(
            panel=panel, member=world.members[username], service=service, chairs=username == CHAIR, at=at, by=by
        )
        for deputy in deputies:
            add_deputy(seat=seat, membership=world.members[deputy], at=at, by=by)
    return panel


def _hold(meeting: Meeting, rng: random.Random, world: World, *, share_with_action: float) -> None:
    """From the agenda to the close, decision by decision."""
    chair = world.viewers[CHAIR]
    publish_agenda(meeting=meeting, at=meeting.starts_at - timedelta(days=4), by=world.viewers[OFFICE])
    at = meeting.starts_at + timedelta(minutes=4)
    meeting = open_meeting(meeting=meeting, at=at, by=chair)
    take_attendance(meeting=meeting, came=_who_came(meeting, rng), at=at + timedelta(minutes=3), by=chair)
    items = sorted(undecided_items(meeting, chair, at=at), key=lambda item: (item.child.sort_key, item.child.opened_at))
    for number, item in enumerate(items):
        at = meeting.starts_at + timedelta(minutes=9) + number * MINUTES_AN_ITEM
        _decide(item, rng, world, at=at, with_action=rng.random() < share_with_action)
    close_meeting(meeting=meeting, deferred={}, at=at + timedelta(minutes=6), by=chair)


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
    ends = False
    code = rng.choices(list(DECISIONS), list(DECISIONS.values()))[0]
    due = review_on(level=child.level, harm_status=child.harm_status, on=day_of(at))
    if child.level not in (RiskLevel.HIGH, RiskLevel.MEDIUM) and rng.random() < 0.85:
        code, ends = DecisionCode.ACCEPT_INFORMATION, True
    else:
        due = max(due, day_of(at) + timedelta(weeks=_weeks_until_next_look(rng)))
    said = Said(
        code=code, rationale=rng.choice(texts[code]), level_after=child.level, next_review_on=None if ends else due
    )
    dissents = []
    if rng.random() < 0.04:
        agency = world.members["education.welfare"].agency
        dissents.append(Disagrees(agency, rng.choice(texts["dissent"])))
    actions = _actions(child, rng, world, at=at) if with_action else []
    record_decision(
        item=item, said=said, version=item.version, at=at, by=world.viewers[CHAIR], dissents=dissents, actions=actions
    )


def _weeks_until_next_look(rng: random.Random) -> int:
    """When the panel looks again: a chair who has thirty children in two hours keeps most for the quarter."""
    shares = weights("weeks_until_next_look")
    return int(rng.choices(list(shares), list(shares.values()))[0])


def _actions(child: Child, rng: random.Random, world: World, *, at: datetime) -> list[NewAction]:
    texts = words("narratives")["panel"]["actions"]
    owners = [owner for owner in _owners(child, world, at=at) if may_own(child, owner, at=at)]
    chosen = rng.sample(owners, k=min(len(owners), rng.choice((1, 1, 2))))
    return [
        NewAction(text=rng.choice(texts), owner=owner, due_on=_due(rng, day_of(at)))
        for owner in sorted(chosen, key=lambda owner: owner.user.username)
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
        late = rng.random() < 0.14
        if done_at >= until or done_at <= action.recorded_at or late:
            continue
        owner = by_member[action.owner_membership_id]
        note = rng.choice(texts["evidence"])
        done = take_step(action=action, to=ActionStatus.DONE, note=note, version=action.version, at=done_at, by=owner)
        verified_at = done_at + timedelta(days=2)
        if verified_at < until and rng.random() < 0.8 and owner.user_id != world.viewers[OFFICE].user_id:
            verify_action(action=done, note="", version=done.version, at=verified_at, by=world.viewers[OFFICE])


def _publish_next(panel: Panel, lives: dict[int, Life], world: World, *, until: datetime) -> None:
    """The next meeting: a school lists a child below every threshold, then the agenda goes out to the members."""
    starts_at = _weekday(until, NEXT_IN)
    meeting = Meeting.objects.get(panel=panel, state="planned")
    by, at = world.viewers[OFFICE], until - timedelta(days=PUBLISHED_AGO + 6)
    if meeting.starts_at != starts_at:
        meeting = move_meeting(
            meeting=meeting, starts_at=starts_at, place=PLACE, minutes_long=120, version=meeting.version, at=at, by=by
        )
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
    publish_agenda(meeting=meeting, at=until - timedelta(days=PUBLISHED_AGO, hours=-10), by=by)
