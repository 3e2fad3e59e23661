"""Access as the services give it, written in fewer statements: grants at once, their projection at the end.

One grant through the service locks the file and projects it anew, which is right for a page and slow for
thousands. The rows are the same; a test gives the same access both ways and compares.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max, Q

from accounts.choices import FunctionKey
from cases.access.choices import Category, GrantReason
from cases.access.models import AccessGrant, ChildGroupGrant, ChildUserGrant
from cases.access.services import view_permission
from cases.record.models import Child, ChronologyEntry, Involvement
from cases.record.services import provenance
from config.demo.circle import Part
from config.demo.people import World
from config.demo.times import day_of

FUNCTIONS = (
    FunctionKey.NOTIFICATION_POINT,
    FunctionKey.PANEL_OFFICE,
    FunctionKey.DATA_GUARDIANS,
    FunctionKey.OUT_OF_HOURS,
)


def give_to_functions(*, child: Child, world: World, at: datetime, by: str) -> None:
    """Standing access for those who do a job for the whole partnership."""
    AccessGrant.objects.bulk_create(
        AccessGrant(
            child=child,
            group=world.functions[function].group,
            reason=GrantReason.FUNCTION,
            granted_by_id=world.viewers[by].user_id,
            granted_at=at,
            valid_from=at,
        )
        for function in FUNCTIONS
    )


def bring_in(*, child: Child, world: World, part: Part, lead: bool, at: datetime, by: str) -> Involvement:
    """Involve a named worker: the involvement, and the grants to the agency and to the worker that end with it."""
    member, viewer = world.members[part.username], world.viewers[by]
    row = Involvement.objects.create(
        child=child,
        working_agency=member.agency,
        membership=member,
        role=part.role,
        is_lead=lead,
        started_on=day_of(at),
        recorded_at=at,
        **provenance(viewer, Category.IDENTITY),
    )
    common: dict[str, Any] = {
        "child": child,
        "granted_by_id": viewer.user_id,
        "granted_at": at,
        "valid_from": at,
        "source_id": row.pk,
    }
    AccessGrant.objects.bulk_create(
        [
            AccessGrant(**common, group=member.agency.group, reason=GrantReason.INVOLVEMENT),
            AccessGrant(**common, membership=member, reason=GrantReason.ALLOCATION),
        ]
    )
    return row


def end_all(*, sources: Iterable[UUID], world: World, at: datetime, by: str, why: str) -> None:
    """End every open grant that came from the given involvements."""
    open_grants = AccessGrant.objects.filter(source_id__in=list(sources), ended_at=None)
    open_grants.update(ended_at=at, ended_by_id=world.viewers[by].user_id, end_reason=why)


def project_all(*, at: datetime) -> None:
    """Write the projection of every open grant, as it would stand if each had been given one by one."""
    open_grants = AccessGrant.objects.filter(
        Q(valid_until=None) | Q(valid_until__gt=at), Q(ended_at=None) | Q(ended_at__gt=at)
    ).select_related("membership")
    subjects: dict[tuple[str, int, UUID], list[AccessGrant]] = {}
    for grant in open_grants.order_by("child_id", "valid_from", "pk"):
        kind, subject = ("group", grant.group_id) if grant.group_id else ("user", grant.membership.user_id)  # type: ignore[union-attr]
        subjects.setdefault((kind, subject, grant.child_id), []).append(grant)
    latest = dict(
        ChronologyEntry.objects.values("child_id").annotate(at=Max("recorded_at")).values_list("child_id", "at")
    )
    permission = view_permission()
    projections: tuple[tuple[str, Any], ...] = (("group", ChildGroupGrant), ("user", ChildUserGrant))
    for kind, projection in projections:
        projection.objects.all().delete()
        projection.objects.bulk_create(
            projection(
                **{f"{kind}_id": subject},
                content_object_id=child_id,
                permission=permission,
                last_activity_at=max(grants[0].valid_from, latest[child_id]),
                **_hull(grants),
            )
            for (found, subject, child_id), grants in subjects.items()
            if found == kind
        )


def _hull(grants: list[AccessGrant]) -> dict[str, object]:
    """The window and the categories of the open grants of one subject on one file."""
    mask = 0
    for grant in grants:
        mask |= grant.category_mask
    ends = [grant.valid_until for grant in grants]
    return {
        "valid_from": min(grant.valid_from for grant in grants),
        "valid_until": None if None in ends else max(end for end in ends if end),
        "category_mask": mask,
    }
