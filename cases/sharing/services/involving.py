"""Bringing an agency in to work with a child who has said who may know, and ending what was brought in by mistake."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Agency, Membership
from accounts.rules.refusals import NotKnown
from accounts.rules.viewers import Viewer
from cases.access.rules import Matrix
from cases.access.services import lock_files
from cases.record.choices import InvolvementRole
from cases.record.models import Involvement
from cases.record.selectors.hidden import is_restricted
from cases.record.services import OpenFile, bump_version, end_involvement, involve
from cases.sharing.choices import Answer, SharingEnd, SharingKind
from cases.sharing.models.shares import SharingDecision
from cases.sharing.rules import shares as rules
from cases.sharing.rules.shares import Override, ShareRefused, Told
from cases.sharing.selectors.involving import (
    end_of_access,
    found_mistaken,
    goes_against_wish,
    what_they_would_know,
    works_otherwise,
)
from cases.sharing.selectors.wishes import goes_on_against_wish
from cases.sharing.services.shares import open_breach


@dataclass(frozen=True)
class Bringing:
    """Whom somebody wants to bring in, and what for. `child` is what the child says to it, asked against a wish."""

    agency: Agency
    role: InvolvementRole
    membership: Membership | None = None
    child: Told | None = None
    override: Override = field(default_factory=Override)


@transaction.atomic
def bring_in(*, opened: OpenFile, bringing: Bringing, at: datetime, by: Viewer) -> Involvement:
    """Bring an agency in, with a named worker where there is one; against what the child said with a ground, who
    authorised it and how it was explained, which stands under sharing.

    Raises as `involve`, and ShareRefused where the child has said that they do not want it and one of the three is
    missing.
    """
    child, agency = opened.child, bringing.agency
    lock_files([child.pk])
    against = goes_against_wish(child, agency, matrix=opened.matrix, at=at)
    if against:
        _check_wish(bringing)
    involvement = involve(child=child, agency=agency, membership=bringing.membership, role=bringing.role, at=at, by=by)
    if against:
        record_against_wish(
            involvement=involvement,
            child_says=bringing.child,
            override=bringing.override,
            matrix=opened.matrix,
            at=at,
            by=by,
        )
    return involvement


def record_against_wish(
    *,
    involvement: Involvement,
    override: Override,
    matrix: Matrix,
    at: datetime,
    by: Viewer,
    child_says: Told | None = None,
    words: str = "",
) -> SharingDecision:
    """Write under sharing that work began against what the child said: as what, or in other `words`, and why; it stands
    until the work ends.

    `child_says` is what they were told of this one agency and said; None where nobody has asked them of it. For the
    services that bring an agency in, which check what it takes.
    """
    child, agency = involvement.child, involvement.working_agency
    return SharingDecision.objects.create(
        child=child,
        kind=SharingKind.INVOLVED,
        agency=agency,
        membership=involvement.membership if is_restricted(child) else None,
        involvement=involvement,
        category_mask=what_they_would_know(child, agency, matrix=matrix, at=at),
        words=words or InvolvementRole(involvement.role).label,
        child_answer="" if child_says is None else child_says.answer,
        child_not_told="" if child_says is None else child_says.not_told,
        override_ground=override.ground,
        authorised_by=override.authorised_by.strip(),
        explained=override.explained.strip(),
        decided_at=at,
        decided_as_id=by.acting_membership_id,
    )


@transaction.atomic
def explain_work(
    *, opened: OpenFile, involvement_id: UUID, override: Override, version: int, at: datetime, by: Viewer
) -> SharingDecision:
    """Write down why an agency goes on working with a child who has said since that it must not be told, and how that
    was explained to the child; it stands under sharing until the work ends.

    Raises NotKnown for work that is not there or has ended, ShareRefused where the child says nothing that it goes
    against, and where the ground, who authorised it or how it was explained is missing; Stale.
    """
    bump_version(child=opened.child, version=version)
    rows = Involvement.objects.select_related("working_agency")
    work = rows.filter(child=opened.child, pk=involvement_id, ended_on=None).first()
    if work is None:
        raise NotKnown("no_involvement", child_id=opened.child.pk)
    if not goes_on_against_wish(work):
        raise ShareRefused("The child has said nothing that their work goes against. Look at the page again.")
    rules.check_override(override, against_child=True, against_carers=False)
    words = f"{InvolvementRole(work.role).label}: their work goes on"
    return record_against_wish(involvement=work, override=override, matrix=opened.matrix, at=at, by=by, words=words)


def _check_wish(bringing: Bringing) -> None:
    """The wish stands, unless the child says otherwise of this one agency."""
    if bringing.child is None:
        raise ShareRefused("The child has just said that they do not want this. Read what they say, and try again.")
    rules.check_why_not_told(bringing.child, field="child_not_told")
    agrees = bringing.child.answer == Answer.AGREES
    rules.check_override(bringing.override, against_child=not agrees, against_carers=False)


@transaction.atomic
def end_as_error(
    *, opened: OpenFile, involvement_id: UUID, words: str, version: int, at: datetime, by: Viewer
) -> SharingDecision:
    """End the work of an agency, or of one worker, that was brought in by mistake, and the access that came with it.

    To bring an agency in is to share the whole file with it, so this is a share in error: its 72 hours run, the data
    guardians are told, and so are those who were brought in. Raises as `end_involvement`, and ShareRefused without
    words, and where nobody is named and the agency works with the child otherwise too: then this opened nothing.
    """
    rules.check_words(words, field="note", what="what went wrong")
    work = end_involvement(
        child=opened.child, involvement_id=involvement_id, note=words.strip(), version=version, at=at, by=by
    )
    end = {"ended_at": at, "ended_by_id": by.person_id, "end_kind": SharingEnd.IN_ERROR, "end_words": words.strip()}
    decision = _ended_decision(work, end, opened=opened, by=by)
    open_breach(decision, decision.end_words, at=at, by=by)
    return decision


@transaction.atomic
def find_error(
    *, opened: OpenFile, involvement_id: UUID, words: str, version: int, at: datetime, by: Viewer
) -> SharingDecision:
    """Say of work that has ended that the agency, or the worker, was brought in by mistake, as `end_as_error` does of
    work that goes on; how and when it ended stays as it was.

    Raises as `end_as_error`, and ShareRefused for work that goes on and where it was found to be a mistake already.
    """
    rules.check_words(words, field="note", what="what went wrong")
    bump_version(child=opened.child, version=version)
    work = Involvement.objects.select_for_update().filter(child=opened.child, pk=involvement_id).first()
    ended = end_of_access(work) if work else None
    if work is None or ended is None:
        raise ShareRefused("This work goes on. Look at the page again.")
    if work.pk in found_mistaken(opened.child.pk):
        raise ShareRefused("A colleague has found this to be a mistake already. Look at the page again.")
    end = {"ended_at": ended.at, "ended_by_id": ended.by_id or by.person_id, "end_kind": SharingEnd.NOT_NEEDED}
    decision = _ended_decision(work, {**end, "end_words": work.end_note}, opened=opened, by=by)
    open_breach(decision, words.strip(), at=at, by=by)
    return decision


def _ended_decision(work: Involvement, end: dict[str, Any], *, opened: OpenFile, by: Viewer) -> SharingDecision:
    """The decision by which some work began, with its end; written now where nobody had to write one when it began.

    Where the agency `stays` for other work the worker alone was let in: what was written of the whole agency when they
    came is left as it is, and ends with the work, and of the mistake another is written.
    """
    stays = works_otherwise(work, at=end["ended_at"])
    if stays and work.membership is None:
        raise ShareRefused(
            f"{work.working_agency} works with this child otherwise too, so this opened nothing to it. If all of it "
            "was a mistake, begin with its named workers."
        )
    # Not what was written down since, of why their work goes on: they were let in when it began.
    began = SharingDecision.objects.filter(involvement=work, decided_at__lte=work.recorded_at)
    decision = began.select_for_update(of=("self",)).first()
    if decision is None or (stays and decision.membership_id is None):
        return _written_late(work, end, stays=stays, opened=opened, by=by)
    for name, value in end.items():
        setattr(decision, name, value)
    decision.save(update_fields=["ended_at", "ended_by", "end_kind", "end_words"])
    return decision


def _written_late(
    work: Involvement, end: dict[str, Any], *, stays: bool, opened: OpenFile, by: Viewer
) -> SharingDecision:
    """Write down, with its end, that they came, when, and who let them in. Where the agency `stays` for other work, or
    the file is for named people, the worker alone was let in.
    """
    child, agency = opened.child, work.working_agency
    return SharingDecision.objects.create(
        child=child,
        kind=SharingKind.INVOLVED,
        agency=agency,
        membership=work.membership if stays or is_restricted(child) else None,
        involvement=work,
        category_mask=what_they_would_know(child, agency, matrix=opened.matrix, at=opened.at),
        words=InvolvementRole(work.role).label,
        decided_at=work.recorded_at,
        decided_as_id=work.author_membership_id or by.acting_membership_id,
        **end,
    )
