"""Sharing, deciding not to, ending either, what the child says, and assessing what was shared in error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.forms import HiddenInput

from accounts.choices import Sector
from accounts.forms import (
    CheckboxesField,
    DateField,
    LongTextField,
    RadioField,
    SelectField,
    TextField,
    WriteForm,
    YesNoField,
)
from cases.access.choices import Category
from cases.sharing.choices import (
    Answer,
    BreachOutcome,
    DeclineReason,
    LawfulBasis,
    OverrideGround,
    SharingEnd,
    SharingPurpose,
    Understands,
    WhyNotTold,
    WishKind,
)
from cases.sharing.rules.shares import ALWAYS, NEVER, NO_LIMITS, Override, Told

LONG = 1000
Pairs = Sequence[tuple[str, str]]
KINDS = "Which kinds of information?"
BASIS_HINTS = {
    LawfulBasis.PUBLIC_TASK: "UK GDPR article 6(1)(e), with schedule 1, paragraph 18 of the Data Protection Act 2018. "
    "This is usually it.",
    LawfulBasis.LEGAL_DUTY: "UK GDPR article 6(1)(c): a law says that it must be shared, such as the Children Acts.",
    LawfulBasis.VITAL: "UK GDPR article 6(1)(d).",
    LawfulBasis.LAW_ENFORCEMENT: "Part 3 of the Data Protection Act 2018. For the police alone.",
    LawfulBasis.AGREEMENT: "UK GDPR article 6(1)(a). Seldom: only where you would not share it without.",
}


def _not_told(*, who: str, were: str, leaving: tuple[WhyNotTold, ...]) -> SelectField:
    choices = [(value, words) for value, words in WhyNotTold.choices if value not in leaving]
    return SelectField(
        label=f"Why {were} {who} not told?",
        choices=[("", "Choose"), *choices],
        missing=f"Select why {who} {were} not told",
    )


class ShareForm(WriteForm):
    """What goes to whom, what for, on what basis, who was told, and until when. Where it `answers` a request, what
    whoever asked is told about the rest.
    """

    person = SelectField(
        label="Who there?",
        required=False,
        hint="Somebody you name is told and sees it; otherwise everybody there whose job allows it",
    )
    what = RadioField(
        label="What do you share?",
        choices=[("kinds", "Kinds of information"), ("entries", "Single entries of the chronology, and nothing else")],
        hints={"kinds": "All there is of a kind now, and what is added until the share ends."},
        reveals={"kinds": "categories", "entries": "entries"},
        missing="Select what you share",
    )
    categories = CheckboxesField(
        label=KINDS,
        hint="What you see in full yourself and they may see. Who the child is goes with it, always. Share what they "
        "need and no more.",
        missing="Select at least one kind of information",
        small=True,
    )
    entries = CheckboxesField(label="Which entries?", missing="Select at least one entry", small=True)
    purpose = RadioField(
        label="What do they need it for?",
        choices=SharingPurpose.choices,
        missing="Select what they need it for",
        small=True,
    )
    words = LongTextField(
        label="What will they do with it?",
        hint="One or two sentences. They read it, and may use it for nothing else.",
        max_length=LONG,
        rows=3,
        missing="Say what they will do with it",
    )
    basis = RadioField(
        label="What allows you to share it?",
        choices=LawfulBasis.choices,
        hints=BASIS_HINTS,
        missing="Select what allows you to share it",
    )
    child_answer = RadioField(
        label="Has the child been told, and what do they say?",
        choices=Answer.choices,
        reveals={Answer.NOT_TOLD: "child_not_told"},
        missing="Select what the child was told and says",
        small=True,
    )
    child_not_told = _not_told(who="the child", were="was", leaving=(WhyNotTold.CHILD_ASKED, WhyNotTold.NOBODY))
    carers_answer = RadioField(
        label="Have the parents or carers been told, and what do they say?",
        choices=Answer.choices,
        reveals={Answer.NOT_TOLD: "carers_not_told"},
        missing="Select what the parents or carers were told and say",
        small=True,
    )
    carers_not_told = _not_told(who="they", were="were", leaving=())
    overrides = YesNoField(
        label="Does this go against what the child, or a parent or carer, wants?",
        reveals={"yes": ("ground", "authorised_by", "explained")},
        missing="Select whether it goes against what somebody wants",
    )
    ground = RadioField(
        label="On what ground do you share all the same?",
        choices=OverrideGround.choices,
        missing="Select on what ground you share all the same",
        small=True,
    )
    authorised_by = TextField(
        label="Who authorised it?", hint="Name and job", max_length=200, missing="Enter who authorised it"
    )
    explained = LongTextField(
        label="How was it explained to the child?",
        hint="What you said and what they said, or when you will",
        max_length=LONG,
        rows=3,
        required=False,
    )
    ends_on = DateField(
        label="What is the last day on which they need it?",
        noun="The last day",
        hint="Within a year. Their access ends at the end of that day, whoever remembers.",
        missing="Enter the last day on which they need it",
    )
    answer_words = LongTextField(
        label="What do you say to whoever asked about what you leave out?",
        hint="They read it. Say whom else they could ask, and nothing of what they may not see.",
        max_length=LONG,
        rows=3,
        required=False,
    )

    def __init__(
        self,
        *args: Any,
        people: Pairs,
        categories: Pairs,
        entries: Pairs,
        answers: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        if not answers:
            del fields["answer_words"]
        fields["person"].choices = [("", "Everybody there whose job allows it"), *people]
        fields["categories"].choices = list(categories)
        fields["entries"].choices = list(entries)
        fields["explained"].optional_words = "where it is the child who does not want it"
        offered = {"kinds": categories, "entries": entries}
        fields["what"].choices = [pair for pair in fields["what"].choices if offered[pair[0]]]
        self.offers_something = bool(fields["what"].choices)

    def told(self, who: str) -> Told:
        """What the child, or the carers, were told and said. Call after `is_valid()`."""
        return told_of(self.cleaned_data, who)

    def override(self) -> Override:
        """Why it is shared against somebody's wish; empty where it is not. Call after `is_valid()`."""
        return override_of(self.cleaned_data)


