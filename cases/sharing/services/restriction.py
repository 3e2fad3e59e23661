"""Restricting a file to named people, changing who is named, reviewing it, and lifting it by two people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import Membership
from accounts.rules.viewers import Viewer
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.access.services import end_grants, grant_access
from cases.clocks.choices import AlertKind, ClockKind
from cases.clocks.services import (
    acknowledge_subject,
    cancel_clock,
    give_clock,
    raise_alert,
    reanchor_clock,
    start_clock,
)
from cases.record.models import Child
from cases.record.selectors.facts import lead_of
from cases.record.selectors.hidden import is_restricted, of_one_child
from cases.record.services import bump_version, record_restricted
from cases.sharing.choices import RestrictionKind, RestrictionStepKind
from cases.sharing.models import Restriction, RestrictionStep
from cases.sharing.rules import restriction as rules
from cases.sharing.rules.restriction import Named, RestrictionRefused
from cases.sharing.rules.wording import add_it_first
from cases.sharing.selectors import restriction as selectors
from cases.sharing.selectors.involving import newly_told_against_wish

NOT_RESTRICTED = "This file is not restricted any more. Look at the page again."
NOT_OFFERED = "Choose from the people who are offered"


def write_step(
    restriction: Restriction,
    kind: RestrictionStepKind,
    *,
    at: datetime,
    by: Viewer | None,
    words: str = "",
    person: Membership | None = None,
) -> RestrictionStep:
    """Write down one step about a restriction; by nobody where the rule did it. For the services of this package."""
    return RestrictionStep.objects.create(
        restriction=restriction,
        kind=kind,
        person=person,
        words=words.strip(),
        done_at=at,
        done_by_id=by.person_id if by else None,
    )


def _named(members: Iterable[Membership]) -> list[Named]:
    return [Named(member.pk, member.role) for member in members]


def _check_list(child: Child, members: list[Membership]) -> None:
    lead = lead_of(child.pk)
    rules.check_named(
        _named(members),
        lead=lead.membership_id if lead else None,
        lead_name=str(lead.membership.user) if lead and lead.membership else "",
    )


def _check_wish(child: Child, members: list[Membership], *, field: str, at: datetime) -> None:
    """Raises RestrictionRefused where a name would tell an agency that the child does not want told."""
    for member in newly_told_against_wish(child, members, at=at):
        raise RestrictionRefused(f"{member.user}: {add_it_first(member.agency.name)}", field=field)


def _keeper(members: Iterable[Membership], *, by: Viewer) -> Membership:
    """Who owes the review: the acting person where they are named and may, else the first named who may."""
    overseeing = [member for member in members if member.role in selectors.OVERSEEING]
    return next((member for member in overseeing if member.pk == by.membership_id), overseeing[0])


@transaction.atomic
def restrict_file(
    *,
    child: Child,
    kind: RestrictionKind,
    reason: str,
    review_on: date,
    named: Iterable[UUID],
    version: int,
    at: datetime,
    by: Viewer,
) -> Restriction:
    """Close a file to all but the people named, by membership, from the next request; the acting person too, unless
    they are named.

    Raises RestrictionRefused for a reason that says nothing, a review that is too early or too late, fewer than two
    people, nobody who could lift it, a lead who is not named, somebody who may not be named or whose agency the child
    does not want told, and a file that is restricted already; Stale where the file has changed since.
    """
    rules.check_reason(reason)
    rules.check_review_on(review_on, today=timezone.localdate(at))
    bump_version(child=child, version=version)
    if selectors.restriction_of(child.pk) is not None:
        raise RestrictionRefused("This file is restricted already. Look at the page again.")
    members = _wanted(child, set(named), at=at)
    _check_list(child, members)
    _check_wish(child, members, field="named", at=at)
    restriction = Restriction.objects.create(
        child=child,
        kind=kind,
        reason=reason.strip(),
        review_on=review_on,
        keeper=_keeper(members, by=by),
        placed_at=at,
        placed_by_id=by.person_id,
    )
    write_step(restriction, RestrictionStepKind.PLACED, at=at, by=by, words=reason)
    for member in members:
        write_name(restriction, member, at=at, by=by)
    record_restricted(child=child, restricted=True)
    start_clock(
        kind=ClockKind.RESTRICTION_REVIEWED,
        subject_id=restriction.pk,
        child_id=child.pk,
        anchored_at=at,
        due_on=review_on,
        owner_membership_id=restriction.keeper_id,
        at=at,
        by=by,
    )
    return restriction


def _wanted(child: Child, ids: set[UUID], *, at: datetime) -> list[Membership]:
    """The people who are to be named. Raises RestrictionRefused where one of them may not be."""
    offered = {member.pk: member for member in selectors.may_be_named(child.pk, at=at, near=False)}
    if not ids <= set(offered):
        raise RestrictionRefused(NOT_OFFERED, field="named")
    return [offered[pk] for pk in sorted(ids, key=str)]


def write_name(
    restriction: Restriction, member: Membership, *, at: datetime, by: Viewer | None, words: str = ""
) -> RestrictionStep:
    """Open a restricted file to somebody by name, and write that down. For the services of this package."""
    grant_access(
        child_id=selectors.file_of(restriction),
        reason=GrantReason.NAMED,
        at=at,
        by=by,
        membership=member,
        source_id=restriction.pk,
        note="Named on a restricted file",
    )
    return write_step(restriction, RestrictionStepKind.NAMED, at=at, by=by, person=member, words=words)


def _open_restriction(child: Child, version: int) -> Restriction:
    bump_version(child=child, version=version)
    found = selectors.holding_on(child.pk).select_for_update(of=("self",)).first()
    if found is None:
        raise RestrictionRefused(NOT_RESTRICTED)
    return found


@transaction.atomic
def name_person(*, child: Child, membership_id: UUID, version: int, at: datetime, by: Viewer) -> Membership:
    """Name one more person on a restricted file. Raises RestrictionRefused for who may not be, or is already, and where
    the child does not want their agency told; Stale.
    """
    restriction = _open_restriction(child, version)
    offered = {member.pk: member for member in selectors.may_be_named(child.pk, at=at, near=False)}
    member = offered.get(membership_id)
    if member is None:
        raise RestrictionRefused(NOT_OFFERED, field="person")
    if member in selectors.named_on(child.pk, at=at):
        raise RestrictionRefused(f"{member.user} is named already", field="person")
    _check_wish(child, [member], field="person", at=at)
    write_name(restriction, member, at=at, by=by)
    return member


@transaction.atomic
def remove_name(*, child: Child, membership_id: UUID, words: str, version: int, at: datetime, by: Viewer) -> Membership:
    """Take somebody off the list; they see no more of the file from the next request.

    Raises RestrictionRefused for who is not named, where fewer than two or nobody who could lift it would be left,
    for the lead, and without words; Stale.
    """
    restriction = _open_restriction(child, version)
    if len(words.strip()) < 3:
        raise RestrictionRefused("Say why they are taken off the list", field="words")
    members = selectors.named_on(child.pk, at=at)
    member = next((one for one in members if one.pk == membership_id), None)
    if member is None:
        raise RestrictionRefused("They are not named on this file any more. Look at the page again.")
    left = [one for one in members if one.pk != membership_id]
    _check_list(child, left)
    grants = AccessGrant.objects.live(at).filter(child_id=child.pk, reason=GrantReason.NAMED, membership=member)
    end_grants(grants=grants, at=at, by=by, why="Taken off the list of a restricted file")
    write_step(restriction, RestrictionStepKind.REMOVED, at=at, by=by, person=member, words=words)
    if restriction.keeper_id == member.pk:
        restriction.keeper = _keeper(left, by=by)
        restriction.save(update_fields=["keeper"])
        give_clock(
            kind=ClockKind.RESTRICTION_REVIEWED,
            subject_id=restriction.pk,
            owner_membership_id=restriction.keeper_id,
            owner_group_id=None,
            at=at,
            by=by,
        )
    return member


@transaction.atomic
def review_restriction(
    *, child: Child, review_on: date, words: str, version: int, at: datetime, by: Viewer
) -> Restriction:
    """Keep a restriction until another day, with the reason. Raises RestrictionRefused as `restrict_file`; Stale."""
    rules.check_reason(words, field="words")
    rules.check_review_on(review_on, today=timezone.localdate(at))
    restriction = _open_restriction(child, version)
    restriction.review_on = review_on
    restriction.save(update_fields=["review_on"])
    write_step(restriction, RestrictionStepKind.REVIEWED, at=at, by=by, words=words)
    reanchor_clock(
        kind=ClockKind.RESTRICTION_REVIEWED,
        subject_id=restriction.pk,
        due_on=review_on,
        why="Reviewed, and kept",
        at=at,
        by=by,
    )
    return restriction


@transaction.atomic
def ask_to_lift(*, child: Child, reason: str, version: int, at: datetime, by: Viewer) -> Restriction:
    """Ask that a restriction is lifted: the first of two people. The others who may agree are told.

    Raises RestrictionRefused without a reason, where somebody has asked already, and where nobody else could agree;
    Stale.
    """
    rules.check_reason(reason)
    restriction = _open_restriction(child, version)
    if restriction.lift_asked_at is not None:
        raise RestrictionRefused("Somebody has asked already. Look at the page again.")
    others = selectors.overseers_to_ask(child, asked_by=by, at=at)
    if not others:
        raise RestrictionRefused(
            "Two people lift a restriction, and nobody else who is named here could agree. Name another manager or "
            "data guardian first."
        )
    restriction.lift_asked_at, restriction.lift_asked_by_id, restriction.lift_reason = at, by.person_id, reason.strip()
    restriction.save(update_fields=["lift_asked_at", "lift_asked_by", "lift_reason"])
    asked = write_step(restriction, RestrictionStepKind.LIFT_ASKED, at=at, by=by, words=reason)
    for member in others:
        raise_alert(kind=AlertKind.RESTRICTION_LIFT, to=member.pk, subject_id=asked.pk, child_id=child.pk, at=at)
    return restriction


@transaction.atomic
def answer_lift(*, child: Child, lift: bool, words: str, version: int, at: datetime, by: Viewer) -> Restriction:
    """Lift a restriction that somebody else asked to lift, or keep it: the second of two people.

    Lifted, the file is open to its agencies again as their grants say, and those named in person lose what came with
    the name; where another file of the child is restricted still, both stay as they are. Raises RestrictionRefused for
    who asked themselves, where nobody asked, and without words; Stale.
    """
    restriction = _open_restriction(child, version)
    if len(words.strip()) < 3:
        raise RestrictionRefused("Say in a few words why", field="words")
    others = selectors.overseers_to_ask(child, asked_by=by, at=at)
    rules.check_may_lift(asked_by=restriction.lift_asked_by_id, by=by.person_id, others=_named(others))
    asked_id = selectors.last_asked(restriction)
    if asked_id is not None:
        acknowledge_subject(kind=AlertKind.RESTRICTION_LIFT, subject_id=asked_id, at=at, by=by)
    if not lift:
        restriction.lift_asked_at, restriction.lift_asked_by, restriction.lift_reason = None, None, ""
        restriction.save(update_fields=["lift_asked_at", "lift_asked_by", "lift_reason"])
        write_step(restriction, RestrictionStepKind.LIFT_DECLINED, at=at, by=by, words=words)
        return restriction
    restriction.lifted_at, restriction.lifted_by_id = at, by.person_id
    restriction.save(update_fields=["lifted_at", "lifted_by"])
    write_step(restriction, RestrictionStepKind.LIFTED, at=at, by=by, words=words)
    record_restricted(child=child if restriction.child_id == child.pk else restriction.child, restricted=False)
    if not is_restricted(child):
        named = AccessGrant.objects.live(at).filter(child__in=of_one_child(child.pk), reason=GrantReason.NAMED)
        end_grants(grants=named, at=at, by=by, why="The file is not restricted any more")
    cancel_clock(kind=ClockKind.RESTRICTION_REVIEWED, subject_id=restriction.pk, why="Lifted", at=at, by=by)
    return restriction
