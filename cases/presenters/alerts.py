"""Alerts as the page shows them: no child is named."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.forms import WriteForm
from accounts.rules.dates import due_in, due_words, length, moment
from cases.clocks.selectors import OpenAlert, TakenAlert


def alert_card(alert: OpenAlert, *, at: datetime) -> dict[str, Any]:
    """One open alert: what it says, where it stands, and what taking it does."""
    told = moment(alert.raised_at)
    if alert.due_at is None:
        stands, tone = f"{length(at - alert.waits_since)} waiting", "urgent"
        more = " Nobody took it in time, so people have been told again." if alert.step > 1 else ""
        words = f"You were told on {told}.{more} Until somebody takes it, more people are told."
    else:
        late = alert.due_at <= at
        stands, tone = due_in(alert.due_at, at, by_day=alert.by_day), "urgent" if late else "watch"
        due = due_words(alert.due_at, by_day=alert.by_day)
        first = f"It {'was' if late else 'is'} due on {due}. You were told on {told}."
        # A clock climbs whoever has taken its alert.
        more = (
            "Taking it does not stop its clock: that stops when the thing is done."
            if late
            else "Whoever takes it, people are told again if it is not done in time."
        )
        words = f"{first} {more}"
    return {
        "id": alert.alert_id,
        "title": alert.words,
        "told": told,
        "stands": stands[:1].upper() + stands[1:],
        "tone": tone,
        "words": words,
        "form": WriteForm(auto_id=False),
    }


def taken_row(taken: TakenAlert) -> list[dict[str, str]]:
    """One alert that somebody took, as a row of a table."""
    return [{"text": taken.words}, {"text": taken.taken_by}, {"text": moment(taken.taken_at)}]
