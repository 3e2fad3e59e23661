"""Every measure against a count in plain Python, in worlds drawn at random; who asks changes nothing.

Seen to fail: the end of the period counted in (`<=`); midnight taken in UTC; today's level in place of the one that
held; a merged file taken for a file of its own; a spell that ended on the last day taken for open; a referrer's score
taken for a level; the 72nd hour left out; every absence taken to ask for an interview.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.choices import Sector
from accounts.rules.viewers import SystemPrincipal, Viewer, system_viewer
from cases.record.choices import RiskLevel
from reporting.measures import BEFORE, THIS
from reporting.rules.periods import Period
from reporting.selectors import COUNTED, CountRefused, counted, measure_of
from reporting.services import figures_for
from tests.factories.accounts import make_agency
from tests.factories.cases import make_child, make_spell
from tests.factories.referrals import make_notification
from tests.reporting.by_hand import interviews_by_hand, levels_by_hand, notifications_by_hand
from tests.reporting.worlds import plan_world, write

pytestmark = pytest.mark.django_db

MEASURES = system_viewer(SystemPrincipal.MEASURES)
LONDON = ZoneInfo("Europe/London")
WORLDS = 60


def test_each_measure_counts_what_plain_python_counts(world, at):
    people = list(world.memberships)
    sectors = {person: world.membership(person).agency.sector for person in people}
    seen: Counter[str] = Counter()
    for seed in range(WORLDS):
        plan = plan_world(seed, people)
        with transaction.atomic():
            write(plan, world)
            sources = counted(measure_of("notifications_by_source", 1), viewer=MEASURES, period=plan.period, as_at=at)
            levels = counted(
                measure_of("open_by_level", 1), viewer=MEASURES, period=plan.period, as_at=at + timedelta(hours=1)
            )
            interviews = counted(
                measure_of("interviews_in_72_hours", 1), viewer=MEASURES, period=plan.period, as_at=plan.as_at
            )
            transaction.set_rollback(True)
        assert sources == notifications_by_hand(plan, sectors), seed
        assert levels == levels_by_hand(plan), seed
        assert interviews == interviews_by_hand(plan), seed
        seen.update(notifications=sum(sources[THIS].values()), before=sum(sources[BEFORE].values()))
        seen.update({f"open {level}": number for level, number in levels[THIS].items()})
        seen.update(interviews[THIS])
    # Worlds in which nothing happens would agree as well.
    assert min(seen.values()) >= 10, seen
    assert len(seen) == 2 + len(RiskLevel.values) + 6


@pytest.mark.parametrize("key", COUNTED)
def test_one_statement_for_a_measure_however_many_rows(key, world, at, django_assert_num_queries):
    measure = measure_of(key, 1)
    for _ in range(3):
        with django_assert_num_queries(1):
            counted(measure, viewer=MEASURES, period=Period(date(2026, 1, 1), date(2026, 3, 31)), as_at=at)
        make_spell(make_child(), world.viewer("socialworker"))
        make_notification(world.viewer("teacher"), sent_at=datetime(2026, 2, 1, tzinfo=UTC))


def test_only_the_principal_of_measures_counts(world, at):
    for viewer in (world.viewer("manager"), Viewer(), system_viewer(SystemPrincipal.SWEEP)):
        with pytest.raises(CountRefused):
            counted(
                measure_of("open_by_level", 1),
                viewer=viewer,
                period=Period(date(2026, 1, 1), date(2026, 3, 31)),
                as_at=at,
            )


@pytest.mark.parametrize(
    ("last", "late"),
    [
        (date(2026, 3, 28), "23:30"),
        (date(2026, 3, 29), "22:30"),
        (date(2025, 10, 25), "22:30"),
        (date(2025, 10, 26), "23:30"),
    ],
)
def test_a_day_ends_at_midnight_in_london_whatever_the_clocks_do(last, late, world, at):
    """Half an hour before midnight and half an hour after, on both sides of both changes."""
    hour, minute = map(int, late.split(":"))
    before_midnight = datetime(last.year, last.month, last.day, hour, minute, tzinfo=UTC)
    assert before_midnight.astimezone(LONDON).strftime("%H:%M") == "23:30"
    for sent_at in (before_midnight, before_midnight + timedelta(hours=1)):
        make_notification(world.viewer("teacher"), sent_at=sent_at)
    ends_there = Period(last - timedelta(days=40), last)
    begins_after = Period(last + timedelta(days=1), last + timedelta(days=30))

    for period in (ends_there, begins_after):
        found = counted(measure_of("notifications_by_source", 1), viewer=MEASURES, period=period, as_at=at)
        assert found[THIS]["education"] == 1


def test_what_was_recorded_after_the_instant_of_counting_is_left_out(world, at):
    period = Period(date(2026, 1, 1), date(2026, 3, 31))
    first = figures_for(period, as_at=at)
    child = make_child()
    make_spell(child, world.viewer("socialworker"), recorded_at=at + timedelta(minutes=1))

    assert figures_for(period, as_at=at) == first


def test_an_agency_of_every_sector_is_counted(world, at):
    from tests.factories.accounts import make_viewer

    period = Period(date(2026, 1, 1), date(2026, 3, 31))
    for sector in Sector.values:
        make_notification(make_viewer(make_agency(sector=sector)), sent_at=datetime(2026, 2, 1, tzinfo=UTC))
    found = counted(measure_of("notifications_by_source", 1), viewer=MEASURES, period=period, as_at=at)
    assert found == {THIS: dict.fromkeys(Sector.values, 1), BEFORE: dict.fromkeys(Sector.values, 0)}


def test_the_statement_of_a_measure_names_no_child(world, at):
    """What leaves the database is codes and numbers."""
    for key in COUNTED:
        measure = measure_of(key, 1)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            counted(measure, viewer=MEASURES, period=Period(date(2026, 1, 1), date(2026, 3, 31)), as_at=at)
        (query,) = captured.captured_queries
        assert "given_name" not in query["sql"]
        assert "COUNT(" in query["sql"]
