"""The twenty agencies and the functions that people of several agencies share."""

from django.contrib.auth.models import Group

from accounts.choices import FunctionKey, Sector
from accounts.models import Agency, FunctionGroup
from config.demo.texts import words


def make_agencies() -> dict[str, Agency]:
    """Write every agency of the word list with the group that grants go to; by its key."""
    return {row["key"]: _agency(row) for row in words("agencies")["agencies"]}


def make_functions() -> dict[str, FunctionGroup]:
    """The function groups, by key; those that exist already stay."""
    made = {}
    for key in FunctionKey:
        group, _ = Group.objects.get_or_create(name=f"function: {key.value}")
        made[key.value], _ = FunctionGroup.objects.get_or_create(key=key, defaults={"group": group})
    return made


def agencies_without_grants() -> set[str]:
    """Keys of the agencies that work with no child in the demo."""
    return {row["key"] for row in words("agencies")["agencies"] if row.get("without_grants")}


def _agency(row: dict) -> Agency:
    group = Group.objects.create(name=f"agency: {row['name']}")
    return Agency.objects.create(
        name=row["name"],
        sector=Sector(row["sector"]),
        group=group,
        telephone=row["telephone"],
        withheld_contact=row["withheld_contact"],
        email_domains=["harbour.example"],
    )
