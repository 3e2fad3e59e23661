"""The shapes of what is asked and answered about files: for the description, and for reading queries."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.reading import Asked
from cases.access.choices import Category
from cases.access.rules import Level
from cases.presenters.interface import cursor_in
from cases.record.choices import RiskLevel

# Beyond the chronology of any file.
LAST_PAGE = 1000


class Cursor(serializers.CharField):
    """Where a page of files begins: what `next_cursor` of the page before it said."""

    def to_internal_value(self, data: Any) -> tuple[datetime, UUID]:
        cursor = cursor_in(super().to_internal_value(data))
        if cursor is None:
            raise serializers.ValidationError("Send next_cursor of an earlier answer as it was, or leave this out.")
        return cursor


class Query(Asked):
    """What stands in an address after its question mark: each name once, unless it takes several values."""

    SEVERAL: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: QueryDict, **kwargs: Any) -> Query:
        """The query of an address. Raises ValidationError for a name that is given twice and takes one value."""
        twice = [name for name, values in query.lists() if len(values) > 1 and name not in cls.SEVERAL]
        if twice:
            raise serializers.ValidationError({name[:80]: ["Send this once."] for name in twice})
        found = {name: values if name in cls.SEVERAL else values[-1] for name, values in query.lists()}
        return cls(data=found, **kwargs)


class FilesQuery(Query):
    """How a list of files is narrowed, and where it begins."""

    SEVERAL = ("level",)
    level = serializers.ListField(
        child=serializers.ChoiceField(
            RiskLevel.choices,
            error_messages={"invalid_choice": f"Send one of: {', '.join(RiskLevel.values)}."},
        ),
        required=False,
    )
    overdue = serializers.ChoiceField(
        ["true", "false"], required=False, error_messages={"invalid_choice": "Send true or false."}
    )
    cursor = Cursor(required=False, max_length=120)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        told = {"level": attrs.get("level"), "overdue": attrs.get("overdue") == "true"}
        if not self.context["sees_levels"] and any(told.values()):
            words = ["Your role does not see levels and reviews, so a list is not narrowed by them."]
            raise serializers.ValidationError({name: words for name, asked in told.items() if asked})
        return attrs


class FileQuery(Query):
    """Which page of the chronology comes with a file."""

    chronology_page = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=LAST_PAGE,
        error_messages={
            "invalid": "Send a whole number from 1.",
            "min_value": "Send a whole number from 1.",
            "max_value": f"Send a whole number up to {LAST_PAGE}.",
            "max_string_length": f"Send a whole number up to {LAST_PAGE}.",
        },
    )


class Choice(serializers.Serializer):
    key = serializers.CharField()
    label = serializers.CharField()


class LevelShape(Choice):
    judged_on = serializers.DateField(allow_null=True)
    provisional = serializers.BooleanField(help_text="A referrer's own score, which nobody has judged yet")
    review_due_on = serializers.DateField(allow_null=True)
    review_overdue = serializers.BooleanField()


class LeadLine(serializers.Serializer):
    name = serializers.CharField()
    agency = serializers.CharField()


class FileLine(serializers.Serializer):
    """One file of a list. Keys that this person may not see are left out."""

    reference = serializers.CharField()
    restricted = serializers.BooleanField(help_text="Open to named people only")
    name = serializers.CharField(required=False)
    age = serializers.IntegerField(required=False, allow_null=True)
    level = LevelShape(required=False)
    harm_status = Choice(required=False)
    lead = LeadLine(allow_null=True)
    last_activity_at = serializers.DateTimeField()


class FileList(serializers.Serializer):
    files = FileLine(many=True)
    count = serializers.IntegerField(allow_null=True, help_text="Of all pages; null past the first, or beyond 1,000")
    next_cursor = serializers.CharField(allow_null=True)


class NumberShape(Choice):
    value = serializers.CharField()


class IdentityShape(serializers.Serializer):
    """Who the child is: in summary what the child is called, age and school."""

    schools = serializers.ListField(child=serializers.CharField())
    called = serializers.CharField(required=False)
    age = serializers.IntegerField(required=False, allow_null=True)
    given_name = serializers.CharField(required=False)
    family_name = serializers.CharField(required=False)
    preferred_name = serializers.CharField(required=False)
    birth_date = serializers.DateField(required=False, allow_null=True)
    birth_date_estimated = serializers.BooleanField(required=False)
    sex = Choice(required=False)
    ethnicity = Choice(required=False)
    disability = Choice(required=False)
    first_language = serializers.CharField(required=False)
    other_names = serializers.ListField(child=serializers.CharField(), required=False)
    numbers = NumberShape(many=True, required=False)


class PlanShape(Choice):
    since = serializers.DateField()


class WorkerShape(serializers.Serializer):
    person = serializers.CharField(allow_null=True)
    agency = serializers.CharField()
    role = Choice()
    leads = serializers.BooleanField()
    since = serializers.DateField()
    telephone = serializers.CharField()


class EntryShape(serializers.Serializer):
    """Something that happened. Seen in summary it is the one sentence that was written to be shared."""

    kind = Choice()
    category = Choice()
    happened_at = serializers.DateTimeField(help_text="Midnight where only the day is known")
    seen = serializers.ChoiceField(["full", "summary"])
    agency = serializers.CharField()
    summary = serializers.CharField()
    author = serializers.CharField(required=False)
    detail = serializers.CharField(required=False)
    third_party = serializers.BooleanField(required=False)
    source = Choice(required=False)


class ChronologyShape(serializers.Serializer):
    page = serializers.IntegerField()
    more = serializers.BooleanField()
    entries = EntryShape(many=True)


class WithheldShape(serializers.Serializer):
    """What kind of thing is kept from this person, how much of it, by whom, and whom to ask."""

    category = Choice()
    entries = serializers.IntegerField()
    agency = serializers.CharField(allow_null=True)
    ask = serializers.CharField()


SEEN = {
    "type": "object",
    "description": "How much of each kind of information is open here. Kinds that are not open at all have no key.",
    "properties": {
        category: {"type": "string", "enum": [level.name.lower() for level in Level if level > Level.NONE]}
        for category in Category.values
    },
    "additionalProperties": False,
}


@extend_schema_field(SEEN)
class SeenField(serializers.DictField):
    """The level of each category."""


class FileShape(serializers.Serializer):
    """One file. A key that this person may see nothing of is left out; `withheld` says what may be asked for."""

    reference = serializers.CharField()
    restricted = serializers.BooleanField(help_text="Open to named people only")
    seen = SeenField()
    missing_since = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Last seen then, where the child is missing now; null where not"
    )
    identity = IdentityShape(required=False)
    level = LevelShape(required=False)
    harm_status = Choice(required=False)
    plan = PlanShape(required=False, allow_null=True)
    lead = WorkerShape(allow_null=True)
    involvement = WorkerShape(many=True)
    chronology = ChronologyShape()
    withheld = WithheldShape(many=True)
