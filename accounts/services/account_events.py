"""What happened to an account, written down for those who look after accounts."""

from datetime import datetime

from accounts.choices import AccountEventKind
from accounts.models import AccountEvent, User
from accounts.rules.viewers import Viewer


def note_account_event(
    *, user: User, kind: AccountEventKind, at: datetime, reason: str = "", detail: str = "", by: Viewer | None
) -> AccountEvent:
    """Write one event in the transaction of what it tells of. `by` is None where the system did it by itself."""
    return AccountEvent.objects.create(
        user=user,
        kind=kind,
        at=at,
        by_id=by.user_id if by else None,
        by_membership_id=by.membership_id if by else None,
        reason=reason,
        detail=detail[:300],
    )
