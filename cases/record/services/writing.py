"""What every write to a file does: say whose an entry is, take the next version, write the timeline."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.rules.refusals import Stale
from accounts.rules.viewers import Viewer
from cases.access import services as access
from cases.access.choices import Category
from cases.record import rules
from cases.record.choices import EntryKind, HarmStatus, RiskLevel, Source
from cases.record.models import Child, ChronologyEntry


def provenance(
    by: Viewer, category: str, *, source: str = Source.PROFESSIONAL, agency_id: UUID | None = None
) -> dict[str, Any]:
    """What an entry stores of its author: person, membership, originating agency, category and source."""
    return {
        "author_id": by.user_id,
        "author_membership_id": by.membership_id,
        "agency_id": agency_id or by.agency_id,
        "category": category,
        "source": source,
    }


def bump_version(*, child: Child, version: int) -> None:
    """Take the next version of a file for an edit. Raises Stale where somebody saved first."""
    changed = Child.objects.filter(pk=child.pk, version=version).update(version=version + 1)
    if not changed:
        raise Stale("Somebody changed this file while you had the page open. Look at it again, then make your change.")


@transaction.atomic
def add_chronology(
    *,
    child: Child,
    kind: EntryKind,
    category: Category,
    happened_at: datetime,
    summary: str,
    detail: str = "",
    source: Source = Source.PROFESSIONAL,
    third_party: bool = False,
    agency_id: UUID | None = None,
    at: datetime,
    by: Viewer,
) -> ChronologyEntry:
    """Write one thing that happened on the child's timeline.

    `summary` is a sentence written to be shared within the category's summary; `detail` is for those who see
    the category in full. `agency_id` is the agency the information comes from, the author's by default. Raises
    RecordRefused for a time that has not come yet.
    """
    if happened_at > at:
        raise rules.RecordRefused("The time this happened cannot be in the future.")
    entry = ChronologyEntry.objects.create(
        child=child,
        kind=kind,
        happened_at=happened_at,
        summary=summary,
        detail=detail,
        third_party=third_party,
        recorded_at=at,
        **provenance(by, category, source=source, agency_id=agency_id),
    )
    access.record_activity(child_id=child.pk, category=category, at=at)
    return entry


@transaction.atomic
def record_level(
    *,
    child: Child,
    level: RiskLevel,
    harm_status: HarmStatus,
    review_due_on: date | None,
    at: datetime,
    provisional: bool = False,
) -> None:
    """Carry the level and harm status that people have judged onto the front of the file.

    A provisional level is a referrer's score that nobody has judged yet: it has no `level_judged_at`.
    """
    Child.objects.filter(pk=child.pk).update(
        level=level,
        harm_status=harm_status,
        level_judged_at=None if provisional else at,
        review_due_on=review_due_on,
    )
    access.record_activity(child_id=child.pk, category=Category.LEVEL, at=at)


@transaction.atomic
def record_restricted(*, child: Child, restricted: bool) -> None:
    """Carry onto the file that it is open to named people only, or is not any more. Who is named, grants say."""
    Child.objects.filter(pk=child.pk).update(restricted=restricted)
    child.restricted = restricted


@transaction.atomic
def record_missing(*, child: Child, since: datetime | None, at: datetime) -> None:
    """Carry onto the front of the file since when the child is missing, or with None that the child is back."""
    Child.objects.filter(pk=child.pk).update(missing_since=since)
    child.missing_since = since
    access.record_activity(child_id=child.pk, category=Category.MISSING, at=at)
