"""What is asked when somebody corrects who a child is, or adds what holds from a day on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from accounts.forms import (
    CheckboxesField,
    DateField,
    LongTextField,
    PostcodeField,
    RadioField,
    SelectField,
    TextField,
    TickField,
    WriteForm,
    YesNoField,
)
from cases.record.choices import (
    AddressKind,
    AuthorityKind,
    Disability,
    Ethnicity,
    IdentifierKind,
    LegalStatus,
    PlacementKind,
    PlanStatus,
    Sex,
)
from cases.record.services import Identity, PeriodKind

NOT_SAVED = ("idempotency_key", "version")
LEAD_TICKED = "Whoever leads is ticked, because others are told to ask them: untick them if they must not know it"


class IdentityForm(WriteForm):
    """Who the child is. Its fields are those of `Identity`, by the same names."""

    given_name = TextField(label="Given name", max_length=80, width=20, spellcheck=False)
    family_name = TextField(label="Family name", max_length=80, width=20, spellcheck=False)
    preferred_name = TextField(
        label="What the child likes to be called", max_length=80, width=20, required=False, spellcheck=False
    )
    birth_date = DateField(
        label="Date of birth", noun="Date of birth", when="today_or_past", required=False, hint="For example: 4 3 2012"
    )
    birth_date_estimated = TickField(label="This date of birth is a guess", required=False)
    sex = RadioField(label="Sex", choices=Sex.choices, small=True)
    ethnicity = SelectField(label="Ethnicity", choices=Ethnicity.choices)
    disability = SelectField(label="Disability", choices=Disability.choices)
    first_language = TextField(label="First language", max_length=60, width=20, required=False)

    def identity(self) -> Identity:
        """What was said, once the form is valid."""
        return Identity(**{name: value for name, value in self.cleaned_data.items() if name not in NOT_SAVED})


class PeriodForm(WriteForm):
    """One dated fact and the day it started. `kept` are the fields that are saved as they are."""

    kept: tuple[str, ...] = ()
    started_on = DateField(
        label="From which day?", noun="The start", when="today_or_past", hint="What is recorded now ends on this day."
    )

    def values(self) -> dict[str, Any]:
        """What to save of the fact itself, once the form is valid."""
        return {name: self.cleaned_data[name] for name in self.kept}

    def readers(self) -> list[Any]:
        """Who may know it, where that is asked."""
        return []

    def kept_from(self) -> list[str]:
        """Who must not know it, in words, where that is asked."""
        return []


def _lines(text: str) -> list[str]:
    """What stands on each line, each once."""
    return list(dict.fromkeys(line.strip()[:160] for line in text.splitlines() if line.strip()))


class PlanForm(PeriodForm):
    kept = ("status",)
    status = RadioField(label="What plan does the child have?", choices=PlanStatus.choices)


class LegalForm(PeriodForm):
    kept = ("status",)
    status = RadioField(label="What is the legal status?", choices=LegalStatus.choices)


class PlacementForm(PeriodForm):
    kept = ("kind", "provider", "out_of_area")
    kind = RadioField(label="Where does the child live?", choices=PlacementKind.choices)
    provider = TextField(
        label="Who provides it?",
        max_length=120,
        required=False,
        hint="The service. Never a foster carer's address, nor the name of a home that somebody must not find",
    )
    out_of_area = TickField(label="It is outside the area of the child's home authority", required=False)


class SchoolForm(PeriodForm):
    kept = ("school", "note")
    school = TextField(label="School or college", max_length=120)
    note = TextField(
        label="What should others know about it?",
        max_length=200,
        required=False,
        hint="For example: on the roll, and taught at home since January",
    )


class AuthorityForm(PeriodForm):
    kept = ("kind", "authority")
    kind = RadioField(
        label="Which authority is this?",
        choices=AuthorityKind.choices,
        hints={
            AuthorityKind.HOME: "Where the child's family lives",
            AuthorityKind.PLACING: "That placed the child and stays responsible",
            AuthorityKind.HOST: "Where the child lives now, if that is another",
        },
    )
    authority = TextField(label="Name of the authority", max_length=120)


AREA_HINT = (
    "A district, a ward or the first half of a postcode. It is shown where the address may not be, so never a street "
    "or a building"
)


class ProtectionForm(WriteForm):
    """Why an address is protected, who may know it and who must not."""

    protection_reason = TextField(
        label="Why is it protected?",
        max_length=300,
        hint="Those who may know the address read this",
        missing="Say why it is protected",
    )
    may_know = CheckboxesField(
        label="Who else may know it?",
        hint="You always may. Everybody else, whatever their role, sees the area alone",
        required=False,
    )
    must_not_know = LongTextField(
        label="Who must not know it?",
        hint="One a line, for example: her stepfather, J. Hale. An agency or a colleague is named on the next page",
        max_length=1000,
        rows=2,
        required=False,
    )

    def __init__(
        self, *args: Any, workers: Iterable[tuple[str, str]] = (), lead: UUID | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["may_know"]
        field.choices = list(workers)
        if not field.choices:
            field.help_text = "You may. Nobody else is named on this file yet"
        if str(lead) in dict(field.choices):
            field.initial = [str(lead)]
            field.help_text = f"{LEAD_TICKED}. {field.help_text}"

    def readers(self) -> list[Any]:
        return list(self.cleaned_data.get("may_know") or [])

    def kept_from(self) -> list[str]:
        return _lines(self.cleaned_data.get("must_not_know") or "")


class AddressForm(ProtectionForm, PeriodForm):
    """An address, and who may know it where it is protected."""

    kept = ("kind", "lines", "postcode", "area", "protected", "protection_reason")
    kind = RadioField(label="What kind of address is it?", choices=AddressKind.choices)
    lines = TextField(label="Address without the postcode", max_length=300, spellcheck=False)
    postcode = PostcodeField(required=False)
    area = TextField(label="Area", max_length=80, width=20, hint=AREA_HINT)
    protected = YesNoField(
        label="Must this address be protected?",
        hint="Yes where somebody who could harm the child must not learn it",
        reveals={"yes": ("protection_reason", "may_know", "must_not_know")},
    )
    field_order = ("started_on", *kept[:5])


PERIOD_FORMS: dict[PeriodKind, type[PeriodForm]] = {
    PeriodKind.PLAN: PlanForm,
    PeriodKind.LEGAL: LegalForm,
    PeriodKind.PLACEMENT: PlacementForm,
    PeriodKind.SCHOOL: SchoolForm,
    PeriodKind.AUTHORITY: AuthorityForm,
    PeriodKind.ADDRESS: AddressForm,
}


class SafeContactForm(WriteForm):
    safe_contact = TextField(
        label="How and when can the child be reached safely?",
        max_length=300,
        hint="For example: text first, after 4pm, never ring the home number. Leave out any address",
    )


class AliasForm(WriteForm):
    name = TextField(label="What other name is the child known by?", max_length=160, width=30, spellcheck=False)
    note = TextField(label="Who uses it, or since when?", max_length=200, required=False)


class IdentifierForm(WriteForm):
    kind = RadioField(label="What number is it?", choices=IdentifierKind.choices)
    value = TextField(label="The number", max_length=60, width=20, spellcheck=False)
