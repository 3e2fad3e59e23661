"""What a change of the access matrix opens, who may propose and sign it, and when it is adopted: the rules as tables.

Seen to fail: one signature enough; no guardian asked for; the signer's own gain allowed; a signature twice; the row of
the technical administrator left open to change.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.choices import RoleKey
from accounts.rules.roles import ROLES
from accounts.rules.viewers import Viewer
from cases.access.choices import CATEGORY_BITS, Cell
from cases.access.rules import Matrix, read_matrix
from cases.sharing.rules.matrix import (
    CellChange,
    MatrixRefused,
    changed,
    check_change,
    check_effective,
    check_may_propose,
    check_signature,
    difference,
    is_adopted,
    write_matrix,
)

DSL = RoleKey.EDUCATION_DSL.value
DAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("before", "after", "opens", "closes"),
    [
        ("N", "E", {"existence"}, set()),
        ("S", "E", set(), {"summary"}),
        ("P", "S", {"existence", "summary"}, {"panel"}),
        ("O", "N", set(), {"own"}),
        ("S", "O", {"own"}, {"existence", "summary"}),
        ("F", "S", set(), {"rest", "panel", "own", "totals", "instructions"}),
        ("A", "F", {"rest", "panel", "own", "instructions", "existence", "summary"}, set()),
        ("I", "I", set(), set()),
    ],
)
def test_what_a_change_opens_and_closes(before: str, after: str, opens: set[str], closes: set[str]) -> None:
    change = CellChange(DSL, "interview", Cell(before), Cell(after))
    assert (change.opens, change.closes) == (opens, closes)


def test_every_cell_but_nothing_opens_something_that_all_of_it_opens_too() -> None:
    for cell in set(Cell) - {Cell.NONE}:
        assert CellChange(DSL, "plan", Cell.NONE, cell).opens
        assert not CellChange(DSL, "plan", Cell.FULL, cell).opens


def a_matrix(cell: Cell = Cell.NONE) -> Matrix:
    return Matrix(version=1, cells={role: dict.fromkeys(CATEGORY_BITS, cell) for role in ROLES})


@pytest.mark.parametrize(
    ("role", "cell", "allowed"),
    [
        (RoleKey.TECHNICAL_ADMIN, "E", False),
        (RoleKey.TECHNICAL_ADMIN, "A", False),
        (RoleKey.BOARD_ANALYST, "A", True),
        (RoleKey.BOARD_ANALYST, "S", False),
        (RoleKey.NOTIFICATION_ONLY, "O", True),
        (RoleKey.NOTIFICATION_ONLY, "F", False),
        (RoleKey.HOUSING, "F", True),
        (RoleKey.HOUSING, "N", False),  # it is that already
        ("caretaker", "F", False),
    ],
)
def test_which_changes_there_can_be(role: str, cell: str, allowed: bool) -> None:
    if allowed:
        assert check_change(role=role, category="plan", cell=cell, matrix=a_matrix()).after == Cell(cell)
        return
    with pytest.raises(MatrixRefused):
        check_change(role=role, category="plan", cell=cell, matrix=a_matrix())


@pytest.mark.parametrize(("after", "refused"), [(-1, True), (0, True), (1, False), (400, False)])
def test_it_holds_from_a_coming_day(after: int, refused: bool) -> None:
    if refused:
        with pytest.raises(MatrixRefused):
            check_effective(DAY + timedelta(days=after), today=DAY)
    else:
        check_effective(DAY + timedelta(days=after), today=DAY)


OPENING = CellChange(DSL, "interview", Cell.NONE, Cell.EXISTENCE)
CLOSING = CellChange(RoleKey.COORDINATOR, "minutes", Cell.FULL, Cell.SUMMARY)
CHAIRS = CellChange(RoleKey.PANEL_CHAIR, "who_looked", Cell.NONE, Cell.FULL)
GUARDIANS = CellChange(RoleKey.DATA_GUARDIAN, "identity", Cell.SUMMARY, Cell.FULL)


@pytest.mark.parametrize(
    ("role", "changes", "signed", "may"),
    [
        (RoleKey.DATA_GUARDIAN, [OPENING], [], True),
        (RoleKey.PANEL_CHAIR, [OPENING], [7], True),
        (RoleKey.PANEL_CHAIR, [OPENING, CHAIRS], [], False),
        (RoleKey.COORDINATOR, [CLOSING], [], True),
        (RoleKey.DATA_GUARDIAN, [GUARDIANS], [], False),
        (RoleKey.DATA_GUARDIAN, [OPENING], [1], False),
        (RoleKey.DATA_GUARDIAN, [], [], False),
        (RoleKey.CSC_MANAGER, [OPENING], [], False),
        (RoleKey.TECHNICAL_ADMIN, [OPENING], [], False),
    ],
)
def test_who_may_sign(role: str, changes: list[CellChange], signed: list[int], may: bool) -> None:
    signer = Viewer(user_id=1, role_key=role)
    if may:
        check_signature(signer, changes, signed_by=signed)
        return
    with pytest.raises(MatrixRefused):
        check_signature(signer, changes, signed_by=signed)


@pytest.mark.parametrize(
    ("signers", "changes", "adopted"),
    [
        ([], [OPENING], False),
        (["data_guardian"], [OPENING], False),
        (["data_guardian", "panel_chair"], [OPENING], True),
        (["panel_chair", "coordinator"], [OPENING], False),
        (["panel_chair", "coordinator", "data_guardian"], [OPENING], True),
        (["panel_chair", "coordinator"], [GUARDIANS], True),
    ],
)
def test_when_the_signatures_suffice(signers: list[str], changes: list[CellChange], adopted: bool) -> None:
    assert is_adopted(changes, roles_of_signers=signers) is adopted


@given(
    owner=st.text(max_size=40),
    row=st.lists(st.sampled_from(Cell), min_size=len(CATEGORY_BITS), max_size=len(CATEGORY_BITS)),
)
def test_what_is_written_is_what_is_read(owner: str, row: list[Cell]) -> None:
    cells = {role: dict(zip(CATEGORY_BITS, row, strict=True)) for role in ROLES}
    owner = owner.encode("utf-8", "ignore").decode()
    read = read_matrix(write_matrix(cells, version=9, effective_on=DAY, owner=owner))
    assert (read.version, read.cells, read.adopted_by) == (9, cells, owner)


def test_a_change_touches_its_cell_alone() -> None:
    after = Matrix(version=2, cells=changed(a_matrix(), [OPENING]))
    assert difference(a_matrix(), after) == [OPENING]


@pytest.mark.parametrize("role", sorted(ROLES))
def test_who_proposes_a_change(role: str) -> None:
    if role in {"data_guardian", "coordinator", "panel_chair"}:
        check_may_propose(Viewer(user_id=1, role_key=role))
        return
    with pytest.raises(MatrixRefused):
        check_may_propose(Viewer(user_id=1, role_key=role))


@pytest.mark.parametrize(
    ("role", "cells"), [("technical_admin", "N"), ("board_analyst", "NA"), ("notification_only", "NO")]
)
def test_a_row_that_opens_no_file_opens_no_more_than_it_may(role: str, cells: str) -> None:
    for cell in set(Cell) - {Cell.EXISTENCE}:
        given = {"role": role, "category": "plan", "cell": cell.value, "matrix": a_matrix(Cell.EXISTENCE)}
        if cell.value in cells:
            assert check_change(**given).after == cell
        else:
            with pytest.raises(MatrixRefused):
                check_change(**given)


@pytest.mark.parametrize(("category", "cell"), [("weather", "F"), ("plan", "X"), ("plan", "")])
def test_a_change_names_what_there_is(category: str, cell: str) -> None:
    with pytest.raises(MatrixRefused):
        check_change(role="housing", category=category, cell=cell, matrix=a_matrix())


OPENED_BY = {
    "N": set(), "A": {"totals"}, "I": {"instructions"}, "O": {"own"}, "E": {"existence"},
    "S": {"existence", "summary"}, "P": {"panel"},
    "F": {"totals", "instructions", "own", "existence", "summary", "panel", "rest"},
}  # fmt: skip


@pytest.mark.parametrize("cell", Cell)
def test_what_a_cell_opens_piece_by_piece(cell: Cell) -> None:
    assert CellChange(DSL, "plan", Cell.NONE, cell).opens == OPENED_BY[cell.value]


def test_a_signer_may_close_their_own_row_and_open_anothers() -> None:
    closing = CellChange(RoleKey.COORDINATOR, "minutes", Cell.FULL, Cell.SUMMARY)
    check_signature(Viewer(user_id=1, role_key="coordinator"), [closing, OPENING], signed_by=[2])
    closes_to_guardians = CellChange(RoleKey.DATA_GUARDIAN, "identity", Cell.FULL, Cell.SUMMARY)
    assert is_adopted([closes_to_guardians], roles_of_signers=["panel_chair", "coordinator"]) is False
    assert is_adopted([GUARDIANS], roles_of_signers=["panel_chair"]) is False


@pytest.mark.parametrize("letter", [chr(31), chr(32), chr(126), chr(127), chr(128), '"', chr(92)])
def test_a_name_with_any_sign_is_read_as_it_was_written(letter: str) -> None:
    written = write_matrix(a_matrix().cells, version=2, effective_on=DAY, owner=f"A{letter}B")
    assert read_matrix(written).adopted_by == f"A{letter}B"
    assert (f"A{letter}B" in written) is (letter not in {chr(31), chr(127), '"', chr(92)})


def test_guardians_gain_by_one_change_among_others() -> None:
    assert is_adopted([OPENING, GUARDIANS], roles_of_signers=["panel_chair", "coordinator"]) is True
