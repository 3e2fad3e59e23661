"""Asking for a file in an emergency, and judging one that was opened."""

from __future__ import annotations

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
from cases.record.rules import tidy_reference
from cases.sharing.choices import EmergencyKind, EmergencyVerdict
from cases.sharing.rules.emergency import LASTS, REASON_AT_LEAST
from cases.sharing.selectors.emergency import AskedFor

MINUTES = int(LASTS.total_seconds() // 60)


class EmergencyForm(WriteForm):
    """Which child, why it cannot wait, and that the person knows what follows."""

    known_by = RadioField(
        label="What do you know of the child?",
        choices=[("reference", "The file’s reference"), ("name", "The full name and the date of birth")],
        hints={"name": "Both must be exactly as they stand on the file. Nothing like them is looked for."},
        reveals={"reference": "reference", "name": ("given_name", "family_name", "birth_date")},
        missing="Select what you know of the child",
    )
    reference = TextField(label="Reference", max_length=20, width=10, spellcheck=False, hint="For example, H7K-4PQR")
    given_name = TextField(label="First name", max_length=80, width=20, spellcheck=False)
    family_name = TextField(label="Last name", max_length=80, width=20, spellcheck=False)
    birth_date = DateField(label="Date of birth", noun="Date of birth", when="today_or_past")
    kind = RadioField(
        label="What kind of emergency is it?",
        choices=EmergencyKind.choices,
        missing="Select what kind of emergency it is",
    )
    reason = LongTextField(
        label="What is happening, and why can you not wait?",
        hint=f"At least {REASON_AT_LEAST} characters. Whoever looks after the file and the data guardians read it.",
        max_length=1000,
        rows=4,
    )
    understood = TickField(
        label="I know that each page I open is written down and reviewed by a data guardian within two working days",
        missing="Tick that you know what is written down and reviewed",
    )

    def clean_reference(self) -> str:
        typed = self.cleaned_data["reference"]
        tidied = tidy_reference(typed)
        if typed and not tidied:
            self.add_error("reference", "Enter a reference of seven letters and digits, like H7K-4PQR")
        return tidied

    def asked(self) -> AskedFor:
        """Which child is meant. Call after `is_valid()`."""
        said = self.cleaned_data
        return AskedFor(
            reference=said["reference"] or "",
            given_name=said["given_name"] or "",
            family_name=said["family_name"] or "",
            birth_date=said["birth_date"],
        )


class RegisterFilterForm(HarbourForm):
    says_optional = False
    state = RadioField(
        label="Show",
        choices=[("", "All"), ("open", "Open now"), ("waiting", "Waiting for review"), ("reviewed", "Reviewed")],
        required=False,
        small=True,
    )
    kind = SelectField(label="Kind", choices=[("", "Any"), *EmergencyKind.choices], required=False)
    opened_from = DateField(label="From", noun="The first day", required=False)
    opened_until = DateField(label="Until", noun="The last day", required=False)


class ReviewForm(WriteForm):
    """What a guardian found."""

    verdict = RadioField(
        label="What did you find?",
        choices=EmergencyVerdict.choices,
        hints={EmergencyVerdict.AGENCY.value: "You cannot tell from here. Their manager looks into it."},
        missing="Select what you found",
    )
    words = LongTextField(
        label="In a sentence or two",
        hint="The person and their manager read it. Do not name the child: their manager may not know the file.",
        max_length=1000,
        rows=4,
        missing="Say in a sentence what you found",
    )
