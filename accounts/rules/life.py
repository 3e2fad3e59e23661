"""The life of an account: who may be invited, who may give what to whom, and when one is suspended or reviewed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from accounts.rules.refusals import Refusal
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer

INVITED_FOR = timedelta(days=7)
LINK_FOR = timedelta(days=1)
UNUSED = timedelta(days=30)
WARNED_BEFORE = timedelta(days=7)
REVIEW_MONTHS = 3
REVIEW_DUE = timedelta(days=14)


class AccountRefused(Refusal):
    """Something that is not done to an account; `field` is the question it belongs to, where it is one."""

    code = "account_refused"


def check_administers(by: Viewer) -> None:
    """Refuse anybody but the technical administrator."""
    if not by.may(Capability.ADMINISTER):
        raise AccountRefused("Accounts are looked after by the technical administrator.", code="role_lacks")


def check_not_own(user_id: int, by: Viewer) -> None:
    """Refuse what somebody does to their own account: nobody gives themselves a role, or takes one."""
    if user_id == by.user_id:
        raise AccountRefused("Nobody changes their own account. Ask another administrator.", code="own_account")


def check_domain(email: str, domains: Iterable[str]) -> None:
    """Refuse an address that does not end as the agency's own do."""
    known = sorted(domain.lower() for domain in domains)
    if not known:
        raise AccountRefused(
            "This agency has no addresses of its own in Harbour yet, so nobody can be invited to it.", field="agency"
        )
    if email.rpartition("@")[2].lower() not in known:
        ends = " or ".join(f"@{domain}" for domain in known)
        raise AccountRefused(f"Enter the work address at this agency: it ends in {ends}", field="email")


# Where anybody can have an address: it says nothing of where somebody works.
FOR_ANYBODY = frozenset(
    f"{name}.{end}"
    for name, ends in (
        *(
            (name, ("com", "co.uk"))
            for name in ("aol", "gmail", "gmx", "googlemail", "hotmail", "icloud", "live", "mail")
        ),
        *((name, ("com", "co.uk")) for name in ("me", "msn", "outlook", "protonmail", "yahoo", "ymail", "btinternet")),
        *((name, ("com", "net", "me")) for name in ("proton", "sky", "talktalk", "virginmedia")),
    )
    for end in ends
)
DOMAIN = re.compile(r"(?=.{4,120}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}")
DOMAINS_AT_MOST = 10


def read_domains(text: str) -> list[str]:
    """The ends of work addresses as somebody types them: one a line, with or without the @; sorted, each once.

    Raises AccountRefused for what cannot be one, for one where anybody can have an address, and for too many.
    """
    said = {line.strip().lower().removeprefix("@").rstrip(".") for line in re.split(r"[\s,;]+", text)} - {""}
    for domain in sorted(said):
        if not DOMAIN.fullmatch(domain):
            raise AccountRefused(
                f"“{domain[:60]}” is not the end of an address, like northmere.police.example", field="domains"
            )
        if domain in FOR_ANYBODY:
            raise AccountRefused(
                f"Anybody can have an address at {domain}, so it cannot be an agency’s own", field="domains"
            )
    if len(said) > DOMAINS_AT_MOST:
        raise AccountRefused(f"An agency has at most {DOMAINS_AT_MOST} ends of addresses", field="domains")
    return sorted(said)


def check_sets_domains(by: Viewer) -> None:
    """Refuse anybody but a data guardian: what bounds whom the administrator can invite is not the administrator's."""
    if not by.may(Capability.AUDIT):
        raise AccountRefused("The data guardian says how an agency’s work addresses end.", code="role_lacks")


def may_decide(by: Viewer, agency_id: UUID) -> bool:
    """Whether somebody may be the second person for a role at an agency: its managers, or the data guardian."""
    if by.may(Capability.AUDIT):
        return True
    return by.may(Capability.REVIEW_ACCESS) and by.agency_id == agency_id


def check_decides(by: Viewer, *, agency_id: UUID, user_id: int, asked_by_id: int) -> None:
    """Refuse a second person who is the first, the person themselves, or of another agency."""
    if not may_decide(by, agency_id):
        raise AccountRefused("A manager of that agency or the data guardian decides this.", code="role_lacks")
    if user_id == by.user_id:
        raise AccountRefused("Nobody decides on their own role. Ask the data guardian.", code="own_account")
    if asked_by_id == by.user_id:
        raise AccountRefused("You asked for this role, so another person decides on it.", code="own_request")


def may_lift(by: Viewer, agency_ids: Iterable[UUID]) -> bool:
    """Whether somebody may open a suspended account: the administrator, or who manages an agency of that person."""
    return by.may(Capability.ADMINISTER) or any(may_decide(by, agency_id) for agency_id in agency_ids)


def unused_since(*, joined_at: datetime, signed_in_at: datetime | None, lifted_at: datetime | None) -> datetime:
    """From when on an account is unused: its last sign-in, the day it began, or the day it was opened again."""
    return max(instant for instant in (joined_at, signed_in_at, lifted_at) if instant is not None)


def warns(since: datetime, at: datetime) -> bool:
    """Whether somebody is told that their account will be suspended: a week before 30 days."""
    return at - since >= UNUSED - WARNED_BEFORE


def suspends(since: datetime, warned_at: datetime | None, at: datetime) -> bool:
    """Whether an account is suspended: not used for 30 days, and a week after its person was told, never sooner."""
    return at - since >= UNUSED and warned_at is not None and warned_at >= since and at - warned_at >= WARNED_BEFORE


def review_is_due(last_opened_on: date | None, today: date) -> bool:
    """Whether an agency's next review is to be opened: three months after the last, or where there was none."""
    if last_opened_on is None:
        return True
    month = last_opened_on.month - 1 + REVIEW_MONTHS
    year, month = last_opened_on.year + month // 12, month % 12 + 1
    return (today.year, today.month, today.day) >= (year, month, min(last_opened_on.day, 28))
