"""How a person's second step stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

from accounts.models import User


@dataclass(frozen=True)
class SecondFactor:
    """A second step that is set up: since when, when a code of the app was last used, and how many codes are left."""

    since: datetime
    used_at: datetime | None
    codes_left: int
    codes_shown: bool


def has_second_factor(user_id: int) -> bool:
    """Whether signing in asks this person for a code."""
    return bool(Authenticator.objects.filter(user_id=user_id, type=Authenticator.Type.TOTP).exists())


def second_factor_of(user: User) -> SecondFactor | None:
    """How the second step of a person stands; None where it is not set up."""
    rows = {row.type: row for row in Authenticator.objects.filter(user=user)}
    app, codes = rows.get(Authenticator.Type.TOTP), rows.get(Authenticator.Type.RECOVERY_CODES)
    if app is None:
        return None
    kept = RecoveryCodes(codes) if codes else None
    return SecondFactor(
        since=app.created_at,
        used_at=app.last_used_at,
        codes_left=len(kept.get_unused_codes()) if kept else 0,
        codes_shown=bool(kept and kept.did_view),
    )


def with_second_factor(user_ids: list[int]) -> set[int]:
    """Which of some people have set up a second step."""
    rows = Authenticator.objects.filter(user_id__in=user_ids, type=Authenticator.Type.TOTP)
    return set(rows.values_list("user_id", flat=True))
