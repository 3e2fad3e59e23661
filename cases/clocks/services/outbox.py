"""The dispatcher: takes one e-mail a transaction, so that a lock is the lease and dies with its connection."""

import logging
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q

from accounts.selectors import viewer_of
from accounts.services.mailing import MOST_IN_ONE_RUN, letter, send_waiting, try_to_send
from cases.clocks.choices import ClockState
from cases.clocks.models import Alert, OutboxMessage
from cases.clocks.rules import LONGEST_WAIT, Tone, tone_of, wait_after
from cases.clocks.selectors import definition_of, may_be_told

log = logging.getLogger("harbour.alerts")
# Something is left to do about the thing: an e-mail that was kept from somebody may still be for them.
STANDS = Q(alert__acknowledged_at=None) & (Q(alert__clock=None) | Q(alert__clock__state=ClockState.RUNNING))


def dispatch(at: datetime, *, most: int = MOST_IN_ONE_RUN) -> int:
    """Send the e-mails that are due at the instant `at`. Returns how many went out.

    None goes to somebody who may not know now of what it is about: a conflict of interest or a restriction that was
    written down since, or a subject that an app keeps from them. Such a one waits. An e-mail that fails is tried
    again after a growing wait, for ever, always under the same Message-ID. After some failures in a row the run ends:
    the mail server is given time until the next.
    """
    return send_waiting(lambda: _send_next(at), most=most)


@transaction.atomic
def _send_next(at: datetime) -> bool | None:
    while (message := _next_due(at)) is not None:
        if may_be_told(viewer_of(message.membership), message.alert, at=at):
            OutboxMessage.objects.filter(pk=message.pk).update(kept_at=None)
            mail = _mail(message)
            return try_to_send(message, mail, at=at, wait_after=wait_after, log=log, event="alert_mail_failed")
        _keep(message, at=at)
    return None


def _keep(message: OutboxMessage, *, at: datetime) -> None:
    """Keep an e-mail from somebody who may not know of the thing now; what keeps it may end. Where it is kept from
    everybody, whoever looks after the service is told, as of an alert that reaches nobody.
    """
    first, message.kept_at, message.next_try_at = message.kept_at is None, at, at + LONGEST_WAIT
    message.save(update_fields=["kept_at", "next_try_at"])
    if first and not OutboxMessage.objects.filter(alert=message.alert_id, kept_at=None).exists():
        log.error("alert_reaches_nobody", extra={"alerts": 1})


def _next_due(at: datetime) -> OutboxMessage | None:
    return (
        OutboxMessage.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(Q(kept_at=None) | STANDS, sent_at=None, next_try_at__lte=at)
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
