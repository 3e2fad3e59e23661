"""How much of a category and of one entry somebody sees, and what they are told of why: tables from the matrix.

`make mutants` turns round or leaves out each condition that it is about, and says what was not noticed.
"""

from __future__ import annotations

import pytest

from accounts.definitions import seeds
from accounts.rules.roles import ROLES
from accounts.rules.viewers import Viewer
from cases.access.choices import ALL_CATEGORIES, Category, Cell
from cases.access.rules import (
    Action,
    FileFacts,
    Level,
    Matrix,
    Opening,
    categories_in,
    category_level,
    decide,
    entry_level,
    level_of,
    mask_of,
    may_know,
    opened_entry_level,
    opening_of,
    read_matrix,
    readers_of,
    roles_told_of,
    timeline_level,
)
from tests.access import oracle

TABLE = oracle.matrix()
SHIPPED = read_matrix(next(seed.body for seed in seeds() if seed.kind == "access_matrix"))
READS_FILES = set(ROLES) - oracle.OPEN_NO_FILE
ONE = mask_of(["missing"])
OTHER = ALL_CATEGORIES & ~ONE


def holding(letters: str, category: str) -> set[str]:
    return {role for role, row in TABLE.items() if row[category] in letters}


@pytest.mark.parametrize("category", Category.values)
def test_who_reads_an_entry_is_the_column_of_its_category(category):
    for sector in {role.sector for role in ROLES.values()}:
        readers = readers_of(category, SHIPPED, sector=sector)
        assert readers.full == holding("F", category) & READS_FILES
        assert readers.panel == holding("P", category) & READS_FILES
        written = category not in oracle.NO_SUMMARY
        assert readers.summary == (holding("S", category) & READS_FILES if written else set())
        assert readers.existence == holding("E" if written else "ES", category) & READS_FILES
        of_sector = {key for key, role in ROLES.items() if role.sector == sector}
        assert readers.colleagues == holding("O", category) & READS_FILES & of_sector


@pytest.mark.parametrize("category", Category.values)
def test_who_is_told_that_something_happened(category):
    assert roles_told_of(category, SHIPPED) == {role for role, row in TABLE.items() if row[category] in "FSE"}


@pytest.mark.parametrize(
    ("letter", "without", "with_panel"),
    [
        ("F", Level.FULL, Level.FULL),
        ("S", Level.SUMMARY, Level.SUMMARY),
        ("E", Level.EXISTENCE, Level.EXISTENCE),
        ("O", Level.OWN, Level.OWN),
        ("P", Level.NONE, Level.FULL),
        ("I", Level.NONE, Level.NONE),
        ("A", Level.NONE, Level.NONE),
        ("N", Level.NONE, Level.NONE),
    ],
)
def test_what_a_cell_opens(letter, without, with_panel):
    assert (level_of(letter, panel=False), level_of(letter, panel=True)) == (without, with_panel)


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("own_agency", [True, False])
def test_how_much_of_one_entry_is_seen(level, own_agency):
    assert entry_level(level, own=True, own_agency=own_agency) == Level.FULL
    theirs = Level.FULL if own_agency else Level.NONE
    assert entry_level(level, own=False, own_agency=own_agency) == (theirs if level == Level.OWN else level)


NO_ENTRY_IN_ITS_SUMMARY = {"identity", "contact_address", "vulnerability", "minutes"}


@pytest.mark.parametrize("category", Category.values)
@pytest.mark.parametrize("letter", Cell.values)
def test_a_cell_opens_what_it_says_but_no_summary_that_nobody_writes(letter, category):
    opened = "E" if letter == "S" and category in oracle.NO_SUMMARY else letter
    matrix = Matrix(version=1, cells={"housing": {category: Cell(letter)}})
    assert matrix.opens("housing", category) == opened
    assert matrix.cell("housing", category) == letter


@pytest.mark.parametrize("category", sorted(oracle.NO_SUMMARY))
def test_a_role_that_reads_the_summary_of_them_knows_that_there_is_something(category):
    """Seen to fail: everything about access said "in summary", and nothing came."""
    role = next(key for key in sorted(READS_FILES) if TABLE[key][category] == "S")
    viewer, facts = Viewer(user_id=1, role_key=role), FileFacts(category_mask=ALL_CATEGORIES)
    assert category_level(viewer, category, facts, SHIPPED) == Level.EXISTENCE
    assert opening_of(viewer, category, facts, SHIPPED) == Opening.EXISTS
    assert opened_entry_level(Level.NONE, viewer, category, SHIPPED) == Level.EXISTENCE
    readers = readers_of(category, SHIPPED, sector="health")
    assert (role in readers.existence, readers.summary) == (True, frozenset())


@pytest.mark.parametrize("category", Category.values)
def test_a_summary_of_facts_has_no_entry_in_it(category):
    for level in Level:
        facts = level == Level.SUMMARY and category in NO_ENTRY_IN_ITS_SUMMARY
        assert timeline_level(category, level) == (Level.EXISTENCE if facts else level)


