"""Who may know a protected address, and who must not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from accounts.forms import CheckboxesField, RadioField, SelectField, TextField, WriteForm
from cases.forms.record import AREA_HINT, ProtectionForm

Choices = Iterable[tuple[str, str]]


class ProtectForm(ProtectionForm):
    """Why an address on the file is protected from now on, and for whom; asked as where one is written down."""

    area = TextField(label="Area", max_length=80, width=20, hint=AREA_HINT)
    field_order = ("area", "protection_reason", "may_know", "must_not_know")


class LetKnowForm(WriteForm):
    """Who else may know it."""

    members = CheckboxesField(
        label="Who else may know it?",
        hint="People who work with the child. They see it for as long as they do",
        missing="Select who may know it",
    )

    def __init__(self, *args: Any, people: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["members"].choices = list(people)  # type: ignore[attr-defined]


class KeepFromForm(WriteForm):
    """Who must not know it."""

    who = RadioField(
        label="Who must not know it?",
        choices=[
            ("person", "Somebody in the child’s life"),
            ("agency", "Everybody at an agency"),
            ("account", "Somebody with an account"),
        ],
        hints={"person": "It is written down for those who may know the address"},
        reveals={"person": ("person",), "agency": ("agency",), "account": ("account",)},
        missing="Select who must not know it",
    )
    person = TextField(label="Who?", max_length=160, hint="For example: her stepfather, J. Hale", missing="Enter who")
    agency = SelectField(label="Which agency?", missing="Select the agency")
    account = SelectField(label="Which person?", missing="Select the person")

    def __init__(self, *args: Any, agencies: Choices, people: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].choices = [("", "Choose"), *agencies]  # type: ignore[attr-defined]
        self.fields["account"].choices = [("", "Choose"), *people]  # type: ignore[attr-defined]


class EndKeepFromForm(WriteForm):
    why = TextField(label="Why may they know it now?", max_length=300, missing="Say why they may know it")
