"""What the child says about who may know."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accounts.rules.viewers import Viewer
from cases.access.rules import mask_of
from cases.clocks.choices import AlertKind
from cases.clocks.services import acknowledge_subject, raise_alert
from cases.record.services import OpenFile, bump_version
from cases.sharing.choices import Understands, WishKind
from cases.sharing.models.shares import SharingWish
from cases.sharing.rules import shares as rules
from cases.sharing.rules.shares import ShareRefused
from cases.sharing.selectors.shares import wish_of
from cases.sharing.selectors.wishes import against_wish, whom_to_tell_of_wish


@transaction.atomic
def record_wish(
    *,
    opened: OpenFile,
    kind: WishKind,
    categories: Iterable[str],
    sectors: Iterable[str],
    words: str,
    understands: Understands,
    said_on: date,
    version: int,
    at: datetime,
    by: Viewer,
) -> SharingWish:
    """Write down what the child says about who may know; what was said before stays, and holds no more.

    Where something that runs goes against it, whoever leads is told, else the notification point. Raises ShareRefused
    without words, for limits without any, and for a day that has not come; Stale.
    """
    rules.check_words(words, field="words", what="what the child said")
    if said_on > timezone.localdate(at):
        raise ShareRefused("The day on which the child said it must be today or before", field="said_on")
    limits = kind == WishKind.LIMITS
    kept, kept_from = (mask_of(categories), sorted(set(sectors))) if limits else (0, [])
    if limits and not kept and not kept_from:
        raise ShareRefused(rules.NO_LIMITS, field="kept")
    bump_version(child=opened.child, version=version)
    earlier = wish_of(opened.child.pk)
    wish = SharingWish.objects.create(
        child=opened.child,
        kind=kind,
        kept_mask=kept,
        kept_from=kept_from,
        words=words.strip(),
        understands=understands,
        said_on=said_on,
        recorded_at=at,
        recorded_as_id=by.acting_membership_id,
    )
    if earlier is not None:
        acknowledge_subject(kind=AlertKind.WISH_AGAINST, subject_id=earlier.pk, at=at, by=by)
    _tell(wish, at=at, by=by)
    return wish


def _tell(wish: SharingWish, *, at: datetime, by: Viewer) -> None:
    whom = whom_to_tell_of_wish(wish.child_id, by=by, at=at) if against_wish(wish, at=at) else None
    if whom is not None:
        raise_alert(kind=AlertKind.WISH_AGAINST, to=whom, subject_id=wish.pk, child_id=wish.child_id, at=at)
