"""The second step of signing in: set up, used, renewed, and reset by the data guardian.

The keys, the codes and the table are django-allauth's; what counts as used is kept in the row itself, under a lock, so
that no two web processes take the same code.
"""

from __future__ import annotations

from datetime import datetime

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from cryptography.fernet import InvalidToken
from django.db import transaction

from accounts.choices import AccessOutcome, AccountEventKind, NoticeKind, PlaceEnding
from accounts.models import User
from accounts.rules.refusals import Refusal
from accounts.rules.roles import Capability
from accounts.rules.second_factor import CodeRefused, check_not_used, counters_at
from accounts.rules.viewers import Viewer
from accounts.services.access_events import Trace, record_access
from accounts.services.account_events import note_account_event
from accounts.services.notices import tell
from accounts.services.places import end_places
from accounts.services.single_sign_on import unlink

TOTP_TYPE = Authenticator.Type.TOTP.value
CODES_TYPE = Authenticator.Type.RECOVERY_CODES.value
UNREADABLE = "Harbour can no longer read your second step. Ask the data guardian to reset it"
WRONG_CODE = "This code is not right. Enter the six digits that your app shows now, or a recovery code"


def _counter_of(secret: str, code: str, at: datetime) -> int | None:
    """The half-minute whose code was typed; None where it is none that holds at the instant."""
    for counter in reversed(counters_at(at)):
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, counter))):
            return counter
    return None


@transaction.atomic
def set_up_second_factor(
    *, user: User, secret: str, code: str, session_key: str = "", at: datetime, by: Viewer
) -> None:
    """Begin to ask for a code, once the person has shown that their app makes the right one, and make recovery codes.

    Wherever else they are signed in, on a password alone, they are signed out; `session_key` is where they are now.

    Refuses a code that is not the key's, and a second key beside one that is in use.
    """
    owner = User.objects.select_for_update().get(pk=user.pk)
    if Authenticator.objects.filter(user=owner, type=TOTP_TYPE).exists():
        raise Refusal("The second step is set up already. The data guardian can reset it.", code="second_factor_there")
    counter = _counter_of(secret, code, at)
    if counter is None:
        raise CodeRefused("This code is not right. Enter the six digits that your app shows now")
    row = TOTP.activate(owner, secret).instance
    row.data["last_counter"], row.last_used_at = counter, at
    row.save(update_fields=["data", "last_used_at"])
    _make_codes(owner)
    end_places(user=owner, ending=PlaceEnding.RESET, at=at, but=session_key)
    note_account_event(user=owner, kind=AccountEventKind.SECOND_FACTOR_SET, at=at, by=by)
    tell(user=owner, kind=NoticeKind.SECOND_FACTOR_SET, at=at)


def _make_codes(user: User) -> None:
    Authenticator.objects.filter(user=user, type=CODES_TYPE).delete()
    RecoveryCodes.activate(user)


@transaction.atomic
def renew_recovery_codes(*, user: User, at: datetime, by: Viewer) -> None:
    """Make new recovery codes; those made before open nothing from now on. Refuses where there is no second step."""
    owner = User.objects.select_for_update().get(pk=user.pk)
    if not Authenticator.objects.filter(user=owner, type=TOTP_TYPE).exists():
        raise Refusal("Set up the second step first: it comes with recovery codes.", code="no_second_factor")
    _make_codes(owner)
    note_account_event(user=owner, kind=AccountEventKind.CODES_RENEWED, at=at, by=by)
    tell(user=owner, kind=NoticeKind.CODES_RENEWED, at=at)


@transaction.atomic
def show_recovery_codes(*, user: User) -> list[str]:
    """The recovery codes, the first time that they are asked for after they were made; afterwards none."""
    row = Authenticator.objects.select_for_update().filter(user=user, type=CODES_TYPE).first()
    if row is None or RecoveryCodes(row).did_view:
        return []
    codes = RecoveryCodes(row)
    codes.mark_as_viewed()
    return [str(code) for code in codes.generate_codes()]


def check_second_factor(*, user: User, code: str, at: datetime) -> None:
    """Take a code of the person's app, or one of their recovery codes, which then opens nothing any more.

    Refuses a code that is wrong, or was used before, and every code where the key under which it was kept is gone. The
    rows are locked: of two who send one code, one is refused.
    """
    try:
        _take_code(user, code, at)
    except InvalidToken:
        raise CodeRefused(UNREADABLE) from None


@transaction.atomic
def _take_code(user: User, code: str, at: datetime) -> None:
    rows = {row.type: row for row in Authenticator.objects.select_for_update().filter(user=user).order_by("type")}
    app = rows.get(TOTP_TYPE)
    counter = _counter_of(decrypt(app.data["secret"]), code, at) if app else None
    if app is not None and counter is not None:
        check_not_used(counter, app.data.get("last_counter"))
        app.data["last_counter"], app.last_used_at = counter, at
        app.save(update_fields=["data", "last_used_at"])
        return
    codes = rows.get(CODES_TYPE)
    if codes is None or not RecoveryCodes(codes).validate_code(code):
        raise CodeRefused(WRONG_CODE)
    note_account_event(user=user, kind=AccountEventKind.RECOVERY_CODE_USED, at=at, by=Viewer(user_id=user.pk))
    tell(user=user, kind=NoticeKind.RECOVERY_CODE_USED, at=at)


@transaction.atomic
def reset_second_factor(*, user: User, reason: str, at: datetime, trace: Trace, by: Viewer) -> None:
    """Take somebody's second step away, so that they set up another: a telephone was lost. The person is told.

    Links to a single sign-on go with it: what was lost or stolen may have made one.

    Refuses anybody but the data guardian, their own account, and somebody who has none.
    """
    if not by.may(Capability.AUDIT):
        raise Refusal("The data guardian alone resets somebody’s second step.", code="role_lacks")
    if user.pk == by.user_id:
        raise Refusal("Nobody resets their own second step. Ask another data guardian.", code="own_account")
    owner = User.objects.select_for_update().get(pk=user.pk)
    removed, _ = Authenticator.objects.filter(user=owner).delete()
    if not removed + unlink(user=owner):
        raise Refusal(
            "This person has not set up a second step, so there is nothing to reset.", code="no_second_factor"
        )
    end_places(user=owner, ending=PlaceEnding.RESET, at=at)
    note_account_event(user=owner, kind=AccountEventKind.SECOND_FACTOR_RESET, at=at, reason=reason, by=by)
    tell(user=owner, kind=NoticeKind.SECOND_FACTOR_RESET, at=at)
    record_access(
        viewer=by,
        action="accounts:reset_second_factor",
        outcome=AccessOutcome.ALLOWED,
        reason_code="second_factor_reset",
        trace=trace,
    )
