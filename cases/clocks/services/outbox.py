"""The dispatcher: takes one e-mail a transaction, so that a lock is the lease and dies with its connection."""

import logging
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from accounts.selectors import viewer_of
from accounts.services.mailing import MOST_IN_ONE_RUN, letter, send_waiting, try_to_send
from cases.clocks.models import Alert, OutboxMessage
from cases.clocks.rules import Tone, tone_of, wait_after
from cases.clocks.selectors import definition_of, may_be_told

log = logging.getLogger("harbour.alerts")


def dispatch(at: datetime, *, most: int = MOST_IN_ONE_RUN) -> int:
    """Send the e-mails that are due at the instant `at`. Returns how many went out.

    None goes to somebody who may not know any more of what it is about: a conflict of interest or a restriction that
    was written down since, or a subject that an app keeps from them. An e-mail that fails is tried again after a
    growing wait, for ever, always under the same Message-ID. After some failures in a row the run ends: the mail server
    is given time until the next.
    """
    return send_waiting(lambda: _send_next(at), most=most)


@transaction.atomic
def _send_next(at: datetime) -> bool | None:
    while (message := _next_due(at)) is not None:
        if may_be_told(viewer_of(message.membership), message.alert, at=at):
            return try_to_send(
                message, _mail(message), at=at, wait_after=wait_after, log=log, event="alert_mail_failed"
            )
        message.kept_at = at
        message.save(update_fields=["kept_at"])
    return None


def _next_due(at: datetime) -> OutboxMessage | None:
    return (
        OutboxMessage.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(sent_at=None, kept_at=None, next_try_at__lte=at)
        .select_related("membership__user", "membership__agency", "alert__clock__definition")
        .order_by("next_try_at", "pk")
        .first()
    )


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
