"""The second step of signing in: a code from an authenticator app (RFC 6238), or a recovery code."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.rules.refusals import Refusal

PERIOD = 30  # seconds that a code holds
LATE_OR_EARLY = 1  # periods by which a telephone's clock may be off
CODES_IN_HAND = 10
FEW_CODES = 3


class CodeRefused(Refusal):
    """A code that opens nothing; the reason is a message for the field."""


def counters_at(at: datetime) -> tuple[int, ...]:
    """The numbers of the half-minutes whose codes hold at an instant: this one, and one to either side."""
    this = int(at.timestamp()) // PERIOD
    return tuple(range(this - LATE_OR_EARLY, this + LATE_OR_EARLY + 1))


def check_not_used(counter: int, last_used: int | None) -> None:
    """Refuse a code whose half-minute is not after that of the last code used: nobody signs in with one overheard."""
    if last_used is not None and counter <= last_used:
        raise CodeRefused("This code has been used. Wait until your app shows the next one, and enter that")


def step_is_open(began_at: float, at: datetime, *, seconds: int) -> bool:
    """Whether somebody who gave the right password may still give the code: for so many seconds, and not before."""
    return timedelta() <= at - datetime.fromtimestamp(began_at, tz=at.tzinfo) <= timedelta(seconds=seconds)


def in_groups(secret: str) -> str:
    """A key or code in groups of four, to be read and typed."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
