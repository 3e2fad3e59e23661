"""Sending e-mails that wait in a table: one a transaction, so that a lock is the lease and dies with its connection."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage

FAILURES_IN_A_ROW = 4
MOST_IN_ONE_RUN = 200


def send_waiting(send_next: Callable[[], bool | None], *, most: int = MOST_IN_ONE_RUN) -> int:
    """Send what waits, one after the other, until there is no more. Returns how many went out.

    `send_next` says whether one went, or None where none waits. After some failures in a row the run ends: the mail
    server is given time until the next.
    """
    sent = failures = 0
    for _ in range(most):
        went = send_next()
        if went is None:
            break
        sent, failures = (sent + 1, 0) if went else (sent, failures + 1)
        if failures >= FAILURES_IN_A_ROW:
            break
    return sent


def try_to_send(
    row: Any,
    mail: EmailMessage,
    *,
    at: datetime,
    wait_after: Callable[[int], timedelta],
    log: logging.Logger,
    event: str,
) -> bool:
    """Send the e-mail of a locked row, and write on the row that it went; or when it is tried again, and why.

    `wait_after` gives the wait after so many failed tries; `event` is what a failure is called in the log.
    """
    try:
        mail.send()
    except (OSError, ValueError) as error:  # what smtplib and a bad address raise; their words may hold addresses
        row.tries += 1
        row.next_try_at = at + wait_after(row.tries)
        row.last_error = type(error).__name__
        row.save(update_fields=["tries", "next_try_at", "last_error"])
        log.warning(event, extra={"tries": row.tries, "error": row.last_error})
        return False
    row.sent_at, row.last_error = at, ""
    row.save(update_fields=["sent_at", "last_error"])
    return True


def letter(*, subject: str, body: str, to: str, message_id: UUID) -> EmailMessage:
    """One e-mail to one person, always under the same Message-ID however often it is sent."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return EmailMessage(
        subject=subject,
        body=body,
        to=[to],
        headers={"Message-ID": f"<{message_id}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
