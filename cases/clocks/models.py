"""Alerts, and the messages that carry them out of the system."""

import uuid

import pghistory
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Membership, User
from cases.clocks.choices import AlertKind


@pghistory.track()
class Alert(models.Model):
    """Something that somebody must look at. The row is the record; e-mail only rings the bell.

    The dedupe key makes an alert one, however often it is derived. It is acknowledged by a person, or the next
    step of its ladder is raised. Steps are rows, counted from 1.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dedupe_key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=40, choices=AlertKind)
    step = models.PositiveSmallIntegerField(default=1)
    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="+")
    subject_id = models.UUIDField(help_text="The notification, clock or episode it is about")
    raised_at = models.DateTimeField(db_default=Now())
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="alert_acknowledgement_paired",
            )
        ]
        indexes = [
            models.Index(fields=["group", "-raised_at"], condition=Q(acknowledged_at=None), name="alert_open_by_group")
        ]


class OutboxMessage(models.Model):
    """One e-mail to one person, written in the same transaction as its alert and sent by the dispatcher.

    It is sent at least once, always under the same Message-ID.
    """

    id = models.BigAutoField(primary_key=True)
    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="messages")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    message_id = models.UUIDField(default=uuid.uuid4)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "membership"], name="outbox_once_per_person")]
        indexes = [models.Index(fields=["next_try_at"], condition=Q(sent_at=None), name="outbox_waiting")]
