"""Reports that somebody asked for, what was counted for each, and the document made of it."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Membership
from reporting.choices import RunState


class ReportRun(models.Model):
    """A report that somebody asked for, and where its making stands. The row is the truth; a worker takes it up.

    `lease_until` is how long the worker that has it may be silent: later, another takes it. `attempts` counts how
    often one did, `tries_left` how often one more may without a person asking. `as_at` is the instant of counting,
    set once: whoever makes the report, and how often, counts what stood at that instant.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    first_day = models.DateField()
    last_day = models.DateField()
    requested_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=10, choices=RunState, default=RunState.QUEUED)
    version = models.PositiveIntegerField(default=1)
    as_at = models.DateTimeField(null=True, blank=True)
    step = models.PositiveSmallIntegerField(default=0)
    steps = models.PositiveSmallIntegerField(default=0)
    step_words = models.CharField(max_length=120, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    tries_left = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True, help_text="When it was ready, failed or was cancelled")
    cancelled_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="report_ends_after_start"),
            models.CheckConstraint(
                condition=Q(state=RunState.RUNNING, lease_until__isnull=False, as_at__isnull=False)
                | (~Q(state=RunState.RUNNING) & Q(lease_until=None)),
                name="report_running_has_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(state=RunState.CANCELLED, cancelled_by__isnull=False)
                | (~Q(state=RunState.CANCELLED) & Q(cancelled_by=None)),
                name="report_cancelled_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[RunState.QUEUED, RunState.RUNNING], settled_at=None)
                | (~Q(state__in=[RunState.QUEUED, RunState.RUNNING]) & Q(settled_at__isnull=False)),
                name="report_settled_is_dated",
            ),
            models.CheckConstraint(
                condition=(Q(state=RunState.FAILED) & ~Q(error="")) | (~Q(state=RunState.FAILED) & Q(error="")),
                name="report_failed_says_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=["requested_at"],
                condition=Q(state__in=[RunState.QUEUED, RunState.RUNNING]),
                name="report_to_make",
            ),
            models.Index(fields=["-requested_at"], name="report_newest"),
        ]


class ReportSnapshot(models.Model):
    """What was counted for a report, protected as it may be shown. It never changes."""

    run = models.OneToOneField(ReportRun, on_delete=models.PROTECT, primary_key=True, related_name="snapshot")
    figures = models.JSONField()
    sha256 = models.CharField(max_length=64)
    counted_at = models.DateTimeField(db_default=Now())


class ReportDocument(models.Model):
    """The PDF that was made of a snapshot. It never changes."""

    snapshot = models.OneToOneField(ReportSnapshot, on_delete=models.PROTECT, primary_key=True, related_name="document")
    pdf = models.BinaryField()
    pages = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField(db_default=Now())
