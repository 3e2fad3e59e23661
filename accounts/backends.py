"""Permission checks go through the access rule, never through Django's own tables."""

from typing import Any

from django.contrib.auth.backends import ModelBackend


class MembershipBackend(ModelBackend):
    """Signs people in by username and password, and grants no permission by itself.

    Which files a person may see is answered by `cases.access`, from grants; a permission row or a superuser
    flag opens nothing.
    """

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return False

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return False
