"""Files that a viewer may not know of, whatever else they were told."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.rules.viewers import Viewer
from cases.access.models import Block
from cases.record.models import Child


def hidden_files(viewer: Viewer, at: datetime) -> QuerySet[Any]:
    """The ids of files that a conflict of interest or a restriction keeps from a viewer.

    A file that is only not granted is not among them: an alert that names no child may reach whoever serves.
    """
    if viewer.user_id is None:
        return Child.objects.none().values("pk")
    blocked = Block.objects.live(at).filter(user_id=viewer.user_id, child_id=OuterRef("pk"))
    kept = Child.objects.filter(Q(restricted=True) | Exists(blocked))
    return kept.exclude(pk__in=Child.objects.visible_to(viewer, at=at).values("pk")).values("pk")
