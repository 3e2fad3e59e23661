"""Conflicts of interest in plain words, for those who look after them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.urls import reverse

from accounts.models import Membership
from accounts.rules.dates import day, moment
from cases.presenters.restriction import work_lines
from cases.sharing.models import Conflict, PossibleConflict
from cases.sharing.selectors.restriction import Work

Choices = list[tuple[str, str]]
CONFLICT_COLUMNS = [{"text": text} for text in ("Who", "File", "How they are linked", "Since")]
POSSIBLE_COLUMNS = [{"text": text} for text in ("Who", "File", "Why it is asked", "Found")]


def conflict_rows(conflicts: Iterable[Conflict]) -> list[list[dict[str, Any]]]:
    """The conflicts that hold, for `components/table.html`."""
    return [
        [
            {"text": str(row.user), "href": reverse("cases:conflict", args=[row.pk])},
            {"text": row.child.reference},
            {"text": row.get_relation_display(), "hint": row.get_source_display()},
            {"text": moment(row.placed_at)},
        ]
        for row in conflicts
    ]


def possible_rows(possible: Iterable[PossibleConflict]) -> list[list[dict[str, Any]]]:
    """What waits for an answer, for `components/table.html`."""
    return [
        [
            {"text": str(row.user), "href": reverse("cases:possible_conflict", args=[row.pk])},
            {"text": row.child.reference},
            {"text": row.get_ground_display()},
            {"text": moment(row.found_at)},
        ]
        for row in possible
    ]


def facts_of_conflict(conflict: Conflict, *, why: bool) -> list[dict[str, Any]]:
    """One conflict as a list of facts; `why` adds how the person is linked to the child."""
    rows: list[dict[str, Any]] = [
        {"key": "Who", "value": str(conflict.user)},
        {
            "key": "File",
            "value": conflict.child.reference,
            "href": reverse("cases:file", args=[conflict.child.reference]),
            "action": "Open",
        },
    ]
    if why:
        rows.append({"key": "Link", "value": conflict.get_relation_display()})
        rows.append({"key": "In words", "value": conflict.words, "multiline": True})
    rows.append({"key": "Recorded", "value": f"{conflict.get_source_display()}, {moment(conflict.placed_at)}"})
    if conflict.placed_by_id != conflict.user_id:
        rows.append({"key": "By", "value": str(conflict.placed_by)})
    if conflict.lift_asked_at is not None and why:
        asked = f"{conflict.lift_asked_by}, {moment(conflict.lift_asked_at)}: {conflict.lift_reason}"
        rows.append({"key": "To be lifted?", "value": asked, "multiline": True})
    if conflict.lifted_at is not None:
        rows.append({"key": "Lifted", "value": f"{moment(conflict.lifted_at)}, by {conflict.lifted_by}"})
    return rows


def facts_of_possible(possible: PossibleConflict) -> list[dict[str, Any]]:
    """One possible conflict: who, which file, and why it is asked."""
    rows: list[dict[str, Any]] = [
        {"key": "Who", "value": str(possible.user)},
        {
            "key": "File",
            "value": possible.child.reference,
            "href": reverse("cases:file", args=[possible.child.reference]),
            "action": "Open",
        },
        {"key": "Why it is asked", "value": possible.get_ground_display()},
    ]
    said = possible.declaration
    if said is not None:
        born = f", born {day(said.birth_date)}" if said.birth_date else ""
        rows.append({"key": "They named", "value": f"{said.given_name} {said.family_name}{born}"})
        rows.append({"key": "How they are linked", "value": f"{said.get_relation_display()}: {said.words}"})
    if possible.answered_at is not None:
        kept = "Kept from the file" if possible.conflict_id else "No conflict"
        rows.append({"key": "Answer", "value": f"{kept}, {moment(possible.answered_at)}: {possible.answer_words}"})
    return rows


def successors_to_choose(members: Iterable[Membership], *, first: UUID | None) -> list[tuple[str, Choices]]:
    """Who may take over, by agency: one agency `first`, then the others by name."""
    agencies: dict[str, Choices] = {}
    for member in sorted(members, key=lambda one: (one.agency_id != first, str(one.agency))):
        words = f"{member.user}, {member.get_role_display()}"
        agencies.setdefault(str(member.agency), []).append((str(member.pk), words))
    return list(agencies.items())


def closes_with(member: Membership | None) -> str:
    """What somebody is told beforehand where one person alone keeps the file open to their agency."""
    if member is None:
        return ""
    return (
        f"{member.user} alone works with this child for your agency. If you keep them away and somebody of another "
        "agency takes over, the file closes to your agency, and to you."
    )


def placed_words(member: Membership, *, still_open: bool) -> str:
    """What is said to who has placed a conflict; `still_open` says whether they see the file themselves."""
    words = f"{member.user} finds no trace of this file any more, and has not been told."
    if still_open:
        return words
    return f"{words} Your agency’s work with the child ended with theirs, so the file is closed to you as well."


def work_to_hand_over(work: Iterable[Work]) -> list[str]:
    """What somebody does or owes on a file, in lines."""
    return work_lines(work)
