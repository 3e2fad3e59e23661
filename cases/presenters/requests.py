"""Requests for access in plain words: for those who answer, and for those who asked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.text import capfirst

from accounts.rules.dates import day, due_in, moment
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import Matrix
from cases.clocks.models import Clock
from cases.presenters.shares import names_of
from cases.sharing.choices import RequestAnswer
from cases.sharing.models.requests import AccessRequest
from cases.sharing.rules.requests import can_be_shared

TOLD = "Your job sees only whether there is any, so this is answered in words, or by telephone"


def asked_for(request: AccessRequest) -> str:
    """The kinds that were asked for, in the order of the matrix."""
    return capfirst(", ".join(names_of(request.category_mask)))


def asker_words(request: AccessRequest) -> str:
    return f"{request.asked_as.user}, {request.asked_as.agency}"


def category_choices(names: Iterable[str]) -> list[tuple[str, str]]:
    """Kinds of information as the choices of a question."""
    return [(name, Category(name).label.capitalize()) for name in names]


def asked_choices(names: Iterable[str], viewer: Viewer, matrix: Matrix) -> list[tuple[str, str]]:
    """What may be asked for; of what no share would show to the job of who asks, how it is answered."""
    return [
        (name, label if can_be_shared(viewer.role_key, [name], matrix) else f"{label}. {TOLD}")
        for name, label in category_choices(names)
    ]


TO_ANSWER_COLUMNS = [{"text": text} for text in ("Asked", "By", "File", "What", "Answer")]
MADE_COLUMNS = [{"text": text} for text in ("Asked", "File", "What", "Answer")]


def to_answer_rows(
    requests: Iterable[AccessRequest], clocks: dict[UUID, Clock], *, at: datetime
) -> list[list[dict[str, Any]]]:
    """What waits for an answer, for `components/table.html`, in the order given."""
    return [
        [
            {"text": moment(request.asked_at), "href": reverse("cases:access_request", args=[request.pk])},
            {"text": str(request.asked_as.user), "hint": str(request.asked_as.agency)},
            {"text": request.child.reference},
            {"text": asked_for(request), "hint": request.get_purpose_display()},
            _due(clocks.get(request.pk), at),
        ]
        for request in requests
    ]


def _due(clock: Clock | None, at: datetime) -> dict[str, str]:
    if clock is None:
        return {"text": "Waiting", "tone": "watch"}
    words = due_in(clock.due_at, at)
    return {"text": capfirst(words), "tone": "urgent" if clock.due_at <= at else "watch"}


def made_rows(requests: Iterable[AccessRequest]) -> list[list[dict[str, Any]]]:
    """What somebody asked for and was answered, for `components/table.html`."""
    return [
        [
            {"text": moment(request.asked_at)},
            {"text": request.child.reference, "href": reverse("cases:file", args=[request.child.reference])},
            {"text": asked_for(request), "hint": request.words},
            answer_cell(request),
        ]
        for request in requests
    ]


REQUEST_COLUMNS = [{"text": text} for text in ("Asked", "By", "What", "Answer")]


def request_rows(requests: Iterable[AccessRequest]) -> list[list[dict[str, Any]]]:
    """What was asked for on one file, for those who see sharing in full."""
    return [
        [
            {"text": moment(request.asked_at), "href": reverse("cases:access_request", args=[request.pk])},
            {"text": str(request.asked_as.user), "hint": str(request.asked_as.agency)},
            {"text": asked_for(request), "hint": request.words},
            answer_cell(request),
        ]
        for request in requests
    ]


def answer_cell(request: AccessRequest) -> dict[str, Any]:
    """What somebody was answered, as the cell of a table."""
    if request.answered_at is None:
        if came := request.category_mask & request.come:
            rest = request.category_mask & ~request.come
            parts = f"In part: {', '.join(names_of(came))}. Still waited for: {', '.join(names_of(rest))}"
            return {"text": parts, "hint": f"{request.answer_words} Whoever may share the rest is asked".strip()}
        owner = request.owner
        who = f"{owner.user}, {owner.agency}" if owner else "The notification point"
        return {"text": "Not answered yet", "hint": f"{who} was asked"}
    when = f"{request.answered_by}, {moment(request.answered_at)}"
    if request.answer == RequestAnswer.SHARED:
        return {"text": answer_words(request), "hint": f"{request.answer_words} {when}".strip()}
    again = ""
    if request.decision is not None and request.decision.ended_at is None and request.decision.review_on is not None:
        again = f". To be looked at again {day(request.decision.review_on)}"
    return {
        "text": answer_words(request),
        "hint": f"{request.answer_words} {when}{again}",
    }


def left_out(request: AccessRequest) -> int:
    """Of the kinds that were asked for, those that the answer did not bring."""
    decision, asked = request.decision, request.category_mask
    kinds = decision.category_mask if decision is not None else asked
    return asked & kinds if request.answer == RequestAnswer.REFUSED else asked & ~(kinds | request.given)


def answer_words(request: AccessRequest) -> str:
    """What somebody was answered, in a line: which of the kinds that they asked for came, and which did not."""
    rest = left_out(request)
    came, left = names_of(request.category_mask & ~rest), names_of(rest)
    if request.answer == RequestAnswer.REFUSED:
        no = f"No: {request.get_refusal_reason_display().lower()}"
        return f"Shared: {', '.join(came)}. Not shared: {', '.join(left)}. {no}" if came else no
    decision, entries = request.decision, []
    if decision is not None and decision.entry_ids:
        entries = ["single entries of the chronology"]
    shared = f"Shared: {', '.join([*came, *entries]) or 'something else'}"
    if decision is not None and decision.membership_id not in (None, request.asked_as_id):
        shared = f"Shared with somebody else at {request.asked_as.agency}{shared.removeprefix('Shared')}"
    return f"{shared}. Not shared{' as a whole' if entries else ''}: {', '.join(left)}" if left else shared


def facts_of_request(request: AccessRequest, clock: Clock | None, *, at: datetime) -> list[dict[str, Any]]:
    """One request as a list of facts."""
    rows: list[dict[str, Any]] = [
        {
            "key": "File",
            "value": request.child.reference,
            "href": reverse("cases:file", args=[request.child.reference]),
            "action": "Open",
        },
        {"key": "Asked", "value": f"{moment(request.asked_at)}, by {asker_words(request)}"},
        {"key": "Their job", "value": request.asked_as.get_role_display()},
        {"key": "What", "value": asked_for(request)},
        {"key": "What for", "value": f"{request.get_purpose_display()}. {request.words}", "multiline": True},
    ]
    if request.answered_at is None:
        due = _due(clock, at)
        if request.category_mask & request.come:
            rows.append({"key": "So far", "value": answer_cell(request)["text"]})
        return [*rows, {"key": "Answer", "value": due["text"], "tone": due["tone"]}]
    answer = answer_cell(request)
    rows.append({"key": "Answer", "value": f"{answer['text']}. {answer['hint']}", "multiline": True})
    decision = request.decision
    if decision is not None:
        href = reverse("cases:share", args=[request.child.reference, decision.pk])
        rows.append({"key": "Decision", "value": decision.get_kind_display(), "href": href, "action": "Open"})
    return rows
