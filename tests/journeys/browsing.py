"""What every check in the browser needs: a window that remembers complaints, the accessibility checker, and a plain
caller for questions of status that need no browser."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Response, Route

from config.demo.people import second_step_keys

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "build" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Of what is sound the checker need not write where it stands.
ASKED = {"runOnly": RULES, "resultTypes": ["violations"]}
SCREENS = {"narrow": (320, 800), "wide": (1280, 900)}
FORM_CAME_BACK = 422


class Visit:
    """One browser window that writes down everything it complains of."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.page: Page = context.new_page()
        self.address = address
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.expected = {FORM_CAME_BACK}
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._check)

    def _hear(self, message: Any) -> None:
        expected = any(f"status of {status}" in message.text for status in self.expected)
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(f"console {message.type}: {message.text}")

    def _failed(self, request: Any) -> None:
        # Given up by the browser: the page was left before its picture came, or is a file to keep and no page.
        given_up = "ERR_ABORTED" in (request.failure or "")
        if not given_up:
            self.complaints.append(f"failed: {request.url} {request.failure}")

    def _check(self, response: Any) -> None:
        self.requests.append(response.url)
        if response.status >= 400 and response.status not in self.expected:
            self.complaints.append(f"{response.status}: {response.url}")


def faults(page: Page) -> list[str]:
    """What axe finds, one line each: the rule, the element and what to do.

    A window in which every page is judged has the checker from the start; any other is given it here.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("asked => axe.run(document, asked).then(result => result.violations)", ASKED)
    return [f"{fault['id']}: {node['target']} {node['failureSummary']}" for fault in found for node in fault["nodes"]]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider


def script_free(html: str) -> str:
    """A page as a browser without scripts has it."""
    return re.sub(r"(?s)<script\b.*?</script>", "", html)


def without_scripts(route: Route) -> None:
    """Take the scripts out of a page; the checker itself needs scripts to be allowed."""
    if route.request.resource_type != "document":
        route.continue_()
        return
    response = route.fetch()
    route.fulfill(response=response, body=script_free(response.text()))


def path_of(url: str) -> str:
    """The address within the product."""
    found = urllib.parse.urlsplit(url)
    return found.path + (f"?{found.query}" if found.query else "")


@dataclass(frozen=True)
class Answer:
    """What came back: where from after any redirects, with which status, and the page."""

    path: str
    status: int
    body: str
    content_type: str

    @classmethod
    def shown(cls, response: Response | None) -> Answer:
        """The same, of a page that stands open in a window."""
        assert response is not None
        kind = response.headers["content-type"].split(";")[0]
        return cls(path_of(response.url), response.status, response.text(), kind)

    @property
    def links(self) -> list[str]:
        """The addresses that the page leads to, in its order."""
        found = re.findall(r'<a\b[^>]*?\shref="([^"]*)"', self.body)
        return [unescape(href) for href in found]

    @property
    def words(self) -> str:
        """What the page says in its main part, without its markup."""
        main = re.search(r"(?s)<main\b.*?</main>", self.body)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", main.group() if main else "")).split())

    @property
    def form_fields(self) -> dict[str, str]:
        """The hidden fields of the page's own form."""
        main = re.search(r"(?s)<main\b.*?</main>", self.body)
        hidden = re.findall(r"<input\b[^>]*type=\"hidden\"[^>]*>", main.group() if main else "")
        named = [(re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)) for tag in hidden]
        return {name.group(1): unescape(value.group(1)) if value else "" for name, value in named if name}


def code_now(username: str) -> str:
    """What the app of one of the demo's people shows now."""
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    return format_hotp_value(hotp_value(second_step_keys()[username], int(time.time()) // 30))


@dataclass
class Caller:
    """A signed-in person without a browser."""

    address: str
    username: str = ""
    jar: CookieJar = field(default_factory=CookieJar)

    def __post_init__(self) -> None:
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def sign_in(self, password: str) -> Caller:
        page = self.get("/account/sign-in/")
        done = self.post("/account/sign-in/", page.form_fields | {"username": self.username, "password": password})
        if done.path == "/account/sign-in/code/":
            done = self.post(done.path, done.form_fields | {"code": code_now(self.username)})
        assert done.status == 200, f"{self.username} could not sign in: {done.status} {done.words}"
        assert done.path != "/account/sign-in/", f"{self.username} could not sign in: {done.words}"
        return self

    def get(self, path: str) -> Answer:
        return self._call(urllib.request.Request(self.address + path))

    def post(self, path: str, fields: dict[str, str]) -> Answer:
        body = urllib.parse.urlencode(fields).encode()
        return self._call(urllib.request.Request(self.address + path, data=body))

    def _call(self, request: urllib.request.Request) -> Answer:
        try:
            response = self._opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            body = response.read().decode("utf-8", errors="replace")
            return Answer(path_of(response.url), response.status, body, response.headers.get_content_type())
