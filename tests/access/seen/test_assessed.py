"""Which assessments, levels and drafts about a child somebody is shown, and which files behind a number of a report,
one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.definitions import seeds
from accounts.models import Draft, Membership
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from cases.access.choices import Cell
from cases.access.rules import Matrix
from cases.access.selectors import matrix_in_force
from cases.record.models import Child
from reporting.measures import TOTAL, read_measure
from reporting.rules.periods import Period
from reporting.selectors import behind
from reporting.selectors.behind import Asked
from risk import selectors as risk
from risk.models import JudgementReturn
from tests.access.seen.rows import DAY, HOUR, ROLE, named
from tests.factories.accounts import make_agency, make_membership, make_user
from tests.factories.cases import give, make_child, make_spell, provenance
from tests.factories.missing import make_interview, make_returned
from tests.factories.referrals import make_notification
from tests.factories.risk import make_assessment, make_judgement

pytestmark = pytest.mark.django_db
MEASURES = {measure.key: measure for measure in (read_measure(one.body) for one in seeds() if one.kind == "measure")}


@pytest.fixture
def author(db) -> Viewer:
    return viewer_of(make_membership(role=ROLE))


def test_an_assessment_and_a_level_lie_on_their_own_file(child, unknown, author):
    assessed = make_assessment(child, author)
    judged = make_judgement(assessed, author)
    assert risk.assessment_on(child, assessed.pk) == assessed
    assert risk.judgement_on(child, judged.pk) == judged
    for file, assessment_id, judgement_id in ((unknown, assessed.pk, judged.pk), (child, uuid4(), uuid4())):
        assert risk.assessment_on(file, assessment_id) is risk.judgement_on(file, judgement_id) is None


def sent_back(judgement: Any, by: Viewer, at: Any) -> JudgementReturn:
    return JudgementReturn.objects.create(
        child=judgement.child,
        judgement=judgement,
        reason="What of the school?",
        sent_back_at=at,
        **provenance(by, "level"),
    )


def test_a_lowered_level_waits_for_another_on_files_whose_assessments_are_open_to_them(unknown, author, at):
    manager = make_membership(role="csc_manager")
    viewer = viewer_of(manager)
    approved = {"approved_at": at, "approved_by": make_user()}
    names = (
        "waits", "approved", "needs none", "sent back", "own", "counted since", "approved since", "before",
        "waits since", "in part",
    )  # fmt: skip
    rows = {}
    for name in names:
        file = make_child(name, "Seen")
        give(file, at - HOUR, membership=manager, **({"categories": ["identity"]} if name == "in part" else {}))
        said: dict[str, Any] = {"needs_approval": name != "needs none", "judged_at": at - DAY}
        if name == "approved":
            said |= approved
        by = viewer if name == "own" else author
        rows[name] = make_judgement(make_assessment(file, author), by, **said)
    rows["hidden"] = make_judgement(make_assessment(unknown, author), author, needs_approval=True)
    sent_back(rows["sent back"], viewer, at)
    for name, said in (
        ("counted since", {"judged_at": at}),
        ("approved since", {"judged_at": at, "needs_approval": True, **approved}),
        ("before", {"judged_at": at - DAY}),
        ("waits since", {"judged_at": at, "needs_approval": True}),
    ):
        row = make_judgement(rows[name].assessment, author, **said)
        if name == "waits since":
            rows["later"] = row
    waiting = {"waits", "before", "waits since", "later"}
    assert named(rows, risk.awaiting_approval(viewer, at=at)) == waiting


def test_a_level_that_was_sent_back_waits_for_who_judged_it(child, unknown, author, join, at):
    me, manager = viewer_of(join()), viewer_of(join("csc_manager"))
    member = Membership.objects.get(pk=me.membership_id)
    rows = {}
    for name in ("mine", "theirs", "hidden", "judged since", "corrected", "judged before", "judged elsewhere"):
        file = unknown if name == "hidden" else make_child(name, "Seen")
        if name != "hidden":
            give(file, at - HOUR, membership=member)
        by = author if name == "theirs" else me
        judged = make_judgement(make_assessment(file, author), by, needs_approval=True, judged_at=at - DAY)
        rows[name] = sent_back(judged, manager, at)
        if name in ("judged since", "judged before"):
            make_judgement(judged.assessment, author, judged_at=at if name == "judged since" else at - DAY)
        if name == "corrected":
            make_assessment(file, author, corrects=judged.assessment)
    make_judgement(make_assessment(child, author), author, judged_at=at)
    waiting = {"mine", "judged before", "judged elsewhere"}
    assert named(rows, risk.sent_back_to(me, at=at)) == waiting


def test_what_somebody_has_begun_on_a_file_is_theirs_while_the_file_is_open_to_them(child, unknown, join, author):
    at = timezone.now()
    member = join()
    viewer, again = viewer_of(member), make_membership(member.user, role="csc_manager")
    corrects = make_assessment(child, author)

    def begun(by: Membership = member, form: str = risk.draft_form(None), on: Child = child) -> Draft:
        return Draft.objects.create(user=by.user, membership=by, form=form, subject=str(on.pk))

    rows = {
        "mine": begun(),
        "correction": begun(form=risk.draft_form(corrects)),
        "my other job": begun(again),
        "theirs": begun(make_membership(role=ROLE)),
        "another form": begun(form="notification"),
        "hidden": begun(on=unknown),
    }
    assert risk.draft_on(child, viewer, corrects=None) == rows["mine"]
    assert risk.draft_on(child, viewer, corrects=corrects) == rows["correction"]
    assert risk.draft_on(unknown, viewer, corrects=corrects) is None
    assert named(rows, risk.drafts_on(child, viewer)) == {"mine", "correction"}
    assert named(rows, risk.drafts_on(unknown, viewer)) == {"hidden"}
    found = risk.drafts_begun(viewer, at=at)
    assert (named(rows, [draft for draft, _ in found]), {file for _, file in found}) == (
        {"mine", "correction"},
        {child},
    )


# The files behind a number of a report


@pytest.fixture
def asked(at) -> Any:
    today = timezone.localdate(at)
    period = Period(today - timedelta(days=60), today)

    def made(code: str = TOTAL) -> Asked:
        return Asked(period, at + DAY, code)

    return made


def shown(key: str, asked: Asked, member: Membership, at: Any, **cells: Cell) -> list[str]:
    matrix, viewer = matrix_in_force(on=at.date()), viewer_of(member)
    if cells:
        matrix = Matrix(1, {**matrix.cells, ROLE: {**matrix.cells[ROLE], **cells}})
    found = behind.files_behind(MEASURES[key], asked, viewer=viewer, matrix=matrix, at=at)
    assert found.count == len(found.files), "nobody is told how many more there are"
    return sorted(file.given_name for file in found.files)


def test_who_was_notified_of_is_shown_on_files_that_are_known_in_full(child, unknown, join, at, asked):
    police = viewer_of(make_membership(role="police_officer", agency=make_agency(sector="police")))
    school = viewer_of(make_membership(role="education_dsl", agency=make_agency(sector="education")))
    member = join()
    told, living, dead = (make_child(name, "Seen") for name in ("Bea", "Liv", "Dead"))
    Child.objects.filter(pk=dead.pk).update(merged_into=living)
    for file in (told, living, dead):
        give(file, at - HOUR, membership=member)
    for file, by in ((child, police), (unknown, police), (told, school), (dead, police), (None, police)):
        make_notification(by, child=file)
    key = "notifications_by_source"
    assert shown(key, asked(), member, at) == ["Ada", "Bea", "Liv"]
    assert shown(key, asked("police"), member, at) == ["Ada", "Liv"]
    assert shown(key, asked(), member, at, identity=Cell.SUMMARY) == []
    part = make_membership(role=ROLE)
    give(child, at - HOUR, membership=part, categories=["level"])
    assert shown(key, asked(), part, at) == []
    said = {"viewer": viewer_of(member), "matrix": matrix_in_force(on=at.date()), "at": at}
    pages = [behind.files_behind(MEASURES[key], asked(), page=page, **said) for page in (0, 1, 2)]
    assert [(page.number, len(page.files), page.count) for page in pages] == [(1, 3, 3), (1, 3, 3), (2, 0, 3)]
    Child.objects.filter(pk=living.pk).update(merged_into=told)
    assert shown(key, asked(), member, at) == ["Ada", "Bea"], "nothing is shown of a file that lives on elsewhere"


def test_which_level_a_file_stood_at_is_shown_to_who_sees_levels(child, unknown, join, author, at, asked):
    member = join()
    other = make_child("Bea", "Seen")
    give(other, at - HOUR, membership=member)
    for file in (child, unknown, other):
        make_spell(file, author, started_on=timezone.localdate(at) - timedelta(days=9))
        Child.objects.filter(pk=file.pk).update(level="high", level_judged_at=at - DAY)
    Child.objects.filter(pk=other.pk).update(level="low")
    key = "open_by_level"
    assert shown(key, asked(), member, at) == ["Ada", "Bea"]
    assert shown(key, asked("high"), member, at) == ["Ada"]
    assert shown(key, asked(), member, at, level=Cell.SUMMARY) == ["Ada", "Bea"]
    assert shown(key, asked(), member, at, level=Cell.NONE) == []


def test_who_was_not_interviewed_is_shown_to_who_sees_episodes_and_interviews(child, unknown, join, author, at, asked):
    member = join()
    living, dead = make_child("Liv", "Seen"), make_child("Dead", "Seen")
    Child.objects.filter(pk=dead.pk).update(merged_into=living)
    for file in (living, dead):
        give(file, at - HOUR, membership=member)
    for file in (child, unknown, dead):
        make_interview(make_returned(file, author, last_seen_at=at - 9 * DAY), author, clock=False)
    late = make_child("Bea", "Seen")
    give(late, at - HOUR, membership=member)
    make_returned(late, author, last_seen_at=at - 90 * DAY)
    said = {"held_at": at - DAY, "state": "held", "held_by": make_membership(), "independent": True, "clock": False}
    held = make_child("Cai", "Seen")
    give(held, at - HOUR, membership=member)
    make_interview(make_returned(held, author, last_seen_at=at - 9 * DAY), author, **said)
    key = "interviews_in_72_hours"
    assert shown(key, asked("not_held"), member, at) == ["Ada", "Liv"]
    assert shown(key, asked("late"), member, at) == ["Cai"]
    for cells, names in (
        ({"missing": Cell.SUMMARY, "interview": Cell.SUMMARY}, ["Ada", "Liv"]),
        ({"missing": Cell.NONE}, []),
        ({"interview": Cell.NONE}, []),
    ):
        assert shown(key, asked("not_held"), member, at, **cells) == names
    Child.objects.filter(pk=living.pk).update(merged_into=child)
    assert shown(key, asked("not_held"), member, at) == ["Ada"]
