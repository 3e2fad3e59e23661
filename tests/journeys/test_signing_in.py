"""Signing in, in a browser: a second step, being locked out, and what is left on the screen afterwards."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, expect

from tests.journeys.browsing import faults, overflow
from tests.journeys.people import Person, all_at_work, begin
from tests.journeys.product import Product

SECONDS = "() => Math.floor(Date.now() / 1000)"


@pytest.fixture
def visitor(browser: Browser, product: Product) -> Iterator[Person]:
    """The keyworker of boys, in front of the sign-in page."""
    person = Person(browser, product, "keyworker.boys")
    person.page.goto("/account/sign-in/")
    yield person
    assert person.visit.complaints == []
    person.context.close()


def code(person: Person, key: str, *, later: int = 0) -> str:
    return format_hotp_value(hotp_value(key, person.page.evaluate(SECONDS) // 30 + later))


def test_somebody_sets_a_second_step_up_signs_in_with_it_and_with_a_recovery_code(visitor: Person) -> None:
    visitor.sign_in()
    visitor.page.get_by_role("banner").get_by_role("link", name="Your sign-in").click()
    visitor.follow("Second step")
    visitor.on_page("Second step of signing in")
    visitor.page.get_by_role("main").get_by_role("button", name="Set it up").click()
    visitor.on_page("Set up the second step of signing in")
    picture = visitor.page.get_by_role("img", name=re.compile("The key as a picture"))
    drawn = "image => image.decode().then(() => image.naturalWidth > 20)"
    assert picture.evaluate(drawn), "the picture is drawn under the policy"
    assert faults(visitor.page) == []
    visitor.page.set_viewport_size({"width": 320, "height": 800})
    assert overflow(visitor.page) <= 0
    key = visitor.page.locator(".hb-key").inner_text().replace(" ", "")
    visitor.write("Code", "000000")
    visitor.press("Set up")
    visitor.problem("This code is not right. Enter the six digits that your app shows now")
    visitor.write("Code", code(visitor, key))
    visitor.press("Set up")
    visitor.on_page("Recovery codes")
    codes = visitor.page.get_by_role("main").get_by_role("listitem").all_inner_texts()
    assert len(codes) == 10
    assert overflow(visitor.page) <= 0
    visitor.page.get_by_role("button", name="I have kept them: go on").click()
    visitor.reads("now asks for a code from your authenticator app")
    visitor.page.get_by_role("button", name=re.compile("I have read this")).click()
    expect(visitor.page.get_by_role("main")).not_to_contain_text("authenticator app")
    visitor.sign_out()

    visitor.sign_in()
    visitor.on_page("Enter your code")
    assert faults(visitor.page) == []
    visitor.goes_to("/cases/")
    visitor.on_page("Sign in to Harbour")
    visitor.sign_in()
    visitor.write("Code", code(visitor, key, later=1))
    visitor.press("Sign in")
    visitor.on_page("Children")
    visitor.sign_out()

    visitor.sign_in()
    visitor.write("Code", codes[4])
    visitor.press("Sign in")
    visitor.reads("A recovery code was used to sign in")


def test_somebody_invited_sets_a_password_and_works_once_a_second_person_has_said_yes(
    browser: Browser, product: Product
) -> None:
    with all_at_work(browser, product) as who:
        admin = who("admin")
        admin.menu("People")
        admin.page.get_by_role("main").get_by_role("button", name="Invite somebody").click()
        admin.write("Full name", "Nerys Ashgrove")
        admin.write("Work address", "n.ashgrove@harbour.example")
        admin.write("Job title", "Keyworker")
        admin.pick("Agency", "Lantern Young People's Service")
        admin.pick("Role", "Keyworker")
        admin.write("Why?", "She joins the team on Monday.")
        admin.press("Invite")
        admin.reads("waits for a second person", "Invited")
        link = link_in_mail(product, "n.ashgrove@harbour.example")
        newcomer = Person(browser, product, "keyworker")
        newcomer.username, newcomer.password = "n.ashgrove", "seven grey herons"
        newcomer.page.goto(link)
        newcomer.on_page("Set your password")
        assert faults(newcomer.page) == []
        newcomer.page.get_by_label("New password", exact=True).fill(newcomer.password)
        newcomer.page.get_by_label("The same password again", exact=True).fill(newcomer.password)
        newcomer.press("Set password")
        newcomer.reads("Your username is n.ashgrove")
        newcomer.sign_in()
        newcomer.on_page("You hold no role at present")
        manager = who("manager")
        manager.menu("Access")
        manager.follow("Nerys Ashgrove")
        manager.choose("Do you give this role?", "Yes, give it")
        manager.write("Why?", "I know her work.")
        manager.press("Save")
        manager.reads("The role is given.")
        newcomer.goes_to("/cases/")
        newcomer.on_page("Children")
        newcomer.goes_to(link, status=404)
        newcomer.on_page("This link opens nothing")
        newcomer.context.close()


def test_a_teacher_signs_in_by_a_code_to_her_work_address(browser: Browser, product: Product) -> None:
    teacher = Person(browser, product, "teacher")
    teacher.page.goto("/notify/sent/")
    teacher.follow("sign in with a code sent to your work email")
    teacher.on_page("Sign in with a code")
    assert faults(teacher.page) == []
    teacher.visit.expected.add(422)
    teacher.write("Work email address", "teacher")
    teacher.press("Send me a code")
    teacher.problem("Enter an email address in the correct format, like name@example.org")
    teacher.write("Work email address", "teacher@harbour.example")
    teacher.press("Send me a code")
    teacher.on_page("Check your email")
    assert faults(teacher.page) == []
    teacher.page.set_viewport_size({"width": 320, "height": 800})
    assert overflow(teacher.page) <= 0
    teacher.write("Code", "BBBB-BBBB")
    teacher.press("Sign in")
    teacher.problem("This code is not right. Enter the eight letters of the last email that we sent you")
    teacher.write("Code", in_mail(product, "teacher@harbour.example", r"Your code: (\S+)")[1].lower())
    teacher.press("Sign in")
    teacher.on_page("What I sent")
    assert teacher.visit.complaints == []
    teacher.context.close()


def test_somebody_signs_in_through_the_councils_provider_and_out_of_both(browser: Browser, product: Product) -> None:
    person = Person(browser, product, "socialworker")
    person.context.route("https://cdn.jsdelivr.net/**", lambda route: route.fulfill(body="", content_type="text/css"))
    product.provider.knows("sw-1", email="socialworker@harbour.example", email_verified=True, roles=["data_guardian"])
    product.provider.knows("of-nobody", email="of.nobody@harbour.example", email_verified=True)
    person.page.goto("/cases/")
    assert faults(person.page) == []
    person.visit.expected.add(403)
    there(person, "of-nobody")
    person.on_page("You are not signed in")
    person.reads("nobody has given you an account in Harbour under that work address")
    assert faults(person.page) == []
    person.follow("Go to the sign-in page")
    person.page.goto("/cases/")
    there(person, "sw-1")
    person.on_page("Children")
    person.goes_to("/")
    person.reads("opened through your organisation’s own sign-in for the first time")
    assert person.page.get_by_role("navigation", name="Menu").get_by_role("link", name="Looks").count() == 0
    person.sign_out()
    person.reads("You may still be signed in at Northmere Council")
    assert faults(person.page) == []
    person.page.set_viewport_size({"width": 320, "height": 800})
    assert overflow(person.page) <= 0
    person.follow("Sign out at Northmere Council")
    person.page.get_by_role("button", name="End session").click()
    person.on_page("Sign in to Harbour")
    assert person.visit.complaints == []
    person.context.close()


def there(person: Person, subject: str) -> None:
    """To the provider, as somebody whom it knows, and back."""
    person.press("Sign in with Northmere Council")
    person.page.get_by_placeholder("sub").fill(subject)
    person.page.get_by_role("button", name="Authorize").click()


def link_in_mail(product: Product, address: str) -> str:
    """The path of the link in the e-mail to an address, once it has come."""
    return in_mail(product, address, r"/account/welcome/[^\s]+")[0]


def in_mail(product: Product, address: str, words: str) -> re.Match[str]:
    """Words of an e-mail to an address, once it has come."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        for mail in product.mails if (product.folder / "mail").exists() else []:
            found = re.search(words, mail)
            if address in mail and found:
                return found
        time.sleep(0.5)
    raise AssertionError("no such e-mail came")


