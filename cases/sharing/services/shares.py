"""Sharing, deciding not to share, ending either, and what went to the wrong people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.choices import FunctionKey
from accounts.models import Agency, Membership
from accounts.rules.refusals import NotKnown
from accounts.rules.viewers import Viewer
from cases.access.choices import GrantReason
from cases.access.rules import Level, categories_in, mask_of
from cases.access.selectors import matrix_in_force
from cases.access.services import end_grants_from, grant_access, lock_files
from cases.clocks.choices import AlertKind, ClockKind
from cases.clocks.rules.due import midnight
from cases.clocks.services import acknowledge_subject, cancel_clock, raise_alert, start_clock, stop_clock
from cases.record.models import Child, ChronologyEntry
from cases.record.services import OpenFile, bump_version
from cases.sharing.choices import (
    Answer,
    BreachOutcome,
    DeclineReason,
    LawfulBasis,
    SharingEnd,
    SharingKind,
    SharingPurpose,
)
from cases.sharing.models.shares import SharingBreach, SharingDecision
from cases.sharing.rules import shares as rules
from cases.sharing.rules.shares import Override, ShareRefused, Told
from cases.sharing.selectors import shares as selectors
from cases.sharing.selectors.ending import left_out, lost_by_ending, runs, was_asked_for

NOT_OFFERED = "Choose from those who are offered"
RESTRICTED = "This file is open to named people only. Whoever must see it is named on it by a manager or data guardian."


@dataclass(frozen=True)
class Receiver:
    """Whom something goes to: an agency, or one person of it."""

    agency_id: UUID
    membership_id: UUID | None = None


@dataclass(frozen=True)
class Content:
    """What goes: kinds of information as a whole, or single entries."""

    categories: frozenset[str] = frozenset()
    entries: frozenset[UUID] = frozenset()


@dataclass(frozen=True)
class Sharing:
    """One share as somebody wants it. `ends_on` is the last day on which it holds."""

    receiver: Receiver
    content: Content
    purpose: SharingPurpose
    words: str
    basis: LawfulBasis
    child: Told
    carers: Told
    ends_on: date
    override: Override = field(default_factory=Override)


@dataclass(frozen=True)
class Declining:
    """What somebody wants not to be shared with whom, why, and when that is looked at again."""

    receiver: Receiver
    categories: frozenset[str]
    reason: DeclineReason
    words: str
    review_on: date


@dataclass(frozen=True)
class Why:
    """Why something is not shared, and when that is looked at again."""

    reason: DeclineReason
    words: str
    review_on: date


@dataclass(frozen=True)
class _Found:
    """A receiver and what it may be given, looked up."""

    agency: Agency
    membership: Membership | None
    roles: list[str]
    entries: list[ChronologyEntry]

    @property
    def name(self) -> str:
        return str(self.membership.user if self.membership else self.agency)


@transaction.atomic
def share(
    *, opened: OpenFile, sharing: Sharing, version: int, at: datetime, by: Viewer, instead_of: UUID | None = None
) -> SharingDecision:
    """Share kinds of information or single entries of a file with an agency or one person, until a day.

    The grant holds from the next request; the receiver is told. A decision not to share, or a share, that this one
    follows (`instead_of`) ends with it. Raises ShareRefused for a receiver that is not offered, a file for named people
    only, what the person does not see in full or the receiver would not see at all, a wrong end, basis, answer or
    override, and as `_end_earlier`; GrantRefused where the agency gets no grants; Stale where the file has changed.
    """
    child = opened.child
    if opened.facts.restricted:
        raise ShareRefused(RESTRICTED)
    found = _look_up(opened, sharing.receiver, sharing.content, at=at, by=by)
    mask = mask_of({*sharing.content.categories, *rules.ALWAYS})
    reach = mask | mask_of(entry.category for entry in found.entries)
    _check_sharing(opened, sharing, found, mask=mask, reach=reach, at=at, by=by, instead_of=instead_of)
    bump_version(child=child, version=version)
    decision = SharingDecision.objects.create(
        child=child,
        kind=SharingKind.SHARED,
        agency=found.agency,
        membership=found.membership,
        category_mask=mask,
        entry_ids=sorted(sharing.content.entries, key=str),
        purpose=sharing.purpose,
        words=sharing.words.strip(),
        basis=sharing.basis,
        child_answer=sharing.child.answer,
        child_not_told=sharing.child.not_told,
        carers_answer=sharing.carers.answer,
        carers_not_told=sharing.carers.not_told,
        override_ground=sharing.override.ground,
        authorised_by=sharing.override.authorised_by.strip(),
        explained=sharing.override.explained.strip(),
        decided_at=at,
        decided_as_id=by.acting_membership_id,
        ends_at=midnight(sharing.ends_on + timedelta(days=1)),
    )
    _grant(decision, at=at, by=by)
    for membership_id in selectors.whom_to_tell(decision, at=at):
        raise_alert(kind=AlertKind.SHARE_RECEIVED, to=membership_id, subject_id=decision.pk, child_id=child.pk, at=at)
    if instead_of is not None:
        end_declined(child=child, decision_id=instead_of, words="Shared", at=at, by=by)
        _end_earlier(opened, instead_of, made=decision, words="Shared anew", at=at, by=by)
    return decision


def _look_up(opened: OpenFile, receiver: Receiver, content: Content, *, at: datetime, by: Viewer) -> _Found:
    """The receiver and the entries, where they are offered to this person. Raises ShareRefused."""
    child = opened.child
    people = selectors.may_receive(child.pk, but=by.agency_id, at=at, agency_id=receiver.agency_id)
    if not people:
        raise ShareRefused(NOT_OFFERED, field="agency")
    member = next((one for one in people if one.pk == receiver.membership_id), None)
    if receiver.membership_id is not None and member is None:
        raise ShareRefused(NOT_OFFERED, field="person")
    if not content.categories <= set(rules.shareable(opened.levels)):
        raise ShareRefused("Choose from what you see in full yourself", field="categories")
    entries = list(ChronologyEntry.objects.filter(child=child, pk__in=content.entries))
    seen = all(opened.entry_level(entry) == Level.FULL and entry.category not in rules.NEVER for entry in entries)
    if len(entries) != len(content.entries) or not seen:
        raise ShareRefused("Choose from what you see in full yourself", field="entries")
    roles = [member.role] if member else sorted({one.role for one in people})
    return _Found(people[0].agency, member, roles, entries)


def _check_sharing(
    opened: OpenFile,
    sharing: Sharing,
    found: _Found,
    *,
    mask: int,
    reach: int,
    at: datetime,
    by: Viewer,
    instead_of: UUID | None,
) -> None:
    rules.check_receiver_sees(
        found.roles,
        categories=sharing.content.categories,
        entries=[entry.category for entry in found.entries],
        matrix=opened.matrix,
        name=found.name,
    )
    rules.check_words(sharing.words, field="words", what="what they will do with it")
    rules.check_told(sharing.child, sharing.carers)
    rules.check_basis(sharing.basis, child=sharing.child, carers=sharing.carers, sector=by.sector)
    wish = selectors.wish_that_holds(opened.child.pk)
    rules.check_override(
        sharing.override,
        against_child=rules.goes_against_child(
            sharing.child, wish, mask=reach & ~mask_of(rules.ALWAYS), sector=found.agency.sector
        ),
        against_carers=sharing.carers.answer == Answer.REFUSES,
    )
    safety = rules.is_safety(reach, found.agency.sector)
    rules.check_ends_on(sharing.ends_on, today=timezone.localdate(at), safety=safety)
    held = selectors.held_by(opened.child.pk, agency=found.agency, membership=found.membership, at=at, but=instead_of)
    rules.check_not_held(mask, held, entries=found.entries, name=found.name)


def _grant(decision: SharingDecision, *, at: datetime, by: Viewer) -> None:
    subject = {"membership": decision.membership} if decision.membership else {"group": decision.agency.group}
    grant_access(
        child_id=decision.child_id,
        reason=GrantReason.SHARE,
        at=at,
        by=by,
        categories=categories_in(decision.category_mask),
        entries=decision.entry_ids,
        valid_until=decision.ends_at,
        source_id=decision.pk,
        note=decision.get_purpose_display(),
        **subject,
    )


@transaction.atomic
def decline_to_share(
    *, opened: OpenFile, declining: Declining, version: int, at: datetime, by: Viewer, instead_of: UUID | None = None
) -> SharingDecision:
    """Write down that something is not shared with somebody, why, and when that is looked at again; a clock says so.

    On a file for named people too. A running share that it takes the place of (`instead_of`) ends. Raises ShareRefused
    as `share`, and where what keeps a child safe would be kept from social care or police for a reason that does not
    allow it; Stale.
    """
    found = _look_up(opened, declining.receiver, Content(declining.categories), at=at, by=by)
    mask = mask_of(declining.categories)
    rules.check_may_decline(declining.reason, mask=mask, sector=found.agency.sector)
    bump_version(child=opened.child, version=version)
    decision = keep_back(
        child=opened.child,
        agency=found.agency,
        membership=found.membership,
        mask=mask,
        why=Why(declining.reason, declining.words, declining.review_on),
        at=at,
        by=by,
    )
    if instead_of is not None:
        end_declined(child=opened.child, decision_id=instead_of, words="Not shared, looked at again", at=at, by=by)
        _end_earlier(opened, instead_of, made=decision, words="Not shared any more", at=at, by=by)
    return decision


@transaction.atomic
def keep_back(
    *, child: Child, agency: Agency, membership: Membership | None, mask: int, why: Why, at: datetime, by: Viewer
) -> SharingDecision:
    """Write down a decision not to share and start the clock of its review, for whoever has checked that it may be one.

    Raises ShareRefused without words and for a wrong day of the review.
    """
    rules.check_words(why.words, field="words", what="why it is not shared")
    rules.check_review_on(why.review_on, today=timezone.localdate(at))
    decision = SharingDecision.objects.create(
        child=child,
        kind=SharingKind.DECLINED,
        agency=agency,
        membership=membership,
        category_mask=mask,
        words=why.words.strip(),
        decline_reason=why.reason,
        decided_at=at,
        decided_as_id=by.acting_membership_id,
        review_on=why.review_on,
    )
    start_clock(
        kind=ClockKind.SHARING_REVIEWED,
        subject_id=decision.pk,
        child_id=child.pk,
        anchored_at=at,
        due_on=why.review_on,
        owner_membership_id=by.acting_membership_id,
        owner_group_id=by.agency_group_id,
        at=at,
        by=by,
    )
    return decision


@transaction.atomic
def end_declined(*, child: Child, decision_id: UUID, words: str, at: datetime, by: Viewer) -> None:
    """End an earlier decision not to share because it was decided again; one that has ended stays as it is."""
    rows = SharingDecision.objects.select_for_update().filter(child=child, kind=SharingKind.DECLINED, ended_at=None)
    earlier = rows.filter(pk=decision_id).first()
    if earlier is not None:
        _end(earlier, SharingEnd.DECIDED_AGAIN, words=words, at=at, by=by)
        stop_clock(kind=ClockKind.SHARING_REVIEWED, subject_id=earlier.pk, done_at=at, at=at, by=by)


def _end_earlier(
    opened: OpenFile, decision_id: UUID, *, made: SharingDecision, words: str, at: datetime, by: Viewer
) -> None:
    """End a running share because it was decided again: `made`, to share or not to. Any other stays as it is.

    Raises ShareRefused where `made` is about other people, leaves out what keeps a child safe that social care or
    police would lose, or keeps it from them for a reason that does not allow it: they do not need it, which they asked
    for, is none.
    """
    rows = SharingDecision.objects.select_for_update(of=("self",)).select_related("agency", "child")
    earlier = rows.filter(child=opened.child, pk=decision_id).first()
    if earlier is None or not runs(earlier, at):
        return
    lost = lost_by_ending(earlier, by=by, matrix=opened.matrix, at=at)
    same = made.agency_id == earlier.agency_id and made.membership_id in (None, earlier.membership_id)
    rules.check_in_place_of(lost=lost, left_out=left_out(earlier, made), same=same)
    if made.kind == SharingKind.DECLINED:
        asked = was_asked_for(earlier, lost)
        rules.check_may_decline(made.decline_reason, mask=lost, sector=earlier.agency.sector, asked=asked)
    _end_share(earlier, SharingEnd.DECIDED_AGAIN, words=words, at=at, by=by)


def _end_share(decision: SharingDecision, kind: SharingEnd, *, words: str, at: datetime, by: Viewer) -> None:
    _end(decision, kind, words=words, at=at, by=by)
    acknowledge_subject(kind=AlertKind.SHARE_RECEIVED, subject_id=decision.pk, at=at, by=by)
    end_grants_from(source_id=decision.pk, at=at, by=by, why=SharingEnd(kind).label)


def _end(decision: SharingDecision, kind: SharingEnd, *, words: str, at: datetime, by: Viewer) -> None:
    decision.ended_at, decision.ended_by_id, decision.end_kind, decision.end_words = at, by.person_id, kind, words
    decision.save(update_fields=["ended_at", "ended_by", "end_kind", "end_words"])


@transaction.atomic
def end_decision(
    *, child: Child, decision_id: UUID, kind: SharingEnd, words: str, at: datetime, by: Viewer
) -> SharingDecision:
    """End a share before its day, or a decision not to share that matters no more. Access ends at the next request.

    What was shared in error becomes a breach: its 72 hours run, the data guardians are told, and so is the receiver.
    That may come out when the share has ended already; its end stays as it was. Raises NotKnown for a decision that is
    not there, ShareRefused without words, where it has ended, or was found to be an error, already, and where social
    care or police would lose what keeps a child safe, but for an error.
    """
    lock_files([child.pk])
    rows = SharingDecision.objects.select_for_update(of=("self",)).exclude(kind=SharingKind.INVOLVED)
    decision = rows.select_related("agency", "child").filter(child=child, pk=decision_id).first()
    if decision is None:
        raise NotKnown("no_decision", child_id=child.pk)
    shared = decision.kind == SharingKind.SHARED
    rules.check_may_end(kind, shared=shared)
    rules.check_words(words, field="words", what="what happened" if shared else "why it matters no more")
    breach = SharingBreach.objects.select_related("found_by").filter(decision=decision).first()
    if breach is not None:
        raise ShareRefused(f"{breach.found_by} has withdrawn this already. Look at the page again.")
    if decision.ended_at is not None:
        if kind != SharingEnd.IN_ERROR:
            raise ShareRefused(f"{decision.ended_by} has ended this already. Look at the page again.")
        open_breach(decision, words.strip(), at=at, by=by)
        return decision
    if not shared:
        _end(decision, kind, words=words.strip(), at=at, by=by)
        cancel_clock(kind=ClockKind.SHARING_REVIEWED, subject_id=decision.pk, why="It matters no more", at=at, by=by)
        return decision
    matrix = matrix_in_force(on=timezone.localdate(at))
    rules.check_takes_no_safety(kind, lost=lost_by_ending(decision, by=by, matrix=matrix, at=at))
    _end_share(decision, kind, words=words.strip(), at=at, by=by)
    if kind == SharingEnd.IN_ERROR:
        open_breach(decision, words.strip(), at=at, by=by)
    return decision


def open_breach(decision: SharingDecision, words: str, *, at: datetime, by: Viewer) -> None:
    """Start the 72 hours of what was shared in error, and tell the data guardians and the receiver; for the services
    that have ended the access.
    """
    breach = SharingBreach.objects.create(decision=decision, found_at=at, found_by_id=by.person_id, words=words)
    start_clock(
        kind=ClockKind.BREACH_ASSESSED,
        subject_id=breach.pk,
        child_id=decision.child_id,
        anchored_at=at,
        at=at,
        by=by,
    )
    about = {"subject_id": breach.pk, "child_id": decision.child_id, "at": at}
    raise_alert(kind=AlertKind.SHARED_IN_ERROR, to=FunctionKey.DATA_GUARDIANS, **about)  # type: ignore[arg-type]
    for membership_id in selectors.whom_to_tell_of_error(decision, at=at):
        raise_alert(kind=AlertKind.SHARE_WITHDRAWN, to=membership_id, **about)  # type: ignore[arg-type]


@transaction.atomic
def assess_breach(
    *, child: Child, decision_id: UUID, outcome: BreachOutcome, why: str, done: str, at: datetime, by: Viewer
) -> SharingBreach:
    """Say whether what was shared in error must be reported, why, and what was done; its clock stops.

    Raises NotKnown where nothing was shared in error, ShareRefused without words and where it is assessed already.
    """
    rows = SharingBreach.objects.select_for_update(of=("self",)).filter(decision_id=decision_id, decision__child=child)
    breach = rows.first()
    if breach is None:
        raise NotKnown("no_breach", child_id=child.pk)
    rules.check_words(why, field="why", what="why")
    rules.check_words(done, field="done", what="what was done")
    if breach.assessed_at is not None:
        raise ShareRefused(f"{breach.assessed_by} has assessed this already.")
    breach.outcome, breach.why, breach.done = outcome, why.strip(), done.strip()
    breach.assessed_at, breach.assessed_by_id = at, by.person_id
    breach.save(update_fields=["outcome", "why", "done", "assessed_at", "assessed_by"])
    stop_clock(kind=ClockKind.BREACH_ASSESSED, subject_id=breach.pk, done_at=at, at=at, by=by)
    acknowledge_subject(kind=AlertKind.SHARED_IN_ERROR, subject_id=breach.pk, at=at, by=by)
    return breach


@transaction.atomic
def acknowledge_share(*, decision_id: UUID, at: datetime, by: Viewer) -> SharingDecision:
    """The receiver says that they have read what they may do with what is shared. The first who says so counts.

    Raises NotKnown for a share that does not reach this person now.
    """
    SharingDecision.objects.select_for_update().filter(pk=decision_id).values_list("pk", flat=True).first()
    decision = selectors.share_received(by, decision_id, at=at)
    if decision is None:
        raise NotKnown("no_share")
    if decision.acknowledged_at is None:
        decision.acknowledged_at, decision.acknowledged_by_id = at, by.person_id
        decision.save(update_fields=["acknowledged_at", "acknowledged_by"])
        acknowledge_subject(kind=AlertKind.SHARE_RECEIVED, subject_id=decision.pk, at=at, by=by)
    return decision
