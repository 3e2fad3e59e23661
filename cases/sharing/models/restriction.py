"""Files that are open to named people only: why, until when it is looked at again, and what was decided since."""

import uuid

import pghistory
from django.db import models
from django.db.models import Q

from accounts.models import Membership, User
from cases.sharing.choices import RestrictionKind, RestrictionStepKind


@pghistory.track()
class Restriction(models.Model):
    """One restriction of one file. Who is named stands in the grants; `keeper` owes its review."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    child = models.ForeignKey("cases.Child", on_delete=models.PROTECT, related_name="restrictions")
    kind = models.CharField(max_length=20, choices=RestrictionKind)
    reason = models.CharField(max_length=1000)
    review_on = models.DateField()
    keeper = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    placed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    lift_asked_at = models.DateTimeField(null=True, blank=True)
    lift_asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lift_reason = models.CharField(max_length=1000, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["child"], condition=Q(lifted_at=None), name="restriction_one_open"),
            models.CheckConstraint(
                condition=Q(lift_asked_at=None, lift_asked_by=None, lift_reason="")
                | (Q(lift_asked_at__isnull=False, lift_asked_by__isnull=False) & ~Q(lift_reason="")),
                name="restriction_lift_asked_paired",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None)
                | (Q(lifted_at__isnull=False, lifted_by__isnull=False) & ~Q(lifted_by=models.F("lift_asked_by"))),
                name="restriction_lifted_by_two",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


@pghistory.track()
class RestrictionStep(models.Model):
    """What was decided about a restriction, when and by whom: append-only. `person` is who was named or taken off."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    restriction = models.ForeignKey(Restriction, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=20, choices=RestrictionStepKind)
    person = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    words = models.CharField(max_length=1000, blank=True)
    done_at = models.DateTimeField()
    done_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Nobody: the rule did it"
    )

    class Meta:
        indexes = [models.Index(fields=["restriction", "-done_at"], name="restriction_step_latest")]
