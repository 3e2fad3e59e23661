"""The pages of a meeting, for the chair, a member, and whom they must tell nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AccessEvent
from cases.access.choices import Category
from panels.models import AgendaItem, Attendance, ItemUpdate, Meeting, PanelDecision
from panels.services import meetings as services
from panels.services.seats import add_deputy
from tests.factories.cases import block, grant, make_child, make_chronology, make_lead
from tests.factories.panels import accept_all, decide, make_action, make_item, make_meeting, open_quorate, publish
from tests.factories.shares import make_wish

pytestmark = pytest.mark.django_db


def key_of(page) -> str:
    return re.search(r'name="idempotency_key" value="([^"]+)"', page.content.decode())[1]


def read(browser, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


@pytest.fixture
def out(meeting, world, child_of, viewer, at) -> Meeting:
    """A published meeting about three children; everybody has accepted the statement."""
    for name in ("First", "Second", "Third"):
        make_item(meeting, child_of(name), viewer("coordinator"))
    meeting = publish(meeting, world, at=at)
    accept_all(meeting)
    return meeting


def answers(at, **changes):
    review = at + timedelta(days=28)
    return {
        "code": "continue",
        "rationale": "The plan is working and goes on.",
        "level_after": "not_assessed",
        "next_review_on_day": review.day,
        "next_review_on_month": review.month,
        "next_review_on_year": review.year,
        **changes,
    }


def item_url(meeting: Meeting, name: str) -> str:
    return f"/panels/{meeting.pk}/items/{meeting.items.get(child__given_name=name).pk}/"


def test_a_member_accepts_the_statement_before_anything_is_shown(meeting, world, child_of, viewer, client_as, at):
    make_item(meeting, child_of("Robin"), viewer("coordinator"))
    publish(meeting, world, at=at)
    member, url = client_as("housing"), f"/panels/{meeting.pk}/"
    page = member.get(url)
    assert "I accept" in page.content.decode()
    assert "Robin" not in page.content.decode()
    assert member.get(item_url(meeting, "Robin")).url == url
    member.post(f"{url}accept/", {"idempotency_key": key_of(page)})
    assert "Robin" in read(member, url)


def test_before_the_statement_a_child_is_named_by_the_members_own_rights_alone(
    meeting, world, child_of, viewer, client_as, at
):
    """Seen to fail with the panel's own grant left in what names a child."""
    own, panel = child_of("Robin"), child_of("Alex")
    grant(own, world.agency("housing"))
    for child in (own, panel):
        make_item(meeting, child, viewer("coordinator"), reasons=[REASON])
    publish(meeting, world, at=at)
    member = client_as("housing")
    page = read(member, "/panels/").split("To prepare")[1].split("</ul>")[0]
    # In the order of references, which are drawn anew.
    assert sorted(re.findall(r">(Robin|Prepare [A-Z0-9-]+)", page)) == [f"Prepare {panel.reference}", "Robin"]
    assert own.reference in page
    assert "Alex" not in page
    assert "CANARY" not in page
    assert set(AccessEvent.objects.filter(action="panels:meetings").latest("pk").shown_ids) == {own.pk}
    accept_all(meeting)
    page = read(member, "/panels/").split("To prepare")[1].split("</ul>")[0]
    assert {"Robin", "Alex"} <= set(re.findall(r"Robin|Alex", page))
    assert "CANARY" in page


REASON = {"code": "listed", "category": Category.MINUTES, "words": "CANARY in words", "facts": {}}


def test_members_see_nothing_of_a_planned_agenda(meeting, child_of, viewer, client_as):
    child = child_of("Robin")
    item = make_item(meeting, child, viewer("coordinator"))
    grant(child, viewer("housing"))
    page = read(client_as("housing"), f"/panels/{meeting.pk}/")
    assert "not published yet" in page
    assert "Robin" not in page
    assert client_as("housing").get(f"/panels/{meeting.pk}/items/{item.pk}/").status_code == 403
    assert "Robin" in read(client_as("coordinator"), f"/panels/{meeting.pk}/")


