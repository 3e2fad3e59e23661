"""What may be shared with whom, for how long and against whose wishes: the rules as tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest

from accounts.choices import Sector
from accounts.definitions import seeds
from accounts.rules.roles import ROLES, Capability
from cases.access.choices import Category, Cell
from cases.access.rules import Level, mask_of, read_matrix
from cases.sharing.choices import Answer, DeclineReason, SharingEnd, WishKind
from cases.sharing.rules import shares as rules
from cases.sharing.rules.shares import Override, ShareRefused, Told, Wish

MATRIX = read_matrix(next(seed.body for seed in seeds() if seed.kind == "access_matrix"))
TODAY = date(2026, 3, 4)
ENDS = sorted(set(SharingEnd.values) - {"in_error"})
AGREES, REFUSES, SILENT = Told(Answer.AGREES), Told(Answer.REFUSES), Told(Answer.NO_ANSWER)
WHOLE = Override("significant_harm", "Miriam Aldous, manager", "Kezia told her on the way to school.")


def refused_at(call, *args, **said) -> str | None:
    """The field that a rule refuses at; None where it does not refuse."""
    try:
        call(*args, **said)
    except ShareRefused as refusal:
        return refusal.field
    return None


@pytest.mark.parametrize(
    ("after", "field"), [(-1, "ends_on"), (0, "ends_on"), (1, None), (90, None), (365, None), (366, "ends_on")]
)
def test_a_share_ends_within_a_year(after, field):
    assert refused_at(rules.check_ends_on, TODAY + timedelta(days=after), today=TODAY) == field


@pytest.mark.parametrize(
    ("after", "field"), [(0, "ends_on"), (1, "ends_on"), (27, "ends_on"), (28, None), (365, None), (366, "ends_on")]
)
def test_a_share_of_what_keeps_a_child_safe_lasts_four_weeks_and_ends_within_a_year(after, field):
    assert refused_at(rules.check_ends_on, TODAY + timedelta(days=after), today=TODAY, safety=True) == field


def test_how_long_it_must_last_is_said_by_its_day():
    with pytest.raises(ShareRefused, match="the last day must be 1 April 2026 or later"):
        rules.check_ends_on(TODAY + timedelta(days=2), today=TODAY, safety=True)
    with pytest.raises(ShareRefused, match="must be after today"):
        rules.check_ends_on(TODAY, today=TODAY, safety=True)


@pytest.mark.parametrize(("after", "field"), [(0, "review_on"), (1, None), (183, None), (184, "review_on")])
def test_a_decision_not_to_share_is_looked_at_within_six_months(after, field):
    assert refused_at(rules.check_review_on, TODAY + timedelta(days=after), today=TODAY) == field


@pytest.mark.parametrize(
    ("child", "carers", "field"),
    [
        (AGREES, AGREES, None),
        (REFUSES, SILENT, None),
        (Told(Answer.NOT_TOLD), AGREES, "child_not_told"),
        (Told(Answer.NOT_TOLD, "risk"), AGREES, None),
        (Told(Answer.NOT_TOLD, "no such reason"), AGREES, "child_not_told"),
        (AGREES, Told(Answer.NOT_TOLD), "carers_not_told"),
        (AGREES, Told(Answer.NOT_TOLD, "nobody"), None),
    ],
)
def test_who_is_not_told_is_not_told_for_a_reason(child, carers, field):
    assert refused_at(rules.check_told, child, carers) == field


@pytest.mark.parametrize(
    ("basis", "child", "carers", "sector", "field"),
    [
        ("public_task", REFUSES, REFUSES, "social_care", None),
        ("agreement", AGREES, SILENT, "social_care", None),
        ("agreement", SILENT, AGREES, "social_care", None),
        ("agreement", SILENT, SILENT, "social_care", "basis"),
        ("agreement", AGREES, REFUSES, "social_care", "basis"),
        ("agreement", REFUSES, AGREES, "social_care", "basis"),
        ("law_enforcement", SILENT, SILENT, "police", None),
        ("law_enforcement", SILENT, SILENT, "specialist", "basis"),
    ],
)
def test_agreement_is_the_basis_only_where_there_is_some(basis, child, carers, sector, field):
    assert refused_at(rules.check_basis, basis, child=child, carers=carers, sector=sector) == field


NOT_WIDER, FREE = Wish(WishKind.NOT_WIDER), Wish(WishKind.FREE)
LIMITS = Wish(WishKind.LIMITS, mask_of(["sessions", "family"]), frozenset({"education"}))


@pytest.mark.parametrize(
    ("child", "wish", "categories", "sector", "against"),
    [
        (AGREES, None, ["missing"], "housing", False),
        (REFUSES, None, ["missing"], "housing", True),
        (REFUSES, FREE, ["missing"], "housing", True),
        (SILENT, FREE, ["missing"], "housing", False),
        (SILENT, NOT_WIDER, ["missing"], "housing", True),
        (SILENT, NOT_WIDER, ["missing"], "social_care", True),
        (AGREES, NOT_WIDER, ["missing"], "housing", False),
        (SILENT, LIMITS, ["missing"], "housing", False),
        (SILENT, LIMITS, ["missing", "family"], "housing", True),
        (SILENT, LIMITS, ["missing"], "education", True),
        (Told(Answer.NOT_TOLD, "risk"), LIMITS, ["sessions"], "police", True),
        (Told(Answer.NOT_TOLD, "risk"), None, ["sessions"], "police", False),
    ],
)
def test_what_the_child_says_governs(child, wish, categories, sector, against):
    assert rules.goes_against_child(child, wish, mask=mask_of(categories), sector=sector) is against


@pytest.mark.parametrize(
    ("answer", "wish", "since", "categories", "sector", "against"),
    [
        ("agrees", NOT_WIDER, False, ["missing"], "housing", False),
        ("agrees", NOT_WIDER, True, ["missing"], "housing", True),
        ("refuses", FREE, False, ["missing"], "housing", True),
        ("refuses", FREE, True, ["missing"], "housing", False),
        ("no_answer", LIMITS, False, ["missing"], "education", True),
        ("agrees", LIMITS, True, ["identity", "family"], "police", True),
        ("agrees", LIMITS, True, ["identity", "missing"], "police", False),
        ("agrees", Wish(WishKind.LIMITS, mask_of(["identity"])), True, ["identity", "missing"], "police", False),
    ],
)
def test_what_runs_is_measured_by_what_the_child_said_last(answer, wish, since, categories, sector, against):
    said = {"said_since": since, "mask": mask_of(categories), "sector": sector}
    assert rules.runs_against_child(answer, wish, **said) is against


@pytest.mark.parametrize(
    ("wish", "sector", "named"),
    [
        (LIMITS, "education", True),
        (LIMITS, "police", False),
        (NOT_WIDER, "education", False),
        (Wish(WishKind.FREE, 0, frozenset({"education"})), "education", False),
        (Wish(WishKind.NOT_WIDER, 0, frozenset({"education"})), "education", False),
        (Wish(WishKind.LIMITS, mask_of(["family"])), "education", False),
    ],
)
def test_who_works_with_the_child_is_unwanted_where_the_child_names_them(wish, sector, named):
    assert rules.names_workers(wish, sector) is named


@pytest.mark.parametrize(
    ("override", "child", "carers", "field"),
    [
        (Override(), False, False, None),
        (WHOLE, False, False, "overrides"),
        (Override(), True, False, "overrides"),
        (Override(), False, True, "overrides"),
        (WHOLE, True, False, None),
        (WHOLE, True, True, None),
        (Override("crime", "A manager of ours"), False, True, None),
        (Override("crime", "A manager of ours"), True, False, "explained"),
        (Override("crime", "Boss", "Told her on Monday."), True, False, "authorised_by"),
        (Override("because", "A manager of ours", "Told her on Monday."), True, False, "ground"),
        (Override("", "A manager of ours", "Told her on Monday."), True, False, "ground"),
    ],
)
def test_an_override_has_ground_authoriser_and_was_explained(override, child, carers, field):
    assert refused_at(rules.check_override, override, against_child=child, against_carers=carers) == field


@pytest.mark.parametrize(
    ("reason", "categories", "sector", "field"),
    [
        ("wishes", ["missing"], "social_care", "decline_reason"),
        ("wishes", ["level", "sessions"], "police", "decline_reason"),
        ("wishes", ["person_of_concern"], "police", "decline_reason"),
        ("not_reliable", ["person_of_concern"], "police", "decline_reason"),
        ("no_basis", ["assessment"], "social_care", "decline_reason"),
        ("wishes", ["sessions"], "police", None),
        ("no_basis", ["sessions"], "police", None),
        ("wishes", ["missing"], "housing", None),
        ("not_reliable", ["missing"], "housing", None),
        ("not_needed", ["missing"], "social_care", None),
        ("more_harm", ["assessment"], "police", None),
    ],
)
def test_what_keeps_a_child_safe_is_kept_from_social_care_and_police_for_two_reasons_only(
    reason, categories, sector, field
):
    assert refused_at(rules.check_may_decline, reason, mask=mask_of(categories), sector=sector) == field


@pytest.mark.parametrize("sector", ["social_care", "police", "housing"])
@pytest.mark.parametrize("reason", DeclineReason.values)
def test_where_they_ask_for_it_only_harm_keeps_it_back(reason, sector):
    said = {"mask": mask_of(["missing"]), "sector": sector, "asked": True, "field": "reason"}
    kept = reason == "more_harm" or sector == "housing"
    assert refused_at(rules.check_may_decline, reason, **said) == (None if kept else "reason")


def test_what_must_go_is_named():
    with pytest.raises(ShareRefused, match=r"police: missing episodes\. Share it") as refused:
        rules.check_may_decline("wishes", mask=mask_of(["missing", "plan"]), sector="police")
    assert "they do not need it" in refused.value.reason
    with pytest.raises(ShareRefused) as refused:
        rules.check_may_decline("not_needed", mask=mask_of(["missing"]), sector="police", asked=True)
    assert "they do not need it" not in refused.value.reason


@pytest.mark.parametrize(
    ("role", "asked", "less", "owed"),
    [
        ("police_missing", ["missing", "plan"], [], ["missing"]),
        ("police_missing", ["missing", "plan"], ["missing"], []),
        ("csc_social_worker", ["missing", "level", "assessment", "person_of_concern"], ["level"], [
            "missing", "assessment", "person_of_concern",
        ]),
        ("housing", ["missing", "level", "contact_address"], [], []),
        ("education_dsl", ["missing", "level"], [], []),
    ],
)  # fmt: skip
def test_what_is_owed_to_whoever_asks(role, asked, less, owed):
    """Of what they asked for: what keeps a child safe, their job sees, and they do not have yet."""
    sector = ROLES[role].sector
    assert rules.owed(mask_of(asked), role=role, sector=sector, less=mask_of(less), matrix=MATRIX) == mask_of(owed)


def test_nothing_is_owed_to_a_job_that_sees_nothing_of_it():
    said = {"sector": "police", "less": 0, "matrix": MATRIX}
    assert MATRIX.cell("board_analyst", "assessment") not in {"F", "S"}
    assert rules.owed(mask_of(["assessment"]), role="board_analyst", **said) == 0


@pytest.mark.parametrize(("cell", "owes"), [("F", True), ("S", True), ("E", False), ("N", False)])
def test_what_a_job_sees_in_summary_is_owed_too(cell, owes):
    matrix = replace(MATRIX, cells={"police_missing": {**MATRIX.cells["police_missing"], "missing": Cell(cell)}})
    found = rules.owed(mask_of(["missing"]), role="police_missing", sector="police", less=0, matrix=matrix)
    assert found == (mask_of(["missing"]) if owes else 0)


@pytest.mark.parametrize(
    ("roles", "sector", "kinds", "less", "lost"),
    [
        (["police_missing"], "police", ["missing", "plan"], [], ["missing"]),
        (["csc_manager"], "social_care", ["identity", "missing", "level"], [], ["missing", "level"]),
        (["csc_manager"], "social_care", ["missing", "level"], ["level", "plan"], ["missing"]),
        (["csc_manager"], "social_care", ["missing"], ["missing"], []),
        (["csc_manager"], "housing", ["missing"], [], []),
        (["board_analyst"], "police", ["missing"], [], []),
        (["board_analyst", "police_missing"], "police", ["missing"], [], ["missing"]),
        ([], "police", ["missing"], [], []),
    ],
)
def test_what_is_lost_with_a_share(roles, sector, kinds, less, lost):
    """What keeps a child safe, anybody there sees, and they do not see otherwise."""
    said = {"sector": sector, "less": mask_of(less), "matrix": MATRIX}
    assert rules.lost(mask_of(kinds), roles=(one for one in roles), **said) == mask_of(lost)


@pytest.mark.parametrize(
    ("kind", "lost", "field"),
    [
        ("not_needed", ["missing"], "end_kind"),
        ("decided_again", ["missing"], "end_kind"),
        ("in_error", ["missing"], None),
        *((kind, [], None) for kind in SharingEnd.values),
    ],
)
def test_what_keeps_a_child_safe_is_not_ended_as_no_longer_needed(kind, lost, field):
    assert refused_at(rules.check_takes_no_safety, kind, lost=mask_of(lost)) == field


@pytest.mark.parametrize(
    ("lost", "left_out", "same", "field"),
    [
        (["missing"], ["plan"], True, None),
        (["missing", "level"], ["level", "plan"], True, "categories"),
        (["missing"], ["missing"], True, "categories"),
        ([], ["plan"], True, None),
        (["missing"], [], False, "person"),
        ([], [], False, "person"),
    ],
)
def test_what_takes_the_place_of_a_share_is_about_the_same_people_and_holds_what_they_would_lose(
    lost, left_out, same, field
):
    assert refused_at(rules.check_in_place_of, lost=mask_of(lost), left_out=mask_of(left_out), same=same) == field


def test_what_would_be_lost_is_named():
    with pytest.raises(ShareRefused, match=r"safe: missing episodes\. It is decided not to share it any more instead"):
        rules.check_takes_no_safety("not_needed", lost=mask_of(["missing"]))
    with pytest.raises(ShareRefused) as refused:
        rules.check_in_place_of(
            lost=mask_of(["missing", "assessment"]), left_out=mask_of(["assessment", "plan"]), same=True
        )
    assert f"keeps the child safe: {Category.ASSESSMENT.label}. Select" in refused.value.reason


def test_only_what_is_owed_and_does_not_go_is_named():
    with pytest.raises(ShareRefused) as refused:
        rules.check_owed_goes(mask_of(["missing", "assessment"]), mask_of(["missing", "plan"]))
    assert f"keeps a child safe: {Category.ASSESSMENT.label}. Share" in refused.value.reason


@pytest.mark.parametrize(
    ("owed", "goes", "field"), [(["missing"], ["plan"], "categories"), (["missing"], ["missing"], None), ([], [], None)]
)
def test_a_share_with_whoever_asks_holds_what_is_owed(owed, goes, field):
    assert refused_at(rules.check_owed_goes, mask_of(owed), mask_of(goes)) == field


def test_the_matrix_gives_them_in_full_what_keeps_a_child_safe():
    for role in ("csc_social_worker", "csc_manager", "police_exploitation"):
        assert {MATRIX.cell(role, category) for category in rules.SAFETY} == {"F"}, role


@pytest.mark.parametrize(
    ("roles", "categories", "entries", "field"),
    [
        (["education_dsl"], ["missing"], [], None),
        (["education_dsl"], ["missing", "minutes"], [], "categories"),
        (["housing"], ["level"], [], "categories"),
        (["housing", "education_dsl"], ["level"], [], None),
        (["education_dsl"], [], ["missing"], None),
        (["education_dsl"], [], ["identity"], "entries"),
        (["education_dsl"], [], ["sessions"], "entries"),
        (["csc_social_worker"], [], ["identity"], None),
        ([], ["missing"], [], "categories"),
    ],
)
def test_what_nobody_there_would_see_is_not_shared(roles, categories, entries, field):
    said = {"categories": categories, "entries": entries, "matrix": MATRIX, "name": "They"}
    assert refused_at(rules.check_receiver_sees, roles, **said) == field


@pytest.mark.parametrize(
    ("mask", "held", "entries", "field"),
    [
        (["identity", "missing"], ["identity", "missing", "plan"], [], "categories"),
        (["identity", "missing"], ["identity"], [], None),
        (["identity"], ["identity"], [uuid4()], None),
    ],
)
def test_what_they_see_anyway_is_not_shared(mask, held, entries, field):
    assert refused_at(rules.check_not_held, mask_of(mask), mask_of(held), entries=entries, name="They") == field


def test_only_what_one_sees_in_full_is_offered_and_never_what_lets_others_in():
    levels = dict.fromkeys(Category.values, Level.FULL) | {"missing": Level.SUMMARY, "plan": Level.OWN}
    assert set(rules.shareable(levels)) == set(Category.values) - {
        "missing", "plan", "identity", "sharing", "who_looked",
    }  # fmt: skip


@pytest.mark.parametrize(("words", "field"), [("x" * 9, "purpose"), ("x" * 10, None)])
def test_a_sentence_has_ten_characters(words, field):
    assert refused_at(rules.check_words, words, field="purpose", what="what for") == field


@pytest.mark.parametrize(
    ("kind", "shared", "field"),
    [
        ("in_error", True, None),
        ("in_error", False, "end_kind"),
        ("over", True, "end_kind"),
        *((kind, shared, None) for kind in ENDS for shared in (True, False)),
    ],
)
def test_how_a_share_may_end(kind, shared, field):
    assert refused_at(rules.check_may_end, kind, shared=shared) == field


@pytest.mark.parametrize("sector", sorted(Sector.values))
def test_what_keeps_a_child_safe_goes_to_social_care_and_police(sector):
    safe = {name for name in Category.values if rules.is_safety(mask_of([name]), sector)}
    must = {"level", "assessment", "missing", "person_of_concern"}
    assert safe == (must if sector in {"social_care", "police"} else set())


def test_what_keeps_a_child_safe():
    """Who the child is goes with every share; of the rest these."""
    assert {"level", "assessment", "missing", "person_of_concern"} == rules.SAFETY


def test_how_much_several_jobs_would_see_is_the_most_of_any():
    assert rules.seen_by([], "missing", MATRIX) == rules.entry_seen_by([], "missing", MATRIX) == Level.NONE
    for category in Category.values:
        unwritten = {"S": Level.EXISTENCE} if category in ("sessions", "orientation", "intelligence") else {}
        for role in ("housing", "education_dsl", "csc_manager", "police_missing"):
            cell = MATRIX.cell(role, category)
            seen = {"F": Level.FULL, "S": Level.SUMMARY, "E": Level.EXISTENCE, "O": Level.OWN, **unwritten}.get(
                cell, Level.NONE
            )
            assert rules.seen_by([role], category, MATRIX) == seen
            assert rules.seen_by([role, "board_analyst"], category, MATRIX) == seen


def test_how_much_of_an_entry_several_jobs_would_see():
    """A panel's cell stays shut, and the one that sees most counts."""
    assert MATRIX.cell("education_dsl", "minutes") == "P"
    assert rules.entry_seen_by(["education_dsl"], "minutes", MATRIX) == Level.NONE
    assert rules.entry_seen_by(["board_analyst", "csc_manager"], "plan", MATRIX) == Level.FULL


