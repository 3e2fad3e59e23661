"""Bringing an agency in to work with a child who has said who may know."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from accounts.models import Agency, Membership
from accounts.rules.viewers import Viewer
from cases.access.services import lock_files
from cases.record.choices import InvolvementRole
from cases.record.models import Involvement
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
    if against and bringing.child is not None:
        SharingDecision.objects.create(
            child=child,
            kind=SharingKind.INVOLVED,
            agency=agency,
            membership=bringing.membership if child.restricted else None,
            involvement=involvement,
            category_mask=what_they_would_know(child, agency, matrix=opened.matrix, at=at),
            words=InvolvementRole(bringing.role).label,
            child_answer=bringing.child.answer,
            child_not_told=bringing.child.not_told,
            override_ground=bringing.override.ground,
            authorised_by=bringing.override.authorised_by.strip(),
            explained=bringing.override.explained.strip(),
            decided_at=at,
            decided_as_id=by.acting_membership_id,
        )
    return involvement


def _check_wish(bringing: Bringing) -> None:
    """The wish stands, unless the child says otherwise of this one agency."""
    if bringing.child is None:
        raise ShareRefused("The child has just said that they do not want this. Read what they say, and try again.")
    rules.check_why_not_told(bringing.child, field="child_not_told")
    agrees = bringing.child.answer == Answer.AGREES
    rules.check_override(bringing.override, against_child=not agrees, against_carers=False)
