"""A child's file for another program: the same parts as the pages show, each key only where its page shows it."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from accounts.rules.dates import in_london
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import Level, Matrix, category_levels
from cases.access.selectors import facts_of
from cases.presenters.frame import is_provisional, shown_name
from cases.presenters.lists import cursor_of, cursor_text
from cases.presenters.overview import ASK_LEAD, seen_in_full, seen_workers
from cases.presenters.timeline import SAID_OF_SOURCE
from cases.record.choices import RiskLevel
from cases.record.models import Child, ChronologyEntry, Involvement
from cases.record.rules import age_on
from cases.record.selectors import Facts, FilePage, WithheldCount
from cases.record.selectors.lists import Cursor
from cases.record.services import OpenFile

Part = dict[str, Any]


def instant(value: datetime | None) -> str | None:
    """An instant as London's clocks show it, to the minute, with its offset; no page says it closer."""
    return in_london(value).replace(second=0, microsecond=0).isoformat() if value else None


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _choice(value: str, label: str) -> Part:
    return {"key": value, "label": label}


def level_parts(child: Child, level: Level, today: date) -> Part:
    """The level and the harm status, for those who see the level in full or in summary; else nothing."""
    if level < Level.SUMMARY:
        return {}
    due = child.review_due_on
    return {
        "level": {
            **_choice(child.level, child.get_level_display()),
            "judged_on": _day(timezone.localdate(child.level_judged_at)) if child.level_judged_at else None,
            "provisional": is_provisional(child),
            "review_due_on": _day(due),
            "review_overdue": due is not None and due < today,
        },
        "harm_status": _choice(child.harm_status, child.get_harm_status_display()),
    }


# The list.


def cursor_for(cursor: Cursor) -> str:
    """Where the next page begins, in signs that an address takes as they are."""
    return urlsafe_b64encode(cursor_text(cursor).encode()).decode().rstrip("=")


