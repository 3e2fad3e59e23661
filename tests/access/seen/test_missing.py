"""Which missing children, reports and interviews somebody is shown, who may hold an interview, and what a reporter is
told of a file that they may not know of, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.choices import FunctionKey
from accounts.models import Agency, Membership, User
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from cases.access.choices import Category, Cell
from cases.access.rules import Matrix
from cases.access.selectors import matrix_in_force
from cases.clocks.models import Clock
from cases.record.models import Child, Identifier
from missing.choices import InterviewState
from missing.selectors import episodes, interviews, matching
from missing.selectors.episodes import EpisodeFilter
from tests.access.seen.rows import HOUR, ROLE, named
from tests.factories.accounts import make_agency, make_function, make_membership
from tests.factories.cases import block, give, make_child, provenance
from tests.factories.missing import make_episode, make_finding, make_grade, make_interview, make_report, make_returned

pytestmark = pytest.mark.django_db
INTERVIEWER = "specialist_keyworker"


@pytest.fixture
def by(db) -> Viewer:
    """Whoever wrote it down, of no account here; the team that owes interviews is there."""
    make_function(FunctionKey.INTERVIEW_TEAM)
    return viewer_of(make_membership(role="police_missing"))


def matrix_with(role: str, at: Any, **cells: Cell) -> Matrix:
    held = matrix_in_force(on=at.date())
    return Matrix(1, {**held.cells, role: {**held.cells[role], **cells}})


# Reports and episodes


def test_a_report_is_read_again_by_who_made_it_in_that_job(child, by, at):
    member, other = make_membership(role=ROLE), make_membership(role=ROLE)
    again = make_membership(member.user, role="csc_manager")
    episode = make_episode(child, by)
    rows = {
        name: make_report(episode, viewer_of(one))
        for name, one in (("mine", member), ("my other job", again), ("theirs", other))
    }
    mine = viewer_of(member)
    for viewer in (mine, replace(mine, user_id=other.user_id)):
        names = {"mine"} if viewer is mine else set()
        assert {name for name, row in rows.items() if episodes.report_by(viewer, row.reference) == row} == names
        assert {name for name, row in rows.items() if episodes.report_with(viewer, row.pk) == row} == names
    assert episodes.report_by(mine, "no such") is episodes.report_with(mine, uuid4()) is None


def test_an_episode_and_an_interview_lie_on_their_own_file(child, unknown, by):
    episode = make_returned(child, by)
    interview = make_interview(episode, by)
    assert episodes.episode_on(child.pk, episode.pk) == episode
    assert interviews.interview_on(child.pk, interview.pk) == interview
    for file, pk in ((unknown.pk, episode.pk), (child.pk, uuid4())):
        assert episodes.episode_on(file, pk) is None
        assert interviews.interview_on(file, interview.pk if pk == episode.pk else pk) is None


@pytest.fixture
def away(child, unknown, by, at) -> dict[str, Any]:
    """Children who are missing, by how grave police think it is, and others of whom nothing is to be shown."""
    back, merged = make_child("Dan", "Seen"), make_child("Eve", "Seen", merged_into=child)
    none, high, absent = (make_child(name, "Seen") for name in ("Fay", "Gus", "Hal"))
    rows = {
        "low": make_episode(child, by, last_seen_at=at - 9 * HOUR),
        "ungraded": make_episode(none, by, last_seen_at=at - 8 * HOUR),
        "high": make_episode(high, by, last_seen_at=at - 7 * HOUR),
        "absent": make_episode(absent, by, last_seen_at=at - 30 * HOUR, kind="away"),
        "hidden": make_episode(unknown, by),
        "back": make_returned(back, by),
        "merged": make_episode(merged, by),
    }
    for name, grade in (("low", "low"), ("high", "high"), ("absent", "low"), ("back", "high"), ("hidden", "high")):
        make_grade(rows[name], by, grade)
    return rows


def knows(member: Membership, rows: dict[str, Any], at: Any) -> Viewer:
    for name, row in rows.items():
        if name != "hidden":
            give(row.child, at - HOUR, membership=member)
    return viewer_of(member)


def order(rows: dict[str, Any], found: list[Any]) -> list[str]:
    by_pk = {row.pk: name for name, row in rows.items()}
    return [by_pk[row.pk] for row in found]


def test_who_is_missing_is_shown_on_files_that_are_known_and_the_grade_orders_for_who_sees_it(away, by, at):
    viewer = knows(make_membership(role=ROLE), away, at)
    full, summary = matrix_with(ROLE, at, missing=Cell.FULL), matrix_with(ROLE, at, missing=Cell.SUMMARY)
    assert (episodes.sees_grades(viewer, full), episodes.sees_grades(viewer, summary)) == (True, False)

    def shown(matrix: Matrix, **wanted: tuple[str, ...]) -> list[str]:
        return order(away, episodes.missing_now(viewer, at=at, matrix=matrix, wanted=EpisodeFilter(**wanted)))

    assert shown(full) == ["high", "ungraded", "low", "absent"]
    assert order(away, episodes.missing_now(viewer, at=at, matrix=full)) == shown(full)
    assert shown(summary) == ["low", "ungraded", "high", "absent"]
    assert shown(full, grades=("high",)) == ["high"]
    assert shown(full, grades=("high", "none")) == ["high", "ungraded"]
    assert shown(full, grades=("none",)) == ["ungraded"]
    assert shown(summary, grades=("high",)) == shown(summary), "a narrowed list would tell the grade"
    assert shown(full, kinds=("away",)) == ["absent"]
    ungraded = episodes.ungraded_episodes(viewer, at=at, matrix=full, limit=9)
    assert order(away, ungraded) == ["ungraded"]
    files = Child.objects.filter(pk__in=[away[name].child_id for name in ("high", "hidden", "merged", "back")])
    assert order(away, episodes.open_among(files, viewer, at=at, matrix=full, limit=9)) == ["high"]


# Interviews


def test_who_may_hold_an_interview(child, unknown, at):
    today, closed = timezone.localdate(at), make_agency()
    Agency.objects.filter(pk=closed.pk).update(ended_on="2026-02-05")
    names = ("works", "blocked", "blocked merged", "blocked elsewhere")
    people = {name: make_membership(role=INTERVIEWER) for name in names} | {
        "left": make_membership(role=INTERVIEWER, ended_on=today),
        "closed": make_membership(role=INTERVIEWER, agency=closed),
        "system": make_membership(User.objects.create(username="s", is_service=True, password="!"), role=INTERVIEWER),
        "police": make_membership(role="police_missing"),
    }
    guardian, merged = viewer_of(make_membership(role="data_guardian")), make_child("A", "Merged", merged_into=child)
    for name, file in (("blocked", child), ("blocked merged", merged), ("blocked elsewhere", unknown)):
        block(file, viewer_of(people[name]), by=guardian, at=at - HOUR)
    assert named(people, interviews.possible_interviewers(on=today)) == set(names)
    assert named(people, interviews.interviewers_for(child.pk, at=at)) == {"works", "blocked elsewhere"}


@pytest.fixture
def waiting(child, unknown, by, at) -> dict[str, Any]:
    """Interviews in every state, on files that are known but for one."""
    rows = {}
    for number, state in enumerate(("to_offer", "offered", "held", "written_up", "to_offer", "to_offer")):
        name = ("to offer", "offered", "held", "written up", "hidden", "in part")[number]
        file = {"hidden": unknown, "in part": make_child("Ivy", "Seen")}.get(name, child)
        returned = make_returned(file, by, last_seen_at=at - (90 - number * 10) * HOUR)
        said: dict[str, Any] = {"state": state, "clock": False}
        if state in ("held", "written_up"):
            said |= {"held_at": at - HOUR, "held_by": make_membership(role=INTERVIEWER), "independent": True}
        rows[name] = make_interview(returned, by, **said)
    return rows


def reader(waiting: dict[str, Any], at: Any, role: str = INTERVIEWER) -> Membership:
    member = make_membership(role=role)
    give(waiting["to offer"].child, at - HOUR, membership=member)
    give(waiting["in part"].child, at - HOUR, membership=member, categories=["identity", "missing"])
    return member


def test_interviews_are_listed_for_a_role_that_sees_them_in_full_on_files_where_they_are_open(waiting, at):
    member = reader(waiting, at)
    viewer, matrix = viewer_of(member), matrix_with(INTERVIEWER, at, interview=Cell.FULL)
    summary = matrix_with(INTERVIEWER, at, interview=Cell.SUMMARY)
    assert [interviews.sees_interviews(viewer, one) for one in (matrix, summary)] == [True, False]
    file = make_child("Jon", "Seen")
    give(file, at - HOUR, membership=member, categories=["identity", "missing"])
    rows = {
        **waiting,
        "their own": make_interview(make_returned(file, viewer_of(member)), viewer_of(member), clock=False),
    }
    seen = {"to offer", "offered", "held", "written up"}
    assert named(rows, interviews.open_interviews(viewer, at=at, matrix=matrix)) == seen
    assert named(rows, interviews.open_interviews(viewer, at=at, matrix=summary)) == set()

    def shown(**wanted: Any) -> set[str]:
        return named(waiting, interviews.waiting_interviews(viewer, at=at, matrix=matrix, **wanted))

    assert shown() == {"to offer", "offered"}
    assert shown(states=[InterviewState.OFFERED]) == {"offered"}
    assert shown(states=["held", "written_up"]) == {"held", "written up"}
    type(waiting["offered"]).objects.filter(pk=waiting["offered"].pk).update(allocated=member)
    assert (shown(mine=True), shown(unallocated=True)) == ({"offered"}, {"to offer"})


def test_an_interview_that_is_late_is_one_whose_clock_runs_past_its_time(child, by, at):
    rows = {
        name: make_interview(make_returned(child, by, last_seen_at=at - hours * HOUR), by, clock=clock)
        for name, hours, clock in (("late", 90, True), ("in time", 20, True), ("no clock", 120, False))
    }
    held = make_interview(
        make_returned(child, by, last_seen_at=at - 200 * HOUR), by, held_at=at - 9 * HOUR, state="held",
        held_by=make_membership(role=INTERVIEWER), independent=True, breach_reason="The child was in hospital.",
    )  # fmt: skip
    member = make_membership(role=INTERVIEWER)
    give(child, at - HOUR, membership=member)
    said = {"at": at, "matrix": matrix_with(INTERVIEWER, at, interview=Cell.FULL)}
    Clock.objects.filter(subject_id=rows["in time"].pk).update(due_at=at)
    states = [*InterviewState]
    late = interviews.waiting_interviews(viewer_of(member), late=True, states=states, **said)
    assert named({**rows, "held": held}, late) == {"late"}


def test_what_somebody_has_still_to_write_up_is_what_they_held(waiting, at):
    member, other = reader(waiting, at), make_membership(role=INTERVIEWER)
    model, matrix = type(waiting["held"]), matrix_with(INTERVIEWER, at, interview=Cell.FULL)

    def owed() -> set[str]:
        return named(waiting, interviews.to_write_up(viewer_of(member), at=at, matrix=matrix, limit=9))

    for row in waiting.values():
        model.objects.filter(pk=row.pk).update(allocated=member)
    assert owed() == {"held"}
    model.objects.update(allocated=other)
    assert owed() == set()
    model.objects.filter(pk=waiting["held"].pk).update(held_by=member)
    assert owed() == {"held"}
    model.objects.filter(pk=waiting["held"].pk).update(covered_by=waiting["written up"], outcome="combined")
    assert owed() == set()


def test_of_what_was_found_somebody_reads_what_is_open_to_them(waiting, by, at):
    hidden = Category.HEALTH_SENSITIVE
    viewer, matrix = viewer_of(reader(waiting, at)), matrix_with(INTERVIEWER, at, **{hidden: Cell.NONE})
    findings = {
        "open": make_finding(waiting["held"], by, Category.MISSING, "Open"),
        "hidden": make_finding(waiting["held"], by, hidden, "Hidden"),
        "of another": make_finding(waiting["written up"], by, Category.MISSING, "Another"),
        "elsewhere": make_finding(waiting["hidden"], by, Category.MISSING, "Elsewhere"),
    }
    ids = [waiting[name].pk for name in ("held", "hidden")]
    assert named(findings, interviews.findings_of(ids, viewer, at=at, matrix=matrix)) == {"open"}


# Which file a report is about


def number(child: Child, by: Viewer, kind: str, value: str) -> None:
    Identifier.objects.create(child=child, kind=kind, value=value, **provenance(by))


def test_a_report_is_joined_to_the_one_file_of_that_number_or_name_and_birth_date(child, unknown, by, at):
    born = date(2011, 5, 4)
    Child.objects.filter(pk=child.pk).update(birth_date=born)

    def joined(*numbers: tuple[str, str], **said: Any) -> Child | None:
        who = {"given_name": "Ada", "family_name": "Seen", "birth_date": born, **said}
        return matching.exact_file(matching.ReportedChild(numbers=numbers, **who), at=at)

    make_child("Ada", "Seen", birth_date=None)
    assert joined() == child
    assert joined(birth_date=None) is joined(birth_date=date(2011, 5, 5)) is joined(given_name="Ida") is None
    Child.objects.filter(pk=child.pk).update(birth_date_estimated=True)
    assert joined() is None, "the birth date is a guess"
    Child.objects.filter(pk=child.pk).update(birth_date_estimated=False)
    numbers = {"nhs_number": "9434765919", "police": "NM1", "social_care": "SC2"}
    for kind, value in numbers.items():
        number(unknown, by, kind, value)
    number(unknown, by, "other", "XX3")
    for kind, value in numbers.items():
        assert joined((kind, value.lower())) == unknown, "a number counts for more than a name"
    assert joined(("other", "XX3")) == joined(("police", "SC2")) == child
    number(child, by, "police", "NM4")
    assert joined(("police", "NM1"), ("police", "NM4")) is None, "two files fit"
    living = make_child("Cai", "Seen")
    Child.objects.filter(pk__in=[child.pk, unknown.pk]).update(merged_into=living)
    assert joined(("police", "NM1"), ("police", "NM4")) == joined() == living


def test_who_reports_is_shown_a_file_that_they_may_know_of_and_a_system_none(child, at, by):
    Child.objects.filter(pk=child.pk).update(birth_date=date(2011, 5, 4))
    said = matching.ReportedChild("Ada", "Seen", birth_date=date(2011, 5, 4))
    member = make_membership(role=ROLE)
    give(child, at - HOUR, membership=member)
    found = matching.likely_for(said, viewer=viewer_of(member), at=at)
    assert ([one.child.pk for one in found.shown], found.hidden) == ([child.pk], [])
    for asks, viewer in ((True, viewer_of(make_membership(role=ROLE))), (False, viewer_of(member))):
        found = matching.likely_for(said, viewer=viewer, at=at, asks=asks)
        assert (found.shown, [one.child.pk for one in found.hidden]) == ([], [child.pk])


def test_to_join_a_report_tells_nothing_to_who_sees_in_full_who_the_child_is(child, unknown, at):
    full, part = make_membership(role=ROLE), make_membership(role=ROLE)
    give(child, at - HOUR, membership=full)
    give(child, at - HOUR, membership=part, categories=["missing"])
    give(unknown, at - HOUR, membership=part)
    summary = next(
        role for role, row in matrix_in_force(on=at.date()).cells.items() if row[Category.IDENTITY] == Cell.SUMMARY
    )
    seen = make_membership(role=summary)
    give(child, at - HOUR, membership=seen)
    elsewhere = make_membership(role=ROLE)
    give(unknown, at - HOUR, membership=elsewhere)
    people = (full, part, seen, elsewhere)
    assert [matching.knows_child(viewer_of(one), child, at=at) for one in people] == [True, False, False, False]
