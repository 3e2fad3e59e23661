"""Postcodes that stand in a text, however they are typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Watch:
    """What is asked about the postcodes in a text.

    `known` gives those of some that are of protected addresses which the writer knows; where `every` one is asked
    about, the others are too.
    """

    known: Callable[[frozenset[str]], frozenset[str]]
    every: bool = True


# Nothing is known, so that nothing is told: every postcode is asked about, whosever it is.
NOTHING_KNOWN = Watch(lambda codes: frozenset())


def those_typed(codes: frozenset[str]) -> Watch:
    """Ask about these alone, which the writer has typed themselves."""
    return Watch(codes.intersection, every=False)


# While a child's file is open in a request: the protected addresses of that file, as far as the viewer knows them.
WATCH: ContextVar[Watch | None] = ContextVar("watch", default=None)
