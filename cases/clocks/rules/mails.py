"""What an e-mail may say: that something waits, and how pressing it is. Never whom or what it is about, nor for which
agency: an e-mail may be read by anybody.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum

from cases.clocks.choices import AlertKind, ClockKind

URGENT = frozenset({AlertKind.URGENT_NOTIFICATION.value, ClockKind.URGENT_NOTIFICATION_DECIDED.value})


class Tone(Enum):
    """How pressing an item is: the subject of the e-mail, and its first sentence."""

    URGENT = "An urgent item in Harbour", "You have an urgent item in Harbour. Sign in to read it."
    DUE_SOON = "An item in Harbour is due soon", "Something in Harbour is due soon. Sign in to see what."
    LATE = "An item in Harbour is late", "Something in Harbour is late. Sign in to see what."
    WAITING = "An item is waiting in Harbour", "An item is waiting for you in Harbour. Sign in to read it."

    @property
    def subject(self) -> str:
        return self.value[0]

    @property
    def sentence(self) -> str:
        return self.value[1]


def tone_of(kind: str, *, after_due: timedelta | None) -> Tone:
    """How pressing an alert is, by its kind and by how long after the due time its rung stands; None for an event."""
    if kind in URGENT:
        return Tone.URGENT
    if after_due is None:
        return Tone.WAITING
    return Tone.DUE_SOON if after_due < timedelta() else Tone.LATE
