"""The rows that lists are read from: what a night's comparison finds and puts right, and many writers at once.

Seen to fail: rows compared by their keys alone; a row that opens less than its grants counted as one that had
outlived them; the comparison leaving what outlived its grants; files not locked while they are shared and written on;
lists rebuilt from the timeline alone, which put back what a changed name or a sighting had moved.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import ResolverMatch

from accounts.middleware.refusals import RefusalMiddleware
from accounts.rules.refusals import Refusal
from accounts.rules.viewers import Viewer
from accounts.selectors import now
from accounts.services.deadlocks import is_deadlock
from cases.access import services as access
from cases.access.choices import Category, GrantReason
from cases.access.models import AccessGrant, ChildGroupGrant, ChildUserGrant, FileActivity
from cases.access.services import Drift, compare_projection
from cases.record.choices import EntryKind, HarmStatus, RiskLevel
from cases.record.models import Child
from cases.record.services import (
    Identity,
    add_alias,
    add_chronology,
    agree_safe_contact,
    change_identity,
    record_level,
)
from missing.choices import EpisodeKind, EpisodeState, ReturnMethod
from missing.models import MissingEpisode
from missing.services import EpisodeDetails, ReturnDetails, add_sighting, record_return, report_episode
from tests.factories.cases import make_child
from tests.factories.missing import make_episode
from tests.threads import at_once

HOUR = timedelta(hours=1)
OPERATIONS = int(os.environ.get("HARBOUR_OPERATIONS", "200"))


def rows() -> list[Any]:
    fields = ("content_object_id", "valid_from", "valid_until", "category_mask", "told_mask", "last_activity_at")
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


def told_of_nothing(group: Any) -> None:
    group.update(told_mask=0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("break_it", "found"),
    [
        (gone, Drift(missing=1)),
        (too_short, Drift(short=1)),
        (too_late, Drift(short=1)),
        (opens_less, Drift(short=1)),
        (opens_more, Drift(outlived=1)),
        (out_of_order, Drift(stale=1)),
        (told_of_nothing, Drift(moved=1)),
    ],
)
def test_what_differs_from_the_grants_is_counted_and_put_right(break_it: Callable[[Any], None], found, opened, at):
    right = rows()
    break_it(ChildGroupGrant.objects.all())
    assert compare_projection(at=at) == found
    assert [row[1:] for row in rows()] == [row[1:] for row in right]
    assert compare_projection(at=at) == Drift()


def identity_changed(child: Child, by: Viewer, at: datetime) -> None:
    change_identity(child=child, identity=Identity("Ada", "Renamed"), version=child.version, at=at, by=by)


def safe_contact_agreed(child: Child, by: Viewer, at: datetime) -> None:
    agree_safe_contact(child=child, words="After school.", version=child.version, at=at, by=by)


def alias_added(child: Child, by: Viewer, at: datetime) -> None:
    add_alias(child=child, name="Addie", note="", at=at, by=by)


def level_judged(child: Child, by: Viewer, at: datetime) -> None:
    record_level(child=child, level=RiskLevel.HIGH, harm_status=HarmStatus.SUSPECTED, review_due_on=None, at=at)


def sighting_added(child: Child, by: Viewer, at: datetime) -> None:
    add_sighting(episode=make_episode(child, by), seen_at=at, note="At the station.", at=at, by=by)


@pytest.mark.django_db
@pytest.mark.parametrize("write", [identity_changed, safe_contact_agreed, alias_added, level_judged, sighting_added])
def test_what_moved_a_list_without_an_entry_on_the_timeline_has_moved_it_for_good(write, opened, world, viewer, at):
    """Neither the night nor the next grant to the same subject puts the row back."""
    write(opened, viewer("socialworker"), at)
    moved = ChildUserGrant.objects.get()
    assert moved.last_activity_at == at
    before = rows()
    assert compare_projection(at=at) == Drift()
    assert rows() == before
    person = world.membership("socialworker")
    access.grant_access(child_id=opened.pk, at=at, by=None, reason=GrantReason.SHARE, membership=person)
    assert ChildUserGrant.objects.get().last_activity_at == at


@pytest.mark.django_db
def test_what_has_outlived_its_grants_goes_and_is_no_defect(opened, at):
    assert compare_projection(at=at + 2 * HOUR) == Drift(outlived=1)
    assert not ChildGroupGrant.objects.exists()
    assert ChildUserGrant.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("break_it", "level"), [(gone, "ERROR"), (out_of_order, "ERROR"), (told_of_nothing, "INFO")])
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


@dataclass
class Crowd:
    """Who may be given access to which files, and by whom they are written on."""

    children: list[Child]
    groups: list[Any]
    people: list[Any]
    worker: Viewer

    def __call__(self, dice: random.Random) -> None:
        """One or two deeds in one transaction, each on another file, in whichever order."""
        for child in dice.sample(self.children, dice.choice([1, 1, 2])):
            child.refresh_from_db()
            # What the rules refuse is nothing that happened: a child who is missing already, somebody saved first.
            with suppress(Refusal):
                dice.choice(DEEDS)(self, dice, child, now())

    def share(self, dice: random.Random, child: Child, at: datetime) -> None:
        group = dice.choice(self.groups)
        access.grant_access(child_id=child.pk, reason=GrantReason.SHARE, at=at, by=None, group=group)

    def allocate(self, dice: random.Random, child: Child, at: datetime) -> None:
        person = dice.choice(self.people)
        access.grant_access(child_id=child.pk, reason=GrantReason.ALLOCATION, at=at, by=None, membership=person)

    def end(self, dice: random.Random, child: Child, at: datetime) -> None:
        some = AccessGrant.objects.filter(child_id=child.pk, ended_at=None).order_by("?")[:2]
        ending = AccessGrant.objects.filter(pk__in=[grant.pk for grant in some])
        access.end_grants(grants=ending, at=at, by=None, why="Ended")

    def tell(self, dice: random.Random, child: Child, at: datetime) -> None:
        add_chronology(
            child=child,
            kind=EntryKind.OBSERVATION,
            category=dice.choice([Category.MISSING, Category.ASSESSMENT, Category.IDENTITY]),
            happened_at=at,
            summary="Something happened.",
            at=at,
            by=self.worker,
        )

    def name(self, dice: random.Random, child: Child, at: datetime) -> None:
        named = Identity(f"Cal {dice.randrange(9)}", "Renamed")
        change_identity(child=child, identity=named, version=child.version, at=at, by=self.worker)

    def agree(self, dice: random.Random, child: Child, at: datetime) -> None:
        agree_safe_contact(child=child, words="After school.", version=child.version, at=at, by=self.worker)

    def judge(self, dice: random.Random, child: Child, at: datetime) -> None:
        level, harm = dice.choice([RiskLevel.LOW, RiskLevel.HIGH]), HarmStatus.SUSPECTED
        record_level(child=child, level=level, harm_status=harm, review_due_on=None, at=at)

    def report(self, dice: random.Random, child: Child, at: datetime) -> None:
        details = EpisodeDetails(EpisodeKind.MISSING, last_seen_at=at, reported_at=at)
        report_episode(child=child, details=details, at=at, by=self.worker)

    def see(self, dice: random.Random, child: Child, at: datetime) -> None:
        for episode in MissingEpisode.objects.filter(child=child, state=EpisodeState.OPEN):
            add_sighting(episode=episode, seen_at=at, note="At the station.", at=at, by=self.worker)

    def find(self, dice: random.Random, child: Child, at: datetime) -> None:
        for episode in MissingEpisode.objects.filter(child=child, state=EpisodeState.OPEN):
            back = ReturnDetails(at, ReturnMethod.ALONE)
            record_return(episode=episode, details=back, at=at, by=self.worker)


DEEDS = (
    Crowd.share, Crowd.allocate, Crowd.end, Crowd.tell, Crowd.name, Crowd.agree, Crowd.judge, Crowd.report, Crowd.see,
    Crowd.find,
)  # fmt: skip


def served(work: Callable[[], None]) -> int:
    """Do it as the product does for a request: what the database turned away is asked again. How often that was."""
    turned_away = 0

    def view(request: HttpRequest) -> HttpResponse:
        nonlocal turned_away
        try:
            work()
        except Exception as error:
            turned_away += is_deadlock(error)
            raise
        return HttpResponse()

    request: Any = RequestFactory().post("/")
    request.resolver_match = ResolverMatch(view, (), {})
    try:
        with transaction.atomic():
            view(request)
    except Exception as error:
        if RefusalMiddleware(view).process_exception(request, error) is None:
            raise
    return turned_away


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_for_ever_has_not_succeeded():
    free = threading.Event()
    with pytest.raises(pytest.fail.Exception, match="Not done"):
        at_once(lambda: None, free.wait, within=1)
    free.set()


@pytest.mark.django_db(transaction=True)
def test_many_who_share_end_and_write_at_once_leave_no_row_behind_the_times(world, viewer, record_property):
    """Four at once, on few files and often two of them in one transaction, in whichever order."""
    crowd = Crowd(
        children=[make_child(f"Cal {number}", "Shared") for number in range(4)],
        groups=[world.agency(key).group for key in ("health", "school", "charity", "police")],
        people=[world.membership(key) for key in ("socialworker", "keyworker", "nurse")],
        worker=viewer("socialworker"),
    )

    def many(seed: int) -> int:
        dice, deadlocks = random.Random(seed), 0
        for _ in range(OPERATIONS // 4):
            state = dice.getstate()
            deadlocks += served(lambda state=state: (dice.setstate(state), crowd(dice))[1])
        return deadlocks

    done = at_once(*(lambda seed=seed: many(seed) for seed in range(4)), within=60 + OPERATIONS / 2)
    assert [type(one) for one in done] == [int] * 4, done
    found = compare_projection(at=now())
    record_property(
        "scanned", f"{OPERATIONS} shares, ends, reports and entries by four at once, {sum(done)} deadlocks: {found}"
    )
    assert found == Drift()
    assert AccessGrant.objects.count() > OPERATIONS // 10
    assert FileActivity.objects.count() > len(crowd.children) * 3
