"""A return interview in words: the chain, the hours that are left, and what it says, by category."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from accounts.rules.dates import length, moment
from accounts.rules.roles import ROLES
from cases.access.choices import Category
from cases.access.rules import Action, Level, Matrix, readers_of
from cases.clocks.models import Clock
from cases.record.services import OpenFile
from missing import rules
from missing.choices import FINDING_CATEGORIES, SECTIONS, WITH_PARTNER_TEXT, Agrees, InterviewState, InterviewStepKind
from missing.models import InterviewFinding, InterviewStep, ReturnInterview, SafetyBriefing

SOON = timedelta(hours=24)
WRITTEN_SOON = timedelta(minutes=15)
# Beyond the 72 hours and a day more, days say more than hours.
HOURS_SAID = 96
NO_CLOCK_YET = "Being worked out"
ASK = "Ask the named lead."


def hours_words(interview: ReturnInterview, clock: Clock | None, at: datetime) -> tuple[str, str]:
    """How long is left to hold an interview, or how late it is, and the tone of it; empty where none is awaited.

    A clock that was left out is started by the next sweep, within a minute; until then nothing says by when.
    """
    if InterviewState(interview.state) not in rules.CLOCK_RUNS:
        return "", "plain"
    if clock is None:
        return NO_CLOCK_YET, "watch"
    left = clock.due_at - at
    words = f"{in_hours(left)} left" if left >= timedelta() else f"Late by {in_hours(left)}"
    return words, "urgent" if left < timedelta() else "watch" if left < SOON else "plain"


def in_hours(span: timedelta) -> str:
    """A length of time in whole hours, for a clock that is counted in them; under two in minutes, over 96 in days."""
    hours = int(abs(span).total_seconds() // 3600)
    return f"{hours} hours" if 2 <= hours < HOURS_SAID else length(span)


def is_late(interview: ReturnInterview, clock: Clock | None, at: datetime) -> bool:
    """Whether an interview that still waits is past its clock's time."""
    waits = InterviewState(interview.state) in rules.CLOCK_RUNS
    return waits and clock is not None and clock.due_at < at


def interview_summary(interview: ReturnInterview) -> list[dict[str, Any]]:
    """The summary of an interview: held or not, when and by whom."""
    if interview.held_at is None:
        return [{"key": "Held", "value": "Not held"}]
    held_by = interview.held_by
    return [
        {"key": "Held", "value": moment(interview.held_at)},
        {"key": "By", "value": f"{held_by.user}, {held_by.agency}" if held_by else ""},
    ]


def interview_facts(opened: OpenFile, interview: ReturnInterview, clock: Clock | None) -> list[dict[str, Any]]:
    """What is known of an interview: of a summary whether, when and by whom it was held, and no more."""
    rows = interview_summary(interview)
    if opened.level(Category.INTERVIEW) < Level.FULL:
        return rows
    words, tone = hours_words(interview, clock, opened.at)
    given, waits = interview.allocated, InterviewState(interview.state) in rules.CLOCK_RUNS
    late = interview.held_at is not None and clock is not None and interview.held_at > clock.due_at
    full: list[dict[str, Any]] = [
        {"key": "Where it stands", "value": interview.get_state_display()},
        {"key": "Time left", "value": words, "tone": tone},
        {"key": "Back", "value": moment(interview.returned_at)},
        {"key": "To be held by", "value": moment(clock.due_at) if clock is not None else NO_CLOCK_YET},
        {"key": "Agreed for", "value": moment(interview.agreed_for) if waits else ""},
        {"key": "Interviewer", "value": f"{given.user}, {given.agency}" if given else "Nobody yet"},
        {"key": "Evidence of risk", "value": interview.risk_reason, "multiline": True},
        {"key": "Outcome", "value": interview.get_outcome_display()},
        {"key": "Not offered because", "value": interview.get_not_needed_reason_display()},
        {"key": "Where", "value": interview.get_venue_display()},
        {"key": "Present", "value": interview.present},
        {"key": "Independent", "value": "Confirmed" if interview.held_at else ""},
        {"key": "Held late because", "value": interview.breach_reason if late else ""},
        {"key": "Held together with", "value": "That of another episode" if interview.covered_by_id else ""},
    ]
    return [*(rows if interview.held_at else []), *(row for row in full if row["value"])]


