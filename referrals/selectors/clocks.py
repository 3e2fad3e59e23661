"""By when a notification must be decided: what should have a clock or an alert, and what is late."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse

from cases.clocks.choices import ClockKind, ClockState
from cases.clocks.models import Clock
from cases.clocks.selectors import should_run
from referrals.choices import NotificationStatus
from referrals.models import MatchQuestion, Notification

DECIDING = (ClockKind.NOTIFICATION_DECIDED, ClockKind.URGENT_NOTIFICATION_DECIDED)


def deciding_clock(notification: Notification) -> ClockKind:
    """The kind of clock under which a notification waits."""
    return ClockKind.URGENT_NOTIFICATION_DECIDED if notification.urgent else ClockKind.NOTIFICATION_DECIDED


def with_due_at(rows: QuerySet[Notification]) -> QuerySet[Notification]:
    """Notifications with the time by which the running clock wants each decided (`due_at`); NULL where none runs."""
    running = Clock.objects.filter(kind__in=DECIDING, subject_id=OuterRef("pk"), state=ClockState.RUNNING)
    return rows.annotate(due_at=Subquery(running.values("due_at")[:1]))


def is_late(notification: Notification, *, at: datetime) -> bool:
    """Whether a notification from `with_due_at` waits past the time by which it had to be decided."""
    due_at: datetime | None = getattr(notification, "due_at", None)
    return due_at is not None and due_at <= at


def _waiting(at: datetime, *, urgent: bool) -> QuerySet[Notification]:
    return Notification.objects.filter(urgent=urgent, status=NotificationStatus.SENT, sent_at__lte=at)


def urgent_and_waiting(at: datetime) -> QuerySet[Any]:
    """The ids of notifications that say something urgent and that nobody has decided on: each must have an alert."""
    return _waiting(at, urgent=True).values("pk")


def to_decide(at: datetime) -> QuerySet[Any]:
    """Waiting notifications, as the sweep asks for what should have a clock."""
    return should_run(_waiting(at, urgent=False), anchored_at="sent_at")


def to_decide_urgently(at: datetime) -> QuerySet[Any]:
    """Urgent waiting notifications, as the sweep asks for what should have a clock."""
    return should_run(_waiting(at, urgent=True), anchored_at="sent_at")


def notification_addresses(ids: list[UUID]) -> dict[UUID, str]:
    """Where each notification is decided."""
    rows = Notification.objects.filter(pk__in=ids).values_list("pk", "reference")
    return {pk: reverse("referrals:triage_detail", args=[reference]) for pk, reference in rows}


def question_addresses(ids: list[UUID]) -> dict[UUID, str]:
    """Where each question to the guardians is answered."""
    rows = MatchQuestion.objects.filter(pk__in=ids).values_list("pk", flat=True)
    return {pk: reverse("referrals:triage_question", args=[pk]) for pk in rows}
