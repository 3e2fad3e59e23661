"""What a data guardian writes in the register of agreements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from accounts.forms import DateField, LongTextField, SelectField, TextField, WriteForm

EXAMPLE = "For example, 27 3 2027"


class AddVersionForm(WriteForm):
    """A version of the agreement that the partnership adopted."""

    about_a_child = False

    in_force_from = DateField(
        label="From which day does it hold?",
        noun="The first day",
        hint=EXAMPLE,
        missing="Enter the day from which it holds",
    )
    ends_on = DateField(
        label="Until which day?",
        noun="The last day",
        hint="By then it is reviewed and signed again. Three years at most",
        missing="Enter the last day on which it holds",
    )
    document = TextField(
        label="Where is the document kept?",
        max_length=200,
        hint="A reference or address by which it can be found. The document itself is not kept here",
        missing="Enter where the document is kept",
    )
    summary = LongTextField(
        label="What is new in it?", max_length=1000, rows=3, required=False, hint="Everybody who signs in can read this"
    )


class SignForm(WriteForm):
    """An agency signed one version."""

    about_a_child = False

    agency = SelectField(label="Which agency has signed?", missing="Select an agency")
    signed_on = DateField(
        label="When?",
        noun="The day of the signature",
        hint="For example, 27 3 2026",
        missing="Enter when it was signed",
    )
    signed_by = TextField(
        label="Who signed for it?",
        max_length=160,
        hint="Name and office",
        missing="Enter who signed, with their office",
    )
    controller = TextField(
        label="Who is the controller there?",
        max_length=160,
        hint="The organisation or office that decides what happens to the information",
        missing="Enter who the controller is",
    )
    protection_contact = TextField(
        label="Whom to ask there about data protection?",
        max_length=200,
        hint="The data protection officer, with a telephone number or address",
        missing="Enter whom to ask about data protection",
    )

    def __init__(self, *args: Any, agencies: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].choices = [("", "Choose"), *agencies]  # type: ignore[attr-defined]


class ChangeEndForm(WriteForm):
    """Another last day."""

    about_a_child = False

    ends_on = DateField(
        label="What is the last day now?", noun="The last day", hint=EXAMPLE, missing="Enter the last day"
    )
    reason = LongTextField(
        label="Why?",
        max_length=600,
        rows=3,
        hint="At least 20 characters. Everybody who signs in can read this",
        missing="Say why the last day changes",
    )


class TakeBackForm(WriteForm):
    about_a_child = False

    reason = LongTextField(
        label="Why is it taken back?",
        max_length=600,
        rows=3,
        hint="At least 20 characters. Everybody who signs in can read this",
        missing="Say why it is taken back",
    )


class AssessmentForm(WriteForm):
    """A data protection impact assessment."""

    about_a_child = False

    reference = TextField(label="Reference", max_length=120, missing="Enter the reference of the assessment")
    about = TextField(label="What does it cover?", max_length=300, missing="Enter what it covers")
    done_on = DateField(
        label="When was it done?",
        noun="The day of the assessment",
        hint="For example, 27 3 2026",
        missing="Enter when it was done",
    )
    review_on = DateField(
        label="When must it be reviewed?",
        noun="The day of the review",
        hint=EXAMPLE,
        missing="Enter when it must be reviewed",
    )
