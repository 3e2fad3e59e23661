"""Service accounts: a system of an agency that sends what its people would otherwise type."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pghistory
from django.db import transaction
from django.utils import timezone

from accounts.models import Agency, ApiToken, Membership, User
from accounts.rules.refusals import Refusal
from accounts.rules.roles import Capability
from accounts.rules.tokens import check_lasts, check_may_serve, check_not_revoked, hash_of, new_token
from accounts.rules.viewers import Viewer


def _check_administers(by: Viewer | None) -> None:
    """A command at the server's own keyboard has no viewer; everybody else must be an administrator."""
    if by is not None and not by.may(Capability.ADMINISTER):
        raise Refusal("Service accounts are looked after by the technical administrator.", code="role_lacks")


@transaction.atomic
def add_service_account(*, name: str, agency: Agency, at: datetime, by: Viewer | None) -> Membership:
    """Let a system of an agency act for it, in the role that systems of its sector have.

    The account has no password that could ever be right, so that nobody signs in with it. Refuses an agency whose
    systems have nothing to send.
    """
    _check_administers(by)
    role = check_may_serve(agency.sector)
    user = User(username=_username(name), full_name=name, is_service=True, job_title="Service account", date_joined=at)
    user.set_unusable_password()
    user.save()
    return Membership.objects.create(user=user, agency=agency, role=role, started_on=timezone.localdate(at))


def _username(name: str) -> str:
    """A sign-in name that no person has: it cannot be used to sign in, and tells systems from people in lists."""
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "system"
    taken = set(User.objects.filter(username__startswith=f"service:{stem}").values_list("username", flat=True))
    names = (f"service:{stem}{f'-{number}' if number > 1 else ''}" for number in range(1, len(taken) + 2))
    return next(each for each in names if each not in taken)


@transaction.atomic
def give_token(
    *, membership: Membership, name: str, days: int, at: datetime, by: Viewer | None
) -> tuple[ApiToken, str]:
    """Make a token for a service account. Returns the row and the token itself, which nobody can read again.

    Refuses a time that is not offered.
    """
    _check_administers(by)
    check_lasts(days)
    spoken = new_token()
    token = ApiToken.objects.create(
        user=membership.user,
        name=name,
        prefix=spoken.prefix,
        secret_hash=hash_of(spoken.secret),
        created_at=at,
        created_by_id=by.user_id if by else None,
        expires_at=at + timedelta(days=days),
    )
    return token, spoken.text


@transaction.atomic
def revoke_token(*, token: ApiToken, at: datetime, by: Viewer) -> ApiToken:
    """End a token now: the next request with it is refused. Refuses one that was revoked already."""
    _check_administers(by)
    kept = ApiToken.objects.select_for_update().get(pk=token.pk)
    check_not_revoked(kept.revoked_at)
    kept.revoked_at, kept.revoked_by_id = at, by.person_id
    kept.save(update_fields=["revoked_at", "revoked_by"])
    return kept


def note_token_used(*, token: ApiToken, on: date) -> None:
    """Write down the day on which a token was last used: once a day, not with each request."""
    if token.last_used_on == on:
        return
    with pghistory.context(user=token.user_id, reason="api"):
        ApiToken.objects.filter(pk=token.pk).exclude(last_used_on=on).update(last_used_on=on)
