"""A restriction in plain words: why, who is named, what was decided, and whose work it cuts off."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from accounts.models import Membership
from accounts.rules.dates import day, in_london, moment
from cases.record.models import Child
from cases.record.services import OpenFile
from cases.sharing.models import Restriction, RestrictionStep
from cases.sharing.rules.restriction import Named
from cases.sharing.selectors.restriction import Work


def person_words(member: Membership) -> str:
    """Who somebody is, as a choice says it."""
    return f"{member.user}, {member.get_role_display()}, {member.agency}"


def people_to_choose(members: Iterable[Membership]) -> list[tuple[str, str]]:
    """People as the choices of a question."""
    return [(str(member.pk), person_words(member)) for member in members]


def restriction_rows(restriction: Restriction, shown: Child, *, at: datetime) -> list[dict[str, Any]]:
    """Why the file is restricted, by whom, and when it is looked at again."""
    late = restriction.review_on < in_london(at).date()
    rows: list[dict[str, Any]] = [
        {"key": "Why", "value": restriction.get_kind_display()},
        {"key": "Reason", "value": restriction.reason, "multiline": True},
        {"key": "Restricted", "value": f"{moment(restriction.placed_at)}, by {restriction.placed_by}"},
        {
            "key": "Review",
            "value": f"{'Late: was due' if late else 'Due'} {day(restriction.review_on)}, by {restriction.keeper.user}",
            **({"tone": "urgent"} if late else {}),
        },
    ]
    if restriction.child_id != shown.pk:
        held = f"{restriction.child.reference}, a file of the same child. It holds on this one too"
        rows.append({"key": "Restricted file", "value": held})
    if restriction.lift_asked_at is not None:
        asked = f"{restriction.lift_asked_by} asked on {moment(restriction.lift_asked_at)}: {restriction.lift_reason}"
        rows.append({"key": "To be lifted?", "value": asked, "multiline": True})
    return rows


NAMED_COLUMNS = [{"text": "Who"}, {"text": "Agency"}, {"text": "Change"}]


def named_rows(opened: OpenFile, members: Iterable[Membership]) -> list[list[dict[str, Any]]]:
    """Who is named, for `components/table.html`, each with the way to take them off."""
    return [
        [
            {"text": str(member.user), "hint": member.get_role_display()},
            {"text": str(member.agency)},
            {
                "text": f"Take {member.user} off",
                "href": reverse("cases:take_off", args=[opened.child.reference, member.pk]),
            },
        ]
        for member in members
    ]


STEP_COLUMNS = [{"text": "When"}, {"text": "What"}, {"text": "By"}]


def step_rows(steps: Iterable[RestrictionStep]) -> list[list[dict[str, Any]]]:
    """What was decided, for `components/table.html`."""
    return [
        [
            {"text": moment(step.done_at)},
            {
                "text": f"{step.get_kind_display()}{f': {step.person.user}' if step.person else ''}",
                "hint": step.words,
            },
            {"text": str(step.done_by or "Harbour")},
        ]
        for step in steps
    ]


def work_lines(work: Iterable[Work]) -> list[str]:
    """Whose work on the file nobody does any more, one line for each person."""
    found: dict[UUID, tuple[Membership, list[str]]] = {}
    for part in work:
        found.setdefault(part.membership.pk, (part.membership, []))[1].append(part.words)
    return [f"{member.user}, {member.agency}: {', '.join(dict.fromkeys(words))}" for member, words in found.values()]


def may_lift_alone(members: Iterable[Membership], user_id: int | None) -> bool:
    """Whether nobody else who is named could agree to lift the restriction."""
    overseeing = [member for member in members if Named(member.pk, member.role).oversees]
    return not [member for member in overseeing if member.user_id != user_id]
