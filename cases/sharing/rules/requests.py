"""Asking to see more of a file that one may know of: what may be asked for, and who answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from accounts.rules.refusals import Refusal
from accounts.rules.viewers import Viewer
from cases.access.choices import Category, Cell
from cases.access.rules import Level, Matrix, level_of
from cases.sharing.rules.shares import NEVER, WORDS_AT_LEAST, seen_by
from cases.sharing.rules.wording import is_shorter

# Of the rest a job sees nothing that others wrote, whatever is shared with it.
SEEN = (Cell.FULL, Cell.SUMMARY, Cell.EXISTENCE)


class RequestRefused(Refusal):
    """Something cannot be asked for or answered like this. `field` names where to mend it."""

    code = "request_refused"


@dataclass(frozen=True)
class Answering:
    """Who would answer whom: their people and agencies, and whether the answerer is a data guardian."""

    by_user_id: int
    by_agency_id: UUID | None
    asked_by_user_id: int
    asked_at_agency_id: UUID
    guardian: bool = False


def askable(role: str, levels: Mapping[str, Level], matrix: Matrix) -> list[str]:
    """The kinds of information that somebody may ask for: those of which their job may see more than they see, and
    those of which it only ever knows that there is something, which whoever answers may tell in another way. It is the
    same list whatever the file holds, so that it tells nothing of it.
    """

    def most(cell: Cell) -> Level:
        return Level.FULL if cell == Cell.EXISTENCE else level_of(cell, panel=False)

    return [
        category.value
        for category in Category
        if category.value not in NEVER
        and (cell := matrix.opens(role, category)) in SEEN
        and levels[category.value] < most(cell)
    ]


def can_be_shared(role: str, names: Iterable[str], matrix: Matrix) -> bool:
    """Whether a share could answer a request: of something asked for, the asker's job may see more than that there is
    something.
    """
    return any(seen_by([role], name, matrix) >= Level.SUMMARY for name in names)


def check_words(words: str, *, field: str, what: str) -> None:
    """Refuse fewer than ten characters; `what` says what is asked for."""
    if is_shorter(words, WORDS_AT_LEAST):
        raise RequestRefused(f"Say in a sentence {what}", field=field)


def check_may_answer(answering: Answering) -> None:
    """Refuse an answer by whoever asked, and by anybody of the agency that asked who is no data guardian."""
    if answering.by_user_id == answering.asked_by_user_id:
        raise RequestRefused("You asked for this yourself, so somebody else answers.", code="own_request")
    if answering.by_agency_id == answering.asked_at_agency_id and not answering.guardian:
        raise RequestRefused(
            "Somebody of your own agency asks, so somebody of another agency answers.", code="own_agency"
        )


def askable_by(viewer: Viewer, levels: Mapping[str, Level], matrix: Matrix) -> list[str]:
    """`askable` for the role that a viewer acts in."""
    return askable(viewer.role_key, levels, matrix)
