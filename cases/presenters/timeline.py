"""The chronology as a timeline: each entry in full, as its shared sentence, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from accounts.rules.dates import day, in_london, moment
from cases.access.choices import Category
from cases.access.rules import Level
from cases.record.choices import Source
from cases.record.models import ChronologyEntry
from cases.record.services import OpenFile

# Where knowing it changes how far to trust an entry: not of records, nor of one practitioner to another.
SAID_OF_SOURCE = (Source.CHILD, Source.PARENT, Source.OWN_OBSERVATION, Source.OTHER_PERSON)


def timeline(opened: OpenFile, entries: Iterable[ChronologyEntry]) -> list[dict[str, Any]]:
    """Entries for `components/timeline.html`, in the order given."""
    return [_entry(opened, entry) for entry in entries]


def _when(instant: datetime) -> str:
    """The instant; of midnight only the day, because a fact that starts on a day is kept as its first instant."""
    return day(instant) if in_london(instant).time() == time() else moment(instant)


def _entry(opened: OpenFile, entry: ChronologyEntry) -> dict[str, Any]:
    full = opened.entry_level(entry) == Level.FULL
    tags = [{"text": Category(entry.category).label.capitalize(), "tone": "plain"}]
    if not full:
        tags.append({"text": "Shared sentence only", "tone": "private"})
    elif entry.third_party:
        tags.append({"text": "About another person", "tone": "watch"})
    known = f"Known from: {entry.get_source_display().lower()}." if full and entry.source in SAID_OF_SOURCE else ""
    return {
        "title": entry.get_kind_display(),
        "when": _when(entry.happened_at),
        "iso": entry.happened_at.isoformat(),
        "by": f"{entry.author}, {entry.agency}" if full else str(entry.agency),
        "text": "\n".join(part for part in (entry.summary, entry.detail if full else "", known) if part),
        "tags": tags,
    }
