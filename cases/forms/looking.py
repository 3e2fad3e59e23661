"""Narrowing the list of who looked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from accounts.forms import DateField, HarbourForm, RadioField, SelectField


class LookFilterForm(HarbourForm):
    """By person, agency and days; what became of it only for those who see refusals."""

    says_optional = False
    person = SelectField(label="Person", required=False)
    agency = SelectField(label="Agency", required=False)
    looked_from = DateField(label="From", noun="The first day", required=False)
    looked_until = DateField(label="Until", noun="The last day", required=False)
    outcome = RadioField(
        label="Show",
        choices=[("", "Reads and refusals"), ("allowed", "Reads alone"), ("refused", "Refusals alone")],
        required=False,
        small=True,
    )

    def __init__(
        self,
        *args: Any,
        people: Iterable[tuple[str, str]],
        agencies: Iterable[tuple[str, str]],
        sees_refusals: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = [("", "Anybody"), *people]  # type: ignore[attr-defined]
        self.fields["agency"].choices = [("", "Any"), *agencies]  # type: ignore[attr-defined]
        if not sees_refusals:
            del self.fields["outcome"]
