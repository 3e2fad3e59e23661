"""The register of files that were opened in an emergency."""

import uuid

import pghistory
from django.db import models
from django.db.models import F, Q

from accounts.models import Membership, User
from cases.sharing.choices import EmergencyKind, EmergencyVerdict


@pghistory.track()
class EmergencyAccess(models.Model):
    """One file opened by one person in an emergency: why, from when until when, and what a guardian found.

    `ended_at` is filled only where it was ended before its hour was over. What was looked at meanwhile stands in the
    access events.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    child = models.ForeignKey("cases.Child", on_delete=models.PROTECT, related_name="emergencies")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=EmergencyKind)
    reason = models.CharField(max_length=1000)
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    verdict = models.CharField(max_length=20, choices=EmergencyVerdict, blank=True)
    verdict_words = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("opened_at")), name="emergency_ends_after_opening"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="emergency_end_paired",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_at=None, reviewed_by=None, verdict="")
                | (Q(reviewed_at__isnull=False, reviewed_by__isnull=False) & ~Q(verdict="")),
                name="emergency_review_paired",
            ),
        ]
        indexes = [
            models.Index(fields=["-opened_at", "-id"], name="emergency_latest"),
            models.Index(fields=["membership", "child", "-opened_at"], name="emergency_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.opened_at}"
