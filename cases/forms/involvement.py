"""Who works with the child."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from accounts.forms import HarbourForm, LongTextField, RadioField, SelectField, TextField, WriteForm
from cases.record.choices import InvolvementRole


class AgencyForm(HarbourForm):
    """Which agency is to be brought in: asked first, so that its own people can be offered."""

    agency = SelectField(label="Which agency?", missing="Select an agency")

    def __init__(self, *args: Any, agencies: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].choices = [("", "Choose"), *agencies]  # type: ignore[attr-defined]


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

    def __init__(self, *args: Any, workers: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["worker"].choices = [("", "Nobody is named yet"), *workers]  # type: ignore[attr-defined]


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
    note = TextField(label="Why does it end?", max_length=300, hint="Their access to the file ends with it, at once")
