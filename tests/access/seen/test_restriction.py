"""Who is named on a restricted file, who could be, and what the child's wish keeps an agency from, one condition at a
time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Agency, Membership, User
from accounts.selectors import viewer_of
from cases.access.selectors import matrix_in_force
from cases.record.models import Child
from cases.sharing.choices import WishKind
from cases.sharing.models import Restriction
from cases.sharing.rules.shares import jobs_of, would_know_of
from cases.sharing.selectors import involving, restriction, shares
from tests.access.seen.rows import DAY, GUARDIANS, HOUR, ROLE, lead, named, unblock
from tests.factories.accounts import make_agency, make_membership, make_user
from tests.factories.cases import block, give, make_child
from tests.factories.shares import make_wish

pytestmark = pytest.mark.django_db


def unwanted_others(child, agency, at):
    """The agency, where the child does not want it told and nothing reaches it for safety's sake."""
    found = involving.unwanted_among(child, [agency], at=at)
    return [one for one in found if not involving.reached_for_safety(one)]


def test_who_reads_files_and_who_oversees_access():
    assert set(restriction.OVERSEEING) == {"csc_manager", "specialist_manager", "data_guardian"}
    assert set(restriction.OVERSEEING) < set(restriction.READING)
    assert {"board_analyst", "technical_admin", "notification_only"}.isdisjoint(restriction.READING)
    assert {ROLE, "police_officer", "housing", "carer_or_home", "panel_chair"} < set(restriction.READING)


def test_the_restriction_that_holds_is_of_this_file(child, unknown, at):
    keeper = make_membership(role="data_guardian")

    def placed(file: Child, **fields: Any) -> Restriction:
        said = {"kind": "other", "reason": "A live operation.", "review_on": at.date(), "keeper": keeper}
        return Restriction.objects.create(child=file, placed_at=at, placed_by=keeper.user, **said, **fields)

    placed(unknown)
    asked = {"lift_asked_at": at, "lift_asked_by": keeper.user, "lift_reason": "Over."}
    placed(child, **asked, lifted_at=at, lifted_by=make_user())
    assert restriction.restriction_of(child.pk) is None
    assert restriction.restriction_of(unknown.pk).child == unknown
    assert restriction.restriction_of(placed(child).child_id).lifted_at is None


def test_who_is_named_stands_in_the_grants_that_hold(child, unknown, at):
    people = {
        name: make_membership(role=role)
        for name, role in {"worker": ROLE, "manager": "csc_manager", "guardian": "data_guardian"}.items()
    }
    for member in people.values():
        give(child, at - HOUR, membership=member, reason="named")
    strangers = [make_membership(role="csc_manager") for _ in range(3)]
    give(child, at - DAY, membership=strangers[0], reason="named", valid_until=at)
    give(unknown, at - HOUR, membership=strangers[1], reason="named")
    give(child, at - HOUR, membership=strangers[2])
    assert named(people, restriction.named_on(child.pk, at=at)) == set(people)
    asked = restriction.overseers_to_ask(child, asked_by=viewer_of(people["manager"]), at=at)
    assert named(people, asked) == {"guardian"}


def readers(child: Child, unknown: Child, at: datetime) -> dict[str, Membership]:
    """People near and far, by what tells them apart."""
    seen = make_agency()
    give(child, at - HOUR, group=seen.group)
    people = {
        name: make_membership(role=ROLE)
        for name in (
            "far", "worker", "was worker", "worker elsewhere", "in person", "was in person", "in person elsewhere",
            "closed", "blocked", "blocked merged", "blocked elsewhere", "blocked before",
        )
    }  # fmt: skip
    people |= {
        "colleague": make_membership(role=ROLE, agency=seen),
        "manager": make_membership(role="csc_manager", agency=seen),
        "manager elsewhere": make_membership(role="csc_manager"),
        "guardian": make_membership(role="data_guardian", functions=(GUARDIANS,)),
        "no reader": make_membership(role="technical_admin"),
        "gone": make_membership(role=ROLE, ended_on=timezone.localdate(at)),
        "inactive": make_membership(role=ROLE),
        "system": make_membership(User.objects.create(username="s", is_service=True, password="!"), role=ROLE),
        "uncovered": make_membership(role=ROLE),
        "uncovered in person": make_membership(role=ROLE),
        "uncovered elsewhere": make_membership(role=ROLE),
        "uncovered before": make_membership(role=ROLE),
        "uncovered shared": make_membership(role=ROLE),
    }
    lead(child, people["worker"], is_lead=False)
    lead(child, people["was worker"], ended_on="2026-02-05")
    lead(child, people["far"], membership=None, is_lead=False)
    lead(unknown, people["worker elsewhere"])
    for name in ("in person", "uncovered in person"):
        give(child, at - HOUR, membership=people[name], reason="allocation")
    give(child, at - HOUR, membership=people["uncovered shared"])
    for name in ("was in person", "uncovered before"):
        give(child, at - DAY, membership=people[name], valid_until=at)
    for name in ("in person elsewhere", "uncovered elsewhere"):
        give(unknown, at - HOUR, membership=people[name])
    give(unknown, at - HOUR, group=people["manager elsewhere"].agency.group)
    uncovered = [member.agency_id for name, member in people.items() if name.startswith("uncovered")]
    Agency.objects.filter(pk__in=uncovered).update(covered=[])
    Agency.objects.filter(pk=people["closed"].agency_id).update(ended_on="2026-02-05")
    User.objects.filter(pk=people["inactive"].user_id).update(is_active=False)
    merged, by = make_child("Ada", "Merged", merged_into=child), viewer_of(people["far"])
    for name, file in (("blocked", child), ("blocked merged", merged), ("blocked elsewhere", unknown)):
        block(file, viewer_of(people[name]), by=by)
    unblock(block(child, viewer_of(people["blocked before"]), by=by, at=at - DAY), at)
    return people


