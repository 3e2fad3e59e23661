"""The access rule on its own, against tables written from the policy.

Seen to fail: a cell of the shipped definition changed (its row differs); the block, the restriction or the mask
left out of the rule (their rows differ); a grant made to hold at the very instant of its end (the boundary rows).
"""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.definitions import seeds
from accounts.rules.roles import ROLES
from accounts.rules.viewers import NOBODY, SystemPrincipal, Viewer, system_viewer
from cases.access.choices import ALL_CATEGORIES, Category, Cell
from cases.access.rules import (
    Action,
    FileFacts,
    Level,
    category_level,
    category_levels,
    decide,
    mask_of,
    may_know,
    opened_entry_level,
    read_matrix,
)
from tests.access import oracle

TABLE = oracle.matrix()
SHIPPED = read_matrix(next(seed.body for seed in seeds() if seed.kind == "access_matrix"))
GRANTED = FileFacts(category_mask=ALL_CATEGORIES, whole=True)
PANEL = FileFacts(panel_mask=ALL_CATEGORIES)
BOTH = FileFacts(category_mask=ALL_CATEGORIES, panel_mask=ALL_CATEGORIES)
AT = datetime(2026, 3, 4, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def viewer_as(role: str) -> Viewer:
    return Viewer(user_id=1, name="Kezia Thorne", role_key=role)


def test_the_table_is_whole():
    assert set(TABLE) == set(ROLES)
    assert len(TABLE) == 31
    assert {tuple(row) for row in TABLE.values()} == {tuple(category.value for category in Category)}
    assert len(list(Category)) == 18
    assert {letter for row in TABLE.values() for letter in row.values()} <= {cell.value for cell in Cell}


@pytest.mark.parametrize("role", sorted(ROLES))
def test_the_shipped_matrix_is_the_adopted_table(role):
    assert {name: SHIPPED.cell(role, name).value for name in TABLE[role]} == TABLE[role]


@pytest.mark.parametrize("facts", [GRANTED, PANEL, BOTH], ids=["granted", "panel", "both"])
@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_sees_of_each_category_what_its_cell_says(role, facts):
    everything = frozenset(category.value for category in Category)
    what = oracle.Seen(
        known=role not in oracle.OPEN_NO_FILE,
        categories=everything if facts.category_mask else frozenset(),
        panel=everything if facts.panel_mask else frozenset(),
    )
    levels = category_levels(viewer_as(role), facts, SHIPPED)
    assert {name: level.name for name, level in levels.items()} == {
        name: oracle.level(role, name, what, TABLE) for name in everything
    }


def test_a_grant_opens_the_categories_it_names_and_no_other():
    facts = FileFacts(category_mask=mask_of(["missing", "plan"]))
    levels = category_levels(viewer_as("csc_social_worker"), facts, SHIPPED)
    assert {name for name, level in levels.items() if level > Level.NONE} == {"missing", "plan"}


def test_a_role_or_category_nobody_has_heard_of_sees_nothing():
    assert SHIPPED.cell("wizard", "identity") == Cell.NONE
    assert SHIPPED.cell("csc_manager", "weather") == Cell.NONE


@pytest.mark.parametrize(
    ("facts", "allowed", "code"),
    [
        (FileFacts(), False, "no_grant"),
        (GRANTED, True, "granted"),
        (PANEL, True, "granted"),
        (FileFacts(blocked=True, category_mask=ALL_CATEGORIES), False, "blocked"),
        (FileFacts(blocked=True, restricted=True, named=True, category_mask=ALL_CATEGORIES), False, "blocked"),
        (FileFacts(restricted=True, category_mask=ALL_CATEGORIES), False, "restricted"),
        (FileFacts(restricted=True, panel_mask=ALL_CATEGORIES), False, "restricted"),
        (FileFacts(restricted=True, named=True, category_mask=ALL_CATEGORIES), True, "named"),
        (FileFacts(restricted=True), False, "restricted"),
    ],
)
def test_block_comes_before_restriction_and_restriction_before_grants(facts, allowed, code):
    known = may_know(viewer_as("csc_social_worker"), facts)
    assert (known.allowed, known.reason_code) == (allowed, code)
    assert known.text
    level = category_level(viewer_as("csc_social_worker"), Category.IDENTITY, facts, SHIPPED)
    assert level == (Level.FULL if allowed else Level.NONE)


def test_nobody_and_a_person_without_a_role_know_of_nothing():
    for viewer in (NOBODY, Viewer(user_id=1, name="Ada Northcote")):
        known = may_know(viewer, BOTH)
        assert (known.allowed, known.reason_code) == (False, "no_membership")
        assert set(category_levels(viewer, BOTH, SHIPPED).values()) == {Level.NONE}


def test_a_part_of_the_system_reads_everything():
    viewer = system_viewer(SystemPrincipal.MATCHING)
    known = may_know(viewer, FileFacts(blocked=True, restricted=True))
    assert (known.allowed, known.reason_code) == (True, "system")
    assert set(category_levels(viewer, FileFacts(), SHIPPED).values()) == {Level.FULL}
    assert {decide(viewer, action, FileFacts(), SHIPPED).reason_code for action in Action} == {"system"}


READS_FILES = set(ROLES) - {"board_analyst", "technical_admin", "notification_only"}
APPROVES = {"csc_manager", "specialist_manager"}
ASSESSES = APPROVES | {
    "panel_chair",
    "csc_social_worker",
    "csc_out_of_hours",
    "police_exploitation",
    "specialist_keyworker",
    "notification_point",
    "coordinator",
}
POLICE = {"police_exploitation", "police_missing", "police_officer"}
INTERVIEWS = {"return_interviewer", "specialist_keyworker", "specialist_manager"}
SOCIAL_CARE = {"csc_social_worker", "csc_manager", "csc_out_of_hours"}
BY_ROLE = {
    Action.REPORT_MISSING: POLICE | SOCIAL_CARE | INTERVIEWS | {"carer_or_home", "coordinator"},
    Action.GRADE_MISSING: POLICE,
    Action.ALLOCATE_INTERVIEW: {"specialist_manager", "csc_manager", "coordinator"},
    Action.RECORD_INTERVIEW: INTERVIEWS,
    Action.RESTRICT: {"specialist_manager", "csc_manager", "data_guardian"},
    Action.ASSESS_BREACH: {"data_guardian"},
}


@pytest.mark.parametrize("role", sorted(ROLES))
def test_what_each_role_may_do_on_a_file_it_has_been_granted(role):
    may = {action for action in Action if decide(viewer_as(role), action, GRANTED, SHIPPED).allowed}
    full_assessment = TABLE[role]["assessment"] in "FO"
    expected = {Action.VIEW_FILE, Action.SEE_WHO_CAN} if role in READS_FILES else set()
    if role in READS_FILES and TABLE[role]["who_looked"] == "F":
        expected |= {Action.SEE_WHO_LOOKED}
    if role in READS_FILES - {"data_guardian"}:
        expected |= {Action.ADD_ENTRY, Action.LIST_FOR_PANEL}
    sharing = TABLE[role]["sharing"] if role in READS_FILES else "N"
    if sharing in "FS":
        expected |= {Action.SEE_SHARING}
    if sharing == "F":
        expected |= {Action.END_SHARE} if role == "data_guardian" else {Action.END_SHARE, Action.SHARE}
    if role in READS_FILES:
        expected |= {action for action, roles in BY_ROLE.items() if role in roles}
    if role in ASSESSES:
        expected |= {Action.CHANGE_INVOLVEMENT} if TABLE[role]["identity"] == sharing == "F" else set()
        expected |= {Action.ASSESS_RISK, Action.JUDGE_LEVEL} if full_assessment else set()
    if role in APPROVES and full_assessment:
        expected |= {Action.APPROVE_LEVEL}
    assert may == expected


# What lets somebody else into the whole file for good, or keeps somebody out: whose job it is.
WHOLE = {
    Action.CHANGE_INVOLVEMENT: ASSESSES,
    Action.RESTRICT: BY_ROLE[Action.RESTRICT],
    Action.ALLOCATE_INTERVIEW: BY_ROLE[Action.ALLOCATE_INTERVIEW],
    Action.LIST_FOR_PANEL: READS_FILES - {"data_guardian"},
}


@pytest.mark.parametrize(
    "facts",
    [
        FileFacts(category_mask=ALL_CATEGORIES),
        FileFacts(panel_mask=ALL_CATEGORIES),
        FileFacts(category_mask=ALL_CATEGORIES, panel_mask=ALL_CATEGORIES),
        FileFacts(category_mask=ALL_CATEGORIES, emergency=True),
        FileFacts(category_mask=mask_of(["identity", "interview", "sharing"])),
        FileFacts(restricted=True, named=True, category_mask=ALL_CATEGORIES),
    ],
    ids=["share", "panel", "share_and_panel", "emergency", "part", "named_for_a_time"],
)
@pytest.mark.parametrize("action", WHOLE)
def test_who_sees_a_part_or_for_a_time_lets_nobody_into_the_whole_file(action, facts):
    for role in sorted(WHOLE[action]):
        decision = decide(viewer_as(role), action, facts, SHIPPED)
        assert (decision.allowed, decision.reason_code) == (False, "in_part"), role
        assert decision.text


@pytest.mark.parametrize(
    "facts", [GRANTED, FileFacts(restricted=True, named=True, category_mask=ALL_CATEGORIES, whole=True)]
)
def test_who_works_with_the_child_names_the_interviewer(facts):
    for role in sorted(WHOLE[Action.ALLOCATE_INTERVIEW]):
        assert decide(viewer_as(role), Action.ALLOCATE_INTERVIEW, facts, SHIPPED, category="interview").allowed, role


def test_who_let_themselves_in_by_an_emergency_lets_nobody_else_in():
    emergency = FileFacts(category_mask=ALL_CATEGORIES, emergency=True)
    for role in ("csc_social_worker", "csc_manager", "police_exploitation", "notification_point", "specialist_manager"):
        for action in (Action.SHARE, Action.END_SHARE, Action.LIST_FOR_PANEL, Action.ALLOCATE_INTERVIEW):
            decision = decide(viewer_as(role), action, emergency, SHIPPED)
            reasons = {"role_lacks", "in_part"} if action == Action.ALLOCATE_INTERVIEW else {"in_part"}
            assert decision.allowed is False, (role, action)
            assert decision.reason_code in reasons, (role, action)
        assert decide(viewer_as(role), Action.SEE_SHARING, emergency, SHIPPED).allowed
        # A child who is missing is reported by whoever knows of it.
        reports = role in BY_ROLE[Action.REPORT_MISSING]
        assert decide(viewer_as(role), Action.REPORT_MISSING, emergency, SHIPPED).allowed is reports


def test_what_was_received_is_not_shared_further():
    """A share never opens what was agreed about sharing, and without that nobody shares."""
    received = FileFacts(category_mask=ALL_CATEGORIES & ~mask_of(["sharing"]))
    for role in sorted(READS_FILES):
        assert decide(viewer_as(role), Action.SHARE, received, SHIPPED).allowed is False, role


@pytest.mark.parametrize(
    ("role", "category", "level", "seen"),
    [
        ("education_dsl", "missing", Level.NONE, Level.SUMMARY),
        ("csc_social_worker", "missing", Level.NONE, Level.FULL),
        ("housing", "missing", Level.NONE, Level.NONE),
        ("housing", "level", Level.NONE, Level.EXISTENCE),
        ("education_dsl", "minutes", Level.NONE, Level.NONE),
        ("education_dsl", "minutes", Level.FULL, Level.FULL),
        ("health_camhs", "health_sensitive", Level.NONE, Level.OWN),
        ("education_dsl", "missing", Level.FULL, Level.FULL),
    ],
)
def test_an_entry_that_is_shared_shows_as_much_as_the_cell_says(role, category, level, seen):
    """A panel's cell stays shut: a share is no panel."""
    assert opened_entry_level(level, viewer_as(role), category, SHIPPED) == seen


def test_an_entry_is_added_to_categories_the_role_works_with():
    for role in sorted(READS_FILES - {"data_guardian"}):
        may = {
            category.value
            for category in Category
            if decide(viewer_as(role), Action.ADD_ENTRY, GRANTED, SHIPPED, category=category).allowed
        }
        assert may == {name for name, letter in TABLE[role].items() if letter in "FO"}, role


def test_a_file_that_may_not_be_known_is_refused_as_such_before_anything_else():
    blocked = FileFacts(blocked=True, category_mask=ALL_CATEGORIES)
    for action in Action:
        decision = decide(viewer_as("housing"), action, blocked, SHIPPED, category="intelligence")
        assert (decision.allowed, decision.reason_code) == (False, "blocked")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("[roles.housing]", "[roles.landlord]"), "unknown role: landlord"),
        (lambda text: text.replace('intelligence = "N"', "", 1), "must name each category once"),
        (lambda text: text.replace('= "F"', '= "X"', 1), "X"),
        (lambda text: text[: text.index("[roles.notification_only]")], "a row for each role"),
    ],
)
def test_a_matrix_with_a_hole_or_a_stranger_in_it_is_not_read(change, message):
    body = next(seed.body for seed in seeds() if seed.kind == "access_matrix")
    assert change(body) != body
    with pytest.raises(ValueError, match=message):
        read_matrix(change(body))
