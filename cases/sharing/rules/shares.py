"""Sharing and deciding not to share: what may go to whom, for how long, and what it takes against somebody's wishes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.choices import Sector
from accounts.rules.dates import day
from accounts.rules.refusals import Refusal
from accounts.rules.roles import ROLES, Capability
from cases.access.choices import Category
from cases.access.rules import Level, Matrix, level_of, mask_of, timeline_level
from cases.sharing.choices import (
    Answer,
    DeclineReason,
    LawfulBasis,
    OverrideGround,
    SharingEnd,
    WhyNotTold,
    WishKind,
)
from cases.sharing.rules.wording import is_shorter

WORDS_AT_LEAST = 10
NO_LIMITS = "Select what must not go further, or who must not be told"
USUALLY, LONGEST = timedelta(days=90), timedelta(days=365)
REVIEW_USUALLY, REVIEW_LATEST = timedelta(days=28), timedelta(days=183)
# What keeps a child safe reaches social care and police at least until the time at which it is usually looked at again.
SAFETY_AT_LEAST = REVIEW_USUALLY
# What goes with every share, so that the receiver knows about whom it is; and what is never shared: who looked is for
# oversight, and with what was agreed about sharing goes the leave to share further.
ALWAYS = (Category.IDENTITY.value,)
NEVER = (Category.WHO_LOOKED.value, Category.SHARING.value)
# What keeps a child safe, beside who the child is, and those who must have it for that. Source: the full cells of the
# matrix.
SAFETY = frozenset(
    category.value for category in (Category.LEVEL, Category.ASSESSMENT, Category.MISSING, Category.PERSON_OF_CONCERN)
)
SAFETY_SECTORS = frozenset({Sector.SOCIAL_CARE.value, Sector.POLICE.value})


class ShareRefused(Refusal):
    """Something cannot be shared, kept back or withdrawn like this. `field` names where to mend it."""

    code = "share_refused"


@dataclass(frozen=True)
class Told:
    """What somebody was told about a share and said; why not, where they were not told."""

    answer: Answer
    not_told: str = ""


@dataclass(frozen=True)
class Override:
    """Why a share goes against what the child or family wants: the ground, who authorised it, how it was explained."""

    ground: str = ""
    authorised_by: str = ""
    explained: str = ""


@dataclass(frozen=True)
class Wish:
    """What the child says about who may know: the kinds that must not go further, and the sectors not to be told."""

    kind: WishKind
    kept_mask: int = 0
    kept_from: frozenset[str] = frozenset()


def shareable(levels: Mapping[str, Level]) -> list[str]:
    """The kinds of information that somebody may choose to share: those they see in full, without those that always or
    never go.
    """
    return [name for name, level in levels.items() if level == Level.FULL and name not in (*ALWAYS, *NEVER)]


def seen_by(roles: Iterable[str], category: str, matrix: Matrix) -> Level:
    """How much people in these roles would see of a kind of information that is shared with them, at most."""
    seen = (level_of(matrix.opens(role, category), panel=False) for role in roles)
    return max(seen, default=Level.NONE)


def would_know_of(roles: Iterable[str], matrix: Matrix) -> int:
    """The kinds of information of which people in these roles would know that there is something, at least."""
    roles = list(roles)
    return mask_of(category.value for category in Category if seen_by(roles, category, matrix) >= Level.EXISTENCE)


def jobs_of(sector: str) -> list[str]:
    """The roles of a sector that read files: whoever comes to an agency of it later holds one of them."""
    return [key for key, role in ROLES.items() if role.sector == sector and Capability.READ_FILES in role.capabilities]


def entry_seen_by(roles: Iterable[str], category: str, matrix: Matrix) -> Level:
    """How much people in these roles would see of one entry that is shared with them, at most."""
    seen = (timeline_level(category, level_of(matrix.opens(role, category), panel=False)) for role in roles)
    return max(seen, default=Level.NONE)


def check_receiver_sees(
    roles: Collection[str], *, categories: Iterable[str], entries: Iterable[str], matrix: Matrix, name: str
) -> None:
    """Refuse to share what nobody there would see: the matrix keeps it from their jobs. `entries` are the categories of
    single entries.
    """
    for category in categories:
        if seen_by(roles, category, matrix) < Level.SUMMARY:
            raise ShareRefused(_unseen(name, category), field="categories")
    for category in entries:
        if entry_seen_by(roles, category, matrix) < Level.SUMMARY:
            raise ShareRefused(_unseen(name, category), field="entries")


def _unseen(name: str, category: str) -> str:
    return (
        f"{name} would not see this, whatever you share: {Category(category).label}. The access matrix keeps it from "
        "their job. Take it out, or write down what they need as something they may see"
    )


def check_words(words: str, *, field: str, what: str) -> None:
    """Refuse fewer than ten characters; `what` says what is asked for."""
    if is_shorter(words, WORDS_AT_LEAST):
        raise ShareRefused(f"Say in a sentence {what}", field=field)


def check_ends_on(ends_on: date, *, today: date, safety: bool = False) -> None:
    """Refuse an end that is not after today or later than a year: what is needed longer is decided on again. Where it
    is for the child's `safety`, refuse fewer than four weeks.
    """
    if ends_on <= today:
        raise ShareRefused("The last day must be after today", field="ends_on")
    if safety and ends_on < today + SAFETY_AT_LEAST:
        raise ShareRefused(
            "What keeps a child safe reaches children’s social care and the police for four weeks at least: the last "
            f"day must be {day(today + SAFETY_AT_LEAST)} or later",
            field="ends_on",
        )
    if ends_on > today + LONGEST:
        raise ShareRefused("The last day must be within a year. It can be shared again then", field="ends_on")


def check_review_on(review_on: date, *, today: date) -> None:
    """Refuse a review that is not after today or later than six months."""
    if review_on <= today:
        raise ShareRefused("The review must be after today", field="review_on")
    if review_on > today + REVIEW_LATEST:
        raise ShareRefused("The review must be within six months", field="review_on")


def check_told(child: Told, carers: Told) -> None:
    """Refuse an untold child, or untold parents or carers, without the reason."""
    check_why_not_told(child, field="child_not_told")
    check_why_not_told(carers, field="carers_not_told")


def check_why_not_told(told: Told, *, field: str) -> None:
    """Refuse somebody untold without the reason."""
    if told.answer == Answer.NOT_TOLD and told.not_told not in WhyNotTold.values:
        raise ShareRefused("Select why they were not told", field=field)


def check_basis(basis: str, *, child: Told, carers: Told, sector: str) -> None:
    """Refuse agreement as the basis where nobody agreed or somebody refused, and the police's own basis to others."""
    answers = {child.answer, carers.answer}
    if basis == LawfulBasis.AGREEMENT and (Answer.AGREES not in answers or Answer.REFUSES in answers):
        raise ShareRefused("Agreement can be the basis only where somebody agreed and nobody refused", field="basis")
    if basis == LawfulBasis.LAW_ENFORCEMENT and sector != Sector.POLICE:
        raise ShareRefused("Only the police share for a law enforcement purpose", field="basis")


