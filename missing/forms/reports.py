"""Reporting a child missing: on their file, and without the file in hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict

from accounts.forms import (
    CheckboxesField,
    DateField,
    LongTextField,
    MomentField,
    RadioField,
    SelectField,
    TextField,
    WriteForm,
)
from accounts.rules.dates import age_in_years, in_london
from cases.record.choices import IdentifierKind, Sex
from cases.record.rules import RecordRefused, check_identifier, tidy_identifier
from missing.choices import EpisodeFlag, EpisodeKind, PlaceKind
from missing.selectors.matching import ReportedChild
from missing.services.episodes import EpisodeDetails

LONG = 4000
OLDEST_AGE = 25
ANOTHER = "another"
KIND_HINTS = {
    EpisodeKind.MISSING: "Nobody can say where the child is.",
    EpisodeKind.ABSENT: "Not where they are expected, and nothing suggests harm. It can become missing later.",
    EpisodeKind.AWAY: "A looked-after child whose whereabouts are known, and who is not where they should be.",
}


class EpisodeForm(WriteForm):
    """What is known when a child is reported on their own file."""

    kind = RadioField(
        label="What is it?",
        choices=EpisodeKind.choices,
        hints=KIND_HINTS,
        missing="Select whether the child is missing, absent or away",
    )
    last_seen_at = MomentField(
        label="When was the child last seen?",
        noun="When the child was last seen",
        when="today_or_past",
        hint="By a responsible adult. For example, 27 3 2026, 9:30pm.",
    )
    noticed_at = MomentField(
        label="When did somebody notice?", noun="When somebody noticed", when="today_or_past", required=False
    )
    reported_at = MomentField(
        label="When was it reported to police?", noun="When it was reported", when="today_or_past"
    )
    police_reference = TextField(label="Police reference", max_length=60, width=20, required=False, spellcheck=False)
    place_kind = SelectField(
        label="Where were they missed from?", choices=[("", "Choose"), *PlaceKind.choices], missing="Select a place"
    )
    place_detail = TextField(label="Which place?", max_length=200, required=False)
    circumstances = LongTextField(
        label="What happened?",
        hint="What they wear and have with them (telephone, money, medicine), what came before, where they may be.",
        max_length=LONG,
        rows=6,
        missing="Write what happened",
    )
    companions = LongTextField(
        label="Who may they be with?",
        hint="Kept apart: only those who see missing episodes in full read it.",
        max_length=LONG,
        rows=3,
        required=False,
    )
    flags = CheckboxesField(
        label="What must whoever looks for them know?", choices=EpisodeFlag.choices, required=False, small=True
    )

    def details(self) -> EpisodeDetails:
        """The episode as it was typed. Call after `is_valid()`."""
        said = self.cleaned_data
        return EpisodeDetails(
            kind=EpisodeKind(said["kind"]),
            last_seen_at=said["last_seen_at"],
            noticed_at=said["noticed_at"],
            reported_at=said["reported_at"],
            police_reference=said["police_reference"],
            place_kind=PlaceKind(said["place_kind"]),
            place_detail=said["place_detail"],
            circumstances=said["circumstances"],
            companions=said["companions"],
            flags=tuple(said["flags"]),
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        start: datetime | None = cleaned.get("last_seen_at")
        for name, words in (("noticed_at", "When somebody noticed"), ("reported_at", "When it was reported")):
            later = cleaned.get(name)
            if start and later and later < start:
                self.add_error(name, f"{words} cannot be before the child was last seen")
        return cleaned


class MissingChildForm(EpisodeForm):
    """A report by somebody who has not the child's file in hand: who the child is, then what happened."""

    field_order = ("given_name", "family_name", "birth_date", "sex", "nhs_number", "police_number", "care_number")

    same_as = RadioField(label="Is it this child?", required=False)
    # The files beside which the question was asked, so that an answer is about those and no others.
    shown_files = forms.CharField(required=False, widget=forms.HiddenInput)
    given_name = TextField(label="First name", max_length=80, width=20, required=False, spellcheck=False)
    family_name = TextField(
        label="Last name",
        max_length=80,
        width=20,
        required=False,
        spellcheck=False,
    )
    birth_date = DateField(
        label="Date of birth",
        noun="Date of birth",
        when="today_or_past",
        required=False,
        hint="Leave it empty if you do not know it. Do not guess.",
    )
    sex = RadioField(label="Sex", choices=Sex.choices, inline=True, missing="Select the child’s sex, or “Not known”")
    nhs_number = TextField(label="NHS number", max_length=20, width=20, required=False, spellcheck=False)
    police_number = TextField(
        label="Police number of the child",
        hint="The child’s own, not that of this report.",
        max_length=60,
        width=20,
        required=False,
        spellcheck=False,
    )
    care_number = TextField(label="Social care number", max_length=60, width=20, required=False, spellcheck=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("given_name", "family_name"):
            self.fields[name].optional_words = "one of the two names is needed"  # type: ignore[attr-defined]
        self._offer([(pk, pk) for pk in self._shown()])

    def _shown(self) -> list[str]:
        return [part for part in str(self.data.get("shown_files") or "").split() if _is_uuid(part)]

    def _offer(self, files: list[tuple[str, str]], hints: dict[str, str] | None = None) -> None:
        field = self.fields["same_as"]
        field.choices = [*files, (ANOTHER, "No, it is another child")]  # type: ignore[attr-defined]
        field.widget.hints = hints or {}

    def ask_which(self, files: list[dict[str, Any]]) -> None:
        """Ask whether one of these files is the child's, with what was typed kept; call it on a bound form."""
        self._offer(
            [(file["id"], f"Yes, {file['choice']}") for file in files], {file["id"]: file["hint"] for file in files}
        )
        # Nothing can be sent without an answer; it was optional only as long as nothing was asked.
        self.fields["same_as"].required = True
        data = cast(QueryDict, self.data).copy()
        data["shown_files"] = " ".join(file["id"] for file in files)
        self.data = data

    def answer(self) -> dict[str, Any]:
        """Which file is the child's, and which are not, as far as that was asked. Call after `is_valid()`."""
        said, shown = self.cleaned_data["same_as"], [UUID(pk) for pk in self._shown()]
        if said == ANOTHER:
            return {"same_as": None, "not_theirs": shown}
        return {"same_as": UUID(said) if said else None, "not_theirs": ()}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not cleaned.get("given_name") and not cleaned.get("family_name"):
            self.add_error("given_name", "Enter the child’s first name or last name")
        return cleaned

    def clean_birth_date(self) -> date | None:
        born: date | None = self.cleaned_data.get("birth_date")
        age = age_in_years(born, in_london(self.at).date()) if born and self.at else None
        if age is not None and age > OLDEST_AGE:
            self.add_error("birth_date", f"Check the year: this makes the person {age}")
        return born

    def clean_nhs_number(self) -> str:
        number = tidy_identifier(self.cleaned_data.get("nhs_number") or "")
        if number:
            try:
                check_identifier(IdentifierKind.NHS_NUMBER, number)
            except RecordRefused as refusal:
                self.add_error("nhs_number", refusal.reason)
        return number

    @property
    def about_child(self) -> list[BoundField]:
        """The questions of who the child is."""
        return [self[name] for name in self.field_order]

    @property
    def about_episode(self) -> list[BoundField]:
        """The questions of what happened."""
        return [field for field in self.visible_fields() if field.name not in (*self.field_order, "same_as")]

    def reported(self) -> ReportedChild:
        """Who the child is, as it was typed. Call after `is_valid()`."""
        said = self.cleaned_data
        typed = (
            (IdentifierKind.NHS_NUMBER, said["nhs_number"]),
            (IdentifierKind.POLICE, said["police_number"]),
            (IdentifierKind.SOCIAL_CARE, said["care_number"]),
        )
        return ReportedChild(
            given_name=said["given_name"],
            family_name=said["family_name"],
            birth_date=said["birth_date"],
            sex=said["sex"],
            numbers=tuple((kind.value, number) for kind, number in typed if number),
        )


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
