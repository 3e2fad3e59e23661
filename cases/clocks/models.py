"""Clocks, the alerts that derive from them, and the messages that carry alerts out of the system."""

import uuid

import pghistory
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import DefinitionVersion, Membership, User
from cases.clocks.choices import AlertKind, ClockKind, ClockState


@pghistory.track()
class Clock(models.Model):
    """Something that must happen by a time: what, about what, since when, by when, and who owes it.

    `due_at` moves only where the trigger is corrected, and `turn` counts how often; `first_due_at` is what it was at
    the start. `done_at` is when the thing was done, `stopped_at` when that was written down. A clock past its due time
    is in breach; where its definition asks for it, stopping then takes a reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40, choices=ClockKind)
    definition = models.ForeignKey(DefinitionVersion, on_delete=models.PROTECT, related_name="+")
    subject_id = models.UUIDField(help_text="The notification, interview or action it is about")
    child = models.ForeignKey("cases.Child", on_delete=models.PROTECT, null=True, blank=True, related_name="clocks")
    anchored_at = models.DateTimeField(help_text="When what started it happened")
    due_at = models.DateTimeField()
    first_due_at = models.DateTimeField()
    turn = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="How often its time has been changed")
    owner_membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="clocks"
    )
    owner_group = models.ForeignKey(Group, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=12, choices=ClockState, default=ClockState.RUNNING)
    started_at = models.DateTimeField(db_default=Now())
    started_by_sweep = models.BooleanField(default=False, help_text="No service had started it: a defect")
    done_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    breach_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_id"], condition=Q(state=ClockState.RUNNING), name="clock_one_running"
            ),
            models.CheckConstraint(
                condition=Q(state=ClockState.RUNNING, stopped_at=None, done_at=None)
                | Q(state=ClockState.DONE, stopped_at__isnull=False, done_at__isnull=False)
                | Q(state=ClockState.CANCELLED, stopped_at__isnull=False, done_at=None),
                name="clock_state_paired",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state=ClockState.RUNNING), name="clock_running_due"),
            models.Index(fields=["kind", "subject_id"], name="clock_subject"),
            models.Index(fields=["child", "kind"], name="clock_child"),
            models.Index(
                fields=["owner_membership", "due_at"], condition=Q(state=ClockState.RUNNING), name="clock_owner_due"
            ),
        ]


@pghistory.track()
class ClockChange(models.Model):
    """What a corrected trigger did to a clock: append-only, with who and why."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="changes")
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    why = models.CharField(max_length=300)
    anchored_before = models.DateTimeField()
    anchored_after = models.DateTimeField()
    due_before = models.DateTimeField()
    due_after = models.DateTimeField()


@pghistory.track()
class ClosureDay(models.Model):
    """A day on which the partnership does not work, beside weekends and England's bank holidays.

    One that was reopened stays, with who did it; it may be closed again.
    """

    day = models.DateField(primary_key=True)
    name = models.CharField(max_length=80)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    added_at = models.DateTimeField(db_default=Now())
    reopened_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reopened_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reopened_at=None, reopened_by=None) | Q(reopened_at__isnull=False),
                name="closure_day_reopened_paired",
            )
        ]


class SweepRun(models.Model):
    """One run of the sweep: when it began and ended, and what it wrote. The last one says whether alerts are alive."""

    id = models.BigAutoField(primary_key=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    alerts = models.PositiveIntegerField(default=0)
    messages = models.PositiveIntegerField(default=0)
    defects = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["-finished_at"], name="sweep_run_finished")]


@pghistory.track()
class Alert(models.Model):
    """Something that somebody must look at, told to a group or to one person under a membership.

    The row is the record; e-mail only rings the bell.

    The dedupe key makes an alert one, however often it is derived. It is acknowledged by a person, or the next
    step of its ladder is raised. Steps are rows, counted from 1.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dedupe_key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=40, choices=[*AlertKind.choices, *ClockKind.choices])
    step = models.PositiveSmallIntegerField(default=1)
    group = models.ForeignKey(Group, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    subject_id = models.UUIDField(help_text="The notification, interview or action it is about")
    child = models.ForeignKey("cases.Child", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, null=True, blank=True, related_name="alerts")
    raised_at = models.DateTimeField(db_default=Now())
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="alert_acknowledgement_paired",
            ),
            models.CheckConstraint(
                condition=Q(group=None, membership__isnull=False) | Q(group__isnull=False, membership=None),
                name="alert_one_recipient",
            ),
        ]
        indexes = [
            models.Index(fields=["group", "-raised_at"], condition=Q(acknowledged_at=None), name="alert_open_by_group"),
            models.Index(
                fields=["membership", "-raised_at"], condition=Q(acknowledged_at=None), name="alert_open_by_person"
            ),
            models.Index(fields=["kind", "subject_id"], condition=Q(acknowledged_at=None), name="alert_open_subject"),
        ]


class OutboxMessage(models.Model):
    """One e-mail to one person, written in the same transaction as its alert and sent by the dispatcher.

    It is sent at least once, always under the same Message-ID. While its receiver may not know of the thing (`kept_at`)
    it waits, and is never sent where nothing is left to do then.
    """

    id = models.BigAutoField(primary_key=True)
    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="messages")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    message_id = models.UUIDField(default=uuid.uuid4)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, blank=True)
    kept_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "membership"], name="outbox_once_per_person")]
        indexes = [models.Index(fields=["next_try_at"], condition=Q(sent_at=None), name="outbox_waiting")]
