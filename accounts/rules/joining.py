"""Who may join an agency: a health service is an agency of its own, so that no other service reads what is its own.

What the matrix calls own is the author's agency's, and each health service sees its own sensitive entries, not
another's (decision 0332).
"""

from __future__ import annotations

from collections.abc import Iterable

from accounts.choices import RoleKey, Sector
from accounts.rules.life import AccountRefused
from accounts.rules.roles import ROLES, opens_files

# What the people of each role of health are called together.
SERVICES: dict[str, str] = {
    RoleKey.HEALTH_SEXUAL_HEALTH.value: "the sexual health service",
    RoleKey.HEALTH_CAMHS.value: "CAMHS",
    RoleKey.HEALTH_SCHOOL_NURSE.value: "the school nursing service",
    RoleKey.HEALTH_AE_GP.value: "the emergency department or general practice",
    RoleKey.HEALTH_TEENAGE_PREGNANCY.value: "the teenage pregnancy service",
    RoleKey.HEALTH_DRUG_ALCOHOL.value: "the drug and alcohol service",
}


def check_may_join(role: str, *, agency: str, sector: str, held: Iterable[str], own: str = "") -> None:
    """Refuse somebody at an agency where others read what is their service's own; `held` are the roles held there, and
    `own` is the agency that has people of that role already, where there is one.

    At an agency of health all who open files hold one and the same role. Elsewhere people of one health service may
    be seconded, of two not.
    """
    others = sorted({each for each in held if _shares(each, sector)} - {role}, key=_whose)
    if not others or not _shares(role, sector):
        return
    whose = " and ".join(_whose(each) for each in others)
    stands = "is the agency of" if sector == Sector.HEALTH else "has people of"
    why = f"{agency} {stands} {whose}, and the people of one agency read each other’s sensitive entries"
    raise AccountRefused(f"{why}: {_way_on(role, own)}", field="agency")


def _shares(role: str, sector: str) -> bool:
    """Whether who holds a role at an agency of a sector may come to read what colleagues of a health service write."""
    return opens_files(role) if sector == Sector.HEALTH else role in SERVICES


def _way_on(role: str, own: str) -> str:
    asked = _whose(role)
    if role not in SERVICES:
        return f"choose another agency for {asked}"
    return f"choose {own}, which is the agency of {asked}" if own else f"enter {asked} as an agency of its own"


def _whose(role: str) -> str:
    name = ROLES[role].name
    article = "an" if name[0] in "AEIOU" else "a"
    return SERVICES.get(role, f"{article} {name[0].lower()}{name[1:]}")
