"""A protected address for those who may know it, in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from accounts.models import Membership
from accounts.rules.dates import day
from cases.presenters.overview import ASK_LEAD, whole_address
from cases.record.models import Address, AddressKeptFrom
from cases.record.services import OpenFile

Cell = dict[str, Any]
READER_COLUMNS = [{"text": text} for text in ("Who may know it", "Agency")]
KEPT_COLUMNS = [{"text": text} for text in ("Who must not know it", "Since", "Change")]


def address_facts(address: Address) -> list[Cell]:
    """The address itself for `components/summary_list.html`; none of it is printed."""
    ended = f"Until {day(address.ended_on)}" if address.ended_on else "Lives or stays there now"
    return [
        {
            "key": "Address",
            "value": whole_address(address, between="\n"),
            "multiline": True,
            "no_print": True,
        },
        {"key": "What may be shown", "value": address.area},
        {"key": "Why it is protected", "value": address.protection_reason, "no_print": True},
        {"key": "Standing", "value": f"Since {day(address.started_on)}. {ended}"},
    ]


def standing_words(rows: Iterable[Address]) -> str:
    """Which rows of one address are protected, by their kind and days, without the address."""
    return "; ".join(
        f"{row.get_kind_display()} address (there from {day(row.started_on)} to {day(row.ended_on)})"
        if row.ended_on
        else f"{row.get_kind_display()} address (there since {day(row.started_on)})"
        for row in rows
    )


def protected_words(known: list[Address], address: Address) -> str:
    """What is said to who has had an address protected; `known` are the rows of it that they may know."""
    if known:
        return f"Protected on this child’s file: {standing_words(known)}."
    return f"The address in {address.area} is protected on this child’s file. You are not among those who may know it."


def said_of_protection(known: list[Address], *, asked: bool) -> str:
    """What is said once a protected address has been saved; `known` are the rows of it that the writer may know."""
    words = "" if asked else " This address is protected on this file, so what you wrote is protected too."
    if not known:
        return f"{words} It is open to named people only. {ASK_LEAD}"
    if len(known) > 1:
        words += f" {protected_words(known, known[0])}"
    return words


def reader_rows(members: Iterable[Membership]) -> list[list[Cell]]:
    """Who is on its list."""
    return [
        [{"text": str(member.user), "hint": member.get_role_display()}, {"text": str(member.agency)}]
        for member in members
    ]


def kept_words(row: AddressKeptFrom) -> str:
    """Who must not know it, in words."""
    if row.agency is not None:
        return f"Everybody at {row.agency}"
    return f"{row.user} (account)" if row.user is not None else row.person


def kept_rows(opened: OpenFile, rows: Iterable[AddressKeptFrom], *, change: bool) -> list[list[Cell]]:
    """Who must not know it, with the way to take that back."""
    shown = []
    for row in rows:
        who: Cell = {"text": kept_words(row)}
        cell: Cell = {"text": ""}
        if row.ended_at is not None:
            who["hint"] = f"Taken back {day(row.ended_at)} by {row.ended_by}: {row.ended_why}"
        elif change:
            href = reverse("cases:end_keep_from", args=[opened.child.reference, row.address_id, row.pk])
            cell = {"text": f"Take back: {kept_words(row)}", "href": href}
        shown.append([who, {"text": f"{day(row.added_at)}, {row.added_by}"}, cell])
    return shown


def people_to_choose(members: Iterable[Membership], *, by_user: bool) -> list[tuple[str, str]]:
    """People for a choice, by their account or by their membership."""
    return [
        (str(member.user_id if by_user else member.pk), f"{member.user}, {member.get_role_display()}, {member.agency}")
        for member in members
    ]
