"""The face itself, in a real browser: every field and component, at rest and in error, narrow and wide, with and
without scripts. The pages are a gallery that lives in the tests alone; it asks no database."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.core.wsgi import get_wsgi_application
from django.test.testcases import QuietWSGIRequestHandler
from django.test.utils import override_settings
from playwright.sync_api import Browser, Page, expect

from tests.journeys.browsing import ROOT, SCREENS, Visit, faults, overflow, without_scripts

SHOTS = os.environ.get("FACE_SHOTS", "")
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
    "sign in": ("/sign-in/", "Sign in to Harbour"),
    "sign in in error": ("/sign-in/", "Enter your username"),
    "signed out": ("/sign-in/?held=1", "it is there to check and send"),
    "locked out": ("/refusal/accounts/locked_out/", "tried too often with a wrong password"),
    "acting as": ("/acting-as/", "Keyworker, Bridge Project"),
    "carry on": ("/carry-on/", "The marina"),
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


class GalleryVisit(Visit):
    """A window on the gallery."""

    def open(self, name: str) -> Page:
        path, _ = PAGES[name]
        self.page.goto(self.address + path)
        if name.endswith("in error"):
            self.page.locator("main form button[type=submit]").click()
            self.page.wait_for_selector(".govuk-error-summary")
        return self.page


# Each width and each way of loading once, and not each pair of them: the product's own pages are judged as well.
@pytest.mark.parametrize(("screen", "scripts"), [("wide", True), ("narrow", False)], ids=["wide", "narrow, no scripts"])
def test_every_page_of_the_gallery_is_sound(browser: Browser, address: str, screen: str, scripts: bool) -> None:
    width, height = SCREENS[screen]
    context = browser.new_context(viewport={"width": width, "height": height})
    if not scripts:
        context.route("**/*", without_scripts)
    found: dict[str, Any] = {}
    for name, (_, words) in PAGES.items():
        visit = GalleryVisit(context, address)
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


@pytest.fixture
def window(browser: Browser, address: str) -> Iterator[GalleryVisit]:
    """A wide window with scripts, whose complaints are read at the end."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    visit = GalleryVisit(context, address)
    yield visit
    context.close()
    assert visit.complaints == []


def test_the_error_summary_takes_the_focus_and_leads_to_the_control(window: GalleryVisit) -> None:
    page = window.open("form in error")

    expect(page).to_have_title("Error: Gallery – Harbour")
    expect(page.locator(".govuk-error-summary")).to_be_focused()
    for line, control in [
        ("Enter child’s first name", "#id_first_name"),
        ("Enter date of birth", "#id_born_on_day"),
        ("Answer “Where were they last seen?”", "#id_place_0"),
        ("Answer “Who knows about this?”", "#id_knows_0"),
        ("Tick “I have read what I wrote”", "#id_sure"),
    ]:
        page.locator(".govuk-error-summary").get_by_role("link", name=line, exact=True).click()
        expect(page.locator(control)).to_be_focused()


def test_without_scripts_a_form_can_be_filled_refused_and_mended(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/question/")
    page.get_by_role("button", name="Continue").click()

    expect(page).to_have_title("Error: Gallery – Harbour")
    expect(page.locator(".govuk-error-summary:focus")).to_have_count(1)
    page.get_by_role("link", name="Answer “Is the child in danger now?”").click()
    page.get_by_label("I do not know").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.goto(f"{address}/form/")
    expect(page.get_by_label("Where else?")).to_be_visible()
    context.close()


def test_a_choice_reveals_its_fields_and_hides_them_again(window: GalleryVisit) -> None:
    page = window.open("form")
    where, school = page.get_by_label("Where else?"), page.get_by_label("Which school?")

    expect(where).to_be_hidden()
    page.get_by_label("Somewhere else").check()
    expect(where).to_be_visible()
    page.get_by_label("At home").check()
    expect(where).to_be_hidden()
    page.get_by_label("Teacher").check()
    expect(school).to_be_visible()
    page.get_by_label("Nobody yet").check()
    expect(page.get_by_label("Teacher")).not_to_be_checked()
    expect(school).to_be_hidden()


def test_a_choice_that_was_picked_is_still_open_when_the_form_comes_back(window: GalleryVisit) -> None:
    page = window.open("form")
    page.get_by_label("Somewhere else").check()
    page.get_by_label("Where else?").fill("The marina")
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_label("Where else?")).to_have_value("The marina")
    expect(page.get_by_label("Where else?")).to_be_visible()


