"""What is asked about a return interview."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from accounts.forms import (
    CheckboxesField,
    LongTextField,
    MomentField,
    RadioField,
    SelectField,
    TextField,
    TickField,
    WriteForm,
    YesNoField,
)
from missing.choices import (
    FINDING_CATEGORIES,
    SECTIONS,
    WITH_PARTNER_TEXT,
    Agrees,
    AttemptMethod,
    NotNeededReason,
    Venue,
)
from missing.rules import MissingRefused, check_briefing
from missing.services.findings import Finding

LONG = 6000
BRIEFING_HINT = (
    "What the interviewer must know to be safe, and what to ask about. Write what is feared and what to do. Leave out "
    "who said it and how it is known: no names of people who gave information, no source."
)


class DeedForm(WriteForm):
    """A step with a time and a few words."""

    happened_at = MomentField(label="When?", noun="The time", when="today_or_past")
    note = LongTextField(label="Note", max_length=2000, rows=3, required=False)


class OfferForm(WriteForm):
    happened_at = MomentField(label="When did you offer it?", noun="When you offered it", when="today_or_past")
    agreed_for = MomentField(
        label="Agreed for",
        noun="The agreed time",
        hint="If you agreed with the child when to meet.",
        required=False,
    )
    note = LongTextField(label="Note", max_length=2000, rows=3, required=False)


class AnswerForm(DeedForm):
    field_order = ("accepted", "happened_at", "agreed_for", "note")
    happened_at = MomentField(label="When did the child answer?", noun="The time", when="today_or_past")
    agreed_for = MomentField(
        label="Agreed for",
        noun="The agreed time",
        hint="If the child accepts and you agreed when to meet.",
        required=False,
    )
    accepted = YesNoField(label="Does the child accept?", missing="Select what the child said")


class AttemptForm(WriteForm):
    method = RadioField(label="How did you try?", choices=AttemptMethod.choices, missing="Select how you tried")
    happened_at = MomentField(label="When?", noun="The time", when="today_or_past")
    note = LongTextField(
        label="What came of it?",
        hint="Why it led to no interview.",
        max_length=2000,
        rows=3,
        missing="Write what came of it",
    )


class NoteForm(WriteForm):
    note = LongTextField(
        label="What was tried, and why does it end here?", max_length=2000, rows=4, missing="Write why"
    )


class NotNeededForm(WriteForm):
    reason = RadioField(label="Why is none offered?", choices=NotNeededReason.choices, missing="Select why")
    note = LongTextField(label="Note", hint="Needed for another reason.", max_length=2000, rows=3, required=False)


class CarerForm(WriteForm):
    happened_at = MomentField(label="When did you speak?", noun="The time", when="today_or_past")
    words = LongTextField(
        label="What does the parent or carer say?", max_length=LONG, rows=6, missing="Write what they say"
    )


class AllocateForm(WriteForm):
    """Who holds it, and a briefing or the tick: one of the two is needed."""

    says_optional = False

    membership = SelectField(label="Who holds the interview?", missing="Select an interviewer")
    briefing = LongTextField(label="Safety briefing", hint=BRIEFING_HINT, max_length=2000, rows=6, required=False)
    nothing = TickField(
        label="I know of nothing to warn of",
        hint="Instead of a briefing. The interviewer reads that you said so.",
        required=False,
    )

    def __init__(self, *args: Any, people: Iterable[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["membership"].choices = people_choices(people)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A missing briefing is told together with a missing name, not after it."""
        super().clean()
        try:
            check_briefing(self.cleaned_data.get("briefing", ""), nothing=self.cleaned_data.get("nothing", False))
        except MissingRefused as refusal:
            if not {"briefing", "nothing"} & set(self.errors):
                self.add_error(refusal.field, refusal.reason)
        return self.cleaned_data


class HoldForm(WriteForm):
    held_at = MomentField(label="When was it held?", noun="When it was held", when="today_or_past")
    held_by = SelectField(label="Who held it?", missing="Select who held it")
    venue = RadioField(label="Where?", choices=Venue.choices, missing="Select where it was held")
    present = TextField(label="Who else was present?", max_length=300, required=False)
    independent = TickField(
        label="The interviewer is independent: they take no part in caring for the child",
        missing="Confirm that the interviewer is independent. If not, another person must hold it",
    )
    covers = CheckboxesField(label="Which other episodes did you talk about?", required=False, small=True)
    breach_reason = LongTextField(
        label="Why was it late?",
        hint="Needed when it was held after the time by which it had to be held.",
        max_length=300,
        rows=3,
        required=False,
    )

    def __init__(self, *args: Any, people: Iterable[Any], others: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["held_by"].choices = people_choices(people)  # type: ignore[attr-defined]
        if others:
            self.fields["covers"].choices = others  # type: ignore[attr-defined]
        else:
            del self.fields["covers"]


class WriteUpForm(WriteForm):
    """One section for each category: each is read by those whose role sees that category, and by no others."""

    finished = TickField(label="This is the whole write-up", required=False, hint="You can still add to it later.")

    def __init__(self, *args: Any, readers: Mapping[str, list[dict[str, str]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.readers = readers
        finished = self.fields.pop("finished")
        for category in FINDING_CATEGORIES:
            heading, hint, partner = SECTIONS[category]
            self.fields[f"{category}_text"] = LongTextField(
                label=heading, hint=hint, max_length=LONG, rows=5, required=False
            )
            if category in WITH_PARTNER_TEXT:
                self.fields[f"{category}_partner"] = LongTextField(
                    label=partner,
                    hint="For those who read no more than this.",
                    max_length=1000,
                    rows=2,
                    required=False,
                )
            self.fields[f"{category}_agrees"] = RadioField(
                label="Does the child agree that this is shared?",
                choices=Agrees.choices,
                initial=Agrees.NOT_ASKED,
                inline=True,
                required=False,
            )
            self.fields[f"{category}_with"] = TextField(label="With whom?", max_length=200, required=False)
        self.fields["finished"] = finished

    @property
    def sections(self) -> list[dict[str, Any]]:
        """The fields of each category under its heading, with who will read it, for the page."""
        parts = ("text", "partner", "agrees", "with")
        return [
            {
                "title": category.label.capitalize(),
                "code": category.value,
                "readers": self.readers[category.value],
                "fields": [self[f"{category}_{part}"] for part in parts if f"{category}_{part}" in self.fields],
            }
            for category in FINDING_CATEGORIES
        ]

    def findings(self) -> list[Finding]:
        """What was written, by category. Call after `is_valid()`."""
        said = self.cleaned_data
        return [
            Finding(
                category=category,
                text=said.get(f"{category}_text") or "",
                partner_text=said.get(f"{category}_partner") or "",
                agrees=Agrees(said.get(f"{category}_agrees") or Agrees.NOT_ASKED),
                share_with=said.get(f"{category}_with") or "",
            )
            for category in FINDING_CATEGORIES
        ]


def people_choices(people: Iterable[Any]) -> list[tuple[str, str]]:
    """Memberships as choices of a list."""
    return [("", "Choose"), *((str(one.pk), f"{one.user}, {one.agency}") for one in people)]
