"""The tokens by which another organisation's system speaks to Harbour: how one is made, read, compared and judged.

A token is `hbr_<8 signs>_<43 signs>`: the first part is kept and shown, so that people can say which token they mean;
of the second only a hash is kept. It holds 256 bits from the system's generator, so a plain hash cannot be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from accounts.choices import RoleKey, Sector
from accounts.rules.dates import day
from accounts.rules.refusals import Refusal

PATTERN = re.compile(r"hbr_([a-z0-9]{8})_([A-Za-z0-9_-]{43})")
SIGNS = "abcdefghjkmnpqrstvwxyz23456789"
# Compared with where no such token exists, so that the answer takes as long.
NO_HASH = "0" * 64
ASK_FOR_ANOTHER = "Ask the partnership's technical administrator for another."
LASTS_DAYS = (90, 180, 365)

# What a system of each sector acts as: the job of the people it stands for, and no more.
SERVICE_ROLES: dict[str, RoleKey] = {Sector.POLICE.value: RoleKey.POLICE_MISSING}


class TokenRefused(Refusal):
    """A service account or token cannot be made or ended like this; the message says what to do."""

    code = "token_refused"


@dataclass(frozen=True)
class SpokenToken:
    """A token as a system sends it: the part that is known, and the secret."""

    prefix: str
    secret: str

    @property
    def text(self) -> str:
        """The whole token, for the one moment at which it is shown."""
        return f"hbr_{self.prefix}_{self.secret}"


def new_token() -> SpokenToken:
    """A token that nobody has had before."""
    return SpokenToken("".join(secrets.choice(SIGNS) for _ in range(8)), secrets.token_urlsafe(32))


def read_token(header: str) -> SpokenToken | None:
    """The token in an Authorization header; None where it holds none of ours."""
    scheme, _, text = header.partition(" ")
    found = PATTERN.fullmatch(text.strip()) if scheme.lower() == "bearer" else None
    return SpokenToken(*found.groups()) if found else None


def hash_of(secret: str) -> str:
    """What is kept of a secret: 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret_of(secret: str, kept: str) -> bool:
    """Whether a secret is the one that is kept as a hash, in a time that tells nothing."""
    return hmac.compare_digest(hash_of(secret), kept or NO_HASH)


def why_not(*, expires_at: datetime, revoked_at: datetime | None, at: datetime) -> str:
    """Why a token whose secret is right opens nothing at an instant; empty where it does."""
    if revoked_at is not None:
        return f"This token was revoked on {day(revoked_at)}. {ASK_FOR_ANOTHER}"
    if at >= expires_at:
        return f"This token ended on {day(expires_at)}. {ASK_FOR_ANOTHER}"
    return ""


def check_may_serve(sector: str) -> RoleKey:
    """The role that a system of a sector acts in. Refuses a sector whose systems have nothing to send."""
    role = SERVICE_ROLES.get(sector)
    if role is None:
        raise TokenRefused("Systems of this agency have nothing to send to Harbour. Choose a police service.")
    return role


def check_lasts(days: int) -> None:
    """Refuse a token that would last longer than a year, or for a time that is not offered."""
    if days not in LASTS_DAYS:
        raise TokenRefused(f"A token lasts {', '.join(map(str, LASTS_DAYS[:-1]))} or {LASTS_DAYS[-1]} days.")


def check_not_revoked(revoked_at: datetime | None) -> None:
    """Refuse to revoke a token twice: who ended it, and when, stays as it was written."""
    if revoked_at is not None:
        raise TokenRefused(f"This token was revoked on {day(revoked_at)} already.")
