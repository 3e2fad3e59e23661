"""The access rule as the database reads it: expressions whose words are written once, and not built for each query.

Each is `cases.access.rules` over the rows of grants and blocks. They are plain SQL because every list, count and page
asks them several times, and building them from querysets cost more than all the rest of a page.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, BooleanField

from accounts.rules.viewers import Viewer
from accounts.selectors.written import Written
from cases.access.choices import ALL_CATEGORIES, CATEGORY_BITS, WORKING_REASONS, Cell, GrantReason
from cases.access.rules import Matrix

# What live grants say of a file, in one number, so that one look at them answers it all: the categories that panel
# grants open stand above those that others open; then come a bit for an emergency, one for single entries, one for the
# whole file without an end, one for a name that counts because the file is restricted, and the highest, which says that
# the viewer is named. No number reaches the last of these.
PANEL_SHIFT, EMERGENCY_BIT, ENTRIES_BIT, WHOLE_BIT = 1 << 20, 1 << 38, 1 << 39, 1 << 40
RESTRICTED_BIT, NAMED_BIT, OUT_OF_REACH = 1 << 41, 1 << 42, 1 << 43

_PANEL, _NAMED, _EMERGENCY = GrantReason.PANEL.value, GrantReason.NAMED.value, GrantReason.BREAK_GLASS.value
_SHARE = GrantReason.SHARE.value
_WORKING = ", ".join(f"'{reason.value}'" for reason in WORKING_REASONS)
_WHOLE = f"counted.category_mask = {ALL_CATEGORIES} AND counted.valid_until IS NULL"
_BIT = " ".join(f"WHEN '{category}' THEN {bit}" for category, bit in CATEGORY_BITS.items())

# One child's files are the one that lives on and those that were merged into it. A block or a restriction of one holds
# on all. `into` is the file that this one was merged into, if any: a file that was not asks for the others alone, by a
# small index.
_OTHERS = "FROM cases_child other WHERE other.merged_into_id = COALESCE({into}, {child})"
_KEPT = "FROM cases_child kept WHERE kept.id = {into}"
_RESTRICTED = f"""(
    {{restricted}}
    OR EXISTS (SELECT 1 {_OTHERS} AND other.restricted)
    OR ({{into}} IS NOT NULL AND EXISTS (SELECT 1 {_KEPT} AND kept.restricted))
)"""
# The grants that are live and reach the viewer's agency, the functions it serves, or its own membership; a share to a
# person only while their agency's agreement covers it.
_REACHING = f"""
    FROM cases_accessgrant counted
    WHERE counted.child_id = {{child}}
        AND (
            counted.group_id = ANY(%(groups)s)
            OR (counted.membership_id = %(membership)s AND (counted.reason <> '{_SHARE}' OR %(covered)s))
        )
        AND counted.valid_from <= %(at)s
        AND (counted.valid_until IS NULL OR counted.valid_until > %(at)s)
        AND (counted.ended_at IS NULL OR counted.ended_at > %(at)s)
"""
# Those of them that count: on a restricted file those alone that name the viewer, so that no grant to an agency widens
# what somebody was named for.
_COUNTING = f"""{_REACHING}
        AND (counted.reason = '{_NAMED}' OR NOT {_RESTRICTED})
