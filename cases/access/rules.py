"""Who may see and do what on a child's file: pure, and written once.

Order: block > restricted (named people only) > grant to the agency, to a function group or to the person >
deny. A role never widens which files are open; an agency never widens which categories are.
Source: the design's access rule and the shipped access matrix.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from accounts.rules.roles import ROLES, Capability, opens_files
from accounts.rules.viewers import Viewer
from cases.access.choices import ALL_CATEGORIES, CATEGORY_BITS, Category, Cell, GrantReason


class Level(IntEnum):
    """How much of one category a viewer sees on one file, least first."""

    NONE = 0
    OWN = 1
    EXISTENCE = 2
    SUMMARY = 3
    FULL = 4


class Action(StrEnum):
    """What somebody may want to do with a file."""

    VIEW_FILE = "view_file"
    SEE_WHO_LOOKED = "see_who_looked"
    SEE_WHO_CAN = "see_who_can"
    ADD_ENTRY = "add_entry"
    ASSESS_RISK = "assess_risk"
    JUDGE_LEVEL = "judge_level"
    APPROVE_LEVEL = "approve_level"
    CHANGE_INVOLVEMENT = "change_involvement"
    REPORT_MISSING = "report_missing"
    GRADE_MISSING = "grade_missing"
    ALLOCATE_INTERVIEW = "allocate_interview"
    RECORD_INTERVIEW = "record_interview"
    LIST_FOR_PANEL = "list_for_panel"
    RESTRICT = "restrict"
    SEE_SHARING = "see_sharing"
    SHARE = "share"
    END_SHARE = "end_share"
    ASSESS_BREACH = "assess_breach"


NEEDS: dict[Action, Capability] = {
    Action.VIEW_FILE: Capability.READ_FILES,
    Action.SEE_WHO_LOOKED: Capability.READ_FILES,
    Action.SEE_WHO_CAN: Capability.READ_FILES,
    Action.ADD_ENTRY: Capability.WRITE_FILES,
    Action.ASSESS_RISK: Capability.ASSESS_RISK,
    Action.JUDGE_LEVEL: Capability.ASSESS_RISK,
    Action.APPROVE_LEVEL: Capability.APPROVE_LEVEL,
    Action.CHANGE_INVOLVEMENT: Capability.CHANGE_INVOLVEMENT,
    Action.REPORT_MISSING: Capability.REPORT_MISSING,
    Action.GRADE_MISSING: Capability.GRADE_MISSING,
    Action.ALLOCATE_INTERVIEW: Capability.ALLOCATE_INTERVIEWS,
    Action.RECORD_INTERVIEW: Capability.INTERVIEW,
    Action.LIST_FOR_PANEL: Capability.WRITE_FILES,
    Action.RESTRICT: Capability.OVERSEE_ACCESS,
    Action.SEE_SHARING: Capability.READ_FILES,
    Action.SHARE: Capability.WRITE_FILES,
    Action.END_SHARE: Capability.READ_FILES,
    Action.ASSESS_BREACH: Capability.AUDIT,
}

# How much of what was agreed about sharing somebody sees who may look at it, share, end a share, or bring in another
# agency, which is to share everything with it without an end.
SHARING_NEEDS: dict[Action, Level] = {
    Action.SEE_SHARING: Level.SUMMARY,
    Action.SHARE: Level.FULL,
    Action.END_SHARE: Level.FULL,
    Action.ASSESS_BREACH: Level.FULL,
    Action.CHANGE_INVOLVEMENT: Level.FULL,
}

# What opens the whole file to somebody without an end, or keeps somebody out, and what opens less of it to others.
TAKES_THE_WHOLE_FILE = (Action.CHANGE_INVOLVEMENT, Action.RESTRICT, Action.ALLOCATE_INTERVIEW, Action.LIST_FOR_PANEL)
NOT_IN_AN_EMERGENCY = (Action.SHARE, Action.END_SHARE)

REASONS: dict[str, str] = {
    "granted": "You have a grant on this file.",
    "named": "You are named on this restricted file.",
    "system": "A named part of the system reads this.",
    "blocked": "A conflict of interest is recorded.",
    "restricted": "This file is open to named people only.",
    "no_grant": "You have no current grant on this file.",
    "no_membership": "You hold no current role at any agency.",
    "role_lacks": "Your role in the partnership does not do this.",
    "category_withheld": "Your role does not see this kind of information.",
    "in_part": (
        "You can see a part of this file, or see it for a time. Somebody who works with the child can change who does."
    ),
}


# Nothing holds yet what the matrix calls the summary of these: engagement in a word, what the child agreed to, the text
# that was cleared. Whose role reads the summary of them knows that there is something, and asks for more.
WITHOUT_SUMMARY = frozenset(
    category.value for category in (Category.SESSIONS, Category.ORIENTATION, Category.INTELLIGENCE)
)


@dataclass(frozen=True)
class Matrix:
    """One version of the access matrix: role, category, cell."""

    version: int
    cells: Mapping[str, Mapping[str, Cell]]
    adopted_by: str = ""

    def cell(self, role_key: str, category: str) -> Cell:
        """The cell of a role and category; a role or category it does not know sees nothing."""
        return self.cells.get(role_key, {}).get(category, Cell.NONE)

    def opens(self, role_key: str, category: str) -> Cell:
        """What the cell of a role and category opens: of a kind without a summary, `S` that there is something."""
        cell = self.cell(role_key, category)
        return Cell.EXISTENCE if cell == Cell.SUMMARY and category in WITHOUT_SUMMARY else cell


@dataclass(frozen=True)
class FileFacts:
    """What `visible_to` found out about one viewer and one file, at one instant.

    The masks are those of the grants that count: on a restricted file, of those that name the viewer alone. `whole`
    says that one of them opens every category, has no end and came with work, not with a meeting or a share;
    `emergency` that one of them was taken in an emergency, `entries` that one of them opens single entries.
    """

    blocked: bool = False
    restricted: bool = False
    named: bool = False
    category_mask: int = 0
    panel_mask: int = 0
    whole: bool = False
    emergency: bool = False
    entries: bool = False


@dataclass(frozen=True)
class Decision:
    """Yes or no, with the code of its reason; `text` says it in plain words."""

    allowed: bool
    reason_code: str

    @property
    def text(self) -> str:
        return REASONS[self.reason_code]


def read_matrix(body: str) -> Matrix:
    """Read a matrix definition. Raises ValueError for an unknown role, category or cell, or a missing one."""
    table = tomllib.loads(body)
    cells: dict[str, dict[str, Cell]] = {}
    for role_key, row in table["roles"].items():
        if role_key not in ROLES:
            raise ValueError(f"The access matrix names an unknown role: {role_key}")
        if set(row) != set(CATEGORY_BITS):
            raise ValueError(f"The access matrix row of {role_key} must name each category once")
        cells[role_key] = {category: Cell(value) for category, value in row.items()}
    if set(cells) != set(ROLES):
        raise ValueError("The access matrix must have a row for each role")
    return Matrix(version=table["version"], cells=cells, adopted_by=table["owner"])


def mask_of(categories: Iterable[str]) -> int:
    """The bit mask that stores a set of categories with a grant."""
    mask = 0
    for category in categories:
        mask |= CATEGORY_BITS[category]
    return mask


def categories_in(mask: int) -> frozenset[str]:
    """The categories that a stored mask opens."""
    return frozenset(category for category, bit in CATEGORY_BITS.items() if mask & bit)


def may_know(viewer: Viewer, facts: FileFacts) -> Decision:
    """Whether the viewer may know that this file exists at all."""
    if viewer.system is not None:
        return Decision(True, "system")
    if not viewer.role_key:
        return Decision(False, "no_membership")
    if not opens_files(viewer.role_key):
        return Decision(False, "role_lacks")
    if facts.blocked:
        return Decision(False, "blocked")
    if facts.restricted:
        return Decision(True, "named") if facts.named else Decision(False, "restricted")
    if facts.named or facts.category_mask or facts.panel_mask:
        return Decision(True, "granted")
    return Decision(False, "no_grant")


def may_be_given(reason: str, *, covered: bool, reads_in_person: bool) -> bool:
    """Whether a grant may be given to an agency, or to somebody who works there.

    `covered` says whether the agency has signed a version of the information-sharing agreement that is current;
    `reads_in_person` whether the person has a grant of their own on the file already, so that naming them on it when it
    is restricted opens nothing more. An emergency does not wait for a signature: it ends within the hour and is
    reviewed.
    """
    if covered or reason == GrantReason.BREAK_GLASS:
        return True
    return reason == GrantReason.NAMED and reads_in_person


def no_agreement_words(agency: str) -> str:
    """What somebody reads who would open a file to an agency without an agreement."""
    return (
        f"{agency} has no current, signed information-sharing agreement, so no file can be opened to it or to anybody "
        "who works there. Ask the data guardian."
    )


def level_of(cell: Cell, *, panel: bool) -> Level:
    """How much a cell of the matrix opens; `panel` says whether a panel's grant runs, which `P` waits for."""
    if cell == Cell.PANEL:
        return Level.FULL if panel else Level.NONE
    return {
        Cell.FULL: Level.FULL,
        Cell.SUMMARY: Level.SUMMARY,
        Cell.EXISTENCE: Level.EXISTENCE,
        Cell.OWN: Level.OWN,
    }.get(cell, Level.NONE)