OPENING = {
    "F": Opening.IN_FULL, "S": Opening.IN_SUMMARY, "O": Opening.OWN_SERVICE, "E": Opening.EXISTS,
    "I": Opening.INSTRUCTIONS, "A": Opening.TOTALS, "N": Opening.NOT_THE_ROLES, "P": Opening.PANEL_WAITS,
}  # fmt: skip


@pytest.mark.parametrize("role", sorted(READS_FILES | {"board_analyst"}))
def test_why_somebody_sees_as_much_as_they_do(role):
    for category in Category.values:
        assert_opening(role, category)


def assert_opening(role, category):
    viewer, opening = Viewer(user_id=1, role_key=role), OPENING[TABLE[role][category]]
    if opening == Opening.IN_SUMMARY and category in oracle.NO_SUMMARY:
        opening = Opening.EXISTS
    bit = mask_of([category])
    rest = ALL_CATEGORIES & ~bit
    given = {"category_mask": bit, "panel_mask": rest}
    listed = {"category_mask": rest, "panel_mask": bit}
    neither = {"category_mask": rest, "panel_mask": rest}
    if opening == Opening.PANEL_WAITS:
        expected = [Opening.PANEL_WAITS, Opening.PANEL_RUNS, Opening.PANEL_WAITS]
    elif opening in (Opening.NOT_THE_ROLES, Opening.TOTALS):
        expected = [opening, opening, opening]
    else:
        expected = [opening, opening, Opening.LEFT_OUT]
    asked = [FileFacts(**masks) for masks in (given, listed, neither)]
    assert [opening_of(viewer, category, facts, SHIPPED) for facts in asked] == expected


def test_a_mask_is_its_categories():
    assert categories_in(0) == frozenset()
    assert categories_in(ONE) == {"missing"}
    assert categories_in(mask_of(["missing", "plan"])) == {"missing", "plan"}
    assert categories_in(ALL_CATEGORIES) == set(Category.values)


@pytest.mark.parametrize(
    ("facts", "known"),
    [
        (FileFacts(named=True), "granted"),
        (FileFacts(category_mask=1), "granted"),
        (FileFacts(panel_mask=1), "granted"),
        (FileFacts(entries=True), "no_grant"),
        (FileFacts(restricted=True, named=True), "named"),
        (FileFacts(blocked=True, named=True), "blocked"),
    ],
)
def test_what_lets_somebody_know_of_a_file(facts, known):
    assert may_know(Viewer(user_id=1, role_key="housing"), facts).reason_code == known
    assert may_know(Viewer(user_id=1, role_key="board_analyst"), facts).reason_code == "role_lacks"
    assert may_know(Viewer(user_id=1), facts).reason_code == "no_membership"


@pytest.mark.parametrize(
    ("action", "role", "lacks", "code"),
    [
        (Action.SEE_WHO_LOOKED, "csc_manager", "who_looked", "category_withheld"),
        (Action.SEE_WHO_LOOKED, "csc_manager", "plan", "granted"),
        (Action.CHANGE_INVOLVEMENT, "csc_manager", "identity", "category_withheld"),
        (Action.RESTRICT, "csc_manager", "identity", "granted"),
        (Action.SEE_SHARING, "csc_manager", "sharing", "category_withheld"),
        (Action.SHARE, "csc_manager", "sharing", "category_withheld"),
        (Action.END_SHARE, "csc_manager", "sharing", "category_withheld"),
        (Action.ASSESS_BREACH, "data_guardian", "sharing", "category_withheld"),
        (Action.ASSESS_RISK, "csc_manager", "assessment", "category_withheld"),
        (Action.JUDGE_LEVEL, "csc_manager", "assessment", "category_withheld"),
        (Action.APPROVE_LEVEL, "csc_manager", "assessment", "category_withheld"),
        (Action.ADD_ENTRY, "csc_manager", "assessment", "granted"),
        (Action.VIEW_FILE, "csc_manager", "who_looked", "granted"),
    ],
)
def test_what_an_action_needs_to_be_open(action, role, lacks, code):
    facts = FileFacts(category_mask=ALL_CATEGORIES & ~mask_of([lacks]), whole=True)
    decision = decide(Viewer(user_id=1, role_key=role), action, facts, SHIPPED)
    assert (decision.allowed, decision.reason_code) == (code == "granted", code)


@pytest.mark.parametrize("letter", "FSEON")
def test_how_much_of_what_was_agreed_an_action_needs(letter):
    matrix = Matrix(version=1, cells={role: {**row, "sharing": Cell(letter)} for role, row in TABLE.items()})
    facts = FileFacts(category_mask=ALL_CATEGORIES)
    for role, actions in {
        "csc_manager": {Action.SEE_SHARING: "FS", Action.SHARE: "F", Action.END_SHARE: "F"},
        "data_guardian": {Action.SEE_SHARING: "FS", Action.END_SHARE: "F", Action.ASSESS_BREACH: "F"},
    }.items():
        for action, enough in actions.items():
            allowed = decide(Viewer(user_id=1, role_key=role), action, facts, matrix).allowed
            assert allowed is (letter in enough), (role, action)
