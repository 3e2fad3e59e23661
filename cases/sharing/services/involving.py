"""Bringing an agency in to work with a child who has said who may know."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from accounts.models import Agency, Membership
from accounts.rules.viewers import Viewer
from cases.access.rules import Matrix
from cases.access.services import lock_files
from cases.record.choices import InvolvementRole
from cases.record.models import Involvement
from cases.record.selectors.hidden import is_restricted
from cases.record.services import OpenFile, involve
from cases.sharing.choices import Answer, SharingKind
from cases.sharing.models.shares import SharingDecision
from cases.sharing.rules import shares as rules
from cases.sharing.rules.shares import Override, ShareRefused, Told
from cases.sharing.selectors.involving import goes_against_wish, what_they_would_know


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
) -> SharingDecision:
    """Write under sharing that work began against what the child said: as what, and why; it stands until the work ends.

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
        words=InvolvementRole(involvement.role).label,
        child_answer="" if child_says is None else child_says.answer,
        child_not_told="" if child_says is None else child_says.not_told,
        override_ground=override.ground,
        authorised_by=override.authorised_by.strip(),
        explained=override.explained.strip(),
        decided_at=at,
        decided_as_id=by.acting_membership_id,
    )


def _check_wish(bringing: Bringing) -> None:
    """The wish stands, unless the child says otherwise of this one agency."""
    if bringing.child is None:
        raise ShareRefused("The child has just said that they do not want this. Read what they say, and try again.")
    rules.check_why_not_told(bringing.child, field="child_not_told")
    agrees = bringing.child.answer == Answer.AGREES
    rules.check_override(bringing.override, against_child=not agrees, against_carers=False)
