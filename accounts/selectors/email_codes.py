"""Who signs in by a code to the work address, and how many codes were asked for of late."""

from __future__ import annotations

from datetime import date, datetime

from accounts.models import Membership, SignInCode, User
from accounts.rules.roles import signs_in_by_code


def codes_asked(*, address: str, ip_address: str | None, since: datetime) -> tuple[int, int]:
    """How many codes were asked for, for one address and from one place."""
    lately = SignInCode.objects.filter(asked_at__gt=since)
    return lately.filter(address=address).count(), lately.filter(ip_address=ip_address).count()


def person_at(address: str) -> User | None:
    """The person with a work address whose account is open; None where there is none, or more than one."""
    found = User.objects.filter(email__iexact=address, is_active=True, is_service=False)[:2]
    return found[0] if len(found) == 1 else None


def may_sign_in_by_code(user_id: int, *, on: date) -> bool:
    """Whether a code is enough for somebody on a day: asked before one is sent, when it is typed, and at each page."""
    return signs_in_by_code(Membership.objects.current(on).filter(user=user_id).values_list("role", flat=True))
