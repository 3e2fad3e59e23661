"""Giving and ending access. The only code that writes grants, their projection and blocks."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F, Max, Min, Q, QuerySet
from django.utils.timezone import localdate

from accounts.choices import FunctionKey
from accounts.models import Membership, User
from accounts.rules.refusals import Refusal
from accounts.rules.roles import opens_files
from accounts.rules.viewers import Viewer
from accounts.selectors.people import function_group
from cases.access.choices import ALL_CATEGORIES, Category, GrantReason
from cases.access.models import AccessGrant, Block, ChildGroupGrant, ChildUserGrant
from cases.access.rules import mask_of, roles_told_of
from cases.access.selectors import matrix_in_force, roles_of

VIEW_PERMISSION = "view_child"
# Who takes a file in, who prepares its panel, and who oversees every look at it.
STANDING_FUNCTIONS = (FunctionKey.NOTIFICATION_POINT, FunctionKey.PANEL_OFFICE, FunctionKey.DATA_GUARDIANS)
_projecting_later: ContextVar[bool] = ContextVar("projecting_later", default=False)


class GrantRefused(Refusal):
    """A grant that would mean nothing: no category, or an end before its start."""


ROLE_ENDED = "The role in which it was held has ended"


@transaction.atomic
def grant_access(
    *,
    child_id: UUID,
    reason: GrantReason,
    at: datetime,
    by: Viewer | None,
    group: Group | None = None,
    membership: Membership | None = None,
    categories: Iterable[str] | None = None,
    valid_until: datetime | None = None,
    source_id: UUID | None = None,
    note: str = "",
) -> AccessGrant:
    """Give an agency, a function group or a person under one membership access to a file.

    `categories` are those the grant opens (all by default; the matrix still says how much of each). Raises
    GrantRefused for an empty set of categories or an end that is not after the start.
    """
    mask = ALL_CATEGORIES if categories is None else mask_of(categories)
    if not mask:
        raise GrantRefused("Choose at least one kind of information to share.")
    if valid_until is not None and valid_until <= at:
        raise GrantRefused("Access must end after it starts.")
    _lock_file(child_id)
    grant = AccessGrant.objects.create(
        child_id=child_id,
        group=group,
        membership=membership,
        reason=reason,
        category_mask=mask,
        source_id=source_id,
        note=note,
        granted_by_id=by.user_id if by else None,
        valid_from=at,
        valid_until=valid_until,
    )
    _project(grant, at)
    return grant


def grant_to_function(*, child_id: UUID, function: FunctionKey, at: datetime, by: Viewer | None) -> AccessGrant:
    """Give a function group, such as the notification point, standing access to a file. Idempotent."""
    group = function_group(function)
    existing = AccessGrant.objects.live(at).filter(child_id=child_id, group=group, reason=GrantReason.FUNCTION).first()
    if existing:
        return existing
    return grant_access(child_id=child_id, reason=GrantReason.FUNCTION, at=at, by=by, group=group)


def open_to_standing_functions(*, child_id: UUID, at: datetime, by: Viewer | None) -> None:
    """Open a new file to the functions that see every file, by whichever door the child came. Idempotent."""
    for function in STANDING_FUNCTIONS:
        grant_to_function(child_id=child_id, function=function, at=at, by=by)


@transaction.atomic
def end_grants(*, grants: QuerySet[AccessGrant], at: datetime, by: Viewer | None, why: str) -> int:
    """End grants; their access stops at the next request. Returns how many were ended."""
    ending = list(grants.filter(ended_at=None).select_for_update().order_by("child_id", "id"))
    for grant in ending:
        grant.ended_at, grant.ended_by_id, grant.end_reason = at, by.user_id if by else None, why
        grant.save(update_fields=["ended_at", "ended_by", "end_reason"])
        _project(grant, at)
    return len(ending)


def end_grants_from(*, source_id: UUID, at: datetime, by: Viewer | None, why: str) -> int:
    """End every grant that came from one event, such as an involvement."""
    return end_grants(grants=AccessGrant.objects.filter(source_id=source_id), at=at, by=by, why=why)


def count_personal_grants(membership_id: UUID, at: datetime) -> int:
    """How many files are open to a person by name, under one membership."""
    return AccessGrant.objects.live(at).filter(membership_id=membership_id).values("child_id").distinct().count()


def end_personal_grants(membership_id: UUID, at: datetime, by: Viewer | None) -> int:
    """End what was opened to a person by name, because the role ended in which they held it."""
    return end_grants(grants=AccessGrant.objects.filter(membership_id=membership_id), at=at, by=by, why=ROLE_ENDED)


@transaction.atomic
def place_block(*, child_id: UUID, user: User, reason: str, by: Viewer, at: datetime) -> Block:
    """Record a conflict of interest: the person may not know of the file, whatever grants there are. Idempotent."""
    block, _ = Block.objects.get_or_create(
        child_id=child_id,
        user=user,
        ended_at=None,
        defaults={"reason": reason, "placed_by_id": by.person_id, "placed_at": at},
    )
    return block


@transaction.atomic
def end_block(*, block_id: UUID, by: Viewer, at: datetime) -> None:
    """End a conflict of interest: what the person's grants say counts again. One that has ended stays as it is."""
    block = Block.objects.select_for_update().filter(pk=block_id, ended_at=None).first()
    if block is not None:
        block.ended_at, block.ended_by_id = at, by.person_id
        block.save(update_fields=["ended_at", "ended_by"])


