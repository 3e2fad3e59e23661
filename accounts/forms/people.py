"""Finding people, and what is asked of those who look after accounts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from accounts.choices import RoleKey
from accounts.forms.base import HarbourForm, WriteForm
from accounts.forms.fields import LongTextField, SearchField, SelectField
from accounts.selectors.accounts import PeopleAsked

STANDINGS = [("", "Any"), ("open", "Open"), ("closed", "Closed")]


def reason_field(
    label: str = "Why?", hint: str = "It stands in the account’s history, with your name."
) -> LongTextField:
    """A reason of at least a few words."""
    return LongTextField(label=label, hint=hint, rows=3, min_length=10, max_length=300, missing="Say why")


class PeopleFilterForm(HarbourForm):
    """How to narrow the list of people."""

    says_optional = False
    agency = SelectField(label="Agency", required=False)
    role = SelectField(label="Role", required=False, choices=[("", "Any"), *RoleKey.choices])
    standing = SelectField(label="Standing", required=False, choices=STANDINGS)

    def __init__(self, *args: Any, agencies: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].choices = [("", "Any"), *agencies]  # type: ignore[attr-defined]

    def asked(self) -> PeopleAsked:
        """What was asked for; whatever is none of the choices narrows nothing."""
        said = self.cleaned_data if self.is_valid() else {}
        agency = said.get("agency", "")
        return PeopleAsked(
            agency_id=UUID(agency) if agency else None, role=said.get("role", ""), standing=said.get("standing", "")
        )


class PeopleSearchForm(HarbourForm):
    """Words about one person."""

    says_optional = False
    words = SearchField(
        label="Find a person by name or work address", max_length=120, missing="Enter a name or a work address"
    )


class ReasonForm(WriteForm):
    """A reason, and nothing else."""

    reason = reason_field()
