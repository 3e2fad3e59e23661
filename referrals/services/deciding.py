"""The clock under which a notification waits for its decision, and the alerts of one that is urgent."""

from datetime import datetime

from accounts.rules.viewers import Viewer
from cases.clocks.choices import AlertKind, ClockKind
from cases.clocks.services import acknowledge_subject, cancel_clock, start_clock, start_ladder, stop_clock
from referrals.choices import NotificationStatus
from referrals.models import Notification
from referrals.selectors.clocks import DECIDING, deciding_clock


def start_deciding(*, notification: Notification, at: datetime, by: Viewer) -> None:
    """Start the clock of a notification that waits, and page people where it is urgent.

    One that becomes urgent when its Matrix is completed changes clocks; both count from when it was sent. One that is
    decided already has no clock, but people are still paged.
    """
    if notification.status == NotificationStatus.SENT:
        kind = deciding_clock(notification)
        if kind == ClockKind.URGENT_NOTIFICATION_DECIDED:
            cancel_clock(
                kind=ClockKind.NOTIFICATION_DECIDED,
                subject_id=notification.pk,
                why="The notification has become urgent",
                at=at,
                by=by,
            )
        start_clock(
            kind=kind, subject_id=notification.pk, child_id=None, anchored_at=notification.sent_at, at=at, by=by
        )
    if notification.urgent:
        start_ladder(kind=AlertKind.URGENT_NOTIFICATION, subject_id=notification.pk, at=at)


def stop_deciding(*, notification: Notification, at: datetime, by: Viewer) -> None:
    """Stop the clock of a notification that has been decided, and take its alerts."""
    for kind in DECIDING:
        stop_clock(kind=kind, subject_id=notification.pk, done_at=at, at=at, by=by)
    acknowledge_subject(kind=AlertKind.URGENT_NOTIFICATION, subject_id=notification.pk, at=at, by=by)
