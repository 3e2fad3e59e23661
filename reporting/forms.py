"""What is asked when somebody wants a report."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.forms import DateField, RadioField, WriteForm
from reporting.rules.periods import Period, last_quarter, last_six_months

QUARTER, HALF_YEAR, OTHER = "quarter", "half_year", "other"
LABELS = {QUARTER: "The last quarter", HALF_YEAR: "The last six months", OTHER: "Other dates"}


class ReportForm(WriteForm):
    """The period of a report: one that is often wanted, or two dates."""

    period = RadioField(
        label="Which period?",
        choices=list(LABELS.items()),
        reveals={OTHER: ("first", "last")},
    )
    first = DateField(
        label="First day", noun="The first day", missing="Enter the first day", hint="For example: 1 4 2026"
    )
    last = DateField(
        label="Last day", noun="The last day", missing="Enter the last day", hint="This day is in the report"
    )

    def __init__(self, *args: Any, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, at=at, **kwargs)
        today = timezone.localdate(at)
        self.presets = {QUARTER: last_quarter(today), HALF_YEAR: last_six_months(today)}
        self.fields["period"].widget.hints = {key: period.words for key, period in self.presets.items()}

    def wanted(self) -> Period:
        """The period that was asked for, once the form is valid."""
        chosen = self.cleaned_data["period"]
        return self.presets.get(chosen) or Period(self.cleaned_data["first"], self.cleaned_data["last"])
