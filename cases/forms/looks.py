"""Finding a person by their looks, narrowing what they opened, and deciding a signal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from accounts.forms import (
    DateField,
    HarbourForm,
    LongTextField,
    RadioField,
    SelectField,
    TextField,
    TickField,
    WriteForm,
)
from cases.sharing.choices import SignalVerdict


class PeopleFilterForm(HarbourForm):
    """By words of a name, by agency, and only those who were refused something."""

    says_optional = False
    words = TextField(label="Name", max_length=80, required=False, spellcheck=False)
    agency = SelectField(label="Agency", required=False)
    refused = TickField(label="Only people who were refused something", required=False)

    def __init__(self, *args: Any, agencies: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].choices = [("", "Any"), *agencies]  # type: ignore[attr-defined]


class PersonLooksForm(HarbourForm):
    """By days."""

    says_optional = False
    looked_from = DateField(label="From", noun="The first day", required=False)
    looked_until = DateField(label="Until", noun="The last day", required=False)


class SignalForm(WriteForm):
    """What came of a signal, and how that is known."""

    verdict = RadioField(
        label="What came of it?", choices=SignalVerdict.choices, missing="Select what came of it", small=True
    )
    note = LongTextField(
        label="How do you know?",
        max_length=600,
        rows=3,
        hint="Whom you asked and what they said. Name no child.",
        missing="Say how you know",
    )
