"""Minutes as two agencies read them: each has its own and nothing of the other's; police intelligence is in none.

Seen to fail: with `minuted` left out, every reader who may read intelligence found it in both kinds of minutes.
"""

from __future__ import annotations

import io
from datetime import timedelta

import pikepdf
import pypdf
import pytest
from django.db.models import Q
from django.urls import reverse

from accounts.models import AccessEvent
from accounts.rules.refusals import Refusal
from accounts.rules.viewers import Viewer
from cases.access.choices import Category, GrantReason
from cases.access.models import AccessGrant
from cases.access.services import end_grants
from cases.record.services import files_open
from panels.models import Meeting
from panels.presenters.minutes import minutes_as_pdf
from panels.presenters.parts import name_of
from panels.selectors.agenda import items_known, with_content
from panels.services import meetings
from panels.services.actions import NewAction
from panels.services.deciding import Disagrees, add_update
from panels.services.minutes import open_minutes
from tests.factories.cases import block
from tests.factories.panels import decide, make_item, open_quorate, publish

pytestmark = pytest.mark.django_db


def pdf_for(meeting: Meeting, viewer: Viewer, at) -> bytes:
    parts = open_minutes(meeting=meeting, viewer=viewer, at=at)
    return minutes_as_pdf(meeting, parts, viewer=viewer, at=at, partnership="Northmere")


def text_of(pdf: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


@pytest.fixture
def closed(panel, meeting, world, child_of, viewer, at) -> Meeting:
    """A closed meeting about two children, with a canary in each thing that minutes can hold."""
    children = [child_of("Robin", level="high"), child_of("Wren", level="low")]
    items = [make_item(meeting, child, viewer("coordinator")) for child in children]
    meeting = publish(meeting, world, at=at)
    for item in items:
        item.refresh_from_db()
    told = ((Category.INTELLIGENCE, "detective"), (Category.HEALTH_SENSITIVE, "camhs"), (Category.MISSING, "detective"))
    for category, person in told:
        by = viewer(person)
        opened = files_open([children[0].pk], by, at=at)[children[0].pk]
        text = f"CANARY-{category.value}"
        add_update(item=items[0], opened=opened, kind="written", category=category, text=text, at=at, by=by)
    meeting = open_quorate(meeting, world, at=at)
    due = (at + timedelta(days=9)).date()
    decide(
        items[0],
        viewer("chair"),
        at=at,
        rationale="CANARY-rationale for Robin.",
        actions=[
            NewAction("CANARY-police action", world.membership("missing_coordinator"), due),
            NewAction("CANARY-housing action", world.membership("housing"), due),
        ],
    )
    from panels.models import Dissent, PanelDecision
    from tests.factories.cases import provenance

    Dissent.objects.create(
        decision=PanelDecision.objects.get(item=items[0]), child=children[0], text="CANARY-dissent",
        **provenance(viewer("camhs"), Category.MINUTES),
    )  # fmt: skip
    decide(items[1], viewer("chair"), at=at, rationale="CANARY-rationale for Wren.")
    return meetings.close_meeting(meeting=meeting, deferred={}, at=at, by=viewer("chair"))


def canaries(text: str) -> set[str]:
    names = (
        "police action", "housing action", "rationale for Robin", "rationale for Wren", "dissent", "intelligence",
        "health_sensitive", "missing",
    )  # fmt: skip
    return {name for name in names if f"CANARY-{name}" in text}


BOTH = {"rationale for Robin", "rationale for Wren", "dissent", "police action", "housing action"}


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        # Full on minutes, missing and intelligence, which no minutes carry; nothing of sensitive health.
        ("detective", BOTH | {"missing"}),
        # Summary on minutes: the decision and the own agency's actions; missing in full, intelligence in summary.
        ("missing_coordinator", {"police action", "missing"}),
        # Full while the panel's grant runs; own health entries, nothing of intelligence; missing in summary.
        ("camhs", BOTH | {"health_sensitive"}),
        ("housing", BOTH),
        ("chair", BOTH | {"missing"}),
    ],
)
def test_each_reader_has_their_own_and_nothing_of_the_others(closed, viewer, at, person, expected):
    assert canaries(text_of(pdf_for(closed, viewer(person), at))) == expected


SEEN = "Not in these minutes. The meeting saw police intelligence from Northmere Police. It is never minuted. Ask "


