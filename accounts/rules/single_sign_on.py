"""Single sign-on: the providers that a partnership trusts, and what is believed of what one of them says.

A provider says who somebody is, and perhaps that they took a second step. It never says what they may do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from accounts.rules.refusals import Refusal

NEEDED = ("id", "name", "server_url", "client_id", "domains")
KNOWN = frozenset({*NEEDED, "secret", "second_step_amr", "second_step_acr"})
OWN_MACHINE = ("127.0.0.1", "localhost", "::1")


class SignOnRefused(Refusal):
    """What somebody came with from a provider lets nobody in."""

    code = "sign_on_refused"


@dataclass(frozen=True)
class Provider:
    """One provider: where it is, for whose addresses it may speak, and which of its words mean a second step."""

    id: str
    name: str
    server_url: str
    client_id: str
    domains: tuple[str, ...]
    secret: str = ""
    second_step_amr: frozenset[str] = frozenset()
    second_step_acr: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Claims:
    """What a provider said of somebody, as far as Harbour reads it."""

    subject: str
    email: str
    email_verified: bool
    amr: frozenset[str]
    acr: str


def providers_of(rows: Any) -> tuple[Provider, ...]:
    """The providers of the setting SINGLE_SIGN_ON. Raises ValueError that says what is wrong with which."""
    if not isinstance(rows, list):
        raise ValueError("SINGLE_SIGN_ON must be a list")
    found = tuple(_provider_of(number, row) for number, row in enumerate(rows, start=1))
    if len({provider.id for provider in found}) < len(found):
        raise ValueError("SINGLE_SIGN_ON: two providers have the same id")
    return found


def _provider_of(number: int, row: Any) -> Provider:
    where = f"SINGLE_SIGN_ON, provider {number}"
    if not isinstance(row, dict):
        raise ValueError(f"{where}: must be an object")
    missing = [name for name in NEEDED if not row.get(name)]
    if missing:
        raise ValueError(f"{where}: {', '.join(missing)} must be given")
    unknown = sorted(set(row) - KNOWN)
    if unknown:
        raise ValueError(f"{where}: {', '.join(unknown)} is not known")
    address = urlsplit(row["server_url"])
    if address.scheme != "https" and address.hostname not in OWN_MACHINE:
        raise ValueError(f"{where}: server_url must begin with https")
    if not row["id"].replace("-", "").isalnum():
        raise ValueError(f"{where}: id must be letters, numbers and dashes")
    return Provider(
        id=row["id"],
        name=row["name"],
        server_url=row["server_url"],
        client_id=row["client_id"],
        domains=tuple(domain.lower() for domain in row["domains"]),
        secret=row.get("secret", ""),
        second_step_amr=frozenset(row.get("second_step_amr", ())),
        second_step_acr=frozenset(row.get("second_step_acr", ())),
    )


def claims_of(id_token: Mapping[str, Any], userinfo: Mapping[str, Any], *, nonce: str) -> Claims:
    """What is believed of a checked ID token, with an address from the provider's own page where the token has none.

    Refuses a token made for another sign-in, and a page about somebody else. How somebody signed in is read from the
    token alone.
    """
    if not nonce or id_token.get("nonce") != nonce:
        raise SignOnRefused("This sign-in does not belong to this window. Begin again.", code="wrong_nonce")
    subject = id_token.get("sub")
    if not isinstance(subject, str) or not subject or userinfo.get("sub", subject) != subject:
        raise SignOnRefused("What came back is about somebody else. Begin again.", code="wrong_subject")
    said = id_token if id_token.get("email") else userinfo
    email, amr, acr = said.get("email"), id_token.get("amr"), id_token.get("acr")
    return Claims(
        subject=subject,
        email=email if isinstance(email, str) else "",
        email_verified=said.get("email_verified") is True,
        amr=frozenset(each for each in amr if isinstance(each, str)) if isinstance(amr, list) else frozenset(),
        acr=acr if isinstance(acr, str) else "",
    )


def speaks_for(provider: Provider, claims: Claims) -> bool:
    """Whether an address may stand for an account: the provider has verified it, and it is one of its own."""
    return claims.email_verified and claims.email.rpartition("@")[2].lower() in provider.domains


def took_second_step(provider: Provider, claims: Claims) -> bool:
    """Whether the provider says that a second step was taken, in words that the partnership has said it trusts."""
    return bool(provider.second_step_amr & claims.amr) or claims.acr in provider.second_step_acr


def provider_named(providers: Iterable[Provider], name: str) -> Provider | None:
    """The provider with an id."""
    return next((provider for provider in providers if provider.id == name), None)


def check_standing(*, left: bool, suspended: bool, is_open: bool) -> None:
    """Refuse somebody whose account is closed, whatever a provider says of them."""
    if left:
        raise SignOnRefused(
            "Your Harbour account was closed when you left. If you are back, ask your agency’s technical administrator "
            "for a new one.",
            code="account_left",
        )
    if suspended:
        raise SignOnRefused(
            "Your Harbour account is suspended, because it was not used for 30 days. Your manager or the technical "
            "administrator can open it again.",
            code="account_suspended",
        )
    if not is_open:
        raise SignOnRefused(
            "Your Harbour account is closed. Ask your agency’s technical administrator.", code="account_closed"
        )
