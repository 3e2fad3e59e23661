"""Who gives somebody a role and who is asked beside them, whose requests, reviews and drafts are shown, and when an
account is shut, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import AccessReview, Draft, Membership, ReviewLine, RoleRequest, User
from accounts.rules import life
from accounts.rules.viewers import Viewer
from accounts.selectors import drafts, managers, viewer_of
from accounts.selectors import life as shown
from tests.access.seen.rows import DAY, ROLE, TICK, or_none
from tests.factories.accounts import make_agency, make_membership, make_user

HERE, ELSEWHERE = uuid4(), uuid4()
ME, ANOTHER, THIRD = 1, 2, 3


def as_role(role: str) -> Viewer:
    return Viewer(user_id=ME, role_key=role, agency_id=HERE)


def refused(call: Any, *args: Any, **said: Any) -> str | None:
    """The code or the question that a rule refuses with; None where it does not refuse."""
    try:
        call(*args, **said)
    except life.AccountRefused as refusal:
        return refusal.field or refusal.code
    return None


@pytest.mark.parametrize(
    ("role", "administers", "sets_domains", "decides_here", "decides_elsewhere"),
    [
        ("technical_admin", True, False, False, False),
        ("data_guardian", False, True, True, True),
        ("csc_manager", False, False, True, False),
        ("csc_social_worker", False, False, False, False),
        ("panel_chair", False, False, True, False),
    ],
)
def test_who_gives_roles_is_never_who_decides_on_them(role, administers, sets_domains, decides_here, decides_elsewhere):
    by = as_role(role)
    assert refused(life.check_administers, by) == (None if administers else "role_lacks")
    assert refused(life.check_sets_domains, by) == (None if sets_domains else "role_lacks")
    assert [life.may_decide(by, place) for place in (HERE, ELSEWHERE)] == [decides_here, decides_elsewhere]
    lifts = {(): administers, (HERE,): administers or decides_here, (ELSEWHERE,): administers or decides_elsewhere}
    lifts[HERE, ELSEWHERE] = administers or decides_here
    assert {places: life.may_lift(by, places) for places in lifts} == lifts


def test_nobody_gives_themselves_a_role_or_decides_on_what_they_asked_for():
    manager = as_role("csc_manager")
    assert [refused(life.check_not_own, person, manager) for person in (ME, ANOTHER)] == ["own_account", None]

    def decides(**said: Any) -> str | None:
        return refused(
            life.check_decides, manager, **{"agency_id": HERE, "user_id": ANOTHER, "asked_by_id": THIRD} | said
        )

    assert decides() is None
    assert decides(agency_id=ELSEWHERE) == "role_lacks"
    assert decides(user_id=ME) == "own_account"
    assert decides(asked_by_id=ME) == "own_request"


def test_somebody_is_invited_at_an_address_of_the_agency():
    def asked(email: str, *domains: str) -> str | None:
        return refused(life.check_domain, email, domains)

    assert asked("a@northmere.example") == "agency"
    assert asked("a@NorthMere.example", "Northmere.example", "other.example") is None
    assert asked("a@northmere.example.evil.example", "northmere.example") == "email"
    assert asked("northmere.example@evil.example", "northmere.example") == "email"


def test_an_account_is_shut_when_it_is_not_used_and_its_person_was_told_a_week_before():
    at = datetime(2026, 3, 31, tzinfo=UTC)
    month, week = timedelta(days=30), timedelta(days=7)
    assert life.suspends(at - month, at - week, at)
    assert not life.suspends(at - month + TICK, at - week, at), "used within 30 days"
    assert not life.suspends(at - month, None, at), "never told"
    assert not life.suspends(at - month, at - week + TICK, at), "told less than a week ago"
    assert not life.suspends(at - month, at - month - TICK, at), "told before it was used last"
    assert life.suspends(at - month, at - month, at)


def asked_for(user: User, member: Membership, **said: Any) -> RoleRequest:
    return RoleRequest.objects.create(
        **{"user": user, "agency": member.agency, "role": ROLE, "reason": "New.", "asked_at": "2026-03-01T12:00Z"}
        | {"asked_by": make_user(), **said}
    )


@pytest.mark.django_db
def test_a_manager_is_shown_the_roles_that_wait_at_their_agency_and_the_guardian_all_but_their_own():
    manager, guardian = make_membership(role="csc_manager"), make_membership(role="data_guardian")
    decided = {"decision": "declined", "decided_at": "2026-03-02T12:00Z", "decided_by": guardian.user}
    rows = {
        "here": asked_for(make_user(), manager),
        "elsewhere": asked_for(make_user(), make_membership()),
        "decided": asked_for(make_user(), manager, **decided),
        "manager's own": asked_for(manager.user, manager),
        "guardian's own": asked_for(guardian.user, guardian),
    }

    def listed(member: Membership) -> set[str]:
        found = {row.pk for row in shown.requests_for(viewer_of(member))}
        return {name for name, row in rows.items() if row.pk in found}

    def opened(member: Membership) -> set[str]:
        return {name for name, row in rows.items() if or_none(shown.request_for, viewer_of(member), row.pk) == row}

    assert listed(manager) == {"here"}
    assert listed(guardian) == {"here", "elsewhere", "manager's own"}
    assert opened(manager) == {"here", "decided", "manager's own"}
    assert opened(guardian) == set(rows)
    assert opened(make_membership(role=ROLE, agency=manager.agency)) == set()
    assert or_none(shown.request_for, viewer_of(guardian), uuid4()) is None


@pytest.mark.django_db
def test_a_manager_is_shown_the_reviews_of_their_agency_and_the_guardian_all():
    manager, guardian = make_membership(role="csc_manager"), make_membership(role="data_guardian")

    def review(member: Membership, **said: Any) -> AccessReview:
        return AccessReview.objects.create(
            agency=member.agency, opened_at="2026-03-01T12:00Z", due_on="2026-03-15", **said
        )

    waits, signed = review(manager), review(manager, signed_at="2026-03-02T12:00Z")
    said = {"answer": "keep", "answered_at": "2026-03-02T12:00Z", "answered_by": manager.user}
    ReviewLine.objects.create(review=waits, membership=manager, **said)
    ReviewLine.objects.create(review=waits, membership=guardian)
    other = make_membership(agency=make_agency("ZZZ elsewhere"))
    theirs = review(other)
    seen = {member: [row.pk for row in shown.reviews_for(viewer_of(member))] for member in (manager, guardian)}
    assert seen[manager] == [waits.pk, signed.pk]
    assert seen[guardian] == [waits.pk, theirs.pk, signed.pk]
    first = shown.reviews_for(viewer_of(manager))[0]
    assert (first.open_lines, first.all_lines) == (1, 2)
    opened = {
        member: [or_none(shown.review_for, viewer_of(member), row.pk) for row in (waits, signed, theirs)]
        for member in (manager, guardian, other)
    }
    assert opened == {manager: [waits, signed, None], guardian: [waits, signed, theirs], other: [None] * 3}
    assert or_none(shown.review_for, viewer_of(guardian), uuid4()) is None


@pytest.mark.django_db
def test_who_lets_a_suspended_person_in_again_is_shown_those_of_their_agency_and_never_themselves(at):
    today = timezone.localdate(at)
    manager, guardian = make_membership(role="csc_manager"), make_membership(role="data_guardian")
    ours = {"agency": manager.agency, "role": ROLE}
    people = {
        "here": make_membership(**ours, started_on=today),
        "leaves tomorrow": make_membership(**ours, ended_on=today + DAY),
        "left today": make_membership(**ours, ended_on=today),
        "begins tomorrow": make_membership(**ours, started_on=today + DAY),
        "elsewhere": make_membership(role=ROLE),
        "manager": manager,
        "guardian": guardian,
    }
    works = make_membership(**ours)
    User.objects.filter(pk__in=[one.user_id for one in people.values()]).update(suspended_at=at, is_active=False)

    def listed(member: Membership) -> set[str]:
        found = shown.suspended_for(viewer_of(member), on=today)
        return {name for name, one in people.items() if one.user in found}

    assert listed(manager) == {"here", "leaves tomorrow"}
    assert listed(guardian) == {"here", "leaves tomorrow", "elsewhere", "manager"}
    assert len(shown.suspended_for(viewer_of(guardian), on=today)) == 4, "and nobody who is not suspended"
    by = viewer_of(manager)
    for name in people:
        found = or_none(shown.suspended_person, by, people[name].user_id, on=today)
        assert found == (people[name].user if name in listed(manager) else None)
    assert or_none(shown.suspended_person, by, works.user_id, on=today) is None


@pytest.mark.django_db
def test_an_agencys_own_managers_are_asked_about_its_people_and_the_guardians_where_it_has_none(at):
    today, agency, empty = timezone.localdate(at), make_agency(), make_agency()
    manager, guardian = make_membership(role="csc_manager", agency=agency), make_membership(role="data_guardian")
    make_membership(role=ROLE, agency=agency)
    make_membership(role="csc_manager", agency=empty, ended_on=today)
    make_membership(role="data_guardian", ended_on=today)
    assert managers.managers_of(agency.pk, on=today) == [manager]
    assert managers.managers_of(empty.pk, on=today) == [guardian]
    assert set(managers.MANAGING) > {"csc_manager", "specialist_manager", "data_guardian", "education_dsl"}
    assert {ROLE, "technical_admin", "board_analyst", "notification_only"}.isdisjoint(managers.MANAGING)
    assert managers.GUARDING == ["data_guardian"]


@pytest.mark.django_db
def test_a_draft_about_a_child_is_its_writers_in_the_job_in_which_it_was_begun():
    member = make_membership(role=ROLE)
    again = make_membership(member.user, role="csc_manager")
    rows = {
        "mine": Draft.objects.create(user=member.user, membership=member, form="notification"),
        "another form": Draft.objects.create(user=member.user, membership=member, form="risk"),
        "my other job": Draft.objects.create(user=member.user, membership=again, form="notification"),
        "somebody's": Draft.objects.create(user=make_user(), membership=member, form="notification"),
    }
    viewer = viewer_of(member)
    assert drafts.drafts_of(viewer, form="notification") == [rows["mine"]]
    found = {name: or_none(drafts.draft_of, viewer, draft_id=row.pk, form="notification") for name, row in rows.items()}
    assert found == {"mine": rows["mine"], "another form": None, "my other job": None, "somebody's": None}
