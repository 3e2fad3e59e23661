"""Conflicts of interest: recorded ones, those that somebody declared without a file in hand, and possible ones."""

import uuid

import pghistory
from django.db import models
from django.db.models import F, Q

from accounts.models import Membership, User
from cases.access.models import Block
from cases.sharing.choices import ConflictGround, ConflictRelation, ConflictSource


@pghistory.track()
class Conflict(models.Model):
    """One reason why one person may not know of one file. The block itself stands with the grants, until the last of
    its reasons is lifted; this says who decided it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    child = models.ForeignKey("cases.Child", on_delete=models.PROTECT, related_name="conflicts")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    block = models.ForeignKey(Block, on_delete=models.PROTECT, related_name="conflicts")
    source = models.CharField(max_length=12, choices=ConflictSource)
    relation = models.CharField(max_length=20, choices=ConflictRelation)
    words = models.CharField(max_length=1000)
    placed_at = models.DateTimeField()
    placed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    lift_asked_at = models.DateTimeField(null=True, blank=True)
    lift_asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lift_reason = models.CharField(max_length=1000, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(lift_asked_at=None, lift_asked_by=None, lift_reason="")
                | (Q(lift_asked_at__isnull=False, lift_asked_by__isnull=False) & ~Q(lift_reason="")),
                name="conflict_lift_asked_paired",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None)
                | (
                    Q(lifted_at__isnull=False, lifted_by__isnull=False, lift_asked_by__isnull=False)
                    & ~Q(lifted_by=F("lift_asked_by"))
                ),
                name="conflict_lifted_by_two",
            ),
        ]
        indexes = [models.Index(fields=["-placed_at", "-id"], name="conflict_latest")]


@pghistory.track()
class Declaration(models.Model):
    """Somebody says that they know a child, without the file in hand. Whether there is a file they are never told."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    given_name = models.CharField(max_length=80)
    family_name = models.CharField(max_length=80)
    birth_date = models.DateField(null=True, blank=True)
    relation = models.CharField(max_length=20, choices=ConflictRelation)
    words = models.CharField(max_length=1000)
    declared_at = models.DateTimeField()


@pghistory.track()
class PossibleConflict(models.Model):
    """One person and one file that may have to be kept apart, for the guardians to answer: once for each ground."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    child = models.ForeignKey("cases.Child", on_delete=models.PROTECT, related_name="possible_conflicts")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    ground = models.CharField(max_length=20, choices=ConflictGround)
    declaration = models.ForeignKey(Declaration, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    found_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answer_words = models.CharField(max_length=1000, blank=True)
    conflict = models.ForeignKey(Conflict, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["child", "user", "ground"], name="possible_conflict_once"),
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None)
                | Q(answered_at__isnull=False, answered_by__isnull=False),
                name="possible_conflict_answer_paired",
            ),
        ]
        indexes = [
            models.Index(fields=["found_at"], condition=Q(answered_at=None), name="possible_conflict_waiting"),
        ]


@pghistory.track()
class StaffHome(models.Model):
    """The postcode of somebody's own home, which they gave so that Harbour can tell a conflict of interest."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, primary_key=True, related_name="staff_home")
    postcode = models.CharField(max_length=8, blank=True)
    given_at = models.DateTimeField()