def goes_against_child(child: Told, wish: Wish | None, *, mask: int, sector: str) -> bool:
    """Whether a share goes against what the child wants: said of this share, or else of sharing at all.

    Who a child is goes with every share, so of that alone a limit to kinds says nothing.
    """
    if child.answer == Answer.REFUSES:
        return True
    if child.answer == Answer.AGREES or wish is None or wish.kind == WishKind.FREE:
        return False
    if wish.kind == WishKind.NOT_WIDER:
        return True
    return sector in wish.kept_from or bool(mask & wish.kept_mask)


def runs_against_child(answer: str, wish: Wish, *, said_since: bool, mask: int, sector: str) -> bool:
    """Whether a running share goes against the wish that holds. What the child answered to this share counts, unless
    the wish was `said_since`.
    """
    told = Told(Answer.NO_ANSWER if said_since else Answer(answer))
    return goes_against_child(told, wish, mask=mask & ~mask_of(ALWAYS), sector=sector)


def names_workers(wish: Wish, sector: str) -> bool:
    """Whether the child says that agencies of a sector must not be told: those that work with the child already too."""
    silent = Told(Answer.NO_ANSWER)
    return wish.kind == WishKind.LIMITS and goes_against_child(silent, wish, mask=0, sector=sector)


def check_override(override: Override, *, against_child: bool, against_carers: bool) -> None:
    """Refuse a share against what the child or the family wants without ground and authoriser, and without how it was
    explained to the child where it is the child's own wish. Refuse an override of nothing.
    """
    if not (against_child or against_carers):
        if override != Override():
            raise ShareRefused(
                "Nobody has said that they do not want this. Select no, or say above who does not agree",
                field="overrides",
            )
        return
    who = "the child" if against_child else "a parent or carer"
    if override.ground not in OverrideGround.values:
        raise ShareRefused(
            f"This goes against what {who} wants. Select yes, and say on what ground it is done all the same",
            field="ground" if override != Override() else "overrides",
        )
    check_words(override.authorised_by, field="authorised_by", what="who authorised it: their name and job")
    if against_child:
        check_words(override.explained, field="explained", what="how it was explained to the child, or when it will be")


