"""The description of the interface is what is served: every operation, every refusal, every example.

Seen to fail: a status taken from the list of refusals.
"""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.operations import Operation
from accounts.middleware.policy import REGISTRY, Caller
from accounts.middleware.problems import TITLES
from accounts.models import AccessEvent
from config.urls import urlpatterns as product
from tests.api.described import check, document, operations, resolved
from tests.factories.api import make_system, problem_of


class Undeclared(APIView):
    """An operation that says nothing of who may call it."""

    def get(self, request: Request) -> Response:
        raise AssertionError("Served without a policy")


def fault(request: HttpRequest) -> HttpResponse:
    raise AssertionError("Served without a policy")


urlpatterns = [
    path("api/v1/undeclared", Undeclared.as_view(), name="undeclared"),
    path("api/v1/page", fault, name="undeclared_page"),
    *product,
]


def served() -> dict[str, Any]:
    """Every address under /api/ by its name."""
    found: dict[str, Any] = {}

    def walk(resolver: Any, prefix: str) -> None:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                walk(entry, prefix + str(entry.pattern))
            elif isinstance(entry, URLPattern) and (prefix + str(entry.pattern)).startswith("api/"):
                found[f"api:{entry.name}"] = entry.callback

    walk(get_resolver("config.urls"), "")
    return found


def test_the_description_is_valid_and_without_a_warning(capsys):
    call_command("spectacular", "--validate", "--fail-on-warn")
    assert "openapi: 3.0" in capsys.readouterr().out


def test_what_is_described_is_what_is_registered_and_what_is_served():
    registered = {policy.name: policy.methods for policy in REGISTRY.values() if policy.is_operation}
    described = {f"api:{found['operationId']}": (method,) for _, method, found in operations()}
    assert described == registered
    assert {name: view.policy.methods for name, view in served().items()} == registered
    assert all(issubclass(view.cls, Operation) for view in served().values())
    assert len(registered) >= 3


def test_every_operation_says_who_calls_it_and_how_it_refuses():
    names = {"serviceToken": Caller.SERVICE, "session": Caller.SESSION}
    for address, method, found in operations():
        policy = REGISTRY[f"api:{found['operationId']}"]
        assert [names[key] for each in found["security"] for key in each] != []
        assert {names[key] for each in found["security"] for key in each} == set(policy.callers)
        statuses = {int(status) for status in found["responses"]}
        assert statuses >= {401, 403, 405, 406, 429}, address
        assert (404 in statuses) == ("{" in address)
        assert {400, 409, 413, 415, 422} <= statuses or not policy.writes
        assert policy.writes == (method != "GET")
        assert ("Idempotency-Key" in {each["name"] for each in found.get("parameters", [])}) == policy.writes
        assert found["summary"]
        assert found["description"]


def test_the_description_holds_no_name_and_asks_for_none_in_an_address():
    names = {each["name"] for _, _, found in operations() for each in found.get("parameters", [])}
    assert names <= {"level", "overdue", "cursor", "chronology_page", "reference", "episode_id", "Idempotency-Key"}


def examples() -> list[tuple[str, Any, dict[str, Any]]]:
    found = []
    for address, _, operation in operations():
        for where in [operation.get("requestBody", {}), *operation["responses"].values()]:
            for content in resolved(where).get("content", {}).values():
                kept = [each["value"] for each in content.get("examples", {}).values()]
                kept += [content["example"]] if "example" in content else []
                found += [(address, value, content["schema"]) for value in kept]
    return found


def test_every_example_is_as_its_shape_says():
    assert len(examples()) > 15
    for _, value, schema in examples():
        check(value, schema, closed=True)


def test_every_operation_that_answers_with_something_of_its_own_gives_an_example():
    without = [
        found["operationId"]
        for _, _, found in operations()
        for status, answer in found["responses"].items()
        if status < "300" and not any("examples" in content for content in resolved(answer)["content"].values())
    ]
    assert without == ["schema"]


def test_a_wrong_example_would_be_noticed():
    _, value, schema = next(each for each in examples() if "files" in each[1])
    value = json.loads(json.dumps(value))
    value["files"][0]["age"] = "fourteen"
    with pytest.raises(jsonschema.ValidationError):
        check(value, schema, closed=True)
    value["files"][0]["age"] = 14
    value["files"][0]["address"] = "1 Quay Street"
    with pytest.raises(jsonschema.ValidationError):
        check(value, schema, closed=True)


def test_every_refusal_has_a_title():
    assert {int(name.removeprefix("Refused")) for name in document()["components"]["responses"]} <= set(TITLES)


@pytest.mark.django_db
def test_the_description_is_for_those_who_may_call(client, client_as, world):
    assert problem_of(client.get("/api/schema/")) == (401, "not_authenticated")
    read = [client_as("admin").get("/api/schema/"), make_system(world.agency("police")).get("/api/schema/")]
    assert [answer.status_code for answer in read] == [200, 200]
    assert read[0].json() == read[1].json()
    assert read[0].json()["openapi"].startswith("3.")


@pytest.mark.django_db
@pytest.mark.urls(__name__)
@pytest.mark.parametrize("address", ["/api/v1/undeclared", "/api/v1/page"])
def test_an_operation_without_a_policy_is_not_served(address, client_as):
    answer = client_as("detective").get(address)
    assert problem_of(answer) == (403, "undeclared_view")
    assert AccessEvent.objects.get().reason_code == "undeclared_view"
