"""Who is shown a conflict of interest, and who is told of one, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from accounts.models import FunctionMember, Membership, User
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from cases.access.models import AccessGrant
from cases.clocks.choices import ClockKind
from cases.clocks.models import Alert, Clock
from cases.clocks.selectors import clock_in_force
from cases.record.models import Child, Involvement
from cases.sharing.models import Conflict, Declaration, PossibleConflict, StaffHome
from cases.sharing.selectors import conflicts
from tests.access.seen.rows import DAY, GUARDIANS, POINT, ROLE, lead, named, one_by_one, unblock
from tests.factories.accounts import make_membership, make_user
from tests.factories.cases import block, give, make_child
from tests.factories.conflicts import make_conflict, make_possible

pytestmark = pytest.mark.django_db


def make_conflicts(child: Child, unknown: Child, guardian: Membership, by: Membership) -> dict[str, Conflict]:
    subject, viewer = make_membership(role=ROLE), viewer_of(by)
    rows = {
        "placed": make_conflict(child, viewer_of(subject), by=viewer),
        "declared": make_conflict(child, viewer_of(s := make_membership()), by=viewer_of(s), source="declared"),
        "lifted": make_conflict(child, viewer_of(make_membership()), by=viewer_of(make_membership()), **lifted(by)),
        "own": make_conflict(child, viewer_of(guardian), by=viewer_of(guardian), source="declared"),
        "unknown": make_conflict(unknown, viewer_of(subject), by=viewer),
    }
    unblock(rows["own"].block, rows["own"].placed_at)
    return rows


def lifted(by: Membership) -> dict[str, Any]:
    asked = {"lift_asked_at": "2026-02-05T12:00Z", "lift_asked_by": by.user, "lift_reason": "Settled."}
    return {**asked, "lifted_at": "2026-02-06T12:00Z", "lifted_by": make_user()}


def test_conflicts_are_listed_for_a_guardian_who_knows_the_file_without_their_own(child, unknown, join, guardian, at):
    rows = make_conflicts(child, unknown, guardian, join())
    assert named(rows, conflicts.conflicts_for(viewer_of(guardian), at=at)) == {"placed", "declared"}
    assert conflicts.conflicts_for(viewer_of(make_membership(role="data_guardian")), at=at) == []


def test_one_conflict_is_shown_to_who_placed_it_and_a_declared_one_to_the_lead_and_the_point(
    child, unknown, join, guardian, at
):
    placer, leads, point = join("csc_manager"), join(), join("notification_point", functions=(POINT,))
    strangers = {name: join() for name in ("worker", "left", "elsewhere", "other", "manager")}
    lead(child, leads)
    lead(child, strangers["worker"], is_lead=False)
    lead(child, strangers["left"], ended_on="2026-02-05")
    lead(unknown, strangers["elsewhere"])
    rows = make_conflicts(child, unknown, guardian, placer)

    def shown(member: Membership) -> set[str]:
        return one_by_one(rows, conflicts.conflict_for, viewer_of(member), at)

    assert shown(guardian) == {"placed", "declared", "lifted"}, "never their own, even where it holds no more"
    assert shown(placer) == {"placed"}
    assert shown(leads) == {"declared", "own"}
    assert shown(point) == {"declared", "own"}
    assert {name: shown(member) for name, member in strangers.items()} == {name: set() for name in strangers}


def test_a_conflict_by_a_yes_is_shown_to_whoever_was_told_of_the_work_without_what_links_them(
    child, join, guardian, at
):
    leads, told = join(), join()
    lead(child, leads)
    by, subject = viewer_of(guardian), viewer_of(join())
    rows = {
        source: make_conflict(child, viewer_of(join()), by=by, source=source)
        for source in ("suggested", "placed", "declared")
    }
    rows["not told"] = make_conflict(child, subject, by=by, source="suggested")
    for name in ("suggested", "placed"):
        alert = {"dedupe_key": name, "kind": "conflict_recorded", "subject_id": rows[name].pk, "child": child}
        Alert.objects.create(membership=told, raised_at=at - DAY, **alert)

    def shown(member: Membership) -> set[str]:
        return one_by_one(rows, conflicts.conflict_for, viewer_of(member), at)

    assert (shown(told), shown(leads)) == ({"suggested"}, {"declared"})
    why = {name: conflicts.reads_why(viewer_of(told), row) for name, row in rows.items()}
    assert why == {"suggested": False, "not told": False, "placed": True, "declared": True}
    assert all(conflicts.reads_why(viewer_of(guardian), row) for row in rows.values())


def test_the_work_that_is_left_is_theirs_on_every_file_of_the_child_while_the_conflict_holds(child, unknown, at):
    merged, worker, other = make_child(merged_into=child), make_membership(role=ROLE), make_membership(role=ROLE)
    for file, member in ((child, worker), (merged, worker), (unknown, worker), (child, other)):
        lead(file, member, is_lead=member is worker)
    by = viewer_of(make_membership())
    row = make_conflict(merged, viewer_of(worker), by=by, source="suggested")
    assert [(work.membership, work.leads) for work in conflicts.work_left(row)] == [(worker, True)] * 2
    row.lifted_at = at
    assert conflicts.work_left(row) == []


def test_what_somebody_takes_over_is_neither_an_interview_nor_the_review_of_a_restriction(child, at):
    worker = make_membership(role=ROLE)
    lead(child, worker)
    for kind in ClockKind:
        Clock.objects.create(
            kind=kind,
            definition=clock_in_force(kind, on=at.date()),
            subject_id=child.pk,
            child=child,
            anchored_at=at,
            due_at=at,
            first_due_at=at,
            owner_membership=worker,
        )
    others = {kind for kind in ClockKind if kind not in (ClockKind.INTERVIEW_HELD, ClockKind.RESTRICTION_REVIEWED)}
    found = conflicts.work_to_take_over(child.pk, [worker.pk])
    assert {one.clock for one in found} == {"", *others}
    assert len(found) == 1 + len(others)


def test_who_takes_over_reads_files_and_is_named_where_people_are(child, unknown, at):
    names = ("free", "named", "named elsewhere", "named and kept away", "kept away")
    people = {name: make_membership(role=ROLE) for name in names}
    people["no reader"] = make_membership(role="technical_admin")
    by = viewer_of(make_membership(role="data_guardian"))
    for name in ("named", "named and kept away"):
        give(child, at - DAY, membership=people[name], reason="named")
    give(unknown, at - DAY, membership=people["named elsewhere"], reason="named")
    for name in ("named and kept away", "kept away"):
        block(child, viewer_of(people[name]), by=by, at=at - DAY)

    def found() -> set[str]:
        ids = {one.pk for one in conflicts.successors_for(child, at=at)}
        return {name for name, one in people.items() if one.pk in ids}

    assert found() == {"free", "named", "named elsewhere"}
    Child.objects.filter(pk=child.pk).update(restricted=True)
    child.refresh_from_db()
    assert found() == {"named"}


def test_somebody_alone_keeps_a_file_open_to_their_agency_where_nothing_else_does(child, unknown, at):
    manager = make_membership(role="csc_manager")
    worker, colleague = (make_membership(role=ROLE, agency=manager.agency) for _ in range(2))
    viewer = viewer_of(manager)
    work = lead(child, worker)
    give(child, at - DAY, group=manager.agency.group, source_id=work.pk)

    def found() -> Membership | None:
        return conflicts.alone_for(viewer, child, at=at)

    assert found() == worker
    lead(child, make_membership(role=ROLE), is_lead=False)
    lead(unknown, colleague)
    lead(child, colleague, is_lead=False, ended_on="2026-02-05")
    give(unknown, at - DAY, group=manager.agency.group)
    give(unknown, at - DAY, membership=manager)
    give(child, at - DAY, membership=colleague)
    give(child, at - DAY, membership=manager, valid_until=at)
    assert found() == worker, "another agency, another file, another person, and what has ended"
    for reached in ({"membership": manager}, {"group": manager.agency.group}):
        other = give(child, at - DAY, **reached)
        assert found() is None
        AccessGrant.objects.filter(pk=other.pk).update(ended_at=at, ended_by=worker.user, end_reason="Over")
        assert found() == worker
    for member, said in ((colleague, {}), (worker, {"membership": None})):
        row = lead(child, member, is_lead=False, **said)
        assert found() is None
        Involvement.objects.filter(pk=row.pk).update(ended_on="2026-02-05")
    second = make_membership(user=worker.user, role="csc_manager", agency=manager.agency)
    lead(child, second, is_lead=False)
    assert found() in (worker, second), "one person in two roles"
    Involvement.objects.filter(child=child, working_agency=manager.agency).update(is_lead=False, ended_on="2026-02-05")
    assert found() is None


def test_who_may_lead_holds_cases_or_works_with_the_child_in_person_now(child, unknown, at):
    names = ("works", "worked", "elsewhere", "neither")
    people = {name: make_membership(role="housing") for name in names} | {"holds cases": make_membership(role=ROLE)}
    lead(child, people["works"], is_lead=False)
    lead(child, people["worked"], is_lead=False, ended_on="2026-02-05")
    lead(unknown, people["elsewhere"])
    lead(child, make_membership(role=ROLE), is_lead=False, membership=None)
    assert named(people, conflicts.may_lead(child, people.values())) == {"works", "holds cases"}


def test_nobody_takes_over_from_themselves_and_the_lead_goes_to_who_may_lead(child, unknown, at):
    person, other = make_membership(role=ROLE), make_membership(role="housing")
    same = make_membership(user=person.user, role="csc_manager")
    colleague = make_membership(role=ROLE)

    def offered() -> set[str]:
        people = {"person": person, "same": same, "other": other, "colleague": colleague}
        ids = {one.pk for one in conflicts.successors_of(child, person, at=at)}
        return {name for name, one in people.items() if one.pk in ids}

    assert offered() == {"other", "colleague"}
    lead(unknown, person)
    row = lead(child, same, is_lead=False)
    assert offered() == {"other", "colleague"}
    Involvement.objects.filter(pk=row.pk).update(is_lead=True)
    assert offered() == {"colleague"}


@pytest.mark.parametrize(
    ("role", "source", "by_them", "expected"),
    [
        ("data_guardian", "declared", False, True),
        ("data_guardian", "placed", True, True),
        ("csc_manager", "placed", True, True),
        ("csc_manager", "placed", False, False),
        ("csc_manager", "declared", True, False),
        ("csc_manager", "declared", False, False),
    ],
)
def test_a_guardian_and_who_placed_a_conflict_look_after_it_but_nobody_after_what_they_declared(
    role, source, by_them, expected
):
    viewer = Viewer(user_id=1, role_key=role)
    assert conflicts.looks_after(viewer, Conflict(source=source, placed_by_id=1 if by_them else 2)) == expected


def test_a_possible_conflict_is_asked_of_guardians_who_know_the_file_and_never_of_whom_it_is_about(
    child, unknown, guardian, at
):
    stranger = viewer_of(make_membership())
    said = {"answered_at": at, "answered_by": make_user(), "answer_words": "No."}
    rows = {
        "open": make_possible(child, stranger),
        "answered": make_possible(child, viewer_of(make_membership()), **said),
        "own": make_possible(child, viewer_of(guardian)),
        "unknown": make_possible(unknown, stranger),
    }
    viewer = viewer_of(guardian)
    assert named(rows, conflicts.possible_for(viewer, at=at)) == {"open"}
    assert one_by_one(rows, conflicts.possible_one, viewer, at) == {"open", "answered"}
    assert set(PossibleConflict.objects.filter(pk__in=conflicts.kept_from(viewer, at))) == {rows["own"]}


def test_the_guardians_who_are_told_serve_today_under_a_membership_of_today(at):
    today = at.date()
    serving = {
        name: make_membership(role="data_guardian", functions=(GUARDIANS,), **fields)
        for name, fields in {"now": {}, "until": {}, "left": {}, "gone": {"ended_on": today}, "but": {}}.items()
    }
    make_membership(role="notification_point", functions=(POINT,))
    for name, ended_on in (("until", today + DAY), ("left", today)):
        FunctionMember.objects.filter(membership=serving[name]).update(ended_on=ended_on)
    found = conflicts.guardians(at=at, but=[serving["but"].user_id])
    assert set(found) == {serving["now"].pk, serving["until"].pk}


def test_somebody_says_so_of_people_who_read_files_now_but_of_themselves_not(at):
    by = make_membership(role="csc_manager")
    people = {
        "self": by,
        "self again": make_membership(by.user, by.agency, role=ROLE),
        "colleague": make_membership(role=ROLE, agency=by.agency),
        "foreign": make_membership(role=ROLE),
        "no reader": make_membership(role="technical_admin", agency=by.agency),
        "gone": make_membership(role=ROLE, agency=by.agency, ended_on=at.date()),
        "closed": make_membership(role=ROLE),
        "system": make_membership(User.objects.create(username="s", is_service=True, password="!"), by.agency),
    }
    type(by.agency).objects.filter(pk=people["closed"].agency_id).update(ended_on=at.date())
    for everybody, expected in ((False, {"colleague"}), (True, {"colleague", "foreign"})):
        assert named(people, conflicts.people_to_place(viewer_of(by), everybody=everybody, at=at)) == expected


def test_a_postcode_that_somebody_gave_of_their_home_is_shown_to_them_alone(at):
    StaffHome.objects.create(user=make_user(), postcode="NM4 2QF", given_at=at)
    nobody, own = make_membership(), make_membership()
    StaffHome.objects.create(user=own.user, postcode="NM1 1AA", given_at=at)
    assert [conflicts.home_of(viewer_of(member)) for member in (nobody, own)] == ["", "NM1 1AA"]


def test_a_declaration_is_about_files_of_a_child_so_called_and_of_no_other(child, at):
    make_child("Ada", "Quill", birth_date=child.birth_date)
    make_child("Ida", "Seen", birth_date=date(2013, 7, 9))
    said = {"given_name": "Ada", "family_name": "Seen", "birth_date": child.birth_date}
    declaration = Declaration(membership=make_membership(), declared_at=at, **said)
    possible = {one.child for one in conflicts.likely_files(known_of(declaration), at=at)}
    assert child in possible
    assert len(possible) > 1, "there is a file that is only possibly about them"
    assert conflicts.files_declared(declaration, at=at) == [child]


def known_of(said: Declaration) -> Any:
    return conflicts.Known(given_name=said.given_name, family_name=said.family_name, birth_date=said.birth_date)


def test_who_looked_at_conflicts_is_read_by_a_guardian_whom_none_was_ever_about(child, at):
    guardian, worker, by = (
        make_membership(role="data_guardian"),
        make_membership(role=ROLE),
        viewer_of(make_membership()),
    )
    viewer = viewer_of(guardian)
    files = {name: make_child() for name in ("kept", "asked", "of another", "into", "asked into")}
    make_conflict(files["kept"], viewer, by=by)
    make_possible(files["asked"], viewer, answered_at=at, answered_by=worker.user)
    make_conflict(files["of another"], viewer_of(worker), by=by)
    make_possible(files["of another"], viewer_of(worker))
    make_conflict(make_child(merged_into=files["into"]), viewer, by=by)
    make_possible(make_child(merged_into=files["asked into"]), viewer)
    told = {name for name, file in files.items() if conflicts.told_of_looks(viewer, file.pk)}
    assert told == {"of another"}
    assert conflicts.told_of_looks(viewer, child.pk)
    assert not conflicts.told_of_looks(viewer_of(make_membership(role=ROLE)), child.pk)
    assert len(conflicts.files_about(viewer)) == 6
