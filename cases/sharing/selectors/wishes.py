"""What runs on a file against what the child says now, and who is told when they say it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from accounts.choices import FunctionKey
from accounts.models import Agency, Membership
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from cases.access.choices import Category
from cases.access.rules import Level, category_levels, mask_of
from cases.access.selectors import facts_of, matrix_in_force
from cases.record.models import Child, ChronologyEntry, Involvement
from cases.sharing.choices import SharingKind
from cases.sharing.models.shares import SharingDecision, SharingWish
from cases.sharing.rules import shares as rules
from cases.sharing.selectors.emergency import lead_to_tell
from cases.sharing.selectors.shares import read_wish, shares_running, wish_that_holds


@dataclass(frozen=True)
class Against:
    """A running share, or an agency that works with the child, against what the child says now.

    `safety` is whether it stays all the same, because it brings social care or police what keeps a child safe;
    `explained` whether it is written down on what ground, and how that was explained to the child. `work` is the work
    of the agency that began last.
    """

    agency: Agency
    share: SharingDecision | None
    safety: bool
    explained: bool
    work: UUID | None = None


def against_wish(said: SharingWish | None, *, at: datetime) -> list[Against]:
    """What runs on a file against this wish of the child: shares, the latest first, then agencies that work with the
    child and whose sector the wish names, by name.
    """
    if said is None:
        return []
    return [*shares_against(said, at=at), *_workers_against(said)]


def shares_against(said: SharingWish, *, at: datetime) -> list[Against]:
    """The shares that run on a file against this wish of the child, the latest first."""
    wish, shares, found = read_wish(said), shares_running(said.child_id, at=at), []
    of_entries = _categories_of(said.child_id, shares)
    for share in shares:
        sector = share.agency.sector
        mask = share.category_mask | mask_of(of_entries[pk] for pk in share.entry_ids if pk in of_entries)
        since = (said.said_on, said.recorded_at) > (timezone.localdate(share.decided_at), share.decided_at)
        if rules.runs_against_child(share.child_answer, wish, said_since=since, mask=mask, sector=sector):
            found.append(Against(share.agency, share, rules.is_safety(mask, sector), bool(share.explained)))
    return found


def _categories_of(child_id: UUID, shares: Iterable[SharingDecision]) -> dict[UUID, str]:
    """The kind of each single entry of a file that is shared."""
    ids = {pk for share in shares for pk in share.entry_ids}
    return dict(ChronologyEntry.objects.filter(child_id=child_id, pk__in=ids).values_list("pk", "category"))


def _workers_against(said: SharingWish) -> list[Against]:
    wish = read_wish(said)
    rows = Involvement.objects.filter(child_id=said.child_id, ended_on=None).select_related("working_agency")
    named = [row for row in rows.order_by("recorded_at", "pk") if rules.names_workers(wish, row.working_agency.sector)]
    agencies = {row.working_agency: row.pk for row in named}
    brought = SharingDecision.objects.filter(
        kind=SharingKind.INVOLVED,
        child_id=said.child_id,
        agency__in=agencies,
        ended_at=None,
        involvement__ended_on=None,
    )
    explained = set(brought.exclude(explained="").values_list("agency_id", flat=True))
    return [
        Against(agency, None, agency.sector in rules.SAFETY_SECTORS, agency.pk in explained, agencies[agency])
        for agency in sorted(agencies, key=lambda agency: (agency.name, str(agency.pk)))
    ]


def goes_on_against_wish(work: Involvement) -> bool:
    """Whether the child says that agencies like the one that does some work must not be told."""
    wish = wish_that_holds(work.child_id)
    return wish is not None and rules.names_workers(wish, work.working_agency.sector)


def whom_to_tell_of_wish(child_id: UUID, *, by: Viewer, at: datetime) -> UUID | FunctionKey | None:
    """Who looks again at what runs against a wish: whoever leads, where the file is open to them and they see sharing
    in full, else the notification point. Nobody where `by`, who wrote the wish down, is one of them.
    """
    lead = lead_to_tell(child_id, at=at)
    if lead is not None and _sees_sharing(lead, child_id, at):
        return None if lead.user_id == by.person_id else lead.pk
    return None if FunctionKey.NOTIFICATION_POINT in by.functions else FunctionKey.NOTIFICATION_POINT


def _sees_sharing(member: Membership, child_id: UUID, at: datetime) -> bool:
    viewer, matrix = viewer_of(member), matrix_in_force(on=timezone.localdate(at))
    child = Child.objects.visible_to(viewer, at=at).get(pk=child_id)
    return category_levels(viewer, facts_of(child), matrix)[Category.SHARING] == Level.FULL


def wish_addresses(ids: list[UUID]) -> dict[UUID, str]:
    """Where what runs against each wish is looked at: on the page about sharing."""
    rows = SharingWish.objects.filter(pk__in=ids).values_list("pk", "child__reference")
    return {pk: reverse("cases:sharing", args=[reference]) for pk, reference in rows}
