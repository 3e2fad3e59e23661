"""Filling an agenda, listing a child, and the access of members that comes and goes with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.rules.refusals import NotKnown, Refusal
from cases.access.models import AccessGrant
from cases.access.rules import Action as FileAction
from cases.record.choices import AuthorityKind
from cases.record.models import AuthorityPeriod, Child
from cases.record.services import open_file
from panels.models import AgendaItem, Meeting
from panels.rules import PanelRefused
from panels.selectors.agenda import items_known
from panels.services import agenda as services
from panels.services import meetings
from tests.factories.cases import block, grant, make_child, make_spell, provenance
from tests.factories.missing import make_returned
from tests.factories.panels import decide, make_item, make_meeting, open_quorate, publish

pytestmark = pytest.mark.django_db
WHY = "Seen getting into a car with adults twice."


def sees(viewer, child: Child, at) -> bool:
    return Child.objects.visible_to(viewer, at=at).filter(pk=child.pk).exists()


def opened(viewer, child: Child, at):
    return open_file(viewer=viewer, reference=child.reference, action=FileAction.LIST_FOR_PANEL, at=at)


def test_the_agenda_fills_itself(meeting, child_of, viewer, at):
    yesterday = at - timedelta(days=1)
    new = child_of("New", level="high", level_judged_at=yesterday)
    waiting = child_of("Waiting")  # open since January
    placed = make_child("Placed")
    make_spell(placed, viewer("socialworker"), started_on=timezone.localdate(at))
    AuthorityPeriod.objects.create(
        child=placed, kind=AuthorityKind.PLACING, authority="Southfell", started_on="2026-01-01",
        **provenance(viewer("socialworker")),
    )  # fmt: skip
    quiet = make_child("Quiet")
    make_spell(quiet, viewer("socialworker"), started_on=timezone.localdate(at))
    make_child("Closed")

    assert services.refresh_agenda(meeting=meeting, at=at, by=viewer("coordinator")) == 3
    rows = list(meeting.items.order_by("position").values_list("child__given_name", "position"))
    assert rows == [("New", 1), ("Waiting", 2), ("Placed", 3)]
    assert services.refresh_agenda(meeting=meeting, at=at, by=viewer("coordinator")) == 3
    assert meeting.items.count() == 3
    assert {new.pk, waiting.pk, placed.pk} == set(meeting.items.values_list("child_id", flat=True))
    meeting.refresh_from_db()
    assert meeting.agenda_rule.kind == "agenda"


def test_a_child_whom_our_own_authority_placed_is_not_placed_in(meeting, viewer, at, settings):
    """Nor does casework that begins after the rule has run put a child on the agenda."""
    settings.PARTNERSHIP_AUTHORITIES = ["Northmere Council"]
    for name, authority, days in (
        ("Ours", "Northmere council", 0),
        ("Theirs", "Southfell", 0),
        ("Later", "Southfell", 1),
    ):
        child = make_child(name)
        make_spell(child, viewer("socialworker"), started_on=timezone.localdate(at) + timedelta(days=days))
        AuthorityPeriod.objects.create(
            child=child, kind=AuthorityKind.PLACING, authority=authority, started_on="2026-01-01",
            **provenance(viewer("socialworker")),
        )  # fmt: skip
    services.refresh_agenda(meeting=meeting, at=at, by=viewer("coordinator"))
    assert [item.child.given_name for item in meeting.items.all()] == ["Theirs"]


@pytest.mark.parametrize("children", [1, 4])
def test_filling_an_agenda_asks_the_same_however_long_it_is_and_writes_what_changed_alone(
    children, meeting, child_of, viewer, at, django_assert_num_queries
):
    by = viewer("coordinator")
    for number in range(children):
        child_of(f"Waiting{number}")
    with django_assert_num_queries(FIRST_FILLING):
        services.refresh_agenda(meeting=meeting, at=at, by=by)
    with django_assert_num_queries(SECOND_FILLING):  # nothing has changed, so no item is written
        services.refresh_agenda(meeting=meeting, at=at, by=by)
    AgendaItem.objects.update(position=99)
    services.refresh_agenda(meeting=meeting, at=at, by=by)
    assert list(meeting.items.order_by("position").values_list("position", flat=True)) == list(range(1, children + 1))


FIRST_FILLING, SECOND_FILLING = 13, 12


def test_missing_episodes_are_counted_and_absences_are_not(meeting, viewer, at):
    thrice, absent = make_child("Thrice"), make_child("Absent")
    for child in (thrice, absent):
        make_spell(child, viewer("socialworker"), started_on=timezone.localdate(at))
    for days in (3, 9, 20):
        for child, kind in ((thrice, "missing"), (absent, "absent")):
            back = at - timedelta(days=days)
            make_returned(child, viewer("detective"), kind=kind, last_seen_at=back - timedelta(hours=5),
                          reported_at=back - timedelta(hours=4), returned_at=back)  # fmt: skip
    services.refresh_agenda(meeting=meeting, at=at, by=viewer("coordinator"))
    assert {item.child: [one["words"] for one in item.reasons] for item in meeting.items.all()} == {
        thrice: ["3 missing episodes in 90 days"]
    }


def test_what_no_longer_holds_goes_and_what_a_person_took_off_stays_off(meeting, child_of, viewer, at):
    by = viewer("coordinator")
    child = child_of("New", level="high", level_judged_at=at - timedelta(days=1))
    services.refresh_agenda(meeting=meeting, at=at, by=by)
    item = meeting.items.get()
    services.take_off(item=item, why="Talked about elsewhere", version=item.version, at=at, by=by)
    services.refresh_agenda(meeting=meeting, at=at, by=by)
    item.refresh_from_db()
    assert item.state == "removed"

    other = child_of("Other", level="high", level_judged_at=at - timedelta(days=1))
    child_ids = Child.objects.filter(pk__in=[other.pk, child.pk])
    services.refresh_agenda(meeting=meeting, at=at, by=by)
    from cases.record.models import Spell

    Spell.objects.filter(child__in=child_ids).update(ended_on=timezone.localdate(at), end_reason="safer")
    services.refresh_agenda(meeting=meeting, at=at, by=by)
    assert meeting.items.get(child=other).state_reason == services.GONE


def test_any_agency_lists_a_child_below_every_threshold(meeting, world, viewer, at):
    child = make_child("Low", level="low")
    grant(child, world.agency("school"))
    teacher = viewer("safeguarding_lead")
    item = services.list_child(opened=opened(teacher, child, at), why=WHY, at=at, by=teacher)
    assert [reason["words"] for reason in item.reasons] == [f"Listed by Hollybank School: {WHY}"]
    assert item.meeting == meeting
    again = services.list_child(opened=opened(teacher, child, at), why=WHY, at=at, by=teacher)
    assert again.pk == item.pk
    assert len(again.reasons) == 1
    services.refresh_agenda(meeting=meeting, at=at, by=viewer("coordinator"))
    assert meeting.items.get().state == "listed"


def test_whoever_lists_a_child_must_see_its_file(meeting, viewer, at):
    child = make_child()
    with pytest.raises(NotKnown):
        opened(viewer("safeguarding_lead"), child, at)


def test_a_listing_without_a_reason_or_a_meeting_is_refused(panel, world, viewer, at):
    child = make_child()
    grant(child, world.agency("school"))
    teacher = viewer("safeguarding_lead")
    with pytest.raises(PanelRefused, match="sentence"):
        services.list_child(opened=opened(teacher, child, at), why="x", at=at, by=teacher)
    with pytest.raises(PanelRefused, match="No meeting is planned"):
        services.list_child(opened=opened(teacher, child, at), why=WHY, at=at, by=teacher)


def test_publication_gives_access_that_ends_to_the_instant(meeting, child_of, viewer, at):
    child = child_of()
    member, by = viewer("housing"), viewer("coordinator")
    services.refresh_agenda(meeting=meeting, at=at, by=by)
    assert not sees(member, child, at)
    meetings.publish_agenda(meeting=meeting, at=at, by=by)

    ends_at = meeting.starts_at + timedelta(minutes=meeting.minutes_long, hours=72)
    assert sees(viewer("housing"), child, at)
    assert sees(viewer("housing"), child, ends_at - timedelta(microseconds=1))
    assert not sees(viewer("housing"), child, ends_at)


def test_moving_and_closing_move_the_end(panel, world, child_of, viewer, at):
    child, by = child_of(), viewer("coordinator")
    meeting = make_meeting(panel, starts_at=at + timedelta(days=3))
    item = make_item(meeting, child, by)
    meeting = publish(meeting, world, at=at)
    later = at + timedelta(days=10)
    meeting = meetings.move_meeting(
        meeting=meeting, starts_at=later, place="Room 2", minutes_long=60, version=meeting.version, at=at, by=by
    )
    ends_at = later + timedelta(hours=73)
    assert sees(viewer("housing"), child, ends_at - timedelta(microseconds=1))
    assert not sees(viewer("housing"), child, ends_at)
    assert AccessGrant.objects.live(at).filter(source_id=item.pk).count() == 1

    open_quorate(meeting, world, at=later)
    decide(item, viewer("chair"), at=later)
    closed_at = later + timedelta(minutes=20)
    meetings.close_meeting(meeting=meeting, deferred={}, at=closed_at, by=viewer("chair"))
    ends_at = closed_at + timedelta(hours=72)
    assert sees(viewer("housing"), child, ends_at - timedelta(microseconds=1))
    assert not sees(viewer("housing"), child, ends_at)


@pytest.mark.parametrize("late", [timedelta(hours=5), timedelta(hours=73), timedelta(days=30)])
def test_closing_late_lets_nobody_read_for_longer_or_again(panel, world, child_of, viewer, at, late):
    child, by = child_of(), viewer("coordinator")
    meeting = make_meeting(panel, starts_at=at + timedelta(days=1), minutes_long=60)
    item = make_item(meeting, child, by)
    open_quorate(publish(meeting, world, at=at), world, at=meeting.starts_at)
    decide(item, viewer("chair"), at=meeting.starts_at)
    closed_at, ends_at = meeting.starts_at + late, meeting.starts_at + timedelta(hours=73)
    assert not sees(viewer("housing"), child, ends_at)
    meetings.close_meeting(meeting=meeting, deferred={}, at=closed_at, by=viewer("chair"))
    for when in (ends_at - timedelta(microseconds=1), ends_at, closed_at, closed_at + timedelta(hours=1)):
        assert sees(viewer("housing"), child, when) is (when < ends_at), when
    assert AccessGrant.objects.filter(source_id=item.pk).count() == 1


def test_a_late_item_opens_at_once_and_one_taken_off_closes_at_once(meeting, world, child_of, viewer, at):
    child = child_of()
    publish(meeting, world, at=at)
    meeting.refresh_from_db()
    worker, office = viewer("socialworker"), viewer("coordinator")
    with pytest.raises(PanelRefused, match="Only the chair"):
        services.list_child(opened=opened(worker, child, at), why=WHY, late_on=meeting, at=at, by=worker)
    item = services.list_child(opened=opened(office, child, at), why=WHY, late_on=meeting, at=at, by=office)
    assert item.late
    assert sees(viewer("housing"), child, at)
    gone_at = at + timedelta(minutes=1)
    services.take_off(item=item, why="Listed by mistake", version=item.version, at=gone_at, by=office)
    assert sees(viewer("housing"), child, gone_at - timedelta(microseconds=1))
    assert not sees(viewer("housing"), child, gone_at)


def test_a_restricted_file_is_never_opened_to_the_panel(meeting, world, child_of, viewer, at):
    child = child_of(restricted=True)
    grant(child, viewer("socialworker"), reason="named")
    item = make_item(meeting, child, viewer("coordinator"))
    published = publish(meeting, world, at=at)
    assert not AccessGrant.objects.filter(source_id=item.pk).exists()
    assert items_known(published, viewer("housing"), at=at) == []
    assert items_known(published, viewer("chair"), at=at) == []
    assert [one.pk for one, _ in items_known(published, viewer("socialworker"), at=at)] == [item.pk]
    # Opened to all again later, it is not opened by the listing.
    Child.objects.filter(pk=child.pk).update(restricted=False)
    assert not sees(viewer("housing"), child, at)


def test_a_blocked_member_gets_the_agenda_without_the_child(meeting, world, child_of, viewer, at):
    first, second, third = (child_of(name) for name in ("First", "Second", "Third"))
    for child in (first, second, third):
        make_item(meeting, child, viewer("coordinator"))
    block(second, viewer("detective"), by=viewer("guardian"))
    published = publish(meeting, world, at=at)
    known = items_known(published, viewer("detective"), at=at)
    assert [opened.child.given_name for _, opened in known] == ["First", "Third"]
    assert len(items_known(published, viewer("camhs"), at=at)) == 3


def test_somebody_who_does_not_see_levels_gets_an_order_that_tells_nothing(meeting, world, child_of, viewer, at):
    for number in range(6):
        make_item(meeting, child_of(f"Child{number}"), viewer("coordinator"))
    published = publish(meeting, world, at=at)
    full = [opened.child.reference for _, opened in items_known(published, viewer("detective"), at=at)]
    existence = [opened.child.reference for _, opened in items_known(published, viewer("housing"), at=at)]
    assert existence == sorted(full)
    assert full == list(published.items.order_by("position").values_list("child__reference", flat=True))


def test_publishing_plans_the_next_meeting_so_that_nothing_is_lost(meeting, viewer, at):
    meetings.publish_agenda(meeting=meeting, at=at, by=viewer("coordinator"))
    later = Meeting.objects.get(state="planned")
    assert later.starts_at > meeting.starts_at + timedelta(days=27)
    with pytest.raises(PanelRefused, match="published"):
        meetings.publish_agenda(meeting=meeting, at=at, by=viewer("coordinator"))
    with pytest.raises(Refusal):
        services.refresh_agenda(meeting=meeting, at=at, by=viewer("coordinator"))


def test_only_the_office_publishes(meeting, viewer, at):
    with pytest.raises(PanelRefused, match="co-ordinator prepare"):
        meetings.publish_agenda(meeting=meeting, at=at, by=viewer("detective"))
    assert AgendaItem.objects.count() == 0
