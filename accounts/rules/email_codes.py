"""Codes that are sent to a work address: how long one holds, how many may be asked for, and what one looks like."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.rules.refusals import Refusal

HOLDS_FOR = timedelta(minutes=10)
WRONG_MOST = 5
# Within the cool-off: for one address, whoever asks; and from one place, whatever it asks for.
MOST_FOR_AN_ADDRESS, MOST_FROM_A_PLACE = 5, 20
KEPT_FOR = timedelta(days=1)
# No vowels, so that no word comes of it, and nothing that looks like something else.
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8


class TooManyCodes(Refusal):
    """More codes were asked for than anybody needs."""

    code = "too_many_codes"


def check_may_ask(for_address: int, from_place: int) -> None:
    """Refuse one more code where so many were asked for of late, for an address or from a place."""
    if for_address >= MOST_FOR_AN_ADDRESS or from_place >= MOST_FROM_A_PLACE:
        raise TooManyCodes("Too many codes were asked for.")


def code_is_open(asked_at: datetime, at: datetime, *, wrong: int, used: bool) -> bool:
    """Whether a code may still be typed: for ten minutes, once, and until five were wrong."""
    return timedelta() <= at - asked_at < HOLDS_FOR and wrong < WRONG_MOST and not used


def letters_of(digest: bytes) -> str:
    """Eight letters out of a digest of at least 16 bytes, in two groups."""
    number, letters = int.from_bytes(digest), ""
    for _ in range(LENGTH):
        number, place = divmod(number, len(LETTERS))
        letters += LETTERS[place]
    return f"{letters[:4]}-{letters[4:]}"