def record_activity(*, child_id: UUID, category: str, at: datetime) -> None:
    """Move a file up the worklists of those who may know that something happened in the category.

    That takes a grant that opens it, and that nobody who shares the row holds a role that may not know of it: an
    agency's row moves where each of its current roles sees at least that something exists.
    """
    if _projecting_later.get():
        return
    opened = F("category_mask").bitand(mask_of([category]))
    told = roles_told_of(category, matrix_in_force(on=localdate(at)))
    earlier = Q(content_object_id=child_id, last_activity_at__lt=at)
    by_group = ChildGroupGrant.objects.annotate(opened=opened).exclude(opened=0).filter(earlier)
    roles = _reading_roles(by_group.values_list("group_id", flat=True), at)
    groups = [group_id for group_id, held in roles.items() if held <= told]
    by_group.filter(group_id__in=groups).update(last_activity_at=at)
    by_user = ChildUserGrant.objects.annotate(opened=opened).exclude(opened=0).filter(earlier)
    held_by = _roles_granted(by_user.values_list("user_id", flat=True), child_id)
    people = [user_id for user_id, held in held_by.items() if held <= told]
    by_user.filter(user_id__in=people).update(last_activity_at=at)


def _reading_roles(group_ids: Iterable[int], at: datetime) -> dict[int, set[str]]:
    """For each group the roles held in it now that read files; of a group without any, nothing is told."""
    ids = list(group_ids)
    if not ids:
        return {}
    held = roles_of(ids, on=localdate(at))
    return {group_id: {role for role in held.get(group_id, []) if opens_files(role)} for group_id in ids}


def _roles_granted(user_ids: Iterable[int], child_id: UUID) -> dict[int, set[str]]:
    """For each person the roles under which they were granted a file in person."""
    granted = AccessGrant.objects.filter(child_id=child_id, membership__user_id__in=list(user_ids), ended_at=None)
    roles: dict[int, set[str]] = {}
    for user_id, role in granted.values_list("membership__user_id", "membership__role"):
        roles.setdefault(user_id, set()).add(role)
    return roles


@contextmanager
def projecting_later(*, at: datetime) -> Iterator[None]:
    """For loading many files in one transaction: the projection is left alone meanwhile, and rebuilt at the end."""
    token = _projecting_later.set(True)
    try:
        with transaction.atomic():
            yield
            rebuild_projection(at=at)
    finally:
        _projecting_later.reset(token)


@transaction.atomic
def rebuild_projection(*, at: datetime) -> int:
    """Write the projection anew from the open grants at an instant. Returns how many rows it has now.

    The latest activity of a row is that of the timeline in the categories its grants open and all its roles may
    know of, or their start.
    """
    still_open = Q(valid_until=None) | Q(valid_until__gt=at), Q(ended_at=None) | Q(ended_at__gt=at)
    grants = AccessGrant.objects.filter(*still_open).select_related("membership").order_by("valid_from", "pk")
    subjects: dict[tuple[str, int, UUID], list[AccessGrant]] = {}
    for grant in grants:
        kind, subject = ("group", grant.group_id) if grant.membership is None else ("user", grant.membership.user_id)
        subjects.setdefault((kind, subject or 0, grant.child_id), []).append(grant)
    activity, permission, told = _latest_activity(), view_permission(), _told_by_subject(subjects, at)
    projections: tuple[tuple[str, Any], ...] = (("group", ChildGroupGrant), ("user", ChildUserGrant))
    for kind, projection in projections:
        projection.objects.all().delete()
        projection.objects.bulk_create(
            projection(
                **{f"{kind}_id": subject},
                content_object_id=child_id,
                permission=permission,
                **_row_of(behind, activity.get(child_id, {}), told[found, subject, child_id]),
            )
            for (found, subject, child_id), behind in subjects.items()
            if found == kind
        )
    return len(subjects)


