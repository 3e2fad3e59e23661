"""What a change of the access matrix opens and closes, and what makes it one that the partnership has adopted.

Source: the design's access rule; decision 0240 says who may propose and who may sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from accounts.choices import RoleKey
from accounts.rules.refusals import Refusal
from accounts.rules.roles import ROLES, Capability
from accounts.rules.viewers import Viewer
from cases.access.choices import CATEGORY_BITS, Category, Cell
from cases.access.rules import Matrix

SIGNATURES = 2
# Rows whose meaning is that they open no file: whatever a partnership adopts, they may not.
ONLY: Mapping[str, frozenset[Cell]] = {
    RoleKey.TECHNICAL_ADMIN: frozenset({Cell.NONE}),
    RoleKey.BOARD_ANALYST: frozenset({Cell.NONE, Cell.AGGREGATES}),
    RoleKey.NOTIFICATION_ONLY: frozenset({Cell.NONE, Cell.OWN}),
}
# What each cell lets a role read, piece by piece: a cell is wider than another where it has a piece that other has not.
OPENS: Mapping[Cell, frozenset[str]] = {
    Cell.NONE: frozenset(),
    Cell.AGGREGATES: frozenset({"totals"}),
    Cell.INSTRUCTIONS: frozenset({"instructions"}),
    Cell.OWN: frozenset({"own"}),
    Cell.EXISTENCE: frozenset({"existence"}),
    Cell.SUMMARY: frozenset({"existence", "summary"}),
    Cell.PANEL: frozenset({"panel"}),
    Cell.FULL: frozenset({"totals", "instructions", "own", "existence", "summary", "panel", "rest"}),
}


class MatrixRefused(Refusal):
    """A change of the matrix that is none, is not allowed to anybody, or is not this person's to make or sign."""


@dataclass(frozen=True)
class CellChange:
    """One cell as it is and as it would be."""

    role: str
    category: str
    before: Cell
    after: Cell

    @property
    def opens(self) -> frozenset[str]:
        """The pieces that the role would start to see."""
        return OPENS[self.after] - OPENS[self.before]

    @property
    def closes(self) -> frozenset[str]:
        """The pieces that the role would stop seeing."""
        return OPENS[self.before] - OPENS[self.after]


def check_change(*, role: str, category: str, cell: str, matrix: Matrix) -> CellChange:
    """One change against the matrix it would follow. Raises MatrixRefused with words for whoever proposes it."""
    if role not in ROLES or category not in CATEGORY_BITS or cell not in Cell.values:
        raise MatrixRefused("Choose a role, a kind of information and what the role should see of it.")
    change = CellChange(role, category, matrix.cell(role, category), Cell(cell))
    if change.before == change.after:
        raise MatrixRefused(f"{ROLES[role].name}: this is what the role sees of {Category(category).label} already.")
    if change.after not in ONLY.get(role, frozenset(Cell)):
        raise MatrixRefused(f"{ROLES[role].name} opens no child's file, so this row cannot open more than it does.")
    return change


def check_effective(effective_on: date, *, today: date) -> None:
    """A matrix holds from a coming day on, so that people can be told first, and no past read becomes wrong."""
    if effective_on <= today:
        raise MatrixRefused("The day from which it holds must be tomorrow or later.")


def check_may_propose(viewer: Viewer) -> None:
    """Whether this person's role governs the matrix at all."""
    if not viewer.may(Capability.GOVERN_ACCESS):
        raise MatrixRefused(
            "The data guardian, the co-ordinator and the panel chair propose changes of who sees what.",
            code="role_lacks",
        )


def check_signature(viewer: Viewer, changes: Iterable[CellChange], *, signed_by: Iterable[int]) -> None:
    """Whether this person may sign for these changes now. Raises MatrixRefused with the reason.

    Nobody signs twice, and nobody signs for more to see under the role they act in.
    """
    check_may_propose(viewer)
    changes = list(changes)
    if not changes:
        raise MatrixRefused("There is no change here to sign for.")
    if viewer.user_id in set(signed_by):
        raise MatrixRefused("You have signed already. It takes another person.", code="own_deed")
    if any(change.role == viewer.role_key and change.opens for change in changes):
        raise MatrixRefused("This opens more to your own role, so others sign for it.", code="own_role")


def is_adopted(changes: Iterable[CellChange], *, roles_of_signers: Iterable[str]) -> bool:
    """Whether the signatures suffice: two people, one a data guardian unless guardians themselves would gain."""
    signers = list(roles_of_signers)
    guardians_gain = any(change.role == RoleKey.DATA_GUARDIAN and change.opens for change in changes)
    return len(signers) >= SIGNATURES and (guardians_gain or RoleKey.DATA_GUARDIAN in signers)


def changed(matrix: Matrix, changes: Iterable[CellChange]) -> dict[str, dict[str, Cell]]:
    """The cells of a matrix after the changes."""
    cells = {role: {name: matrix.cell(role, name) for name in CATEGORY_BITS} for role in ROLES}
    for change in changes:
        cells[change.role][change.category] = change.after
    return cells


def difference(before: Matrix, after: Matrix) -> list[CellChange]:
    """Every cell in which two versions differ, by role and category in their order."""
    return [
        CellChange(role, name, before.cell(role, name), after.cell(role, name))
        for role in ROLES
        for name in CATEGORY_BITS
        if before.cell(role, name) != after.cell(role, name)
    ]


def write_matrix(cells: Mapping[str, Mapping[str, Cell]], *, version: int, effective_on: date, owner: str) -> str:
    """The text of a version as definitions are kept; `read_matrix` reads it back. `owner` says who adopted it."""
    lines = [
        'key = "access_matrix"',
        f"version = {version}",
        'title = "Who sees what"',
        f"owner = {_quoted(owner)}",
        f"effective_on = {effective_on.isoformat()}",
    ]
    for role, row in cells.items():
        lines += ["", f"[roles.{role}]", *(f'{category} = "{cell.value}"' for category, cell in row.items())]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A basic string of TOML: names come from people."""
    escaped = "".join(
        f"\\u{ord(letter):04X}" if ord(letter) < 32 or ord(letter) == 127 or letter in '"\\' else letter
        for letter in text
    )
    return f'"{escaped}"'
