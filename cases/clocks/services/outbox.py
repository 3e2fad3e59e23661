"""The dispatcher: takes one e-mail a transaction, so that a lock is the lease and dies with its connection."""

import logging
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from cases.clocks.models import Alert, OutboxMessage
from cases.clocks.rules import Tone, tone_of, wait_after
from cases.clocks.selectors import definition_of

log = logging.getLogger("harbour.alerts")

FAILURES_IN_A_ROW = 4
MOST_IN_ONE_RUN = 200


def dispatch(at: datetime, *, most: int = MOST_IN_ONE_RUN) -> int:
    """Send the e-mails that are due at the instant `at`. Returns how many went out.

    An e-mail that fails is tried again after a growing wait, for ever, always under the same Message-ID. After
    some failures in a row the run ends: the mail server is given time until the next.
    """
    sent = failures = 0
    for _ in range(most):
        went = _send_next(at)
        if went is None:
            break
        sent, failures = (sent + 1, 0) if went else (sent, failures + 1)
        if failures >= FAILURES_IN_A_ROW:
            break
    return sent


@transaction.atomic
def _send_next(at: datetime) -> bool | None:
    message = (
        OutboxMessage.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(sent_at=None, next_try_at__lte=at)
        .select_related("membership__user", "alert__clock__definition")
        .order_by("next_try_at", "pk")
        .first()
    )
    if message is None:
        return None
    try:
        _mail(message).send()
    except (OSError, ValueError) as error:  # what smtplib and a bad address raise; their words may hold addresses
        message.tries += 1
        message.next_try_at = at + wait_after(message.tries)
        message.last_error = type(error).__name__
        message.save(update_fields=["tries", "next_try_at", "last_error"])
        log.warning("alert_mail_failed", extra={"tries": message.tries, "error": message.last_error})
        return False
    message.sent_at, message.last_error = at, ""
    message.save(update_fields=["sent_at", "last_error"])
    return True


def _mail(message: OutboxMessage) -> EmailMessage:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    tone = _tone(message.alert)
    return EmailMessage(
        subject=tone.subject,
        body=f"{tone.sentence}\n\n{settings.BASE_URL}\n",
        to=[message.membership.user.email],
        headers={"Message-ID": f"<{message.message_id}@{domain}>", "Auto-Submitted": "auto-generated"},
    )


def _tone(alert: Alert) -> Tone:
    if alert.clock is None:
        return tone_of(alert.kind, after_due=None)
    rungs = definition_of(alert.clock.definition).rungs
    return tone_of(alert.kind, after_due=rungs[min(alert.step, len(rungs)) - 1].after_due)
