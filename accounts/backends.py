"""Permission checks go through the access rule, never through Django's own tables."""

from typing import Any

from django.contrib.auth.backends import ModelBackend


class MembershipBackend(ModelBackend):
    """Signs people in by username and password, and grants no permission by itself.

    Which files a person may see is answered by `cases.access`, from grants; a permission row or a superuser
    flag opens nothing.
    """

    def user_can_authenticate(self, user: Any) -> bool:
        """Neither to sign in nor to go on with a session: a service account shows its token with each request."""
        return super().user_can_authenticate(user) and not user.is_service

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
