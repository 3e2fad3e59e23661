"""Answers held against the description of the interface."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
from django.http import HttpResponse

from accounts.api.schema import description


@cache
def document() -> dict[str, Any]:
    """The description, with `nullable` as the schema language of today says it."""
    return _plain(json.loads(json.dumps(description())))


def _plain(node: Any) -> Any:
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _plain(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Address, method and description of each operation."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def check(value: Any, schema: dict[str, Any], *, closed: bool = False) -> None:
    """Hold a value against a schema of the document; `closed` refuses keys that the schema does not name."""
    whole = {**schema, "components": document()["components"]}
    if closed:
        whole = _closed(whole)
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(value)


def _closed(node: Any) -> Any:
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    if node.get("type") == "object" and "properties" in node:
        closed.setdefault("additionalProperties", False)
    return closed


def check_answer(answer: HttpResponse, operation_id: str) -> None:
    """An answer is one that its operation describes, headers included, with no key that is not described."""
    operation = next(found for _, _, found in operations() if found["operationId"] == operation_id)
    status = str(answer.status_code)
    assert status in operation["responses"], f"{operation_id} does not say that it answers {status}"
    described = resolved(operation["responses"][status])
    content_type = answer.headers["Content-Type"].partition(";")[0]
    assert set(described["content"]) == {content_type}
    for header in described.get("headers", {}):
        assert header in answer.headers
    check(json.loads(answer.content), described["content"][content_type]["schema"], closed=True)