def test_a_blocked_members_agenda_has_no_gap_and_no_count(out, viewer, client_as, at):
    child = out.items.get(child__given_name="Second").child
    block(child, viewer("detective"), by=viewer("guardian"))
    page = read(client_as("detective"), f"/panels/{out.pk}/")
    assert re.findall(r">(First|Second|Third)\b", page) == ["First", "Third"]
    assert child.reference not in page
    walk = read(client_as("detective"), item_url(out, "First"))
    assert str(out.items.get(child=child).pk) not in walk
    assert client_as("detective").get(item_url(out, "Second")).status_code == 404
    assert "Second" not in read(client_as("detective"), "/panels/")


def test_an_item_is_called_the_same_by_everybody(out, viewer, client_as):
    """Seen to fail with numbers over what each reader sees: housing, who sees no levels, has another order."""
    for number, item in enumerate(out.items.order_by("-child__reference"), start=1):
        AgendaItem.objects.filter(pk=item.pk).update(position=number)
    orders = {}
    for person in ("chair", "housing"):
        page = read(client_as(person), f"/panels/{out.pk}/")
        orders[person] = re.findall(r"hb-actions__link[^>]*>(\w+)[^<]*</a>", page)
        assert sorted(orders[person]) == ["First", "Second", "Third"]
        walk = read(client_as(person), item_url(out, "First"))
        assert f"{out.items.get(child__given_name='First').child.reference}, panel meeting" in walk
        assert not re.search(r"[Ii]tem \d", page + walk)
    assert orders["chair"] == orders["housing"][::-1]


def test_whoever_does_not_sit_on_the_panel_knows_of_no_meeting(out, client_as):
    for person in ("welfare_officer", "outsider"):
        browser = client_as(person)
        assert browser.get(f"/panels/{out.pk}/").status_code == 404
        assert browser.get(item_url(out, "First")).status_code == 404
        assert "Operational Panel" not in read(browser, "/panels/")


def test_what_changed_comes_first_and_only_what_the_reader_may_read(out, world, viewer, client_as, at):
    child = out.items.get(child__given_name="First").child
    make_chronology(child, viewer("detective"), summary="CANARY-missing at night.", category=Category.MISSING)
    make_chronology(child, viewer("detective"), summary="CANARY-source says.", category=Category.INTELLIGENCE)
    url = item_url(out, "First")
    chair = read(client_as("chair"), url)
    assert "CANARY-missing" in chair
    assert chair.index("What changed") < chair.index("What agencies say")
    housing = read(client_as("housing"), url)
    assert "CANARY" not in housing


def test_an_agency_prepares_an_item_once_for_two_presses(out, viewer, client_as):
    member, url = client_as("detective"), f"{item_url(out, 'First')}prepare/"
    page = member.get(url)
    data = {"idempotency_key": key_of(page), "kind": "written", "category": "missing", "text": "Seen at the station."}
    assert member.post(url, data).status_code == 302
    assert member.post(url, data).status_code == 302
    assert ItemUpdate.objects.get().text == "Seen at the station."
    # Housing does not see missing episodes; the chair does.
    accepted = client_as("housing")
    assert "Seen at the station." not in read(accepted, item_url(out, "First"))
    assert "Seen at the station." in read(client_as("chair"), item_url(out, "First"))
    # A kind of information that the role does not work with is not offered, and not taken.
    sent = client_as("housing").post(url, {**data, "idempotency_key": key_of(client_as("housing").get(url))})
    assert sent.status_code == 422
    assert "Seen at the station." in sent.content.decode()


def test_a_stale_tab_saves_nothing_and_loses_nothing(out, world, viewer, client_as, at):
    open_quorate(out, world, at=at)
    chair, url = client_as("chair"), item_url(out, "First")
    page = chair.get(url)
    item = out.items.get(child__given_name="First")
    version = item.version
    decide(item, viewer("coordinator"), at=at, rationale="Recorded by the co-ordinator.", level_after="not_assessed")
    data = answers(at, idempotency_key=key_of(page), version=version, rationale="Typed by the chair.")
    sent = chair.post(url, data)
    assert sent.status_code == 409
    body = sent.content.decode()
    assert "Typed by the chair." in body
    assert "Recorded by the co-ordinator." in body
    assert PanelDecision.objects.get().rationale == "Recorded by the co-ordinator."
    # Having compared the two, the chair presses again.
    now_at = re.search(r'name="version" value="(\d+)"', body)[1]
    assert chair.post(url, {**data, "version": now_at}).status_code == 302
    assert PanelDecision.objects.get().rationale == "Typed by the chair."