@pytest.mark.parametrize(
    ("person", "told"),
    [
        ("detective", True),  # whose own it is
        ("chair", True),
        ("missing_coordinator", True),
        ("camhs", False),
        ("housing", False),
    ],
)
def test_no_minutes_carry_intelligence_and_who_may_know_of_it_is_told_that_some_was_seen(
    closed, viewer, client_as, at, person, told
):
    """Of the whole meeting and of one child's part alone; the meeting's own page still shows it to who may read it."""
    item = closed.items.get(child__given_name="Robin")
    opened = files_open([item.child_id], viewer(person), at=at)[item.child_id]
    whole = text_of(pdf_for(closed, viewer(person), at))
    alone = text_of(
        minutes_as_pdf(
            closed, [(with_content([item])[item.pk], opened)], viewer=viewer(person), at=at,
            partnership="Northmere", alone=True,
        )
    )  # fmt: skip
    for text in (whole, alone):
        assert "CANARY-intelligence" not in text
        assert (SEEN in text) is told
        assert ("ntelligence from" in text) is told
    page = client_as(person).get(f"/panels/{closed.pk}/items/{item.pk}/").content.decode()
    assert ("CANARY-intelligence" in page) is (person in ("detective", "chair"))


def test_what_is_withheld_is_said_where_it_may_be_known(closed, viewer, at):
    police = text_of(pdf_for(closed, viewer("missing_coordinator"), at))
    assert "other agencies' actions are withheld" in police
    assert SEEN in police
    housing = text_of(pdf_for(closed, viewer("housing"), at))
    assert "withheld" not in housing.lower(), housing
    assert "Robin" in housing


def test_a_panel_reader_has_nothing_once_the_grant_has_run_out(closed, viewer, at):
    end = closed.closed_at + timedelta(hours=72)
    assert "CANARY-rationale" in text_of(pdf_for(closed, viewer("camhs"), end - timedelta(microseconds=1)))
    with pytest.raises(Refusal, match="No part of these minutes is open"):
        pdf_for(closed, viewer("camhs"), end)
    after = text_of(pdf_for(closed, viewer("chair"), end))
    assert "Robin" in after, "there was something to see"


def test_a_blocked_reader_gets_no_trace_of_the_child(closed, viewer, at):
    child = closed.items.get(child__given_name="Robin").child
    block(child, viewer("detective"), by=viewer("guardian"))
    text = text_of(pdf_for(closed, viewer("detective"), at))
    assert canaries(text) == {"rationale for Wren"}
    assert "Robin" not in text
    assert child.reference not in text
    assert "withheld" not in text.lower()


def test_every_download_is_a_read_of_each_child_shown_and_says_who_printed_it(closed, viewer, at):
    before = AccessEvent.objects.count()
    text = text_of(pdf_for(closed, viewer("camhs"), at))
    events = AccessEvent.objects.order_by("pk")[before:]
    assert {(event.action, event.child_id, event.user_id) for event in events} == {
        ("panels:minutes", item.child_id, viewer("camhs").user_id) for item in closed.items.all()
    }
    assert "Printed by Callum Reyes, CAMHS practitioner, Northmere CAMHS" in text


def test_the_document_is_tagged_and_its_title_names_nobody(closed, viewer, at):
    with pikepdf.open(io.BytesIO(pdf_for(closed, viewer("chair"), at))) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "en-GB"
        assert str(pdf.docinfo["/Title"]) == "Minutes, Operational Panel, confidential"
        meta = pdf.open_metadata()
        assert meta["pdfuaid:part"] == "1"


def test_each_childs_part_has_pages_of_its_own_and_can_stand_alone(closed, viewer, client_as, at):
    pages = pypdf.PdfReader(io.BytesIO(pdf_for(closed, viewer("chair"), at))).pages
    for page in pages:
        text = page.extract_text()
        assert not ("rationale for Robin" in text and "rationale for Wren" in text)
    item = closed.items.get(child__given_name="Robin")
    answer = client_as("chair").get(f"/cases/{item.child.reference}/panel/minutes/{item.pk}/")
    assert answer.status_code == 200
    text = text_of(answer.content)
    assert "CANARY-rationale for Robin" in text
    assert "Wren" not in text
    assert answer["Content-Disposition"] == f'attachment; filename="minutes-{item.child.reference}.pdf"'


def front_of(pdf: bytes) -> str:
    """What stands before the first child's own page."""
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    texts = [" ".join(page.extract_text().split()) for page in pages]
    first = next((number for number, text in enumerate(texts) if "Named lead" in text), len(texts))
    return " ".join(texts[:first])


@pytest.mark.parametrize(
    ("person", "decisions", "actions"),
    [
        ("chair", 2, {"police action", "housing action"}),
        ("housing", 2, {"police action", "housing action"}),
        # Summary on minutes: the decisions, and the own agency's action.
        ("missing_coordinator", 2, {"police action"}),
    ],
)
def test_minutes_begin_with_decisions_and_actions_as_the_parts_show_them(
    closed, viewer, at, person, decisions, actions
):
    front = front_of(pdf_for(closed, viewer(person), at))
    assert "2 decided" in front
    assert front.count("Continue the plan") == decisions
    assert canaries(front) == actions
    for action in actions:
        assert front.index("Who does what") < front.index(f"CANARY-{action}")
    assert ("other agencies’ actions are withheld" in front) == (person == "missing_coordinator")
    assert "Not decided at this meeting" not in front


