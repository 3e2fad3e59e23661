"""The rows that lists are read from: what a night's comparison finds and puts right, and many writers at once.

Seen to fail: rows compared by their keys alone; a row that opens less than its grants counted as one that had
outlived them; the comparison leaving what outlived its grants; files not locked while they are shared and written on.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.middleware.refusals import is_deadlock
from accounts.selectors import now
from cases.access import services as access
from cases.access.choices import Category, GrantReason
from cases.access.models import AccessGrant, ChildGroupGrant, ChildUserGrant
from cases.access.services import Drift, compare_projection
from cases.record.models import Child
from cases.record.services import add_chronology
from tests.factories.cases import make_child
from tests.threads import at_once

HOUR = timedelta(hours=1)
OPERATIONS = int(os.environ.get("HARBOUR_OPERATIONS", "200"))


def rows() -> list[Any]:
    fields = ("content_object_id", "valid_from", "valid_until", "category_mask", "last_activity_at")
    of_groups = ChildGroupGrant.objects.order_by("pk").values_list("group_id", *fields)
    return [*of_groups, *ChildUserGrant.objects.order_by("pk").values_list("user_id", *fields)]


@pytest.fixture
def opened(world, at) -> Child:
    """A file that an agency sees for an hour more, and a social worker without an end."""
    child = make_child("Ada", "Projected")
    agency, person = world.agency("health").group, world.membership("socialworker")
    given = {"child_id": child.pk, "at": at - HOUR, "by": None}
    access.grant_access(**given, reason=GrantReason.SHARE, group=agency, valid_until=at + HOUR)
    access.grant_access(**given, reason=GrantReason.ALLOCATION, membership=person)
    return child


def gone(group: Any) -> None:
    group.delete()


def too_short(group: Any) -> None:
    group.update(valid_until="2026-01-05T10:00:00Z")


def too_late(group: Any) -> None:
    group.update(valid_from=now())


def opens_less(group: Any) -> None:
    group.update(category_mask=1)


def opens_more(group: Any) -> None:
    group.update(valid_until=None)


def out_of_order(group: Any) -> None:
    group.update(last_activity_at=now())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("break_it", "found"),
    [
        (gone, Drift(missing=1)),
        (too_short, Drift(short=1)),
        (too_late, Drift(short=1)),
        (opens_less, Drift(short=1)),
        (opens_more, Drift(outlived=1)),
        (out_of_order, Drift(moved=1)),
    ],
)
def test_what_differs_from_the_grants_is_counted_and_put_right(break_it: Callable[[Any], None], found, opened, at):
    right = rows()
    break_it(ChildGroupGrant.objects.all())
    assert compare_projection(at=at) == found
    assert [row[1:] for row in rows()] == [row[1:] for row in right]
    assert compare_projection(at=at) == Drift()


@pytest.mark.django_db
def test_what_has_outlived_its_grants_goes_and_is_no_defect(opened, at):
    assert compare_projection(at=at + 2 * HOUR) == Drift(outlived=1)
    assert not ChildGroupGrant.objects.exists()
    assert ChildUserGrant.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("break_it", "level"), [(gone, "ERROR"), (out_of_order, "INFO")])
def test_a_defect_is_said_in_the_log_and_the_course_of_a_night_is_not_one(break_it, level, opened, at, caplog):
    break_it(ChildGroupGrant.objects.all())
    with caplog.at_level("INFO", logger="harbour.access"):
        compare_projection(at=at)
    assert [record.levelname for record in caplog.records if record.message == "projection compared"] == [level]


@pytest.mark.django_db
def test_more_files_than_are_compared_at_once_are_all_compared(opened, world, at, monkeypatch):
    monkeypatch.setattr("cases.access.services.projection.FILES_AT_ONCE", 2)
    for number in range(4):
        child = make_child(f"Ben {number}", "Projected")
        access.grant_access(
            child_id=child.pk, reason=GrantReason.SHARE, at=at, by=None, group=world.agency("health").group
        )
    ChildGroupGrant.objects.all().delete()
    assert compare_projection(at=at) == Drift(missing=5)


@pytest.mark.django_db(transaction=True)
def test_many_who_share_end_and_write_at_once_leave_no_row_behind_the_times(world, viewer, record_property):
    """Four at once, on few files and often two of them in one transaction, in whichever order."""
    children = [make_child(f"Cal {number}", "Shared") for number in range(4)]
    groups = [world.agency(key).group for key in ("health", "school", "charity", "police")]
    people = [world.membership(key) for key in ("socialworker", "keyworker", "nurse")]
    worker = viewer("socialworker")
    deadlocks = 0

    def operation(dice: random.Random) -> None:
        for child in dice.sample(children, dice.choice([1, 1, 2])):
            at = now()
            match dice.randrange(4):
                case 0:
                    access.grant_access(
                        child_id=child.pk, reason=GrantReason.SHARE, at=at, by=None, group=dice.choice(groups)
                    )
                case 1:
                    access.grant_access(
                        child_id=child.pk, reason=GrantReason.ALLOCATION, at=at, by=None, membership=dice.choice(people)
                    )
                case 2:
                    some = AccessGrant.objects.filter(child_id=child.pk, ended_at=None).order_by("?")[:2]
                    ending = AccessGrant.objects.filter(pk__in=[grant.pk for grant in some])
                    access.end_grants(grants=ending, at=at, by=None, why="Ended")
                case _:
                    add_chronology(
                        child=child,
                        kind="note",
                        category=dice.choice([Category.MISSING, Category.ASSESSMENT, Category.IDENTITY]),
                        happened_at=at,
                        summary="Something happened.",
                        at=at,
                        by=worker,
                    )

    def many(seed: int) -> None:
        nonlocal deadlocks
        dice = random.Random(seed)
        for _ in range(OPERATIONS // 4):
            state = dice.getstate()
            while True:
                dice.setstate(state)
                try:
                    with transaction.atomic():
                        operation(dice)
                    break
                except Exception as error:
                    if not is_deadlock(error):
                        raise
                    deadlocks += 1

    assert at_once(*(lambda seed=seed: many(seed) for seed in range(4))) == [None] * 4
    found = compare_projection(at=now())
    record_property("scanned", f"{OPERATIONS} shares, ends and entries by four at once, {deadlocks} deadlocks: {found}")
    assert found == Drift()
    assert AccessGrant.objects.count() > OPERATIONS // 4