def test_after_signing_out_back_shows_nothing(browser: Browser, product: Product) -> None:
    person = Person(browser, product, "socialworker")
    person.page.goto("/account/sign-in/")
    person.sign_in()
    person.menu("Children")
    first = person.page.get_by_role("main").get_by_role("table").get_by_role("link").first
    name = first.inner_text()
    first.click()
    person.sign_out()
    for _ in range(3):
        person.page.go_back()
        person.on_page("Sign in to Harbour")
        person.reads_nothing_of(name)
    person.context.close()


def test_after_five_wrong_passwords_the_page_says_when_and_whom_to_ring(browser: Browser, product: Product) -> None:
    person = Person(browser, product, "d.osei")
    person.visit.expected.add(429)
    person.password, right = "not the password", person.password
    for _ in range(5):
        person.page.goto("/account/sign-in/")
        person.sign_in()
    person.on_page("Too many tries")
    person.reads("Try again after", "ring the", "technical administrator")
    assert faults(person.page) == []
    person.password = right
    person.page.goto("/account/sign-in/")
    person.sign_in()
    person.on_page("Too many tries")
    person.context.close()


def test_one_ends_a_session_left_open_elsewhere(browser: Browser, product: Product) -> None:
    office, left = (Person(browser, product, "youth.justice") for _ in range(2))
    for person in (left, office):
        person.page.goto("/account/sign-in/")
        person.sign_in()
    office.reads("signed in from a device that it was not used on before")
    office.page.get_by_role("banner").get_by_role("link", name="Your sign-in").click()
    office.on_page("Where you are signed in")
    office.reads("You are here", "The machine that Harbour runs on")
    assert faults(office.page) == []
    office.page.set_viewport_size({"width": 320, "height": 800})
    assert overflow(office.page) <= 0
    office.page.get_by_role("button", name=re.compile("^Sign out there")).click()
    office.reads("That place is signed out")
    expect(office.page.get_by_role("button", name=re.compile("^Sign out"), exact=False)).to_have_count(1)
    left.page.reload()
    left.on_page("Sign in to Harbour")
    assert office.visit.complaints == []
    for person in (left, office):
        person.context.close()


def test_a_page_left_alone_warns_keeps_what_was_typed_and_shows_nothing(browser: Browser, product: Product) -> None:
    person = Person(browser, product, "safeguarding.lead")
    person.page.clock.install()
    person.page.goto("/account/sign-in/")
    person.sign_in()
    begin(person)
    person.write("First name", "Wilhelmina")
    warning = person.page.get_by_role("alertdialog")
    expect(warning).to_be_hidden()
    person.page.clock.fast_forward(13 * 60_000 + 2_000)
    expect(warning).to_contain_text("You will be signed out in")
    assert faults(person.page) == []
    warning.get_by_role("button", name="Stay signed in").click()
    expect(warning).to_be_hidden()
    person.page.clock.fast_forward(13 * 60_000 + 2_000)
    expect(warning).to_be_visible()
    person.page.clock.fast_forward(2 * 60_000)
    person.on_page("Sign in to Harbour")
    person.reads("it is kept")
    person.reads_nothing_of("Wilhelmina")
    person.sign_in()
    person.on_page("Check and send what you typed")
    person.reads("Wilhelmina")
    person.press("Send it now")
    person.on_page(re.compile("."))
    person.context.close()
