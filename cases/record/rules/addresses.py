"""When two ways of writing an address are the same one."""

from __future__ import annotations


def address_key(lines: str, postcode: str) -> str:
    """An address as it is compared: its letters and digits alone, the postcode wherever it was written."""
    return "".join(letter for letter in f"{lines}{postcode}".lower() if letter.isalnum())
