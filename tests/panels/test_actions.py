"""What is undertaken at a meeting: its clock, its access, its end and who verifies it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.models import Membership, User
from accounts.rules.refusals import Stale
from cases.access.choices import Category
from cases.access.models import AccessGrant
from cases.clocks.models import Clock
from cases.clocks.services import sweep
from cases.record.models import Child
from panels.choices import ActionStatus
from panels.models import Action, PanelDecision
from panels.rules import PanelRefused
from panels.selectors.actions import may_own, my_actions, owners_for
from panels.services.actions import NewAction, take_step, verify_action
from tests.factories.cases import block, grant, make_child, make_lead
from tests.factories.panels import decide, make_action, make_item, open_quorate, publish
from tests.factories.shares import make_wish

pytestmark = pytest.mark.django_db
EVIDENCE = "The flat was offered and seen on Monday; the letter is on file."


@pytest.fixture
def item(meeting, world, child_of, viewer, at):
    """An item of an open meeting."""
    made = make_item(meeting, child_of(), viewer("coordinator"))
    publish(meeting, world, at=at)
    open_quorate(meeting, world, at=at)
    made.refresh_from_db()
    return made


@pytest.fixture
def action(item, world, viewer, at) -> Action:
    """Housing offers a flat by next week."""
    due = (at + timedelta(days=7)).date()
    decide(item, viewer("chair"), at=at, actions=[NewAction("Offer a flat", world.membership("housing"), due)])
    return Action.objects.get()


def sees(viewer, child, at) -> bool:
    return Child.objects.visible_to(viewer, at=at).filter(pk=child.pk).exists()


@pytest.mark.parametrize("gone", ["suspended", "left", ""])
def test_who_is_gone_is_given_no_action(item, world, at, gone):
    """Seen to fail: somebody suspended, or whose role had ended, was offered by their seat or their work."""
    member = world.membership("detective")
    make_lead(item.child, member, at=at, by=world.viewer("triage"))
    if gone == "left":
        Membership.objects.filter(pk=member.pk).update(ended_on=at.date())
    elif gone:
        User.objects.filter(pk=member.user_id).update(is_active=False)
    member = Membership.objects.get(pk=member.pk)
    offered = owners_for(item.child, item.meeting, at=at, today=at.date() - timedelta(days=1))
    assert (member in offered, may_own(item.child, member, at=at)) == (not gone, not gone)


def test_an_action_is_a_clock_of_its_own_day(action, world, at):
    clock = Clock.objects.get(subject_id=action.pk)
    assert (clock.kind, clock.state, clock.child_id) == ("action_done", "running", action.child_id)
    assert clock.owner_membership == world.membership("housing")
    assert clock.owner_group == world.agency("housing").group


def test_the_sweep_finds_what_should_run_and_stops_what_should_not(action, at):
    later = at + timedelta(minutes=1)
    swept = sweep(later)
    assert (swept.started, swept.stopped) == (0, 0)
    Clock.objects.filter(subject_id=action.pk).update(state="cancelled", stopped_at=later)
    assert sweep(later).started == 1
    assert Clock.objects.filter(subject_id=action.pk, state="running").count() == 1


def test_the_owner_keeps_the_access_the_action_needs_until_it_ends(action, viewer, at):
    after_panel = at + timedelta(days=60)
    owner, colleague = viewer("housing"), viewer("camhs")
    assert sees(owner, action.child, after_panel)
    assert not sees(colleague, action.child, after_panel)
    take_step(action=action, to="done", note=EVIDENCE, version=action.version, at=after_panel, by=owner)
    assert not sees(owner, action.child, after_panel)
    clock = Clock.objects.get(subject_id=action.pk)
    assert (clock.state, clock.done_at) == ("done", after_panel)


def test_an_action_is_done_with_evidence_and_verified_by_somebody_else(action, viewer, at):
    owner, office = viewer("housing"), viewer("coordinator")
    with pytest.raises(PanelRefused, match="how we know"):
        take_step(action=action, to="done", note="", version=action.version, at=at, by=owner)
    with pytest.raises(PanelRefused, match="Only the person who owns"):
        take_step(action=action, to="done", note=EVIDENCE, version=action.version, at=at, by=viewer("camhs"))
    with pytest.raises(PanelRefused, match="not waiting"):
        verify_action(action=action, note="", version=action.version, at=at, by=office)
    done = take_step(action=action, to="done", note=EVIDENCE, version=action.version, at=at, by=owner)
    with pytest.raises(PanelRefused, match="co-ordinator verifies"):
        verify_action(action=done, note="", version=done.version, at=at, by=owner)
    verified = verify_action(action=done, note="Saw the letter", version=done.version, at=at, by=office)
    assert verified.verified_by_id == office.membership_id
    assert list(action.steps.order_by("taken_at", "pk").values_list("status", flat=True)).count("done") == 2


def test_a_second_press_and_a_stale_tab_do_no_harm(action, viewer, at):
    owner = viewer("housing")
    take_step(action=action, to="in_progress", note="", version=action.version, at=at, by=owner)
    with pytest.raises(Stale, match="changed this action"):
        take_step(action=action, to="done", note=EVIDENCE, version=action.version, at=at, by=owner)
    assert Action.objects.get().status == ActionStatus.IN_PROGRESS


def test_only_the_office_withdraws(action, viewer, at):
    with pytest.raises(PanelRefused, match="withdraws"):
        take_step(action=action, to="withdrawn", note=EVIDENCE, version=1, at=at, by=viewer("housing"))
    take_step(action=action, to="withdrawn", note="The family has moved.", version=1, at=at, by=viewer("chair"))
    assert Clock.objects.get(subject_id=action.pk).state == "cancelled"
    assert my_actions(viewer("housing"), at=at) == []


def test_nobody_gets_an_action_on_a_file_they_may_not_know_of(item, world, viewer, at):
    block(item.child, viewer("housing"), by=viewer("guardian"))
    due = (at + timedelta(days=7)).date()
    with pytest.raises(PanelRefused, match="cannot be given"):
        decide(item, viewer("chair"), at=at, actions=[NewAction("Offer a flat", world.membership("housing"), due)])
    teacher = world.membership("teacher")
    with pytest.raises(PanelRefused, match="cannot be given"):
        decide(item, viewer("chair"), at=at, actions=[NewAction("Offer a flat", teacher, due)])


def test_an_action_against_a_wish_waits_for_the_agency_and_nothing_typed_is_lost(item, world, viewer, client_as, at):
    make_wish(item.child, world.membership("socialworker"), kept_from=("housing",))
    browser, review = client_as("chair"), at + timedelta(days=28)
    address = reverse("panels:item", args=[item.meeting_id, item.pk])
    days = {"day": review.day, "month": review.month, "year": review.year}
    said = {
        "version": item.version,
        "code": "continue",
        "rationale": "The plan is working and goes on.",
        "level_after": item.child.level,
        **{f"next_review_on_{part}": value for part, value in days.items()},
        "action_1_priority": "normal",
        "action_1_text": "Offer a safe flat by the canal",
        "action_1_owner": str(world.membership("housing").pk),
        **{f"action_1_due_on_{part}": value for part, value in days.items()},
    }
    refused = browser.post(address, {"idempotency_key": str(uuid4()), **said})
    page = refused.content.decode()
    assert refused.status_code == 422
    assert (
        f"The child does not want {world.agency('housing')} told. Choose somebody else; or add it to the file" in page
    )
    assert "Offer a safe flat by the canal" in page
    assert "The plan is working and goes on." in page
    assert not PanelDecision.objects.exists()
    assert not AccessGrant.objects.filter(membership=world.membership("housing")).exists()
    by_itself = {key: value for key, value in said.items() if not key.startswith("action_1_")}
    assert browser.post(address, {"idempotency_key": str(uuid4()), **by_itself}).status_code == 302
    item.refresh_from_db()
    make_lead(item.child, world.membership("housing"), at=at, by=viewer("triage"))
    again = {**said, "version": item.version}
    assert browser.post(address, {"idempotency_key": str(uuid4()), **again}).status_code == 302
    assert Action.objects.get().owner_membership == world.membership("housing")


def test_the_same_action_written_twice_is_one(item, world, viewer, at):
    due = (at + timedelta(days=7)).date()
    new = NewAction("Offer a flat", world.membership("housing"), due)
    decide(item, viewer("chair"), at=at, actions=[new])
    decide(item, viewer("chair"), at=at, actions=[new])
    assert Action.objects.count() == 1


def test_the_owners_page_of_an_action(action, client_as, viewer, at):
    owner = client_as("housing")
    url = f"/cases/{action.child.reference}/panel/actions/{action.pk}/"
    assert "Offer a flat" in owner.get("/panels/").content.decode()
    assert "Save how it stands" in owner.get(url).content.decode()
    by_the_tab = [{"text": "Panel", "href": f"/cases/{action.child.reference}/panel/"}]
    for browser, page in ((owner, url), (client_as("coordinator"), f"{url}verify/")):
        assert browser.get(page).context["crumbs"][2:-1] == by_the_tab
    assert client_as("camhs").get(url).status_code == 200  # sees minutes in full while the panel's grant runs
    assert "Save how it stands" not in client_as("camhs").get(url).content.decode()
    # Summary on minutes, another agency's action: there is no such page.
    assert client_as("missing_coordinator").get(url).status_code == 404


def test_the_office_chases_no_action_that_it_may_not_read(world, viewer, at, client_as, meeting):
    """A share of the plan lets the co-ordinator know of the file, and of nothing that its minutes say."""
    late = {"due_on": (at - timedelta(days=3)).date()}
    texts = []
    for number, categories in enumerate(((Category.PLAN,), None)):
        child = make_child(f"Ed {number}", "Chased")
        item, text = make_item(meeting, child, viewer("chair")), f"Deed {number} to be done"
        make_action(item, world.membership("nurse"), viewer("chair"), text=text, **late)
        grant(child, world.agency("partnership"), categories=categories)
        texts += [text, child.reference]
    browser = client_as("coordinator")
    listed, home = (browser.get(path).content.decode() for path in ("/panels/", "/"))
    assert [text in listed for text in texts] == [False, False, True, True]
    assert [text in home for text in texts] == [False, False, False, True]
