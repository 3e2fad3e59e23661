"""What is wrong with one page, in a browser and without: every scan of pages judges alike."""

from __future__ import annotations

import contextlib
import os
import re
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize

from tests.journeys.browsing import AXE, Answer, Caller, Visit, faults, overflow, script_free
from tests.journeys.product import Product

SHOTS = os.environ.get("HARBOUR_SHOTS", "")
# Messages that nobody wrote for a practitioner.
FRAMEWORK_WORDS = ("Ensure this value", "This field is required", "Select a valid choice", "Enter a valid")
WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 320, "height": 800}


@contextlib.contextmanager
def windows(browser: Browser, product: Product, callers: dict[str, Caller]) -> Iterator[Callable[[str], Visit]]:
    """One window for each reader, signed in with the session that the caller has."""
    opened: dict[str, Visit] = {}

    def window_of(reader: str) -> Visit:
        if reader not in opened:
            context = browser.new_context(base_url=product.address, viewport=WIDE)
            context.add_cookies(
                [{"name": one.name, "value": one.value or "", "url": product.address} for one in callers[reader].jar]
            )
            opened[reader] = Visit(context, product.address)
            # Kept by the browser and not sent to it with each page: every page of this window is judged.
            opened[reader].page.add_init_script(path=AXE)
        return opened[reader]

    yield window_of
    for visit in opened.values():
        visit.page.context.close()


def judge(visit: Visit, name: str, names: set[str]) -> list[str]:
    """Everything that is wrong with the page that stands open."""
    page = visit.page
    page.set_viewport_size(WIDE)
    troubles = [*faults(page), *wrong_words(page.title(), page.url.removeprefix(visit.address), page.content(), names)]
    keep_picture(page, name, "wide")
    page.set_viewport_size(NARROW)
    if overflow(page) > 0:
        troubles.append(f"wider than a narrow window by {overflow(page)} pixels")
    keep_picture(page, name, "narrow")
    troubles += visit.complaints
    visit.complaints.clear()
    return troubles


def judge_without_scripts(answer: Answer) -> list[str]:
    """What the server sends is the page: its words and its way to act need no script."""
    bare = script_free(answer.body)
    troubles = [] if "<main" in bare and len(answer.words) > 20 else ["empty without scripts"]
    hidden = re.findall(r"<(?:input|select|textarea|button)\b[^>]*\shidden\b[^>]*>", bare.split("<main")[-1])
    return troubles + [f"cannot be used without scripts: {tag}" for tag in hidden if 'type="button"' not in tag]


def wrong_words(title: str, path: str, html: str, names: set[str]) -> list[str]:
    """One main heading, words in the main part, a title that says what the page is, and nobody named outside it."""
    troubles = []
    if len(re.findall(r"<h1\b", html)) != 1:
        troubles.append("not exactly one main heading")
    if not re.fullmatch(r"(Error: )?\S.{2,80} – Harbour", title):
        troubles.append(f"title: {title}")
    said = f"{title} {urllib.parse.unquote(path)}"
    troubles += [f"in the framework's words: {words}" for words in FRAMEWORK_WORDS if words in html]
    troubles += [f"{name} is named in {said}" for name in names if re.search(rf"\b{re.escape(name)}\b", said)]
    return troubles


def keep_picture(page: Page, name: str, screen: str) -> None:
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{re.sub(r'[^a-z_]+', '-', name)}-{screen}.png", full_page=True)
