"""The rows of one address, on every file of the child."""

from __future__ import annotations

from uuid import UUID

from accounts.rules.postcodes import postcode_key
from cases.record.models import Address
from cases.record.rules.addresses import address_key
from cases.record.selectors.hidden import of_one_child


def rows_of_address(child_id: UUID, *, lines: str, postcode: str) -> list[Address]:
    """Where one address stands on a file and on those merged with it: what holds first, then the newest.

    For the system's own use: whether somebody may see a row is asked of each.
    """
    same = _rows_like(child_id, lines, postcode)
    newest = sorted(same, key=lambda row: (row.started_on, row.recorded_at, str(row.pk)), reverse=True)
    return sorted(newest, key=lambda row: row.ended_on is not None)


def stands_protected(child_id: UUID, *, lines: str, postcode: str) -> bool:
    """Whether an address that was written down elsewhere is protected on a file of the child: the same one, however it
    is spaced, or one in its postcode.
    """
    return any(row.protected for row in _rows_like(child_id, lines, postcode, code=postcode_key(postcode)))


def _rows_like(child_id: UUID, lines: str, postcode: str, *, code: str = "") -> list[Address]:
    """The rows of one address on every file of the child, and those in a postcode where one is given."""
    key = address_key(lines, postcode)
    rows = Address.objects.filter(child__in=of_one_child(child_id))
    return [
        row
        for row in rows
        if address_key(row.lines, row.postcode) == key or (code and postcode_key(row.postcode) == code)
    ]
