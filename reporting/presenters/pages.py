"""The pages about reports: the list, how far one is, the measures explained, the files behind a figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.urls import reverse

from accounts.rules.dates import day, moment
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import Level, Matrix, category_levels
from cases.access.selectors import facts_of
from cases.record.models import Child
from missing.choices import InterviewState
from missing.models import ReturnInterview
from reporting.choices import RunState
from reporting.measures import THIS, Measure, Shape
from reporting.models import ReportRun
from reporting.presenters.report import NAMES, Address, nowhere, report_of, words_of
from reporting.rules.periods import Period
from reporting.rules.runs import can_cancel, can_retry
from reporting.rules.snapshots import shown_from
from reporting.selectors.behind import Behind

TONES = {
    RunState.QUEUED: "plain",
    RunState.RUNNING: "info",
    RunState.DONE: "good",
    RunState.FAILED: "urgent",
    RunState.CANCELLED: "plain",
}
RUN_COLUMNS = [{"text": text} for text in ("Period", "Where it stands", "Asked for by", "Asked for", "Document")]


def period_of(run: ReportRun) -> Period:
    """The period that a report is about."""
    return Period(run.first_day, run.last_day)


def run_rows(runs: list[ReportRun]) -> list[list[dict[str, str]]]:
    """The list of reports for `components/table.html`."""
    return [
        [
            {"text": period_of(run).words, "href": reverse("reporting:run", args=[run.pk])},
            {"text": run.get_state_display(), "tone": TONES[RunState(run.state)]},
            {"text": run.requested_by.user.full_name, "hint": run.requested_by.agency.name},
            {"text": moment(run.requested_at)},
            {"text": "PDF", "href": reverse("reporting:pdf", args=[run.pk])}
            if run.state == RunState.DONE
            else {"text": "Not yet" if can_cancel(run.state) else "None"},
        ]
        for run in runs
    ]


def run_heading(run: ReportRun) -> dict[str, Any]:
    """What stands above a report, ready or not."""
    return {
        "id": run.pk,
        "number": str(run.pk),
        "period": period_of(run).words,
        "state": run.get_state_display(),
        "tone": TONES[RunState(run.state)],
        "asked": f"Asked for by {run.requested_by.user.full_name}, {run.requested_by.agency.name}, on "
        f"{moment(run.requested_at)}.",
        "attempts": f"This is attempt {run.attempts}." if run.attempts > 1 else "",
        "may_cancel": can_cancel(run.state),
        "may_retry": can_retry(run.state),
        "error": run.error,
        "cancelled": f"Cancelled by {run.cancelled_by.user.full_name}, {moment(run.settled_at)}."
        if run.cancelled_by
        else "",
    }


def progress_of(run: ReportRun) -> dict[str, Any] | None:
    """How far the making of a report is, in steps; None where nobody is waiting for it."""
    if not can_cancel(run.state):
        return None
    steps = max(run.steps, 1)
    waiting = run.state == RunState.QUEUED
    words = "It waits for its turn." if waiting else f"Step {max(run.step, 1)} of {steps}. {run.step_words}"
    return {"value": 0 if waiting else max(run.step - 1, 0), "most": steps, "words": words}


def ready_report(run: ReportRun, viewer: Viewer) -> dict[str, Any] | None:
    """A report that is ready, with links to the files behind its numbers for those who open files; else None."""
    if run.state != RunState.DONE:
        return None
    snapshot = run.snapshot
    pages = snapshot.document.pages
    return {
        **report_of(snapshot.figures, address=_addresses(run, viewer)),
        "sha256": snapshot.sha256,
        "pages": f"{pages} page" if pages == 1 else f"{pages} pages",
        "drills": viewer.may(Capability.READ_FILES),
    }


def _addresses(run: ReportRun, viewer: Viewer) -> Address:
    if not viewer.may(Capability.READ_FILES):
        return nowhere

    def address(measure: str, window: str, code: str) -> str:
        return reverse("reporting:files_behind_a_figure", args=[run.pk, measure, window, code])

    return address


# The measures.


def measure_cards(versions: list[Measure]) -> list[dict[str, Any]]:
    """Each measure as a board member needs it explained, with its earlier versions after it."""
    cards = []
    for _, group in groupby(versions, key=lambda measure: measure.key):
        newest, *earlier = group
        cards.append(
            {
                "title": newest.title,
                "question": newest.question,
                "rows": _explained(newest),
                "notes": newest.notes,
                "codes": [{"code": row.code, "label": row.label} for row in (*newest.rows, *newest.aside)],
                "earlier": [
                    f"Version {measure.version}, in force from {day(measure.effective_on)}. {measure.numerator}"
                    for measure in earlier
                ],
            }
        )
    return cards


KINDS = {
    Shape.BREAKDOWN: "What happened during the period, by kind",
    Shape.SNAPSHOT: "What stood at the end of the last day",
    Shape.RATIO: "How much was done in time, out of those completed and out of all that were due",
}


def _explained(measure: Measure) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"key": "What is counted", "value": measure.numerator},
        {"key": "Out of what", "value": measure.denominator},
        {"key": "What is left out", "value": "\n".join(measure.left_out) or "Nothing", "multiline": True},
        {"key": "Kind of figure", "value": KINDS[measure.shape]},
        {"key": "Unit", "value": measure.unit.capitalize()},
        {"key": "Where it comes from", "value": measure.source},
        {"key": "Owner", "value": measure.owner},
        {"key": "Version", "value": f"{measure.version}, in force from {day(measure.effective_on)}"},
    ]
    if measure.changed:
        rows.append({"key": "What is new in this version", "value": measure.changed})
    return rows


# The files behind a figure.


def figure_asked_for(run: ReportRun, measure: str, window: str, code: str) -> dict[str, Any] | None:
    """The number that an address names, in words; None where the report has none in its table, or nothing behind it."""
    if run.state != RunState.DONE or window not in NAMES:
        return None
    for table in run.snapshot.figures["measures"]:
        for line in table["lines"]:
            asked = (table["key"], line["code"]) == (measure, code)
            if asked and line[window] != 0 and line["kind"] != "aside":
                period = period_of(run)
                return {
                    "title": table["title"],
                    "version": table["version"],
                    "line": line["label"],
                    "window": NAMES[window],
                    "unit": table["unit"],
                    "number": words_of(shown_from(line[window])),
                    "hidden": not isinstance(line[window], int),
                    "period": period if window == THIS else period.before,
                }
    return None


# What the files of a list are to the unit that a figure counts.
NOT_ONE_FOR_ONE = {
    "notifications": "One file can have several notifications, and a notification may have no file.",
    "interviews": "One child can have several interviews.",
}


def behind_words(asked: dict[str, Any], behind: Behind) -> str:
    """How many of the files behind a number somebody may open. Of a hidden number nothing more is said."""
    files = "file" if behind.count == 1 else "files"
    if asked["hidden"]:
        words = f"You may open {behind.count:,} {files} of these."
        return f"{words} The report hides small numbers from those who may not: do not pass this one on."
    words = f"The report counts {asked['number']} {asked['unit']}. You may open {behind.count:,} {files} of these."
    return f"{words} {NOT_ONE_FOR_ONE.get(asked['unit'], '')}".strip()


WHY_NOT_HELD: dict[str, str] = {
    InterviewState.TO_OFFER: "never offered",
    InterviewState.OFFERED: "offered, no answer",
    InterviewState.ACCEPTED: "accepted, and not held",
    InterviewState.DECLINED: "declined",
    InterviewState.NOT_ENGAGED: "not reached after attempts",
    InterviewState.HELD: "held after the report was counted",
    InterviewState.WRITTEN_UP: "held after the report was counted",
}


def why_not_held(
    files: Iterable[Child],
    returns: Mapping[UUID, list[tuple[datetime, ReturnInterview | None]]],
    *,
    viewer: Viewer,
    matrix: Matrix,
) -> list[dict[str, str]]:
    """One cell for each file: what became of the interview after each return, for who reads interviews in full."""
    cells = []
    for child in files:
        level = category_levels(viewer, facts_of(child), matrix)[Category.INTERVIEW]
        words = [_not_held(*one, tells=level == Level.FULL) for one in returns.get(child.pk, ())]
        cells.append({"text": words[0] if words else "", "hint": "; ".join(words[1:])})
    return cells


def _not_held(returned_at: datetime, interview: ReturnInterview | None, *, tells: bool) -> str:
    back = f"Back {day(returned_at)}"
    if not tells:
        return f"{back}: not held, why is withheld"
    if interview is None:
        return f"{back}: never offered"
    if interview.state == InterviewState.NOT_NEEDED:
        return f"{back}: not offered. {interview.get_not_needed_reason_display()}"
    return f"{back}: {WHY_NOT_HELD[interview.state]}"
