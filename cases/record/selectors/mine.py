"""A practitioner's own children, for the home page."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.access.rules import Matrix
from cases.record.models import Child, ChronologyEntry, Involvement
from cases.record.selectors.facts import readable_entries
from cases.record.selectors.lists import with_lead


def my_files(viewer: Viewer, *, at: datetime) -> QuerySet[Child]:
    """The files a person works on: those they are named on; for a manager, those the agency works on."""
    open_rows = Involvement.objects.filter(ended_on=None)
    if viewer.may(Capability.APPROVE_LEVEL):
        mine = open_rows.filter(working_agency_id=viewer.agency_id)
    else:
        mine = open_rows.filter(membership_id=viewer.acting_membership_id)
    return with_lead(Child.objects.visible_to(viewer, at=at).filter(merged_into=None, pk__in=mine.values("child_id")))


def new_to(viewer: Viewer, files: Iterable[Child], *, since: date) -> list[Child]:
    """Those of these files whose work this person took up on a day or later."""
    by_id = {child.pk: child for child in files}
    mine = Involvement.objects.filter(
        ended_on=None, membership_id=viewer.acting_membership_id, started_on__gte=since, child_id__in=list(by_id)
    )
    return [by_id[pk] for pk in set(mine.values_list("child_id", flat=True))]


def changes_on(
    file_ids: Iterable[UUID], *, viewer: Viewer, matrix: Matrix, at: datetime, since: datetime, limit: int
) -> list[ChronologyEntry]:
    """What others wrote on these files since an instant, as far as the viewer may read it, newest first."""
    rows = readable_entries(viewer, matrix=matrix, at=at).filter(child_id__in=list(file_ids), recorded_at__gte=since)
    rows = rows.exclude(author_id=viewer.user_id).select_related("child", "agency")
    return list(rows.order_by("-recorded_at", "-pk")[:limit])


def count_involvements(membership_id: UUID, at: datetime) -> int:
    """With how many children somebody works under one membership."""
    today = timezone.localdate(at)
    running = Involvement.objects.filter(Q(ended_on=None) | Q(ended_on__gt=today), membership_id=membership_id)
    return running.values("child_id").distinct().count()