def test_a_half_written_action_is_asked_about_and_nothing_is_lost(out, world, client_as, at):
    open_quorate(out, world, at=at)
    chair, url = client_as("chair"), item_url(out, "First")
    page = chair.get(url)
    version = out.items.get(child__given_name="First").version
    data = answers(at, idempotency_key=key_of(page), version=version, action_1_text="Ring the school")
    sent = chair.post(url, data)
    assert sent.status_code == 422
    body = sent.content.decode()
    assert "Choose who does it: a named person." in body
    assert "Ring the school" in body
    assert not PanelDecision.objects.exists()


def test_stepping_down_at_a_high_level_is_asked_about_once_more(out, world, client_as, at):
    open_quorate(out, world, at=at)
    child = out.items.get(child__given_name="First").child
    child.level = "high"
    child.save(update_fields=["level"])
    chair, url = client_as("chair"), item_url(out, "First")
    page = chair.get(url)
    assert 'name="sure"' not in page.content.decode()
    data = answers(at, idempotency_key=key_of(page), version=1, code="step_down", level_after="high")
    sent = chair.post(url, data)
    assert sent.status_code == 422
    body = sent.content.decode()
    assert "Look again: “Step down”, although the level on the file is High" in body
    assert 'name="sure"' in body
    assert "Write in “Why” what makes this safe" in body
    assert "Of the panel, in full" in body
    assert not PanelDecision.objects.exists()
    assert chair.post(url, {**data, "sure": "on"}).status_code == 302
    assert PanelDecision.objects.get().code == "step_down"


def test_an_action_ten_years_ahead_is_asked_about(out, world, client_as, at):
    open_quorate(out, world, at=at)
    chair, url = client_as("chair"), item_url(out, "First")
    page = chair.get(url)
    far = {
        "action_1_text": "Ring the school",
        "action_1_owner": str(world.membership("detective").pk),
        "action_1_due_on_day": 1,
        "action_1_due_on_month": 11,
        "action_1_due_on_year": at.year + 10,
    }
    sent = chair.post(url, answers(at, idempotency_key=key_of(page), version=1, **far))
    assert sent.status_code == 422
    assert "must be within a year" in sent.content.decode()
    assert not PanelDecision.objects.exists()


def test_nobody_is_present_before_somebody_says_so(meeting, world, viewer, client_as, at):
    """Seen to fail with every seat pre-set to present."""
    out = publish(meeting, world, at=at)
    services.accept_statement(meeting=out, at=at, by=viewer("chair"))
    services.open_meeting(meeting=out, at=at, by=viewer("chair"))
    chair, url = client_as("chair"), f"/panels/{out.pk}/attendance/"
    page = chair.get(url)
    body = page.content.decode()
    seats = re.findall(r'<select name="(seat_[^"]+)".*?<option value="([^"]*)" selected', body, re.S)
    assert {said for _, said in seats} == {""}
    own = out.panel.seats.get(member=viewer("chair").membership_id)
    other = out.panel.seats.get(member=viewer("detective").membership_id)
    here = {f"seat_{seat.pk}": f"present:{seat.member_id}" for seat in (own, other)}
    sent = chair.post(url, {"idempotency_key": key_of(page), **here, f"accepted_{own.pk}": "on"})
    assert sent.status_code == 302
    assert set(Attendance.objects.values_list("seat_id", flat=True)) == {own.pk, other.pk}
    page = read(chair, f"/panels/{out.pk}/")
    assert page.count("Not quorate") == 1
    assert "Decisions are provisional. Not here: " in page
    assert f"has not accepted the confidentiality statement: {other.member.user}." in page
    # Said before, it is kept; what is said now is added.
    page = chair.get(url)
    assert f'<option value="present:{own.member_id}" selected' in page.content.decode()