def test_a_child_who_says_that_all_may_know_keeps_nothing_back():
    wish = Wish(WishKind.FREE, mask_of(["sessions"]), frozenset({"police"}))
    assert rules.goes_against_child(SILENT, wish, mask=mask_of(["sessions"]), sector="police") is False


@pytest.mark.parametrize(
    ("child", "carers", "who"),
    [(True, True, "the child"), (True, False, "the child"), (False, True, "a parent or carer")],
)
def test_whose_wish_it_is_against_is_said(child, carers, who):
    with pytest.raises(ShareRefused, match=f"against what {who} wants"):
        rules.check_override(Override(), against_child=child, against_carers=carers)


def test_what_jobs_would_know_of():
    """Also of what they would read only that there is something: that is told too."""
    assert MATRIX.cell("housing", "plan") == "E"
    knows = rules.would_know_of(["housing"], MATRIX)
    assert knows == mask_of(name for name in Category.values if MATRIX.cell("housing", name) in {"F", "S", "E"})
    assert rules.would_know_of([], MATRIX) == 0
    both = rules.would_know_of(["housing", "education_dsl"], MATRIX)
    assert both == knows | rules.would_know_of(["education_dsl"], MATRIX)


def test_the_jobs_of_a_sector_are_those_that_read_files():
    assert rules.jobs_of("housing") == ["housing"]
    assert {"csc_social_worker", "csc_manager", "csc_out_of_hours"} <= set(rules.jobs_of("social_care"))
    for sector in Sector.values:
        for key in rules.jobs_of(sector):
            assert (ROLES[key].sector, Capability.READ_FILES in ROLES[key].capabilities) == (sector, True)


@pytest.mark.parametrize(
    ("told", "field"), [(SILENT, None), (Told(Answer.NOT_TOLD), "why"), (Told(Answer.NOT_TOLD, "risk"), None)]
)
def test_who_is_not_told_of_being_brought_in_is_not_told_for_a_reason(told, field):
    assert refused_at(rules.check_why_not_told, told, field="why") == field
