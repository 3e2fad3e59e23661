"""What has happened to the accounts of the invented people before today."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.db.models import F

from accounts.models import Notice, User
from accounts.rules.second_factor import PERIOD
from accounts.services.second_factor import renew_recovery_codes, set_up_second_factor
from config.demo.people import World, second_step_keys


def live_accounts(world: World, *, until: datetime) -> None:
    """Set up somebody's second step, have its recovery codes renewed once, and let every e-mail have gone in time."""
    morning = until + timedelta(hours=10)
    for username, key in second_step_keys().items():
        if key:
            _set_up(world, username, key, at=morning - timedelta(days=200))
            renew_recovery_codes(
                user=world.members[username].user, at=morning - timedelta(days=40), by=world.viewers[username]
            )
    Notice.objects.filter(sent_at=None).update(sent_at=F("made_at"), seen_at=F("made_at"))


def _set_up(world: World, username: str, key: str, *, at: datetime) -> None:
    user: User = world.members[username].user
    code = format_hotp_value(hotp_value(key, int(at.timestamp()) // PERIOD))
    set_up_second_factor(user=user, secret=key, code=code, at=at, by=world.viewers[username])
    Authenticator.objects.filter(user=user).update(created_at=at)
