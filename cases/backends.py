"""Django's permission question, answered by the access rule."""

from typing import Any

from django.utils import timezone

from accounts.backends import MembershipBackend
from accounts.selectors import now, viewer_for
from cases.access.rules import Action, decide
from cases.access.selectors import facts_of, matrix_in_force
from cases.record.models import Child


class FileBackend(MembershipBackend):
    """`user.has_perm("cases.view_child", child)` is what `decide()` says of the user's first current membership."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        if perm != "cases.view_child" or not isinstance(obj, Child) or not user_obj.is_active:
            return False
        at = now()
        viewer = viewer_for(user_obj)
        child = Child.objects.visible_to(viewer, at=at).filter(pk=obj.pk).first()
        if child is None:
            return False
        matrix = matrix_in_force(on=timezone.localdate(at))
        return decide(viewer, Action.VIEW_FILE, facts_of(child), matrix).allowed
