"""The shapes of a missing report and of a return: wrong types, unknown fields and futures are refused."""

from __future__ import annotations

from datetime import date
from typing import Any

from rest_framework import serializers

from accounts.api.reading import Asked, Day, Instant, OneOf, Words
from accounts.rules.dates import age_in_years, in_london
from cases.record.choices import IdentifierKind, Sex
from cases.record.rules import RecordRefused, check_identifier, tidy_identifier
from missing.choices import EpisodeFlag, EpisodeKind, PlaceKind, ReturnMethod
from missing.selectors.matching import ReportedChild
from missing.services import EpisodeDetails, ReturnDetails

LONG = 4000
OLDEST_AGE = 25
LIST_WANTED = {"not_a_list": "Send a list.", "null": "Send a list, or leave the field out."}
ONE_NAME = "One of the two names is needed"
SEVERAL_AT_MOST = len(EpisodeFlag)


class MissingChild(Asked):
    """Who is missing. A number of the child's own, or names with the date of birth, join the report to their file."""

    given_name = Words(max_length=80, required=False, help_text=ONE_NAME)
    family_name = Words(max_length=80, required=False, help_text=ONE_NAME)
    birth_date = Day(required=False, help_text="Leave it out if you do not know it. Do not guess.")
    sex = OneOf(Sex.choices, required=False)
    nhs_number = Words(max_length=20, required=False)
    police_number = Words(max_length=60, required=False, help_text="The child's own, not that of this report")
    social_care_number = Words(max_length=60, required=False)

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if not said.get("given_name") and not said.get("family_name"):
            raise serializers.ValidationError({"given_name": ["Send the child's first name or last name."]})
        return said

    def validate_birth_date(self, born: date) -> date:
        age = age_in_years(born, in_london(self.context["at"]).date())
        if age is not None and age > OLDEST_AGE:
            raise serializers.ValidationError(f"Check the year: this makes the person {age}.")
        return born

    def validate_nhs_number(self, number: str) -> str:
        try:
            check_identifier(IdentifierKind.NHS_NUMBER, tidy_identifier(number))
        except RecordRefused as refusal:
            raise serializers.ValidationError(refusal.reason) from refusal
        return number


class MissingEpisode(Asked):
    """A child who is missing, absent or away: who it is, since when, and what is known."""

    child = MissingChild()
    kind = OneOf(EpisodeKind.choices)
    last_seen_at = Instant(help_text="When a responsible adult last saw the child")
    noticed_at = Instant(required=False)
    reported_at = Instant(help_text="When it was reported to police")
    police_reference = Words(max_length=60, required=False)
    place_kind = OneOf(PlaceKind.choices, required=False, help_text="Where the child was missed from")
    place = Words(max_length=200, required=False)
    circumstances = Words(max_length=LONG, required=False)
    companions = Words(max_length=LONG, required=False, help_text="Read by those alone who see episodes in full")
    flags = serializers.ListField(
        child=OneOf(EpisodeFlag.choices),
        required=False,
        max_length=SEVERAL_AT_MOST,
        error_messages={**LIST_WANTED, "max_length": "Send each once."},
    )

    def reported(self) -> ReportedChild:
        """Who is missing; call it once the body is valid."""
        said = self.validated_data["child"]
        numbers = (
            (IdentifierKind.NHS_NUMBER, said.get("nhs_number", "")),
            (IdentifierKind.POLICE, said.get("police_number", "")),
            (IdentifierKind.SOCIAL_CARE, said.get("social_care_number", "")),
        )
        return ReportedChild(
            given_name=said.get("given_name", ""),
            family_name=said.get("family_name", ""),
            birth_date=said.get("birth_date"),
            sex=said.get("sex", Sex.UNKNOWN),
            numbers=tuple((kind.value, tidy_identifier(number)) for kind, number in numbers if number),
        )

    def details(self) -> EpisodeDetails:
        """What is known of the episode; call it once the body is valid."""
        said = self.validated_data
        return EpisodeDetails(
            kind=EpisodeKind(said["kind"]),
            last_seen_at=said["last_seen_at"],
            noticed_at=said.get("noticed_at"),
            reported_at=said["reported_at"],
            police_reference=said.get("police_reference", ""),
            place_kind=PlaceKind(said.get("place_kind", PlaceKind.UNKNOWN)),
            place_detail=said.get("place", ""),
            circumstances=said.get("circumstances", ""),
            companions=said.get("companions", ""),
            flags=tuple(dict.fromkeys(said.get("flags", ()))),
        )


class ChildBack(Asked):
    """How and when the child was back."""

    returned_at = Instant()
    method = OneOf(ReturnMethod.choices)
    found_by = Words(max_length=120, required=False)
    found_where = Words(max_length=200, required=False)
    condition = Words(max_length=LONG, required=False, help_text="What state the child was in, and any harm")

    def details(self) -> ReturnDetails:
        """The return; call it once the body is valid."""
        said: dict[str, Any] = self.validated_data
        return ReturnDetails(
            returned_at=said["returned_at"],
            method=ReturnMethod(said["method"]),
            found_by=said.get("found_by", ""),
            found_where=said.get("found_where", ""),
            condition=said.get("condition", ""),
        )


class ReportAnswer(serializers.Serializer):
    """What whoever reports is told: that it arrived. It is the same whether or not the child was known."""

    id = serializers.UUIDField(help_text="Name it when the child is back")
    reference = serializers.CharField(help_text="Name it on the telephone")
    state = serializers.ChoiceField(["reported", "returned"])
