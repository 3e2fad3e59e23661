"""Who works with the child."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.forms import HiddenInput

from accounts.forms import LongTextField, RadioField, SelectField, TextField, WriteForm, YesNoField
from cases.forms.shares import WHAT_AN_ERROR_BRINGS, ShareForm, override_of, told_of
from cases.record.choices import InvolvementRole
from cases.sharing.choices import OverrideGround, SharingEnd
from cases.sharing.rules.shares import Override, Told

AGAINST_IT = ("ground", "authorised_by", "explained")


class InvolveForm(WriteForm):
    """A worker of one agency and what the agency does for this child."""

    role = SelectField(
        label="What will they do for this child?",
        choices=[("", "Choose"), *InvolvementRole.choices],
        missing="Select what they will do",
    )
    worker = SelectField(
        label="Which worker?",
        required=False,
        hint="Everybody at the agency whose job allows it will see the file, named or not",
    )

    # Asked where the child has said something that this goes against.
    child_answer = ShareForm.base_fields["child_answer"]
    child_not_told = ShareForm.base_fields["child_not_told"]
    overrides = YesNoField(
        label="Do you bring them in although the child does not want it?",
        hint="No only where the child agrees to this agency now",
        reveals={"yes": AGAINST_IT},
        missing="Select whether you bring them in although the child does not want it",
        small=True,
    )
    ground = RadioField(
        label="On what ground do you bring them in all the same?",
        choices=OverrideGround.choices,
        missing="Select on what ground you bring them in all the same",
        small=True,
    )
    authorised_by = ShareForm.base_fields["authorised_by"]
    explained = LongTextField(
        label="How was it explained to the child?",
        hint="What you said and what they said, or when you will",
        max_length=1000,
        rows=3,
        missing="Say how it was explained to the child, or when it will be",
    )

    def __init__(self, *args: Any, workers: Iterable[tuple[str, str]], against: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["worker"].choices = [("", "Nobody is named yet"), *workers]  # type: ignore[attr-defined]
        self.against = against
        if not against:
            for name in ("child_answer", "child_not_told", "overrides", *AGAINST_IT):
                del self.fields[name]

    def told(self) -> Told | None:
        """What the child was told of this and said, where it was asked. Call after `is_valid()`."""
        return told_of(self.cleaned_data, "child") if self.against else None

    def override(self) -> Override:
        """Why they come against the child's wish; empty where they do not. Call after `is_valid()`."""
        return override_of(self.cleaned_data) if self.against else Override()


class ExplainWorkForm(WriteForm):
    """Why an agency goes on working with a child who does not want it told, and how that was explained to the child."""

    ground = RadioField(
        label="On what ground do they go on?",
        choices=OverrideGround.choices,
        missing="Select on what ground they go on",
        small=True,
    )
    authorised_by = ShareForm.base_fields["authorised_by"]
    explained = InvolveForm.base_fields["explained"]

    def override(self) -> Override:
        """Why they go on against the child's wish. Call after `is_valid()`."""
        said = self.cleaned_data
        return Override(said["ground"], said["authorised_by"], said["explained"])


class ChangeLeadForm(WriteForm):
    """Who leads from now on, and the reason that the child can be told."""

    involvement = RadioField(label="Who will lead?", missing="Select who will lead")
    reason = LongTextField(
        label="Why does the lead change?",
        max_length=300,
        rows=3,
        hint="One or two sentences that can be read out to the child",
    )

    def __init__(self, *args: Any, workers: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["involvement"].choices = list(workers)  # type: ignore[attr-defined]


class EndInvolvementForm(WriteForm):
    """Why somebody's work ends; that they were brought in by mistake is an error like a share in error. Once it is
    `over`, nothing but that is left to say.
    """

    end_kind = RadioField(
        label="Why does it end?",
        choices=[
            (SharingEnd.NOT_NEEDED.value, "Their work is done, or goes to others"),
            (SharingEnd.IN_ERROR.value, "They were brought in by mistake"),
        ],
        hints={SharingEnd.IN_ERROR: f"The wrong agency, the wrong worker or the wrong child. {WHAT_AN_ERROR_BRINGS}"},
        missing="Select why it ends",
    )
    note = TextField(
        label="In a sentence",
        max_length=300,
        hint="Do not name the child. Their access to the file ends at once.",
        missing="Say why it ends",
    )

    def __init__(self, *args: Any, over: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if over:
            self.fields["end_kind"].widget = HiddenInput()
            self.initial["end_kind"] = SharingEnd.IN_ERROR.value
            self.fields["note"].label = "What went wrong?"
            self.fields["note"].help_text = "In a sentence. Do not name the child."
            self.fields["note"].error_messages["required"] = "Say what went wrong"
