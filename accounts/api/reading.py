"""What systems send, read strictly: nothing is guessed, cut off or turned into another type."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import IO, Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser

from accounts.rules.dates import in_london

INSTANT = "Send an instant with its offset from UTC, like 2026-03-04T14:15:00+00:00."
EARLIEST_YEAR = 2000
SHAPE_OF_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
SHAPE_OF_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
DAY = "Send a date as year, month and day, like 2011-05-04."


class TooLarge(APIException):
    """More was sent than anything here needs."""

    status_code = 413
    default_code = "too_large"

    def __init__(self) -> None:
        super().__init__(f"Send at most {settings.API_LARGEST_BODY // 1024} KB.")


class StrictJSONParser(JSONParser):
    """JSON in UTF-8, of a bounded size and depth, in which no field stands twice and every text can be kept."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        sent = stream.read(settings.API_LARGEST_BODY + 1)
        if len(sent) > settings.API_LARGEST_BODY:
            raise TooLarge()
        try:
            read = json.loads(sent.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_number)
            json.dumps(read, ensure_ascii=False).encode("utf-8")
        except UnicodeError as error:
            raise ParseError("The text is not whole UTF-8.") from error
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except ValueError as error:
            raise ParseError("This is not JSON, or a field stands in it twice.") from error
        return read


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A field stands twice")
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


class Asked(serializers.Serializer):
    """A body or a query whose unknown fields are refused by name: what is not read must not look as if it were."""

    default_error_messages = {
        "invalid": "Send a JSON object with the fields named here.",
        "required": "This field is needed.",
        "null": "Send a JSON object with the fields named here.",
    }

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(map(str, data)) - set(self.fields)) if isinstance(data, Mapping) else []
        errors = {name[:80]: ["There is no field of this name here. Leave it out."] for name in unknown}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            detail = error.detail
            raise serializers.ValidationError({**detail, **errors} if isinstance(detail, dict) else detail) from error
        if errors:
            raise serializers.ValidationError(errors)
        return value


class Words(serializers.CharField):
    """A text. A number or a truth value in its place is refused, not written out."""

    default_error_messages = {
        "invalid": "Send a text.",
        "required": "This field is needed.",
        "null": "Send a text, or leave the field out.",
        "blank": "This field may not be empty.",
        "max_length": "Send at most {max_length} characters.",
    }

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class OneOf(serializers.ChoiceField):
    """One of a closed list of keys."""

    default_error_messages = {"required": "This field is needed.", "null": "Choose one of the values named here."}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or data not in self.choices:
            raise serializers.ValidationError(f"Send one of: {', '.join(map(str, self.choices))}.")
        return data


class Truth(serializers.BooleanField):
    """True or false, and nothing that stands for one of them."""

    default_error_messages = {"invalid": "Send true or false.", "required": "This field is needed."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Day(serializers.DateField):
    """A calendar date that is not after today; today is that of the instant `at` in the context."""

    default_error_messages = {"invalid": DAY, "required": "This field is needed.", "null": DAY, "datetime": DAY}

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not SHAPE_OF_DAY.fullmatch(value):
            raise serializers.ValidationError(DAY)
        day: date = super().to_internal_value(value)
        if day > in_london(self.context["at"]).date():
            raise serializers.ValidationError("This is in the future. Send what has happened.")
        return day


class Instant(serializers.DateTimeField):
    """A point in time with its offset, and not after the instant `at` in the context."""

    default_error_messages = {"invalid": INSTANT, "required": "This field is needed.", "null": INSTANT, "date": INSTANT}

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not SHAPE_OF_INSTANT.fullmatch(value):
            raise serializers.ValidationError(INSTANT)
        try:
            instant = datetime.fromisoformat(value)
        except ValueError as error:
            raise serializers.ValidationError(INSTANT) from error
        if instant > self.context["at"]:
            raise serializers.ValidationError("This is in the future. Send what has happened.")
        if instant.year < EARLIEST_YEAR:
            raise serializers.ValidationError("This is too long ago. Check the year.")
        return instant
