"""Whose notifications somebody is shown, which of them and which questions triage and the guardians read, and what of a
kept address triage may know, one condition at a time.

`make mutants` turns round or leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import Agency, Membership
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from cases.record.models import Child
from referrals.models import MatchQuestion, Notification
from referrals.selectors import notify, triage
from tests.access.seen.rows import DAY, GUARDIANS, HOUR, ROLE, TICK, lead, named, or_none, unblock
from tests.factories.accounts import make_agency, make_membership
from tests.factories.cases import block, give, make_child, make_protected
from tests.factories.missing import make_episode, make_report
from tests.factories.referrals import make_decision, make_match_question, make_notification

pytestmark = pytest.mark.django_db
HOLD_CASES = {
    "csc_social_worker",
    "csc_manager",
    "csc_out_of_hours",
    "specialist_keyworker",
    "specialist_manager",
    "police_exploitation",
    "youth_justice",
    "early_help",
}
DSL = "education_dsl"


def send(member: Membership, child: Child | None = None, **said: Any) -> Notification:
    return make_notification(viewer_of(member), child=child, **said)


# What a referrer is shown


def test_a_notification_is_its_referrers_for_the_agency_for_which_they_sent_it(at):
    mine, other = make_membership(role=DSL), make_membership(role=DSL)
    again = make_membership(mine.user, role=ROLE)
    colleague = make_membership(role=DSL, agency=mine.agency)
    rows = {name: send(one) for name, one in (("mine", mine), ("other", other), ("again", again), ("here", colleague))}
    for member, names in ((mine, {"mine"}), (again, {"again"}), (make_membership(role=DSL), set())):
        viewer = viewer_of(member)
        opened = {name for name, row in rows.items() if or_none(notify.notification_of, viewer, row.reference) == row}
        begun = {name for name, row in rows.items() if notify.sent_from(viewer, row.pk) == row}
        assert (opened, begun) == (names, names)
        assert or_none(notify.notification_of, viewer, "none") is notify.sent_from(viewer, uuid4()) is None


def test_a_decision_is_told_unless_a_conflict_of_interest_kept_the_referrer_from_the_file_then_and_now(at):
    teacher, other = make_membership(role=DSL), make_membership(role=DSL)
    by, guardian = (
        viewer_of(make_membership(role="notification_point")),
        viewer_of(make_membership(role="data_guardian")),
    )
    names = ("plain", "blocked", "into blocked", "under blocked", "lifted", "placed since", "another's", "elsewhere")
    files = {name: make_child(name, "Seen") for name in names}
    rows = {name: send(teacher, file) for name, file in files.items()}
    rows["waits"] = send(teacher)
    rows["long ago"], rows["other's"] = send(teacher), send(other, files["blocked"])
    for name, row in rows.items():
        if name != "waits":
            make_decision(row, by, decided_at=at - (9 * DAY if name == "long ago" else HOUR))
    Child.objects.filter(pk=files["into blocked"].pk).update(merged_into=files["blocked"])
    merged = make_child("under", "Merged", merged_into=files["under blocked"])
    kept = viewer_of(teacher)
    for file in (files["blocked"], merged):
        block(file, kept, by=guardian, at=at - HOUR)
    unblock(block(files["lifted"], kept, by=guardian, at=at - 2 * HOUR), at - HOUR)
    block(files["placed since"], kept, by=guardian, at=at - HOUR + TICK)
    block(files["another's"], viewer_of(other), by=guardian, at=at - 2 * HOUR)
    block(make_child("Zoe", "Seen"), kept, by=guardian, at=at - 2 * HOUR)
    told = {"plain", "lifted", "placed since", "another's", "elsewhere"}
    assert named(rows, notify.decided_lately(kept, since=at - HOUR)) == told
    assert named(rows, notify.decided_lately(kept, since=at - 9 * DAY)) == told | {"long ago"}
    assert {name for name, row in rows.items() if name != "other's" and notify.sent_from(kept, row.pk).answer_kept} == {
        "blocked",
        "into blocked",
        "under blocked",
    }


# What triage is shown


def test_triage_is_shown_notifications_that_were_joined_to_no_file_that_they_may_not_know_of(child, unknown, join, at):
    member = join("notification_point")
    viewer, teacher = viewer_of(member), make_membership(role=DSL)
    rows = {"no file": send(teacher), "known": send(teacher, child), "unknown": send(teacher, unknown)}
    seen = {"no file", "known"}
    assert named(rows, triage.waiting_notifications(viewer, at=at).rows) == seen
    assert triage.triage_summary(viewer, at=at).waiting == 2
    opened = {
        name
        for name, row in rows.items()
        if or_none(triage.notification_for_triage, viewer, row.reference, at=at) == row
    }
    assert opened == seen


def test_a_notification_is_joined_to_a_living_file_that_triage_may_know_of(child, unknown, join, at):
    viewer = viewer_of(member := join("notification_point"))
    merged = make_child("Cai", "Merged", merged_into=child)
    give(merged, at - HOUR, membership=member)
    found = [triage.file_to_join(viewer, one.reference, at=at) for one in (child, unknown, merged)]
    assert found == [child, None, None]
    assert triage.file_to_join(viewer, f" {child.reference.lower()} ", at=at) == child


def test_triage_is_told_of_a_kept_postcode_where_they_may_know_the_address(child, unknown, join, at):
    author = join("notification_point")
    viewer, postcodes = viewer_of(author), frozenset({"YO17HH", "LS14DY", "NE11AA"})
    lead(child, author, is_lead=False)
    make_protected(child, viewer, readers=(author,), postcode="YO1 7HH")
    make_protected(unknown, viewer, readers=(author,), postcode="NE1 1AA")
    row = send(make_membership(role=DSL), address_protected=True, postcode="LS1 4DY")

    def kept(reference: str, by: Viewer = viewer, among: frozenset[str] = postcodes) -> set[str]:
        return set(triage.kept_among(row, by, reference, among, at=at))

    assert kept("") == kept(unknown.reference) == {"LS14DY"}
    assert kept(child.reference) == {"LS14DY", "YO17HH"}
    assert kept(child.reference, among=frozenset({"YO17HH"})) == {"YO17HH"}
    assert kept(child.reference, viewer_of(join("notification_point"))) == {"LS14DY"}, "not on its list"


def test_who_may_be_named_to_lead_holds_cases_at_an_agency_that_is_still_there(at):
    today, closed = timezone.localdate(at), make_agency()
    Agency.objects.filter(pk=closed.pk).update(ended_on="2026-02-05")
    people = {role: make_membership(role=role) for role in (*HOLD_CASES, "housing", "notification_point")}
    people["left"] = make_membership(role=ROLE, ended_on=today)
    people["closed"] = make_membership(role=ROLE, agency=closed)
    assert named(people, triage.possible_leads(at=at)) == HOLD_CASES


def test_whom_a_conflict_keeps_from_any_file_of_the_child_is_not_named_to_lead(
    child, unknown, at, django_assert_num_queries
):
    """Seen to fail: a conflict of interest was not asked for."""
    people = {name: make_membership(role=ROLE) for name in ("free", "kept", "merged", "lifted", "elsewhere")}
    by = viewer_of(make_membership())
    files = {"kept": child, "merged": make_child(merged_into=child), "lifted": child, "elsewhere": unknown}
    for name, file in files.items():
        row = block(file, viewer_of(people[name]), by=by, at=at - HOUR)
        if name == "lifted":
            unblock(row, at)
    assert named(people, triage.possible_leads(at=at, child_id=child.pk)) == {"free", "lifted", "elsewhere"}
    with django_assert_num_queries(1):
        assert named(people, triage.possible_leads(at=at)) == set(people), "of a file that is not there yet none"


# Questions to the guardians


def test_a_guardian_is_asked_about_no_file_that_a_conflict_keeps_from_them_and_shown_those_they_may_know_of(
    child, unknown, guardian, at
):
    by, viewer = viewer_of(make_membership(role="police_missing")), viewer_of(guardian)
    other = make_membership(role="data_guardian", functions=(GUARDIANS,))
    shut, under = make_child("Cai", "Seen"), make_child("Dan", "Seen")
    merged = make_child("Dan", "Merged", merged_into=under)
    for file in (shut, merged):
        block(file, viewer, by=viewer_of(other), at=at - HOUR)
    block(child, viewer_of(make_membership()), by=viewer, at=at - HOUR)
    lead(child, leads := make_membership(role=ROLE))
    episodes = {file.pk: make_episode(file, by) for file in (child, unknown, shut)}

    def asked(about: Child, report_on: Child | None = None, **said: Any) -> MatchQuestion:
        said = {"asked_at": at, **said}
        if report_on is None:
            return make_match_question(make_notification(by), about, **said)
        report = make_report(episodes[report_on.pk], by)
        return MatchQuestion.objects.create(report=report, child=about, reasons=["Same name"], **said)

    answered = {"answered_at": at, "answered_by": other, "same_child": False}
    rows = {
        "known": asked(child),
        "unknown": asked(unknown),
        "shut": asked(shut),
        "under": asked(under),
        "report": asked(unknown, child),
        "report on unknown": asked(child, unknown),
        "report on shut": asked(child, shut),
        "answered": asked(child, **answered),
        "coming": asked(child, asked_at=at + TICK),
    }
    kept = {"shut", "under", "report on shut"}
    every = {row.pk: name for name, row in rows.items()}
    assert {every[row["pk"]] for row in triage.questions_kept_from(viewer, at)} == kept
    assert {every[row["pk"]] for row in triage.questions_waiting(at)} == set(rows) - {"answered", "coming"}
    shown = {every[one.question.pk]: one for one in triage.questions_for(viewer, at=at)}
    assert set(shown) == set(rows) - kept - {"answered"}
    assert {name for name, one in shown.items() if one.child} == {"known", "report on unknown", "coming"}
    assert shown["known"].lead.membership == leads
    opened = {name: or_none(triage.question_for, viewer, row.pk, at=at) for name, row in rows.items()}
    assert {name for name, one in opened.items() if one} == set(rows) - kept
    files = {name: (one.child, one.reported) for name, one in opened.items() if one}
    assert files["known"] == files["answered"] == (child, None)
    assert files["unknown"] == (None, None)
    assert files["report"] == (None, child)
    assert files["report on unknown"] == (child, None)
    assert opened["known"].lead.membership == leads
    assert or_none(triage.question_for, viewer, uuid4(), at=at) is None
    assert triage.files_in(rows["report"]) == [unknown.pk, child.pk]
    assert triage.files_in(rows["known"]) == [child.pk]