READING = {
    "far", "worker", "was worker", "worker elsewhere", "in person", "was in person", "in person elsewhere",
    "blocked elsewhere", "blocked before", "colleague", "manager", "manager elsewhere", "guardian",
}  # fmt: skip


def test_who_could_be_named_reads_files_and_has_no_conflict(child, unknown, at):
    people = readers(child, unknown, at)
    far = restriction.may_be_named(child.pk, at=at, near=False)
    assert named(people, far) == READING | {"uncovered in person"}
    near = restriction.may_be_named(child.pk, at=at, near=True)
    assert named(people, near) == {"worker", "in person", "uncovered in person", "manager", "guardian"}


def test_something_may_be_shared_with_who_reads_files_and_has_no_conflict(child, unknown, at):
    people = readers(child, unknown, at)
    reading = READING | {name for name in people if name.startswith("uncovered")}
    agency = people["colleague"].agency_id

    def found(but: Any = None, agency_id: Any = None) -> set[str]:
        return named(people, shares.may_receive(child.pk, but=but, at=at, agency_id=agency_id))

    assert found() == reading
    assert found(but=agency) == reading - {"colleague", "manager"}
    assert found(agency_id=agency) == {"colleague", "manager"}
    agencies = shares.agencies_to_share_with(child.pk, but=agency, at=at)
    assert {one.pk for one in agencies} == {people[name].agency_id for name in reading} - {agency}


# What the child said about an agency


@pytest.mark.parametrize(
    ("kind", "said", "sector", "against"),
    [
        (None, {}, "voluntary", False),
        (WishKind.FREE, {}, "voluntary", False),
        (WishKind.NOT_WIDER, {}, "voluntary", True),
        (WishKind.NOT_WIDER, {}, "police", True),
        (WishKind.LIMITS, {"kept_from": ("health",)}, "health", True),
        (WishKind.LIMITS, {"kept_from": ("health",)}, "voluntary", False),
        (WishKind.LIMITS, {"kept": ("missing",)}, "voluntary", True),
    ],
)
def test_an_agency_is_kept_out_by_what_the_child_said_unless_it_keeps_the_child_safe(
    child, at, kind, said, sector, against
):
    agency, matrix = make_agency(sector=sector), matrix_in_force(on=timezone.localdate(at))
    if kind is not None:
        make_wish(child, make_membership(role=ROLE), kind, **said)
    assert involving.goes_against_wish(child, agency, matrix=matrix, at=at) == against
    kept_out = [agency] if against and sector != "police" else []
    assert [
        one for one in involving.unwanted_among(child, [agency], at=at) if not involving.reached_for_safety(one)
    ] == kept_out


def test_an_agency_that_works_with_the_child_is_not_kept_out_unless_each_person_is_named(child, unknown, at):
    worker, matrix = make_membership(role=ROLE), matrix_in_force(on=timezone.localdate(at))
    make_wish(child, worker, WishKind.NOT_WIDER)

    def against() -> bool:
        return involving.goes_against_wish(child, worker.agency, matrix=matrix, at=at)

    lead(child, worker, ended_on="2026-02-05")
    lead(unknown, worker)
    lead(child, make_membership(role=ROLE))
    assert against()
    lead(child, worker, is_lead=False)
    assert not against()
    child.restricted = True
    assert against()


def test_where_the_child_has_said_nothing_only_that_is_asked(child, at, django_assert_num_queries):
    agency, matrix = make_agency(), matrix_in_force(on=timezone.localdate(at))
    with django_assert_num_queries(1):
        assert not involving.goes_against_wish(child, agency, matrix=matrix, at=at)
    with django_assert_num_queries(1):
        assert [
            one for one in involving.unwanted_among(child, [agency], at=at) if not involving.reached_for_safety(one)
        ] == []


def test_an_agency_would_know_what_its_people_know_and_whoever_comes_to_it(child, at):
    matrix, agency = matrix_in_force(on=timezone.localdate(at)), make_agency(sector="housing")
    jobs = jobs_of("housing")
    assert involving.what_they_would_know(child, agency, matrix=matrix, at=at) == would_know_of(jobs, matrix)
    make_membership(role="police_exploitation", agency=agency)
    make_membership(role=ROLE)
    more = would_know_of([*jobs, "police_exploitation"], matrix)
    assert involving.what_they_would_know(child, agency, matrix=matrix, at=at) == more != would_know_of(jobs, matrix)
