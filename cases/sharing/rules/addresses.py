"""Protected addresses: what leaves Harbour, who must not know one, and whom that keeps from it."""

from __future__ import annotations

from accounts.rules.refusals import Refusal

LEFT_OUT = "Protected: left out. Ask for a copy with it only where it must be there"
WHY_AT_LEAST = 3


class AddressRefused(Refusal):
    """Something that cannot be done about a protected address; `field` names where to mend it."""

    code = "address_refused"


def outward(words: str, *, protected: bool, confirmed: bool) -> str:
    """An address as a letter, a document, an export or an e-mail may carry it.

    The one way by which an address leaves Harbour: a protected one is left out until somebody has confirmed, for this
    one copy, that it must be there.
    """
    return LEFT_OUT if words and protected and not confirmed else words


def check_reason(reason: str) -> None:
    """Refuse to protect an address without a word of why."""
    if len(reason.strip()) < WHY_AT_LEAST:
        raise AddressRefused("Say in a few words why it is protected", field="protection_reason")


def check_one(*, person: str, agency: bool, account: bool) -> None:
    """Refuse an answer that names nobody, or several in one."""
    if (bool(person.strip()), agency, account).count(True) != 1:
        raise AddressRefused("Say who it is: a person in words, an agency, or somebody with an account", field="who")


def check_not_oneself(*, own_account: bool, own_agency: bool) -> None:
    """Refuse to keep an address from oneself: nobody would be left who could take it back."""
    if own_account or own_agency:
        raise AddressRefused(
            "You know this address. Somebody else who may know it must keep it from you", field="who", code="own_deed"
        )


def check_why(why: str) -> None:
    """Refuse an end without a word of why."""
    if len(why.strip()) < WHY_AT_LEAST:
        raise AddressRefused("Say in a few words why", field="why")
