"""What is asked beside the rule, one condition at a time: protected addresses, entries on a timeline, files searched by
name, files kept from somebody, shares received, and what of a panel's work is read.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Q

from accounts.models import Membership
from accounts.rules.viewers import NOBODY, SystemPrincipal, Viewer, system_viewer
from accounts.selectors import viewer_of
from cases.access.choices import Category, Cell
from cases.access.rules import Level, Matrix
from cases.access.selectors import matrix_in_force
from cases.record.models import Address, AddressKeptFrom, AddressReader, Child, Involvement
from cases.record.selectors import hidden, lists
from cases.record.selectors.facts import readable_entries, reads_address
from cases.record.selectors.hidden import hidden_files, hidden_ids, known_ids, known_or_no_file
from cases.record.selectors.lists import search_files
from cases.sharing.choices import SharingKind
from cases.sharing.selectors import shares as shares_of
from cases.sharing.selectors.requests import request_for, requests_made
from cases.sharing.selectors.shares import share_received, shares_received
from panels.choices import ItemState, MeetingState, ReasonCode
from panels.rules import seeing
from referrals.models import Notification
from tests.factories.accounts import make_membership
from tests.factories.cases import block, give, make_child, make_chronology, make_protected, provenance
from tests.factories.referrals import make_notification
from tests.factories.shares import make_request, make_share

HOUR, TICK = timedelta(hours=1), timedelta(microseconds=1)
ROLE = "csc_social_worker"


@pytest.fixture
def child(db) -> Child:
    return make_child("Ada", "Seen")


@pytest.fixture
def member(db) -> Membership:
    return make_membership(role=ROLE)


# A protected address


def listed(address: Address, member: Membership, *, works: bool = True, protected_it: bool = False) -> None:
    AddressReader.objects.create(address=address, membership=member, protected_it=protected_it)
    if works:
        work(address.child, member)


def work(child: Child, member: Membership, **said: Any) -> Involvement:
    worker = {"membership": member, "working_agency": member.agency, "role": "social_worker"}
    return Involvement.objects.create(
        **{"child": child, "started_on": "2026-01-05", **worker, **provenance(viewer_of(member)), **said}
    )


def keep_from(address: Address, by: Membership, **whom: Any) -> AddressKeptFrom:
    return AddressKeptFrom.objects.create(address=address, added_at="2026-01-05T12:00Z", added_by=by.user, **whom)


def reads(viewer: Viewer, address: Address) -> bool:
    return Address.objects.filter(reads_address(viewer), pk=address.pk).exists()


@pytest.mark.django_db
def test_who_is_on_the_list_of_a_protected_address_reads_it_while_they_work_with_the_child(child, member):
    author, other, elsewhere = (make_membership(role=ROLE) for _ in range(3))
    address = make_protected(child, viewer_of(author), readers=(author,))
    listed(address, member)
    listed(address, other, works=False)
    work(make_child("Ben", "Seen"), other)
    work(child, elsewhere)
    another = make_protected(make_child("Cai", "Seen"), viewer_of(make_membership(role=ROLE)))
    listed(another, elsewhere, works=False)
    listed(another, there := make_membership(role=ROLE))
    assert [reads(viewer_of(there), one) for one in (address, another)] == [False, True], "each has a list of its own"
    assert [reads(viewer_of(one), address) for one in (author, member, other, elsewhere)] == [True, True, False, False]
    assert not reads(viewer_of(make_membership(user=member.user, role="csc_manager")), address), "in that role alone"
    Involvement.objects.filter(membership=member).update(ended_on="2026-02-05")
    assert not reads(viewer_of(member), address), "no longer than they work with the child"
    listed(address, protector := make_membership(role=ROLE), works=False, protected_it=True)
    assert [reads(viewer_of(protector), one) for one in (address, another)] == [True, False], "who protected it"
    assert [reads(viewer_of(one), address) for one in (other, elsewhere)] == [False, False]
    assert not reads(NOBODY, address)
    assert reads_address(NOBODY) == Q(pk=None), "nobody's list is looked for"


@pytest.mark.django_db
@pytest.mark.parametrize("whom", ["user", "agency"])
def test_who_must_not_know_a_protected_address_does_not_read_it_even_as_its_author(child, member, whom):
    address = make_protected(child, viewer_of(member))
    listed(address, member, works=False, protected_it=True)
    stranger = make_membership(role=ROLE)
    keep_from(address, stranger, user=stranger.user)
    keep_from(address, stranger, agency=stranger.agency)
    keep_from(make_protected(child, viewer_of(stranger)), stranger, **{whom: getattr(member, whom)})
    assert reads(viewer_of(member), address), "others are kept out, and they themselves from another address"
    kept = keep_from(address, stranger, **{whom: getattr(member, whom)})
    assert not reads(viewer_of(member), address)
    ended = {"ended_at": "2026-02-05T12:00Z", "ended_by": stranger.user, "ended_why": "Settled."}
    AddressKeptFrom.objects.filter(pk=kept.pk).update(**ended)
    assert reads(viewer_of(member), address)
    assert reads(replace(viewer_of(member), agency_id=None), address), "a person who is kept out is of no agency"


# Entries on a timeline


@pytest.mark.django_db
def test_a_summary_without_entries_shows_ones_own_alone(child, at):
    matrix, viewer = matrix_in_force(on=at.date()), viewer_of(make_membership(role="health_camhs"))
    give(child, at - HOUR, membership=Membership.objects.get(pk=viewer.membership_id))
    other = viewer_of(make_membership(role=ROLE))
    kinds = {Category.VULNERABILITY: Cell.SUMMARY, Category.ASSESSMENT: Cell.SUMMARY, Category.IDENTITY: Cell.FULL}
    assert {category: matrix.cell("health_camhs", category) for category in kinds} == kinds
    for category in kinds:
        make_chronology(child, other, category=category, summary=f"Theirs {category}")
        make_chronology(child, viewer, category=category, summary=f"Own {category}")
    everything = {f"{whose} {category.value}" for whose in ("Own", "Theirs") for category in kinds}
    assert entries(viewer, matrix, at) == everything - {"Theirs vulnerability"}
    system = system_viewer(SystemPrincipal.SWEEP)
    for any_matrix in (matrix, Matrix(1, {"": {Category.VULNERABILITY: Cell.SUMMARY}})):
        assert entries(system, any_matrix, at) == everything, "whatever a matrix says of no role"
    full = Matrix(1, {"health_camhs": {**matrix.cells["health_camhs"], Category.VULNERABILITY: Cell.FULL}})
    assert entries(viewer, full, at) == everything


def entries(viewer: Viewer, matrix: Matrix, at: Any) -> set[str]:
    return set(readable_entries(viewer, matrix=matrix, at=at).values_list("summary", flat=True))


# Files searched by name


@pytest.mark.django_db
def test_a_name_is_searched_for_among_the_files_whose_identity_is_open(child, member, at):
    other = make_child("Ada", "Seen")
    give(child, at - HOUR, membership=member, categories=["identity"])
    give(other, at - HOUR, membership=member, categories=["missing"])
    matrix = matrix_in_force(on=at.date())
    assert [row.pk for row in search_files(viewer_of(member), typed="Ada Seen", matrix=matrix, at=at)] == [child.pk]
    system = system_viewer(SystemPrincipal.MATCHING)
    assert set(lists._identity_open(Child.objects.visible_to(system, at=at), system)) == {child, other}


# Files kept from somebody, and rows about none


@pytest.mark.django_db
def test_a_row_is_told_of_a_file_that_is_known_or_of_none(child, member, at):
    other = make_child("Ben", "Seen")
    give(child, at - HOUR, membership=member)
    viewer = viewer_of(member)
    for file in (child, other, None):
        make_notification(viewer, child=file)
    told = Notification.objects.filter(known_or_no_file(viewer, at))
    assert {row.child_id for row in told} == {child.pk, None}
    assert known_ids(viewer, [child.pk, other.pk], at) == {child.pk}
    assert known_ids(viewer, [], at) == set()


@pytest.mark.django_db
def test_a_file_is_hidden_by_a_block_or_a_restriction_of_it_or_of_one_merged_into_it(member, at, monkeypatch):
    guardian, viewer = viewer_of(make_membership(role="data_guardian")), viewer_of(member)
    names = ("plain", "blocked", "restricted", "under blocked", "under restricted", "others", "over", "named")
    files = {name: make_child(name, "Seen") for name in names}
    merged = {
        name: make_child(name, "Merged", merged_into=files[f"under {name}"]) for name in ("blocked", "restricted")
    }
    for file in (files["blocked"], merged["blocked"]):
        block(file, viewer, by=guardian, at=at - HOUR)
    block(files["others"], guardian, by=viewer, at=at - HOUR)
    block(files["over"], viewer, by=guardian, at=at + HOUR)
    for file in (files["restricted"], merged["restricted"], files["named"]):
        Child.objects.filter(pk=file.pk).update(restricted=True)
    give(files["named"], at - HOUR, membership=member, reason="named")
    found = {files[name].pk for name in ("blocked", "restricted", "under blocked", "under restricted")}
    found |= {file.pk for file in merged.values()}
    assert set(hidden_ids(viewer, at)) == set(hidden_files(viewer, at).values_list("pk", flat=True)) == found
    for nobody in (NOBODY, system_viewer(SystemPrincipal.SWEEP)):
        assert (hidden_ids(nobody, at), list(hidden_files(nobody, at))) == ([], [])
    monkeypatch.setattr(hidden, "hidden_files", lambda viewer, at: Child.objects.all())
    assert set(hidden_ids(viewer, at)) == {*found, files["named"].pk}, "no other file is looked at"
    assert hidden_ids(NOBODY, at) == []


# Shares received and requests made


@pytest.mark.django_db
def test_a_share_is_received_while_it_runs_by_whom_it_reaches_on_a_file_they_may_know_of(child, member, at):
    by, colleague, other = (
        make_membership(role=ROLE),
        make_membership(role=ROLE, agency=member.agency),
        make_membership(),
    )
    hidden = make_child("Ben", "Seen")
    for one in (member, colleague, other):
        give(child, at - HOUR, membership=one)
    ended = {"ended_at": at - HOUR, "ended_by": by.user, "end_kind": "withdrawn", "end_words": "Enough."}
    shares = {
        "agency": make_share(child, member.agency, by, at=at, granted=False),
        "person": make_share(child, member, by, at=at - HOUR, granted=False),
        "over": make_share(child, member, by, at=at - 2 * HOUR, ends_at=at, granted=False),
        "last": make_share(child, member, by, at=at - 3 * HOUR, ends_at=at + TICK, granted=False),
        "coming": make_share(child, member, by, at=at + TICK, granted=False),
        "ended": make_share(child, member, by, at=at - 2 * HOUR, granted=False, **ended),
        "hidden": make_share(hidden, member, by, at=at - HOUR, granted=False),
    }
    received = {"agency", "person", "last"}
    assert [row.pk for row in shares_received(viewer_of(member), at=at)] == [
        shares[name].pk for name in ("agency", "person", "last")
    ]
    found = {name for name, row in shares.items() if share_received(viewer_of(member), row.pk, at=at)}
    assert found == received
    assert [row.pk for row in shares_received(viewer_of(colleague), at=at)] == [shares["agency"].pk]
    assert shares_received(viewer_of(other), at=at) == []
    assert share_received(viewer_of(other), shares["agency"].pk, at=at) is None
    for nobody in (NOBODY, replace(viewer_of(member), agency_id=None)):
        assert shares_received(nobody, at=at) == []
    assert shares_of._reaching(replace(viewer_of(member), membership_id=None)) == Q(pk=None)
    assert shares["agency"].kind == SharingKind.SHARED


@pytest.mark.django_db
def test_a_request_is_shown_on_a_file_that_is_known_and_ones_own_under_the_same_membership(child, member, at):
    other, hidden = make_membership(role=ROLE), make_child("Ben", "Seen")
    give(child, at - HOUR, membership=member)
    mine, theirs, unknown = make_request(child, member), make_request(child, other), make_request(hidden, member)
    assert [row.pk for row in requests_made(viewer_of(member), at=at)] == [mine.pk]
    assert [bool(request_for(viewer_of(member), row.pk, at=at)) for row in (mine, theirs, unknown)] == [
        True,
        True,
        False,
    ]


# What of a panel's work is read

FULL, SUMMARY, EXISTENCE, OWN, NONE = Level.FULL, Level.SUMMARY, Level.EXISTENCE, Level.OWN, Level.NONE
MATRIX = Matrix(
    1,
    {
        "full": {"minutes": Cell.FULL, "intelligence": Cell.FULL, "person_of_concern": Cell.SUMMARY},
        "panel": {"minutes": Cell.PANEL, "intelligence": Cell.PANEL, "person_of_concern": Cell.FULL},
        "summary": {"minutes": Cell.SUMMARY, "intelligence": Cell.NONE, "person_of_concern": Cell.NONE},
        "own": {"minutes": Cell.OWN, "intelligence": Cell.OWN, "person_of_concern": Cell.OWN},
        "nothing": {"minutes": Cell.NONE, "intelligence": Cell.NONE, "person_of_concern": Cell.NONE},
    },
)


@pytest.mark.parametrize("minutes", list(Level))
def test_the_decision_is_read_in_summary_and_the_reasons_in_full(minutes):
    assert seeing.sees_decision(minutes) == (minutes in (SUMMARY, FULL))
    assert seeing.sees_reasoning(minutes) == (minutes == FULL)
    for own_agency in (True, False):
        assert seeing.sees_action(minutes, owner=True, own_agency=own_agency)
        assert seeing.sees_action(minutes, owner=False, own_agency=own_agency) == (
            minutes == FULL or (minutes == SUMMARY and own_agency)
        )


@pytest.mark.parametrize("minutes", list(Level))
def test_a_meeting_is_told_of_a_child_until_it_has_been_talked_about(minutes):
    """Who may not read how an item stands may tell of it until the meeting begins: a later end would say it."""
    until = {MeetingState.PUBLISHED, MeetingState.OPEN} if minutes in (SUMMARY, FULL) else {MeetingState.PUBLISHED}
    taken = {
        (meeting, item)
        for meeting in MeetingState
        for item in ItemState
        if seeing.takes_updates(meeting, item, minutes=minutes)
    }
    assert taken == {(meeting, ItemState.LISTED) for meeting in until}


@pytest.mark.parametrize(
    ("role", "level"), [("full", FULL), ("panel", FULL), ("summary", SUMMARY), ("own", NONE), ("nothing", NONE)]
)
def test_what_a_role_reads_of_others_at_a_panel(role, level):
    assert seeing.role_reads(role, "minutes", MATRIX) == level


def test_a_place_stands_where_the_most_of_its_people_read():
    sitting = [("Health", "summary"), ("Health", "full"), ("Health", "nothing"), ("Police", "panel"), ("Home", "own")]
    sitting += [("Youth", "summary"), ("Board", "nothing")]
    assert seeing.readers_of_reasons(sitting, MATRIX) == {FULL: ["Health", "Police"], SUMMARY: ["Youth"]}


def test_who_reads_reasons_is_named_where_they_may_not_read_what_stands_on_the_page():
    sitting = [("Health", "full"), ("Police", "panel"), ("Youth", "summary"), ("Home", "own")]
    shown = ["intelligence", "person_of_concern", "missing"]
    assert seeing.kept_from_readers(shown, sitting, MATRIX) == {"person_of_concern": ["Health"]}
    assert seeing.kept_from_readers(["intelligence"], sitting, MATRIX) == {}
    assert seeing.kept_from_readers(["person_of_concern"], [("Police", "panel")], MATRIX) == {}
    assert {Category.INTELLIGENCE} == seeing.NEVER_MINUTED
    assert set(seeing.SENSITIVE) == {Category.INTELLIGENCE, Category.PERSON_OF_CONCERN, Category.HEALTH_SENSITIVE}


@pytest.mark.parametrize(
    ("minutes", "missing", "words"),
    [
        (FULL, FULL, ["The school's words", "The school's words", "Missing twice"]),
        (FULL, SUMMARY, ["The school's words", "The school's words", "Missing twice"]),
        (FULL, EXISTENCE, ["The school's words", "The school's words"]),
        (SUMMARY, SUMMARY, [seeing.LISTED_PLAIN, "Missing twice"]),
        (SUMMARY, NONE, [seeing.LISTED_PLAIN]),
        (EXISTENCE, SUMMARY, ["Missing twice"]),
        (OWN, EXISTENCE, [seeing.PLAIN_REASON]),
        (NONE, NONE, [seeing.PLAIN_REASON]),
    ],
)
def test_why_a_child_is_on_the_agenda_is_told_by_the_category_of_each_reason(minutes, missing, words):
    by_agency = {"code": ReasonCode.LISTED, "category": "minutes", "words": "The school's words"}
    by_rule = {"code": ReasonCode.MISSING, "category": "missing", "words": "Missing twice"}
    levels = {"minutes": minutes, "missing": missing}
    assert seeing.reasons_shown([by_agency, by_agency, by_rule], levels) == words