def test_a_deputy_from_another_agency_is_named_with_their_own(out, world, viewer, client_as, at):
    seat = out.panel.seats.get(member=viewer("housing").membership_id)
    deputy = world.membership("safeguarding_lead")
    add_deputy(seat=seat, membership=deputy, at=at, by=viewer("coordinator"))
    open_quorate(out, world, at=at)
    page = read(client_as("chair"), item_url(out, "First"))
    assert f"{deputy.user}, {deputy.agency.name}, deputy for {seat.place}" in page
    came = [services.Came(seat.pk, "deputy", deputy.pk, accepted=True)]
    services.take_attendance(meeting=out, came=came, at=at, by=viewer("chair"))
    assert f"{deputy.user}, {deputy.agency.name}" in read(client_as("chair"), f"/panels/{out.pk}/")


def test_publishing_weeks_early_says_what_follows_first(panel, child_of, viewer, client_as, at):
    """Seen to fail with the press of the page before taken for the answer."""
    meeting = make_meeting(panel, starts_at=at + timedelta(days=42))
    make_item(meeting, child_of("Robin"), viewer("coordinator"))
    office, url = client_as("coordinator"), f"/panels/{meeting.pk}/publish/"
    page = office.get(f"/panels/{meeting.pk}/")
    assert f'href="{url}"' in page.content.decode()
    question = office.post(url, {"idempotency_key": key_of(page)})
    assert question.status_code == 200
    body = question.content.decode()
    assert "in 42 days" in body
    assert "the 8 people who sit on the panel" in body
    assert "the files of the 1 child that you see on this agenda" in body
    assert f'href="/panels/{meeting.pk}/"' in body
    assert Meeting.objects.get(pk=meeting.pk).state == "planned"
    assert office.post(url, {"idempotency_key": key_of(question), "sure": "1"}).status_code == 302
    assert Meeting.objects.get(pk=meeting.pk).state == "published"
    assert office.get(url).url == f"/panels/{meeting.pk}/"


def test_opening_before_the_day_says_so_first(out, viewer, client_as, at):
    chair, url = client_as("chair"), f"/panels/{out.pk}/open/"
    assert f'href="{url}"' in read(chair, f"/panels/{out.pk}/")
    question = chair.post(url, {"idempotency_key": "6f1b1d1e-8f0f-4c35-9f57-11111111111b"})
    assert question.status_code == 200
    assert "in 7 days" in question.content.decode()
    assert "72 hours more" in question.content.decode()
    assert Meeting.objects.get(pk=out.pk).state == "published"
    assert client_as("detective").get(url).status_code == 403
    assert chair.post(url, {"idempotency_key": key_of(question), "sure": "1"}).url.endswith("/attendance/")
    assert Meeting.objects.get(pk=out.pk).state == "open"


def test_on_the_day_a_meeting_opens_with_one_press(panel, world, viewer, client_as, at):
    meeting = publish(make_meeting(panel, starts_at=at), world, at=at)
    accept_all(meeting)
    chair = client_as("chair")
    page = chair.get(f"/panels/{meeting.pk}/")
    assert chair.post(f"/panels/{meeting.pk}/open/", {"idempotency_key": key_of(page)}).status_code == 302
    assert Meeting.objects.get(pk=meeting.pk).state == "open"


def test_beside_why_stands_who_reads_it_and_what_they_may_not(out, world, viewer, client_as, at):
    open_quorate(out, world, at=at)
    child = out.items.get(child__given_name="First").child
    chair, url = client_as("chair"), item_url(out, "First")
    places = {name: out.panel.seats.get(member=viewer(name).membership_id).place for name in ("housing", "detective")}
    police = out.panel.seats.get(member=viewer("missing_coordinator").membership_id).place
    body = read(chair, url)
    full, decision = re.search(
        r"Of the panel, in full: (.*?)\. The decision without the reasons: (.*?)\.", body
    ).groups()
    assert set(places.values()) <= set(full.split("; "))
    assert decision == police
    assert "may not read" not in body
    make_chronology(child, viewer("detective"), summary="A source says.", category=Category.INTELLIGENCE)
    body = read(chair, url)
    warned = re.search(r"This page shows you police intelligence, which (.*?) may not read", body)[1].split("; ")
    assert places["housing"] in warned
    assert places["detective"] not in warned
    # Who records nothing is asked nothing, and told nothing of who reads.
    assert "Of the panel, in full" not in read(client_as("detective"), url)


