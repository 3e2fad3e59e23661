"""Inviting people, and the link by which they set a password: once, and for a while."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from accounts.choices import AccountEventKind, NoticeKind, PlaceEnding
from accounts.models import Agency, Invitation, User
from accounts.rules.life import (
    INVITED_FOR,
    LINK_FOR,
    AccountRefused,
    check_administers,
    check_domain,
    check_not_own,
)
from accounts.rules.roles import signs_in_by_code
from accounts.rules.viewers import Viewer
from accounts.services.account_events import note_account_event
from accounts.services.memberships import RoleAsked, ask_for_role
from accounts.services.notices import tell
from accounts.services.places import end_places


@dataclass(frozen=True)
class Invited:
    """Who is invited: name, work address and job."""

    full_name: str
    email: str
    job_title: str


@transaction.atomic
def invite_person(*, invited: Invited, agency: Agency, role: str, reason: str, at: datetime, by: Viewer) -> User:
    """Make an account for somebody, ask for their role, and send a link by which they set a password; or, where they
    will only refer, the way to the page that sends them a code.

    Until a role that opens files has been given by a second person, the account sees nothing. Refuses anybody but the
    administrator, an address that is not the agency's, one that has an account, and a role that would bring a second
    health service into the agency.
    """
    check_administers(by)
    check_domain(invited.email, agency.email_domains)
    if User.objects.filter(email__iexact=invited.email).exists():
        raise AccountRefused("Somebody with this address has an account already. Find them in the list.", field="email")
    user = User(
        username=_username(invited.email),
        full_name=invited.full_name,
        email=invited.email.lower(),
        job_title=invited.job_title,
        date_joined=at,
    )
    user.set_unusable_password()
    user.save()
    note_account_event(user=user, kind=AccountEventKind.INVITED, at=at, reason=reason, by=by)
    ask_for_role(user=user, asked=RoleAsked(agency, role, reason), at=at, by=by)
    if signs_in_by_code([role]):
        tell(user=user, kind=NoticeKind.INVITED_BY_CODE, at=at)
    else:
        _send_link(user, NoticeKind.INVITED, lasts=INVITED_FOR, at=at)
    return user


def _username(email: str) -> str:
    """A sign-in name after the address, which nobody else has."""
    stem = re.sub(r"[^a-z0-9.]+", "-", email.partition("@")[0].lower()).strip("-.")[:60] or "person"
    taken = set(User.objects.filter(username__startswith=stem).values_list("username", flat=True))
    names = (f"{stem}{number if number > 1 else ''}" for number in range(1, len(taken) + 2))
    return next(each for each in names if each not in taken)


def _send_link(user: User, kind: NoticeKind, *, lasts: timedelta, at: datetime) -> Invitation:
    Invitation.objects.filter(user=user, used_at=None, expires_at__gt=at).update(expires_at=at)
    notice = tell(user=user, kind=kind, at=at)
    return Invitation.objects.create(user=user, notice=notice, made_at=at, expires_at=at + lasts)


@transaction.atomic
def send_password_link(*, user: User, at: datetime, by: Viewer) -> Invitation:
    """Send somebody a link to set a new password; links sent before open nothing any more.

    The password they have goes on until the link is used. Refuses anybody but the administrator, their own account, and
    one that is closed.
    """
    check_administers(by)
    check_not_own(user.pk, by)
    owner = User.objects.select_for_update().get(pk=user.pk)
    if not owner.is_active:
        raise AccountRefused("This account is closed, so no link is sent to it.")
    note_account_event(user=owner, kind=AccountEventKind.LINK_SENT, at=at, by=by)
    if owner.last_login is None and not owner.has_usable_password():
        return _send_link(owner, NoticeKind.INVITED, lasts=INVITED_FOR, at=at)
    return _send_link(owner, NoticeKind.PASSWORD_LINK, lasts=LINK_FOR, at=at)


@transaction.atomic
def set_password_by_link(*, invitation: Invitation, password: str, at: datetime) -> User:
    """Set a password by a link, which opens nothing afterwards; wherever the person was signed in, they no longer are.

    Refuses a link that was used, has expired, or belongs to an account that is closed. Raises ValidationError for a
    password that is too easy.
    """
    row = Invitation.objects.select_for_update(of=("self",)).select_related("user").get(pk=invitation.pk)
    if not link_opens(row, at):
        raise AccountRefused("This link has been used or has expired. Ask for another.")
    user = User.objects.select_for_update().get(pk=row.user_id)
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    row.used_at = at
    row.save(update_fields=["used_at"])
    end_places(user=user, ending=PlaceEnding.RESET, at=at)
    note_account_event(user=user, kind=AccountEventKind.PASSWORD_SET, at=at, by=Viewer(user_id=user.pk))
    tell(user=user, kind=NoticeKind.PASSWORD_SET, at=at)
    return user


def link_opens(invitation: Invitation, at: datetime) -> bool:
    """Whether a link may be used still."""
    return invitation.used_at is None and at < invitation.expires_at and invitation.user.is_active
