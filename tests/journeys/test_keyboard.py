"""Signing in and beginning a referral with the keyboard alone, and with nothing that cannot be seen."""

from __future__ import annotations

from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.browsing import Visit
from tests.journeys.people import Referral
from tests.journeys.product import Product

MOST_STOPS = 40
SHOWS_FOCUS = """() => {
    const at = document.activeElement, look = getComputedStyle(at);
    return look.outlineStyle !== "none" || look.boxShadow !== "none" || at.matches("input[type=radio]");
}"""


def tab_to(page: Page, control: Locator) -> None:
    """Press Tab until a control has the focus; every stop on the way must show that it has it."""
    for _ in range(MOST_STOPS):
        if control.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
        assert page.evaluate(SHOWS_FOCUS), page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
    raise AssertionError(f"{MOST_STOPS} stops of the keyboard do not lead to {control}")


def fill(page: Page, label: str, words: str) -> None:
    tab_to(page, page.get_by_role("main").get_by_label(label, exact=True))
    page.keyboard.type(words)


def test_a_teacher_signs_in_and_says_who_the_child_is_by_keyboard(browser: Browser, product: Product) -> None:
    child = Referral(given_name="Nell", family_name="Ashdown")
    context = browser.new_context(base_url=product.address)
    visit = Visit(context, product.address)
    page = visit.page
    main = page.get_by_role("main")
    page.goto("/account/sign-in/")
    fill(page, "Username", "teacher")
    fill(page, "Password", product.users["teacher"])
    page.keyboard.press("Enter")
    expect(page).to_have_title("Home – Harbour")

    tab_to(page, page.get_by_role("navigation", name="Menu").get_by_role("link", name="Refer a child"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Refer a child")
    tab_to(page, main.get_by_role("button", name="Begin"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Who the child is")

    # In error first: the focus goes to the summary, and from there to the first control.
    tab_to(page, main.get_by_role("button", name="Continue"))
    page.keyboard.press("Enter")
    expect(page.locator(".govuk-error-summary")).to_be_focused()
    tab_to(page, main.get_by_role("link", name="Enter the child’s first name"))
    page.keyboard.press("Enter")
    page.keyboard.type(child.given_name)
    fill(page, "Last name (optional)", child.family_name)
    tab_to(page, page.get_by_role("group", name="Do you know the date of birth?").get_by_label("Yes", exact=True))
    page.keyboard.press("Space")
    for part, said in zip(("Day", "Month", "Year"), child.born, strict=True):
        fill(page, part, said)
    tab_to(page, main.get_by_label("Female", exact=True))
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(main.get_by_label("Male", exact=True)).to_be_checked()
    tab_to(page, main.get_by_role("button", name="Continue"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("More about the child")
    assert visit.complaints == []
    context.close()
