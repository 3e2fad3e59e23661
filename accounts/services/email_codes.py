"""Signing in by a code that is sent to the work address, for people who refer children and open no file.

Whoever asks is answered at once and alike, for every address: the page writes one row and looks for nobody. Whose
address it is, and whether their account signs in by a code, is found out by the task that sends the e-mail.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from allauth.core.internal.cryptokit import compare_user_code
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import SignInCode, User
from accounts.rules.email_codes import HOLDS_FOR, KEPT_FOR, check_may_ask, code_is_open, letters_of
from accounts.rules.second_factor import CodeRefused
from accounts.rules.sign_in import COOL_OFF
from accounts.selectors.email_codes import codes_asked, may_sign_in_by_code, person_at
from accounts.services.mailing import letter, send_waiting, try_to_send

log = logging.getLogger("harbour.sign_in_codes")
SALT = "harbour.sign-in-code"
WRONG = "This code is not right. Enter the eight letters of the last email that we sent you"
OVER = "This code no longer works: it holds for 10 minutes, once, and for five tries. Ask for another"


def code_of(code_id: UUID) -> str:
    """The code of a row: nobody who has a copy of the database can make it."""
    return letters_of(salted_hmac(SALT, str(code_id), algorithm="sha256").digest())


@transaction.atomic
def ask_for_code(*, address: str, ip_address: str | None, at: datetime) -> SignInCode:
    """Write down that a code was asked for; nothing here depends on whether there is such an address.

    Refuses more than five for one address, or twenty from one place, within a quarter of an hour.
    """
    address = address.lower()
    check_may_ask(*codes_asked(address=address, ip_address=ip_address, since=at - COOL_OFF))
    return SignInCode.objects.create(address=address, ip_address=ip_address, asked_at=at, next_try_at=at)


def send_codes(at: datetime) -> int:
    """Send the codes that were asked for to those whose they are. Returns how many were dealt with."""
    return send_waiting(lambda: _send_next(at))


@transaction.atomic
def _send_next(at: datetime) -> bool | None:
    row = (
        SignInCode.objects.select_for_update(skip_locked=True)
        .filter(sent_at=None, next_try_at__lte=at, asked_at__gt=at - HOLDS_FOR)
        .order_by("next_try_at", "pk")
        .first()
    )
    if row is None:
        return None
    user = person_at(row.address)
    if user is None:
        row.next_try_at = None
        row.save(update_fields=["next_try_at"])
        return True
    row.user = user
    row.save(update_fields=["user"])
    mail = _mail(row, user, at)
    return try_to_send(row, mail, at=at, wait_after=lambda tries: timedelta(seconds=15), log=log, event="code_mail")


def _mail(row: SignInCode, user: User, at: datetime) -> EmailMessage:
    """To the address that the account has, never to the one that was typed."""
    if may_sign_in_by_code(user.pk, on=timezone.localdate(at)):
        subject = "Harbour: your code to sign in"
        body = (
            f"Your code: {code_of(row.pk)}\n\n"
            "Enter it in the window where you asked for it, within 10 minutes of asking. Nobody from Harbour will ever "
            "ask you for it.\n\nIf you did not ask for a code, do nothing: without it nobody signs in.\n"
        )
    else:
        subject = "Harbour: how you sign in"
        body = (
            "A code to sign in was asked for with this address. Your account does not sign in by a code: use your "
            "username and password. If you have none, ask your agency’s technical administrator for a link to set "
            f"one.\n\nIf you did not ask for a code, do nothing.\n\n{settings.BASE_URL}\n"
        )
    return letter(subject=subject, body=body, to=user.email, message_id=row.message_id)


def take_code(*, code_id: UUID, code: str, at: datetime) -> User:
    """The person whom a typed code lets in, once. The row is locked: of two who send one code, one is refused.

    Refuses a code that is wrong, was used, is too old, or was tried too often, and every code of somebody who may by
    now open a file, or whose account is closed. A wrong one is counted; the answer is the same whoever was asked for.
    """
    user = _take(code_id, code, at)
    if user is None:  # outside the transaction, which keeps the count of what was wrong
        raise CodeRefused(WRONG)
    return user


@transaction.atomic
def _take(code_id: UUID, code: str, at: datetime) -> User | None:
    row = SignInCode.objects.select_for_update().filter(pk=code_id).first()
    if row is None or not code_is_open(row.asked_at, at, wrong=row.wrong, used=row.used_at is not None):
        raise CodeRefused(OVER, code="code_over")
    right = compare_user_code(actual=code, expected=code_of(row.pk))
    whose = row.user_id or 0  # the same questions to the database where it is nobody's
    user = User.objects.filter(pk=whose, is_active=True, is_service=False).first()
    allowed = may_sign_in_by_code(whose, on=timezone.localdate(at))
    if not right or user is None or not allowed:
        row.wrong += 1
        row.save(update_fields=["wrong"])
        return None
    row.used_at = at
    row.save(update_fields=["used_at"])
    return user


def purge_codes(*, at: datetime) -> int:
    """Forget, after a day, that codes were asked for. Returns how many."""
    count, _ = SignInCode.objects.filter(asked_at__lt=at - KEPT_FOR).delete()
    return count
