"""The access rule a second time, in plain loops over plain rows, and the matrix as a table: what the product is
measured against. Nothing here is taken from the code it judges."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

MATRIX = Path(__file__).with_name("access_matrix.csv")


def matrix() -> dict[str, dict[str, str]]:
    """Role, category, letter."""
    with MATRIX.open(encoding="utf-8") as rows:
        return {row.pop("role"): row for row in csv.DictReader(rows)}


# Rows of the matrix that open no child's file, whatever their agency has been granted.
OPEN_NO_FILE = {"board_analyst", "technical_admin", "notification_only"}
# Nothing holds the fields that the matrix names as the summary of these: one knows that there is something.
NO_SUMMARY = {"sessions", "orientation", "intelligence"}


@dataclass(frozen=True)
class GrantRow:
    child: UUID
    group: int | None
    membership: UUID | None
    reason: str
    categories: frozenset[str]
    start: datetime
    until: datetime | None
    ended: datetime | None
    entries: frozenset[UUID] = frozenset()

    def live(self, at: datetime) -> bool:
        return self.start <= at and not any(end is not None and end <= at for end in (self.until, self.ended))


@dataclass(frozen=True)
class BlockRow:
    child: UUID
    user: int
    start: datetime
    ended: datetime | None

    def live(self, at: datetime) -> bool:
        return self.start <= at and (self.ended is None or at < self.ended)


@dataclass(frozen=True)
class EntryRow:
    id: UUID
    child: UUID
    category: str
    author: int
    agency: UUID


@dataclass(frozen=True)
class Seen:
    """What a viewer's live grants on one file come to."""

    known: bool
    categories: frozenset[str]
    panel: frozenset[str]
    whole: bool = False
    entries: frozenset[UUID] = frozenset()


def reaching(viewer: Any, child: UUID, grants: Iterable[GrantRow], at: datetime) -> list[GrantRow]:
    groups = {viewer.agency_group_id, *viewer.function_group_ids} - {None}
    return [
        row
        for row in grants
        if row.child == child
        and row.live(at)
        and (row.group in groups if row.group is not None else row.membership == viewer.membership_id)
    ]


def seen(
    viewer: Any, child: UUID, restricted: bool, grants: Iterable[GrantRow], blocks: Iterable[BlockRow], at: datetime
) -> Seen:
    mine = reaching(viewer, child, grants, at)
    blocked = any(row.child == child and row.user == viewer.user_id and row.live(at) for row in blocks)
    named = any(row.reason == "named" for row in mine)
    if restricted:
        mine = [row for row in mine if row.reason == "named"]
    known = not blocked and viewer.role_key not in OPEN_NO_FILE and (named if restricted else bool(mine))
    opened = frozenset(name for row in mine if row.reason != "panel" for name in row.categories)
    panel = frozenset(name for row in mine if row.reason == "panel" for name in row.categories)
    whole = known and any(
        len(row.categories) == 18 and row.until is None and row.reason not in ("panel", "share", "break_glass")
        for row in mine
    )
    entries = frozenset(pk for row in mine for pk in row.entries)
    nothing: frozenset[Any] = frozenset()
    return Seen(*(known, opened, panel, whole, entries) if known else (False, nothing, nothing))


def level(role: str, category: str, what: Seen, table: dict[str, dict[str, str]]) -> str:
    """FULL, SUMMARY, EXISTENCE, OWN or NONE."""
    if not what.known or category not in what.categories | what.panel:
        return "NONE"
    letter = table[role][category]
    if letter == "P":
        return "FULL" if category in what.panel else "NONE"
    if letter == "S" and category in NO_SUMMARY:
        return "EXISTENCE"
    return {"F": "FULL", "S": "SUMMARY", "E": "EXISTENCE", "O": "OWN"}.get(letter, "NONE")


def reads(viewer: Any, entry: EntryRow, what: Seen, table: dict[str, dict[str, str]]) -> bool:
    """Whether an entry's words, or their summary, may be shown."""
    if not what.known:
        return False
    if entry.author == viewer.user_id:
        return True
    if entry.id in what.entries:
        what = replace(what, categories=what.categories | {entry.category})
    how_much = level(viewer.role_key, entry.category, what, table)
    return how_much in ("FULL", "SUMMARY") or (how_much == "OWN" and entry.agency == viewer.agency_id)
