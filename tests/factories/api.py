"""Service accounts with tokens, and requests as a system makes them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse

from accounts.models import Agency, ApiToken
from accounts.selectors import now
from accounts.services.tokens import add_service_account, give_token
from tests.conftest import HonestClient


class System:
    """Another organisation's system, which shows a token with each request."""

    def __init__(self, text: str, token: ApiToken | None = None) -> None:
        self.text = text
        self.token = token
        self.client = HonestClient()
        self.client.raise_request_exception = False

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.client.get(path, headers={"authorization": f"Bearer {self.text}", **headers})

    def post(self, path: str, body: Any, *, key: str = "", **headers: str) -> HttpResponse:
        """Send JSON, or a text or bytes as they are."""
        sent = body if isinstance(body, str | bytes) else json.dumps(body)
        more = {"idempotency-key": key} if key else {}
        return self.client.post(
            path,
            sent,
            content_type=headers.pop("content_type", "application/json"),
            headers={"authorization": f"Bearer {self.text}", **more, **headers},
        )


def make_system(agency: Agency, *, name: str = "Control room", days: int = 90, at: datetime | None = None) -> System:
    """The system of a police service, with a token that was given a minute ago."""
    at = at or now() - timedelta(minutes=1)
    membership = add_service_account(name=name, agency=agency, at=at, by=None)
    token, text = give_token(membership=membership, name="first", days=days, at=at, by=None)
    return System(text, token)


def problem_of(answer: HttpResponse) -> tuple[int, str]:
    """The status and code of a refusal, once its shape is as promised."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content[:200]
    body = json.loads(answer.content)
    assert set(body) == {"type", "title", "status", "detail", "code", "errors"}
    assert body["type"] == f"urn:harbour:problem:{body['code']}"
    assert body["status"] == answer.status_code
    assert body["detail"]
    return answer.status_code, body["code"]


def fields_of(answer: HttpResponse) -> dict[str, str]:
    """What a refusal says of each field."""
    return {line["field"]: line["message"] for line in json.loads(answer.content)["errors"]}
