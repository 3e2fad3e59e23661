"""Conflicts of interest: who may say so of whom, whose work must be handed over, and who lifts one."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from accounts.rules.refusals import Refusal
from cases.sharing.rules.wording import is_shorter

WORDS_AT_LEAST = 10


class ConflictRefused(Refusal):
    """A conflict of interest cannot be recorded or lifted like this. `field` names where to mend it."""

    code = "conflict_refused"


@dataclass(frozen=True)
class Placing:
    """Who wants to keep whom from a file: the agencies of both, and whether the placer is a data guardian."""

    by_user_id: int
    by_agency_id: UUID | None
    user_id: int
    agency_id: UUID
    guardian: bool


def check_words(words: str, *, field: str = "words") -> None:
    """Refuse fewer than ten characters."""
    if is_shorter(words, WORDS_AT_LEAST):
        raise ConflictRefused("Say in a sentence how they are linked", field=field)


def check_may_place(placing: Placing) -> None:
    """Refuse a manager who places a conflict on somebody of another agency, and anybody who places one on themselves:
    that is declared.
    """
    if placing.user_id == placing.by_user_id:
        raise ConflictRefused("Of yourself you declare it: choose “I know this child or family”.", field="person")
    if not placing.guardian and placing.agency_id != placing.by_agency_id:
        raise ConflictRefused(
            "You can say this of people of your own agency. Ask a data guardian.", field="person", code="other_agency"
        )


def check_handed_over(*, work: bool, name: str, successor: int | None, user_id: int) -> None:
    """Refuse to keep somebody away whose work nobody takes over."""
    if work and successor is None:
        raise ConflictRefused(f"{name} does work for this child. Choose who takes over", field="successor")
    if successor == user_id:
        raise ConflictRefused("Choose somebody else to take over", field="successor")


def check_successor(*, may: bool, restricted: bool) -> None:
    """Refuse a successor who cannot be given work on the file, without a word of why; on a restricted file, one who is
    not named there.
    """
    if not may and restricted:
        raise ConflictRefused(
            "Only somebody who is named on this file can take over. Choose one of them", field="successor"
        )
    if not may:
        raise ConflictRefused("This person cannot be given work on this file. Choose somebody else", field="successor")


def check_successor_leads(*, leads: bool, may: bool) -> None:
    """Refuse a successor to the lead whom nobody could name as the lead."""
    if leads and not may:
        raise ConflictRefused(
            "They lead on this case. Choose somebody whose job it is to hold cases, or who works with this child "
            "already",
            field="successor",
        )


def check_successor_knows(*, knows: bool, name: str) -> None:
    """Refuse a successor to whom the file is not open: nobody is given what they cannot open."""
    if not knows:
        raise ConflictRefused(
            f"{name} does not see this file. Bring them in first, or choose somebody who sees it", field="successor"
        )


def check_may_lift(*, asked_by: int | None, by: int, user_id: int, guardian: bool, placed_by: int) -> None:
    """Refuse to lift one by who asked, by the person themself, and by anybody but a guardian or who placed it."""
    if by == user_id:
        raise ConflictRefused("Nobody lifts a conflict of their own.", code="own_deed")
    if asked_by is None:
        raise ConflictRefused("Nobody has asked to lift it.")
    if asked_by == by:
        raise ConflictRefused(
            "You asked for it, so somebody else must agree: a data guardian, or whoever placed it.", code="own_request"
        )
    if not guardian and by != placed_by:
        raise ConflictRefused("A data guardian lifts it, or whoever placed it.", code="not_theirs")
