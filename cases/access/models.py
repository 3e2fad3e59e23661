"""Grants, their projection for fast lists, and blocks."""

import uuid
from datetime import datetime

import pghistory
from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from accounts.models import Membership
from cases.access.choices import ALL_CATEGORIES, GrantReason


class AccessGrantQuerySet(models.QuerySet["AccessGrant"]):
    def live(self, at: datetime) -> "AccessGrantQuerySet":
        """Grants that hold at an instant: from their start, up to but not at their end."""
        return self.filter(
            Q(valid_until=None) | Q(valid_until__gt=at),
            Q(ended_at=None) | Q(ended_at__gt=at),
            valid_from__lte=at,
        )


@pghistory.track()
class AccessGrant(models.Model):
    """One reason why an agency, a function group or a person may see a file, in which categories, and until when.

    Append-only: a grant is ended, never changed or removed. It goes to a group (an agency's, or a function's) or
    to a person under one membership.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    child = models.ForeignKey("cases.Child", on_delete=models.PROTECT, related_name="access_grants")
    group = models.ForeignKey(Group, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=20, choices=GrantReason)
    category_mask = models.BigIntegerField(default=ALL_CATEGORIES)
    entry_ids = ArrayField(
        models.UUIDField(),
        default=list,
        db_default=[],
        blank=True,
        help_text="Single entries that it opens beside the categories",
    )
    source_id = models.UUIDField(
        null=True, blank=True, help_text="The involvement, notification or meeting it came from"
    )
    note = models.CharField(max_length=300, blank=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    granted_at = models.DateTimeField(db_default=Now())
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    end_reason = models.CharField(max_length=300, blank=True)

    objects = AccessGrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(group=None, membership__isnull=False) | Q(group__isnull=False, membership=None),
                name="access_grant_one_subject",
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
                name="access_grant_until_after_from",
            ),
            models.CheckConstraint(
                condition=~Q(reason=GrantReason.NAMED) | Q(membership__isnull=False),
                name="access_grant_named_is_a_person",
            ),
        ]
        indexes = [
            models.Index(fields=["child", "group"], name="access_grant_child_group"),
            models.Index(fields=["child", "membership"], name="access_grant_child_member"),
        ]

    def __str__(self) -> str:
        return self.get_reason_display()


TOLD_MASK = "The opened categories that every role behind the row may know something happened in: those it moves for"


class ChildGroupGrant(GroupObjectPermissionBase):
    """Projection of the open grants of one group on one file, ordered for worklists; written by services alone.

    The window is the hull of the grants behind it, so a list that starts here still asks `visible_to`.
    """

    content_object = models.ForeignKey("cases.Child", on_delete=models.CASCADE, related_name="group_grants")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    category_mask = models.BigIntegerField()
    told_mask = models.BigIntegerField(default=0, help_text=TOLD_MASK)
    last_activity_at = models.DateTimeField()

    class Meta(GroupObjectPermissionBase.Meta):
        indexes = [
            models.Index(
                fields=["group", "permission", "-last_activity_at", "-content_object"],
                name="child_group_grant_worklist",
            )
        ]


class ChildUserGrant(UserObjectPermissionBase):
    """Projection of the open grants of one person on one file; written by services alone."""

    content_object = models.ForeignKey("cases.Child", on_delete=models.CASCADE, related_name="user_grants")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    category_mask = models.BigIntegerField()
    told_mask = models.BigIntegerField(default=0, help_text=TOLD_MASK)
    last_activity_at = models.DateTimeField()

    class Meta(UserObjectPermissionBase.Meta):
        indexes = [
            models.Index(
                fields=["user", "permission", "-last_activity_at", "-content_object"], name="child_user_grant_worklist"
            )
        ]


# A row stands at the latest activity in what it is told of, whoever writes the activity. In the order of their keys, as
# whoever gives access does, the files are kept from others meanwhile.
MOVES_ROWS = """
CREATE OR REPLACE FUNCTION public.harbour_moves_rows() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM cases_child WHERE id IN (SELECT child_id FROM written) ORDER BY id FOR NO KEY UPDATE;
    UPDATE cases_childgroupgrant AS stands SET last_activity_at = later.at FROM (
        SELECT told.id, max(written.at) AS at FROM written JOIN cases_childgroupgrant AS told
        ON told.content_object_id = written.child_id AND told.told_mask & written.category_mask <> 0 GROUP BY told.id
    ) AS later WHERE stands.id = later.id AND stands.last_activity_at < later.at;
    UPDATE cases_childusergrant AS stands SET last_activity_at = later.at FROM (
        SELECT told.id, max(written.at) AS at FROM written JOIN cases_childusergrant AS told
        ON told.content_object_id = written.child_id AND told.told_mask & written.category_mask <> 0 GROUP BY told.id
    ) AS later WHERE stands.id = later.id AND stands.last_activity_at < later.at;
    RETURN NULL;
END;
$$
"""
WHEN_WRITTEN = tuple(
    f"CREATE OR REPLACE TRIGGER harbour_moves_rows_{deed.lower()} AFTER {deed} ON cases_fileactivity "
    "REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION public.harbour_moves_rows()"
    for deed in ("INSERT", "UPDATE")
)


class FileActivity(models.Model):
    """When something last happened on a file in one category: it moves up the lists, which are rebuilt from this.

    Written by the access service alone; a trigger on each statement moves the rows of the lists that are told.
    """

    child = models.ForeignKey("cases.Child", on_delete=models.CASCADE, related_name="activities", db_index=False)
    category_mask = models.BigIntegerField(help_text="The bit of one category")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["child", "category_mask"], name="file_activity_one_a_category")]

    def __str__(self) -> str:
        return f"{self.at}"


class BlockQuerySet(models.QuerySet["Block"]):
    def live(self, at: datetime) -> "BlockQuerySet":
        """Blocks that hold at an instant."""
        return self.filter(Q(ended_at=None) | Q(ended_at__gt=at), placed_at__lte=at)


@pghistory.track()
class Block(models.Model):
    """A conflict of interest: this person, under any membership, may not know of this file. It beats every grant."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    child = models.ForeignKey("cases.Child", on_delete=models.PROTECT, related_name="blocks")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = BlockQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["child", "user"], condition=Q(ended_at=None), name="block_one_open"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="block_end_paired",
            ),
        ]
