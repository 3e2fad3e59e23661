"""The description of the interface (OpenAPI): made from the declarations that serve it, refusals included."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from accounts.api.operations import ASK_FOR_KEY, KEY_HEADER, operation
from accounts.middleware.policy import Caller, ViewPolicy
from accounts.middleware.problems import CONTENT_TYPE, NOT_FOUND, TITLES
from accounts.services.api_calls import Answer

SCHEMES = {
    Caller.SERVICE: ("serviceToken", {"type": "http", "scheme": "bearer", "description": "A token like hbr_…_…"}),
    Caller.SESSION: (
        "session",
        {"type": "apiKey", "in": "cookie", "name": "harbour_session", "description": "A signed-in person's session"},
    ),
}
PROBLEM = {
    "type": "object",
    "description": "Why something was refused (RFC 9457).",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "In plain words, what to do"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                "required": ["field", "message"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code", "errors"],
    "additionalProperties": False,
}
HEADERS = {
    401: {"WWW-Authenticate": "How to say who you are"},
    405: {"Allow": "The methods of this address"},
    429: {"Retry-After": "Seconds to wait"},
}
EXAMPLES = {
    400: ("not_json", "This is not JSON, or a field stands in it twice."),
    401: ("not_authenticated", "Show a token, or sign in to the site."),
    403: ("other_caller", "This is for the service account of a system. Use the pages of the site."),
    404: ("not_found", NOT_FOUND),
    405: ("method_not_allowed", "Use a method that the Allow header names."),
    406: ("not_acceptable", "Answers are JSON. Ask for application/json."),
    409: ("still_running", "The first request with this Idempotency-Key is still being dealt with. Ask again soon."),
    413: ("too_large", "Send at most 64 KB."),
    415: ("unsupported_media_type", "Send JSON, and say so: Content-Type: application/json."),
    422: ("invalid", "Some field: This field is needed."),
    429: ("too_many_requests", "You have sent more than 120 requests within a minute. Wait, then go on more slowly."),
}
ALWAYS = (401, 403, 405, 406, 429)
OF_WRITES = (400, 409, 413, 415, 422)


def refusals_of(declared: ViewPolicy, *, has_parts: bool, has_query: bool) -> list[int]:
    """The statuses with which an operation refuses."""
    statuses = set(ALWAYS)
    statuses |= set(OF_WRITES) if declared.writes else set()
    statuses |= {404} if has_parts else set()
    statuses |= {422} if has_query else set()
    return sorted(statuses)


class OperationSchema(AutoSchema):
    """Describes an operation with what its policy says: who calls it, its key, and how it refuses."""

    def get_operation_id(self) -> str:
        return self.view.declared.name.partition(":")[2]

    def get_tags(self) -> list[str]:
        return ["schema"] if self.path.endswith("schema/") else [self.path.split("/")[3]]

    def get_auth(self) -> list[dict[str, list[str]]]:
        return [{SCHEMES[caller][0]: []} for caller in self.view.declared.callers]

    def get_override_parameters(self) -> list[Any]:
        if not self.view.declared.writes:
            return []
        return [OpenApiParameter(KEY_HEADER, str, OpenApiParameter.HEADER, required=True, description=ASK_FOR_KEY)]

    def get_operation(self, *args: Any) -> Any:
        found: Any = super().get_operation(*args)
        places = {each["in"] for each in found.get("parameters", [])}
        statuses = refusals_of(self.view.declared, has_parts="path" in places, has_query="query" in places)
        for status in statuses:
            found["responses"][str(status)] = {"$ref": f"#/components/responses/Refused{status}"}
        return found


def say_what_is_refused(result: Any, generator: Any, request: Any, public: Any) -> Any:
    """Add what every operation refers to: refusals, and how callers say who they are. Bodies hold no other fields."""
    components = result.setdefault("components", {})
    components["securitySchemes"] = dict(SCHEMES.values())
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    components["responses"] = {f"Refused{status}": _refused(status) for status in EXAMPLES}
    for name, schema in schemas.items():
        if name.endswith("Request"):
            schema["additionalProperties"] = False
    return result


def _refused(status: int) -> dict[str, Any]:
    code, detail = EXAMPLES[status]
    example = {
        "type": f"urn:harbour:problem:{code}",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [{"field": "Some field", "message": "This field is needed."}] if status == 422 else [],
    }
    answer: dict[str, Any] = {
        "description": TITLES[status],
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }
    if status in HEADERS:
        answer["headers"] = {
            name: {"schema": {"type": "string"}, "description": words} for name, words in HEADERS[status].items()
        }
    return answer


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """The description of the interface, made once for each process."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


@operation(name="api:schema", callers=(Caller.SESSION, Caller.SERVICE), needs_membership=False)
@extend_schema(summary="This description", responses={200: OpenApiTypes.OBJECT})
def show_schema(request: Request) -> Answer:
    """What may be asked and sent here. It holds nothing of anybody, and is for those who may call."""
    return Answer(200, description())
