"""Which agency something is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from accounts.forms import HarbourForm, SelectField
from accounts.models import Agency
from accounts.rules.agreements import is_covered
from cases.access.rules import no_agreement_words


class AgencyForm(HarbourForm):
    """Which agency is to be brought in or shared with: asked first, so that its own people can be offered, and what
    they may see.
    """

    agency = SelectField(label="Which agency?", missing="Select an agency")

    def __init__(self, *args: Any, agencies: Iterable[Agency], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = {str(agency.pk): agency for agency in agencies}
        choices = [(key, agency.name) for key, agency in self.offered.items()]
        self.fields["agency"].choices = [("", "Choose"), *choices]  # type: ignore[attr-defined]

    def chosen(self, *, covered_on: date | None) -> Agency | None:
        """The agency that was chosen; where something opens to it on a day, one without an agreement then is refused at
        once.
        """
        if not self.is_bound or not self.is_valid():
            return None
        agency = self.offered[self.cleaned_data["agency"]]
        if covered_on is None or is_covered(agency.covered, covered_on):
            return agency
        self.add_error("agency", no_agreement_words(agency.name))
        return None
