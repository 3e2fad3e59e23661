"""Service accounts and their tokens: who an Authorization header is, and what the administrator sees of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import Agency, ApiToken, Membership
from accounts.rules.tokens import SERVICE_ROLES, is_secret_of, read_token, why_not


@dataclass(frozen=True)
class Shown:
    """What came of a token that was shown: the token where it opens, else why it does not, in words for its sender."""

    token: ApiToken | None = None
    reason: str = ""


def token_shown(header: str, *, at: datetime) -> Shown:
    """The token of an Authorization header at an instant. What is said of a wrong one tells nothing of any other."""
    spoken = read_token(header)
    if spoken is None:
        return Shown(reason="Send your token as: Authorization: Bearer hbr_…")
    token = ApiToken.objects.select_related("user").filter(prefix=spoken.prefix).first()
    if not is_secret_of(spoken.secret, token.secret_hash if token else "") or token is None:
        return Shown(reason="This token is not known. Check that it was copied whole.")
    reason = why_not(expires_at=token.expires_at, revoked_at=token.revoked_at, at=at)
    if not reason and not (token.user.is_active and token.user.is_service):
        reason = "The account of this token is closed."
    return Shown(reason=reason) if reason else Shown(token)


def service_memberships() -> list[Membership]:
    """Every service account by agency and name: the role it acts in, whether or not that has ended."""
    return list(
        Membership.objects.filter(user__is_service=True)
        .select_related("user", "agency")
        .order_by("agency__name", "user__full_name", "pk")
    )


def service_membership(membership_id: UUID) -> Membership | None:
    """One service account that may still act."""
    rows = Membership.objects.filter(pk=membership_id, user__is_service=True, user__is_active=True, ended_on=None)
    return rows.select_related("user", "agency").first()


def tokens_of_services() -> list[ApiToken]:
    """Every token that was ever given, the newest first."""
    return list(ApiToken.objects.select_related("user", "created_by", "revoked_by").order_by("-created_at", "pk"))


def token_of_service(token_id: UUID) -> ApiToken | None:
    """One token with its account."""
    return ApiToken.objects.select_related("user", "created_by", "revoked_by").filter(pk=token_id).first()


def agencies_that_send() -> list[Agency]:
    """Agencies whose systems have something to send, by name."""
    return list(Agency.objects.filter(ended_on=None, sector__in=SERVICE_ROLES).order_by("name"))
