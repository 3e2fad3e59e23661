"""Saying that one has destroyed what one was given in error."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.rules.refusals import NotKnown
from accounts.rules.viewers import Viewer
from cases.clocks.choices import AlertKind
from cases.clocks.services import acknowledge_subject
from cases.sharing.models.shares import CopiesDestroyed
from cases.sharing.selectors.withdrawn import share_withdrawn


@transaction.atomic
def confirm_destroyed(*, breach_id: UUID, at: datetime, by: Viewer) -> CopiesDestroyed:
    """A receiver says that they have destroyed what they were given in error; their own alert is taken with it. What
    they said first counts. Raises NotKnown for whoever was not told to.
    """
    breach = share_withdrawn(by, breach_id, at=at)
    if breach is None or by.membership_id is None:
        raise NotKnown("no_breach")
    said, _ = CopiesDestroyed.objects.get_or_create(
        breach=breach, membership_id=by.membership_id, defaults={"confirmed_at": at}
    )
    acknowledge_subject(kind=AlertKind.SHARE_WITHDRAWN, subject_id=breach.pk, at=at, by=by)
    return said
