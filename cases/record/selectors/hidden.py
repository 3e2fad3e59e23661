"""Files that a viewer may not know of, whatever else they were told, and rows about none of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

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
    """The files that a conflict of interest or a restriction keeps from a viewer, on themselves or on a file that was
    merged into them. To be asked for one file or a few: it looks at each.

    A file that is only not granted is not among them: an alert that names no child may reach whoever serves.
    """
    if viewer.user_id is None:
        return Child.objects.none()
    return files_kept_from(Child.objects.all(), viewer, at)


def hidden_ids(viewer: Viewer, at: datetime) -> list[UUID]:
    """The ids of all `hidden_files`, looked for among the files that have a block or a restriction."""
    if viewer.user_id is None:
        return []
    blocks = Block.objects.live(at).filter(user_id=viewer.user_id)
    restricted = Child.objects.filter(restricted=True)
    marked = restricted.values("pk").union(
        restricted.exclude(merged_into=None).values("merged_into"),
        blocks.values("child"),
        blocks.exclude(child__merged_into=None).values("child__merged_into"),
    )
    return list(hidden_files(viewer, at).filter(pk__in=marked).values_list("pk", flat=True))