def test_a_blocked_reader_finds_no_trace_in_the_summary_either(closed, viewer, at):
    child = closed.items.get(child__given_name="Robin").child
    block(child, viewer("housing"), by=viewer("guardian"))
    front = front_of(pdf_for(closed, viewer("housing"), at))
    assert "1 decided" in front
    assert front.count("Continue the plan") == 1
    assert "Robin" not in front
    assert child.reference not in front
    assert canaries(front) == set()


def test_children_carried_over_share_one_table(meeting, world, child_of, viewer, at):
    """Seen to fail with a page for each of them."""
    for number in range(9):
        make_item(meeting, child_of(f"Child{number}", level="low"), viewer("coordinator"))
    meeting = publish(meeting, world, at=at)
    meeting = open_quorate(meeting, world, at=at)
    decide(meeting.items.get(child__given_name="Child4"), viewer("chair"), at=at)
    meeting = meetings.close_meeting(meeting=meeting, why="No time was left.", at=at, by=viewer("chair"))
    pdf = pdf_for(meeting, viewer("chair"), at)
    assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) <= 3
    text = text_of(pdf)
    assert "1 decided, 8 carried over to the next meeting" in text
    assert text.count("Why the panel talked about this child") == 1
    assert text.count("Carried over: No time was left.") == 8
    # Who reads the decision alone does not read why.
    police = text_of(pdf_for(meeting, viewer("missing_coordinator"), at))
    assert police.count("Carried over") == 8
    assert "No time was left." not in police
    # On paper they stand in the order of the agenda.
    known = [name_of(opened).split()[0] for item, opened in items_known(meeting, viewer("chair"), at=at)]
    table = text[text.index("Not decided at this meeting") :]
    places = {name: table.index(f"{name} ") for name in known if name != "Child4"}
    assert list(places) == sorted(places, key=places.__getitem__)


def test_a_childs_own_part_says_that_it_was_carried_over(meeting, world, child_of, viewer, at):
    item = make_item(meeting, child_of("Robin", level="low"), viewer("coordinator"))
    meeting = publish(meeting, world, at=at)
    meeting = open_quorate(meeting, world, at=at)
    meeting = meetings.close_meeting(meeting=meeting, why="No time was left.", at=at, by=viewer("chair"))
    item.refresh_from_db()
    opened = files_open([item.child_id], viewer("chair"), at=at)[item.child_id]
    pdf = minutes_as_pdf(meeting, [(item, opened)], viewer=viewer("chair"), at=at, partnership="Northmere", alone=True)
    text = text_of(pdf)
    assert "Why this child was on the agenda" in text
    assert "Why the panel talked about this child" not in text
    assert "Carried over: No time was left." in text


def test_a_member_to_whom_no_part_is_open_any_more_gets_no_minutes_and_is_not_led_to_them(
    closed, viewer, client_as, at
):
    """Seen to fail: an empty document with everybody who came, for as long as one sat on the panel."""
    page, document = (reverse(f"panels:{name}", args=[closed.pk]) for name in ("meeting", "minutes"))
    asked = {person: client_as(person) for person in ("camhs", "chair")}
    assert [asked[person].get(document).status_code for person in asked] == [200, 200]
    assert all(document in browser.get(page).content.decode() for browser in asked.values())
    grants = AccessGrant.objects.filter(group_id__in=[viewer("camhs").agency_group_id]).values("pk")
    over = AccessGrant.objects.filter(Q(pk__in=grants) | Q(reason=GrantReason.PANEL))
    end_grants(grants=over, at=at, by=None, why="It is over")
    assert asked["camhs"].get(document).status_code == 403
    assert document not in asked["camhs"].get(page).content.decode()
    assert asked["chair"].get(document).status_code == 200


def test_there_are_no_minutes_before_the_close(meeting, world, child_of, viewer, client_as, at):
    item = make_item(meeting, child_of(), viewer("coordinator"))
    publish(meeting, world, at=at)
    with pytest.raises(Refusal, match="once the meeting has closed"):
        open_minutes(meeting=meeting, viewer=viewer("chair"), at=at)
    answer = client_as("chair").get(f"/cases/{item.child.reference}/panel/minutes/{item.pk}/")
    assert answer.status_code == 403


def test_disagreement_is_kept_with_the_agency_that_disagrees(meeting, world, child_of, viewer, at):
    from panels.services.deciding import Said, record_decision

    item = make_item(meeting, child_of(), viewer("coordinator"))
    publish(meeting, world, at=at)
    open_quorate(meeting, world, at=at)
    item.refresh_from_db()
    said = Said("continue", "The plan is working.", "low", (at + timedelta(days=20)).date())
    decision = record_decision(
        item=item,
        said=said,
        dissents=[Disagrees(world.agency("health"), "We think that the risk is higher.")],
        version=item.version,
        at=at,
        by=viewer("chair"),
    )
    assert decision.dissents.get().agency == world.agency("health")
