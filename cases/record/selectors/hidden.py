"""Files that a viewer may not know of, whatever else they were told, and rows about none of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import Membership
from accounts.rules.viewers import Viewer
from cases.access.models import Block
from cases.access.selectors import files_kept_from
from cases.record.models import Child
from cases.record.selectors.lists import files_known


def known_or_no_file(viewer: Viewer, at: datetime) -> Q:
    """For rows with a `child_id`: about no file, or about one that the viewer may know of.

    It is asked of each row: a list of all files that are known, in an "or", would be made whole first.
    """
    return Q(child_id=None) | Q(Exists(Child.objects.visible_to(viewer, at=at).filter(pk=OuterRef("child_id"))))


def known_ids(viewer: Viewer, ids: Iterable[UUID], at: datetime) -> set[UUID]:
    """Those of some files that a viewer may know of; with none to ask for, nobody is asked."""
    return set(files_known(viewer, ids, at=at))


def hidden_files(viewer: Viewer, at: datetime) -> QuerySet[Any]:
    """The files that a conflict of interest or a restriction keeps from a viewer, on themselves or on another file of
    the child. To be asked for one file or a few: it looks at each.

    A file that is only not granted is not among them: an alert that names no child may reach whoever serves.
    """
    if viewer.user_id is None:
        return Child.objects.none()
    return files_kept_from(Child.objects.all(), viewer, at)


def hidden_ids(viewer: Viewer, at: datetime) -> list[UUID]:
    """The ids of all `hidden_files`, looked for among the files that have a block or a restriction, or are merged with
    one that has.
    """
    if viewer.user_id is None:
        return []
    restricted = Child.objects.filter(restricted=True).values(kept_id=Coalesce("merged_into_id", "id"))
    blocks = _blocked(viewer.user_id, at)
    marked = restricted.union(_merged_into(restricted), blocks, _merged_into(blocks))
    return list(hidden_files(viewer, at).filter(pk__in=marked).values_list("pk", flat=True))


def blocked_files(user_id: int, at: datetime) -> QuerySet[Any]:
    """The ids of the files that a conflict of interest keeps from somebody, with all that were merged with them."""
    blocks = _blocked(user_id, at)
    return blocks.union(_merged_into(blocks))


def _blocked(user_id: int, at: datetime) -> QuerySet[Any]:
    blocks = Block.objects.live(at).filter(user_id=user_id)
    return blocks.values(kept_id=Coalesce("child__merged_into_id", "child_id"))


def _merged_into(kept: QuerySet[Any]) -> QuerySet[Any]:
    return Child.objects.filter(merged_into__in=kept).values(merged_id=F("pk"))


def of_one_child(child_id: UUID) -> QuerySet[Child]:
    """A file with all that were merged with it: the one that lives on, and those merged into that one."""
    kept = Child.objects.filter(pk=child_id).values(kept_id=Coalesce("merged_into_id", "id"))
    return Child.objects.filter(Q(pk__in=kept) | Q(merged_into__in=kept))


def blocks_on(child_id: UUID, at: datetime) -> QuerySet[Block]:
    """What keeps people from a file: the blocks of it, and of those that were merged with it."""
    return Block.objects.live(at).filter(child__in=of_one_child(child_id))


def free_to_work(people: Iterable[Membership], child_id: UUID, *, at: datetime) -> list[Membership]:
    """Those of some people who may be given work with a child: no conflict of interest keeps them from any file of it.
    On a restricted file they are named with the work.
    """
    kept = set(blocks_on(child_id, at).values_list("user_id", flat=True))
    return [member for member in people if member.user_id not in kept]


def restricted_among(ids: Iterable[UUID]) -> set[UUID]:
    """Those of some files that are for named people only: they, or others that were merged with them."""
    marked = Child.objects.filter(restricted=True).values(kept_id=Coalesce("merged_into_id", "id"))
    files = Child.objects.filter(pk__in=list(ids)).annotate(kept_id=Coalesce("merged_into_id", "id"))
    return set(files.filter(kept_id__in=marked).values_list("pk", flat=True))


def kept_apart(ids: Iterable[UUID], user_ids: Iterable[int], at: datetime) -> set[tuple[UUID, int]]:
    """The pairs of some files and people whom a conflict of interest keeps from them, on any file of the child."""
    rows = Block.objects.live(at).filter(user_id__in=list(user_ids))
    apart: dict[UUID, set[int]] = {}
    for kept_id, user_id in rows.values_list(Coalesce("child__merged_into_id", "child_id"), "user_id"):
        apart.setdefault(kept_id, set()).add(user_id)
    files = Child.objects.filter(pk__in=list(ids)).values_list("pk", Coalesce("merged_into_id", "id"))
    return {(pk, user_id) for pk, kept_id in files for user_id in apart.get(kept_id, ())}


def is_restricted(child: Child) -> bool:
    """Whether a file is for named people only: it, or one that was merged with it."""
    return child.restricted or of_one_child(child.pk).filter(restricted=True).exists()
