"""What the tests of who is shown what need beside the factories: a lead, a look, and rows by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from accounts.choices import AccessOutcome, FunctionKey
from accounts.models import AccessEvent, Membership, User
from accounts.rules.refusals import NotKnown
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from cases.access.models import Block
from cases.record.models import Child, Involvement
from tests.factories.cases import provenance

HOUR, DAY, TICK = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
ROLE, GUARDIANS, POINT = "csc_social_worker", FunctionKey.DATA_GUARDIANS, FunctionKey.NOTIFICATION_POINT


def lead(child: Child, member: Membership, **said: Any) -> Involvement:
    """They work with the child, and lead unless told."""
    worker = {"membership": member, "working_agency": member.agency, "role": "social_worker", "is_lead": True}
    return Involvement.objects.create(
        **{"child": child, "started_on": "2026-01-05", **worker, **provenance(viewer_of(member)), **said}
    )


def unblock(row: Block, at: datetime) -> None:
    Block.objects.filter(pk=row.pk).update(ended_at=at, ended_by=row.placed_by)


def named(rows: Mapping[str, Any], found: Any) -> set[str]:
    """The names of those rows that were found."""
    keys = {getattr(row, "access", row).pk for row in found}
    assert keys <= {row.pk for row in rows.values()}
    return {name for name, row in rows.items() if row.pk in keys}


def one_by_one(rows: Mapping[str, Any], find: Callable[..., Any], viewer: Viewer, at: datetime) -> set[str]:
    found = {name: find(viewer, row.pk, at=at) for name, row in rows.items()}
    assert all(getattr(one, "access", one).pk == rows[name].pk for name, one in found.items() if one is not None)
    return {name for name, one in found.items() if one is not None}


def event(user: User | None, member: Membership | None = None, **fields: Any) -> AccessEvent:
    """A look now: no other time can be written."""
    who = {"user_id": user and user.pk, "membership_id": member and member.pk}
    row = AccessEvent.objects.create(
        **{**who, "action": "cases:file", "outcome": AccessOutcome.ALLOWED, "reason_code": "granted", **fields}
    )
    row.refresh_from_db()
    return row


def or_none(find: Callable[..., Any], *asked: Any, **said: Any) -> Any:
    """What is found, or None where it is answered as for what never was."""
    try:
        found = find(*asked, **said)
    except NotKnown:
        return None
    assert found is not None, "Nothing is not handed out as if it were something"
    return found
