"""The rows that lists are read from, one condition at a time: when one moves, what it is made of, and what is locked.

`make mutants` turns round or leaves out each condition that it is about, and says what was not noticed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import localdate

from accounts.choices import FunctionKey
from accounts.models import Membership
from accounts.selectors import viewer_of
from cases.access import services
from cases.access.choices import ALL_CATEGORIES, Category, GrantReason
from cases.access.models import AccessGrant, ChildGroupGrant, ChildUserGrant, FileActivity
from cases.access.rules import mask_of
from cases.access.services import Drift, compare_projection, projection, record_activity
from cases.record.models import Child
from tests.factories.accounts import make_agency, make_function, make_membership
from tests.factories.cases import give, make_child, make_chronology

pytestmark = pytest.mark.django_db
HOUR, TICK = timedelta(hours=1), timedelta(microseconds=1)


@pytest.fixture
def child(at) -> Child:
    return make_child("Ada", "Listed")


@pytest.fixture
def other(at) -> Child:
    return make_child("Ben", "Listed")


def place_of(child, *, group=None, user=None) -> Any:
    """When the row of a subject last moved."""
    if group is not None:
        return ChildGroupGrant.objects.get(content_object=child, group=group).last_activity_at
    return ChildUserGrant.objects.get(content_object=child, user=user).last_activity_at


def everything() -> set[tuple[Any, ...]]:
    fields = (
        "content_object_id",
        "permission_id",
        "valid_from",
        "valid_until",
        "category_mask",
        "last_activity_at",
        "told_mask",
    )
    of_groups = ChildGroupGrant.objects.values_list("group_id", *fields)
    return {*of_groups, *ChildUserGrant.objects.values_list("user_id", *fields)}


# When a row moves.


def test_a_row_moves_for_what_it_opens_on_its_own_file_and_never_back(child, other, at):
    agency, member = make_membership(role="csc_manager").agency, make_membership(role="csc_manager")
    narrow = make_membership(role="csc_manager")
    start = at - HOUR
    for file in (child, other):
        give(file, start, group=agency.group)
        give(file, start, membership=member)
    give(child, start, group=narrow.agency.group, categories=["plan"])
    give(child, start, membership=narrow, categories=["plan"])
    record_activity(child_id=child.pk, category=Category.MISSING, at=at)
    moved = {"group": agency.group}, {"user": member.user}
    stays = {"group": narrow.agency.group}, {"user": narrow.user}
    assert [place_of(child, **whose) for whose in (*moved, *stays)] == [at, at, start, start]
    assert [place_of(other, **whose) for whose in moved] == [start, start]
    record_activity(child_id=child.pk, category=Category.MISSING, at=at - TICK)
    assert [place_of(child, **whose) for whose in moved] == [at, at]


def test_a_row_moves_where_every_role_behind_it_that_reads_files_is_told(child, at):
    told, untold = make_membership(role="csc_manager"), make_membership(role="csc_manager")
    make_membership(agency=told.agency, role="board_analyst")
    make_membership(agency=untold.agency, role="housing")
    start = at - HOUR
    for one in (told, untold):
        give(child, start, group=one.agency.group)
    housing = make_membership(role="housing")
    give(child, start, membership=housing)
    record_activity(child_id=child.pk, category=Category.MISSING, at=at)
    assert place_of(child, group=told.agency.group) == at
    assert place_of(child, group=untold.agency.group) == start
    assert place_of(child, user=housing.user) == start
    services.project(AccessGrant.objects.filter(group=told.agency.group).get(), at)
    assert place_of(child, group=told.agency.group) == at


def test_a_row_moves_where_its_roles_are_all_who_are_told(child, at, monkeypatch):
    monkeypatch.setattr(projection, "roles_told_of", lambda category, matrix: frozenset({"housing"}))
    member, start = make_membership(role="housing"), at - HOUR
    give(child, start, group=member.agency.group)
    give(child, start, membership=member)
    record_activity(child_id=child.pk, category=Category.MISSING, at=at)
    whose = {"group": member.agency.group}, {"user": member.user}
    assert [place_of(child, **one) for one in whose] == [at, at]
    written = make_chronology(child, viewer_of(member), category=Category.MISSING)
    compare_projection(at=at + HOUR)
    assert [place_of(child, **one) for one in whose] == [written.recorded_at] * 2


def test_a_row_moves_by_the_roles_that_stand_behind_it_when_something_happens(child, at):
    """Housing joins and leaves between two comparisons: the first move stays, and the night finds no defect."""
    told, start = make_membership(role="csc_manager"), at - 5 * HOUR
    give(child, start, group=told.agency.group)
    record_activity(child_id=child.pk, category=Category.MISSING, at=at - 4 * HOUR)
    housing = make_membership(agency=told.agency, role="housing")
    record_activity(child_id=child.pk, category=Category.MISSING, at=at - 3 * HOUR)
    assert place_of(child, group=told.agency.group) == at - 4 * HOUR
    assert compare_projection(at=at) == Drift(moved=1)
    assert place_of(child, group=told.agency.group) == start
    Membership.objects.filter(pk=housing.pk).update(ended_on=localdate(at))
    assert compare_projection(at=at) == Drift(moved=1)
    assert place_of(child, group=told.agency.group) == at - 3 * HOUR
    housing = make_membership(agency=told.agency, role="housing")
    record_activity(child_id=child.pk, category=Category.MISSING, at=at - 2 * HOUR)
    Membership.objects.filter(pk=housing.pk).update(ended_on=localdate(at))
    record_activity(child_id=child.pk, category=Category.MISSING, at=at)
    assert place_of(child, group=told.agency.group) == at
    assert compare_projection(at=at) == Drift()


def test_what_a_row_is_told_of_is_written_where_it_has_changed_and_on_no_other_file(child, other, at):
    told = make_membership(role="csc_manager")
    for file in (child, other):
        give(file, at - HOUR, group=told.agency.group)
        give(file, at - HOUR, membership=told)
        give(file, at - HOUR, membership=make_membership(role="housing"))
    record_activity(child_id=child.pk, category=Category.MISSING, at=at)
    with CaptureQueriesContext(connection) as asked:
        record_activity(child_id=child.pk, category=Category.MISSING, at=at)
    assert [query["sql"] for query in asked if 'SET "told_mask"' in query["sql"]] == []
    make_membership(agency=told.agency, role="housing")
    record_activity(child_id=child.pk, category=Category.MISSING, at=at)
    rows = ChildGroupGrant.objects.values_list("content_object_id", "told_mask")
    assert {file for file, mask in rows if mask & mask_of(["missing"])} == {other.pk}


def test_a_load_keeps_the_latest_of_what_it_finds_and_what_it_brings(child, other, at):
    hours = {Category.PLAN: (3, 2, 4), Category.MISSING: (1, 2), Category.LEVEL: (2, 1)}
    for category, (before, *_) in hours.items():
        record_activity(child_id=child.pk, category=category, at=at - before * HOUR)
    record_activity(child_id=other.pk, category=Category.PLAN, at=at)
    with services.projecting_later(at=at):
        for category, (_, *brought) in hours.items():
            for number in brought:
                record_activity(child_id=child.pk, category=category, at=at - number * HOUR)
    kept = FileActivity.objects.filter(child=child).values_list("category_mask", "at")
    assert dict(kept) == {mask_of([category]): at - min(all_of) * HOUR for category, all_of in hours.items()}


@pytest.mark.parametrize(("hours", "found"), [(1, Drift()), (2, Drift(stale=1)), (0, Drift(stale=1))])
def test_a_row_stands_at_what_it_was_told_of_and_not_at_its_start_nor_at_what_it_does_not_open(hours, found, child, at):
    give(child, at - 2 * HOUR, membership=make_membership(role="csc_manager"), categories=["plan"])
    record_activity(child_id=child.pk, category=Category.PLAN, at=at - HOUR)
    record_activity(child_id=child.pk, category=Category.MISSING, at=at)
    ChildUserGrant.objects.update(last_activity_at=at - hours * HOUR)
    assert compare_projection(at=at) == found


def test_whoever_writes_activities_moves_the_rows_that_are_told_to_the_latest(child, other, at):
    """Many in one statement; the rows of a file that is not among them stay."""
    third, start = make_child("Cal", "Listed"), at - 5 * HOUR
    member, narrow = make_membership(role="csc_manager"), make_membership(role="csc_manager")
    for file in (child, other, third):
        give(file, start, membership=member)
        give(file, start, membership=narrow, categories=["plan"])
        give(file, start, group=make_membership(role="housing").agency.group)
    written = {(child, "plan"): 3, (child, "missing"): 1, (other, "missing"): 2, (other, "plan"): 6}
    FileActivity.objects.bulk_create(
        FileActivity(child=file, category_mask=mask_of([category]), at=at - hours * HOUR)
        for (file, category), hours in written.items()
    )
    assert [place_of(file, user=member.user) for file in (child, other, third)] == [at - HOUR, at - 2 * HOUR, start]
    assert [place_of(file, user=narrow.user) for file in (child, other, third)] == [at - 3 * HOUR, start, start]
    FileActivity.objects.filter(category_mask=mask_of(["missing"])).update(at=at)
    assert [place_of(file, user=member.user) for file in (child, other, third)] == [at, at, start]
    assert compare_projection(at=at) == Drift()


def test_the_files_that_activities_are_written_of_are_locked_and_no_others(child, other, at):
    """Whoever shares one of them meanwhile waits, and knows of the activity then."""
    FileActivity.objects.create(child=child, category_mask=mask_of(["plan"]), at=at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM cases_child WHERE xmax::text <> '0'")
        assert cursor.fetchall() == [(child.pk,)]
    assert other.pk != child.pk


def test_a_person_is_told_by_the_roles_of_live_grants_on_this_file_alone(child, other, at):
    """Housing may not know that something was written; as a manager the same person may."""
    member = make_membership(role="csc_manager")
    second = make_membership(member.user, role="housing")
    start = at - HOUR
    give(child, start, membership=member)
    give(other, start, membership=second)
    ended = give(child, start, membership=second)
    services.end_grants(grants=AccessGrant.objects.filter(pk=ended.pk), at=at - TICK, by=None, why="Over")
    someone = make_membership(role="housing")
    give(child, start, membership=someone)
    record_activity(child_id=child.pk, category=Category.MISSING, at=at)
    assert place_of(child, user=member.user) == at
    assert place_of(child, user=someone.user) == start


# What a row is made of.


def test_a_row_is_the_hull_of_the_open_grants_behind_it(child, at):
    member = make_membership(role="csc_manager")
    first = give(child, at - 3 * HOUR, membership=member, categories=["plan"], valid_until=at + HOUR)
    give(child, at - 2 * HOUR, membership=member, categories=["missing"], valid_until=at + 2 * HOUR)
    row = ChildUserGrant.objects.get()
    assert (row.valid_from, row.valid_until) == (at - 3 * HOUR, at + 2 * HOUR)
    assert row.category_mask == mask_of(["plan", "missing"])
    whole = give(child, at - HOUR, membership=member)
    row.refresh_from_db()
    assert (row.valid_until, row.category_mask) == (None, ALL_CATEGORIES)
    services.end_grants(grants=AccessGrant.objects.filter(pk__in=[first.pk, whole.pk]), at=at, by=None, why="Over")
    row.refresh_from_db()
    assert (row.valid_from, row.valid_until, row.category_mask) == (at - 2 * HOUR, at + 2 * HOUR, mask_of(["missing"]))
    services.end_grants(grants=AccessGrant.objects.filter(child=child), at=at, by=None, why="Over")
    assert not ChildUserGrant.objects.exists()


def test_a_new_row_stands_where_the_latest_of_what_it_opens_was_written(child, other, viewer, at):
    writer = viewer("manager")
    member, housing = make_membership(role="csc_manager"), make_membership(role="housing")
    entry = make_chronology(child, writer, category=Category.MISSING, recorded_at=at - HOUR)
    make_chronology(child, writer, category=Category.PLAN, recorded_at=at - 2 * HOUR)
    make_chronology(other, writer, category=Category.MISSING, recorded_at=at)
    start = at - 5 * HOUR
    for one in (member, housing):
        give(child, start, membership=one)
        give(child, start, group=one.agency.group)
    assert place_of(child, user=member.user) == place_of(child, group=member.agency.group) == entry.recorded_at
    assert place_of(child, user=housing.user) == place_of(child, group=housing.agency.group) == at - 2 * HOUR
    narrow = make_membership(role="csc_manager")
    give(child, start, membership=narrow, categories=["plan"])
    assert place_of(child, user=narrow.user) == at - 2 * HOUR
    late = make_membership(role="csc_manager")
    give(child, at, membership=late)
    assert place_of(child, user=late.user) == at


def test_a_load_leaves_the_rows_alone_and_makes_them_all_at_its_end(child, other, at):
    member, agency = make_membership(role="csc_manager"), make_agency()
    gone = give(child, at - HOUR, group=make_function(FunctionKey.PANEL_OFFICE).group)
    AccessGrant.objects.filter(pk=gone.pk).update(ended_at=at)
    over = give(other, at - HOUR, group=agency.group, valid_until=at)
    given = [
        AccessGrant(child=child, reason=GrantReason.SHARE, valid_from=at, membership=member),
        AccessGrant(child=other, reason=GrantReason.SHARE, valid_from=at, group=agency.group, valid_until=at + TICK),
    ]
    with services.projecting_later(at=at):
        AccessGrant.objects.bulk_create(given)
        before = everything()
        with CaptureQueriesContext(
            connection,
        ) as asked:
            services.lock_files([child.pk])
            services.project(given[0], at)
            record_activity(child_id=child.pk, category=Category.MISSING, at=at)
        assert (len(asked), everything()) == (0, before)
    permission, told = services.view_permission().pk, services.told_to({"her": {"csc_manager"}}, at)["her"]
    assert everything() == {
        (member.user_id, child.pk, permission, at, None, ALL_CATEGORIES, at, told),
        (agency.group_id, other.pk, permission, at, at + TICK, ALL_CATEGORIES, at, ALL_CATEGORIES),
    }
    assert list(FileActivity.objects.values_list("child_id", "category_mask", "at")) == [
        (child.pk, mask_of(["missing"]), at)
    ]
    assert over.child_id == other.pk
    with CaptureQueriesContext(connection) as asked:
        services.lock_files([child.pk])
    assert len(asked) == 1


# What a night finds.


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"valid_until": 2}, Drift(short=1)),
        ({"valid_from": -9}, Drift(outlived=1)),
        ({"valid_from": -1}, Drift(short=1)),
        ({"category_mask": mask_of(["plan", "missing"])}, Drift(outlived=1)),
        ({"category_mask": mask_of(["missing"])}, Drift(short=1)),
        ({"last_activity_at": -9}, Drift(stale=1)),
        ({"last_activity_at": 1}, Drift(stale=1)),
        ({"told_mask": 0}, Drift(moved=1)),
        ({}, Drift()),
    ],
)
@pytest.mark.parametrize("ends", [False, True])
def test_how_a_row_may_differ(change, found, ends, child, at):
    until = at + 3 * HOUR if ends else None
    give(child, at - 2 * HOUR, membership=make_membership(), categories=["plan"], valid_until=until)
    right = everything()
    row = ChildUserGrant.objects.all()
    row.update(**{name: at + value * HOUR if not name.endswith("_mask") else value for name, value in change.items()})
    assert compare_projection(at=at) == found
    assert everything() == right
    if ends:
        for longer in (None, at + 4 * HOUR):
            row.update(valid_until=longer)
            assert compare_projection(at=at) == Drift(outlived=1)
        assert everything() == right


def test_only_what_is_missing_or_opens_less_is_a_defect():
    assert [Drift(**{name: 1}).is_defect for name in ("missing", "short", "stale", "outlived", "moved")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert Drift().is_defect is False


def test_the_log_says_what_was_found(child, at, monkeypatch, caplog):
    monkeypatch.setattr(projection, "_compare_files", lambda files, at: Drift(1, 2, 3, 4, 5))
    with caplog.at_level("INFO", logger="harbour.access"):
        assert compare_projection(at=at) == Drift(1, 2, 3, 4, 5)
    (said,) = [record for record in caplog.records if record.message == "projection compared"]
    assert [vars(said)[name] for name in ("missing", "short", "stale", "outlived", "moved")] == [1, 2, 3, 4, 5]


def test_what_moved_on_meanwhile_stands_right(child, other, at, monkeypatch):
    """Somebody may write between the look at a row and its change: what they wrote stays, and is no difference."""
    for file in (child, other):
        give(file, at - HOUR, membership=make_membership())
    ChildUserGrant.objects.update(category_mask=1)
    judge = projection._difference

    def written_meanwhile(stored, row, activity):
        if stored.content_object_id == child.pk:
            ChildUserGrant.objects.filter(pk=stored.pk).update(last_activity_at=at + HOUR)
        return judge(stored, row, activity)

    monkeypatch.setattr(projection, "_difference", written_meanwhile)
    assert compare_projection(at=at) == Drift(short=1)
    assert ChildUserGrant.objects.get(content_object=child).category_mask == 1
    assert ChildUserGrant.objects.get(content_object=other).category_mask == ALL_CATEGORIES


def test_a_row_of_nobody_and_one_of_each_kind_that_is_missing(child, at):
    member = make_membership()
    give(child, at, membership=member)
    give(child, at, group=member.agency.group)
    right = everything()
    ChildUserGrant.objects.all().delete()
    ChildGroupGrant.objects.update(group=make_agency().group)
    assert compare_projection(at=at) == Drift(missing=2, outlived=1)
    assert everything() == right


def test_the_files_that_are_locked_are_those_that_change(child, other, at):
    with CaptureQueriesContext(connection) as asked:
        services.lock_files([child.pk])
    (words,) = [query["sql"] for query in asked]
    assert "FOR NO KEY UPDATE" in words
    assert " NOT " not in words
    assert str(child.pk) in words
    give(child, at, group=make_agency().group)
    ending = AccessGrant.objects.filter(child__in=[child, other])
    give(other, at, group=make_agency().group)
    services.end_grants(grants=AccessGrant.objects.filter(child=other), at=at, by=None, why="Over")
    with CaptureQueriesContext(connection) as asked:
        services.end_grants(grants=ending, at=at, by=None, why="Over")
    locking = next(query["sql"] for query in asked if "FOR NO KEY UPDATE" in query["sql"])
    assert str(child.pk) in locking
    assert str(other.pk) not in locking
