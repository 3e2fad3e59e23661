"""Recording a conflict of interest, by the person or of somebody else; possible ones; and lifting one by two people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Protocol
from uuid import UUID

from django.db import transaction

from accounts.choices import FunctionKey
from accounts.models import Membership, User
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from cases.access.services import NoAgreement, end_block, lock_files, place_block
from cases.clocks.choices import AlertKind, ClockKind, ClockState
from cases.clocks.models import Clock
from cases.clocks.services import acknowledge_subject, give_clock, raise_alert
from cases.record.choices import InvolvementRole
from cases.record.models import Child, Involvement
from cases.record.rules.leading import role_in
from cases.record.selectors.hidden import is_restricted, known_ids, of_one_child
from cases.record.services import change_lead, end_involvement, involve
from cases.sharing.choices import ConflictGround, ConflictRelation, ConflictSource
from cases.sharing.models import Conflict, Declaration, PossibleConflict, StaffHome
from cases.sharing.rules import conflicts as rules
from cases.sharing.rules.conflicts import ConflictRefused, Placing
from cases.sharing.rules.wording import add_it_first
from cases.sharing.selectors import conflicts as selectors
from cases.sharing.selectors.emergency import lead_to_tell
from cases.sharing.selectors.involving import unwanted_among
from cases.sharing.services.guarding import keep_guarded
from cases.sharing.services.requests import ask_another

# Whoever is kept from the file reads these words, should it open to them again.
HANDED_OVER = "The work goes to another worker."


class KeptAway(Protocol):
    """What else follows when somebody is kept from a file: what they were named for there goes to others, or to the
    successor where one takes over. Raises ConflictRefused for a successor who may not have it.
    """

    def __call__(
        self, *, child: Child, user_id: int, successor: Membership | None, at: datetime, by: Viewer
    ) -> None: ...


# Filled by `register_kept_away`; each is called in the transaction that keeps somebody away.
_KEPT_AWAY: list[KeptAway] = []


def register_kept_away(follows: KeptAway) -> None:
    """Say in `ready()` of an upper app what follows when somebody is kept from a file."""
    if follows not in _KEPT_AWAY:
        _KEPT_AWAY.append(follows)


@dataclass(frozen=True)
class Said:
    """What is said of a conflict: how the person is linked to the child, and in words."""

    relation: ConflictRelation
    words: str


@transaction.atomic
def declare_on_file(*, child: Child, said: Said, at: datetime, by: Viewer) -> Conflict:
    """Keep the person who says so from the file, from the next request. The guardians, and who leads or else the
    notification point, are told. Raises ConflictRefused without words.
    """
    rules.check_words(said.words)
    return _record(
        child, user=User.objects.get(pk=by.person_id), said=said, source=ConflictSource.DECLARED, at=at, by=by
    )


def _record(
    child: Child,
    *,
    user: User,
    said: Said,
    source: ConflictSource,
    at: datetime,
    by: Viewer,
    successor: Membership | None = None,
) -> Conflict:
    """Write down one more reason why somebody is kept from a file; the block is there already, or comes with it."""
    _lock_reasons(child.pk)
    block = place_block(child_id=child.pk, user=user, reason=said.words[:300], by=by, at=at)
    conflict = Conflict.objects.create(
        child=child,
        user=user,
        block=block,
        source=source,
        relation=said.relation,
        words=said.words.strip(),
        placed_at=at,
        placed_by_id=by.person_id,
    )
    _tell_guardians(AlertKind.CONFLICT_RECORDED, conflict.pk, child.pk, but=(user.pk,), at=at)
    for follows in _KEPT_AWAY:
        follows(child=child, user_id=user.pk, successor=successor, at=at, by=by)
    # Where somebody places it, their work has a successor already; what they answer to a question has none.
    left = source == ConflictSource.SUGGESTED and bool(selectors.work_left(conflict))
    if source == ConflictSource.DECLARED or left:
        lead = lead_to_tell(child.pk, at=at)
        raise_alert(
            kind=AlertKind.CONFLICT_RECORDED,
            to=lead.pk if lead else FunctionKey.NOTIFICATION_POINT,
            subject_id=conflict.pk,
            child_id=child.pk,
            at=at,
        )
    # A conflict of interest on a file keeps them from the one that it was merged into as well.
    keep_guarded(at=at, child_ids=[pk for pk in (child.pk, child.merged_into_id) if pk is not None])
    find_possible_conflicts(at=at, user_id=user.pk, on=[ConflictGround.SAME_CHILD])
    return conflict


def _lock_reasons(child_id: UUID) -> None:
    """Let nobody else record or lift a conflict on any file of a child, nor give work there, until this is done: the
    last one lifted ends the block. Before anything that hangs on a file, so that nobody waits in a circle.
    """
    lock_files(of_one_child(child_id).values_list("pk", flat=True))


def _tell_guardians(kind: AlertKind, subject_id: UUID, child_id: UUID, *, but: Iterable[int], at: datetime) -> None:
    """Tell each data guardian in person, without those it is about or from."""
    for membership_id in selectors.guardians(at=at, but=but):
        raise_alert(kind=kind, to=membership_id, subject_id=subject_id, child_id=child_id, at=at)


@transaction.atomic
def declare_without_file(
    *, given_name: str, family_name: str, birth_date: date | None, said: Said, at: datetime, by: Viewer
) -> Declaration:
    """Write down that somebody knows a child. For each file that may be the child's the guardians are asked; whether
    there is one, the person is never told. Raises ConflictRefused without words.
    """
    rules.check_words(said.words)
    declaration = Declaration.objects.create(
        membership_id=by.acting_membership_id,
        given_name=given_name,
        family_name=family_name,
        birth_date=birth_date,
        relation=said.relation,
        words=said.words.strip(),
        declared_at=at,
    )
    files = selectors.files_declared(declaration, at=at)
    for child in files:
        possible, new = PossibleConflict.objects.get_or_create(
            child=child,
            user_id=by.person_id,
            ground=ConflictGround.DECLARED,
            defaults={"declaration": declaration, "found_at": at},
        )
        if new:
            _tell_guardians(AlertKind.CONFLICT_POSSIBLE, possible.pk, child.pk, but=(by.person_id,), at=at)
    return declaration


@transaction.atomic
def find_possible_conflicts(
    *,
    at: datetime,
    child_id: UUID | None = None,
    user_id: int | None = None,
    on: Iterable[ConflictGround] = tuple(ConflictGround),
) -> int:
    """Find who may have to be kept from which file, all at once or of one file, person or some grounds, and ask the
    guardians about what is new.

    Returns how many are new. What was answered is never asked again.
    """
    found = selectors.insert_possible_conflicts(at=at, child_id=child_id, user_id=user_id, on=on)
    for possible in found:
        _tell_guardians(AlertKind.CONFLICT_POSSIBLE, possible.pk, possible.child_id, but=(possible.user_id,), at=at)
    return len(found)


def find_once_open(*, child_id: UUID, at: datetime) -> None:
    """A file is being opened: once that stands, with what is written on it, ask who may have to be kept from it."""
    transaction.on_commit(partial(find_possible_conflicts, at=at, child_id=child_id), robust=True)


@transaction.atomic
def answer_possible(*, possible_id: UUID, keep_apart: bool, words: str, at: datetime, by: Viewer) -> PossibleConflict:
    """A guardian keeps the person from the file, or says why there is no conflict. Where the person does work for the
    child, who leads or else the notification point is told that nobody does it now. Raises NotKnown for whoever may not
    answer, ConflictRefused without words and where it is answered already.
    """
    for child_id in PossibleConflict.objects.filter(pk=possible_id).values_list("child_id", flat=True):
        _lock_reasons(child_id)
    PossibleConflict.objects.select_for_update().filter(pk=possible_id).first()
    possible = selectors.possible_one(by, possible_id, at=at)
    if possible is None or not by.may(Capability.AUDIT):
        raise NotKnown("no_possible_conflict")
    if possible.answered_at is not None:
        raise ConflictRefused(f"{possible.answered_by} has answered this already.")
    rules.check_words(words)
    if keep_apart:
        relation = possible.declaration.relation if possible.declaration else ConflictRelation.OTHER
        said = Said(ConflictRelation(relation), words)
        possible.conflict = _record(
            possible.child, user=possible.user, said=said, source=ConflictSource.SUGGESTED, at=at, by=by
        )
    possible.answered_at, possible.answered_by_id, possible.answer_words = at, by.person_id, words.strip()
    possible.save(update_fields=["answered_at", "answered_by", "answer_words", "conflict"])
    acknowledge_subject(kind=AlertKind.CONFLICT_POSSIBLE, subject_id=possible.pk, at=at, by=by)
    return possible


@transaction.atomic
def place_conflict(
    *, child: Child, member: Membership, said: Said, successor: Membership | None, at: datetime, by: Viewer
) -> Conflict:
    """Keep somebody else from a file, without a word to them. Their work on it goes to a successor in the same step.

    The successor is brought in where the person worked with the child and they do not yet, to do what their own job is,
    leads where the person led, and owes what the person owed. Raises ConflictRefused for somebody of another agency
    (but by a guardian), for oneself and without words; for a successor who cannot be given the work, who could not be
    named the lead where the person leads, who does not see the file and is not brought in, who is not named on a
    restricted file, or whose agency the child does not want told; and for nobody where there is work to take over.
    """
    guardian = by.may(Capability.AUDIT)
    rules.check_may_place(Placing(by.person_id, by.agency_id, member.user_id, member.agency_id, guardian=guardian))
    rules.check_words(said.words)
    # What work there is to hand over, and who may have it, is asked when nobody can change either.
    _lock_reasons(child.pk)
    held = selectors.memberships_of(member.user_id)
    work = selectors.work_to_take_over(child.pk, held)
    rules.check_handed_over(
        work=bool(work),
        name=str(member.user),
        successor=successor.user_id if successor else None,
        user_id=member.user_id,
    )
    heir = successor if work else None
    if heir is not None:
        rules.check_successor(may=heir in selectors.successors_for(child, at=at), restricted=is_restricted(child))
        may_lead = bool(selectors.may_lead(child, [heir]))
        rules.check_successor_leads(leads=any(one.leads for one in work), may=may_lead)
        _hand_over(child, held, heir, at=at, by=by)
    return _record(child, user=member.user, said=said, source=ConflictSource.PLACED, at=at, by=by, successor=heir)


def _hand_over(child: Child, held: Iterable[UUID], successor: Membership, *, at: datetime, by: Viewer) -> None:
    rows = list(
        Involvement.objects.filter(child=child, ended_on=None, membership_id__in=held)
        .select_related("membership")
        .order_by("-is_lead", "pk")
    )
    own = Involvement.objects.filter(child=child, ended_on=None, membership=successor).first()
    if rows and own is None:
        own = _bring_in(child, successor, _role(rows[0], successor), at=at, by=by)
    owed = Clock.objects.filter(child=child, state=ClockState.RUNNING, owner_membership_id__in=held).order_by("pk")
    reviews = owed.filter(kind=ClockKind.SHARING_REVIEWED)
    if rows or reviews.exists():
        knows = bool(known_ids(viewer_of(successor), [child.pk], at))
        rules.check_successor_knows(knows=knows, name=str(successor.user))
    _give(reviews, successor, at=at, by=by)
    for row in rows:
        child.refresh_from_db(fields=["version"])
        if row.is_lead and own is not None:
            change_lead(child=child, involvement_id=own.pk, reason=HANDED_OVER, version=child.version, at=at, by=by)
            child.refresh_from_db(fields=["version"])
        end_involvement(child=child, involvement_id=row.pk, note=HANDED_OVER, version=child.version, at=at, by=by)
    # A request is answered by whoever leads, and has gone with the lead and the work; what is left goes the same way.
    for clock in owed.filter(kind=ClockKind.ACCESS_ANSWERED):
        ask_another(request_id=clock.subject_id, at=at, by=by)


def _role(work: Involvement, successor: Membership) -> InvolvementRole:
    """What a successor does for the child: the same work where their job is the same, else what their own job is."""
    same = work.membership is not None and work.membership.role == successor.role
    return InvolvementRole(work.role) if same else role_in(successor.agency.sector)


def _bring_in(child: Child, successor: Membership, role: InvolvementRole, *, at: datetime, by: Viewer) -> Involvement:
    if unwanted_among(child, [successor.agency], at=at):
        raise ConflictRefused(add_it_first(successor.agency.name), field="successor")
    try:
        return involve(child=child, agency=successor.agency, role=role, membership=successor, at=at, by=by)
    except NoAgreement as refusal:
        raise ConflictRefused(refusal.reason, field="successor") from refusal


def _give(owed: Iterable[Clock], successor: Membership, *, at: datetime, by: Viewer) -> None:
    """Behind the successor stands their own agency from now: alerts go there once they cannot go to them."""
    for clock in owed:
        give_clock(
            kind=clock.kind,  # type: ignore[arg-type]
            subject_id=clock.subject_id,
            owner_membership_id=successor.pk,
            owner_group_id=successor.agency.group_id,
            at=at,
            by=by,
        )


def _locked(conflict_id: UUID, *, at: datetime, by: Viewer) -> Conflict:
    for child_id in Conflict.objects.filter(pk=conflict_id).values_list("child_id", flat=True):
        _lock_reasons(child_id)
    Conflict.objects.select_for_update().filter(pk=conflict_id).first()
    conflict = selectors.conflict_for(by, conflict_id, at=at)
    if conflict is None:
        raise NotKnown("no_conflict")
    if not selectors.looks_after(by, conflict):
        raise ConflictRefused("A data guardian lifts it, or whoever placed it.", code="not_theirs")
    if conflict.lifted_at is not None:
        raise ConflictRefused("It has been lifted already.")
    return conflict


@transaction.atomic
def ask_to_lift_conflict(*, conflict_id: UUID, reason: str, at: datetime, by: Viewer) -> Conflict:
    """A guardian, or who placed it, asks that a conflict is lifted: the first of two people.

    Raises NotKnown for whoever may not know of it; ConflictRefused without words, and where somebody has asked already.
    """
    conflict = _locked(conflict_id, at=at, by=by)
    rules.check_words(reason)
    if conflict.lift_asked_at is not None:
        raise ConflictRefused(f"{conflict.lift_asked_by} has asked already.")
    conflict.lift_asked_at, conflict.lift_asked_by_id, conflict.lift_reason = at, by.person_id, reason.strip()
    conflict.save(update_fields=["lift_asked_at", "lift_asked_by", "lift_reason"])
    _tell_guardians(
        AlertKind.CONFLICT_LIFT, conflict.pk, conflict.child_id, but=(conflict.user_id, by.person_id), at=at
    )
    return conflict


@transaction.atomic
def lift_conflict(*, conflict_id: UUID, at: datetime, by: Viewer) -> Conflict:
    """Lift a conflict that somebody else asked to lift: the second of two people. The person's grants count again once
    no other reason holds.

    Raises NotKnown for whoever may not know of it; ConflictRefused for who asked, and where nobody has.
    """
    conflict = _locked(conflict_id, at=at, by=by)
    rules.check_may_lift(
        asked_by=conflict.lift_asked_by_id,
        by=by.person_id,
        user_id=conflict.user_id,
        guardian=by.may(Capability.AUDIT),
        placed_by=conflict.placed_by_id,
    )
    conflict.lifted_at, conflict.lifted_by_id = at, by.person_id
    conflict.save(update_fields=["lifted_at", "lifted_by"])
    if not Conflict.objects.filter(block=conflict.block_id, lifted_at=None).exists():
        end_block(block_id=conflict.block_id, by=by, at=at)
    acknowledge_subject(kind=AlertKind.CONFLICT_LIFT, subject_id=conflict.pk, at=at, by=by)
    return conflict


@transaction.atomic
def keep_home_postcode(*, postcode: str, at: datetime, by: Viewer) -> None:
    """Keep the postcode of somebody's own home, or forget it where it is empty; only the search for possible conflicts
    reads it.
    """
    StaffHome.objects.update_or_create(user_id=by.person_id, defaults={"postcode": postcode, "given_at": at})
    find_possible_conflicts(at=at, user_id=by.person_id)
