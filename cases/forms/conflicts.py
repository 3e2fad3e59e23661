"""Conflicts of interest: declared, placed on somebody else, answered and lifted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from accounts.forms import DateField, LongTextField, PostcodeField, RadioField, SelectField, TextField, WriteForm
from cases.sharing.choices import ConflictRelation
from cases.sharing.services.conflicts import Said

LONG = 1000
ByAgency = Iterable[tuple[str, list[tuple[str, str]]]]


class DeclareForm(WriteForm):
    """I know this child or family."""

    relation = RadioField(
        label="How do you know the child or family?",
        choices=ConflictRelation.choices,
        missing="Select how you are linked",
    )
    words = LongTextField(
        label="In a sentence",
        hint="The data guardians and whoever leads on the case read it",
        max_length=LONG,
        rows=3,
        missing="Say in a sentence how you are linked",
    )

    def said(self) -> Said:
        """What was said. Call after `is_valid()`."""
        return Said(ConflictRelation(self.cleaned_data["relation"]), self.cleaned_data["words"])


class DeclareWithoutFileForm(DeclareForm):
    """The same, of a child by name."""

    field_order = ("given_name", "family_name", "birth_date", "relation", "words")

    given_name = TextField(
        label="The child’s first name", max_length=80, width=20, spellcheck=False, missing="Enter the first name"
    )
    family_name = TextField(
        label="The child’s last name", max_length=80, width=20, spellcheck=False, missing="Enter the last name"
    )
    birth_date = DateField(
        label="The child’s date of birth", noun="The date of birth", when="today_or_past", required=False
    )


class PlaceForm(WriteForm):
    """Somebody else knows this child or family."""

    person = SelectField(label="Who must be kept from this file?", missing="Select who must be kept from this file")
    relation = RadioField(
        label="How are they linked to the child or family?",
        choices=ConflictRelation.choices,
        missing="Select how they are linked",
    )
    words = LongTextField(
        label="In a sentence",
        hint="The data guardians read it. The person does not, and finds no trace",
        max_length=LONG,
        rows=3,
        missing="Say in a sentence how they are linked",
    )
    successor = SelectField(
        label="Who takes over their work for this child?",
        hint="Needed where they lead on the case, work with the child or owe something on this file. The lead goes to "
        "somebody whose job it is to hold cases, or who works with this child already. A return interview goes back to "
        "the interviewers instead.",
        required=False,
    )

    def __init__(
        self,
        *args: Any,
        people: Iterable[tuple[str, str]],
        successors: ByAgency,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = [("", "Choose"), *people]  # type: ignore[attr-defined]
        self.offer(successors)

    def offer(self, successors: ByAgency) -> None:
        """Offer these people as successors, by agency."""
        self.fields["successor"].choices = [("", "Nobody"), *successors]  # type: ignore[attr-defined]

    def said(self) -> Said:
        """What was said. Call after `is_valid()`."""
        return Said(ConflictRelation(self.cleaned_data["relation"]), self.cleaned_data["words"])


class AnswerPossibleForm(WriteForm):
    """Whether a person and a file must be kept apart."""

    keep_apart = RadioField(
        label="Is there a conflict of interest?",
        choices=[("yes", "Yes, keep them from this file"), ("no", "No")],
        hints={"yes": "They see nothing of it from their next request, and are not told."},
        missing="Select whether there is a conflict of interest",
    )
    words = LongTextField(label="Why?", max_length=LONG, rows=3, missing="Say why")


class LiftForm(WriteForm):
    reason = LongTextField(label="Why need it not hold any more?", max_length=LONG, rows=3, missing="Say why")


class HomeForm(WriteForm):
    postcode = PostcodeField(label="The postcode of your home", required=False)
