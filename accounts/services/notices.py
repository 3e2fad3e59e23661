"""Telling people about their own accounts: written with what happened, sent by e-mail until it has gone."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import transaction

from accounts.choices import NoticeKind
from accounts.models import Invitation, Notice, User
from accounts.rules.notices import words_of
from accounts.services.mailing import MOST_IN_ONE_RUN, letter, send_waiting, try_to_send

log = logging.getLogger("harbour.notices")
INVITATION_SALT = "harbour.invitation"
LONGEST_WAIT = timedelta(hours=1)


def tell(*, user: User, kind: NoticeKind, at: datetime, detail: str = "") -> Notice:
    """Write a notice, in the transaction of what it tells of: it goes out if that stands, and only then."""
    return Notice.objects.create(user=user, kind=kind, made_at=at, next_try_at=at, email=user.email, detail=detail)


def send_notices(at: datetime, *, most: int = MOST_IN_ONE_RUN) -> int:
    """Send the notices that are due. Returns how many went out.

    One that fails is tried again after a growing wait, always under the same Message-ID; after some failures in a row
    the mail server is given time until the next run.
    """
    return send_waiting(lambda: _send_next(at), most=most)


@transaction.atomic
def _send_next(at: datetime) -> bool | None:
    notice = (
        Notice.objects.select_for_update(skip_locked=True)
        .filter(sent_at=None, next_try_at__lte=at)
        .order_by("next_try_at", "pk")
        .first()
    )
    if notice is None:
        return None
    return try_to_send(notice, _mail(notice), at=at, wait_after=_wait_after, log=log, event="notice_mail_failed")


def _wait_after(tries: int) -> timedelta:
    doublings: int = min(tries, 10)
    return min(timedelta(seconds=30) * (1 << doublings), LONGEST_WAIT)


def _mail(notice: Notice) -> EmailMessage:
    words = words_of(notice.kind)
    return letter(
        subject=f"Harbour: {words.subject[:1].lower()}{words.subject[1:]}",
        body=f"{words.sentence}\n\n{settings.BASE_URL}{_link(notice)}\n",
        to=notice.email,
        message_id=notice.message_id,
    )


def _link(notice: Notice) -> str:
    """Where an invitation leads; every other notice leads to the front door."""
    if notice.kind == NoticeKind.INVITED_BY_CODE:
        return "/account/sign-in/by-email/"
    invitation = Invitation.objects.filter(notice=notice).first()
    return f"/account/welcome/{mark_of(invitation.pk)}/" if invitation else ""


def mark_of(invitation_id: UUID) -> str:
    """The signed name of an invitation that its e-mail carries: made when it is sent, and kept nowhere."""
    return signing.dumps(str(invitation_id), salt=INVITATION_SALT)


def invitation_of(mark: str) -> UUID | None:
    """The invitation that a mark names; None where it is not ours."""
    try:
        return UUID(signing.loads(mark, salt=INVITATION_SALT))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def mark_seen(*, notice_id: UUID, user_id: int, at: datetime) -> None:
    """The person has read a notice of their own at home; anybody else's stays as it is."""
    Notice.objects.filter(pk=notice_id, user_id=user_id, seen_at=None).update(seen_at=at)
