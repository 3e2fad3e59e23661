"""Looks by person, and the weekly digest, in words and rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse

from accounts.choices import AccessOutcome
from accounts.models import AccessEvent
from accounts.rules.dates import day, in_london, moment
from accounts.rules.roles import ROLES
from cases.presenters.looking import as_csv, page_words, reason_words
from cases.sharing.choices import SignalKind
from cases.sharing.models.looks import LookSignal
from cases.sharing.rules.looks import COUNT_FILES
from cases.sharing.selectors.looks import OWN_NAME, PersonLooks, WeekLooked

PEOPLE_COLUMNS = [
    {"text": "Person"},
    {"text": "Looks", "numeric": True},
    {"text": "Refused", "numeric": True},
    {"text": "Last time"},
]
EVENT_COLUMNS = [{"text": "When"}, {"text": "What happened"}, {"text": "Page"}, {"text": "File"}, {"text": "Why"}]
ABOUT: dict[str, str] = {
    SignalKind.SAME_NAME: "A relative may be looking, or a worker with a common name.",
    SignalKind.SAME_HOME: "A neighbour or relative may be looking, or somebody whose street is long.",
    SignalKind.OWN_NAME: "Nobody should look for their own family in Harbour.",
    SignalKind.MANY_IN_AN_HOUR: "Nobody reads so many files in an hour for one child's sake.",
    SignalKind.OUTSIDE_CASELOAD: "They work with none of these children in person, and wrote nothing about them.",
    SignalKind.OUT_OF_HOURS: "Their role does not work at these hours.",
}


def people_rows(people: Iterable[PersonLooks], agencies: dict[int, str]) -> list[list[dict[str, Any]]]:
    """People with the number of their looks, as rows of a table."""
    return [
        [
            {
                "text": person.name or "Somebody without a name",
                "href": reverse("cases:person_looks", args=[person.user_id]),
                "hint": agencies.get(person.user_id, ""),
            },
            {"text": f"{person.reads:,}"},
            {"text": f"{person.refusals:,}"},
            {"text": moment(person.last_at)},
        ]
        for person in people
    ]


def event_rows(events: Iterable[AccessEvent], references: dict[UUID, str]) -> list[list[dict[str, Any]]]:
    """What one person opened, was shown or was refused, as rows of a table."""
    return [
        [
            {"text": moment(event.at), "hint": _role(event)},
            {"text": _outcome(event), "tone": "urgent" if event.outcome == AccessOutcome.REFUSED else "plain"},
            {"text": page_words(event.action)},
            _file(event, references),
            {"text": _why(event)},
        ]
        for event in events
    ]


def _role(event: AccessEvent) -> str:
    return ROLES[event.role].name if event.role in ROLES else "No role"


def _outcome(event: AccessEvent) -> str:
    return "Refused" if event.outcome == AccessOutcome.REFUSED else "Read"


def _why(event: AccessEvent) -> str:
    """As on a file, but for a search by one's own name, which there stands as a list: of it guardians alone read."""
    return "A search by their own family name." if event.reason_code == OWN_NAME else reason_words(event)


def _file(event: AccessEvent, references: dict[UUID, str]) -> dict[str, Any]:
    reference = references.get(event.child_id) if event.child_id else None
    if reference is not None:
        return {"text": reference, "href": reverse("cases:file", args=[reference])}
    count = sum(shown in references for shown in event.shown_ids)
    return {"text": f"{count} in a list" if count else "None"}


def events_csv(events: Iterable[AccessEvent], references: dict[UUID, str]) -> str:
    """The same rows as a file for a spreadsheet."""
    rows = (
        (
            in_london(event.at).isoformat(timespec="seconds"),
            _role(event),
            _outcome(event),
            page_words(event.action),
            _file(event, references)["text"],
            _why(event),
        )
        for event in events
    )
    return as_csv(("when", "role", "what_happened", "page", "file", "why"), rows)


def digest_items(digests: Iterable[WeekLooked]) -> list[dict[str, str]]:
    """The weeks that were gone through, as lines."""
    return [
        {
            "text": week_words(digest.week_from),
            "href": reverse("cases:look_digest", args=[digest.digest_id]),
            "meta": _signals(digest.found),
            "due": f"{digest.waiting} to decide" if digest.waiting else "",
            "tone": "watch",
        }
        for digest in digests
    ]


def _signals(number: int) -> str:
    return "1 question" if number == 1 else f"{number} questions"


def week_words(week_from: date) -> str:
    """A week by its first and last day."""
    return f"{day(week_from)} to {day(week_from + timedelta(days=6))}"


def signal_groups(
    signals: Iterable[LookSignal], *, people: dict[int, str], references: dict[UUID, str], reader: int
) -> list[dict[str, Any]]:
    """Signals by kind, each with who, how often, when, and what came of it; `own` where it is the reader's own."""
    groups: list[dict[str, Any]] = []
    rows = list(signals)
    for kind in SignalKind:
        cards = [_card(row, people, references, reader) for row in rows if row.kind == kind]
        if cards:
            groups.append({"heading": kind.label, "about": ABOUT[kind], "cards": cards})
    return groups


def _card(row: LookSignal, people: dict[int, str], references: dict[UUID, str], reader: int) -> dict[str, Any]:
    reference = references.get(row.child_id) if row.child_id else None
    return {
        "person": people.get(row.user_id, "Somebody without a name"),
        "looks_href": f"{reverse('cases:person_looks', args=[row.user_id])}?{_days(row.first_at, row.last_at)}",
        "count": _count_words(row),
        "when": _span(row.first_at, row.last_at),
        "reference": reference or "",
        "file_href": reverse("cases:who_looked", args=[reference]) if reference else "",
        "decide_href": reverse("cases:decide_signal", args=[row.pk]),
        "verdict": row.get_verdict_display(),
        "decided": f"{row.decided_by.user}, {moment(row.decided_at)}" if row.decided_by else "",
        "note": row.note,
        "own": row.user_id == reader,
        "parted": row.parted_from_id is not None,
    }


def question_of(row: LookSignal) -> dict[str, str]:
    """How often and when somebody looked, and where, for the page that asks what came of it."""
    card = _card(row, {}, {}, 0)
    return {name: card[name] for name in ("count", "when", "looks_href")}


def _count_words(row: LookSignal) -> str:
    what = "files" if row.kind in COUNT_FILES else "times"
    return f"1 {what[:-1]}" if row.count == 1 else f"{row.count} {what}"


def _span(first: datetime, last: datetime) -> str:
    return moment(first) if first == last else f"{moment(first)} to {moment(last)}"


def _days(first: datetime, last: datetime) -> str:
    parts = []
    for name, value in (("looked_from", in_london(first)), ("looked_until", in_london(last))):
        parts += [f"{name}_day={value.day}", f"{name}_month={value.month}", f"{name}_year={value.year}"]
    return "&".join(parts)
