"""Service accounts: who may send, and for how long a token lasts."""

from __future__ import annotations

from typing import Any

from accounts.forms.base import WriteForm
from accounts.forms.fields import RadioField, SelectField, TextField
from accounts.rules.tokens import LASTS_DAYS

LASTS = [(str(days), f"{days} days" if days != LASTS_DAYS[-1] else "A year") for days in LASTS_DAYS]


def _lasts() -> RadioField:
    return RadioField(
        label="How long will the token last?",
        hint="The shorter, the better: a new token can be given before the old one ends.",
        choices=LASTS,
        missing="Select how long the token will last",
    )


class TokenForm(WriteForm):
    """Another token for a system that has an account."""

    about_a_child = False

    name = TextField(
        label="What is this token for?",
        hint="A word by which you will know it again, such as “live” or “test”.",
        max_length=80,
        missing="Say what this token is for",
    )
    lasts = _lasts()

    @property
    def days(self) -> int:
        """How long the token will last; call it on a valid form."""
        return int(self.cleaned_data["lasts"])


class ServiceAccountForm(TokenForm):
    """A system of an agency, with its first token."""

    system = TextField(
        label="Which system will send?",
        hint="For example: Missing persons system. Children's files will say that it was this one.",
        max_length=100,
        missing="Say which system will send",
    )
    agency = SelectField(label="Agency", missing="Select the agency whose system this is")
    field_order = ["system", "agency", "name", "lasts"]

    def __init__(self, *args: Any, agencies: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].choices = [("", "Choose an agency"), *agencies]  # type: ignore[attr-defined]


class RevokeForm(WriteForm):
    """Nothing is asked but whether it is meant."""
