"""The weekly digest for the data guardians: which looks are worth a question, and what came of it."""

import uuid

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import DefinitionVersion, Membership
from cases.sharing.choices import SignalKind, SignalVerdict


class LookDigest(models.Model):
    """One week's looks, gone through once, by the figures that held then."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    week_from = models.DateField(unique=True, help_text="Its Monday")
    limits = models.ForeignKey(DefinitionVersion, on_delete=models.PROTECT, related_name="+")
    looks = models.PositiveIntegerField(help_text="How many looks at files were gone through")
    made_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"Week from {self.week_from}"


@pghistory.track()
class LookSignal(models.Model):
    """One question about one person's looks. Plain ids, as the looks themselves carry.

    Whoever may know of some of the looks alone is asked about these. Where they answer, the others are asked about
    anew, file by file, in a question that was `parted_from` this one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.ForeignKey(LookDigest, on_delete=models.PROTECT, related_name="signals")
    kind = models.CharField(max_length=20, choices=SignalKind)
    user_id = models.BigIntegerField()
    child_id = models.UUIDField(null=True, blank=True)
    count = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    event_ids = ArrayField(models.BigIntegerField(), default=list, help_text="The looks among which it was counted")
    parted_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    verdict = models.CharField(max_length=12, choices=SignalVerdict, blank=True)
    note = models.CharField(max_length=600, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["digest", "kind", "user_id", "child_id", "parted_from"],
                nulls_distinct=False,
                name="look_signal_once",
            ),
            models.CheckConstraint(
                condition=Q(decided_at=None, decided_by=None, verdict="")
                | (Q(decided_at__isnull=False, decided_by__isnull=False) & ~Q(verdict="")),
                name="look_signal_decided_whole",
            ),
        ]
