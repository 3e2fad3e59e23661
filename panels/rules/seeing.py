"""What of a panel's work somebody sees who sees so much of the category `minutes` on a file.

Source: the access matrix and its summaries. Full: everything. Summary: the decision and the own agency's actions.
An owner always sees the action they own, whatever the cell says: nobody can do what they may not read.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from cases.access.choices import Category
from cases.access.rules import Level, Matrix, entry_level, level_of
from panels.choices import ItemState, MeetingState, ReasonCode

PLAIN_REASON = "Listed for the panel to talk about"
LISTED_PLAIN = "Listed by an agency"
# What must not find its way into the minutes by the back door of a rationale (domain report D8).
# What stands on the meeting's pages in Harbour alone, and in no minutes at all (domain report D8).
NEVER_MINUTED = frozenset({Category.INTELLIGENCE})
SENSITIVE = (Category.INTELLIGENCE, Category.PERSON_OF_CONCERN, Category.HEALTH_SENSITIVE)


def sees_decision(minutes: Level) -> bool:
    """Whether the coded decision and the next review may be read, and so how an item stands and when it was last."""
    return minutes >= Level.SUMMARY


def takes_updates(meeting: str, item: str, *, minutes: Level) -> bool:
    """Whether agencies may still tell a meeting about a child, for one of them who sees so much of its minutes.

    Until the child has been talked about; to whom that may not be told, until the meeting begins.
    """
    states = (MeetingState.PUBLISHED, MeetingState.OPEN) if sees_decision(minutes) else (MeetingState.PUBLISHED,)
    return meeting in states and item == ItemState.LISTED


def sees_reasoning(minutes: Level) -> bool:
    """Whether the rationale, dissent and every action may be read."""
    return minutes == Level.FULL


def sees_action(minutes: Level, *, owner: bool, own_agency: bool) -> bool:
    """Whether one action may be read."""
    return owner or minutes == Level.FULL or (minutes == Level.SUMMARY and own_agency)


def role_reads(role: str, category: str, matrix: Matrix) -> Level:
    """How much a role reads of others' entries of a category on a file while the panel's grant runs."""
    return entry_level(level_of(matrix.opens(role, category), panel=True), own=False, own_agency=False)


def may_chair(role: str, matrix: Matrix) -> bool:
    """Whether a role may sit on the chair's seat, as a deputy too: it reads in full what is written down there."""
    return all(role_reads(role, category, matrix) == Level.FULL for category in (Category.MINUTES, Category.LEVEL))


def readers_of_reasons(sitting: Iterable[tuple[str, str]], matrix: Matrix) -> dict[Level, list[str]]:
    """Who of those who sit on a panel, each a name of a place and a role, reads reasons (full) or the decision alone.

    A place stands where the most of its people's roles put it, once; who reads less than the decision is left out.
    """
    found: dict[str, Level] = {}
    for place, role in sitting:
        found[place] = max(found.get(place, Level.NONE), role_reads(role, Category.MINUTES, matrix))
    return {
        level: sorted(place for place, reads in found.items() if reads == level)
        for level in (Level.FULL, Level.SUMMARY)
    }


def kept_from_readers(shown: Iterable[str], sitting: Iterable[tuple[str, str]], matrix: Matrix) -> dict[str, list[str]]:
    """For each sensitive category on a page the places that read reasons in full and may not read that category."""
    full = [(place, role) for place, role in sitting if sees_reasoning(role_reads(role, Category.MINUTES, matrix))]
    found = {
        category: sorted({place for place, role in full if role_reads(role, category, matrix) < Level.FULL})
        for category in SENSITIVE
        if category in set(shown)
    }
    return {category: places for category, places in found.items() if places}


def reasons_shown(reasons: Iterable[Mapping[str, Any]], levels: Mapping[str, Level]) -> list[str]:
    """Why a child is on the agenda, as far as the reader sees the categories that each reason comes from.

    A listing is in the agency's own words for those who see the minutes in full, and named as one in summary.
    """
    words = []
    for reason in reasons:
        level = levels[reason["category"]]
        if reason["code"] == ReasonCode.LISTED and level < Level.FULL:
            words += [LISTED_PLAIN] if level == Level.SUMMARY and LISTED_PLAIN not in words else []
        elif level >= Level.SUMMARY:
            words.append(reason["words"])
    return words or [PLAIN_REASON]