def test_a_member_records_nothing(out, world, client_as, at):
    open_quorate(out, world, at=at)
    url = item_url(out, "First")
    data = answers(at, idempotency_key="6f1b1d1e-8f0f-4c35-9f57-111111111111", version=1)
    assert client_as("detective").post(url, data).status_code == 403
    assert "Record, and on to the next" not in read(client_as("detective"), url)
    for action in ("publish", "open", "close", "attendance"):
        key = {"idempotency_key": "6f1b1d1e-8f0f-4c35-9f57-11111111111a"}
        assert client_as("detective").post(f"/panels/{out.pk}/{action}/", key).status_code == 403, action


def test_closing_asks_one_reason_for_all_and_carries_them_over(out, world, viewer, client_as, at):
    meeting = open_quorate(out, world, at=at)
    decide(out.items.get(child__given_name="First"), viewer("chair"), at=at)
    chair, url = client_as("chair"), f"/panels/{meeting.pk}/close/"
    page = chair.get(url)
    assert "2 children have not been talked about" in page.content.decode()
    names = {name: f"defer_{out.items.get(child__given_name=name).pk}" for name in ("Second", "Third")}
    key = {"idempotency_key": key_of(page)}
    for half in (
        {},
        {names["Third"]: "The social worker was ill."},
        {"why": "No time was left.", names["Third"]: "ill"},
    ):
        sent = chair.post(url, {**key, **half})
        assert sent.status_code == 422, half
        assert sent.content.decode().count("Error:") <= 2
        assert Meeting.objects.get(pk=meeting.pk).state == "open"
        assert not out.items.filter(state="deferred").exists()
    whole = {**key, "why": "There was no time left.", names["Third"]: "The social worker was ill."}
    assert chair.post(url, whole).status_code == 302
    assert dict(meeting.items.values_list("child__given_name", "state_reason")) == {
        "First": "", "Second": "There was no time left.", "Third": "The social worker was ill.",
    }  # fmt: skip
    page = read(chair, f"/panels/{meeting.pk}/")
    assert "1 decided, 2 carried over to the next meeting" in page
    assert "talked about" not in page
    coming = services.plan_meeting(
        panel=meeting.panel, starts_at=at + timedelta(days=10), place="Room 1", at=at, by=viewer("coordinator")
    )
    words = [reason["words"] for item in coming.items.all() for reason in item.reasons]
    assert any("Carried over" in one and "There was no time left." in one for one in words)


def test_what_the_chair_may_not_know_of_is_left_to_who_may(meeting, world, child_of, viewer, client_as, at):
    """A chair with a conflict of interest closes without a hint; the co-ordinator decides the item afterwards."""
    hidden, seen = child_of("Hidden"), child_of("Seen")
    for child in (hidden, seen):
        make_item(meeting, child, viewer("coordinator"))
    block(hidden, viewer("chair"), by=viewer("guardian"))
    publish(meeting, world, at=at)
    accept_all(meeting)
    opened = open_quorate(meeting, world, at=at)
    decide(meeting.items.get(child=seen), viewer("chair"), at=at)
    page = client_as("chair").get(f"/panels/{meeting.pk}/close/").content.decode()
    assert "Every child has been talked about" in page
    assert "Hidden" not in page
    services.close_meeting(meeting=opened, deferred={}, at=at, by=viewer("chair"))
    item = meeting.items.get(child=hidden)
    assert item.state == "listed"
    assert "Record, and on to the next" in read(client_as("coordinator"), item_url(meeting, "Hidden"))
    decide(item, viewer("coordinator"), at=at)
    assert AgendaItem.objects.get(pk=item.pk).state == "decided"