def is_safety(mask: int, sector: str) -> bool:
    """Whether what is to be shared keeps a child safe and goes to those who must have it for that."""
    return sector in SAFETY_SECTORS and bool(mask & mask_of(SAFETY))


def check_may_decline(
    reason: str, *, mask: int, sector: str, asked: bool = False, field: str = "decline_reason"
) -> None:
    """Refuse to keep what keeps a child safe from social care or police for any reason but greater harm to the child.

    That they do not need it is another, unless they asked: then they have said what they need it for.
    """
    keeps = {DeclineReason.MORE_HARM} if asked else {DeclineReason.MORE_HARM, DeclineReason.NOT_NEEDED}
    if reason in keeps or not is_safety(mask, sector):
        return
    unneeded = "" if asked else ", or where they do not need it for what they do"
    raise ShareRefused(
        f"What keeps a child safe always reaches children’s social care and the police: {_safety_words(mask)}. Share "
        "it: where the child or family does not want that, the share asks on what ground, and how you explained it. "
        f"Keep it back only where sharing it would harm the child more than not sharing it{unneeded}",
        field=field,
    )


def _safety_words(mask: int) -> str:
    return ", ".join(one.label for one in Category if one.value in SAFETY and mask & mask_of([one]))


def owed(asked: int, *, role: str, sector: str, less: int, matrix: Matrix) -> int:
    """What of the kinds that somebody asked for must reach them: what keeps a child safe, and their job sees. `less` is
    what they have already, or what somebody decided to keep from them.
    """
    return lost(asked, roles=[role], sector=sector, less=less, matrix=matrix)


def lost(mask: int, *, roles: Iterable[str], sector: str, less: int, matrix: Matrix) -> int:
    """What keeps a child safe, of these kinds, and people of social care or police in these roles would not see without
    them. `less` is what they see all the same.
    """
    if sector not in SAFETY_SECTORS:
        return 0
    roles = list(roles)
    return mask & ~less & mask_of(name for name in SAFETY if seen_by(roles, name, matrix) >= Level.SUMMARY)


def check_owed_goes(must: int, goes: int) -> None:
    """Refuse a share that answers somebody without what they are owed of it."""
    if must & ~goes:
        raise ShareRefused(
            f"They asked for what keeps a child safe: {_safety_words(must & ~goes)}. Share that too. If it would harm "
            "the child more than not sharing it, decide not to share it first",
            field="categories",
        )


def check_not_held(mask: int, held: int, *, entries: Collection[object], name: str) -> None:
    """Refuse to share what the receiver sees anyway."""
    if not entries and mask & ~held == 0:
        raise ShareRefused(f"{name} sees this already. Look at who can see the file", field="categories")


def check_may_end(kind: str, *, shared: bool) -> None:
    """Refuse an end that is none of the three, and an error where nothing was shared."""
    if kind not in SharingEnd.values or (kind == SharingEnd.IN_ERROR and not shared):
        raise ShareRefused("Select why it ends", field="end_kind")


def check_takes_no_safety(kind: str, *, lost: int) -> None:
    """Refuse to end a share, but for an error, where social care or police would lose what keeps a child safe: `lost`.

    It is decided not to share it instead, for a reason that declining it may have, and that is looked at again.
    """
    if kind != SharingEnd.IN_ERROR and lost:
        raise ShareRefused(
            f"This would take from them what keeps the child safe: {_safety_words(lost)}. It is decided not to "
            "share it any more instead: what stands above this question says how",
            field="end_kind",
        )


def check_in_place_of(*, lost: int, left_out: int, same: bool) -> None:
    """Refuse to end a share for a new decision that is about somebody else, or leaves out what keeps the child safe and
    social care or police would lose. `same` is whether it is about everybody with whom it was shared.
    """
    if not same:
        raise ShareRefused("Choose whom it was shared with, or end that share first", field="person")
    if lost & left_out:
        raise ShareRefused(
            f"With the earlier share they would lose what keeps the child safe: {_safety_words(lost & left_out)}. "
            "Select that too",
            field="categories",
        )
