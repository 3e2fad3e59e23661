"""The minutes of a meeting for one reader: a tagged PDF that begins with what was decided and who does what.

Each child who was talked about has pages of their own; those carried over share one table.

Redacted by the reader's matrix and the blocks of that instant: what a reader may know exists and may not read is said
to be withheld; of anything else there is no trace, and pages and parts are numbered over what is shown. Police
intelligence stands in no copy at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from weasyprint import HTML

from accounts.rules.dates import moment
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import Level
from cases.record.services import OpenFile
from panels.choices import ItemState
from panels.models import AgendaItem, Meeting
from panels.presenters.meetings import STATEMENT, attendance_rows, progress, times
from panels.presenters.parts import (
    actions_shown,
    decision_rows,
    decision_words,
    heading,
    left_out_of_minutes,
    minuted,
    minutes_withheld,
    name_of,
    reasons,
    updates_shown,
)
from panels.selectors.agenda import leads_of
from panels.selectors.meetings import accepted_by, attendance_of, seats_of_meeting
from referrals.presenters.notify_copy import breakable

WITHHELD = "Withheld"
LEVEL_SAID = {
    "high": "High risk",
    "medium": "Medium risk",
    "low": "Low risk",
    "none": "None identified",
    "": "Not assessed",
}


def _refuse(url: str, *args: Any, **kwargs: Any) -> Any:
    """Minutes are made from their own text: nothing is ever fetched."""
    raise ValueError(url)


def minutes_as_pdf(
    meeting: Meeting,
    parts: Iterable[tuple[AgendaItem, OpenFile]],
    *,
    viewer: Viewer,
    at: datetime,
    partnership: str,
    alone: bool = False,
) -> bytes:
    """Minutes as a PDF/UA-1 document: of a whole meeting, or of one child's part `alone`.

    Every page says who printed it and when; the title names no child.
    """
    pairs = list(parts)
    told = pairs if alone else [(item, opened) for item, opened in pairs if item.state == ItemState.DECIDED]
    leads = leads_of([item.child_id for item, _ in told])
    shown = [child_part(opened, item, leads.get(item.child_id)) for item, opened in told]
    context: dict[str, Any] = {
        "title": f"Minutes, {meeting.panel.name}",
        "panel": meeting.panel.name,
        "partnership": partnership,
        "printed": moment(at),
        "printed_by": f"{viewer.name}, {viewer.role_name}, {viewer.agency_name}",
        "times": times(meeting),
        "alone": alone,
        "parts": shown,
    }
    if not alone:
        taken = attendance_of(meeting)
        seats = seats_of_meeting(meeting, taken, on=meeting.starts_at.date())
        context |= {
            "attendance": attendance_rows(seats, taken, accepted_by(meeting)),
            "quorate": meeting.quorate,
            "statement": STATEMENT,
            "nobody": not pairs,
            "progress": progress(meeting, pairs),
            **summary(told, shown),
            "carried_over": [
                {"child": named(opened), "words": breakable(decision_words(opened, item))}
                for item, opened in pairs
                if item.state != ItemState.DECIDED
            ],
        }
    html = render_to_string("pdf/minutes.html", context)
    pdf: bytes = HTML(string=html, url_fetcher=_refuse).write_pdf(pdf_variant="pdf/ua-1")
    return pdf


def summary(told: Iterable[tuple[AgendaItem, OpenFile]], parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What stands first: each child with decision and next review, and the actions, as far as the parts show them."""
    decisions: list[dict[str, Any]] = []
    actions: list[dict[str, Any]] = []
    in_part = False
    for (_, opened), part in zip(told, parts, strict=True):
        rows = {row["key"]: row["value"] for row in part["rows"]}
        decisions.append(
            {
                "child": named(opened),
                "decision": rows.get("Decision", WITHHELD),
                "review": rows.get("Next review", WITHHELD),
            }
        )
        actions += [{**line, "child": named(opened)} for line in part["actions"]]
        in_part = in_part or opened.level(Category.MINUTES) < Level.FULL
    return {"decisions": decisions, "actions": actions, "actions_in_part": in_part}


def named(opened: OpenFile) -> str:
    """A child in a table: the name, and the reference by which agenda and file are found."""
    name, reference = name_of(opened), opened.child.reference
    return name if name == reference else f"{name} ({reference})"


def child_part(opened: OpenFile, item: AgendaItem, lead: Any) -> dict[str, Any]:
    """One child's part of the minutes in finished text, every long word with a place to break."""
    who = heading(opened, lead)
    shown, withheld = updates_shown(opened, minuted(item.updates.all()))
    notice = minutes_withheld(opened)
    level = f"{LEVEL_SAID[who['level']]}. {opened.child.get_harm_status_display()}" if who["shows_level"] else ""
    seen = opened.level(Category.MINUTES) >= Level.SUMMARY
    return {
        "name": who["name"],
        "reference": who["reference"],
        "level": level,
        "lead": who["lead"],
        "settled": item.state == ItemState.DECIDED,
        "reasons": [breakable(words) for words in reasons(opened, item)] if seen else [],
        "rows": [{**row, "value": breakable(row["value"])} for row in decision_rows(opened, item)],
        "actions": [{**line, "text": breakable(line["text"])} for line in actions_shown(opened, item.actions.all())],
        "updates": [{**row, "text": breakable(row["text"])} for row in shown],
        "left_out": left_out_of_minutes(opened, item.updates.all()),
        "withheld": [*withheld, *([notice] if notice else [])],
    }
