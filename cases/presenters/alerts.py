"""Alerts as the page shows them: by kind, a few of each, the rest folded. No child is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.text import capfirst

from accounts.forms import WriteForm
from accounts.rules.dates import due_in, due_words, length, moment
from cases.clocks.choices import AlertKind, ClockKind
from cases.clocks.rules import URGENCY
from cases.clocks.selectors import OpenAlert, TakenAlert

SHOWN = 3
LISTED = 50
HEADINGS: dict[str, str] = {
    AlertKind.URGENT_NOTIFICATION: "Urgent notifications",
    AlertKind.MATCH_QUESTION: "Questions for the data guardians",
    AlertKind.EMERGENCY_ON_FILE: "Files opened in an emergency",
    AlertKind.EMERGENCY_OPENED: "Emergency access",
    AlertKind.RESTRICTION_LIFT: "Restrictions to lift",
    AlertKind.RESTRICTION_LIST: "Restricted files that somebody has left",
    AlertKind.CONFLICT_RECORDED: "Conflicts of interest",
    AlertKind.CONFLICT_POSSIBLE: "Possible conflicts of interest",
    AlertKind.CONFLICT_LIFT: "Conflicts of interest to lift",
    AlertKind.EMERGENCY_JUDGED: "Emergency access of yours",
    AlertKind.LOOK_DIGEST: "Looks worth a question",
    AlertKind.SHARE_RECEIVED: "Shared with you",
    AlertKind.SHARE_WITHDRAWN: "Withdrawn: do not use it",
    AlertKind.SHARED_IN_ERROR: "Shared in error",
    AlertKind.ACCESS_ASKED: "Requests for access",
    AlertKind.ACCESS_ANSWER: "Answers to your requests",
    AlertKind.WISH_AGAINST: "Shared against what a child says",
    ClockKind.URGENT_NOTIFICATION_DECIDED: "Urgent notifications to decide",
    ClockKind.NOTIFICATION_DECIDED: "Notifications to decide",
    ClockKind.INTERVIEW_HELD: "Return interviews to hold",
    ClockKind.ACTION_DONE: "Actions of the panel",
    ClockKind.EMERGENCY_REVIEWED: "Emergency access to review",
    ClockKind.RESTRICTION_REVIEWED: "Restricted files to review",
    ClockKind.REVIEW_SIGNED: "Access reviews to sign",
    ClockKind.BREACH_ASSESSED: "Information shared in error, to assess",
    ClockKind.SHARING_REVIEWED: "Decisions not to share, to review",
    ClockKind.ACCESS_ANSWERED: "Requests for access to answer",
    ClockKind.AGREEMENT_RENEWED: "Information-sharing agreements to renew",
}
# Why taking is not the end of it. A clock climbs whoever has taken its alert.
OF_AN_EVENT = "Until somebody takes it, more people are told."
# Of these people are told once: taking one says that it has been seen.
TOLD_ONCE = (
    AlertKind.EMERGENCY_ON_FILE,
    AlertKind.EMERGENCY_OPENED,
    AlertKind.RESTRICTION_LIFT,
    AlertKind.RESTRICTION_LIST,
    AlertKind.CONFLICT_RECORDED,
    AlertKind.CONFLICT_POSSIBLE,
    AlertKind.CONFLICT_LIFT,
    AlertKind.EMERGENCY_JUDGED,
    AlertKind.SHARE_RECEIVED,
    AlertKind.SHARE_WITHDRAWN,
    AlertKind.SHARED_IN_ERROR,
    AlertKind.ACCESS_ASKED,
    AlertKind.ACCESS_ANSWER,
    AlertKind.WISH_AGAINST,
)
OF_A_CLOCK = "A clock stops only when the thing is done; until then people are told again."

NONE_TO_TAKE = "Others deal with these: make sure that whoever owes each of them knows."


def alert_groups(alerts: Iterable[OpenAlert], *, at: datetime, here: str = "") -> list[dict[str, Any]]:
    """Open alerts by kind: kinds with something late first, among them the most urgent kind.

    `here` is the alert at which the reader was.
    """
    by_kind: dict[str, list[OpenAlert]] = {}
    for alert in alerts:
        by_kind.setdefault(alert.kind, []).append(alert)
    kinds = sorted(by_kind, key=lambda kind: (not any(map(_pressing(at), by_kind[kind])), URGENCY.index(kind)))
    return [_group(kind, by_kind[kind], at=at, here=here) for kind in kinds]


def lead_words(groups: Iterable[dict[str, Any]]) -> str:
    """What waits in all, and what taking means; to who can take none of it, what else to do."""
    groups = list(groups)
    late = sum(group["pressing"] for group in groups)
    first = {0: "Nothing is late.", 1: "1 thing is late or waits."}.get(late, f"{late} things are late or wait.")
    if not any(row["may_take"] for group in groups for row in group["rows"] + group["folded"]):
        return f"{first} {NONE_TO_TAKE} {OF_A_CLOCK}"
    return f"{first} Take one when you deal with it now: everybody who was told sees that you have it. {OF_A_CLOCK}"


def _pressing(at: datetime) -> Callable[[OpenAlert], bool]:
    """Whether an alert waits for an event, or its clock is past its time."""
    return lambda alert: alert.due_at is None or alert.due_at <= at


def _group(kind: str, alerts: list[OpenAlert], *, at: datetime, here: str) -> dict[str, Any]:
    pressing = sum(map(_pressing(at), alerts))
    event, soon = alerts[0].due_at is None, len(alerts) - pressing
    listed = alerts[:LISTED]
    rows = [_row(alert, then=_then(listed, place), at=at, here=here) for place, alert in enumerate(listed)]
    folded = rows[SHOWN:]
    return {
        "key": kind,
        "heading": HEADINGS[kind],
        "count": len(alerts),
        "pressing": pressing,
        "stands": ", ".join(
            words
            for words, number in (
                (f"{pressing} {'waiting' if event else 'late'}", pressing),
                (f"{soon} due soon", soon),
            )
            if number
        ),
        "words": f"{alerts[0].words}. {OF_AN_EVENT}" if event and kind not in TOLD_ONCE else f"{alerts[0].words}.",
        "rows": rows[:SHOWN],
        "folded": folded,
        "open": any(row["here"] for row in folded),
        "left_out": len(alerts) - len(listed),
    }


def _then(listed: list[OpenAlert], place: int) -> UUID | str:
    """The alert that stands where this one stood once it is taken: the next, or at the end the one before."""
    around = listed[place + 1 : place + 2] or listed[place - 1 : place]
    return around[0].alert_id if around else ""


def _row(alert: OpenAlert, *, then: UUID | str, at: datetime, here: str) -> dict[str, Any]:
    told = f"You were told on {moment(alert.raised_at)}."
    if alert.due_at is None:
        title, tone = f"Since {moment(alert.waits_since)}", "urgent"
        stands = f"waiting {length(at - alert.waits_since)}"
        told = "Nobody took it in time, so people have been told again." if alert.step > 1 else ""
    else:
        late = alert.due_at <= at
        title = f"Due {due_words(alert.due_at, by_day=alert.by_day)}"
        stands, tone = due_in(alert.due_at, at, by_day=alert.by_day), "urgent" if late else "watch"
    return {
        "id": alert.alert_id,
        "title": title,
        "href": alert.href,
        "may_take": alert.may_take,
        "told": told,
        "stands": capfirst(stands),
        "tone": tone,
        "then": then,
        "here": str(alert.alert_id) == here,
        "form": WriteForm(auto_id=False),
    }


def taken_row(taken: TakenAlert) -> list[dict[str, str]]:
    """One alert that somebody took, as a row of a table."""
    return [{"text": taken.words}, {"text": taken.taken_by}, {"text": moment(taken.taken_at)}]