def _told_by_subject(
    subjects: dict[tuple[str, int, UUID], list[AccessGrant]], at: datetime
) -> dict[tuple[str, int, UUID], frozenset[str]]:
    """For each row of the projection, the categories that every role behind it may know something happened in."""
    matrix = matrix_in_force(on=localdate(at))
    told = {category.value: roles_told_of(category, matrix) for category in Category}
    in_groups = _reading_roles({subject for kind, subject, _ in subjects if kind == "group"}, at)
    found = {}
    for (kind, subject, child_id), behind in subjects.items():
        people = {grant.membership.role for grant in behind if grant.membership is not None}
        held = in_groups[subject] if kind == "group" else people
        found[kind, subject, child_id] = frozenset(name for name, roles in told.items() if held <= roles)
    return found


def _latest_activity() -> dict[UUID, dict[str, datetime]]:
    """For each file, when its timeline was last written to in each category."""
    entries = apps.get_model("cases", "ChronologyEntry").objects.values("child_id", "category")
    latest: dict[UUID, dict[str, datetime]] = {}
    for row in entries.annotate(at=Max("recorded_at")):
        latest.setdefault(row["child_id"], {})[row["category"]] = row["at"]
    return latest


def _row_of(grants: list[AccessGrant], activity: dict[str, datetime], told: frozenset[str]) -> dict[str, Any]:
    """The hull of the open grants of one subject on one file."""
    mask = 0
    for grant in grants:
        mask |= grant.category_mask
    ends = [grant.valid_until for grant in grants]
    seen = [at for category, at in activity.items() if mask_of([category]) & mask and category in told]
    return {
        "valid_from": grants[0].valid_from,
        "valid_until": None if None in ends else max(end for end in ends if end is not None),
        "category_mask": mask,
        "last_activity_at": max([grants[0].valid_from, *seen]),
    }


def view_permission() -> Permission:
    """The one permission that projections carry."""
    content_type = ContentType.objects.get_for_model(apps.get_model("cases", "Child"))
    return Permission.objects.get(content_type=content_type, codename=VIEW_PERMISSION)


def _lock_file(child_id: UUID) -> None:
    """Keep others from granting on the file meanwhile, for its projection's sake."""
    if _projecting_later.get():
        return
    apps.get_model("cases", "Child").objects.select_for_update().only("pk").get(pk=child_id)


def _project(grant: AccessGrant, at: datetime) -> None:
    """Recompute the projection row of a grant's subject on its file from the open grants behind it."""
    if _projecting_later.get():
        return
    live = AccessGrant.objects.filter(child_id=grant.child_id).filter(
        Q(valid_until=None) | Q(valid_until__gt=at), Q(ended_at=None) | Q(ended_at__gt=at)
    )
    if grant.group_id is not None:
        rows, subject = live.filter(group_id=grant.group_id), {"group_id": grant.group_id}
        projection: type[ChildGroupGrant] | type[ChildUserGrant] = ChildGroupGrant
    else:
        assert grant.membership is not None
        rows = live.filter(membership__user_id=grant.membership.user_id)
        subject, projection = {"user_id": grant.membership.user_id}, ChildUserGrant
    key = {"content_object_id": grant.child_id, "permission": view_permission(), **subject}
    window = rows.aggregate(valid_from=Min("valid_from"), last=Max("valid_until"))
    if window["valid_from"] is None:
        projection.objects.filter(**key).delete()
        return
    mask = 0
    for value in rows.values_list("category_mask", flat=True):
        mask |= value
    projection.objects.update_or_create(
        **key,
        defaults={
            "valid_from": window["valid_from"],
            "valid_until": None if rows.filter(valid_until=None).exists() else window["last"],
            "category_mask": mask,
        },
        create_defaults={
            "valid_from": window["valid_from"],
            "valid_until": None if rows.filter(valid_until=None).exists() else window["last"],
            "category_mask": mask,
            "last_activity_at": at,
        },
    )
