"""What has to be put straight once everything is written."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F

from cases.clocks.models import Alert, OutboxMessage


def finish() -> None:
    """Let no e-mail go out about an alert that somebody took long ago: it counts as sent when it was raised."""
    taken = Alert.objects.filter(acknowledged_at__isnull=False)
    OutboxMessage.objects.filter(alert__in=taken).update(sent_at=F("next_try_at") + timedelta(seconds=8), tries=1)
