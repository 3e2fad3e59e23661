"""A practitioner's own children, for the home page."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet

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


def reviews_due(files: QuerySet[Child], *, until: date, limit: int) -> list[Child]:
    """Those of these files whose level is to be reviewed by a day, the earliest first."""
    return list(files.filter(review_due_on__lte=until).order_by("review_due_on", "pk")[:limit])


def changes_on(
    file_ids: Iterable[UUID], *, viewer: Viewer, matrix: Matrix, at: datetime, since: datetime, limit: int
) -> list[ChronologyEntry]:
    """What others wrote on these files since an instant, as far as the viewer may read it, newest first."""
    rows = readable_entries(viewer, matrix=matrix, at=at).filter(child_id__in=list(file_ids), recorded_at__gte=since)
    rows = rows.exclude(author_id=viewer.user_id).select_related("child", "agency")
    return list(rows.order_by("-recorded_at", "-pk")[:limit])
