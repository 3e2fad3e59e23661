"""What runs against what a child says now, and who is told when they say it, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import FunctionMember, Membership
from accounts.selectors import now, viewer_of
from cases.record.models import Involvement
from cases.sharing.choices import WishKind
from cases.sharing.selectors.emergency import lead_to_tell
from cases.sharing.selectors.shares import shares_running
from cases.sharing.selectors.wishes import (
    Against,
    against_wish,
    goes_on_against_wish,
    whom_to_tell_of_wish,
    wish_addresses,
)
from tests.access.seen.rows import DAY, HOUR, POINT, ROLE, TICK, lead
from tests.factories.accounts import make_agency, make_function, make_membership
from tests.factories.cases import give, make_chronology
from tests.factories.shares import make_declined, make_share, make_wish

pytestmark = pytest.mark.django_db

WHY = {"override_ground": "crime", "authorised_by": "Ann Lee, manager", "explained": "Told her at school."}


@pytest.fixture
def by(db) -> Membership:
    return make_membership(role=ROLE)


def test_where_the_child_has_said_nothing_nothing_is_asked(at, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert against_wish(None, at=at) == []


def test_of_what_is_shared_of_the_file_what_runs_may_go_against_it(child, unknown, by, at):
    ended = {"ended_at": at, "ended_by": by.user, "end_kind": "not_needed"}
    make_share(child, make_agency(), by, granted=False, ends_at=at)
    make_share(child, make_agency(), by, granted=False, **ended)
    make_share(unknown, make_agency(), by, granted=False)
    make_declined(child, make_agency(), by)
    first = make_share(child, make_agency(), by, granted=False, ends_at=at + TICK)
    last = make_share(child, make_membership(role=ROLE), by, granted=False, at=at)
    assert shares_running(child.pk, at=at) == [last, first]
    wish = make_wish(child, by, WishKind.NOT_WIDER)
    found = against_wish(wish, at=at)
    assert [one.share for one in found] == [first], "of the other the child said that they agree after that"
    assert found == [Against(first.agency, first, safety=False, explained=False)]


def test_what_the_child_answered_to_a_share_counts_unless_they_have_said_more_since(child, by, at):
    wish = make_wish(child, by, WishKind.NOT_WIDER)
    shares = [
        make_share(child, make_agency(), by, granted=False, at=wish.recorded_at + tick) for tick in (-TICK, 0 * TICK)
    ]
    assert [one.share for one in against_wish(wish, at=at)] == shares[:1]


@pytest.mark.parametrize(("days", "against"), [(-1, False), (1, True)])
@pytest.mark.parametrize("recorded", [-TICK, TICK])
def test_the_day_on_which_they_said_it_counts_and_not_when_it_was_written_down(child, by, at, days, against, recorded):
    share = make_share(child, make_agency(), by, granted=False, at=at - 9 * DAY)
    said_on = timezone.localdate(share.decided_at) + days * DAY
    wish = make_wish(child, by, WishKind.NOT_WIDER, said_on=said_on, recorded_at=share.decided_at + recorded)
    assert [one.share for one in against_wish(wish, at=at)] == ([share] if against else [])


def test_by_its_kinds_those_of_single_entries_among_them_or_by_whom_it_goes_to(child, unknown, by, at):
    entry, beside = (make_chronology(child, viewer_of(by), category=name) for name in ("family", "plan"))
    elsewhere = make_chronology(unknown, viewer_of(by), category="family")
    shares = {
        "kind": make_share(child, make_agency(), by, granted=False, categories=("identity", "family")),
        "another kind": make_share(child, make_agency(), by, granted=False, categories=("identity", "plan")),
        "entry": make_share(child, make_agency(), by, granted=False, categories=("identity",), entry_ids=[entry.pk]),
        "others": make_share(
            child, make_agency(), by, granted=False, categories=("identity",), entry_ids=[beside.pk, elsewhere.pk]
        ),
        "school": make_share(child, make_agency(sector="education"), by, granted=False, categories=("identity",)),
    }
    wish = make_wish(child, by, kept=("family",), kept_from=("education",))
    found = {one.share for one in against_wish(wish, at=at)}
    assert {name for name, share in shares.items() if share in found} == {"kind", "entry", "school"}


@pytest.mark.parametrize(
    ("sector", "categories", "fields", "safety", "explained"),
    [
        ("police", ("missing",), {}, True, False),
        ("social_care", ("level",), WHY, True, True),
        ("police", ("plan",), {}, False, False),
        ("housing", ("missing",), WHY, False, True),
        ("police", ("missing",), {**WHY, "explained": ""}, True, False),
    ],
)
def test_it_is_said_whether_it_stays_and_whether_it_was_explained(
    child, by, at, sector, categories, fields, safety, explained
):
    share = make_share(child, make_agency(sector=sector), by, granted=False, categories=categories, **fields)
    found = against_wish(make_wish(child, by, WishKind.NOT_WIDER), at=at)
    assert found == [Against(share.agency, share, safety, explained)]


def test_whoever_works_with_the_child_and_must_not_be_told_is_named_once(
    child, unknown, by, at, django_assert_num_queries
):
    def there(sector: str, name: str, **said: Any) -> Involvement:
        member = make_membership(role=ROLE, agency=make_agency(name, sector=sector))
        return lead(said.pop("child", child), member, is_lead=False, **said)

    def again(work: Involvement, **said: Any) -> Involvement:
        return lead(child, make_membership(role=ROLE, agency=work.working_agency), is_lead=False, **said)

    school, health = there("education", "B school", recorded_at=at), there("health", "A hospital", recorded_at=at)
    police = there("police", "C police")
    there("housing", "D homes")
    there("education", "E school", ended_on=timezone.localdate(at))
    there("education", "F school", child=unknown)
    again(school, recorded_at=at - TICK)
    last = again(health, recorded_at=at + TICK)
    wish = make_wish(child, by, kept_from=("education", "health", "police"))
    assert against_wish(wish, at=at) == [
        Against(health.working_agency, None, safety=False, explained=False, work=last.pk),
        Against(school.working_agency, None, safety=False, explained=False, work=school.pk),
        Against(police.working_agency, None, safety=True, explained=False, work=police.pk),
    ]
    names_nobody = make_wish(child, by, WishKind.NOT_WIDER)
    with django_assert_num_queries(2):  # shares and work: of nobody it is not asked whether they were explained
        assert against_wish(names_nobody, at=at) == []


def test_work_goes_on_against_what_its_own_child_says_of_agencies_like_it(child, unknown, by):
    work, elsewhere = (
        lead(file, make_membership(role=ROLE, agency=make_agency(sector="health"))) for file in (child, unknown)
    )
    assert not goes_on_against_wish(work)
    make_wish(child, by, kept_from=("education",))
    assert not goes_on_against_wish(work)
    make_wish(child, by, kept_from=("health",), recorded_at=now())
    assert (goes_on_against_wish(work), goes_on_against_wish(elsewhere)) == (True, False)


@pytest.mark.parametrize(
    ("fields", "explained"),
    [
        ({}, True),
        ({"explained": ""}, False),
        ({"ended": True}, False),
        ({"work": "ended"}, False),
        ({"work": "another's"}, False),
        ({"elsewhere": True}, False),
    ],
    ids=str,
)
def test_that_it_was_explained_stands_with_the_work_that_goes_on(child, unknown, by, at, fields, explained):
    member = make_membership(role=ROLE, agency=make_agency(sector="education"))
    runs = lead(child, member)
    work = runs
    if fields.get("work") == "ended":
        work = lead(child, member, is_lead=False, ended_on=timezone.localdate(at))
    if fields.get("work") == "another's":
        work = lead(child, by, is_lead=False)
    if fields.get("elsewhere"):
        work = lead(unknown, member)
    over = {"ended_at": at, "ended_by": by.user, "end_kind": "in_error"} if fields.get("ended") else {}
    made = {"kind": "involved", "review_on": None, "decline_reason": "", "child_answer": "refuses", "involvement": work}
    said = {**made, **WHY, **over, "explained": fields.get("explained", WHY["explained"])}
    make_declined(work.child, work.working_agency, by, **said)
    found = against_wish(make_wish(child, by, kept_from=("education",)), at=at)
    assert found == [Against(member.agency, None, safety=False, explained=explained, work=runs.pk)]


def test_a_share_that_was_explained_says_nothing_of_the_work(child, by, at):
    member = make_membership(role=ROLE, agency=make_agency(sector="education"))
    runs = lead(child, member)
    make_share(child, member.agency, by, granted=False, at=at - DAY, ends_at=at, **WHY)
    found = against_wish(make_wish(child, by, kept_from=("education",)), at=at)
    assert found == [Against(member.agency, None, safety=False, explained=False, work=runs.pk)]


@pytest.fixture
def point(db) -> Membership:
    """Somebody at the notification point."""
    member = make_membership(role=ROLE)
    FunctionMember.objects.create(membership=member, function=make_function(POINT))
    return member


def test_whoever_leads_is_told_where_they_see_sharing_else_the_notification_point(child, unknown, join, by, point, at):
    def told(who: Membership = by) -> Any:
        return whom_to_tell_of_wish(child.pk, by=viewer_of(who), at=at)

    assert told() == POINT
    assert told(point) is None
    leads = join()
    give(unknown, at - HOUR, membership=leads)
    lead(unknown, by)
    lead(child, leads)
    assert told() == told(point) == leads.pk
    assert told(leads) is None
    assert told(make_membership(role=ROLE, user=leads.user)) is None, "whichever job they wrote it down in"


def test_a_lead_whose_job_sees_nothing_of_sharing_is_not_told(child, join, by, point, at):
    leads = join("carer_or_home")
    lead(child, leads)
    assert lead_to_tell(child.pk, at=at) == leads
    for who in (by, leads):
        assert whom_to_tell_of_wish(child.pk, by=viewer_of(who), at=at) == POINT
    assert whom_to_tell_of_wish(child.pk, by=viewer_of(point), at=at) is None


def test_it_is_looked_at_on_the_page_about_sharing(child, unknown, by):
    wish = make_wish(child, by)
    make_wish(unknown, by)
    assert wish_addresses([wish.pk]) == {wish.pk: reverse("cases:sharing", args=[child.reference])}
