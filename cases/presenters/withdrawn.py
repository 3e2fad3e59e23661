"""What was shared in error and withdrawn, for those who must destroy it: the file by its reference alone, and of what
kinds it was. Nothing of what it said, and no name of the child.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.text import capfirst

from accounts.models import Membership
from accounts.rules.dates import moment
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import Level, Matrix, categories_in
from cases.sharing.choices import SharingKind
from cases.sharing.models.shares import SharingBreach, SharingDecision
from cases.sharing.rules import shares as rules
from cases.sharing.selectors.withdrawn import ToldToDestroy, entries_told

TOLD_COLUMNS = [{"text": text} for text in ("Person told", "Has destroyed what they had")]


def withdrawn_facts(
    breach: SharingBreach, viewer: Viewer, matrix: Matrix, *, found_as: Iterable[Membership]
) -> list[dict[str, Any]]:
    """What was withdrawn, as a list of facts: of its kinds those that the reader's job sees anything of."""
    decision = breach.decision
    came = "Brought in" if decision.kind == SharingKind.INVOLVED else "Shared"
    rows = [
        {"key": "File", "value": decision.child.reference},
        {"key": came, "value": f"{moment(decision.decided_at)}, by {_who(decision.decided_as)}"},
    ]
    if decision.ended_at is not None and decision.ended_at < breach.found_at:
        rows.append({"key": "Access ended", "value": moment(decision.ended_at)})
    by = ", ".join(f"{member.get_role_display()}, {member.agency}" for member in found_as)
    finder = f", by {breach.found_by}{f' ({by})' if by else ''}" if breach.found_by else ""
    return [
        *rows,
        {"key": "Withdrawn", "value": f"{moment(breach.found_at)}{finder}"},
        {"key": "What it was", "value": _kinds(decision, viewer, matrix)},
    ]


def _who(member: Membership) -> str:
    return f"{member.user} ({member.get_role_display()}, {member.agency})"


def _kinds(decision: SharingDecision, viewer: Viewer, matrix: Matrix) -> str:
    held = categories_in(decision.category_mask & ~rules.mask_of(rules.ALWAYS))
    kinds = [
        category.label
        for category in Category
        if category.value in held and rules.seen_by([viewer.role_key], category.value, matrix) > Level.NONE
    ]
    number = entries_told(viewer, decision, matrix)
    if number:
        kinds.append("1 entry of the chronology" if number == 1 else f"{number} entries of the chronology")
    return capfirst(", ".join([*kinds, "who the child is"]))


def what_to_do(breach: SharingBreach, *, said: bool) -> list[str]:
    """What the receiver must do, read before anything else, and whether they have `said` that it is done."""
    sharer = breach.decision.decided_as
    telephone = f", {sharer.agency.telephone}" if sharer.agency.telephone else ""
    steps = [
        "Stop using it, and tell nobody what you read, the child and the family among them.",
        "Destroy every copy that you have: prints, notes, e-mails, pictures of a screen, and what you wrote into your "
        "own agency’s record.",
        f"If you have passed anything on, or cannot destroy a copy, ring {sharer.user}{telephone} today.",
    ]
    return steps if said else [*steps, "Then say below that you have done it."]


def told_rows(people: Iterable[ToldToDestroy]) -> list[list[dict[str, str]]]:
    """Who was told to destroy what they had, and who has said that they did, for `components/table.html`."""
    return [[{"text": f"{one.member.user}, {one.member.agency}"}, _said(one)] for one in people]


def _said(one: ToldToDestroy) -> dict[str, str]:
    if one.destroyed_at is not None:
        return {"text": moment(one.destroyed_at), "tone": "good"}
    if not one.written_to:
        return {"text": "Not told: no e-mail reaches them. Ring them", "tone": "urgent"}
    return {"text": "Not yet", "tone": "watch"}
