"""What a seat at the panel does not open: what minutes hold to whom they are shut, writing to who only reads files, the
chair's place to who does not read what is decided there.

Seen to fail: the day of the last talk, the tag of an item, "1 of 3 decided", the parts of the agenda, the late mark,
the order, and the way to an update told for minutes; an update refused for a child that has been talked about; the form
of an update open to who only reads files, by its policy, its service or its link; a place for the chair, or the chair's
own, given to who does not read minutes, or acted on; the form with the level for a chair who does not see it.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.rules.refusals import Refusal
from cases.access.choices import Category
from cases.access.models import AccessGrant
from cases.access.services import end_grants
from cases.record.models import Child
from cases.record.services import files_open
from panels.models import AgendaItem, ItemUpdate, PanelDecision, SeatDeputy
from panels.rules import PanelRefused
from panels.selectors.agenda import items_known
from panels.services.deciding import add_update
from panels.services.seats import add_deputy, give_seat
from tests.factories.cases import grant, provenance
from tests.factories.panels import (
    accept_all,
    decide,
    make_item,
    make_meeting,
    make_panel,
    open_quorate,
    publish,
    seat_people,
)
from tests.masking import masked

pytestmark = pytest.mark.django_db
# Their cell for minutes shows nothing; the guardian sees no levels either.
SHUT = ("officer", "carer", "guardian")
NAMES = ("First", "Second", "Third")


def key_of(page) -> str:
    return re.search(r'name="idempotency_key" value="([^"]+)"', page.content.decode())[1]


@pytest.fixture
def running(panel, meeting, world, child_of, viewer, at):
    """A meeting that is open, about three children; those to whom minutes are shut have a seat too."""
    seat_people(panel, world, SHUT, chairs=False)
    for name in NAMES:
        make_item(meeting, child_of(name), viewer("coordinator"))
    publish(meeting, world, at=at)
    accept_all(meeting)
    return open_quorate(meeting, world, at=at)


def item_of(meeting, name: str) -> AgendaItem:
    return meeting.items.get(child__given_name=name)


def pages_of(browser, meeting) -> dict[str, str]:
    """The pages of a meeting that tell of children, without what is made anew for each answer."""
    base = f"/panels/{meeting.pk}/"
    items = [f"{base}items/{item_of(meeting, name).pk}/" for name in NAMES]
    addresses = ["/", "/panels/", base, *items, f"{items[-1]}prepare/"]
    return {address: masked(browser.get(address).content.decode()) for address in addresses}


@pytest.fixture
def earlier(running, world, at):
    """A meeting of the same panel that is over."""
    then, office = at - timedelta(days=10), world.membership("coordinator")
    held = {f"{step}_{part}": value for step in STEPS for part, value in (("at", then), ("by", office))}
    return make_meeting(running.panel, starts_at=then, state="closed", **held)


STEPS = ("published", "opened", "closed")


def move_minutes(meeting, earlier, viewer, at) -> None:
    """What the panel knows of the three changes: an earlier talk, a decision, a child carried over, the order."""
    first, second, third = (item_of(meeting, name) for name in NAMES)
    decided = {"decided_at": earlier.closed_at, "recorded_at": earlier.closed_at}
    PanelDecision.objects.create(
        item=make_item(earlier, third.child, viewer("coordinator"), state="decided", settled_at=earlier.closed_at),
        child=third.child,
        code="continue",
        rationale="The plan is working and goes on.",
        level_before="low",
        level_after="low",
        **{**provenance(viewer("chair"), Category.MINUTES), **decided},
    )
    decide(first, viewer("chair"), at=at)
    AgendaItem.objects.filter(pk=second.pk).update(state="deferred", state_reason="No time was left.", settled_at=at)
    reason = {"code": "listed", "category": Category.MINUTES, "words": "Listed by Hollybank School", "facts": {}}
    for place, item in enumerate(meeting.items.order_by("-position"), start=11):
        AgendaItem.objects.filter(pk=item.pk).update(position=place, reasons=[reason], late=True)


def test_to_whom_minutes_are_shut_nothing_moves_with_them(running, earlier, viewer, client_as, at):
    browsers = {person: client_as(person) for person in (*SHUT, "missing_coordinator")}
    before = {person: pages_of(browser, running) for person, browser in browsers.items()}
    move_minutes(running, earlier, viewer, at)
    after = {person: pages_of(browser, running) for person, browser in browsers.items()}
    changed = {
        person: {address for address in before[person] if before[person][address] != after[person][address]}
        for person in browsers
    }
    # Who reads minutes in summary is told by each of the seven: else the pages prove nothing.
    assert len(changed.pop("missing_coordinator")) == 7
    changed["guardian"].discard("/")  # it tells who looked, and these readers did
    assert changed == {person: set() for person in SHUT}


def test_once_the_panels_grant_has_ended_its_cell_shows_nothing(running, panel, world, viewer, client_as, at):
    seat_people(panel, world, ["welfare_officer"], chairs=False)
    accept_all(running)
    first = item_of(running, "First")
    grant(first.child, world.agency("education"))
    decide(first, viewer("chair"), at=at)
    url = f"/panels/{running.pk}/"
    assert "1 of 3 decided" in client_as("welfare_officer").get(url).content.decode()
    end_grants(
        grants=AccessGrant.objects.filter(child__in=running.items.values("child"), reason="panel"),
        at=at,
        by=None,
        why="The meeting is over",
    )
    page = client_as("welfare_officer").get(url).content.decode()
    assert first.child.reference in page
    assert "ecided" not in page
    assert "On the agenda" in page
    walk = client_as("welfare_officer").get(f"{url}items/{first.pk}/").content.decode()
    assert "in the last 28 days" in walk
    assert "On the agenda" in walk
    assert ">Decided" not in walk


@pytest.mark.parametrize("person", ["carer", "officer"])
def test_to_whom_minutes_are_shut_the_order_tells_nothing(person, running, viewer, at):
    for place, item in enumerate(running.items.order_by("-child__reference"), start=11):
        AgendaItem.objects.filter(pk=item.pk).update(position=place)
    known = [opened.child.reference for _, opened in items_known(running, viewer(person), at=at)]
    assert known == sorted(known)
    assert [opened.child.reference for _, opened in items_known(running, viewer("detective"), at=at)] == known[::-1]


def test_a_decision_shuts_no_form_to_whom_it_may_not_be_told(running, viewer, client_as, at):
    """What is written once the meeting has begun would say by its refusal which child has been talked about."""
    decide(item_of(running, "First"), viewer("chair"), at=at)
    told = {}
    for name in NAMES[:2]:
        url = f"/panels/{running.pk}/items/{item_of(running, name).pk}/prepare/"
        browser = client_as("officer")
        sent = browser.post(url, {"idempotency_key": key_of(browser.get(url)), "kind": "nothing"})
        told[name] = sent.status_code, re.findall(r"The meeting has begun|talked about", sent.content.decode())
    assert told["First"] == told["Second"]
    assert told["First"][0] == 422
    assert set(told["First"][1]) == {"The meeting has begun"}
    assert not ItemUpdate.objects.exists()


@pytest.fixture
def out(panel, meeting, world, child_of, viewer, at):
    """A published agenda with one child; the guardian and an officer have a seat."""
    seat_people(panel, world, ("guardian", "officer"), chairs=False)
    make_item(meeting, child_of("Robin"), viewer("coordinator"))
    made = publish(meeting, world, at=at)
    accept_all(made)
    return made


def test_who_only_reads_files_writes_nothing_to_the_panel(out, viewer, client_as, at):
    item = item_of(out, "Robin")
    url = f"/panels/{out.pk}/items/{item.pk}/prepare/"
    guardian = client_as("guardian")
    assert guardian.get(url).status_code == 403
    key = "6f1b1d1e-8f0f-4c35-9f57-11111111111c"
    for kind in ("nothing", "verbal"):
        assert guardian.post(url, {"idempotency_key": key, "kind": kind}).status_code == 403
    assert not ItemUpdate.objects.exists()
    opened = files_open([item.child_id], viewer("guardian"), at=at)[item.child_id]
    with pytest.raises(Refusal, match="does not do this"):
        add_update(item=item, opened=opened, kind="nothing", category="", text="", at=at, by=viewer("guardian"))
    for address in ("/", "/panels/", f"/panels/{out.pk}/"):
        page = guardian.get(address).content.decode()
        assert url not in page, address
        assert "repare" not in page, address
    assert client_as("guardian").get(f"/panels/{out.pk}/items/{item.pk}/").status_code == 200


def test_whose_cell_for_minutes_is_shut_still_prepares(out, client_as):
    officer, url = client_as("officer"), f"/panels/{out.pk}/items/{item_of(out, 'Robin').pk}/prepare/"
    assert url in officer.get(f"/panels/{out.pk}/").content.decode()
    sent = {"idempotency_key": key_of(officer.get(url)), "kind": "written", "category": "missing", "text": "Seen."}
    assert officer.post(url, sent).status_code == 302
    assert ItemUpdate.objects.get().text == "Seen."


def test_who_sits_for_the_chair_reads_what_is_decided_there(panel, world, viewer, client_as, at):
    seat = panel.seats.get(chairs=True)
    office, url = client_as("coordinator"), f"/panels/seats/{seat.pk}/deputy/"
    for person in ("officer", "interviewer", "triage", "missing_coordinator", "welfare_officer", "guardian"):
        sent = office.post(
            url, {"idempotency_key": key_of(office.get(url)), "member": str(world.membership(person).pk)}
        )
        assert sent.status_code == 422, person
        body = sent.content.decode()
        assert 'href="#id_member"' in body
        assert "records what the panel decides" in body
        assert "Keyworker" in re.search(r'id="id_member-error".*?</p>', body, re.S)[0]
    assert not SeatDeputy.objects.exists()
    for person in ("keyworker", "social_care_manager"):
        sent = office.post(
            url, {"idempotency_key": key_of(office.get(url)), "member": str(world.membership(person).pk)}
        )
        assert sent.status_code == 302
    other = panel.seats.get(member=world.membership("housing"))
    add_deputy(seat=other, membership=world.membership("welfare_officer"), at=at, by=viewer("coordinator"))
    assert SeatDeputy.objects.count() == 3


def test_the_chairs_own_seat_goes_to_who_reads_what_is_decided_there(world, viewer, at):
    panel, by = make_panel(), viewer("coordinator")
    with pytest.raises(PanelRefused, match="records what the panel decides") as refused:
        give_seat(panel=panel, member=world.membership("officer"), chairs=True, at=at, by=by)
    assert refused.value.field == "member"
    assert give_seat(panel=panel, member=world.membership("officer"), at=at, by=by).chairs is False


@pytest.mark.parametrize("person", ["officer", "missing_coordinator", "welfare_officer"])
def test_a_deputy_who_may_not_read_what_is_decided_records_nothing(person, running, world, viewer, client_as, at):
    """A place that was given before the matrix or the role changed."""
    seat = running.panel.seats.get(chairs=True)
    SeatDeputy.objects.create(seat=seat, membership=world.membership(person), started_on="2026-01-05")
    item = item_of(running, "First")
    with pytest.raises(PanelRefused, match="records what the panel decides"):
        decide(item, viewer(person), at=at)
    assert not PanelDecision.objects.exists()
    if person == "officer":
        page = client_as(person).get(f"/panels/{running.pk}/items/{item.pk}/").content.decode()
        assert "Record, and on to the next" not in page
        assert "Take attendance" not in client_as(person).get(f"/panels/{running.pk}/").content.decode()


def chosen_level(page: str) -> list[str]:
    field = re.search(r'<select[^>]*name="level_after".*?</select>', page, re.S)[0]
    return re.findall(r"<option[^>]*selected[^>]*>([^<]*)", field)


def offered_day(page: str) -> int:
    return int(re.search(r'name="next_review_on_day"[^>]*value="(\d+)"|$', page)[1])


def test_the_form_names_the_level_to_who_sees_it(running, world, viewer, client_as, at):
    """A file that is open to the chair by name, in part: without its level."""
    item = item_of(running, "First")
    Child.objects.filter(pk=item.child_id).update(level="high", restricted=True)
    named = grant(item.child, viewer("chair"), reason="named", categories=("identity", "minutes"))
    url = f"/panels/{running.pk}/items/{item.pk}/"
    chair = client_as("chair")
    body = chair.get(url).content.decode()
    assert chosen_level(body) == ["Choose"]
    data = {"version": item.version, "code": "step_down", "rationale": "It has calmed down.", "level_after": "low"}
    sent = chair.post(url, {"idempotency_key": key_of(chair.get(url)), **data})
    assert "although the level on the file" not in sent.content.decode()
    # At low the panel looks again after twelve weeks: the day that is offered would tell the level.
    Child.objects.filter(pk=item.child_id).update(level="low")
    assert offered_day(chair.get(url).content.decode()) == timezone.localdate(at + timedelta(weeks=4)).day
    decide(item, viewer("coordinator"), at=at, level_after="medium")
    assert chosen_level(chair.get(url).content.decode()) == ["Choose"]
    end_grants(grants=AccessGrant.objects.filter(pk=named.pk), at=at, by=None, why="Told in full")
    grant(item.child, viewer("chair"), reason="named")
    assert chosen_level(chair.get(url).content.decode()) == ["Medium"]
