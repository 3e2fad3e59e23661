"""Which panels, meetings, children and actions somebody is shown, who sits where, and what a referrer is told of a
decision, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.choices import FunctionKey
from accounts.models import Agency, FunctionGroup, FunctionMember, Membership
from accounts.rules.viewers import NOBODY, Viewer
from accounts.selectors import viewer_of
from cases.access.rules import Level
from cases.record.models import Child
from cases.record.services import files_open
from panels.models import Meeting, Panel, PanelDecision, PanelSeat, SeatDeputy, StatementAcceptance
from panels.rules.outcomes import FOLLOWED, NOT_FOLLOWED
from panels.selectors import actions, agenda, meetings
from panels.selectors import outcomes as told
from referrals.models import Notification
from tests.access.seen.rows import DAY, HOUR, ROLE, TICK, lead, named, or_none
from tests.factories.accounts import make_agency, make_function, make_membership
from tests.factories.cases import block, give, make_child, provenance
from tests.factories.panels import make_action, make_item, make_meeting
from tests.factories.referrals import make_decision, make_notification

pytestmark = pytest.mark.django_db
PANEL, STRATEGIC = FunctionKey.OPERATIONAL_PANEL, FunctionKey.PANEL_OFFICE


@pytest.fixture
def panel(db) -> Panel:
    return make_a_panel("Operational Panel")


def make_a_panel(name: str, key: str = PANEL, **fields: Any) -> Panel:
    return Panel.objects.create(name=name, function=make_function(key), started_on="2026-01-05", **fields)


def sit(panel: Panel, member: Membership, service: str = "", **fields: Any) -> PanelSeat:
    given = {"agency": member.agency, "service": service, "started_on": "2026-01-05"}
    return PanelSeat.objects.create(panel=panel, member=member, **{**given, **fields})


def deputise(seat: PanelSeat, member: Membership, **fields: Any) -> SeatDeputy:
    return SeatDeputy.objects.create(**{"seat": seat, "membership": member, "started_on": "2026-01-05", **fields})


def held(panel: Panel, at: Any, state: str, **fields: Any) -> Meeting:
    """A meeting that has come so far; a closed one closed when it should have."""
    by, starts = make_membership(role="coordinator"), fields.pop("starts_at", at - DAY)
    past = {
        "planned": (), "published": ("published",), "open": ("published", "opened"),
        "closed": ("published", "opened", "closed"),
    }[state]  # fmt: skip
    instants = {f"{name}_at": starts for name in past} | {f"{name}_by": by for name in past}
    return make_meeting(panel, starts_at=starts, state=state, **{**instants, **fields})


# Panels and meetings


def test_a_panel_is_known_to_who_serves_on_it_and_to_its_office(panel, at):
    other = make_a_panel("Other panel", STRATEGIC)
    ended = make_a_panel("Ended panel", ended_on="2026-02-05")
    rows = {"mine": panel, "other": other, "ended": ended}
    gatherings = {name: make_meeting(one) for name, one in rows.items()}
    seats = {name: sit(one, make_membership(role=ROLE)) for name, one in rows.items()}
    deputies = {name: deputise(seat, make_membership(role=ROLE)) for name, seat in seats.items()}
    known = {
        make_membership(role=ROLE, functions=(PANEL,)): {"mine"},
        make_membership(role="coordinator"): {"mine", "other"},
        make_membership(role="panel_chair"): {"mine", "other"},
        make_membership(role=ROLE): set(),
    }
    for member, names in known.items():
        viewer = viewer_of(member)
        assert named(rows, meetings.panels_known(viewer)) == names
        assert named(gatherings, meetings.meetings_known(viewer)) == names
        for find, asked in (
            (meetings.panel_of, rows),
            (meetings.meeting_of, gatherings),
            (none_if(meetings.seat_of), seats),
            (none_if(meetings.deputy_of), deputies),
        ):
            found = {name: or_none(find, viewer, row.pk) for name, row in asked.items()}
            assert found == {name: row if name in names else None for name, row in asked.items()}
            assert or_none(find, viewer, uuid4()) is None


def none_if(find: Callable[..., Any]) -> Callable[..., Any]:
    """As if it refused: what is not found is None."""

    def found(*asked: Any) -> Any:
        from accounts.rules.refusals import NotKnown

        row = find(*asked)
        if row is None:
            raise NotKnown("none")
        return row

    return found


def test_who_sits_on_a_day_holds_the_seat_or_deputises_that_day(panel, at):
    today = timezone.localdate(at)
    other = make_a_panel("Other panel", STRATEGIC)
    people = {
        name: make_membership(role=ROLE)
        for name in ("member", "begins today", "tomorrow", "ends tomorrow", "ended", "elsewhere")
    }
    seats = {name: sit(panel, one) for name, one in people.items() if name == "member"}
    seats["elsewhere"] = sit(other, people["elsewhere"])
    seats["begins today"] = sit(panel, people["begins today"], started_on=today)
    seats["tomorrow"] = sit(panel, people["tomorrow"], started_on=today + DAY)
    seats["ends tomorrow"] = sit(panel, people["ends tomorrow"], ended_on=today + DAY)
    seats["ended"] = sit(panel, people["ended"], ended_on=today)
    there = {"member", "begins today", "ends tomorrow"}
    assert named(seats, meetings.seats_on(panel.pk, on=today)) == there
    deputies = {name: make_membership(role=ROLE) for name in people}
    deputise(seats["member"], deputies["member"])
    deputise(seats["member"], deputies["begins today"], started_on=today)
    deputise(seats["member"], deputies["tomorrow"], started_on=today + DAY)
    deputise(seats["member"], deputies["ends tomorrow"], ended_on=today + DAY)
    deputise(seats["member"], deputies["ended"], ended_on=today)
    deputise(seats["elsewhere"], deputies["elsewhere"])
    [seat] = [one for one in meetings.seats_on(panel.pk, on=today) if one.pk == seats["member"].pk]
    sits = {name for name, one in deputies.items() if meetings.sits_on(seat, one.pk)}
    assert sits == {"member", "begins today", "ends tomorrow"}
    assert {name for name, one in people.items() if meetings.sits_on(seat, one.pk)} == {"member"}
    assert not meetings.sits_on(seat, None)
    both = {**people, **{f"deputy {name}": one for name, one in deputies.items()}}
    serve = there | {f"deputy {name}" for name in there}
    assert {name for name, one in both.items() if one.pk in meetings.who_serves(panel, on=today)} == serve


def test_every_panel_of_a_function_brings_people_into_it_until_it_ends(panel, at):
    today = timezone.localdate(at)
    second, ended = make_a_panel("Second panel"), make_a_panel("Ended panel", ended_on="2026-02-05")
    people = [make_membership(role=ROLE) for _ in range(3)]
    seats = [sit(one, member) for one, member in zip((panel, second, ended), people, strict=True)]
    deputy, past = make_membership(role=ROLE), make_membership(role=ROLE)
    deputise(seats[1], deputy)
    deputise(seats[2], past)
    assert meetings.who_serves(panel, on=today) == {people[0].pk, people[1].pk, deputy.pk}
    serving = make_membership(role=ROLE, functions=(PANEL, STRATEGIC))
    gone = make_membership(role=ROLE, functions=(PANEL,))
    FunctionMember.objects.filter(membership=gone).update(ended_on=today)
    make_membership(role=ROLE, functions=(STRATEGIC,))
    assert set(meetings.serving_now(panel, on=today)) == {serving.pk}
    assert FunctionGroup.objects.filter(pk=panel.function_id).exists()


def test_the_chair_sits_on_the_chairs_seat_in_a_role_that_may(panel, at):
    today = timezone.localdate(at)
    chair, deputy = make_membership(role="panel_chair"), make_membership(role="csc_manager")
    plain, member = make_membership(role="housing"), make_membership(role="csc_manager")
    seat = sit(panel, chair, chairs=True)
    deputise(seat, deputy)
    deputise(seat, plain)
    sit(panel, member)
    chairs = [meetings.chairs_for(viewer_of(one), panel.pk, on=today) for one in (chair, deputy, plain, member)]
    assert chairs == [True, True, False, False]
    may = [
        "Exploitation co-ordinator", "Exploitation officer", "Keyworker", "Panel chair", "Social care manager",
        "Social worker", "Specialist service manager",
    ]  # fmt: skip
    assert meetings.roles_that_chair(on=today) == may
    assert {"board_analyst", "technical_admin", "notification_only"}.isdisjoint(meetings.READING_ROLES)
    assert {ROLE, "panel_chair", "housing", "data_guardian"} < set(meetings.READING_ROLES)


def test_who_may_be_given_a_seat_reads_files_at_an_agency_that_is_still_there(at):
    today = timezone.localdate(at)
    closed = make_agency()
    Agency.objects.filter(pk=closed.pk).update(ended_on="2026-02-05")
    people = {
        "works": make_membership(role=ROLE),
        "left": make_membership(role=ROLE, ended_on=today),
        "closed": make_membership(role=ROLE, agency=closed),
        "no reader": make_membership(role="technical_admin"),
    }
    assert named(people, meetings.may_sit(on=today)) == {"works"}


def test_a_statement_is_accepted_by_somebody_for_one_meeting(panel, at):
    meeting, other = make_meeting(panel), make_meeting(panel, starts_at=at + 9 * DAY)
    mine, theirs, elsewhere = (make_membership(role=ROLE) for _ in range(3))
    for member, where in ((mine, meeting), (elsewhere, other)):
        StatementAcceptance.objects.create(meeting=where, membership=member, accepted_at=at)
    people = (mine, theirs, elsewhere)
    assert [meetings.has_accepted(meeting, viewer_of(one)) for one in people] == [True, False, False]
    assert not meetings.has_accepted(meeting, NOBODY)
    assert meetings.accepted_by(meeting) == {mine.pk}


# Children on an agenda


@pytest.fixture
def listed(panel, child, unknown, at) -> dict[str, Any]:
    """A meeting about two children and a third who was taken off, and another meeting about the first."""
    by = viewer_of(make_membership(role="coordinator"))
    meeting, other = make_meeting(panel), make_meeting(panel, starts_at=at + 9 * DAY)
    removed = {"state": "removed", "state_reason": "Listed by mistake.", "settled_at": at}
    off = make_child("Cai", "Seen")
    return {
        "known": make_item(meeting, child, by),
        "unknown": make_item(meeting, unknown, by),
        "taken off": make_item(meeting, off, by, **removed),
        "elsewhere": make_item(other, child, by),
        "taken off elsewhere": make_item(other, off, by, **removed),
    }


def test_of_an_agenda_somebody_is_shown_the_children_whom_they_may_know_of(listed, child, unknown, join, at):
    meeting, member = listed["known"].meeting, join()
    viewer = viewer_of(member)
    give(listed["taken off"].child, at - HOUR, membership=member)
    assert named(listed, agenda.items_on(meeting)) == {"known", "unknown"}
    shown = agenda.items_known(meeting, viewer, at=at)
    assert [(item, opened.child) for item, opened in shown] == [(listed["known"], child)]
    found = {name: or_none(agenda.item_known, meeting, row.pk, viewer, at=at) for name, row in listed.items()}
    assert found == {name: row if name == "known" else None for name, row in listed.items()}
    assert or_none(agenda.item_known, meeting, uuid4(), viewer, at=at) is None
    on_file = {name for name, row in listed.items() if agenda.item_on_file(child, row.pk)}
    assert on_file == {"known", "elsewhere"}
    assert agenda.item_on_file(child, uuid4()) is None
    assert named(listed, agenda.items_about(child)) == {"known", "elsewhere"}
    assert agenda.items_about(listed["taken off"].child) == []


@pytest.mark.parametrize(
    ("opened", "in_order"),
    [
        (["identity", "level", "minutes"], True),
        (["identity", "level"], False),
        (["identity", "minutes"], False),
    ],
)
def test_the_order_of_an_agenda_is_told_to_who_sees_levels_and_minutes_on_every_file(panel, at, opened, in_order):
    member, meeting = make_membership(role=ROLE), make_meeting(panel)
    by = viewer_of(make_membership(role="coordinator"))
    files = sorted((make_child(name, "Seen") for name in ("A", "B", "C")), key=lambda one: one.reference)
    items = [make_item(meeting, file, by) for file in reversed(files)]
    for file in files[:2]:
        give(file, at - HOUR, membership=member, reason="panel")
    give(files[2], at - HOUR, membership=member, reason="panel", categories=opened)
    shown = [item for item, _ in agenda.items_known(meeting, viewer_of(member), at=at)]
    assert shown == (items if in_order else items[::-1])


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("minutes", list(Level))
def test_an_order_tells_levels_and_decisions(child, join, at, level, minutes):
    opened = files_open([child.pk], viewer_of(join()), at=at)[child.pk]
    sees = replace(opened, levels={"level": level, "minutes": minutes})
    assert agenda._sees_order(sees) == ({level, minutes} <= {Level.SUMMARY, Level.FULL})


# Actions


def make_actions(item: Any, owners: Mapping[str, Membership], **said: Mapping[str, Any]) -> dict[str, Any]:
    by = viewer_of(make_membership(role="coordinator"))
    return {name: make_action(item, owner, by, **said.get(name, {})) for name, owner in owners.items()}


def test_somebody_is_shown_their_own_running_actions_and_the_office_what_is_late_or_to_verify(
    listed, child, unknown, join, at
):
    today, mine, other = timezone.localdate(at), join(), make_membership(role=ROLE)
    done = {"status": "done", "ended_at": at}
    rows = make_actions(
        listed["known"],
        {
            "open": mine,
            "late": mine,
            "due today": mine,
            "done": mine,
            "verified": mine,
            "withdrawn": mine,
            "theirs": other,
        },
        late={"due_on": today - DAY, "status": "in_progress"},
        done={**done, "due_on": today - DAY},
        verified={**done, "verified_at": at, "verified_by": other},
        withdrawn={"status": "withdrawn", "ended_at": at, "due_on": today - DAY},
        **{"due today": {"due_on": today}},
    )
    hidden = make_actions(
        listed["unknown"], {"hidden": mine, "hidden late": mine}, **{"hidden late": {"due_on": today - DAY}}
    )
    viewer, every = viewer_of(mine), {**rows, **hidden}
    assert named(every, actions.my_actions(viewer, at=at)) == {"open", "late", "due today"}
    assert named(every, actions.actions_to_chase(viewer, at=at, today=today)) == {"late", "done"}
    assert {name for name, row in every.items() if actions.action_on(child, row.pk)} == set(rows)
    assert {name for name, row in every.items() if actions.action_on(unknown, row.pk)} == set(hidden)
    assert actions.action_on(child, uuid4()) is None


def test_an_action_is_given_to_who_reads_files_and_is_not_kept_from_this_one(panel, child, unknown, at):
    meeting, merged = make_meeting(panel), make_child("Ada", "Merged", merged_into=child)
    names = ("member", "deputy", "worker", "was worker", "elsewhere", "blocked", "blocked merged", "no reader")
    people = {name: make_membership(role="technical_admin" if name == "no reader" else ROLE) for name in names}
    people["left"] = make_membership(role=ROLE, ended_on=timezone.localdate(at))
    lead(child, people["left"], is_lead=False)
    seats = {name: sit(panel, people[name]) for name in ("member", "blocked", "blocked merged", "no reader")}
    deputise(seats["member"], people["deputy"])
    lead(child, people["worker"], is_lead=False)
    lead(child, people["was worker"], ended_on="2026-02-05")
    lead(unknown, people["elsewhere"])
    lead(child, people["worker"], membership=None, is_lead=False)
    by = viewer_of(make_membership(role="data_guardian"))
    block(child, viewer_of(people["blocked"]), by=by, at=at - HOUR)
    block(merged, viewer_of(people["blocked merged"]), by=by, at=at - HOUR)
    block(unknown, viewer_of(people["member"]), by=by, at=at - HOUR)

    def offered() -> set[str]:
        return named(people, actions.owners_for(child, meeting, at=at, today=timezone.localdate(at)))

    def may_own() -> set[str]:
        return {name for name, one in people.items() if actions.may_own(child, one, at=at)}

    assert offered() == {"member", "deputy", "worker"}
    assert may_own() == {"member", "deputy", "worker", "was worker", "elsewhere"}
    Child.objects.filter(pk=child.pk).update(restricted=True)
    child.refresh_from_db()
    give(child, at - HOUR, membership=people["deputy"], reason="named")
    give(child, at - HOUR, membership=people["worker"])
    give(child, at - DAY, membership=people["member"], reason="named", valid_until=at)
    give(unknown, at - HOUR, membership=people["worker"], reason="named")
    assert (offered(), may_own()) == ({"deputy"}, {"deputy"})


def test_who_loses_their_name_with_their_work_is_named_by_each_action_they_still_owe(listed, child, unknown, at):
    member, other = make_membership(role=ROLE), make_membership(role=ROLE)
    rows = make_actions(
        listed["known"], {"mine": member, "done": member, "theirs": other}, done={"status": "done", "ended_at": at}
    )
    rows |= make_actions(listed["unknown"], {"elsewhere": member})
    work = lead(child, member, is_lead=False)

    def owed(row: Any = None) -> set[str]:
        return named(rows, actions.actions_unnamed_with(row or work, at=at))

    give(child, at - HOUR, membership=other, reason="named")
    assert owed() == set(), "nothing had named them"
    end(give(unknown, at - HOUR, membership=member, reason="named"), at)
    end(give(child, at - HOUR, membership=member), at)
    end(give(child, at - HOUR, membership=other, reason="named"), at)
    assert owed() == set(), "another's name, another file's, and access of another kind"
    end(give(child, at - 2 * HOUR, membership=member, reason="named"), at - TICK)
    assert owed() == set(), "their name had ended before"
    end(give(child, at - HOUR, membership=member, reason="named"), at)
    assert owed() == {"mine"}
    agency = lead(child, member, membership=None, is_lead=False)
    assert actions.actions_unnamed_with(agency, at=at) == []
    give(child, at - HOUR, membership=member, reason="named")
    assert owed() == set(), "something names them still"


def test_what_goes_to_a_successor_is_what_runs_of_one_person_for_one_child(panel, listed, child, at):
    member, other = make_membership(role=ROLE), make_membership(role=ROLE)
    rows = make_actions(
        listed["known"],
        {"open": member, "begun": member, "done": member, "theirs": other},
        begun={"status": "in_progress"},
        done={"status": "done", "ended_at": at},
    )
    again = make_membership(member.user, role=ROLE)
    rows["under another role"] = make_action(listed["known"], again, viewer_of(other))
    merged = make_child("Ada", "Merged", merged_into=child)
    rows["merged"] = make_action(make_item(make_meeting(panel), merged, viewer_of(other)), member, viewer_of(other))
    rows |= make_actions(listed["unknown"], {"elsewhere": member})
    owed = named(rows, actions.actions_owned_on(child.pk, member.user_id))
    assert owed == {"open", "begun", "under another role", "merged"}


def end(grant: Any, at: Any) -> None:
    type(grant).objects.filter(pk=grant.pk).update(ended_at=at)


# What a referrer is told


@pytest.fixture
def teacher(db) -> Viewer:
    return viewer_of(make_membership(role="education_dsl"))


def sent(child: Child | None, by: Viewer, at: Any, *, outcome: str = "accept_joined", hours: int = 48) -> Notification:
    """A notification about a child, decided on so long ago; waiting without an outcome."""
    row = make_notification(by, child=child)
    if outcome:
        decider, accepted = viewer_of(make_membership(role="notification_point")), outcome.startswith("accept")
        lead_of = make_membership(role=ROLE) if accepted else None
        make_decision(row, decider, outcome=outcome, decided_at=at - hours * HOUR, lead=lead_of)
    return Notification.objects.select_related("decision").get(pk=row.pk)


def decided(
    panel: Panel, child: Child, at: Any, days: float, *, code: str = "decline_advice", **said: Any
) -> PanelDecision:
    """A decision so many days ago, at a meeting that has closed unless told."""
    when, chair = at - days * DAY, viewer_of(make_membership(role="panel_chair"))
    meeting = held(panel, at, said.pop("state", "closed"), starts_at=when, **said)
    row = {"code": code, "rationale": "CANARY", "level_before": "low", "level_after": "low", "decided_at": when}
    return PanelDecision.objects.create(
        child=child, item=make_item(meeting, child, chair), **row, **provenance(chair, "minutes")
    )


def outcomes(at: Any, *rows: Notification) -> dict[Any, str]:
    return {pk: one.words for pk, one in told.outcomes_for(list(rows), at).items()}


def test_a_referrer_is_told_of_the_first_decision_since_by_a_meeting_that_has_closed(
    panel, child, unknown, teacher, at
):
    row, of_other = sent(child, teacher, at), sent(unknown, teacher, at)
    assert outcomes(at) == outcomes(at, row) == {}, "nothing was decided"
    decided(panel, child, at, 3)
    assert outcomes(at, row) == {}, "it was decided before they told of the child"
    decided(panel, child, at, 1.5, state="open")
    decided(panel, child, at, 1.4, closed_at=at + TICK)
    assert outcomes(at, row) == {}, "the meeting has not closed"
    decided(panel, child, at, 1, code="continue", closed_at=at)
    decided(panel, child, at, 0.5)
    others = [sent(None, teacher, at), *(sent(child, teacher, at, outcome=one) for one in ("", "information_only"))]
    found = told.outcomes_for([row, of_other, *others], at)
    assert {pk: (one.words, one.happened_at) for pk, one in found.items()} == {row.pk: (FOLLOWED, at)}
    decided(panel, unknown, at, 0.25)
    assert outcomes(at, row, of_other) == {row.pk: FOLLOWED, of_other.pk: NOT_FOLLOWED}
    late = sent(child, teacher, at, hours=24)
    assert outcomes(at, late) == {late.pk: FOLLOWED}, "what was decided at that instant came since"
    assert outcomes(at, *others) == {}


def test_nothing_is_told_of_a_restricted_file_or_to_a_referrer_who_is_kept_from_it(panel, at):
    names = (
        "plain", "blocked", "under blocked", "restricted", "under restricted", "another's", "over", "into restricted",
        "into blocked", "beside restricted", "beside blocked",
    )  # fmt: skip
    files = {name: make_child(name, "Seen") for name in names}
    teacher, other = (make_membership(role="education_dsl") for _ in range(2))
    by = viewer_of(make_membership(role="data_guardian"))
    rows = {}
    for number, (name, file) in enumerate(files.items()):
        rows[name] = sent(file, viewer_of(teacher), at)
        decided(panel, file, at, 1 + number / 100)
    rows["other's of blocked"] = sent(files["blocked"], viewer_of(other), at)
    merged = {
        name: make_child(name, "Merged", merged_into=files[f"under {name}"]) for name in ("blocked", "restricted")
    }
    for file in (files["blocked"], merged["blocked"], make_child("D", "Elsewhere")):
        block(file, viewer_of(teacher), by=by, at=at - HOUR)
    block(files["another's"], viewer_of(make_membership()), by=by, at=at - HOUR)
    block(files["over"], viewer_of(teacher), by=by, at=at + HOUR)
    Child.objects.filter(pk__in=[files["restricted"].pk, merged["restricted"].pk]).update(restricted=True)
    for name in ("restricted", "blocked"):
        Child.objects.filter(pk=files[f"into {name}"].pk).update(merged_into=files[name])
        Child.objects.filter(pk=files[f"beside {name}"].pk).update(merged_into=files[f"under {name}"])
    told_of = {name for name, row in rows.items() if row.pk in outcomes(at, *rows.values())}
    assert told_of == {"plain", "another's", "over", "other's of blocked"}
