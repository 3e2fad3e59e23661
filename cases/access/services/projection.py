"""The projection of the open grants that worklists read: kept with each grant and activity, compared each night."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Greatest
from django.utils.timezone import localdate

from accounts.rules.roles import opens_files
from cases.access.choices import Category
from cases.access.models import AccessGrant, ChildGroupGrant, ChildUserGrant, FileActivity
from cases.access.rules import mask_of, roles_told_of
from cases.access.selectors import matrix_in_force, roles_of

VIEW_PERMISSION = "view_child"
FILES_AT_ONCE = 500
log = logging.getLogger("harbour.access")
Activities = dict[tuple[UUID, int], datetime]  # by file and the bit of the category
_projecting_later: ContextVar[Activities | None] = ContextVar("projecting_later", default=None)

Key = TypeVar("Key")
Subject = tuple[str, int, UUID]  # "group" or "user", which one, and the file
PROJECTIONS: dict[str, type[Any]] = {"group": ChildGroupGrant, "user": ChildUserGrant}


class Opening(Protocol):
    """What the projection reads of a grant."""

    @property
    def valid_from(self) -> datetime: ...

    @property
    def valid_until(self) -> datetime | None: ...

    @property
    def category_mask(self) -> int: ...


@dataclass(frozen=True)
class Drift:
    """What a comparison of the projection with the grants found, and put right. Counts of rows.

    `missing` and `short` kept somebody from finding in a list what they may open, `stale` stood where nothing that
    happened on the file had put them: defects. `outlived` had lost a grant behind them to time, and `moved` stood right
    by the roles they were written for and elsewhere by the matrix and the roles of today: both are how a night goes.
    """

    missing: int = 0
    short: int = 0
    stale: int = 0
    outlived: int = 0
    moved: int = 0

    def __add__(self, other: "Drift") -> "Drift":
        return Drift(
            self.missing + other.missing,
            self.short + other.short,
            self.stale + other.stale,
            self.outlived + other.outlived,
            self.moved + other.moved,
        )

    @property
    def is_defect(self) -> bool:
        return bool(self.missing or self.short or self.stale)


def record_activity(*, child_id: UUID, category: str, at: datetime) -> None:
    """Move a file up the worklists of those who may know that something happened in the category.

    That takes a grant that opens it, and that nobody who shares the row holds a role that may not know of it: an
    agency's row moves where each of its current roles sees at least that something exists. The file is locked, so
    that access given meanwhile knows of the activity, and nobody can wait for two files in two orders. What is
    written down stays: the rows are moved by a trigger on it, and rebuilt from it.
    """
    bit, later = mask_of([category]), _projecting_later.get()
    if later is not None:
        later[child_id, bit] = max(at, later.get((child_id, bit), at))
        return
    with transaction.atomic(savepoint=False):
        lock_files([child_id])
        _tell_anew(child_id, category, at)
        kept = FileActivity.objects.filter(child_id=child_id, category_mask=bit)
        if not kept.update(at=Greatest("at", Value(at))):
            FileActivity.objects.create(child_id=child_id, category_mask=bit, at=at)


def _tell_anew(child_id: UUID, category: str, at: datetime) -> None:
    """Say of each row that opens a category whether it moves for it, by the roles that stand behind it now."""
    told = roles_told_of(category, matrix_in_force(on=localdate(at)))
    by_group, by_user = (_opening(projection, child_id, category) for projection in PROJECTIONS.values())
    stored = dict(by_group.values_list("group_id", "told_mask"))
    roles = reading_roles(stored, at)
    _change_told(by_group, "group_id", stored, {group for group, held in roles.items() if held <= told}, category)
    stored = dict(by_user.values_list("user_id", "told_mask"))
    roles = _roles_granted(stored, child_id)
    _change_told(by_user, "user_id", stored, {user for user, held in roles.items() if held <= told}, category)


def _opening(projection: type[Any], child_id: UUID, category: str) -> QuerySet[Any]:
    opened = F("category_mask").bitand(mask_of([category]))
    rows: QuerySet[Any] = projection.objects.annotate(opened=opened).exclude(opened=0)
    return rows.filter(content_object_id=child_id)


def _change_told(rows: QuerySet[Any], subject: str, stored: Mapping[int, int], told: Set[int], category: str) -> None:
    """Write what has changed since the row was written, which is seldom anything."""
    bit = mask_of([category])
    joins = [one for one, mask in stored.items() if one in told and not mask & bit]
    leaves = [one for one, mask in stored.items() if one not in told and mask & bit]
    rows.filter(**{f"{subject}__in": joins}).update(told_mask=F("told_mask").bitor(bit))
    rows.filter(**{f"{subject}__in": leaves}).update(told_mask=F("told_mask").bitand(~bit))


def reading_roles(group_ids: Iterable[int], at: datetime) -> dict[int, set[str]]:
    """For each group the roles held in it now that read files; of a group without any, nothing is told."""
    ids = list(group_ids)
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
    """For loading many files in one transaction: the projection is left alone meanwhile, and rebuilt at the end.

    So is what it is rebuilt from: the activities of the load are written together.
    """
    later: Activities = {}
    token = _projecting_later.set(later)
    try:
        with transaction.atomic():
            yield
            _write_activities(later)
            rebuild_projection(at=at)
    finally:
        _projecting_later.reset(token)


def _write_activities(found: Activities) -> None:
    for kept in FileActivity.objects.filter(child_id__in={child_id for child_id, _ in found}):
        key = kept.child_id, kept.category_mask
        found[key] = max(kept.at, found.get(key, kept.at))
    FileActivity.objects.bulk_create(
        (FileActivity(child_id=child_id, category_mask=bit, at=at) for (child_id, bit), at in found.items()),
        update_conflicts=True,
        unique_fields=["child", "category_mask"],
        update_fields=["at"],
    )


@transaction.atomic
def rebuild_projection(*, at: datetime) -> int:
    """Write the projection anew from the open grants at an instant. Returns how many rows it has now."""
    expected, permission = _expected(at, _latest_activity()), view_permission()
    for kind, projection in PROJECTIONS.items():
        projection.objects.all().delete()
        projection.objects.bulk_create(
            _new_row(subject, row, permission) for subject, row in expected.items() if subject[0] == kind
        )
    return len(expected)


def compare_projection(*, at: datetime) -> Drift:
    """Compare the projection with the open grants, some files at a time, and put right what differs.

    Rows that have outlived their grants change no answer and are dropped for the index's sake. A row that was
    missing, opened less than its grants or stood in the wrong place is a defect, and is said so in the log.
    """
    found, files = Drift(), _files_after(None)
    while files:
        found += _compare_files(files, at)
        files = _files_after(files[-1])
    log.log(
        logging.ERROR if found.is_defect else logging.INFO,
        "projection compared",
        extra=asdict(found),
    )
    return found


def _files_after(last: UUID | None) -> list[UUID]:
    """The next files in the order of their keys."""
    files = apps.get_model("cases", "Child").objects.order_by("pk")
    if last is not None:
        files = files.filter(pk__gt=last)
    return list(files.values_list("pk", flat=True)[:FILES_AT_ONCE])


@transaction.atomic
def _compare_files(files: list[UUID], at: datetime) -> Drift:
    lock_files(files)
    activity, permission = _latest_activity(files), view_permission()
    expected = _expected(at, activity, files)
    found = Drift()
    for kind, projection in PROJECTIONS.items():
        wanted = {subject: row for subject, row in expected.items() if subject[0] == kind}
        for stored in projection.objects.filter(content_object_id__in=files):
            row = wanted.pop((kind, getattr(stored, f"{kind}_id"), stored.content_object_id), None)
            if row is None:
                stored.delete()
                found += Drift(outlived=1)
            elif (difference := _difference(stored, row, activity.get(stored.content_object_id, {}))) != Drift():
                # Something may have been written meanwhile that moved the row on: then it stands right.
                same = projection.objects.filter(pk=stored.pk, last_activity_at=stored.last_activity_at)
                found += difference if same.update(**row) else Drift()
        projection.objects.bulk_create(_new_row(subject, row, permission) for subject, row in wanted.items())
        found += Drift(missing=len(wanted))
    return found


def _difference(stored: Any, row: dict[str, Any], activity: Mapping[int, datetime]) -> Drift:
    """How a stored row differs from the one its grants give, as a count of one."""
    until = row["valid_until"]
    covers = (
        stored.valid_from <= row["valid_from"]
        and (stored.valid_until is None or (until is not None and stored.valid_until >= until))
        and stored.category_mask & row["category_mask"] == row["category_mask"]
    )
    if not covers:
        return Drift(short=1)
    if not _stands_right(stored, row["valid_from"], activity):
        return Drift(stale=1)
    if (stored.valid_from, stored.valid_until, stored.category_mask) != (
        row["valid_from"],
        until,
        row["category_mask"],
    ):
        return Drift(outlived=1)
    place = stored.told_mask, stored.last_activity_at
    return Drift(moved=int(place != (row["told_mask"], row["last_activity_at"])))


def _stands_right(stored: Any, valid_from: datetime, activity: Mapping[int, datetime]) -> bool:
    """Whether a row stands no earlier than what it was told of, and no later than what happened in what it opens.

    Between the two lies what it moved for while its roles were others.
    """
    told = [at for bit, at in activity.items() if bit & stored.told_mask]
    opened = [at for bit, at in activity.items() if bit & stored.category_mask]
    earliest, latest = max([stored.valid_from, *told]), max([valid_from, *opened])
    return bool(earliest <= stored.last_activity_at <= latest)


def _new_row(subject: Subject, row: dict[str, Any], permission: Permission) -> Any:
    kind, subject_id, child_id = subject
    return PROJECTIONS[kind](**{f"{kind}_id": subject_id}, content_object_id=child_id, permission=permission, **row)


def _expected(
    at: datetime,
    activity: Mapping[UUID, Mapping[int, datetime]],
    files: Iterable[UUID] | None = None,
    *,
    only: tuple[str, int] | None = None,
) -> dict[Subject, dict[str, Any]]:
    """The rows that the open grants on some files give, or on all; of every subject, or of one.

    The latest activity of a row is that of the file, as `_latest_activity` gives it, in the categories its grants open
    and all its roles may know of, or their start.
    """
    grants = _still_open(at).select_related("membership").order_by("valid_from", "pk")
    if files is not None:
        grants = grants.filter(child_id__in=files)
    if only is not None:
        kind, subject = only
        grants = grants.filter(**{"group_id" if kind == "group" else "membership__user_id": subject})
    subjects: dict[Subject, list[AccessGrant]] = {}
    for grant in grants:
        subjects.setdefault((*subject_of(grant), grant.child_id), []).append(grant)
    told = _told_by_subject(subjects, at)
    return {
        subject: hull_of(behind, activity.get(subject[2], {}), told[subject]) for subject, behind in subjects.items()
    }


def _still_open(at: datetime) -> QuerySet[AccessGrant]:
    return AccessGrant.objects.filter(Q(valid_until=None) | Q(valid_until__gt=at), ended_at=None)


def _told_by_subject(subjects: dict[Subject, list[AccessGrant]], at: datetime) -> dict[Subject, int]:
    """For each row of the projection, the categories that every role behind it may know something happened in."""
    in_groups = reading_roles({subject for kind, subject, _ in subjects if kind == "group"}, at)
    held = {}
    for (kind, subject, child_id), behind in subjects.items():
        people = {grant.membership.role for grant in behind if grant.membership is not None}
        held[kind, subject, child_id] = in_groups[subject] if kind == "group" else people
    return told_to(held, at)


def told_to(held: Mapping[Key, Set[str]], at: datetime) -> dict[Key, int]:
    """For each of some holders of roles, the mask of what all of its roles may know something happened in."""
    matrix = matrix_in_force(on=localdate(at))
    told = {category.value: roles_told_of(category, matrix) for category in Category}
    return {
        holder: mask_of(category for category, roles in told.items() if own <= roles) for holder, own in held.items()
    }


def _latest_activity(files: Iterable[UUID] | None = None) -> dict[UUID, dict[int, datetime]]:
    """For each of some files, or of all, when something last happened in each category, by its bit."""
    kept = FileActivity.objects.all()
    if files is not None:
        kept = kept.filter(child_id__in=files)
    latest: dict[UUID, dict[int, datetime]] = {}
    for child_id, bit, at in kept.values_list("child_id", "category_mask", "at"):
        latest.setdefault(child_id, {})[bit] = at
    return latest


def hull_of(grants: Sequence[Opening], activity: Mapping[int, datetime], told: int) -> dict[str, Any]:
    """The row that the open grants of one subject on one file give, the earliest grant first: the hull of them all."""
    mask = 0
    for grant in grants:
        mask |= grant.category_mask
    ends = [grant.valid_until for grant in grants]
    seen = [at for bit, at in activity.items() if bit & mask & told]
    return {
        "valid_from": grants[0].valid_from,
        "valid_until": None if None in ends else max(end for end in ends if end is not None),
        "category_mask": mask,
        "told_mask": mask & told,
        "last_activity_at": max([grants[0].valid_from, *seen]),
    }


def view_permission() -> Permission:
    """The one permission that projections carry."""
    content_type = ContentType.objects.get_for_model(apps.get_model("cases", "Child"))
    return Permission.objects.get(content_type=content_type, codename=VIEW_PERMISSION)


def lock_files(child_ids: Iterable[UUID]) -> None:
    """Keep others from granting and writing on files until this is committed, for their projection's sake.

    In the order of their keys, so that two who want the same files do not wait for each other.
    """
    if _projecting_later.get() is not None:
        return
    files = apps.get_model("cases", "Child").objects.filter(pk__in=set(child_ids)).order_by("pk")
    list(files.select_for_update(no_key=True).values_list("pk"))


def project(grant: AccessGrant, at: datetime) -> None:
    """Recompute the projection row of a grant's subject on its file from the open grants behind it."""
    if _projecting_later.get() is not None:
        return
    kind, subject = subject_of(grant)
    files = [grant.child_id]
    found = _expected(at, _latest_activity(files), files, only=(kind, subject))
    key = {f"{kind}_id": subject, "content_object_id": grant.child_id, "permission": view_permission()}
    if not found:
        PROJECTIONS[kind].objects.filter(**key).delete()
    for row in found.values():
        PROJECTIONS[kind].objects.update_or_create(**key, defaults=row)


def subject_of(grant: AccessGrant) -> tuple[str, int]:
    """Whose row of the projection a grant stands behind."""
    if grant.membership is not None:
        return "user", grant.membership.user_id
    assert grant.group_id is not None
    return "group", grant.group_id
