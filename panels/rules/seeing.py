"""What of a panel's work somebody sees who sees so much of the category `minutes` on a file.

Source: the access matrix and its summaries. Full: everything. Summary: the decision and the own agency's actions.
An owner always sees the action they own, whatever the cell says: nobody can do what they may not read.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from cases.access.rules import Level
from panels.choices import ReasonCode

PLAIN_REASON = "Listed for the panel to talk about"
LISTED_PLAIN = "Listed by an agency"


def sees_decision(minutes: Level) -> bool:
    """Whether the coded decision and the next review may be read."""
    return minutes >= Level.SUMMARY


def sees_reasoning(minutes: Level) -> bool:
    """Whether the rationale, dissent and every action may be read."""
    return minutes == Level.FULL


def sees_action(minutes: Level, *, owner: bool, own_agency: bool) -> bool:
    """Whether one action may be read."""
    return owner or minutes == Level.FULL or (minutes == Level.SUMMARY and own_agency)


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