def test_the_chair_cannot_close_before_attendance_is_taken(out, viewer, client_as, at):
    services.open_meeting(meeting=out, at=at, by=viewer("chair"))
    chair, url = client_as("chair"), f"/panels/{out.pk}/close/"
    page = chair.get(url)
    sent = chair.post(url, {"why": "There was no time.", "idempotency_key": key_of(page)})
    assert sent.status_code == 422
    assert "Take attendance" in sent.content.decode()


def test_decisions_of_a_meeting_without_quorum_are_provisional(out, world, viewer, at):
    services.open_meeting(meeting=out, at=at, by=viewer("chair"))
    seats = list(out.panel.seats.all())
    came = [services.Came(seat.pk, "present" if seat.chairs else "absent", seat.member_id) for seat in seats]
    quorum = services.take_attendance(meeting=out, came=came, at=at, by=viewer("chair"))
    assert not quorum.met
    decision = decide(out.items.first(), viewer("chair"), at=at)
    assert decision.provisional
    came = [services.Came(seat.pk, "present", seat.member_id) for seat in seats]
    assert services.take_attendance(meeting=out, came=came, at=at, by=viewer("chair")).met
    decision.refresh_from_db()
    assert not decision.provisional


def test_looking_at_an_agenda_and_an_item_is_written_down(out, viewer, client_as):
    member = client_as("camhs")
    read(member, f"/panels/{out.pk}/")
    listed = AccessEvent.objects.filter(action="panels:meeting").get()
    assert set(listed.shown_ids) == set(out.items.values_list("child_id", flat=True))
    read(member, item_url(out, "First"))
    assert AccessEvent.objects.filter(action="panels:item", child_id__isnull=False).count() == 1


def test_a_child_is_listed_from_its_file(meeting, world, viewer, client_as):
    child = make_child("Robin")
    grant(child, world.agency("school"))
    browser, url = client_as("safeguarding_lead"), f"/cases/{child.reference}/panel/list/"
    assert "List for the panel" in read(browser, f"/cases/{child.reference}/panel/")
    page = browser.get(url)
    assert page.context["crumbs"][2:-1] == [{"text": "Panel", "href": page.context["cancel_href"]}]
    data = {"idempotency_key": key_of(page), "why": "Seen getting into a car with adults."}
    assert browser.post(url, data).status_code == 302
    assert browser.post(url, data).status_code == 302
    assert meeting.items.get().agency == world.agency("school")


@pytest.mark.parametrize("leads", [True, False])
@pytest.mark.parametrize("by", ["share", "panel"])
def test_who_holds_the_file_by_a_share_or_a_meeting_asks_who_leads(meeting, world, viewer, client_as, at, by, leads):
    """Seen to fail: they listed the child, and so opened the file to the members of the panel."""
    child = make_child()
    grant(child, world.agency("school"), reason=by, valid_until=at + timedelta(days=3))
    if leads:
        make_lead(child, world.membership("socialworker"), at=at, by=viewer("triage"))
    browser, page = client_as("safeguarding_lead"), f"/cases/{child.reference}/panel/"
    shown = browser.get(page).content.decode()
    assert f"{page}list/" not in shown
    assert ("ask Sorrel Whitlock" in shown, "co-ordinator to list" in shown) == (leads, not leads)
    said = {"why": "He comes to school with new phones.", "idempotency_key": "8a1f2f5e-6d0c-4c39-9f3a-1f0f5b7a9c26"}
    assert {browser.get(f"{page}list/").status_code, browser.post(f"{page}list/", said).status_code} == {403}
    assert not AgendaItem.objects.exists()
    grant(child, world.agency("school"))
    assert f"{page}list/" in browser.get(page).content.decode()


def test_whoever_lists_a_child_reads_what_the_child_says_about_who_may_know(meeting, world, client_as):
    child = make_child("Robin")
    for agency in ("school", "specialist"):
        grant(child, world.agency(agency))
    make_wish(child, world.membership("keyworker"), "not_wider")
    url = f"/cases/{child.reference}/panel/list/"
    assert "the child said: must not go any further." in read(client_as("keyworker"), url)
    assert "must not go any further" not in read(client_as("safeguarding_lead"), url)


