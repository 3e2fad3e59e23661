"""A restricted file always has a data guardian who can open it; whoever is left is told when nobody works there."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.choices import NoticeKind
from accounts.models import Membership
from accounts.rules.viewers import Viewer
from accounts.services.notices import tell
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.access.services import end_grants, end_personal_grants, lock_files
from cases.clocks.choices import AlertKind, ClockKind
from cases.clocks.services import give_clock, raise_alert
from cases.record.models import Child, Involvement
from cases.sharing.choices import RestrictionStepKind
from cases.sharing.models import Restriction, RestrictionStep
from cases.sharing.rules.restriction import Named
from cases.sharing.selectors import guarding as selectors
from cases.sharing.selectors.restriction import file_of, restriction_of
from cases.sharing.services.restriction import write_name, write_step

WHY_NAMED = "No data guardian who was named could open the file any more: the rule names another."
NO_GUARDIAN = "No data guardian is named who can open the file, and there is none who could be named."
NOBODY_WORKS = "Of the people who are named, only data guardians can open the file. Name somebody who works here."
WORK_ENDED = "Their work with the child has ended."
log = logging.getLogger("harbour.access")


@transaction.atomic
def keep_guarded(*, at: datetime, child_ids: Collection[UUID] | None = None, but: UUID | None = None) -> int:
    """Put right who looks after restricted files, of some or of all, when somebody named has gone or may not open it.

    Where no data guardian is left who can open a file, another is named, by the rule and not by a person; where there
    is none, the administrators are told that one is missing. Where nobody else is left, the guardians are. The review
    goes to somebody who can open it, and a name that was kept for a clock ends once that is over. `but` is the
    membership that ends at this moment. Returns on how many files somebody was named; done again it changes nothing,
    and says nothing twice.
    """
    found = list(selectors.restrictions_open(child_ids))
    lock_files([file_of(restriction) for restriction in found])
    return sum(_guard(restriction, at=at, but=but) for restriction in found)


def _guard(restriction: Restriction, *, at: datetime, but: UUID | None) -> bool:
    file_id = file_of(restriction)
    _end_names_without_work(restriction, at=at)
    there = selectors.who_can_open(file_id, at=at)
    guarded = any(_guards(member) for member in there)
    new = None if guarded else selectors.guardian_to_name(file_id, at=at, but=but)
    if new is not None:
        step = write_name(restriction, new, at=at, by=None, words=WHY_NAMED)
        there.append(new)
        _alert(step, there, restriction, at=at)
    elif not guarded:
        _say_unguarded(restriction, there, at=at)
    if all(_guards(member) for member in there):
        _say(restriction, RestrictionStepKind.NOBODY_WORKS, NOBODY_WORKS, to=there, at=at)
    _give_review(restriction, there, at=at)
    return new is not None


def _end_names_without_work(restriction: Restriction, *, at: datetime) -> None:
    """End the names that were kept for a clock when the work ended, once nothing is owed any more."""
    for member in selectors.named_without_work(restriction, at=at):
        if not _oversees(member):
            _take_off(restriction, member, at=at, by=None)


def _take_off(restriction: Restriction, member: Membership, *, at: datetime, by: Viewer | None) -> None:
    grants = AccessGrant.objects.live(at).filter(reason=GrantReason.NAMED, membership=member, source_id=restriction.pk)
    if end_grants(grants=grants, at=at, by=by, why=WORK_ENDED):
        write_step(restriction, RestrictionStepKind.REMOVED, at=at, by=by, person=member, words=WORK_ENDED)


def _guards(member: Membership) -> bool:
    return Named(member.pk, member.role).guards


def _oversees(member: Membership) -> bool:
    return Named(member.pk, member.role).oversees


def _alert(step: RestrictionStep, to: Iterable[Membership], restriction: Restriction, *, at: datetime) -> None:
    for member in filter(_oversees, to):
        kind = AlertKind.RESTRICTION_LIST
        raise_alert(kind=kind, to=member.pk, subject_id=step.pk, child_id=file_of(restriction), at=at)


def _say(
    restriction: Restriction, kind: RestrictionStepKind, words: str, *, to: Iterable[Membership], at: datetime
) -> bool:
    if selectors.said_since_a_name(restriction.pk, kind):
        return False
    _alert(write_step(restriction, kind, at=at, by=None, words=words), to, restriction, at=at)
    return True


def _say_unguarded(restriction: Restriction, there: Iterable[Membership], *, at: datetime) -> None:
    if not _say(restriction, RestrictionStepKind.NO_GUARDIAN, NO_GUARDIAN, to=there, at=at):
        return
    log.error("restricted_file_unguarded", extra={"restriction_id": str(restriction.pk)})
    for user in selectors.administrators(at=at):
        tell(user=user, kind=NoticeKind.GUARDIAN_MISSING, at=at)


def _give_review(restriction: Restriction, there: Iterable[Membership], *, at: datetime) -> None:
    overseeing = [member for member in there if _oversees(member)]
    if not overseeing or restriction.keeper_id in {member.pk for member in overseeing}:
        return
    restriction.keeper = overseeing[0]
    restriction.save(update_fields=["keeper"])
    if not selectors.review_runs(restriction.pk):
        return
    give_clock(
        kind=ClockKind.RESTRICTION_REVIEWED,
        subject_id=restriction.pk,
        owner_membership_id=overseeing[0].pk,
        owner_group_id=None,
        at=at,
        by=None,
    )


@transaction.atomic
def end_what_was_personal(membership_id: UUID, at: datetime, by: Viewer | None) -> int:
    """End what was opened to a person by name, because their role ends, and keep the restricted files among it guarded.

    Returns how many grants were ended.
    """
    child_ids = selectors.files_naming(Q(pk=membership_id), at=at)
    ended = end_personal_grants(membership_id, at, by)
    if child_ids:
        keep_guarded(at=at, child_ids=child_ids, but=membership_id)
    return ended


@transaction.atomic
def keep_guarded_without(user_id: int, at: datetime) -> None:
    """Somebody's account has been suspended: the restricted files on which they are named stay guarded."""
    child_ids = selectors.files_naming(Q(user_id=user_id), at=at)
    if child_ids:
        keep_guarded(at=at, child_ids=child_ids)


@transaction.atomic
def end_name_with_work(*, child: Child, work: Involvement, at: datetime, by: Viewer) -> None:
    """Somebody's last work on a restricted file has ended: the name they were given when it was restricted ends too.

    Not a manager's or a guardian's, who are named to look after it, nor while they owe something there. What an action
    of theirs takes stays open by the action's own name.
    """
    restriction = restriction_of(child.pk)
    if restriction is None or work.ended_on is None:
        return
    member = work.membership
    if member is not None and not _oversees(member) and not selectors.works_on(child.pk, member.pk):
        _take_off(restriction, member, at=at, by=by)


def keep_guarded_after_work(*, child: Child, work: Involvement, at: datetime, by: Viewer) -> None:
    """Somebody's work on a file has ended: a restricted one stays guarded. Once everything else has followed."""
    if work.ended_on is not None:
        keep_guarded(at=at, child_ids=[child.pk])
