"""The chronology as a timeline: each entry in full, as its shared sentence, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from accounts.rules.dates import moment
from cases.access.choices import Category
from cases.access.rules import Level
from cases.record.choices import Source
from cases.record.models import ChronologyEntry
from cases.record.services import OpenFile


def timeline(opened: OpenFile, entries: Iterable[ChronologyEntry]) -> list[dict[str, Any]]:
    """Entries for `components/timeline.html`, in the order given."""
    return [_entry(opened, entry) for entry in entries]


def _entry(opened: OpenFile, entry: ChronologyEntry) -> dict[str, Any]:
    full = opened.entry_level(entry) == Level.FULL
    tags = [{"text": Category(entry.category).label.capitalize(), "tone": "plain"}]
    if not full:
        tags.append({"text": "Shared sentence only", "tone": "private"})
    elif entry.third_party:
        tags.append({"text": "About another person", "tone": "watch"})
    known = f" Known from: {entry.get_source_display().lower()}." if full and entry.source != Source.SYSTEM else ""
    return {
        "title": entry.get_kind_display(),
        "when": moment(entry.happened_at),
        "iso": entry.happened_at.isoformat(),
        "by": f"{entry.author}, {entry.agency}" if full else str(entry.agency),
        "text": "\n".join(part for part in (entry.summary, entry.detail if full else "", known.strip()) if part),
        "tags": tags,
    }
