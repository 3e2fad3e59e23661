"""Whose files and news the home page shows, who is told of looks and refusals, which likely files are shown, and what
of a kept address or a withheld entry is told, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.choices import AccessOutcome
from accounts.models import AccessEvent, Membership
from accounts.rules.refusals import NotKnown, Refusal
from accounts.rules.viewers import SystemPrincipal, Viewer, system_viewer
from accounts.selectors import viewer_of
from cases.access.choices import Category, Cell
from cases.access.rules import Action, Level, Matrix
from cases.access.selectors import matrix_in_force
from cases.record.models import AddressReader, Alias, Child, SchoolPeriod
from cases.record.rules.matching import Band, Known, Place
from cases.record.selectors import facts, hidden, lists, looking, matching, mine
from cases.record.selectors.lists import WorklistFilter, files_called, files_known, worklist
from cases.record.selectors.looking import LookFilter
from cases.record.services import files_open, note_files_shown, open_file
from tests.access.seen.rows import DAY, HOUR, ROLE, TICK, event, lead, named
from tests.factories.accounts import make_agency, make_membership, make_user
from tests.factories.cases import block, give, make_child, make_chronology, make_home, make_protected, provenance

pytestmark = pytest.mark.django_db


def member_of(viewer: Viewer) -> Membership:
    return Membership.objects.get(pk=viewer.membership_id)


# One's own files and the news on them


def test_a_worker_is_shown_the_files_they_work_on_and_a_manager_those_of_the_agency(child, unknown, join, at):
    worker, colleague = join(), make_membership(role=ROLE)
    manager = join("csc_manager", agency=worker.agency)
    today = timezone.localdate(at)
    files = {"mine": child, "unknown": unknown} | {
        name: make_child(name, "Seen") for name in ("ended", "the agency's", "another's", "merged", "since today")
    }
    for name, file in files.items():
        if name not in ("mine", "unknown"):
            for one in (worker, manager):
                give(file, at - HOUR, membership=one)
    for name in ("mine", "unknown", "merged"):
        lead(files[name], worker)
    lead(files["ended"], worker, ended_on="2026-02-05")
    lead(files["since today"], worker, started_on=today)
    lead(files["the agency's"], colleague, working_agency=worker.agency)
    lead(files["another's"], colleague)
    Child.objects.filter(pk=files["merged"].pk).update(merged_into=child)
    viewer = viewer_of(worker)
    assert named(files, mine.my_files(viewer, at=at)) == {"mine", "since today"}
    assert named(files, mine.my_files(viewer_of(manager), at=at)) == {"mine", "since today", "the agency's"}
    asked = [files[name] for name in files if name != "unknown"]
    assert named(files, mine.new_to(viewer, asked, since=today)) == {"since today"}
    since = date(2026, 1, 5)
    assert named(files, mine.new_to(viewer, asked, since=since)) == {"mine", "merged", "since today"}
    assert mine.new_to(viewer_of(manager), asked, since=since) == []


def test_the_news_are_what_others_wrote_since_on_these_files_as_far_as_it_is_read(child, unknown, join, at):
    member, other = join(), viewer_of(make_membership(role=ROLE))
    elsewhere = make_child("Cai", "Seen")
    give(elsewhere, at - HOUR, membership=member)
    rows = {
        "theirs": make_chronology(child, other),
        "mine": make_chronology(child, viewer_of(member)),
        "unknown": make_chronology(unknown, other),
        "elsewhere": make_chronology(elsewhere, other),
        "before": make_chronology(child, other, recorded_at=at - DAY - TICK),
    }
    said = {"viewer": viewer_of(member), "matrix": matrix_in_force(on=at.date()), "at": at, "limit": 9}
    found = mine.changes_on([child.pk, unknown.pk], since=rows["theirs"].recorded_at, **said)
    assert named(rows, found) == {"theirs"}
    assert named(rows, mine.changes_on([child.pk], since=at - 9 * DAY, **said)) == {"theirs", "before"}


# Who can see a file, and who looked


def test_who_can_see_a_file_is_said_without_whom_a_conflict_keeps_from_it(child, unknown, at):
    people = {name: make_membership(role=ROLE) for name in ("plain", "blocked", "named", "named blocked", "under")}
    grants = {
        name: give(child, at - HOUR, membership=one, reason="named" if "named" in name else "share")
        for name, one in people.items()
    }
    grants["agency"] = give(child, at - HOUR, group=people["blocked"].agency.group)
    grants["over"] = give(child, at - DAY, membership=make_membership(role=ROLE), valid_until=at)
    grants["elsewhere"] = give(unknown, at - HOUR, membership=make_membership(role=ROLE))
    by, merged = viewer_of(make_membership(role="data_guardian")), make_child("A", "Merged", merged_into=child)
    for name, file in (("blocked", child), ("named blocked", child), ("under", merged), ("plain", unknown)):
        block(file, viewer_of(people[name]), by=by, at=at - HOUR)
    assert named(grants, looking.who_can_see(child.pk, named_only=False, at=at)) == {"plain", "named", "agency"}
    assert named(grants, looking.who_can_see(child.pk, named_only=True, at=at)) == {"named"}


REFUSED, ALLOWED = AccessOutcome.REFUSED, AccessOutcome.ALLOWED


@pytest.fixture
def looks(child, unknown) -> dict[str, AccessEvent]:
    merged = make_child("Ada", "Merged", merged_into=child)
    people = {name: make_membership(role=ROLE) for name in ("one", "other")}

    def look(who: str = "one", **fields: Any) -> AccessEvent:
        member = people[who]
        return event(member.user, member, agency_id=member.agency_id, **fields)

    return {
        "read": look(child_id=child.pk),
        "of merged": look("other", child_id=merged.pk),
        "listed": look("other", shown_ids=[child.pk, unknown.pk]),
        "refused": look(child_id=child.pk, outcome=REFUSED),
        "conflict": look(child_id=child.pk, action="cases:place_conflict"),
        "elsewhere": look(child_id=unknown.pk),
        "listed elsewhere": look(shown_ids=[unknown.pk]),
    }


def test_who_looks_at_pages_about_conflicts_is_told_where_that_is_asked_for(child):
    pages = {"add_conflict", "place_conflict", "conflicts", "conflict", "possible_conflict"}
    rows = {page: event(make_user(), child_id=child.pk, action=f"cases:{page}") for page in pages}
    assert list(looking.events_about(child.pk)) == []
    assert named(rows, looking.events_about(child.pk, conflicts=True)) == pages


def test_who_opens_a_week_of_questions_about_looks_is_told_where_conflicts_are(child):
    rows = {"digest": event(make_user(), shown_ids=[child.pk], action="cases:look_digest")}
    assert list(looking.events_about(child.pk)) == []
    assert named(rows, looking.events_about(child.pk, conflicts=True)) == {"digest"}


def test_who_looked_at_a_file_is_told_without_refusals_and_conflicts_unless_they_are_asked_for(looks, child):
    def found(conflicts: bool = False, skip: int = 0, limit: int = 51, **wanted: Any) -> set[str]:
        rows = looking.who_looked(child.pk, wanted=LookFilter(**wanted), conflicts=conflicts, skip=skip, limit=limit)
        return named(looks, rows)

    plain, one = {"read", "of merged", "listed"}, looks["read"]
    assert named(looks, looking.events_about(child.pk)) == plain | {"refused"}
    assert named(looks, looking.events_about(child.pk, conflicts=True)) == plain | {"refused", "conflict"}
    assert found() == plain
    assert named(looks, looking.who_looked(child.pk, wanted=LookFilter())) == plain
    assert found(conflicts=True) == plain | {"conflict"}
    assert found(refusals=True) == plain | {"refused"}
    assert found(only_refusals=True) == {"refused"}
    assert found(person_id=one.user_id) == found(agency_id=one.agency_id) == {"read"}
    assert found(looked_from=looks["listed"].at) == {row for row in plain if looks[row].at >= looks["listed"].at}
    assert found(looked_before=looks["listed"].at) == {row for row in plain if looks[row].at < looks["listed"].at}
    assert (found(skip=1), found(limit=1)) == ({"read", "of merged"}, {"listed"})


def test_the_names_of_who_looked_are_of_those_who_were_let_in(looks, child):
    refused = event(make_user(full_name="Zoe Refused"), child_id=child.pk, outcome=REFUSED)
    asked = event(make_user(full_name="Cai Conflict"), child_id=child.pk, action="cases:conflicts")
    let_in = {looks["read"].user_id, looks["listed"].user_id}
    for said, more in (
        ({"refusals": False}, set()),
        ({"refusals": True}, {refused.user_id}),
        ({"refusals": False, "conflicts": True}, {asked.user_id}),
    ):
        people, agencies = looking.who_has_looked(child.pk, **said)
        assert set(people) == let_in | more
        assert set(agencies) == {looks["read"].agency_id, looks["listed"].agency_id}


def test_a_guardian_is_told_of_looks_and_refusals_on_files_they_may_know_of_and_not_of_what_is_about_them(
    child, unknown, guardian, at
):
    viewer, other = viewer_of(guardian), make_user()
    about = make_child("Cai", "Seen")
    give(about, at - HOUR, membership=guardian)
    about_them = Child.objects.filter(pk=about.pk).values("pk")
    rows = {}
    for outcome in (ALLOWED, REFUSED):
        said = {"outcome": outcome}
        rows |= {
            f"{outcome} known": event(other, child_id=child.pk, **said),
            f"{outcome} unknown": event(other, child_id=unknown.pk, **said),
            f"{outcome} no file": event(other, **said),
            f"{outcome} own": event(guardian.user, child_id=child.pk, **said),
            f"{outcome} sign-in": event(other, action="accounts:sign_in", **said),
            f"{outcome} conflict": event(other, child_id=child.pk, action="cases:conflict", **said),
            f"{outcome} conflict of theirs": event(other, child_id=about.pk, action="cases:conflict", **said),
            f"{outcome} of theirs": event(other, child_id=about.pk, **said),
        }
    told = {"about_them": about_them, "at": at}
    refusals = dict(looking.refusals_lately(viewer, since=at - DAY, **told))
    seen = {"known", "no file", "conflict", "of theirs"}
    assert named(rows, refusals) == {f"refused {name}" for name in seen}
    assert {row.pk: file for row, file in refusals.items()} == {
        rows["refused known"].pk: child,
        rows["refused no file"].pk: None,
        rows["refused conflict"].pk: child,
        rows["refused of theirs"].pk: about,
    }
    reads = looking.reads_lately(viewer, **told)
    assert named(rows, [row for row, _ in reads]) == {f"allowed {name}" for name in seen - {"no file"}}
    assert {file for _, file in reads} == {child, about}
    last = max(row.at for row in rows.values())
    assert named(rows, dict(looking.refusals_lately(viewer, since=last, **told))) <= {
        name for name, row in rows.items() if row.at >= last
    }
    assert looking.refusals_lately(viewer, since=last + TICK, **told) == []
    assert looking.refusals_lately(viewer, since=rows["refused of theirs"].at, **told) != []


# Likely files


def known(**said: Any) -> Known:
    return Known(**{"given_name": "Ada", "family_name": "Seen", "birth_date": date(2011, 5, 4), **said})


def summary_role(at: datetime) -> str:
    """A role that sees in summary who a child is."""
    cells = matrix_in_force(on=at.date()).cells
    return next(role for role, row in cells.items() if row[Category.IDENTITY] == Cell.SUMMARY)


def found_for(member: Membership, asked: Known, at: Any) -> tuple[list[Child], list[Child]]:
    everything = matching.likely_files(asked, at=at)
    found = matching.parted_for(everything, asked=asked, viewer=viewer_of(member), at=at)
    return [one.child for one in found.shown], [one.child for one in found.hidden]


def test_likely_files_are_shown_to_who_may_know_of_them_and_to_a_summary_by_what_it_holds(child, join, at):
    worker, other, part = join(), make_membership(role=ROLE), join(summary_role(at))
    assert found_for(worker, known(), at) == ([child], [])
    assert found_for(other, known(), at) == ([], [child])
    assert found_for(part, known(), at) == ([child], [])
    put_aside = ([], [child])
    Alias.objects.create(child=child, name="Zed", **provenance(viewer_of(worker)))
    assert found_for(worker, known(given_name="Zed"), at) == ([child], [])
    assert found_for(part, known(given_name="Zed"), at) == put_aside, "by another name and the day of birth"
    give(make_child("Adam", "Seen"), at - HOUR, membership=part)
    assert found_for(part, known(), at)[0] == [child], "Adam is not called like Ada"
    assert found_for(part, known(birth_date=date(1999, 5, 4)), at)[0] == [], "another age"
    [one] = matching.likely_files(known(), at=at)
    assert one.is_likely
    for band in Band:
        likely = replace(one, match=replace(one.match, band=band)).is_likely
        assert likely == (band in (Band.LIKELY, Band.VERY_LIKELY))


def test_of_very_many_likely_files_eight_are_shown_and_nobody_is_told_of_the_others(at):
    people = [make_membership(role=role) for role in (ROLE, summary_role(at))]
    for _ in range(9):
        file = make_child("Ada", "Seen")
        for one in people:
            give(file, at - HOUR, membership=one)
    shown = {one: found_for(one, known(), at) for one in people}
    assert {len(found) for found, _ in shown.values()} == {8}
    assert shown[people[0]][1] == []


def test_a_protected_address_finds_no_file_and_is_no_reason(child, unknown, at):
    by = viewer_of(make_membership(role=ROLE))
    protected = make_protected(child, by, postcode="YO1 7HH", lines="1 High Road")
    open_one = make_home(unknown, by, "LS1 4DY")
    gone = make_home(unknown, by, "LS1 4DZ", ended_on=date(2026, 2, 5), started_on=date(2026, 1, 5))

    def found(postcode: str) -> list[Child]:
        asked = Known("Nobody", "Else", places=(Place("", postcode),))
        return list(Child.objects.filter(pk__in=matching.block(asked, variants=matching.name_variants(on=at.date()))))

    assert (found("YO1 7HH"), found("LS1 4DY")) == ([], [unknown])
    files = dict(matching._files({child.pk, unknown.pk}, at))
    assert set(files) == {child, unknown}
    postcodes = {file: {place.postcode for place in held.places} for file, held in files.items()}
    assert postcodes == {child: set(), unknown: {open_one.postcode, gone.postcode}}
    assert matching.homes_of([child, unknown]) == {unknown.pk: [open_one]}
    assert matching.homes_of([child]) == {}
    assert protected.protected


def test_what_is_compared_of_a_file_is_its_own(child, unknown, at):
    by = viewer_of(make_membership(role=ROLE))
    for file, name in ((child, "Addy"), (unknown, "Benny")):
        Alias.objects.create(child=file, name=name, **provenance(by))
        school = {"school": f"{name}'s school", "started_on": date(2026, 1, 5)}
        SchoolPeriod.objects.create(child=file, **school, **provenance(by))
    [(file, held)] = matching._files({child.pk}, at)
    assert (file, held.other_names, held.schools) == (child, ("Addy",), ("Addy's school",))


# Lists


def test_a_filter_asks_for_a_level_where_it_names_one():
    asks = {"levels": ("high",), "harm": ("known",), "review_overdue_on": date(2026, 3, 4)}
    assert all(WorklistFilter(**{name: value}).asks_level for name, value in asks.items())
    assert not WorklistFilter(my_agency_leads=True, i_am_involved=True).asks_level


def test_a_list_holds_living_files_that_are_known_and_a_level_narrows_it_where_levels_are_open(
    child, unknown, join, at
):
    member = join()
    part, merged = make_child("Bea", "Seen"), make_child("Cai", "Seen", merged_into=child)
    give(part, at - HOUR, membership=member, categories=["identity"])
    give(merged, at - HOUR, membership=member)
    Child.objects.filter(pk__in=[child.pk, part.pk, unknown.pk]).update(level="high")
    files, viewer = {"known": child, "part": part, "merged": merged, "unknown": unknown}, viewer_of(member)
    high = WorklistFilter(levels=("high",))
    assert named(files, worklist(viewer, at=at).files) == {"known", "part"}
    assert named(files, worklist(viewer, at=at, wanted=high).files) == {"known"}
    assert named(files, lists._visible(viewer, at, WorklistFilter())) == {"known", "part"}
    system = system_viewer(SystemPrincipal.SWEEP)
    assert named(files, lists._visible(system, at, high)) == {"known", "part", "unknown"}
    assert named(files, files_known(viewer, [child.pk, unknown.pk], at=at).values()) == {"known"}
    assert files_known(viewer, [], at=at) == {}


def test_what_reaches_a_viewer_are_rows_that_hold_of_their_groups_and_of_themselves(child, unknown, at):
    member = make_membership(role=ROLE)
    other = make_membership(role=ROLE)
    files = {
        name: make_child(name, "Seen")
        for name in (
            "group",
            "person",
            "over",
            "coming",
            "last",
            "first",
            "theirs",
            "their group",
            "group over",
            "group coming",
            "group now",
        )
    }
    give(files["group"], at - HOUR, group=member.agency.group)
    give(files["group now"], at, group=member.agency.group)
    give(files["group over"], at - DAY, group=member.agency.group, valid_until=at)
    give(files["group coming"], at + HOUR, group=member.agency.group)
    give(files["person"], at - HOUR, membership=member)
    give(files["over"], at - DAY, membership=member, valid_until=at)
    give(files["coming"], at + HOUR, membership=member)
    give(files["last"], at - DAY, membership=member, valid_until=at + TICK)
    give(files["first"], at, membership=member)
    give(files["theirs"], at - HOUR, membership=other)
    give(files["their group"], at - HOUR, group=other.agency.group)
    found = [set(rows.values_list("content_object_id", flat=True)) for rows in lists._branches(viewer_of(member), at)]
    mine = {files[name].pk for name in ("person", "last", "first")}
    assert found == [{files["group"].pk, files["group now"].pk}, mine]


def test_a_name_in_summary_is_searched_among_living_files_whose_identity_is_open(child, unknown, at):
    member = make_membership(role=summary_role(at))
    give(child, at - HOUR, membership=member)
    merged, shut = make_child("Ada", "Merged", merged_into=child), make_child("Ada", "Shut")
    give(merged, at - HOUR, membership=member)
    give(shut, at - HOUR, membership=member, categories=["missing"])
    make_child("Ada", "Unknown")
    viewer = viewer_of(member)
    assert files_called(viewer, words="Ada", at=at) == [child]
    assert files_called(viewer, words="1 2", at=at) == files_called(viewer, words="", at=at) == []


# Addresses and numbers that are withheld


def test_a_postcode_tells_a_protected_address_to_who_may_know_it(child, unknown, at):
    author = make_membership(role=ROLE)
    viewer = viewer_of(author)
    make_protected(child, viewer, readers=(author,), postcode="YO1 7HH")
    make_protected(unknown, viewer, readers=(author,), postcode="NE1 1AA")
    AddressReader.objects.create(address=make_home(child, viewer, "LS1 4DY"), membership=author)
    asked = ["YO17HH", "NE11AA", "LS14DY"]
    assert facts.protected_among(child.pk, viewer, asked) == {"YO17HH"}
    assert facts.protected_among(child.pk, viewer, ["NE11AA"]) == frozenset()
    assert facts.protected_among(child.pk, viewer_of(make_membership(role=ROLE)), asked) == frozenset()


def test_how_much_is_withheld_is_counted_by_agency_and_of_identity_and_contact_without_one(child, unknown, at):
    viewer = viewer_of(make_membership(role=ROLE))
    police, health = (
        viewer_of(make_membership(role="police_officer", agency=make_agency(name))) for name in ("Police", "Health")
    )
    for by in (police, health, viewer):
        for category in (Category.INTELLIGENCE, Category.IDENTITY, Category.MISSING):
            make_chronology(child, by, category=category)
    make_chronology(unknown, police, category=Category.INTELLIGENCE)
    found = facts.withheld_counts(child, categories=[Category.INTELLIGENCE, Category.IDENTITY], viewer=viewer)
    counted = [(row.agency, row.category, row.count) for row in found]
    assert counted == [("", "identity", 2), ("Health", "intelligence", 1), ("Police", "intelligence", 1)]
    assert facts.withheld_counts(child, categories=[], viewer=viewer) == []


# The one door


def test_a_file_is_opened_by_who_may_know_of_it_and_answers_like_none_to_others(child, unknown, join, at):
    member = join()
    viewer = viewer_of(member)

    def opened(reference: str, by: Viewer = viewer, **said: Any) -> str:
        try:
            return open_file(viewer=by, reference=reference, at=at, **said).child.given_name
        except NotKnown as refusal:
            return f"not known: {refusal.reason_code}, {refusal.child_id}"
        except Refusal as refusal:
            return f"refused: {refusal.code}"

    merged = make_child("Cai", "Merged", merged_into=child)
    assert (opened(child.reference), opened(merged.reference)) == ("Ada", "Ada")
    assert opened(unknown.reference) == f"not known: no_grant, {unknown.pk}"
    assert opened(child.reference, Viewer(user_id=1)) == f"not known: no_grant, {child.pk}"
    assert opened("H7K-0000") == "not known: not_known, None"
    reasons = AccessEvent.objects.filter(outcome=ALLOWED).values_list("child_id", flat=True)
    assert set(reasons) == {child.pk}
    assert opened(child.reference, action=Action.RESTRICT).startswith("refused: ")
    give(other := make_child("Bea", "Seen"), at - HOUR, membership=member)
    assert set(files_open([child.pk, unknown.pk], viewer, at=at)) == {child.pk}
    held = matrix_in_force(on=at.date())
    none = Matrix(1, {**held.cells, ROLE: {**held.cells[ROLE], Category.VULNERABILITY: Cell.NONE}})
    for matrix, level in ((None, Level.FULL), (none, Level.NONE)):
        file = files_open([other.pk], viewer, at=at, matrix=matrix)[other.pk]
        assert file.level(Category.VULNERABILITY) == level
    part = join(summary_role(at))
    opened(child.reference, viewer_of(part))
    seen = AccessEvent.objects.get(user_id=part.user_id)
    levels = files_open([child.pk], viewer_of(part), at=at)[child.pk].levels
    assert levels["identity"] == Level.SUMMARY
    assert set(seen.categories) == {name for name, level in levels.items() if level in (Level.SUMMARY, Level.FULL)}
    note_files_shown(viewer=viewer, page="cases:search", child_ids=[])
    assert not AccessEvent.objects.filter(action="cases:search").exists()
    note_files_shown(viewer=viewer, page="cases:search", child_ids=[child.pk])
    assert AccessEvent.objects.get(action="cases:search").shown_ids == [child.pk]


def test_an_entry_is_read_by_its_author_in_full_by_its_agency_where_the_cell_says_own_and_where_a_grant_names_it(
    child, join, at
):
    member = join()
    viewer, held = viewer_of(member), matrix_in_force(on=at.date())
    author = viewer_of(make_membership(role=ROLE))
    colleague = viewer_of(make_membership(role=ROLE, agency=member.agency))
    rows = {
        "own": make_chronology(child, viewer, category=Category.VULNERABILITY),
        "agency's": make_chronology(child, colleague, category=Category.VULNERABILITY),
        "theirs": make_chronology(child, author, category=Category.VULNERABILITY),
    }

    def levels(cell: Cell) -> dict[str, Level]:
        matrix = Matrix(1, {**held.cells, ROLE: {**held.cells[ROLE], Category.VULNERABILITY: cell}})
        file = files_open([child.pk], viewer, at=at, matrix=matrix)[child.pk]
        return {name: file.entry_level(row) for name, row in rows.items()}

    full, none = Level.FULL, Level.NONE
    assert levels(Cell.FULL) == {"own": full, "agency's": full, "theirs": full}
    assert levels(Cell.OWN) == {"own": full, "agency's": full, "theirs": none}
    assert levels(Cell.NONE) == {"own": full, "agency's": none, "theirs": none}
    part = make_membership(role=ROLE)
    give(child, at - HOUR, membership=part, categories=["identity"], entries=[rows["theirs"].pk])
    file = files_open([child.pk], viewer_of(part), at=at)[child.pk]
    assert {name: file.entry_level(row) for name, row in rows.items()} == {
        "own": none,
        "agency's": none,
        "theirs": full,
    }
    assert file.entries_opened == {rows["theirs"].pk}
    whole = files_open([child.pk], viewer, at=at)[child.pk]
    assert whole.entries_opened == frozenset()
    assert (whole.may(Action.VIEW_FILE), whole.may(Action.RESTRICT)) == (True, False)


# What holds on all files of a child, of those that were asked for


def test_of_the_files_and_people_asked_for_alone_it_is_said_who_is_kept_away_and_which_are_for_named_people(
    child, unknown, at
):
    kept, other = (viewer_of(make_membership(role=ROLE)) for _ in range(2))
    beside, elsewhere = make_child("Beside", "Seen"), make_child("Elsewhere", "Seen")
    Child.objects.filter(pk=beside.pk).update(merged_into=child, restricted=True)
    Child.objects.filter(pk=elsewhere.pk).update(restricted=True)
    for file in (beside, elsewhere):
        for person in (kept, other):
            block(file, person, by=kept, at=at - HOUR)
    asked = [child.pk, unknown.pk]
    assert hidden.restricted_among(asked) == {child.pk}
    assert hidden.kept_apart(asked, [kept.user_id], at) == {(child.pk, kept.user_id)}
