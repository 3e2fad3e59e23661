"""Postcodes that stand in a text, however they are typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from contextvars import ContextVar

# A whole one: half a postcode is a district, which may be shown. The last two letters are never among CIKMOV, so that
# "on the M1 4pm" is none.
WHOLE = re.compile(
    r"(?<![A-Z0-9])([A-Z]{1,2}[0-9][A-Z0-9]?)[\s.\-–]{0,3}([0-9][ABD-HJLNP-UW-Z]{2})(?![A-Z0-9])", re.IGNORECASE
)


def postcode_key(postcode: str) -> str:
    """A postcode as it is compared: capitals, without spaces."""
    return "".join(postcode.split()).upper()


def spaced(key: str) -> str:
    """A whole postcode as people write it."""
    return f"{key[:-3]} {key[-3:]}"


def postcodes_in(text: str) -> frozenset[str]:
    """The whole postcodes in a text, as they are compared."""
    return frozenset(f"{found[1]}{found[2]}".upper() for found in WHOLE.finditer(text))


# While a child's file is open in a request: which of some postcodes, as they are compared, are those of its protected
# addresses, as far as the viewer knows them. None where no file is open.
Watch = Callable[[Collection[str]], frozenset[str]]
WATCH: ContextVar[Watch | None] = ContextVar("watch", default=None)
