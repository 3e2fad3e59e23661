"""The access matrix in plain words: a role's row, the whole table, a change and what it would touch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse

from accounts.models import DefinitionVersion
from accounts.rules.dates import day, moment
from accounts.rules.roles import ROLES, Capability
from accounts.rules.viewers import Viewer
from cases.access.choices import Category, Cell
from cases.access.rules import WITHOUT_SUMMARY, Matrix
from cases.presenters.home import HomeBlock, HomeItem, HomeSection
from cases.sharing.models.matrix import MatrixProposal
from cases.sharing.rules.matrix import CellChange
from cases.sharing.selectors.matrix import Reach, open_proposals

# A role's row is read from the most it sees to the least.
IN_WORDS: dict[Cell, str] = {
    Cell.FULL: "All of it",
    Cell.SUMMARY: "A summary",
    Cell.PANEL: "All of it while a panel has the child listed, else nothing",
    Cell.OWN: "What their own agency wrote",
    Cell.EXISTENCE: "That there is something, and whom to ask",
    Cell.INSTRUCTIONS: "Instructions to them only",
    Cell.AGGREGATES: "Totals only",
    Cell.NONE: "Nothing, not even that it exists",
}
UNWRITTEN = "that there is something: nobody can write a summary of it yet"
# What a summary shows of each kind: fields, never shortened text.
SUMMARIES: dict[str, str] = {
    Category.IDENTITY: "the name used, age in years, school and reference",
    Category.CONTACT_ADDRESS: "the safe way and hours to make contact, and the area; never a protected address",
    Category.LEVEL: "level, harm status, the day it was judged and the next review",
    Category.ASSESSMENT: "the level, the headings that counted and what protects the child; no evidence",
    Category.VULNERABILITY: "how many are ticked in an assessment",
    Category.MISSING: "each episode's kind, start, end, hours and kind of place; no companions",
    Category.INTERVIEW: "whether it was held, when and by whom, and the safety points marked for partners",
    Category.PLAN: "the page the child would keep: safe people, what to do, the review",
    Category.SESSIONS: UNWRITTEN,
    Category.HEALTH_SENSITIVE: "that a health worker is involved, and a sentence written to be shared",
    Category.INTELLIGENCE: UNWRITTEN,
    Category.PERSON_OF_CONCERN: "the name or description cleared for partners, and what to do",
    Category.MINUTES: "the decision, and their own agency's actions",
    Category.FAMILY: "who has parental responsibility, and who is safe to contact",
    Category.ORIENTATION: UNWRITTEN,
    Category.SHARING: "that an agreement or an override exists, and its date",
}
PIECES: dict[str, str] = {
    "rest": "all of it",
    "summary": "a summary",
    "panel": "all of it while a panel has the child listed",
    "own": "what their own agency wrote",
    "existence": "that there is something",
    "instructions": "instructions",
    "totals": "totals",
}
COMING_SUMMARY = "a summary once somebody can write it"
FEWEST_SAID = 5
CHANGE_COLUMNS = [
    {"text": "Role"},
    {"text": "Kind of information"},
    {"text": "Now"},
    {"text": "Then"},
    {"text": "Today this touches"},
]


def role_to_read(viewer: Viewer, asked: str) -> str:
    """Whose row is read out: that which was asked for, or one's own."""
    return next((role for role in (asked, viewer.role_key) if role in ROLES), next(iter(ROLES)))


def role_name(role: str) -> str:
    """What a role is called."""
    return ROLES[role].name


def role_rows(role: str, matrix: Matrix) -> list[dict[str, Any]]:
    """One role's row in words: what it sees in full, in summary, and so on, each once."""
    rows = []
    for cell, words in IN_WORDS.items():
        kinds = [Category(name) for name, value in matrix.cells.get(role, {}).items() if value == cell]
        if kinds:
            rows.append({"key": words, "value": _listed(kinds, cell), "multiline": cell == Cell.SUMMARY})
    return rows


def _listed(kinds: list[Category], cell: Cell) -> str:
    if cell == Cell.SUMMARY:
        lines = (f"{kind.label}: {SUMMARIES[kind]}" if kind in SUMMARIES else kind.label for kind in kinds)
        return "\n".join(line[0].upper() + line[1:] for line in lines)
    words = ", ".join(kind.label for kind in kinds)
    return words[0].upper() + words[1:]


