"""People at work in a browser of their own, and how one of them refers a child, page by page."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Locator, Page, expect
from pypdf import PdfReader

from tests.journeys.browsing import Visit
from tests.journeys.product import Product

LONDON = ZoneInfo("Europe/London")


class Person:
    """Somebody signed in to the product, in a window that remembers every complaint."""

    def __init__(self, browser: Browser, product: Product, username: str, **options: Any) -> None:
        self.username = username
        self.password = product.users[username]
        self.context = browser.new_context(base_url=product.address, **options)
        self.context.set_default_timeout(15_000)
        self.visit = Visit(self.context, product.address)
        self.page: Page = self.visit.page

    def sign_in(self) -> None:
        """Fill in the sign-in page that stands open."""
        self.page.get_by_label("Username").fill(self.username)
        self.page.get_by_label("Password", exact=True).fill(self.password)
        self.press("Sign in")

    def goes_to(self, path: str, *, status: int = 200) -> Page:
        """Open an address, expecting a certain answer."""
        if status >= 400:
            self.visit.expected.add(status)
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == status, f"{self.username} got {answer.status} for {path}"
        return self.page

    def group(self, name: str) -> Locator:
        """The controls of one question."""
        return self.page.get_by_role("group", name=name, exact=True)

    def choose(self, question: str, answer: str) -> None:
        self.group(question).get_by_label(answer, exact=True).check()

    def write(self, label: str, words: str) -> None:
        self.page.get_by_role("textbox", name=label).fill(words)

    def write_day(self, question: str, on: date) -> None:
        """Fill in a date, also the first of several that have the same name."""
        for part, said in (("Day", on.day), ("Month", on.month), ("Year", on.year)):
            self.group(question).first.get_by_label(part, exact=True).fill(str(said))

    def write_moment(self, question: str, at: datetime) -> None:
        """Fill in a date and a time of day, on London's clocks."""
        local = at.astimezone(LONDON)
        self.write_day(question, local.date())
        self.group(question).get_by_label("Time", exact=True).fill(f"{local:%H:%M}")

    def pick(self, label: str, answer: str) -> None:
        """Choose from a list, also from the first of several that have the same name."""
        self.page.get_by_role("main").get_by_label(label, exact=True).first.select_option(answer)

    def press(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("link", name=name, exact=True).click()

    def menu(self, name: str) -> None:
        self.page.get_by_role("navigation", name="Menu").get_by_role("link", name=name, exact=True).click()

    def sign_out(self) -> None:
        self.page.get_by_role("banner").get_by_role("button", name="Sign out").click()
        self.on_page("Sign in to Harbour")

    def reads(self, *words: str) -> None:
        """The page says all of this."""
        for each in words:
            expect(self.page.get_by_role("main")).to_contain_text(each)

    def on_page(self, heading: str | re.Pattern[str]) -> None:
        """The one main heading is this."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)

    def reads_nothing_of(self, *words: str) -> None:
        """The page has none of this, shown or not."""
        page = self.page.content()
        assert [each for each in words if each in page] == []

    def downloads(self, control: Locator) -> tuple[str, list[str]]:
        """The name of the file that a link or button gives, and the words of each page of that document on one line."""
        with self.page.expect_download() as coming:
            control.click()
        pages = PdfReader(io.BytesIO(coming.value.path().read_bytes())).pages
        return coming.value.suggested_filename, [" ".join(page.extract_text().split()) for page in pages]

    def problem(self, *lines: str) -> None:
        """The page came back with exactly these problems."""
        summary = self.page.get_by_role("alert").filter(has_text="There is a problem")
        expect(summary.get_by_role("listitem")).to_have_text(list(lines))


@contextmanager
def at_work(browser: Browser, product: Product, username: str, **options: Any) -> Iterator[Person]:
    """Somebody who signs in, works, and leaves; a browser that complained fails the journey."""
    person = Person(browser, product, username, **options)
    person.page.goto("/account/sign-in/")
    person.sign_in()
    yield person
    complaints = person.visit.complaints
    person.context.close()
    assert complaints == [], f"{username}: {complaints}"


@contextmanager
def all_at_work(browser: Browser, product: Product, **options: Any) -> Iterator[Callable[[str], Person]]:
    """`who("triage")`: that person in a window of their own, signed in when first asked for and there to the end."""
    with ExitStack() as stack:
        signed_in: dict[str, Person] = {}

        def who(username: str) -> Person:
            if username not in signed_in:
                signed_in[username] = stack.enter_context(at_work(browser, product, username, **options))
            return signed_in[username]

        yield who


@dataclass
class Referral:
    """What a referrer knows about one child."""

    given_name: str = "Wren"
    family_name: str = "Hallowell"
    born: tuple[str, str, str] = ("14", "February", "2012")
    concern: str = "She got into a grey van with two men at the bus station.\nShe came with two new telephones."
    words: str = "“They are my mates, they look after me.”"
    in_danger: bool = False
    indicators: list[str] = field(
        default_factory=lambda: [
            "Missing from home or care",
            "Found or seen far from home without an explanation",
            "Gets into or out of vehicles driven by people the family does not know",
        ]
    )

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


def begin(person: Person) -> None:
    person.menu("Refer a child")
    person.on_page("Refer a child")
    person.page.get_by_role("main").get_by_role("button", name="Begin").click()
    person.on_page("Who the child is")


def fill_child(person: Person, child: Referral) -> None:
    person.write("First name", child.given_name)
    person.write("Last name", child.family_name)
    person.choose("Do you know the date of birth?", "Yes")
    for part, said in zip(("Day", "Month", "Year"), child.born, strict=True):
        person.group("Date of birth").get_by_label(part).fill(said)
    person.choose("Sex", "Female")


def fill_about(person: Person, child: Referral) -> None:
    person.page.get_by_label("Ethnic group").select_option("White British")
    person.page.get_by_label("Disability or long-term condition").select_option("No disability known")
    person.write("School, college or training", "Saltmarsh Academy")


def fill_home(person: Person, child: Referral) -> None:
    person.write("Address", "7 Quayside Row\nNorthmere")
    person.write("Postcode", "zz9 9zz")
    person.choose("Must anybody be kept from knowing this address?", "No")
    person.write("A safe way to reach the child or family", "Through the school office")


def fill_concern(person: Person, child: Referral) -> None:
    person.choose("What are you worried about?", "Criminal exploitation, including county lines")
    person.choose("What are you worried about?", "Going missing")
    person.write("What have you seen or heard?", child.concern)


def fill_harm(person: Person, child: Referral) -> None:
    person.choose("Is the child being harmed?", "I think so: there are signs of exploitation")


def fill_danger(person: Person, child: Referral) -> None:
    person.choose("Is the child in danger now?", "Yes" if child.in_danger else "No")
    if child.in_danger:
        person.write("What is the danger, and where is the child?", "Two men are waiting for her outside.")


def fill_words(person: Person, child: Referral) -> None:
    person.write("What does the child say?", child.words)


def fill_told(person: Person, child: Referral) -> None:
    person.choose("Does the child know that you are sending this?", "Yes")
    person.choose("Does the child agree?", "Agrees")
    person.choose("Do the parents or carers know?", "No, not yet")


def fill_contact(person: Person, child: Referral) -> None:
    person.write("On what number can we reach you?", "01632 960 777")


def fill_matrix(person: Person, child: Referral) -> None:
    for indicator in child.indicators:
        person.choose(indicator, "Yes")
    person.write("What are these answers based on?", "Seen by two teachers on 3 days.")


STEPS = {
    "Who the child is": fill_child,
    "More about the child": fill_about,
    "Where the child lives": fill_home,
    "What worries you": fill_concern,
    "Is the child being harmed?": fill_harm,
    "Is the child in danger now?": fill_danger,
    "What does the child say? (optional)": fill_words,
    "Who knows about this": fill_told,
    "On what number can we reach you?": fill_contact,
    "The Risk Factor Matrix": fill_matrix,
}
CHECK = "Check your answers, then send"


def fill_in(person: Person, child: Referral, *, first: str = "Who the child is", until: str = CHECK) -> None:
    """Answer the pages from one to another, reading each heading on the way."""
    headings = [*STEPS, CHECK]
    for heading, following in itertools.pairwise(headings[headings.index(first) : headings.index(until) + 1]):
        person.on_page(heading)
        STEPS[heading](person, child)
        person.press("Continue")
        person.on_page(following)


def answer_nothing_at_first(teacher: Person, child: Referral) -> None:
    """The first page comes back with what is missing, and with what was typed."""
    teacher.write("Any other name the child uses", "Marns")
    teacher.press("Continue")

    expect(teacher.page).to_have_title("Error: Who the child is – Harbour")
    teacher.problem(
        "Enter the child’s first name",
        "Select whether you know the date of birth",
        "Select the child’s sex, or “Not known”",
    )
    expect(teacher.page.get_by_label("Any other name the child uses")).to_have_value("Marns")
    fill_child(teacher, child)
    teacher.press("Continue")
    teacher.on_page("More about the child")


def change_the_telephone(teacher: Person) -> None:
    """Go back from the summary to one answer, and return to the summary."""
    teacher.reads("01632 960 777", "3 answers given", "14 February 2012")
    teacher.follow("Change (How to reach you)")
    teacher.write("On what number can we reach you?", "07700 900 321")
    teacher.press("Save and go back to your answers")
    teacher.on_page("Check your answers, then send")
    teacher.reads("07700 900 321")
    expect(teacher.page.get_by_role("main")).not_to_contain_text("01632 960 777")


def send(person: Person) -> str:
    """Send what was checked; returns the reference that the acknowledgement gives."""
    person.press("Send")
    person.on_page("Sent")
    return person.page.url.rstrip("/").split("/")[-2]
