"""Who will read why the panel decides something, in plain words beside the field in which it is written."""

from __future__ import annotations

from collections.abc import Iterable

from cases.access.choices import Category
from cases.access.rules import Level
from cases.record.services import OpenFile
from panels.models import PanelSeat
from panels.rules.seeing import kept_from_readers, readers_of_reasons

ONLY_NAMED = "This file is open to named people only: of these, only who is named on it reads anything of it."


def sitting(seats: Iterable[PanelSeat]) -> list[tuple[str, str]]:
    """The places at a panel, each with the roles of its member and deputies."""
    return [
        (seat.place, role)
        for seat in seats
        for role in (seat.member.role, *(row.membership.role for row in getattr(seat, "deputies_now", [])))
    ]


def who_reads_why(opened: OpenFile, places: list[tuple[str, str]], *, shown: Iterable[str]) -> dict[str, str]:
    """Who reads "Why" in full and who the decision alone, and a warning where the page shows what they may not read.

    `shown` are the categories of what stands on the page.
    """
    readers = readers_of_reasons(places, opened.matrix)
    reads = "Everybody who works with this child and whose role reads panel minutes reads this. "
    reads += f"Of the panel, in full: {_joined(readers[Level.FULL])}."
    if readers[Level.SUMMARY]:
        reads += f" The decision without the reasons: {_joined(readers[Level.SUMMARY])}."
    if opened.facts.restricted:
        reads += f" {ONLY_NAMED}"
    kept = kept_from_readers(shown, places, opened.matrix)
    names = sorted({place for found in kept.values() for place in found})
    kinds = " and ".join(Category(category).label for category in kept)
    warning = (
        f"This page shows you {kinds}, which {_joined(names)} may not read. Do not repeat it in “Why”, in an action or "
        "in a disagreement."
        if kept
        else ""
    )
    return {"reads": reads, "warning": warning}


def _joined(places: list[str]) -> str:
    return "; ".join(places) if places else "nobody"