def step_entries(opened: OpenFile, steps: Iterable[InterviewStep]) -> list[dict[str, Any]]:
    """What was done about an interview, newest first, for those who see interviews in full."""
    if opened.level(Category.INTERVIEW) < Level.FULL:
        return []
    entries = []
    for step in reversed(list(steps)):
        lines = [
            step.get_method_display(),
            f"{step.person.user}, {step.person.agency}" if step.person else "",
            step.note,
        ]
        entries.append(
            {
                "title": step.get_kind_display(),
                "when": moment(step.happened_at),
                "iso": step.happened_at.isoformat(),
                "by": f"{step.author}, {step.agency}{_written_later(step)}",
                "text": "\n".join(line for line in lines if line),
            }
        )
    return entries


def _written_later(step: InterviewStep) -> str:
    """When a step was written down, where that was not soon after it happened: the list is in the order of writing."""
    if step.recorded_at - step.happened_at < WRITTEN_SOON:
        return ""
    return f", written down {moment(step.recorded_at)}"


def findings_shown(
    opened: OpenFile, findings: Iterable[InterviewFinding], *, found: Iterable[str], with_interview: bool
) -> list[dict[str, Any]]:
    """What interviews say, by category: in full, as the sentence for partners, or that it is withheld.

    `found` are the categories in which anything was found. Of a category of which the viewer may not know that it
    exists nothing shows. With `with_interview=False` nothing says that it comes from an interview.
    """
    rows, present = list(findings), set(found)
    groups = []
    for category in FINDING_CATEGORIES:
        if category not in present:
            continue
        shown = [_finding(opened, row, with_interview) for row in rows if row.category == category]
        shown = [part for part in shown if part["parts"]]
        withheld = not shown and opened.level(category) >= Level.EXISTENCE
        if shown or withheld:
            title = SECTIONS[category][0] if shown else category.label.capitalize()
            title = "From the return interview" if shown and category == Category.INTERVIEW else title
            text = f"Something about {category.label} is withheld from your role."
            groups.append({"title": title, "rows": shown, "withheld": text if withheld else "", "ask": ASK})
    return groups


def _finding(opened: OpenFile, row: InterviewFinding, with_interview: bool) -> dict[str, Any]:
    category = Category(row.category)
    level = opened.entry_level(row)
    _, _, partner = SECTIONS[category]
    parts = []
    if level == Level.FULL and row.text:
        parts.append({"label": "", "text": row.text})
    if level >= Level.SUMMARY and row.partner_text and category in WITH_PARTNER_TEXT:
        parts.append({"label": partner, "text": row.partner_text})
    agrees = ""
    if with_interview and level == Level.FULL and row.agrees != Agrees.NOT_ASKED:
        agreed = "The child agrees that this is shared" if row.agrees == Agrees.YES else "The child does not agree"
        agrees = f"{agreed} with {row.share_with}." if row.share_with else f"{agreed}."
    by = f"{row.author}, {row.agency}" if with_interview and level == Level.FULL else str(row.agency)
    return {"parts": parts, "agrees": agrees, "by": by, "when": moment(row.recorded_at)}


def readers_rows(opened: OpenFile) -> dict[str, list[dict[str, str]]]:
    """For each part of a write-up who will read it, in words, by the matrix in force and for this viewer's agency."""
    return {
        category.value: readers_words(category, opened.matrix, sector=opened.viewer.sector)
        for category in FINDING_CATEGORIES
    }


