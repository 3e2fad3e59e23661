"""The pages of a notification, one thing on each. Field names are those of the notification."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.http import QueryDict

from accounts.forms import (
    CheckboxesField,
    DateField,
    LongTextField,
    PostcodeField,
    RadioField,
    SelectField,
    TextField,
    TickField,
    WholeNumberField,
    WriteForm,
    YesNoField,
)
from accounts.rules.dates import age_in_years, in_london
from accounts.rules.postcodes import Watch, those_typed
from cases.record.choices import Disability, Ethnicity, HarmStatus, Sex
from referrals.choices import Agreement, ConcernKind, Told
from referrals.rules.notify import OLDEST_AGE, is_unlikely_age, kept_postcodes, question_about_age
from risk.forms import ToolForm

LONG = 4000


class StepForm(WriteForm):
    """A page of the form."""

    def kept(self) -> dict[str, Any]:
        """The answers as plain values, to be kept in a draft. Call after `is_valid()`."""
        values = {
            name: value for name, value in self.cleaned_data.items() if name not in ("idempotency_key", "version")
        }
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


class ChildForm(StepForm):
    given_name = TextField(
        label="First name", max_length=80, width=20, spellcheck=False, missing="Enter the child’s first name"
    )
    family_name = TextField(
        label="Last name",
        max_length=80,
        width=20,
        spellcheck=False,
        required=False,
        hint="Leave empty if you do not know it.",
    )
    preferred_name = TextField(
        label="Any other name the child uses", max_length=80, width=20, spellcheck=False, required=False
    )
    birth_date_known = RadioField(
        label="Do you know the date of birth?",
        choices=[("yes", "Yes"), ("no", "No")],
        reveals={"yes": "birth_date", "no": "age_if_unknown"},
        missing="Select whether you know the date of birth",
    )
    birth_date = DateField(
        label="Date of birth", noun="Date of birth", when="today_or_past", hint="For example, 27 3 2011"
    )
    age_if_unknown = WholeNumberField(
        label="About how old is the child?",
        hint="Your best guess, in years.",
        width=2,
        min_value=0,
        max_value=OLDEST_AGE,
        missing="Enter your best guess at the child’s age",
        error_messages={"max_value": f"Harbour is for children, and for young people up to {OLDEST_AGE}"},
    )
    sex = RadioField(label="Sex", choices=Sex.choices, missing="Select the child’s sex, or “Not known”")
    # The age that was asked about already: an unlikely one is asked about once, and then taken as said.
    age_asked = forms.CharField(required=False, max_length=3, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        field = "birth_date" if cleaned.get("birth_date") else "age_if_unknown"
        age = cleaned.get("age_if_unknown")
        if field == "birth_date" and self.at:
            age = age_in_years(cleaned["birth_date"], in_london(self.at).date())
        if self.errors or age is None or not is_unlikely_age(age) or cleaned.get("age_asked") == str(age):
            return cleaned
        if isinstance(self.data, QueryDict):
            self.data["age_asked"] = str(age)  # the page comes back with the question, and takes the next answer
        self.add_error(field, question_about_age(age))
        return cleaned

    def clean_birth_date(self) -> date | None:
        born: date | None = self.cleaned_data.get("birth_date")
        if born and self.at:
            age = age_in_years(born, in_london(self.at).date())
            if age is not None and age > OLDEST_AGE:
                self.add_error(
                    "birth_date",
                    f"Check the year: this makes the person {age}. Harbour is for children, and for young people up "
                    f"to {OLDEST_AGE}",
                )
        return born


class AboutForm(StepForm):
    ethnicity = SelectField(label="Ethnic group", choices=Ethnicity.choices, initial=Ethnicity.UNKNOWN)
    disability = SelectField(
        label="Disability or long-term condition", choices=Disability.choices, initial=Disability.UNKNOWN
    )
    school = TextField(
        label="School, college or training",
        max_length=120,
        required=False,
        hint="The name, or “none” if there is no place.",
    )


class HomeForm(StepForm):
    address_lines = LongTextField(
        label="Address",
        max_length=300,
        rows=3,
        required=False,
        hint="Where the child lives or is staying, if you know.",
    )
    postcode = PostcodeField(required=False)
    address_protected = YesNoField(
        label="Must anybody be kept from knowing this address?",
        hint="For example a parent, or somebody who may hurt the child. If you are not sure, answer yes.",
        missing="Select yes if anybody must be kept from knowing this address",
    )
    safe_contact = TextField(
        label="A safe way to reach the child or family",
        max_length=300,
        required=False,
        hint="For example “through the school office”, or “never ring the home number”.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["address_lines"].watched = False  # type: ignore[attr-defined]  # the address itself

    def postcodes_watched(self) -> Watch:
        return those_typed(kept_postcodes(self.cleaned_data))


class ConcernForm(StepForm):
    concerns = CheckboxesField(
        label="What are you worried about?",
        hint="Tick all that apply.",
        choices=ConcernKind.choices,
        missing="Tick at least one thing that worries you",
    )
    concern = LongTextField(
        label="What have you seen or heard?",
        hint="What happened, when, and who told you. Say what is fact and what you think. The child may read this.",
        max_length=LONG,
        rows=9,
        missing="Write what you have seen or heard",
    )
    happened_on = DateField(
        label="When was the latest time?",
        noun="The date",
        when="today_or_past",
        required=False,
        hint="If there is one day to name.",
    )
    people_and_places = LongTextField(
        label="People, places, vehicles, phones or online names",
        hint="Anybody or anything that could help to find who is doing harm.",
        max_length=LONG,
        rows=4,
        required=False,
    )


class HarmForm(StepForm):
    heading_field = "harm_status"
    harm_status = RadioField(
        label="Is the child being harmed?",
        hint="This is a separate question from how high the risk is.",
        choices=[
            (HarmStatus.KNOWN, "Yes, I know the child is being exploited, or has been"),
            (HarmStatus.SUSPECTED, "I think so: there are signs of exploitation"),
            (HarmStatus.VULNERABLE, "I have seen no sign, but I fear it could happen"),
            (HarmStatus.NOT_KNOWN, "I do not know"),
        ],
        missing="Select what you know about harm",
    )


class DangerForm(StepForm):
    heading_field = "immediate_danger"
    immediate_danger = YesNoField(
        label="Is the child in danger now?",
        hint="Somebody may hurt the child today or tonight, or the child is missing and at risk.",
        reveals={"yes": ("danger_detail", "police_called")},
        missing="Select yes if the child is in danger now",
    )
    danger_detail = LongTextField(
        label="What is the danger, and where is the child?", max_length=LONG, rows=4, required=False
    )
    police_called = TickField(label="I have rung 999, or the police know", required=False)


class WordsForm(StepForm):
    heading_field = "childs_words"
    childs_words = LongTextField(
        label="What does the child say?",
        hint="In the child’s own words, as far as you can. Leave it empty if you have not spoken with the child.",
        max_length=LONG,
        rows=7,
        required=False,
    )


class ToldForm(StepForm):
    says_optional = False
    child_told = RadioField(
        label="Does the child know that you are sending this?",
        choices=Told.choices,
        reveals={Told.YES: "child_agreement"},
        missing="Select whether the child knows",
    )
    child_agreement = RadioField(
        label="Does the child agree?", choices=Agreement.choices, missing="Select whether the child agrees", small=True
    )
    parents_told = RadioField(
        label="Do the parents or carers know?",
        choices=Told.choices,
        reveals={Told.YES: "parents_agreement"},
        missing="Select whether the parents or carers know",
    )
    parents_agreement = RadioField(
        label="Do they agree?",
        choices=Agreement.choices,
        missing="Select whether the parents or carers agree",
        small=True,
    )
    reason_not_told = LongTextField(
        label="Why has somebody not been told?",
        hint="We need this only where telling could put the child at risk.",
        max_length=1000,
        rows=3,
        required=False,
    )
    others_who_know = LongTextField(
        label="Who else knows or is helping?",
        hint="Other workers, family or friends. Leave it empty if nobody does.",
        max_length=1000,
        rows=3,
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        unsafe = Told.NO_UNSAFE in (cleaned.get("child_told"), cleaned.get("parents_told"))
        if unsafe and not cleaned.get("reason_not_told") and "reason_not_told" not in self.errors:
            self.add_error("reason_not_told", "Write why telling could put the child at risk")
        return cleaned


class ContactForm(StepForm):
    heading_field = "referrer_telephone"
    referrer_telephone = TextField(
        label="On what number can we reach you?",
        hint="The notification point may ring you today with a question.",
        max_length=40,
        width=20,
        inputmode="tel",
        autocomplete="tel",
        missing="Enter a telephone number",
    )

    def clean_referrer_telephone(self) -> str:
        number: str = self.cleaned_data["referrer_telephone"]
        if sum(letter.isdigit() for letter in number) < 6:
            self.add_error("referrer_telephone", "Enter a telephone number, like 01632 960 001")
        return number


FORMS: Mapping[str, type[StepForm]] = {
    "child": ChildForm,
    "about": AboutForm,
    "home": HomeForm,
    "concern": ConcernForm,
    "harm": HarmForm,
    "danger": DangerForm,
    "words": WordsForm,
    "told": ToldForm,
    "contact": ContactForm,
}


def step_form(step: str, data: QueryDict | None, *, at: datetime, initial: Mapping[str, Any], watch: Watch) -> StepForm:
    """The form of a step, but for the Matrix."""
    return FORMS[step](data, at=at, initial=dict(initial), watch=watch)


__all__ = ["FORMS", "StepForm", "ToolForm", "step_form"]
