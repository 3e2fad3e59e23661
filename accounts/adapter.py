"""What django-allauth asks of Harbour: nobody signs up, by a provider neither, and secrets are kept encrypted."""

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest


class ClosedAccounts(DefaultAccountAdapter):
    """Accounts are made by inviting somebody, and in no other way."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class SingleSignOn(DefaultSocialAccountAdapter):
    """The providers are those of the settings, and none of a table; nobody gets an account by coming from one."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[Any]:
        from allauth.socialaccount.models import SocialApp  # not before the models are there

        return [
            SocialApp(
                provider="openid_connect",
                provider_id=each.id,
                name=each.name,
                client_id=each.client_id,
                secret=each.secret,
                settings={"server_url": each.server_url, "oauth_pkce_enabled": True},
            )
            for each in settings.SINGLE_SIGN_ON
            if provider in (None, each.id)
        ]


class SecondFactors(DefaultMFAAdapter):
    """Keys and recovery codes stand encrypted in the database, so that a copy of it signs nobody in."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def get_totp_label(self, user: Any) -> str:
        return str(user.username)


def _cipher() -> MultiFernet:
    """Encrypts under the first key; reads also what was encrypted under a key that it follows."""
    return MultiFernet(
        [
            Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"harbour.second-factor:{key}".encode()).digest()))
            for key in settings.SECOND_FACTOR_KEYS
        ]
    )