def cursor_in(text: str) -> Cursor | None:
    """The cursor that a system sent back; None where it was damaged."""
    try:
        return cursor_of(urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
    except ValueError:
        return None


def file_lines(page: FilePage, *, viewer: Viewer, matrix: Matrix, at: datetime) -> Part:
    """A page of files, newest activity first, each as the viewer's categories on it open it."""
    today = timezone.localdate(at)
    lines = []
    for child in page.files:
        facts = facts_of(child)
        seen = category_levels(viewer, facts, matrix)
        identity = seen[Category.IDENTITY]
        line: Part = {"reference": child.reference, "restricted": facts.restricted}
        if identity >= Level.SUMMARY:
            line |= {"name": shown_name(child, identity), "age": age_on(child.birth_date, today)}
        line |= level_parts(child, seen[Category.LEVEL], today)
        line["lead"] = _lead_line(child)
        line["last_activity_at"] = instant(page.activity[child.pk])
        lines.append(line)
    return {"files": lines, "count": page.count, "next_cursor": cursor_for(page.older) if page.older else None}


def _lead_line(child: Any) -> Part | None:
    return {"name": child.lead_name, "agency": child.lead_agency} if child.lead_name else None


# One file.


def file_parts(
    opened: OpenFile,
    *,
    facts: Facts,
    involvements: list[Involvement],
    entries: list[ChronologyEntry],
    more: bool,
    page: int,
    counts: Iterable[WithheldCount],
) -> Part:
    """Everything of one file that the viewer may see; of what the matrix keeps from them whole there is no key."""
    child = opened.child
    level = opened.level(Category.LEVEL)
    return {
        "reference": child.reference,
        "restricted": opened.facts.restricted,
        "seen": {name: seen.name.lower() for name, seen in opened.levels.items() if seen > Level.NONE},
        **_missing(opened),
        **_identity(opened, facts),
        **level_parts(child, level, timezone.localdate(opened.at)),
        **_plan(opened, facts),
        "lead": _worker(opened.lead) if opened.lead else None,
        "involvement": [_worker(row) for row in seen_workers(opened, involvements)],
        "chronology": {"page": page, "more": more, "entries": [_entry(opened, entry) for entry in entries]},
        "withheld": [*_level_withheld(child, level), *(_withheld(row) for row in counts)],
    }


def _identity(opened: OpenFile, facts: Facts) -> Part:
    child, level = opened.child, opened.level(Category.IDENTITY)
    schools = [row for row in facts.schools if row.ended_on is None and opened.entry_level(row) >= Level.SUMMARY]
    if level < Level.SUMMARY and not schools:
        return {}
    shown: Part = {"schools": [row.school for row in schools]}
    if level >= Level.SUMMARY:
        shown |= {"called": child.called, "age": age_on(child.birth_date, timezone.localdate(opened.at))}
    if level == Level.FULL:
        shown |= {
            "given_name": child.given_name,
            "family_name": child.family_name,
            "preferred_name": child.preferred_name,
            "birth_date": _day(child.birth_date),
            "birth_date_estimated": child.birth_date_estimated,
            "sex": _choice(child.sex, child.get_sex_display()),
            "ethnicity": _choice(child.ethnicity, child.get_ethnicity_display()),
            "disability": _choice(child.disability, child.get_disability_display()),
            "first_language": child.first_language,
            "other_names": [row.name for row in facts.aliases if seen_in_full(opened, row)],
            "numbers": [
                {**_choice(row.kind, row.get_kind_display()), "value": row.value}
                for row in facts.identifiers
                if seen_in_full(opened, row)
            ],
        }
    return {"identity": shown}


def _missing(opened: OpenFile) -> Part:
    """Whether the child is missing now, for those who see the start of an episode: in summary or in full."""
    if opened.level(Category.MISSING) < Level.SUMMARY:
        return {}
    return {"missing_since": instant(opened.child.missing_since)}


def _plan(opened: OpenFile, facts: Facts) -> Part:
    """The plan that holds now, under the same condition as its row on the page."""
    rows = [row for row in facts.plans if row.ended_on is None and seen_in_full(opened, row)]
    if not rows and opened.level(Category.IDENTITY) < Level.FULL:
        return {}
    plans = [{**_choice(row.status, row.get_status_display()), "since": _day(row.started_on)} for row in rows]
    return {"plan": plans[0] if plans else None}


def _worker(row: Involvement) -> Part:
    worker = row.membership.user if row.membership else None
    return {
        "person": str(worker) if worker else None,
        "agency": row.working_agency.name,
        "role": _choice(row.role, row.get_role_display()),
        "leads": row.is_lead,
        "since": _day(row.started_on),
        "telephone": (worker.telephone if worker else "") or row.working_agency.telephone,
    }


def _entry(opened: OpenFile, entry: ChronologyEntry) -> Part:
    full = opened.entry_level(entry) == Level.FULL
    shown: Part = {
        "kind": _choice(entry.kind, entry.get_kind_display()),
        "category": _choice(entry.category, Category(entry.category).label),
        "happened_at": instant(entry.happened_at),
        "seen": "full" if full else "summary",
        "agency": str(entry.agency),
        "summary": entry.summary,
    }
    if full:
        shown |= {"author": str(entry.author), "detail": entry.detail, "third_party": entry.third_party}
        if entry.source in SAID_OF_SOURCE:
            shown["source"] = _choice(entry.source, entry.get_source_display())
    return shown


def _withheld(row: WithheldCount) -> Part:
    return {
        "category": _choice(row.category, Category(row.category).label),
        "entries": row.count,
        "agency": row.agency or None,
        "ask": f"Ask {row.ask or row.agency}." if row.agency else ASK_LEAD,
    }


def _level_withheld(child: Child, level: Level) -> list[Part]:
    if level != Level.EXISTENCE or child.level == RiskLevel.NOT_ASSESSED:
        return []
    return [{"category": _choice(Category.LEVEL, Category.LEVEL.label), "entries": 1, "agency": None, "ask": ASK_LEAD}]