def told_of(said: dict[str, Any], who: str) -> Told:
    """What a form's answers say of what somebody was told."""
    return Told(Answer(said[f"{who}_answer"]), said[f"{who}_not_told"] or "")


def override_of(said: dict[str, Any]) -> Override:
    """What a form's answers say of why something goes against somebody's wish."""
    if not said["overrides"]:
        return Override()
    return Override(said["ground"] or "", said["authorised_by"] or "", said["explained"] or "")


class DeclineForm(WriteForm):
    """What is not shared with whom, why, and when that is looked at again."""

    person = SelectField(label="Who there?", required=False)
    categories = CheckboxesField(label=KINDS, missing="Select at least one kind of information", small=True)
    decline_reason = RadioField(
        label="Why is it not shared?", choices=DeclineReason.choices, missing="Select why it is not shared"
    )
    words = LongTextField(label="In a sentence or two", max_length=LONG, rows=3, missing="Say why it is not shared")
    review_on = DateField(
        label="When must this be looked at again?",
        noun="The review",
        hint="Within six months. You are told when the day comes.",
        missing="Enter when this must be looked at again",
    )

    def __init__(self, *args: Any, people: Pairs, categories: Pairs, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = [("", "The agency as a whole"), *people]  # type: ignore[attr-defined]
        self.fields["categories"].choices = list(categories)  # type: ignore[attr-defined]


WHAT_AN_ERROR_BRINGS = (
    "The data guardians are told at once and have 72 hours to assess it; whoever it went to is told to destroy every "
    "copy."
)


class EndShareForm(WriteForm):
    """Why a share ends before its day; after it (`over`) nothing but that it was an error is left to say."""

    end_kind = RadioField(
        label="Why does it end?",
        choices=[
            (SharingEnd.IN_ERROR.value, "It was shared in error"),
            (SharingEnd.NOT_NEEDED.value, "They no longer need it"),
        ],
        hints={SharingEnd.IN_ERROR: f"Wrong child, wrong people, or more than was meant. {WHAT_AN_ERROR_BRINGS}"},
        missing="Select why it ends",
    )
    words = LongTextField(
        label="What happened?", hint="Do not name the child", max_length=LONG, rows=3, missing="Say what happened"
    )

    def __init__(self, *args: Any, over: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if over:
            self.fields["end_kind"].widget = HiddenInput()
            self.initial["end_kind"] = SharingEnd.IN_ERROR.value


class CloseForm(WriteForm):
    """A decision not to share that matters no more."""

    words = TextField(label="Why does it matter no more?", max_length=300)


class WishForm(WriteForm):
    """What the child says about who may know."""

    kind = RadioField(
        label="What does the child say about who may know?",
        choices=WishKind.choices,
        reveals={WishKind.LIMITS: ("kept", "kept_from")},
        missing="Select what the child says",
    )
    kept = CheckboxesField(
        label="What must not go further?",
        choices=[(one.value, one.label.capitalize()) for one in Category if one.value not in (*ALWAYS, *NEVER)],
        required=False,
        small=True,
    )
    kept_from = CheckboxesField(label="Who must not be told?", choices=Sector.choices, required=False, small=True)
    words = LongTextField(label="In the child’s own words", max_length=LONG, rows=3, missing="Say what the child said")
    understands = RadioField(
        label="Does the child understand what sharing means, and can they decide?",
        choices=Understands.choices,
        hint="Your judgement, or that of whoever talked with them",
        missing="Select whether the child understands it",
        small=True,
    )
    said_on = DateField(
        label="When did the child say so?",
        noun="The day on which the child said it",
        when="today_or_past",
        missing="Enter when the child said so",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("kept", "kept_from"):
            self.fields[name].optional_words = "one of the two is needed"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Limits say of what, or to whom: asked in the same round as the rest."""
        super().clean()
        said = self.cleaned_data
        if said.get("kind") == WishKind.LIMITS and not said.get("kept") and not said.get("kept_from"):
            self.add_error("kept", NO_LIMITS)
        return said


class AssessBreachForm(WriteForm):
    """What a data guardian made of what was shared in error."""

    outcome = RadioField(
        label="Must it be reported?", choices=BreachOutcome.choices, missing="Select whether it must be reported"
    )
    why = LongTextField(
        label="Why?",
        hint="What could follow for the child or anybody else, and how likely it is",
        max_length=LONG,
        rows=3,
        missing="Say why",
    )
    done = LongTextField(
        label="What was done?",
        hint="Who was rung, whether copies are destroyed, whether the child and family were told, the number of a "
        "report",
        max_length=LONG,
        rows=3,
        missing="Say what was done",
    )
