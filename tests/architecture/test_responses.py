"""What every answer carries, and what no log line holds.

Seen to fail: `unsafe-inline` among the styles; the headers middleware left out; the cache header left to pages
that succeed; the address written into the request log; a database's own words let into the log.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from accounts.middleware.policy import policy
from cases.record.models import Child
from config.urls import urlpatterns as product
from tests.factories.accounts import PASSWORD

CANARY = "Zephyrine-Canary"


@policy(methods=("GET", "POST"), writes=False)
def quote_a_row(request: HttpRequest) -> HttpResponse:
    """Breaks a constraint, so that PostgreSQL quotes the whole row in its message."""
    Child.objects.create(given_name=CANARY, family_name="", birth_date="2011-05-04", restricted=None)
    raise AssertionError("The constraint did not hold")


@policy(methods=("POST",))
def save(request: HttpRequest) -> HttpResponse:
    """A write form, which is never reached without a key."""
    raise AssertionError("Saved without a key")


urlpatterns = [path(f"probe/<str:name>/{CANARY}", quote_a_row), path("probe/save", save), *product]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def answers(client: Any, client_as: Any) -> dict[str, Any]:
    """One answer of each kind: page, redirect, refusal, not found, wrong method, error, missing key."""
    triage = client_as("triage")
    triage.raise_request_exception = False
    return {
        "health": client.get("/healthz"),
        "health of alerts": client.get("/healthz/alerts"),
        "sign in": client.get("/account/sign-in/"),
        "to sign in": client.get("/account/acting-as/"),
        "page": triage.get("/account/acting-as/"),
        "not found": triage.get("/nothing/here"),
        "not found, nobody": client.get("/nothing/here"),
        "wrong method": triage.delete("/account/acting-as/"),
        "refused": client_as("admin").get("/triage/"),
        "error": triage.get(f"/probe/x/{CANARY}"),
        "no key": triage.post("/probe/save", {}),
    }


def test_every_answer_carries_the_headers(client, client_as):
    found = answers(client, client_as)
    assert {name: answer.status_code for name, answer in found.items()} == {
        "health": 200,
        "health of alerts": 503,  # nothing has been swept yet
        "sign in": 200,
        "to sign in": 302,
        "page": 200,
        "not found": 404,
        "not found, nobody": 404,
        "wrong method": 405,
        "refused": 403,
        "error": 500,
        "no key": 422,
    }
    for name, answer in found.items():
        headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["X-Frame-Options"] == "DENY", name
        assert headers["Referrer-Policy"] == "same-origin", name
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", name
        assert headers["Cache-Control"] == "no-store", name
        assert "camera=()" in headers["Permissions-Policy"], name
        assert_tight(headers["Content-Security-Policy"])


def assert_tight(header: str) -> None:
    rules = dict(rule.strip().partition(" ")[::2] for rule in header.split(";") if rule.strip())
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == rules["object-src"] == "'none'"
    assert rules["form-action"] == rules["style-src"] == rules["img-src"] == rules["connect-src"] == "'self'"
    assert re.fullmatch(r"'self'( 'nonce-[^' ]+')?", rules["script-src"])
    assert "unsafe" not in header
    assert "*" not in header
    assert "http:" not in header


def test_a_nonce_is_used_once(client):
    pages = [client.get("/account/sign-in/") for _ in range(2)]
    nonces = [re.search(r"nonce-([^']+)", page.headers["Content-Security-Policy"]) for page in pages]
    assert all(nonces)
    assert nonces[0].group(1) != nonces[1].group(1)


def test_cookies_are_kept_from_scripts_and_other_sites(client, world):
    page = client.post("/account/sign-in/", {"username": "triage", "password": PASSWORD})
    assert page.status_code == 302
    session = page.cookies[settings.SESSION_COOKIE_NAME]
    assert (session["httponly"], session["samesite"]) == (True, "Lax")


def test_behind_tls_the_cookies_and_addresses_are_secure():
    text = (settings.BASE_DIR / "config" / "settings" / "production.py").read_text()
    for line in (
        "SESSION_COOKIE_SECURE = True",
        "CSRF_COOKIE_SECURE = True",
        "SECURE_SSL_REDIRECT = True",
        "SECURE_HSTS_SECONDS = 63_072_000",
        'SESSION_COOKIE_NAME = "__Host-harbour_session"',
    ):
        assert line in text


@pytest.fixture
def log_lines():
    """Every line as the product writes it, through its own formatter and filters, from every logger."""
    lines: list[str] = []
    ours = next(handler for handler in logging.getLogger().handlers if _is_ours(handler))

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    keep = Keep()
    keep.setFormatter(ours.formatter)
    for each in ours.filters:
        keep.addFilter(each)
    attached = [logging.getLogger(), *(logging.getLogger(name) for name in settings.LOGGING["loggers"])]
    attached = [log for log in attached if log.name == "root" or not log.propagate]
    for log in attached:
        log.addHandler(keep)
    yield lines
    for log in attached:
        log.removeHandler(keep)


def _is_ours(handler: logging.Handler) -> bool:
    return type(handler.formatter).__module__ == "config.logs"


def test_no_log_line_holds_a_name_an_address_or_a_value(client, client_as, world, log_lines):
    signed_in = client_as("triage")
    signed_in.raise_request_exception = False
    child = Child.objects.create(given_name=CANARY, family_name=CANARY)
    key = str(uuid.uuid4())
    for browser in (signed_in, client):
        browser.get(f"/nothing/{CANARY}?name={CANARY}")
        browser.get(f"/probe/{CANARY}/{CANARY}?q={CANARY}") if browser is signed_in else None
        browser.get(f"/cases/{child.reference}/risk/?name={CANARY}")
        browser.post("/account/sign-in/", {"username": CANARY, "password": CANARY})
        browser.post("/account/acting-as/", {"membership": CANARY, "idempotency_key": key})
        browser.post(f"/probe/{CANARY}/{CANARY}", {"given_name": CANARY}) if browser is signed_in else None
        browser.get("/triage/", headers={"user-agent": CANARY, "referer": f"http://127.0.0.1/{CANARY}"})
    logging.getLogger("django.db.backends").error("A write failed", exc_info=quoting_error())

    text = "\n".join(log_lines)
    assert "Zephyrine" not in text
    assert child.reference not in text
    assert world.user("triage").full_name not in text
    requests = [line for line in map(json.loads, log_lines) if line["name"] == "harbour.requests"]
    assert len(requests) >= 10
    assert {line["user_id"] for line in requests} == {None, world.user("triage").pk}
    assert {line["status"] for line in requests} >= {200, 302, 404, 500} - {200}


def quoting_error() -> Any:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::int", [CANARY])
    except Exception as error:
        connection.needs_rollback = True
        return type(error), error, error.__traceback__
    raise AssertionError("PostgreSQL took a name for a number")


def test_the_canary_would_be_in_the_words_of_the_database():
    with pytest.raises(IntegrityError, match=CANARY):
        Child.objects.create(given_name=CANARY, family_name="", restricted=None)
    connection.needs_rollback = True