def test_the_file_shows_minutes_by_the_matrix(out, world, viewer, client_as, at):
    meeting = open_quorate(out, world, at=at)
    item = out.items.get(child__given_name="First")
    decide(item, viewer("chair"), at=at, rationale="CANARY-rationale.")
    make_action(item, world.membership("housing"), viewer("chair"), text="CANARY-housing")
    for other in out.items.exclude(pk=item.pk):
        decide(other, viewer("chair"), at=at)
    services.close_meeting(meeting=meeting, deferred={}, at=at, by=viewer("chair"))
    url = f"/cases/{item.child.reference}/panel/"
    assert {"CANARY-rationale.", "CANARY-housing"} <= set(re.findall(r"CANARY[^<]+", read(client_as("chair"), url)))
    police = read(client_as("missing_coordinator"), url)
    assert "Continue the plan" in police
    assert "CANARY" not in police
    grant(item.child, viewer("interviewer"))
    nothing = read(client_as("interviewer"), url)
    assert "Continue the plan" not in nothing
    assert "CANARY" not in nothing


def test_home_shows_each_role_its_own_panel_work(out, world, viewer, client_as, at):
    item = out.items.get(child__given_name="First")
    make_action(item, world.membership("detective"), viewer("chair"), due_on=(at - timedelta(days=2)).date())
    member = read(client_as("detective"), "/")
    assert "Your actions from the panel that are late" in member
    assert "To prepare for the Operational Panel" in member
    assert f"Prepare {item.child.reference}" in member
    office = read(client_as("coordinator"), "/")
    assert "3 children on the agenda, 3 without an update from any agency" in office
    assert "Actions from the panel that are late" in office
    assert "anel" not in re.sub(r"<header.*?</header>", "", read(client_as("welfare_officer"), "/"), flags=re.S)


def test_meetings_come_before_what_is_to_prepare(out, client_as):
    page = read(client_as("detective"), "/panels/")
    assert page.index("Meetings to come") < page.index("To prepare for the next meeting")
    folded = re.search(r"<details class=\"govuk-details\">(.*?)</details>", page, re.S)[1]
    assert "3 children about whom your agency has said nothing yet" in folded
    assert all(name in folded for name in ("First", "Second", "Third"))
    home = read(client_as("detective"), "/")
    assert home.index("3 to prepare") < home.index("To prepare for the")


def test_items_not_yet_reached_are_folded(meeting, world, child_of, viewer, client_as, at):
    for number in range(12):
        make_item(meeting, child_of(f"Child{number}"), viewer("coordinator"))
    publish(meeting, world, at=at)
    accept_all(meeting)
    open_quorate(meeting, world, at=at)
    decide(meeting.items.get(child__given_name="Child0"), viewer("chair"), at=at)
    page = read(client_as("chair"), f"/panels/{meeting.pk}/")
    folded = re.search(r"<details class=\"govuk-details hb-agenda__more\">(.*?)</details>", page, re.S)[1]
    assert "1 more to discuss" in folded
    assert re.findall(r"Child\d+", folded) == ["Child11"]
    assert page.index("Child1 ") < page.index("Child0 ")
    assert "1 of 12 decided" in page


QUERIES = {"/panels/": 21, "meeting": 22}


@pytest.mark.parametrize("page", QUERIES)
@pytest.mark.parametrize("children", [1, 3])
def test_a_list_asks_the_same_however_long_it_is(page, children, meeting, world, child_of, viewer, client_as, at):
    for number in range(children):
        item = make_item(meeting, child_of(f"Child{number}"), viewer("coordinator"))
        make_action(item, world.membership("detective"), viewer("chair"))
    publish(meeting, world, at=at)
    accept_all(meeting)
    for days in range(1, children + 1):
        make_meeting(meeting.panel, starts_at=at + timedelta(days=30 + days))
    browser = client_as("detective")
    url = f"/panels/{meeting.pk}/" if page == "meeting" else page
    browser.get(url)
    with CaptureQueriesContext(connection) as asked:
        browser.get(url)
    assert len(asked) == QUERIES[page], "\n".join(row["sql"][:120] for row in asked)