"""
_SAID = f"""(
    SELECT BIT_OR(
        CASE
            WHEN counted.reason = '{_PANEL}' THEN counted.category_mask * {PANEL_SHIFT}
            WHEN counted.reason = '{_EMERGENCY}' THEN counted.category_mask + {EMERGENCY_BIT}
            WHEN counted.reason = '{_NAMED}' AND {_WHOLE} THEN counted.category_mask + {WHOLE_BIT + NAMED_BIT}
            WHEN counted.reason = '{_NAMED}' THEN counted.category_mask + {NAMED_BIT}
            WHEN counted.reason IN ({_WORKING}) AND {_WHOLE} THEN counted.category_mask + {WHOLE_BIT}
            WHEN counted.entry_ids <> '{{{{}}}}' THEN counted.category_mask + {ENTRIES_BIT}
            ELSE counted.category_mask
        END
        | CASE WHEN counted.reason = '{_NAMED}' AND {_RESTRICTED} THEN {RESTRICTED_BIT} ELSE 0 END
    ){_COUNTING}
)"""
# What the child's other files ask of the grants, in a number like the one above. NULL, where there is none, asks for
# nothing.
_KEPT_OUT = """FROM cases_block block
    WHERE block.user_id = %(user)s
        AND block.placed_at <= %(at)s
        AND (block.ended_at IS NULL OR block.ended_at > %(at)s)"""
_BLOCKED = f"EXISTS (SELECT 1 {_KEPT_OUT} AND block.child_id = {{child}})"
_OTHER_BLOCKED = f"EXISTS (SELECT 1 {_KEPT_OUT} AND block.child_id = other.id)"
_KEPT_BLOCKED = f"EXISTS (SELECT 1 {_KEPT_OUT} AND block.child_id = kept.id)"
_OTHERS_ASK = f"""(
    SELECT MAX(CASE WHEN {_OTHER_BLOCKED} THEN {OUT_OF_REACH} WHEN other.restricted THEN {NAMED_BIT} ELSE 0 END)
    {_OTHERS}
)"""
_KEPT_ASKS = f"""CASE WHEN {{into}} IS NOT NULL THEN (
    SELECT CASE WHEN {_KEPT_BLOCKED} THEN {OUT_OF_REACH} WHEN kept.restricted THEN {NAMED_BIT} ELSE 0 END
    {_KEPT}
) END"""
_ASKED = f"GREATEST(CASE WHEN {{restricted}} THEN {NAMED_BIT} ELSE 0 END, {_OTHERS_ASK}, {_KEPT_ASKS})"
# What no emergency opens: a file kept from this person, or from everybody who is not named on it.
_SHUT = f"({_BLOCKED} OR {_ASKED} >= {NAMED_BIT})"
# No grant says NULL, which is never enough; where the file is restricted only the viewer's own name is.
_REACH = f"(SELECT MAX(CASE WHEN counted.reason = '{_NAMED}' THEN {NAMED_BIT} ELSE 0 END){_REACHING})"
_KNOWN = f"""(
    NOT {_BLOCKED}
    AND {_REACH} >= {_ASKED}
)"""
# An author sees own entries, whatever the cell says; where the cell says own entries, so does the author's agency. A
# grant opens only the categories and the single entries it names, and a panel's cell is open while a panel's grant is.
_READABLE = f"""(
    {{author}} = %(user)s
    OR EXISTS (
        SELECT 1{_COUNTING}
            AND (
                counted.category_mask & (CASE {{category}} {_BIT} ELSE 0 END) <> 0
                OR {{entry}} = ANY(counted.entry_ids)
            )
            AND (
                {{category}} = ANY(%(shown)s)
                OR ({{category}} = ANY(%(own)s) AND {{agency}} = %(agency)s)
                OR ({{category}} = ANY(%(panel)s) AND counted.reason = '{_PANEL}')
            )
    )
)"""


class AccessExpression(Written):
    """SQL about one file, or a row of its content, with values for the viewer's facts."""

    needs: tuple[str, ...] = ("child", "restricted", "into")


class Said(AccessExpression):
    """What the grants that count say of a file, as one number; NULL where there is none."""

    words = _SAID
    output_field = BigIntegerField()


class Known(AccessExpression):
    """Whether the viewer may know of the file: no block keeps them out, and a grant lets them in."""

    words = _KNOWN
    output_field = BooleanField()


class Shut(AccessExpression):
    """Whether no emergency may open the file to the viewer: a block keeps them out, or it is for named people only."""

    words = _SHUT
    output_field = BooleanField()


class Readable(AccessExpression):
    """Whether an entry may be read, in full or as its summary, on a file that may be known."""

    words = _READABLE
    needs = ("child", "restricted", "into", "category", "author", "agency", "entry")
    output_field = BooleanField()


def facts_to_ask_by(viewer: Viewer, at: datetime) -> dict[str, Any]:
    """What the words need to know of a viewer, and the instant."""
    return {
        "groups": list(viewer.group_ids),
        "membership": viewer.membership_id,
        "covered": viewer.covered,
        "user": viewer.user_id,
        "at": at,
    }


def categories_by_cell(viewer: Viewer, matrix: Matrix) -> dict[str, Any]:
    """What the words need to know of the matrix: the categories that the viewer's role reads, by how they open."""
    by_cell: dict[Cell, list[str]] = {}
    for category in CATEGORY_BITS:
        by_cell.setdefault(matrix.opens(viewer.role_key, category), []).append(category)
    return {
        "shown": by_cell.get(Cell.FULL, []) + by_cell.get(Cell.SUMMARY, []),
        "own": by_cell.get(Cell.OWN, []),
        "panel": by_cell.get(Cell.PANEL, []),
        "agency": viewer.agency_id,
    }
