"""The dispatcher: takes one e-mail a transaction, so that a lock is the lease and dies with its connection."""

import logging
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from accounts.services.mailing import MOST_IN_ONE_RUN, letter, send_waiting, try_to_send
from cases.clocks.models import Alert, OutboxMessage
from cases.clocks.rules import Tone, tone_of, wait_after
from cases.clocks.selectors import definition_of

log = logging.getLogger("harbour.alerts")


def dispatch(at: datetime, *, most: int = MOST_IN_ONE_RUN) -> int:
    """Send the e-mails that are due at the instant `at`. Returns how many went out.

    An e-mail that fails is tried again after a growing wait, for ever, always under the same Message-ID. After
    some failures in a row the run ends: the mail server is given time until the next.
    """
    return send_waiting(lambda: _send_next(at), most=most)


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
    return try_to_send(message, _mail(message), at=at, wait_after=wait_after, log=log, event="alert_mail_failed")


def _mail(message: OutboxMessage) -> EmailMessage:
    tone = _tone(message.alert)
    return letter(
        subject=tone.subject,
        body=f"{tone.sentence}\n\n{settings.BASE_URL}\n",
        to=message.membership.user.email,
        message_id=message.message_id,
    )


def _tone(alert: Alert) -> Tone:
    if alert.clock is None:
        return tone_of(alert.kind, after_due=None)
    rungs = definition_of(alert.clock.definition).rungs
    return tone_of(alert.kind, after_due=rungs[min(alert.step, len(rungs)) - 1].after_due)