def table(matrix: Matrix) -> tuple[list[dict[str, str]], list[list[dict[str, Any]]]]:
    """The whole matrix: its columns, and a row of letters for each role."""
    columns = [{"text": "Role"}, *({"text": category.label.capitalize()} for category in Category)]
    rows = [
        [{"text": role.name}, *({"text": matrix.cell(key, category).value} for category in Category)]
        for key, role in ROLES.items()
    ]
    return columns, rows


def key_rows() -> list[dict[str, str]]:
    """What each letter of the table means."""
    return [{"key": cell.value, "value": words} for cell, words in IN_WORDS.items()]


def cell_words(change: CellChange) -> str:
    """Which cell a change is about: the role and the kind of information."""
    return f"{ROLES[change.role].name}, {Category(change.category).label}"


def change_sentence(change: CellChange) -> str:
    """What a change does to a role, in a sentence."""
    parts = [
        f"will {verb} {_pieces(pieces, change.category)}"
        for verb, pieces in (("start to see", change.opens), ("stop seeing", change.closes))
        if pieces
    ]
    return f"{ROLES[change.role].name}: {Category(change.category).label}. They {', and '.join(parts)}."


def _pieces(pieces: frozenset[str], category: str) -> str:
    """The pieces that are worth saying: whoever sees all of it sees its parts."""
    if "rest" in pieces:
        return PIECES["rest"]
    named = PIECES | {"summary": COMING_SUMMARY} if category in WITHOUT_SUMMARY else PIECES
    words = [text for piece, text in named.items() if piece in pieces]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def change_rows(changes: Iterable[tuple[CellChange, Reach]]) -> list[list[dict[str, Any]]]:
    """Changes with what each touches today, as rows of a table."""
    return [
        [
            {"text": ROLES[change.role].name},
            {"text": Category(change.category).label.capitalize()},
            {"text": IN_WORDS[change.before]},
            {"text": IN_WORDS[change.after]},
            {"text": reach_words(reach)},
        ]
        for change, reach in changes
    ]


def reach_words(reach: Reach) -> str:
    """Whom and what a change touches today. Of files and records a small number is not said: they are counted for
    whoever reads this, who may not know of each.
    """
    people = _counted(reach.people, "person", "people")
    return f"{people}, {_enough(reach.files, 'files')}, {_enough(reach.records, 'records')}"


def _enough(number: int, many: str) -> str:
    if number == 0:
        return f"no {many}"
    return f"{number:,} {many}" if number >= FEWEST_SAID else f"fewer than {FEWEST_SAID} {many}"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def version_line(version: DefinitionVersion, *, current: DefinitionVersion | None) -> dict[str, str]:
    """One version in the list: its number, its day, who adopted it, and whether it holds."""
    holds = current is not None and version.pk == current.pk
    coming = current is not None and version.version > current.version
    return {
        "text": f"Version {version.version}, from {day(version.effective_on)}",
        "meta": f"Adopted by {version.adopted_by}" if version.version > 1 else version.adopted_by,
        "href": "" if holds else f"{reverse('cases:matrix')}?version={version.version}",
        "due": "In force" if holds else ("Not in force yet" if coming else ""),
        "tone": "good" if holds else ("watch" if coming else ""),
    }


def matrix_blocks(viewer: Viewer, at: datetime) -> list[HomeBlock]:
    """For those who may sign: proposals that wait for somebody and that they have not signed."""
    if not viewer.may(Capability.GOVERN_ACCESS):
        return []
    waiting = [
        proposal_line(row)
        for row in open_proposals()
        if viewer.user_id not in {signature.user_id for signature in row.signatures.all()}
    ]
    return [HomeBlock(HomeSection.WAITING, "Who sees what", waiting)]


def proposal_line(proposal: MatrixProposal) -> HomeItem:
    """A proposal that waits, as a line of work."""
    signed = _counted(len(proposal.signatures.all()), "signature", "signatures")
    return {
        "text": "A change of who sees what waits for signatures",
        "href": reverse("cases:matrix_proposal", args=[proposal.pk]),
        "meta": f"{proposal.proposed_by.user}, {day(proposal.proposed_at)}. {signed}",
    }


def signature_lines(proposal: MatrixProposal) -> list[str]:
    """Who has signed, and when."""
    return [
        f"{row.membership.user}, {row.membership.get_role_display()}, on {moment(row.signed_at)}"
        for row in sorted(proposal.signatures.all(), key=lambda row: row.signed_at)
    ]