def category_level(viewer: Viewer, category: str, facts: FileFacts, matrix: Matrix) -> Level:
    """How much of a category the viewer sees on the file.

    A grant opens at most the categories it names; the matrix cell says how much of each. `P` is full while a
    panel grant runs and nothing otherwise; `I` and `A` open nothing on a file (instructions and totals have
    pages of their own).
    """
    if viewer.system is not None:
        return Level.FULL
    if not may_know(viewer, facts).allowed:
        return Level.NONE
    bit = CATEGORY_BITS[category]
    if not (facts.category_mask | facts.panel_mask) & bit:
        return Level.NONE
    return level_of(matrix.opens(viewer.role_key, category), panel=bool(facts.panel_mask & bit))


class Opening(StrEnum):
    """Why a viewer sees as much of a category on a file as they do: the code of its reason."""

    IN_FULL = "in_full"
    IN_SUMMARY = "in_summary"
    OWN_SERVICE = "own_service"
    EXISTS = "exists"
    PANEL_RUNS = "panel_runs"
    PANEL_WAITS = "panel_waits"
    INSTRUCTIONS = "instructions"
    TOTALS = "totals"
    NOT_THE_ROLES = "not_the_roles"
    LEFT_OUT = "left_out"


OPENING_OF_CELL: dict[Cell, Opening] = {
    Cell.FULL: Opening.IN_FULL,
    Cell.SUMMARY: Opening.IN_SUMMARY,
    Cell.OWN: Opening.OWN_SERVICE,
    Cell.EXISTENCE: Opening.EXISTS,
    Cell.PANEL: Opening.PANEL_WAITS,
    Cell.INSTRUCTIONS: Opening.INSTRUCTIONS,
    Cell.AGGREGATES: Opening.TOTALS,
    Cell.NONE: Opening.NOT_THE_ROLES,
}


