"""Files opened in an emergency, the smallest valid row of each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from accounts.models import Membership
from accounts.selectors import now
from cases.record.models import Child
from cases.sharing.models import EmergencyAccess


def make_emergency(
    child: Child, membership: Membership, *, opened_at: datetime | None = None, **fields: Any
) -> EmergencyAccess:
    """A row of the register, of yesterday unless told, without grant, alerts or clock."""
    opened_at = opened_at or now() - timedelta(days=1)
    return EmergencyAccess.objects.create(
        **{
            "child": child,
            "membership": membership,
            "kind": "missing",
            "reason": "She left the home an hour ago and nobody answers.",
            "opened_at": opened_at,
            "ends_at": opened_at + timedelta(minutes=60),
            **fields,
        }
    )
