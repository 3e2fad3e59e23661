"""Finding people, and what is asked of those who look after accounts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from accounts.choices import ReviewAnswer, RoleDecision, RoleKey
from accounts.forms.base import HarbourForm, WriteForm
from accounts.forms.fields import (
    EmailField,
    LongTextField,
    PasswordField,
    RadioField,
    SearchField,
    SelectField,
    TextField,
)
from accounts.selectors.accounts import PeopleAsked

STANDINGS = [("", "Any"), ("open", "Open"), ("suspended", "Suspended"), ("left", "Left")]
NO_ROLE = ("", "Choose a role")


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

    about_a_child = False

    reason = reason_field()


class DomainsForm(WriteForm):
    """How the work addresses at an agency end."""

    about_a_child = False

    domains = LongTextField(
        label="How do work addresses there end?",
        hint="One a line, like northmere.police.example. Leave it empty, and nobody can be invited to this agency",
        rows=4,
        max_length=1500,
        required=False,
    )
    reason = reason_field(hint="It stands below, with your name. For example, how you made sure that it is theirs")


Choices = list[tuple[str, str]]


class RoleForm(WriteForm):
    """A role at an agency, in place of one that is held or beside it."""

    about_a_child = False

    agency = SelectField(label="Agency", missing="Select the agency")
    role = SelectField(label="Role", choices=[NO_ROLE, *RoleKey.choices], missing="Select the role")
    replaces = SelectField(
        label="Which role does it take the place of?",
        hint="That role, and what was opened to them by name in it, ends as soon as the new one begins.",
        required=False,
    )
    reason = reason_field()

    def __init__(self, *args: Any, agencies: Choices, held: Choices = (), **kwargs: Any) -> None:  # type: ignore[assignment]
        super().__init__(*args, **kwargs)
        self.fields["agency"].choices = [("", "Choose an agency"), *agencies]  # type: ignore[attr-defined]
        if held:
            beside = ("", "None: they hold both")
            self.fields["replaces"].choices = [beside, *held]  # type: ignore[attr-defined]
        else:
            del self.fields["replaces"]


class InviteForm(RoleForm):
    """Somebody new."""

    full_name = TextField(label="Full name", max_length=120, missing="Enter their full name")
    email = EmailField(
        label="Work address",
        hint="One that ends as their agency’s addresses do. The invitation goes there.",
        max_length=254,
        missing="Enter their work address",
    )
    job_title = TextField(label="Job title", max_length=120, missing="Enter their job title")
    field_order = ["full_name", "email", "job_title", "agency", "role", "reason"]


class DecideRoleForm(WriteForm):
    """What a second person makes of a role."""

    about_a_child = False

    decision = RadioField(
        label="Do you give this role?",
        choices=[(RoleDecision.GIVEN.value, "Yes, give it"), (RoleDecision.REFUSED.value, "No, refuse it")],
        missing="Select whether you give this role",
    )
    why = LongTextField(
        label="Why?",
        hint="For example: I know her work, and the team needs her.",
        rows=3,
        max_length=300,
        missing="Say why",
    )


class NewPasswordForm(HarbourForm):
    """A new password, twice. The link that leads to it works once, so it needs no key of its own."""

    password = PasswordField(
        label="New password",
        hint="At least 12 characters. Three words that have nothing to do with each other are good.",
        autocomplete="new-password",
        max_length=200,
        missing="Enter a new password",
    )
    again = PasswordField(
        label="The same password again", autocomplete="new-password", max_length=200, missing="Enter the password again"
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("password") and said.get("again") and said["password"] != said["again"]:
            self.add_error("again", "The two passwords are not the same. Enter both again")
        return said


class ReviewForm(WriteForm):
    """One question for each person of a review; what is left open stays open."""

    def __init__(self, *args: Any, lines: list[tuple[int, str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for line_id, who, about in lines:
            self.fields[f"line_{line_id}"] = RadioField(
                label=who, hint=about, choices=ReviewAnswer.choices, required=False, inline=True, small=True
            )

    says_optional = False

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not self.errors and not self.answers(said):
            self.add_error(None, "Say of at least one person whether they keep their access")
        return said

    def answers(self, said: dict[str, Any] | None = None) -> dict[int, ReviewAnswer]:
        """What was said of whom, by line."""
        given = self.cleaned_data if said is None else said
        return {
            int(name.removeprefix("line_")): ReviewAnswer(value)
            for name, value in given.items()
            if name.startswith("line_") and value
        }
