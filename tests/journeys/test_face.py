"""The face itself, in a real browser: every field and component, at rest and in error, narrow and wide, with and
without scripts. The pages are a gallery that lives in the tests alone; it asks no database."""

from __future__ import annotations

import copy
import json
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.core.wsgi import get_wsgi_application
from django.test.testcases import QuietWSGIRequestHandler
from django.test.utils import override_settings
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "build" / "axe-core" / "axe.min.js"
SHOTS = os.environ.get("FACE_SHOTS", "")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENS = {"narrow": (320, 800), "wide": (1280, 900)}
PAGES = {
    "form": ("/form/", "A page with every field"),
    "form in error": ("/form/", "There is a problem"),
    "question": ("/question/", "Is the child in danger now?"),
    "question in error": ("/question/", "Answer “Is the child in danger now?”"),
    "line in error": ("/line/", "Answer “What should this meeting be called?”"),
    "components": ("/components/", "Every component"),
    "file": ("/file/", "Tegan Ashby"),
    "home": ("/home/", "Your work"),
    "refused": ("/refusal/403/", "You cannot do this"),
    "not found": ("/refusal/404/", "Page not found"),
    "wrong method": ("/refusal/405/", "cannot be opened like that"),
    "stale": ("/refusal/409/", "Somebody saved this first"),
    "not saved": ("/refusal/422/", "This form was not saved"),
    "too many": ("/refusal/429/", "Too many tries"),
    "damaged": ("/refusal/400/", "could not be read"),
    "broken": ("/refusal/500/", "Something went wrong in Harbour"),
    "page too old": ("/refusal/403_csrf/", "nothing you typed is lost"),
    "signed out": ("/refusal/session_expired/", "You have been signed out"),
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The gallery, served with the product's templates, renderer, static files and security policy."""
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"].append(ROOT / "tests" / "journeys" / "templates")
    templates[0]["OPTIONS"]["context_processors"].append("tests.journeys.gallery.frame")
    with override_settings(
        ROOT_URLCONF="tests.journeys.gallery",
        TEMPLATES=templates,
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        MIDDLEWARE=[
            "csp.middleware.CSPMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "tests.journeys.gallery.SignedIn",
        ],
    ):
        server = ThreadedWSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler)
        server.set_app(StaticFilesHandler(get_wsgi_application()))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()
        thread.join()


class Visit:
    """One browser window that writes down everything it complains of."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.page: Page = context.new_page()
        self.address = address
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        self.page.on("response", self._check)

    def open(self, name: str) -> Page:
        path, _ = PAGES[name]
        self.page.goto(self.address + path)
        if name.endswith("in error"):
            self.page.get_by_role("button", name="Continue").click()
            self.page.wait_for_selector(".govuk-error-summary")
        return self.page

    def _hear(self, message: Any) -> None:
        expected = "status of 422" in message.text
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(f"console {message.type}: {message.text}")

    def _check(self, response: Any) -> None:
        self.requests.append(response.url)
        if response.status >= 400 and response.status != 422:
            self.complaints.append(f"{response.status}: {response.url}")


def faults(page: Page) -> list[str]:
    """What axe finds, one line each: the rule, the element and what to do."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(f"axe.run(document, {{runOnly: {json.dumps(RULES)}}}).then(r => r.violations)")
    return [f"{fault['id']}: {node['target']} {node['failureSummary']}" for fault in found for node in fault["nodes"]]


def without_scripts(route: Route) -> None:
    """The page as a browser without scripts has it; the checker itself needs scripts to be allowed."""
    if route.request.resource_type != "document":
        route.continue_()
        return
    response = route.fetch()
    route.fulfill(response=response, body=re.sub(r"(?s)<script\b.*?</script>", "", response.text()))


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("screen", list(SCREENS))
def test_every_page_of_the_gallery_is_sound(browser: Browser, address: str, screen: str, scripts: bool) -> None:
    width, height = SCREENS[screen]
    context = browser.new_context(viewport={"width": width, "height": height})
    if not scripts:
        context.route("**/*", without_scripts)
    found: dict[str, Any] = {}
    for name, (_, words) in PAGES.items():
        visit = Visit(context, address)
        page = visit.open(name)
        expect(page.locator("main")).to_contain_text(words)
        expect(page.locator("h1")).to_have_count(1)
        if scripts and page.locator("nav").count():
            expect(page.locator("[data-govuk-service-navigation-init]")).to_have_count(1)
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{name.replace(' ', '-')}-{screen}-{scripts}.png", full_page=True)
        trouble = visit.complaints + faults(page)
        if overflow(page) > 0:
            trouble.append(f"wider than the window by {overflow(page)} pixels")
        if trouble:
            found[name] = trouble
        page.close()
    context.close()
    assert found == {}