def readers_words(category: Category, matrix: Matrix, *, sector: str) -> list[dict[str, str]]:
    """Who reads one part that is written at an agency of a sector, in words.

    Without a sentence for partners, who sees a summary is told only that there is something (`findings_shown`).
    """
    readers = readers_of(category, matrix, sector=sector)
    shared = category in WITH_PARTNER_TEXT
    rows = (
        ("In full", readers.full),
        ("In full, at your own agency only", readers.colleagues),
        ("In full, while a panel has the child listed", readers.panel),
        ("The sentence for partners", readers.summary if shared else frozenset()),
        ("Only that there is something", readers.existence if shared else readers.existence | readers.summary),
    )
    return [{"key": key, "value": ", ".join(role_names(roles))} for key, roles in rows if roles]


def role_names(keys: Iterable[str]) -> list[str]:
    """Roles as people read them, in the order in which the matrix has them."""
    wanted = set(keys)
    return [role.name for key, role in ROLES.items() if key in wanted]


def briefing_shown(
    opened: OpenFile, interview: ReturnInterview, briefing: SafetyBriefing | None
) -> dict[str, str] | None:
    """The safety briefing for whoever may read it; None for everybody else, as if there were none."""
    if briefing is None:
        return None
    may = rules.may_read_briefing(
        allocated=interview.allocated_id is not None and interview.allocated_id == opened.viewer.membership_id,
        author=briefing.author_id == opened.viewer.user_id,
        persons_of_concern=opened.level(Category.PERSON_OF_CONCERN),
        intelligence=opened.level(Category.INTELLIGENCE),
    )
    if not may:
        return None
    when = moment(briefing.recorded_at)
    if not briefing.text:
        return {
            "text": f"{briefing.author}, {briefing.agency}, knows of nothing to warn of.",
            "note": f"Said {when}. Take care all the same, and ask whoever leads on the case if you are in doubt.",
        }
    return {
        "text": briefing.text,
        "note": f"Written {when} for the interviewer. Do not pass it on, and do not say that you know it.",
    }


def interview_actions(opened: OpenFile, interview: ReturnInterview) -> list[dict[str, str]]:
    """What this viewer may do about an interview as it stands, the first thing first."""
    kind, category = InterviewStepKind, Category.INTERVIEW
    records = opened.may(Action.RECORD_INTERVIEW, category=category)
    allocates = opened.may(Action.ALLOCATE_INTERVIEW, category=category)
    writes = records and InterviewState(interview.state) in rules.MAY_WRITE and interview.covered_by_id is None
    finished = interview.state == InterviewState.WRITTEN_UP
    offered = interview.state in (InterviewState.OFFERED, InterviewState.ACCEPTED)
    again = interview.state in (InterviewState.DECLINED, InterviewState.NOT_ENGAGED)
    wanted = [
        ("Offer it", "missing:offer", kind.OFFERED, records and interview.state == InterviewState.TO_OFFER),
        ("The child’s answer", "missing:answer", kind.DECLINED, records),
        ("It was held", "missing:hold", kind.HELD, records),
        ("Add to the write-up" if finished else "Write it up", "missing:write_up", None, writes),
        ("Name the interviewer", "missing:allocate", kind.ALLOCATED, allocates),
        ("Record an attempt", "missing:attempt", kind.ATTEMPT, records),
        ("What parents or carers say", "missing:carer", kind.CARER_SPOKE, records),
        ("Offer it again", "missing:offer", kind.OFFERED, records and again),
        ("Record another offer", "missing:offer", kind.OFFERED, records and offered),
        ("Not reached", "missing:not_engaged", kind.NOT_ENGAGED, records),
        ("No interview is offered", "missing:not_needed", kind.NOT_NEEDED, records),
    ]
    actions = [
        {"text": text, "href": reverse(name, args=[opened.child.reference, interview.pk]), "style": "secondary"}
        for text, name, step, may in wanted
        if may and (step is None or rules.can_interview(interview.state, step))
    ]
    if actions:
        actions[0]["style"] = ""
    return actions