def test_a_long_text_is_counted_and_a_password_shown_on_request(window: GalleryVisit) -> None:
    page = window.open("form")
    page.get_by_label("What worries you?").fill("x" * 190)
    expect(page.get_by_text("You have 10 characters remaining").first).to_be_visible()
    page.get_by_label("What worries you?").fill("x" * 205)
    expect(page.get_by_text("You have 5 characters too many").first).to_be_visible()
    page.get_by_label("Password", exact=True).fill("correct horse")
    page.get_by_role("button", name="Show password").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")


def test_the_first_stop_of_the_keyboard_leads_past_the_navigation(window: GalleryVisit) -> None:
    page = window.open("home")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.get_by_role("link", name="Hold the return interview")).to_be_focused()


def test_the_keyboard_reaches_everything_and_each_stop_can_be_seen(window: GalleryVisit) -> None:
    """Every link, control and scrolling frame of the gallery takes the focus, and shows that it has it."""
    page = window.open("components")
    wanted = page.evaluate(
        """() => [...document.querySelectorAll("a[href], button, select, summary, input, [tabindex='0']")]
            .filter((each) => each.checkVisibility() && !(each.type === "radio" && !each.checked)).length"""
    )
    unseen: list[str] = []
    page.locator(".govuk-skip-link").focus()
    for _ in range(wanted - 1):
        page.keyboard.press("Tab")
        unseen += page.evaluate(
            """() => {
                const at = document.activeElement, look = getComputedStyle(at);
                const shown = look.outlineStyle !== "none" || look.boxShadow !== "none" || at.matches("input");
                return at === document.body || !shown ? [at.outerHTML.slice(0, 90)] : [];
            }"""
        )

    assert unseen == []
    assert wanted > 30


def test_a_table_sorts_by_the_value_of_its_cells(window: GalleryVisit) -> None:
    page = window.open("home")
    first = page.locator("tbody tr").first
    expect(first).to_contain_text("HBR-000123")
    page.get_by_role("button", name="Waiting").click()

    expect(first).to_contain_text("HBR-000977")
    expect(page.get_by_role("columnheader", name="Waiting")).to_have_attribute("aria-sort", "ascending")


def test_on_a_narrow_screen_a_row_becomes_a_card_that_names_its_facts(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 800})
    page = context.new_page()
    page.goto(f"{address}/home/")
    cell = page.locator("tbody td[data-label='Harm']").first

    assert cell.evaluate("cell => getComputedStyle(cell, '::before').content") == '"Harm"'
    expect(page.get_by_role("cell", name="Exploitation suspected")).to_be_visible()
    context.close()


def test_paper_shows_the_record_who_printed_it_and_nothing_to_press(window: GalleryVisit) -> None:
    page = window.open("components")
    page.emulate_media(media="print")

    expect(page.get_by_text("Printed by Priya Nandra (Keyworker, Bridge Project) at")).to_be_visible()
    for gone in (".hb-header__who", ".govuk-service-navigation", ".hb-filter", ".govuk-button", ".govuk-breadcrumbs"):
        assert page.locator(gone).count() > 0
        assert page.locator(gone).locator("visible=true").count() == 0, gone
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(page.get_by_text("Each indicator counts once.")).to_be_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.govuk-details").get_attribute("open") is None


def test_nothing_moves_for_those_who_ask_for_stillness(window: GalleryVisit) -> None:
    """Whatever a style sheet or a script asks for: here, a button told to glide."""
    page = window.open("components")
    button = page.locator("main button").first
    button.evaluate("each => each.style.transition = 'color 2s'")
    duration = "each => getComputedStyle(each).transitionDuration"

    assert button.evaluate(duration) == "2s"
    page.emulate_media(reduced_motion="reduce")
    assert button.evaluate(duration) == "0s"


def test_no_page_asks_for_a_typeface_or_another_site(window: GalleryVisit) -> None:
    window.open("components")

    assert all(url.startswith(window.address) for url in window.requests)
    assert not [url for url in window.requests if "/fonts/" in url or url.endswith((".woff", ".woff2"))]
    assert [url for url in window.requests if url.endswith("moj-frontend.min.js")]
