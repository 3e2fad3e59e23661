"""Restricting a file to named people, and what follows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from accounts.forms import (
    CheckboxesField,
    DateField,
    LongTextField,
    RadioField,
    SelectField,
    TextField,
    WriteForm,
)
from cases.sharing.choices import RestrictionKind

LONG = 1000


class RestrictForm(WriteForm):
    """Why, who is named, and when it is looked at again."""

    kind = RadioField(
        label="Why must it be restricted?", choices=RestrictionKind.choices, missing="Select why it must be restricted"
    )
    reason = LongTextField(
        label="What must whoever reviews it know?",
        hint="At least 20 characters. The people you name read it, and nobody else.",
        max_length=LONG,
        rows=4,
        missing="Say what whoever reviews it must know",
    )
    named = CheckboxesField(
        label="Who will see the file?",
        hint="At least two people, a manager or data guardian among them. You can add others afterwards.",
        missing="Select at least two people",
        small=True,
    )
    review_on = DateField(
        label="When must it be reviewed?",
        noun="The day of the review",
        hint="Within six months. For example, 27 3 2027",
        missing="Enter the day on which it must be reviewed",
    )

    def __init__(self, *args: Any, people: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["named"].choices = list(people)  # type: ignore[attr-defined]


class NameForm(WriteForm):
    """One more person."""

    person = SelectField(
        label="Who will see the file too?",
        hint="People whose job reads files, by name. They see it from now on, as far as their job goes",
        missing="Select a person",
    )

    def __init__(self, *args: Any, people: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = [("", "Choose"), *people]  # type: ignore[attr-defined]


class TakeOffForm(WriteForm):
    words = TextField(label="Why?", max_length=300, hint="They see no more of the file from now on")


class ReviewRestrictionForm(WriteForm):
    """It stays restricted until another day."""

    words = LongTextField(
        label="Why must it stay restricted?",
        hint="At least 20 characters",
        max_length=LONG,
        rows=3,
    )
    review_on = DateField(
        label="When must it be reviewed again?",
        noun="The day of the review",
        hint="Within six months. For example, 27 3 2027",
        missing="Enter the day on which it must be reviewed again",
    )


class AskToLiftForm(WriteForm):
    reason = LongTextField(
        label="Why need it not be restricted any more?", hint="At least 20 characters", max_length=LONG, rows=3
    )


class AnswerLiftForm(WriteForm):
    """The second person says whether."""

    lift = RadioField(
        label="Do you agree?",
        choices=[("yes", "Yes, lift the restriction"), ("no", "No, keep it")],
        hints={"yes": "The agencies that work with the child see the file again, at once."},
        missing="Select whether you agree",
    )
    words = TextField(label="Why?", max_length=300)
