"""Rows of files for the worklist and the search: finished text, and of each file only what the viewer may see."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from accounts.rules.dates import day, moment
from accounts.rules.viewers import Viewer
from cases.access.choices import Category, Cell
from cases.access.rules import Level, Matrix, category_levels
from cases.access.selectors import facts_of
from cases.presenters.frame import harm_word, level_word, shown_name
from cases.record.choices import RiskLevel
from cases.record.models import Child
from cases.record.rules import age_on
from cases.record.selectors import FilePage
from cases.record.selectors.lists import COUNTED_TO, Cursor

COLUMNS = ["Child", "Risk level", "Harm status", "Next review", "Named lead", "Last activity"]


def sees_levels(viewer: Viewer, matrix: Matrix) -> bool:
    """Whether the viewer's role sees the level of any file, so that a list may be narrowed by it."""
    return matrix.cell(viewer.role_key, Category.LEVEL) in (Cell.FULL, Cell.SUMMARY)


def file_columns(*, levels: bool, activity: bool) -> list[dict[str, str]]:
    """The headings of `file_rows`: no column of levels for a role that sees none."""
    names = COLUMNS if levels else [COLUMNS[0], *COLUMNS[4:]]
    return [{"text": name} for name in (names if activity else names[:-1])]


def file_rows(
    files: Iterable[Child],
    *,
    viewer: Viewer,
    matrix: Matrix,
    at: datetime,
    levels: bool,
    activity: dict[UUID, datetime] | None = None,
) -> list[list[dict[str, Any]]]:
    """Files for `components/table.html`, each cell as the viewer's categories on that file open it."""
    today = timezone.localdate(at)
    address = reverse("cases:file", args=["reference"])
    rows = []
    for child in files:
        seen = category_levels(viewer, facts_of(child), matrix)
        row = [_who(child, seen[Category.IDENTITY], today, address)]
        if levels:
            row += _level_cells(child, seen[Category.LEVEL], today)
        row.append({"text": child.lead_name or "Nobody yet", "hint": child.lead_agency or ""})  # type: ignore[attr-defined]
        if activity is not None:
            row.append({"text": moment(activity[child.pk])})
        rows.append(row)
    return rows


def _who(child: Child, identity: Level, today: date, address: str) -> dict[str, Any]:
    name = shown_name(child, identity) or "Name withheld"
    age = age_on(child.birth_date, today) if identity >= Level.SUMMARY else None
    parts = [child.reference]
    if age is not None:
        parts.insert(0, f"aged {age}")
    if child.restricted:
        parts.append("restricted: named people only")
    return {"text": name, "href": address.replace("reference", child.reference), "hint": ", ".join(parts)}


def _level_cells(child: Child, level: Level, today: date) -> list[dict[str, Any]]:
    if level < Level.SUMMARY:
        return [{"text": "Withheld"}, {"text": "Withheld"}, {"text": "Withheld"}]
    known: dict[str, Any] = {"level": level_word(child)} if level_word(child) else {"text": "Not assessed"}
    harm: dict[str, Any] = {"harm": harm_word(child)} if harm_word(child) else {"text": "Not recorded"}
    if child.review_due_on is None:
        review: dict[str, Any] = {"text": "None set" if child.level != RiskLevel.NOT_ASSESSED else ""}
    elif child.review_due_on < today:
        review = {"text": f"Late: {day(child.review_due_on)}", "tone": "urgent"}
    else:
        review = {"text": day(child.review_due_on)}
    return [known, harm, review]


def count_words(page: FilePage, *, narrowed: bool) -> str:
    """How many files there are, in a sentence; counted to a thousand."""
    if page.count is None:
        number = f"{COUNTED_TO:,}+ files"
    else:
        number = f"{page.count:,} {'file' if page.count == 1 else 'files'}"
    return f"{number} {'match' if narrowed else 'are open to you'}, newest activity first"


def cursor_text(cursor: Cursor) -> str:
    """Where the next page begins, for its address."""
    return f"{cursor[0].isoformat()}~{cursor[1]}"


def cursor_of(text: str) -> Cursor | None:
    """The cursor that an address holds; None where there is none or it was damaged."""
    moment_text, _, id_text = text.partition("~")
    try:
        instant, file_id = datetime.fromisoformat(moment_text), UUID(id_text)
    except ValueError:
        return None
    return (instant, file_id) if instant.tzinfo is not None else None


def older_href(page: FilePage, query: dict[str, list[str]]) -> str:
    """The address of the next page, with the same filter; empty on the last one."""
    if page.older is None:
        return ""
    kept = [(name, value) for name, values in query.items() if name != "before" for value in values]
    return "?" + urlencode([*kept, ("before", cursor_text(page.older))])
