"""Opening a file in an emergency: who may, why, for how long, how often, and who may judge it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from accounts.rules.refusals import Refusal
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import FileFacts, Matrix, category_level, mask_of

LASTS = timedelta(minutes=60)
REASON_AT_LEAST = 20
DIFFERENT_LETTERS = 6
WORDS_AT_LEAST = 10
TRIES, TRIES_WITHIN = 5, timedelta(hours=24)
# What a child says in sessions of support stays with those who work with the child, and who looked is for oversight.
OPENED = tuple(category.value for category in Category if category not in (Category.SESSIONS, Category.WHO_LOOKED))


class EmergencyRefused(Refusal):
    """Something about an emergency access cannot be done like this. `field` names where to mend it."""

    code = "emergency_refused"


class Asked(Protocol):
    """A file that was asked for: whether the viewer knows it anyway, whether no emergency opens it, and whether one
    opens more of a known file than is open to the viewer now.
    """

    known: bool
    shut: bool
    more: bool


File = TypeVar("File", bound=Asked)


@dataclass(frozen=True)
class Judge:
    """What decides whether somebody may review one emergency access."""

    user_id: int
    agency_id: UUID
    opened_by_id: int
    opened_at_agency_id: UUID
    others_elsewhere: bool


def check_may_open(viewer: Viewer) -> None:
    """Refuse whoever is not on duty for a child in danger."""
    if not viewer.may(Capability.BREAK_GLASS):
        raise EmergencyRefused(
            "Your role does not open files in an emergency. Ring the duty number.", code="role_lacks"
        )


def check_reason(reason: str) -> None:
    """Refuse a reason that says nothing: fewer than 20 characters, or the same few letters over and over."""
    said = " ".join(reason.split())
    letters = {sign for sign in said.casefold() if sign.isalpha()}
    if len(said) < REASON_AT_LEAST or len(letters) < DIFFERENT_LETTERS:
        raise EmergencyRefused(
            f"Say in at least {REASON_AT_LEAST} characters what is happening and why you cannot wait", field="reason"
        )


def check_tries(refused: int, *, child_id: UUID | None = None) -> None:
    """Refuse a sixth try within 24 hours after five at which no file was opened: the page must not test names.

    `child_id` is the file that was aimed at, for the trail alone.
    """
    if refused >= TRIES:
        raise EmergencyRefused(
            f"You have tried {TRIES} times in the last 24 hours and no file was opened, so Harbour opens none for you "
            "here until tomorrow. Ring the duty number, where somebody can look with you.",
            code="tries_spent",
            child_id=child_id,
        )


def opens_more(viewer: Viewer, facts: FileFacts, matrix: Matrix) -> bool:
    """Whether an emergency shows the viewer more of a file than its other grants do, as far as the role's cells go."""
    then = replace(facts, category_mask=facts.category_mask | mask_of(OPENED))
    return any(
        category_level(viewer, category, then, matrix) > category_level(viewer, category, facts, matrix)
        for category in OPENED
    )


def one_to_open(found: Iterable[File]) -> tuple[File | None, bool]:
    """Which of the files that were asked for is opened, and whether the viewer sees all that an emergency would open.

    None where there is none, where there are several, or where one of them is kept from the viewer: then a second
    file of the same child must not be the way round. A file that the viewer knows stands above those that they do not:
    whatever else there is, the answer is the same.
    """
    files = list(found)
    known = [file for file in files if file.known]
    seen = next((file for file in known if not file.more), None)
    if seen is not None:
        return seen, True
    if known:
        return (known[0] if len(known) == 1 else None), False
    if len(files) != 1 or files[0].shut:
        return None, False
    return files[0], False


def is_running(*, ends_at: datetime, ended_at: datetime | None, at: datetime) -> bool:
    """Whether an emergency access still opens its file at an instant."""
    return at < (ended_at or ends_at)


def minutes_left(ends_at: datetime, at: datetime) -> int:
    """The minutes that are left, the one that has begun among them; 0 when the time is over."""
    return max(0, -(-int((ends_at - at).total_seconds()) // 60))


def check_may_judge(judge: Judge) -> None:
    """Refuse a review by whoever opened the file; and, where a guardian of another agency could do it, by a guardian
    of the same agency.
    """
    if judge.user_id == judge.opened_by_id:
        raise EmergencyRefused("You opened this file yourself, so somebody else reviews it.", code="own_deed")
    if judge.agency_id == judge.opened_at_agency_id and judge.others_elsewhere:
        raise EmergencyRefused(
            "Whoever opened this file works at your agency, so a data guardian of another agency reviews it.",
            code="own_agency",
        )


def check_verdict(*, running: bool, words: str) -> None:
    """Refuse a verdict while the file is still open, and one without words."""
    if running:
        raise EmergencyRefused("It is still open. Review it when it has ended, or end it now.")
    if len(words.strip()) < WORDS_AT_LEAST:
        raise EmergencyRefused("Say in a sentence what you found, for the person and their manager", field="words")
