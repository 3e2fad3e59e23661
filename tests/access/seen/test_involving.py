"""Whom access in person would let in against what the child has said, and who works there otherwise, one condition at
a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from datetime import datetime

import pytest
from django.utils import timezone

from accounts.models import FunctionMember, Membership
from cases.access.models import AccessGrant
from cases.record.models import Child, Involvement
from cases.sharing.choices import WishKind
from cases.sharing.selectors.involving import (
    EndOfAccess,
    end_of_access,
    found_mistaken,
    newly_told_against_wish,
    work_to_end,
    works_otherwise,
)
from tests.access.seen.rows import DAY, HOUR, POINT, ROLE, TICK, lead, named
from tests.factories.accounts import make_agency, make_function, make_membership
from tests.factories.cases import give, make_child
from tests.factories.shares import make_against_wish, make_breach, make_mistake, make_wish

pytestmark = pytest.mark.django_db

NAMED = {"named", "named and serves"}
SERVING = {"serves", "serves another job too"}


@pytest.fixture
def people(child, unknown, at) -> dict[str, Membership]:
    """People whom the child does not want told, by what they hold or do already."""
    people = {
        name: make_membership(role=ROLE)
        for name in (
            "nothing", "named", "was named", "named elsewhere", "in person", "agency sees", "named and serves",
            "serves", "served", "serves another job too", "job saw it before", "job sees another file", "on the panel",
        )
    }  # fmt: skip
    for name in NAMED:
        give(child, at - HOUR, membership=people[name], reason="named")
    give(child, at - DAY, membership=people["was named"], reason="named", valid_until=at)
    give(unknown, at - HOUR, membership=people["named elsewhere"], reason="named")
    give(child, at - HOUR, membership=people["in person"], reason="allocation")
    give(child, at - HOUR, group=people["agency sees"].agency.group, reason="function")
    jobs = (POINT, "interview_team", "out_of_hours", "operational_panel")
    point, interviews, out_of_hours, panel = (make_function(key) for key in jobs)
    give(child, at - HOUR, group=point.group, reason="function")
    give(child, at - DAY, group=interviews.group, reason="function", valid_until=at)
    give(unknown, at - HOUR, group=out_of_hours.group, reason="function")
    give(child, at - HOUR, group=panel.group, reason="panel")
    today = timezone.localdate(at)
    for name, job, ended_on in (
        ("named and serves", point, None),
        ("serves", point, None),
        ("served", point, today),
        ("serves another job too", point, None),
        ("serves another job too", panel, None),
        ("job saw it before", interviews, None),
        ("job sees another file", out_of_hours, None),
        ("on the panel", panel, None),
    ):
        FunctionMember.objects.create(membership=people[name], function=job, ended_on=ended_on)
    return people


def over(work: Involvement, at: datetime) -> None:
    """The access that came with some work ended at that instant."""
    row = give(work.child, at - DAY, membership=work.membership, source_id=work.pk)
    AccessGrant.objects.filter(pk=row.pk).update(ended_at=at, ended_by=work.author)


def newly_told(child: Child, people: dict[str, Membership], at: datetime) -> set[str]:
    return named(people, newly_told_against_wish(child, people.values(), at=at))


def test_who_is_neither_named_nor_in_a_job_that_sees_the_file_would_be_told_anew(child, people, at):
    make_wish(child, make_membership(role=ROLE), WishKind.NOT_WIDER)
    assert newly_told(child, people, at) == set(people) - NAMED - SERVING


def test_where_each_person_is_named_no_job_sees_the_file(child, people, at):
    make_wish(child, make_membership(role=ROLE), WishKind.NOT_WIDER)
    child.restricted = True
    assert newly_told(child, people, at) == set(people) - NAMED
    child.restricted = False
    make_child("Ada", "Merged", merged_into=child, restricted=True)
    assert newly_told(child, people, at) == set(people) - NAMED


def test_of_those_asked_about_only_people_of_an_agency_that_the_child_does_not_want_told(child, unknown, at):
    people = {
        sector: make_membership(agency=make_agency(sector=sector), role=ROLE)
        for sector in ("health", "education", "voluntary")
    }
    people |= {
        "works with the child": make_membership(agency=make_agency(sector="health"), role=ROLE),
        "guardian": make_membership(agency=people["health"].agency, role="data_guardian"),
    }
    lead(child, people["works with the child"])
    make_wish(child, people["voluntary"], kept_from=("health", "education"))
    make_wish(unknown, people["voluntary"], WishKind.NOT_WIDER)
    assert newly_told(child, people, at) == {"health", "education"}
    assert newly_told_against_wish(child, [people["education"]], at=at) == [people["education"]]
    assert newly_told_against_wish(child, [people["voluntary"]], at=at) == []


def test_a_guardian_is_told_nothing_anew_even_alone_and_at_an_agency_that_is_not_wanted(child, at):
    guardian, colleague = make_membership(role="data_guardian"), make_membership(role=ROLE)
    make_wish(child, colleague, WishKind.NOT_WIDER)
    assert newly_told_against_wish(child, [guardian], at=at) == []
    assert newly_told_against_wish(child, [guardian, colleague], at=at) == [colleague]


def test_where_the_child_has_said_nothing_only_that_is_asked(child, people, at, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert newly_told(child, people, at) == set()


def test_only_other_work_of_the_agency_with_the_child_that_goes_on_keeps_it_there(child, unknown, at):
    first, elsewhere = make_membership(role=ROLE), make_membership(role=ROLE)
    second, third = (make_membership(role=ROLE, agency=first.agency) for _ in range(2))
    before = {"recorded_at": at - DAY}
    work = lead(child, first, **before)
    lead(child, elsewhere, is_lead=False, **before)
    lead(unknown, second, **before)
    over(lead(child, third, is_lead=False, ended_on=at.date(), **before), at)
    assert not works_otherwise(work, at=at)
    more = lead(child, second, is_lead=False, **before)
    assert works_otherwise(work, at=at)
    assert works_otherwise(more, at=at)


def test_work_that_began_later_or_was_a_mistake_keeps_the_agency_there_no_more_than_work_that_had_ended(child, at):
    """Asked of work that has ended: what counts is that moment."""
    first, when = make_membership(role=ROLE), at - DAY
    others = [make_membership(role=ROLE, agency=first.agency) for _ in range(4)]
    work = lead(child, first, ended_on=when.date(), recorded_at=at - 3 * DAY)
    before = {"is_lead": False, "recorded_at": when}
    lead(child, others[0], is_lead=False, recorded_at=when + TICK)
    over(lead(child, others[1], ended_on=when.date(), **before), when)
    mistake = lead(child, others[2], ended_on=at.date(), **before)
    assert works_otherwise(work, at=when)
    make_mistake(mistake, others[2])
    assert not works_otherwise(work, at=when)
    lead(child, others[3], ended_on=at.date(), **before)
    assert works_otherwise(work, at=when)


def test_work_that_ends_on_the_same_day_and_later_keeps_the_agency_there(child, at):
    """Seen to fail: what counted was the day, so that a colleague who stayed till the evening was not there."""
    first = make_membership(role=ROLE)
    second, third = (make_membership(role=ROLE, agency=first.agency) for _ in range(2))
    before = {"is_lead": False, "ended_on": at.date(), "recorded_at": at - DAY}
    work = lead(child, first, **before)
    over(lead(child, second, **before), at)
    assert works_otherwise(work, at=at - TICK)
    assert not works_otherwise(work, at=at)
    assert not works_otherwise(work, at=at + TICK)
    lead(child, third, **before)
    assert works_otherwise(work, at=at), "whose access nobody ended was there until midnight"
    assert not works_otherwise(work, at=at + DAY)


def test_what_was_found_to_be_a_mistake_is_work_of_that_file_and_ends_no_more(child, unknown, at):
    by = make_membership(role=ROLE)
    open_work, ended, mistake = (
        lead(child, make_membership(role=ROLE), is_lead=False, **more)
        for more in ({}, {"ended_on": at.date()}, {"ended_on": at.date()})
    )
    elsewhere = lead(unknown, by)
    assert found_mistaken(child.pk) == set()
    for work in (mistake, lead(unknown, by, is_lead=False, ended_on=at.date())):
        make_mistake(work, by)
    make_against_wish(ended, by)
    make_breach(child, by, by)  # a share, and no work
    assert found_mistaken(child.pk) == {mistake.pk}
    rows = {"open": open_work, "ended": ended, "mistake": mistake, "elsewhere": elsewhere}
    assert {name for name, row in rows.items() if work_to_end(child.pk, row.pk) == row} == {"open", "ended"}


def test_access_ended_with_the_last_grant_that_came_with_the_work(child, at):
    member = make_membership(role=ROLE)
    work, goes_on = lead(child, member, ended_on=at.date()), lead(child, member, is_lead=False)
    midnight = timezone.make_aware(datetime.combine(at.date() + DAY, datetime.min.time()))
    assert end_of_access(goes_on) is None
    assert end_of_access(work) == EndOfAccess(midnight, None)
    for ended_at, source in ((at - HOUR, work), (at - 2 * HOUR, work), (None, work), (at, goes_on)):
        row = give(child, at - DAY, membership=member, source_id=source.pk)
        ended = {"ended_at": ended_at, "ended_by": member.user if ended_at else None}
        AccessGrant.objects.filter(pk=row.pk).update(**ended)
    assert end_of_access(work) == EndOfAccess(at - HOUR, member.user_id)
