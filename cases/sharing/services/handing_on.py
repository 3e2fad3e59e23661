"""What somebody owed about sharing on a file goes to who answers for it now."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.rules.viewers import Viewer
from cases.clocks.choices import ClockKind
from cases.clocks.services import give_clock
from cases.record.models import Child, Involvement
from cases.sharing.models.shares import SharingDecision
from cases.sharing.selectors import handing_on as selectors
from cases.sharing.services.requests import ask_another


@transaction.atomic
def hand_on_sharing(*, child: Child, work: Involvement, at: datetime, by: Viewer) -> None:
    """Give what was owed about sharing by whoever's work on the file has ended, or who leads no more, to who leads now.

    A request is answered, and a decision not to share is reviewed, by somebody who can open it. The alerts about a
    clock are its owner's: the sweep tells the new one what the old one was told.
    """
    for clock in selectors.clocks_left(work, at=at):
        if clock.kind == ClockKind.ACCESS_ANSWERED:
            ask_another(request_id=clock.subject_id, at=at, by=by)
            continue
        rows = SharingDecision.objects.select_for_update(of=("self",)).filter(pk=clock.subject_id, ended_at=None)
        if rows.first() is None:
            continue
        owner, group = selectors.who_reviews(work, at=at)
        give_clock(
            kind=ClockKind.SHARING_REVIEWED,
            subject_id=clock.subject_id,
            owner_membership_id=owner,
            owner_group_id=group,
            at=at,
            by=by,
        )
