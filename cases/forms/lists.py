"""Narrowing a worklist, and searching."""

from datetime import date
from typing import Any

from accounts.forms import CheckboxesField, HarbourForm, SearchField, TickField
from cases.record.choices import HarmStatus, RiskLevel
from cases.record.selectors import WorklistFilter


class WorklistFilterForm(HarbourForm):
    """How to narrow the worklist. What only the level tells is asked of those roles alone that see levels."""

    says_optional = False
    level = CheckboxesField(label="Risk level", choices=RiskLevel.choices, required=False, small=True)
    harm = CheckboxesField(label="Harm status", choices=HarmStatus.choices, required=False, small=True)
    overdue = TickField(label="Review is overdue", required=False)
    leads = TickField(label="My agency leads", required=False)
    mine = TickField(label="I am involved", required=False)

    def __init__(self, *args: Any, sees_levels: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not sees_levels:
            for name in ("level", "harm", "overdue"):
                del self.fields[name]

    def wanted(self, *, today: date) -> WorklistFilter:
        """The filter that was asked for; call it on a valid form."""
        asked = self.cleaned_data
        return WorklistFilter(
            levels=tuple(asked.get("level", ())),
            harm=tuple(asked.get("harm", ())),
            review_overdue_on=today if asked.get("overdue") else None,
            my_agency_leads=asked["leads"],
            i_am_involved=asked["mine"],
        )


class FileSearchForm(HarbourForm):
    """Words about one child: a name or a reference."""

    says_optional = False
    words = SearchField(
        label="Find a file by name or reference",
        hint="For example: Robin Ashdown, or H7K-4PQR",
        max_length=120,
        missing="Enter a name or a reference",
    )
