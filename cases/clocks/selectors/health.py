"""Whether alerts are alive: when the sweep last finished, and how long an e-mail has waited."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from django.conf import settings
from django.db import DatabaseError, connection, transaction

SWEEP_MAY_BE_OLD = timedelta(minutes=5)
MAIL_MAY_WAIT = timedelta(minutes=15)
log = logging.getLogger("harbour.alerts")

# An e-mail waits from when its alert was raised: a try that fails only moves the next one.
LOOK = """
SELECT clock_timestamp(),
       (SELECT max(finished_at) FROM cases_sweeprun WHERE finished_at IS NOT NULL),
       (SELECT min(alert.raised_at)
        FROM cases_outboxmessage AS message JOIN cases_alert AS alert ON alert.id = message.alert_id
        WHERE message.sent_at IS NULL AND message.kept_at IS NULL),
       EXISTS (SELECT FROM cases_outboxmessage WHERE sent_at > clock_timestamp() - make_interval(secs => %s))
"""


@dataclass(frozen=True)
class AlertsHealth:
    """What the database says of the sweep and of the e-mails, at its own instant `at`."""

    at: datetime
    swept_at: datetime | None
    waiting_since: datetime | None
    mail_flows: bool

    @property
    def sweep_is_old(self) -> bool:
        return self.swept_at is None or self.at - self.swept_at > SWEEP_MAY_BE_OLD

    @property
    def mail_is_late(self) -> bool:
        return self.waiting_since is not None and self.at - self.waiting_since > MAIL_MAY_WAIT

    @property
    def well(self) -> bool:
        return not (self.sweep_is_old or self.mail_is_late)

    @property
    def delayed_since(self) -> datetime | None:
        """Since when people must not rely on alerts: the sweep stands still, or no e-mail at all goes out.

        One person's address that takes no mail is for whoever looks after the system, not for every page. Before the
        first sweep there is nothing to be late.
        """
        if self.swept_at is not None and self.sweep_is_old:
            return self.swept_at
        return self.waiting_since if self.mail_is_late and not self.mail_flows else None


def alerts_health() -> AlertsHealth:
    """How alerts are, by the database's clock: one small query."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOOK, [MAIL_MAY_WAIT.total_seconds()])
        return AlertsHealth(*cursor.fetchone())


class _Watch:
    """What was seen last, kept in this process for some seconds, so that a page costs no query of its own."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._looked: float | None = None
        self._since: datetime | None = None

    def since(self, seconds: float) -> datetime | None:
        with self._lock:
            looks = self._looked is None or time.monotonic() - self._looked >= seconds
            if looks:
                self._looked = time.monotonic()
        if looks:
            try:
                self._since = alerts_health().delayed_since
            except DatabaseError:
                log.error("alerts_watch_failed")
        return self._since

    def forget(self) -> None:
        self._looked = self._since = None


WATCH = _Watch()


def alerts_delayed_since() -> datetime | None:
    """Since when alerts have been late; None where they are not. Asks the database every `ALERTS_WATCH_SECONDS` in
    each process, and never where that is 0.
    """
    return WATCH.since(settings.ALERTS_WATCH_SECONDS) if settings.ALERTS_WATCH_SECONDS else None
