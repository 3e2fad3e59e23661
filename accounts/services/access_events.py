"""Writing down who looked at what, and who was refused."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest

from accounts.choices import AccessOutcome
from accounts.models import AccessEvent
from accounts.rules.viewers import Viewer


@dataclass(frozen=True)
class Trace:
    """Where a request came from: ids and hashes, nothing that names a child."""

    request_id: str = ""
    ip_address: str | None = None
    session_hash: str = ""


def trace_of(request: HttpRequest) -> Trace:
    """The trace of a request: of a system, the part of its token that is no secret stands for the session."""
    token = getattr(request, "service_token", None)
    session_key = f"token {token.prefix}" if token else request.session.session_key or ""
    return Trace(
        request_id=getattr(request, "request_id", ""),
        ip_address=request.META.get("REMOTE_ADDR") or None,
        session_hash=hashlib.sha256(session_key.encode()).hexdigest()[:16] if session_key else "",
    )


def record_access(
    *,
    viewer: Viewer,
    action: str,
    outcome: AccessOutcome,
    reason_code: str,
    child_id: UUID | None = None,
    shown_ids: Iterable[UUID] = (),
    categories: Iterable[str] = (),
    trace: Trace | None = None,
) -> None:
    """Write one access event.

    A read is written in the request's own transaction: no page leaves without its event. A refusal is written
    through the `audit` connection, which commits by itself, so that rolling the request back cannot erase it.
    """
    trace = trace or Trace()
    AccessEvent.objects.using("audit" if outcome == AccessOutcome.REFUSED else "default").create(
        user_id=viewer.user_id,
        membership_id=viewer.membership_id,
        agency_id=viewer.agency_id,
        role=viewer.role_key or (viewer.system.value if viewer.system else ""),
        action=action,
        outcome=outcome,
        reason_code=reason_code,
        child_id=child_id,
        shown_ids=list(shown_ids),
        categories=sorted(categories),
        request_id=trace.request_id,
        ip_address=trace.ip_address,
        session_hash=trace.session_hash,
    )
