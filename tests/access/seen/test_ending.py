"""What social care and police would lose with a share that ends, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Agency, Membership
from accounts.selectors import viewer_of
from cases.access.choices import GrantReason
from cases.access.rules import mask_of
from cases.access.selectors import matrix_in_force
from cases.access.services import end_grants_from
from cases.record.models import Child
from cases.sharing.models.shares import SharingDecision
from cases.sharing.selectors.ending import kinds_of, left_out, lost_by_ending, runs, was_asked_for
from tests.access.seen.rows import DAY, HOUR, ROLE, TICK, lead
from tests.factories.accounts import make_agency, make_membership
from tests.factories.cases import block, give, make_chronology
from tests.factories.shares import make_declined, make_request, make_share

pytestmark = pytest.mark.django_db

MISSING = mask_of(["missing"])


@pytest.fixture
def agency(db) -> Agency:
    """The police, with somebody there who reads files."""
    agency = make_agency(sector="police")
    make_membership(role="police_missing", agency=agency)
    return agency


@pytest.fixture
def by(db) -> Membership:
    return make_membership(role=ROLE)


@pytest.fixture
def lost(child, agency, by, at) -> Callable[..., int]:
    """`lost(share)`: what they would lose with it, as somebody elsewhere ends it."""

    def found(share: SharingDecision, who: Membership = by) -> int:
        matrix = matrix_in_force(on=timezone.localdate(at))
        share = SharingDecision.objects.get(pk=share.pk)
        return lost_by_ending(share, by=viewer_of(who), matrix=matrix, at=at)

    return found


def test_what_keeps_a_child_safe_is_lost_to_police_and_social_care_with_the_share_that_brings_it(child, by, lost, at):
    kinds = ("identity", "missing", "plan")
    for sector, role in (("police", "police_missing"), ("social_care", ROLE)):
        there = make_membership(role=role, agency=make_agency(sector=sector))
        assert lost(make_share(child, there.agency, by, categories=kinds, at=at - DAY)) == MISSING
        assert lost(make_share(child, there, by, categories=kinds, at=at - DAY)) == 0, "the agency has it as long"
    school = make_membership(role="education_dsl", agency=make_agency(sector="education"))
    assert lost(make_share(child, school.agency, by, categories=kinds)) == 0


def test_with_another_sector_nothing_is_asked(child, by, at, django_assert_num_queries):
    school = make_membership(role="education_dsl", agency=make_agency(sector="education")).agency
    share, who, matrix = make_share(child, school, by), viewer_of(by), matrix_in_force(on=timezone.localdate(at))
    with django_assert_num_queries(0):
        assert lost_by_ending(share, by=who, matrix=matrix, at=at) == 0


def test_a_share_runs_until_its_day_or_its_end(child, agency, by, lost, at):
    ended = {"ended_at": at, "ended_by": by.user, "end_kind": "not_needed"}
    running, over, gone = (
        make_share(child, agency, by, granted=False, **said)
        for said in ({"ends_at": at + TICK}, {"ends_at": at}, ended)
    )
    declined = make_declined(child, agency, by)
    assert [runs(share, at) for share in (running, over, gone, declined)] == [True, False, False, False]
    assert not runs(SharingDecision(kind="declined", ends_at=at + DAY), at)
    assert not runs(SharingDecision(kind="shared", ends_at=None), at)
    assert [lost(share) for share in (running, over, gone, declined)] == [MISSING, 0, 0, 0]


def test_single_entries_are_of_their_kinds(child, unknown, agency, by, lost):
    entry = make_chronology(child, viewer_of(by), category="missing")
    make_chronology(child, viewer_of(by), category="level")
    elsewhere = make_chronology(unknown, viewer_of(by), category="assessment")
    share = make_share(child, agency, by, categories=("identity",), entry_ids=[entry.pk, elsewhere.pk])
    assert kinds_of(share) == mask_of(["identity", "missing"])
    assert kinds_of(make_share(child, agency, by, categories=("identity",), granted=False)) == mask_of(["identity"])
    assert lost(share) == MISSING


def test_the_receiver_itself_loses_nothing_by_ending_it(child, agency, by, lost):
    share = make_share(child, agency, by)
    assert lost(share, make_membership(role="police_missing", agency=agency)) == 0
    assert lost(share, make_membership(role="police_missing", agency=make_agency(sector="police"))) == MISSING


def test_on_a_file_for_named_people_a_share_sleeps_and_is_lost_all_the_same(child, agency, by, lost):
    share = make_share(child, agency, by)
    Child.objects.filter(pk=child.pk).update(restricted=True)
    assert lost(share) == MISSING


def test_that_they_are_named_there_ends_with_the_restriction_and_holds_nothing_for_as_long(child, agency, by, lost, at):
    member = make_membership(role="police_missing", agency=agency)
    share = make_share(child, member, by)
    give(child, at - HOUR, membership=member, reason=GrantReason.NAMED)
    assert lost(share) == MISSING
    give(child, at - HOUR, membership=member, reason=GrantReason.ALLOCATION)
    assert lost(share) == 0


def test_what_nobody_there_can_read_is_not_lost(child, agency, by, lost, at):
    member = make_membership(role="police_missing", agency=agency)
    share = make_share(child, member, by)
    assert lost(share) == MISSING
    block(child, viewer_of(member), by=viewer_of(by))
    assert lost(share) == 0, "others there read files, but it is not theirs"
    analyst = make_membership(role="board_analyst", agency=make_agency(sector="police"))
    assert lost(make_share(child, analyst.agency, by)) == 0


@pytest.mark.parametrize(
    ("other", "loses"),
    [
        ({"days": 30}, 0),
        ({"days": 31}, 0),
        ({"days": None}, 0),
        ({"days": 29}, MISSING),
        ({"days": None, "categories": ["plan"]}, MISSING),
    ],
    ids=str,
)
def test_what_else_opens_to_them_for_as_long_is_not_lost(child, agency, by, lost, at, other, loses):
    start = at - DAY
    share = make_share(child, agency, by, at=start)
    until = None if other["days"] is None else start + other["days"] * DAY
    give(child, at - HOUR, group=agency.group, categories=other.get("categories", ["missing"]), valid_until=until)
    assert lost(share) == loses


Work = dict[str, Any]


@pytest.mark.parametrize(
    ("theirs", "others", "loses"),
    [
        ([], [], MISSING),
        ([0], [None], 0),
        ([-1], [None], 0),
        ([-2], [None], MISSING),
        ([0, None], [], MISSING),
        ([-2, 0], [None], 0),
        ([], [None], MISSING),
        ([], [0], 0),
        ([], [-2], MISSING),
        ([], [0, None], MISSING),
    ],
    ids=str,
)
def test_where_their_work_or_everybodys_has_ended_since_nothing_is_lost(
    child, unknown, agency, by, lost, at, theirs, others, loses
):
    """Days from today on which work ended, None where it goes on; the share is of yesterday."""
    share = make_share(child, agency, by, at=at - DAY)
    there = make_membership(role="police_missing", agency=agency)
    for member, ends in ((there, theirs), (by, others)):
        for days in ends:
            ended_on = None if days is None else timezone.localdate(at) + days * DAY
            lead(child, member, is_lead=False, ended_on=ended_on)
    lead(unknown, there, is_lead=False, ended_on=timezone.localdate(at))
    assert lost(share) == loses


@pytest.mark.parametrize(("after", "loses"), [(-TICK, MISSING), (0 * TICK, MISSING), (TICK, 0)])
@pytest.mark.parametrize("whose", ["theirs", "everybody's"])
def test_work_that_ended_earlier_on_the_day_of_the_share_has_not_ended_since(
    child, agency, by, lost, at, after, loses, whose
):
    """They are shared with because they work there no more."""
    share = make_share(child, agency, by, at=at - HOUR)
    member = make_membership(role="police_missing", agency=agency) if whose == "theirs" else by
    if whose == "theirs":
        lead(child, by)
    work = lead(child, member, is_lead=False, ended_on=timezone.localdate(share.decided_at))
    give(child, at - DAY, group=member.agency.group, categories=["plan"], source_id=work.pk)
    end_grants_from(source_id=work.pk, at=share.decided_at + after, by=None, why="The involvement ended")
    assert lost(share) == loses


@pytest.mark.parametrize(
    ("request_of", "kinds", "asked"),
    [
        ("answered", ["missing"], True),
        ("answered", ["level"], False),
        ("answered by another", ["missing"], True),
        ("waiting", ["missing"], True),
        ("waiting", [], False),
        ("waiting since", ["missing"], False),
        ("answered since", ["missing"], False),
        ("waiting elsewhere", ["missing"], False),
        ("waiting for another child", ["missing"], False),
        ("refused", ["missing", "plan"], False),
        ("refused the rest", ["missing"], True),
        ("refused the rest", ["plan"], False),
        ("refused without a decision", ["missing", "plan"], False),
    ],
)
def test_what_they_asked_for_before_it_and_were_not_refused_is_asked_for_whichever_share_answered(
    child, unknown, agency, by, at, request_of, kinds, asked
):
    member, school = (make_membership(role=ROLE, agency=one) for one in (agency, make_agency(sector="education")))
    share, other = (make_share(child, agency, by, granted=False, at=at - DAY) for _ in range(2))
    then, answered = at - DAY, {"answer": "shared", "answered_at": at, "answered_by": by.user}
    refused = {**answered, "answer": "refused", "refusal_reason": "more_harm", "asked_at": then}
    whole, rest = (
        make_declined(child, member, by, category_mask=mask_of(names)) for names in (["missing", "plan"], ["plan"])
    )
    said: dict[str, tuple[Child, Membership, Work]] = {
        "answered": (child, member, {**answered, "decision": share, "asked_at": then}),
        "answered by another": (child, member, {**answered, "decision": other, "asked_at": then - DAY}),
        "waiting": (child, member, {"asked_at": then}),
        "waiting since": (child, member, {"asked_at": then + TICK}),
        "answered since": (child, member, {**answered, "decision": share, "asked_at": then + TICK}),
        "waiting elsewhere": (child, school, {"asked_at": then}),
        "waiting for another child": (unknown, member, {"asked_at": then}),
        "refused": (child, member, {**refused, "decision": whole}),
        "refused the rest": (child, member, {**refused, "decision": rest}),
        "refused without a decision": (child, member, refused),
    }
    file, who, fields = said[request_of]
    make_request(file, who, **fields)
    assert was_asked_for(share, mask_of(kinds)) is asked


@pytest.mark.parametrize(
    ("kinds", "entries", "left"),
    [
        ([], ["missing", "level"], ["plan"]),
        (["plan"], ["missing", "level", "family"], []),
        (["plan"], ["level"], ["missing"]),
        (["plan", "missing"], ["level"], []),
        (["missing", "level"], ["plan"], ["plan"]),
        (["plan"], ["missing again", "level"], ["missing"]),
    ],
    ids=str,
)
def test_single_entries_stand_in_for_themselves_and_a_kind_only_for_the_kind(child, agency, by, kinds, entries, left):
    """The earlier share tells of the plan, and of one entry each about missing episodes and the level."""
    made = {
        name: make_chronology(child, viewer_of(by), category=name) for name in ("missing", "level", "family", "plan")
    }
    made["missing again"] = make_chronology(child, viewer_of(by), category="missing")
    earlier = make_share(
        child,
        agency,
        by,
        granted=False,
        categories=("identity", "plan"),
        entry_ids=[made["missing"].pk, made["level"].pk],
    )
    anew = make_share(
        child,
        agency,
        by,
        granted=False,
        categories=("identity", *kinds),
        entry_ids=[made[name].pk for name in entries],
    )
    assert left_out(earlier, anew) == mask_of(left)


def test_a_decision_not_to_share_names_every_kind_that_a_share_told_of(child, unknown, agency, by):
    entry = make_chronology(child, viewer_of(by), category="missing")
    elsewhere = make_chronology(unknown, viewer_of(by), category="assessment")
    entries = [entry.pk, elsewhere.pk]
    earlier = make_share(child, agency, by, granted=False, categories=("plan",), entry_ids=entries)
    for kinds, left in ((["missing", "plan"], []), (["missing"], ["plan"]), (["plan"], ["missing"])):
        made = make_declined(child, agency, by, category_mask=mask_of(kinds))
        assert left_out(earlier, made) == mask_of(left)