def opening_of(viewer: Viewer, category: str, facts: FileFacts, matrix: Matrix) -> Opening:
    """Why the viewer sees what they see of a category on a file that they may know of.

    It speaks of the role and of what was granted, never of what the file holds: it is the same for a file with nothing
    of the kind.
    """
    opening = OPENING_OF_CELL[matrix.opens(viewer.role_key, category)]
    bit = CATEGORY_BITS[category]
    if opening == Opening.PANEL_WAITS:
        return Opening.PANEL_RUNS if facts.panel_mask & bit else opening
    if opening in (Opening.NOT_THE_ROLES, Opening.TOTALS) or (facts.category_mask | facts.panel_mask) & bit:
        return opening
    return Opening.LEFT_OUT


def category_levels(viewer: Viewer, facts: FileFacts, matrix: Matrix) -> dict[str, Level]:
    """`category_level` of every category."""
    return {category.value: category_level(viewer, category.value, facts, matrix) for category in Category}


@dataclass(frozen=True)
class Readers:
    """The roles that read an entry of one category on a file that is open to them: the matrix read down a column.

    `colleagues` read in full what is written at their own agency, `panel` while a panel has the child listed.
    """

    full: frozenset[str]
    colleagues: frozenset[str]
    panel: frozenset[str]
    summary: frozenset[str]
    existence: frozenset[str]


def readers_of(category: str, matrix: Matrix, *, sector: str) -> Readers:
    """Who reads an entry of a category that is written at an agency of a sector; roles that open no files are out."""

    def roles(cell: Cell) -> frozenset[str]:
        return frozenset(key for key in ROLES if opens_files(key) and matrix.opens(key, category) == cell)

    return Readers(
        full=roles(Cell.FULL),
        colleagues=frozenset(key for key in roles(Cell.OWN) if ROLES[key].sector == sector),
        panel=roles(Cell.PANEL),
        summary=roles(Cell.SUMMARY),
        existence=roles(Cell.EXISTENCE),
    )


