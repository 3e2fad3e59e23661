"""The front page of a child's file: the answer before the detail, and what is withheld said openly."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.rules.dates import day
from cases.access.choices import Category
from cases.access.rules import Action, Level, timeline_level
from cases.record.choices import RiskLevel
from cases.record.models import Address, Involvement
from cases.record.rules import age_on
from cases.record.selectors import Facts, WithheldCount
from cases.record.services import OpenFile, PeriodKind

Row = dict[str, Any]
ASK_LEAD = "Ask the named lead."
PROTECT = "Protect this address"


def at_a_glance(opened: OpenFile, facts: Facts) -> list[Row]:
    """What a practitioner needs first: how worried to be, until when, whom to ring, under what plan."""
    return [
        *_level_rows(opened),
        _lead_row(opened.lead),
        *_period_rows(opened, "Plan", PeriodKind.PLAN, facts.plans, lambda row: row.get_status_display()),
        *_period_rows(opened, "Legal status", PeriodKind.LEGAL, facts.legal, lambda row: row.get_status_display()),
    ]


def _level_rows(opened: OpenFile) -> list[Row]:
    child, level = opened.child, opened.level(Category.LEVEL)
    assessed = child.level != RiskLevel.NOT_ASSESSED
    if level == Level.EXISTENCE and assessed:
        return [{"key": "Risk level", "value": f"A level is recorded. {ASK_LEAD}", "withheld": True}]
    if level < Level.SUMMARY:
        return []
    judged = f", judged {day(child.level_judged_at)}" if child.level_judged_at else ""
    rows: list[Row] = [
        {"key": "Risk level", "value": f"{child.get_level_display()}{judged}"},
        {"key": "Harm status", "value": child.get_harm_status_display()},
    ]
    if child.review_due_on:
        rows.append(_review_row(child.review_due_on, timezone.localdate(opened.at)))
    elif assessed:
        rows.append({"key": "Next review", "value": "No date is set"})
    return rows


def _review_row(due_on: date, today: date) -> Row:
    if due_on < today:
        return {"key": "Next review", "value": f"Late: was due {day(due_on)}", "tone": "urgent"}
    return {"key": "Next review", "value": day(due_on)}


def _lead_row(lead: Involvement | None) -> Row:
    if lead is None or lead.membership is None:
        return {"key": "Named lead", "value": "Nobody leads yet", "tone": "urgent"}
    telephone = lead.membership.user.telephone or lead.working_agency.telephone
    words = f"{lead.membership.user}, {lead.get_role_display().lower()}, {lead.working_agency}"
    return {"key": "Named lead", "value": f"{words}\n{telephone}" if telephone else words, "multiline": True}


def _current(rows: Iterable[Any]) -> list[Any]:
    return [row for row in rows if row.ended_on is None]


def _change(opened: OpenFile, kind: PeriodKind, category: Category) -> Row:
    if not opened.may(Action.ADD_ENTRY, category=category):
        return {}
    return {"href": reverse("cases:add_period", args=[opened.child.reference, kind.value])}


def _period_rows(opened: OpenFile, key: str, kind: PeriodKind, rows: list[Any], words: Any) -> list[Row]:
    """What holds now, where the viewer sees identity in full or wrote it; else no row at all."""
    seen = [row for row in _current(rows) if seen_in_full(opened, row)]
    if not seen and opened.level(Category.IDENTITY) < Level.FULL:
        return []
    value = "\n".join(f"{words(row)}, since {day(row.started_on)}" for row in seen)
    return [{"key": key, "value": value, "multiline": True, **_change(opened, kind, Category.IDENTITY)}]


def where_rows(opened: OpenFile, facts: Facts) -> list[Row]:
    """Where the child lives and learns, and which authority answers for what."""
    identity = opened.level(Category.IDENTITY)
    rows = _period_rows(opened, "Lives", PeriodKind.PLACEMENT, facts.placements, placement_words)
    rows += _address_rows(opened, facts.addresses)
    if opened.level(Category.CONTACT_ADDRESS) >= Level.SUMMARY:
        change = {}
        if opened.may(Action.ADD_ENTRY, category=Category.CONTACT_ADDRESS):
            change = {"href": reverse("cases:safe_contact", args=[opened.child.reference])}
        safe = opened.child.safe_contact or "Not agreed yet. Ask the named lead before you contact the child"
        rows.append({"key": "Safe contact", "value": safe, "multiline": True, **change})
    schools = [row for row in _current(facts.schools) if opened.entry_level(row) >= Level.SUMMARY]
    if schools or identity >= Level.SUMMARY:
        value = "\n".join(school_words(row, full=opened.entry_level(row) == Level.FULL) for row in schools)
        change = _change(opened, PeriodKind.SCHOOL, Category.IDENTITY) if identity == Level.FULL else {}
        rows.append({"key": "School", "value": value, "multiline": True, **change})
    return rows + _period_rows(opened, "Authorities", PeriodKind.AUTHORITY, facts.authorities, authority_words)


def placement_words(row: Any) -> str:
    """Where a child lives, in words."""
    parts = [row.get_kind_display(), row.provider, "outside the home area" if row.out_of_area else ""]
    return ", ".join(part for part in parts if part)


def school_words(row: Any, *, full: bool) -> str:
    """A school, with its note for those who see identity in full."""
    return f"{row.school} ({row.note})" if full and row.note else row.school


def authority_words(row: Any) -> str:
    """An authority and what it is to the child."""
    return f"{row.get_kind_display()}: {row.authority}"


def whole_address(row: Address, *, between: str) -> str:
    """An address with its postcode where one is written, in one line or in two."""
    return between.join(part for part in (row.lines, row.postcode) if part)


def address_words(opened: OpenFile, row: Address) -> Row:
    """One address as the viewer may see it: a protected one by its own list alone, else its area and a notice."""
    level = opened.entry_level(row)
    if row.protected and not row.reader_listed:  # type: ignore[attr-defined]
        value = f"{row.area}. The address is protected and open to named people only. {ASK_LEAD}"
        return {"value": value, "withheld": True}
    if level < Level.FULL:
        return {"value": row.area}
    lines = whole_address(row, between="\n")
    if row.protected:
        lines = f"{lines}\nProtected: tell nobody. {row.protection_reason}"
        return {"value": lines, "multiline": True, "no_print": True}
    return {"value": lines, "multiline": True}


def _address_rows(opened: OpenFile, addresses: list[Address]) -> list[Row]:
    change = _change(opened, PeriodKind.ADDRESS, Category.CONTACT_ADDRESS)
    rows: list[Row] = []
    for row in _current(addresses):
        if opened.entry_level(row) >= Level.SUMMARY:
            rows.append({"key": _address_key(opened, row), **address_words(opened, row), **change})
            if row.protected and row.reader_listed:
                rows.append(_protection_row(opened, row))
            elif may_protect(opened, row):
                rows.append(
                    {
                        "key": "Protection",
                        "value": "Not protected",
                        "href": _protect_href(opened, row),
                        "action": PROTECT,
                        "hidden": f"({_address_key(opened, row)})",
                    }
                )
            change = {}
    if not rows and opened.level(Category.CONTACT_ADDRESS) >= Level.SUMMARY:
        rows.append({"key": "Address", "value": "", **change})
    return rows


def may_protect(opened: OpenFile, row: Address) -> bool:
    """Whether an address stands here in clear, whole, before somebody who writes about where children live."""
    adds = opened.may(Action.ADD_ENTRY, category=Category.CONTACT_ADDRESS)
    return adds and not row.protected and seen_in_full(opened, row)


def _protect_href(opened: OpenFile, row: Address) -> str:
    return reverse("cases:protect_address", args=[opened.child.reference, row.pk])


def _protection_row(opened: OpenFile, row: Address) -> Row:
    """The way to who may know a protected address and who must not, for those who may."""
    href = reverse("cases:address", args=[opened.child.reference, row.pk])
    return {"key": "Who may know it", "value": "Those on its own list", "href": href, "action": "See"}


def _address_key(opened: OpenFile, row: Address) -> str:
    """What the row is called: its kind, which would tell of a refuge, for those alone who see the address."""
    if row.protected and not row.reader_listed:  # type: ignore[attr-defined]
        return "Protected address"
    return f"{row.get_kind_display()} address" if seen_in_full(opened, row) else "Area"


def identity_rows(opened: OpenFile, facts: Facts) -> list[Row]:
    """Who the child is, for those who see identity in full; nothing for anybody else."""
    if opened.level(Category.IDENTITY) < Level.FULL:
        return []
    child = opened.child
    age = age_on(child.birth_date, timezone.localdate(opened.at))
    born = f"{day(child.birth_date)}{' (a guess)' if child.birth_date_estimated else ''}, aged {age}"
    others = [f"{row.name}{f' ({row.note})' if row.note else ''}" for row in facts.aliases if seen_in_full(opened, row)]
    numbers = [f"{row.get_kind_display()}: {row.value}" for row in facts.identifiers if seen_in_full(opened, row)]
    add = opened.may(Action.ADD_ENTRY, category=Category.IDENTITY)

    def link(name: str) -> Row:
        return {"href": reverse(name, args=[child.reference]), "action": "Add to"} if add else {}

    return [
        {"key": "Full name", "value": f"{child.given_name} {child.family_name}".strip()},
        {"key": "Likes to be called", "value": child.preferred_name or child.given_name},
        {"key": "Born", "value": born if child.birth_date else ""},
        {"key": "Sex", "value": child.get_sex_display()},
        {"key": "Ethnicity", "value": child.get_ethnicity_display()},
        {"key": "Disability", "value": child.get_disability_display()},
        {"key": "First language", "value": child.first_language},
        {"key": "Other names", "value": "\n".join(others), "multiline": True, **link("cases:add_alias")},
        {"key": "Numbers", "value": "\n".join(numbers), "multiline": True, **link("cases:add_identifier")},
    ]


def seen_in_full(opened: OpenFile, row: Any) -> bool:
    """Whether the viewer sees one entry on this file whole: by its category, or because they wrote it."""
    return opened.entry_level(row) == Level.FULL


def history(opened: OpenFile, facts: Facts) -> list[dict[str, Any]]:
    """What held before, kind by kind, for who unfolds it: only kinds that have a past the viewer may see.

    A line that has `no_print` is left off paper, where `on_paper` stands in its place; one with an `href` has a step.
    """

    def past(rows: list[Any], line: Any) -> list[Row]:
        return [
            line(row, f"{day(row.started_on)} to {day(row.ended_on)}")
            for row in rows
            if row.ended_on is not None and seen_in_full(opened, row)
        ]

    def said(words: Any) -> Any:
        return lambda row, days: {"text": f"{words(row)}: {days}"}

    def past_address(row: Address, days: str) -> Row:
        shown = address_words(opened, row)
        where = shown["value"].replace("\n", ", ")
        line: Row = {"text": f"{_address_key(opened, row)}, {where}: {days}"}
        if shown.get("no_print"):
            line |= {"no_print": True, "on_paper": f"Protected address, not printed: {days}"}
        if may_protect(opened, row):
            line |= {"href": _protect_href(opened, row), "action": PROTECT, "hidden": f"({days})"}
        return line

    kinds: list[tuple[str, list[Any], Any]] = [
        ("Plans", facts.plans, said(lambda row: row.get_status_display())),
        ("Legal status", facts.legal, said(lambda row: row.get_status_display())),
        ("Where the child lived", facts.placements, said(placement_words)),
        ("Addresses", facts.addresses, past_address),
        ("Schools", facts.schools, said(lambda row: school_words(row, full=True))),
        ("Authorities", facts.authorities, said(authority_words)),
    ]
    shown = [{"heading": heading, "lines": past(rows, line)} for heading, rows, line in kinds]
    return [part for part in shown if part["lines"]]


def workers(opened: OpenFile, involvements: list[Involvement]) -> list[dict[str, Any]]:
    """Who works with the child now, in words."""
    return [worker_line(row) for row in seen_workers(opened, involvements)]


def seen_workers(opened: OpenFile, involvements: list[Involvement]) -> list[Involvement]:
    """Who works with the child now. Somebody who sees identity in summary learns of the lead and their own agency."""
    full = opened.level(Category.IDENTITY) == Level.FULL
    return [
        row
        for row in involvements
        if row.ended_on is None and (full or row.is_lead or row.working_agency_id == opened.viewer.agency_id)
    ]


def worker_line(row: Involvement) -> dict[str, Any]:
    """One involvement in words."""
    agency = row.working_agency.name
    return {
        "id": row.pk,
        "person": str(row.membership.user) if row.membership else agency,
        "agency": agency if row.membership else "nobody named yet",
        "role": row.get_role_display(),
        "lead": row.is_lead,
        "since": day(row.started_on),
        "until": day(row.ended_on),
        "telephone": (row.membership.user.telephone if row.membership else "") or row.working_agency.telephone,
        "note": row.end_note,
    }


def withheld_notices(counts: Iterable[WithheldCount]) -> list[dict[str, str]]:
    """What is kept from this viewer, how much of it, by whom, and whom to ask."""
    return [
        {
            "text": f"{row.count} {'entry' if row.count == 1 else 'entries'} "
            f"{f'from {row.agency} ' if row.agency else ''}"
            f"{'is' if row.count == 1 else 'are'} withheld: {Category(row.category).label}.",
            "ask": f"Ask {row.ask or row.agency}." if row.agency else ASK_LEAD,
        }
        for row in counts
    ]


def existence_categories(opened: OpenFile) -> list[str]:
    """The categories of which the viewer may know that something is written, and no more."""
    return [name for name, level in opened.levels.items() if timeline_level(name, level) == Level.EXISTENCE]


def openness(opened: OpenFile) -> list[Row]:
    """How much of what this viewer sees here, in plain words; of what it does not see at all there is no word."""
    words = {
        Level.FULL: "In full",
        Level.SUMMARY: "In summary",
        Level.OWN: "Your own service's entries",
        Level.EXISTENCE: "Only that there is something",
    }
    rows = []
    for level, key in words.items():
        names = [Category(name).label for name, seen in opened.levels.items() if seen == level]
        if names:
            rows.append({"key": key, "value": ", ".join(names)})
    return rows


__all__ = [
    "address_words",
    "at_a_glance",
    "existence_categories",
    "history",
    "identity_rows",
    "openness",
    "seen_in_full",
    "seen_workers",
    "where_rows",
    "whole_address",
    "withheld_notices",
    "worker_line",
    "workers",
]
