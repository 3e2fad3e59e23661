"""Which restrictions hold, who of the named can really open a file, which guardian is named where none is left, and
whose work keeps a name, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Q
from django.utils import timezone

from accounts.models import Agency, DefinitionVersion, FunctionMember, Membership, User
from accounts.selectors import viewer_of
from cases.access.models import AccessGrant
from cases.access.services import end_grants
from cases.clocks.choices import ClockKind
from cases.clocks.models import Clock
from cases.record.models import Child, Involvement
from cases.sharing.choices import RestrictionStepKind
from cases.sharing.models import Restriction, RestrictionStep
from cases.sharing.selectors import guarding
from tests.access.seen.rows import DAY, GUARDIANS, HOUR, POINT, ROLE, TICK, lead, named
from tests.factories.accounts import make_membership, make_user
from tests.factories.cases import block, give, make_child

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(db) -> Membership:
    return make_membership(role="csc_manager")


def restrict(file: Child, keeper: Membership, at: datetime, **said: Any) -> Restriction:
    row = {"kind": "other", "reason": "A live operation.", "review_on": at.date(), "keeper": keeper}
    return Restriction.objects.create(child=file, placed_at=at, placed_by=keeper.user, **{**row, **said})


def named_on(file: Child, at: datetime, **said: Any) -> Membership:
    member = make_membership(**{"role": ROLE, **said})
    give(file, at - HOUR, membership=member, reason="named")
    return member


def test_a_restriction_holds_until_it_is_lifted(child, unknown, keeper, at):
    asked = {"lift_asked_at": at, "lift_asked_by": keeper.user, "lift_reason": "Over."}
    rows = {
        "here": restrict(child, keeper, at),
        "there": restrict(unknown, keeper, at),
        "lifted": restrict(child, keeper, at, **asked, lifted_at=at, lifted_by=make_user()),
        "merged": restrict(make_child("Ada", "Merged", merged_into=child), keeper, at),
    }
    assert named(rows, guarding.restrictions_open(None)) == {"here", "there", "merged"}
    assert named(rows, guarding.restrictions_open([child.pk])) == {"here", "merged"}
    assert named(rows, guarding.restrictions_open([rows["merged"].child_id])) == {"merged"}
    assert named(rows, guarding.restrictions_open([])) == set()


def test_the_files_on_which_somebody_is_named_are_those_where_the_name_holds(child, unknown, at):
    member = named_on(child, at)
    give(child, at - 2 * HOUR, membership=member, reason="named", source_id=uuid4())
    give(unknown, at - HOUR, membership=member)
    over = make_child("Cai", "Seen")
    give(over, at - DAY, membership=member, reason="named", valid_until=at)
    named_on(over, at)
    again = make_membership(member.user, role="csc_manager")
    give(unknown, at - HOUR, membership=again, reason="named")
    assert guarding.files_naming(Q(pk=member.pk), at=at) == [child.pk]
    assert set(guarding.files_naming(Q(user_id=member.user_id), at=at)) == {child.pk, unknown.pk}


def test_who_of_the_named_can_open_the_file(child, unknown, at):
    people = {name: named_on(child, at) for name in ("plain", "closed account", "blocked", "left", "blocked elsewhere")}
    people["elsewhere"] = named_on(unknown, at)
    people["not named"] = make_membership(role=ROLE)
    give(child, at - HOUR, membership=people["not named"])
    User.objects.filter(pk=people["closed account"].user_id).update(is_active=False)
    Membership.objects.filter(pk=people["left"].pk).update(ended_on=timezone.localdate(at))
    by = viewer_of(make_membership(role="data_guardian"))
    block(child, viewer_of(people["blocked"]), by=by, at=at - HOUR)
    block(unknown, viewer_of(people["blocked elsewhere"]), by=by, at=at - HOUR)
    can = named(people, guarding.who_can_open(child.pk, at=at))
    assert can == {"plain", "blocked elsewhere"}


def test_the_guardian_who_is_named_serves_can_open_the_file_and_is_not_the_one_who_goes(child, at):
    today = timezone.localdate(at)

    def guardian(name: str, *, role: str = "data_guardian", function: str = GUARDIANS, **said: Any) -> Membership:
        member = make_membership(role=role, functions=(function,), **said)
        User.objects.filter(pk=member.user_id).update(full_name=name)
        return member

    def chosen(but: Any = None) -> Membership | None:
        return guarding.guardian_to_name(child.pk, at=at, but=but)

    assert chosen() is None
    idle, closed, blocked = guardian("A idle"), guardian("B closed"), guardian("C blocked")
    FunctionMember.objects.filter(membership=idle).update(ended_on=today)
    User.objects.filter(pk=closed.user_id).update(is_active=False)
    block(child, viewer_of(blocked), by=viewer_of(idle), at=at - HOUR)
    guardian("D elsewhere", function=POINT)
    guardian("E manager", role="csc_manager")
    lapsed = guardian("F lapsed")
    Agency.objects.filter(pk=lapsed.agency_id).update(covered=[])
    assert chosen() is None
    last, first = guardian("Z last"), guardian("Y first")
    assert (chosen(), chosen(first.pk), chosen(last.pk)) == (first, last, first)


def test_nothing_is_said_twice_until_somebody_has_been_named(child, unknown, keeper, at):
    here, there = restrict(child, keeper, at), restrict(unknown, keeper, at)
    kinds = RestrictionStepKind

    def step(kind: Any, when: datetime, restriction: Restriction = here) -> None:
        RestrictionStep.objects.create(restriction=restriction, kind=kind, words="x", done_at=when, person=keeper)

    def said() -> list[bool]:
        return [guarding.said_since_a_name(here.pk, kind) for kind in (kinds.NO_GUARDIAN, kinds.NOBODY_WORKS)]

    step(kinds.NO_GUARDIAN, at, there)
    assert said() == [False, False]
    step(kinds.NO_GUARDIAN, at - DAY)
    assert said() == [True, False]
    step(kinds.NAMED, at, there)
    step(kinds.REMOVED, at)
    assert said() == [True, False], "somebody is named on another file, or taken off this one"
    step(kinds.NAMED, at - 2 * DAY)
    assert said() == [True, False]
    step(kinds.NAMED, at - HOUR)
    assert said() == [False, False]
    step(kinds.NO_GUARDIAN, at - HOUR - TICK)
    assert said() == [False, False]
    step(kinds.NO_GUARDIAN, at - HOUR)
    assert said() == [True, False]


def run(child: Child, owner: Membership, at: datetime, kind: str = ClockKind.SHARING_REVIEWED, **said: Any) -> Clock:
    definition = DefinitionVersion.objects.filter(kind="clock", key=kind).first()
    times = {"anchored_at": at - DAY, "due_at": at + DAY, "first_due_at": at + DAY}
    row = {"kind": kind, "definition": definition, "subject_id": uuid4(), "child": child, "owner_membership": owner}
    return Clock.objects.create(**{**row, **times, **said})


def test_who_works_with_the_child_or_owes_something_there_keeps_their_name(child, unknown, at):
    done = {"state": "done", "done_at": at, "stopped_at": at}
    people = {
        name: make_membership(role=ROLE)
        for name in ("works", "worked", "elsewhere", "owes", "owed", "owes elsewhere", "owes an action", "nothing")
    }
    lead(child, people["works"], is_lead=False)
    lead(child, people["worked"], ended_on="2026-02-05")
    lead(unknown, people["elsewhere"])
    run(child, people["owes"], at)
    run(child, people["owed"], at, **done)
    run(unknown, people["owes elsewhere"], at)
    run(child, people["owes an action"], at, ClockKind.ACTION_DONE)
    assert {name for name, one in people.items() if guarding.works_on(child.pk, one.pk)} == {"works", "owes"}


@pytest.fixture
def worked(at) -> Callable[..., None]:
    """Work that is over, under the grant that came with it: two days ago until an hour ago, unless told."""

    def made(
        file: Child, member: Membership, until: timedelta | None = -HOUR, row: Involvement | None = None, **said: Any
    ) -> None:
        row = row or lead(file, member, is_lead=False, ended_on="2026-02-05")
        given = {"membership": member, "reason": "allocation", "source_id": row.pk, **said}
        grant = give(file, at - 2 * DAY, **given)
        if until is not None:
            end_grants(grants=AccessGrant.objects.filter(pk=grant.pk), at=at + until, by=None, why="Over.")

    return made


def test_a_name_ends_where_work_has_ended_since_it_began_and_nothing_is_done_or_owed_there(
    child, unknown, keeper, worked, at
):
    row, merged = (restrict(file, keeper, at) for file in (child, make_child("Ada", "Merged", merged_into=child)))
    people: dict[str, Membership] = {}

    def name(who: str, **said: Any) -> Membership:
        people[who] = make_membership(role=ROLE)
        give(child, at - DAY, **{"membership": people[who], "reason": "named", "source_id": row.pk, **said})
        return people[who]

    name("never worked")
    worked(child, name("ended"))
    worked(child, name("ended as they were named"), -DAY)
    worked(child, name("ended before they were named"), -DAY - TICK)
    worked(child, name("not ended"), None)
    worked(child, name("works again"))
    lead(child, people["works again"], is_lead=False)
    worked(child, name("owes"))
    run(child, people["owes"], at)
    worked(child, name("opened for another reason"), reason="share")
    worked(child, name("opened by nobody's work"), source_id=uuid4())
    worked(child, name("whose work goes on"), row=lead(child, keeper, is_lead=False))
    worked(unknown, name("worked elsewhere"))
    here, there = (lead(file, keeper, is_lead=False, ended_on="2026-02-05") for file in (child, unknown))
    worked(child, name("opened for work elsewhere"), row=there)
    worked(unknown, name("opened elsewhere for work here"), row=here)
    worked(child, name("name over", valid_until=at))
    worked(child, name("not named", reason="share"))
    worked(child, name("named with the other restriction", source_id=merged.pk))
    assert named(people, guarding.named_without_work(row, at=at)) == {"ended", "ended as they were named"}
    assert named(people, guarding.named_without_work(merged, at=at)) == {"named with the other restriction"}


def test_the_review_of_a_restriction_waits_while_its_clock_runs(child, keeper, at):
    row, kind = restrict(child, keeper, at), ClockKind.RESTRICTION_REVIEWED
    done = {"state": "done", "done_at": at, "stopped_at": at}
    run(child, keeper, at, kind)
    run(child, keeper, at, ClockKind.SHARING_REVIEWED, subject_id=row.pk)
    run(child, keeper, at, kind, subject_id=row.pk, **done)
    assert not guarding.review_runs(row.pk)
    run(child, keeper, at, kind, subject_id=row.pk)
    assert guarding.review_runs(row.pk)


def test_the_administrators_are_told_who_hold_the_role_now_with_an_open_account(at):
    today = timezone.localdate(at)
    people = {
        "admin": make_membership(role="technical_admin"),
        "left": make_membership(role="technical_admin", ended_on=today),
        "closed": make_membership(role="technical_admin"),
        "guardian": make_membership(role="data_guardian"),
    }
    User.objects.filter(pk=people["closed"].user_id).update(is_active=False)
    users = {name: one.user for name, one in people.items()}
    assert named(users, guarding.administrators(at=at)) == {"admin"}