def opened_entry_level(level: Level, viewer: Viewer, category: str, matrix: Matrix) -> Level:
    """How much of a category somebody sees of a single entry that a grant opens to them: as much as their cell says,
    whether or not the category is open.
    """
    return max(level, level_of(matrix.opens(viewer.role_key, category), panel=False))


def entry_level(level: Level, *, own: bool, own_agency: bool) -> Level:
    """How much of one entry is seen by somebody who sees `level` of its category on its file.

    An author sees own entries in full, whatever the cell says; where the cell says own entries, so do the
    author's colleagues, and of anybody else's there is no trace.
    """
    if own:
        return Level.FULL
    if level == Level.OWN:
        return Level.FULL if own_agency else Level.NONE
    return level


# The summary of these categories is a number or a list of facts, with no entry of the timeline among them.
SUMMARISED_WITHOUT_ENTRIES = frozenset(
    category.value
    for category in (
        Category.IDENTITY,
        Category.CONTACT_ADDRESS,
        Category.VULNERABILITY,
        Category.MINUTES,
    )
)


def timeline_level(category: str, level: Level) -> Level:
    """How much of a category's timeline somebody sees who sees `level` of it.

    The summary of identity is name, age, school and reference; that of contact and address the area and the safe
    contact; of vulnerabilities a number, of minutes the decision. None of these is an entry, so of entries there is
    only the number. Source: the access matrix.
    """
    if level == Level.SUMMARY and category in SUMMARISED_WITHOUT_ENTRIES:
        return Level.EXISTENCE
    return level


def roles_told_of(category: str, matrix: Matrix) -> frozenset[str]:
    """The roles that may know when something happened in a category, whoever wrote it: where it is E or more.

    Own entries and panel grants tell some of it to some; a list that moved for them would tell the rest.
    """
    telling = (Cell.FULL, Cell.SUMMARY, Cell.EXISTENCE)
    return frozenset(role for role in ROLES if matrix.cell(role, category) in telling)


def decide(
    viewer: Viewer, action: Action, facts: FileFacts, matrix: Matrix, *, category: str | None = None
) -> Decision:
    """Whether the viewer may do something on a file.

    `category` is that of the content an entry is added to: it must be one the role works with (full, or own
    entries). A refusal because the file may not be known comes before any other, so that callers can answer it
    with a 404. Bringing an agency in, and naming an interviewer, opens the whole file without an end, so it takes
    access that is no less; so does deciding who is kept out, and letting the members of a panel read. Whoever let
    themselves in by an emergency lets nobody else in.
    """
    known = may_know(viewer, facts)
    if not known.allowed or viewer.system is not None:
        return known
    if not viewer.may(NEEDS[action]):
        return Decision(False, "role_lacks")
    if action == Action.SEE_WHO_LOOKED and _level(viewer, Category.WHO_LOOKED, facts, matrix) < Level.FULL:
        return Decision(False, "category_withheld")
    if action in TAKES_THE_WHOLE_FILE and not facts.whole:
        return Decision(False, "in_part")
    if action == Action.CHANGE_INVOLVEMENT and _level(viewer, Category.IDENTITY, facts, matrix) < Level.FULL:
        return Decision(False, "category_withheld")
    sharing = SHARING_NEEDS.get(action)
    if sharing is not None and _level(viewer, Category.SHARING, facts, matrix) < sharing:
        return Decision(False, "category_withheld")
    if action in NOT_IN_AN_EMERGENCY and facts.emergency:
        return Decision(False, "in_part")
    if action in (Action.ASSESS_RISK, Action.JUDGE_LEVEL, Action.APPROVE_LEVEL):
        category = Category.ASSESSMENT
    if category is not None and _level(viewer, category, facts, matrix) not in (Level.FULL, Level.OWN):
        return Decision(False, "category_withheld")
    return known


def _level(viewer: Viewer, category: str, facts: FileFacts, matrix: Matrix) -> Level:
    return category_level(viewer, category, facts, matrix)


__all__ = [
    "ALL_CATEGORIES",
    "Action",
    "Decision",
    "FileFacts",
    "Level",
    "Matrix",
    "categories_in",
    "category_level",
    "category_levels",
    "decide",
    "entry_level",
    "mask_of",
    "may_know",
    "read_matrix",
    "timeline_level",
]
