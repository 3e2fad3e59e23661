"""Who may know of a file: an emergency and its review, and a file for named people only, in the browsers of those who
work with both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from playwright.sync_api import Browser, expect

from accounts.selectors import now
from cases.access.selectors import facts_of
from cases.record.models import Child
from cases.record.selectors.facts import lead_of
from tests.journeys.casework import open_tab
from tests.journeys.people import Person, all_at_work
from tests.journeys.product import Ask, Product
from tests.journeys.states import viewer


@dataclass(frozen=True)
class File:
    """A file by its reference and name, and its lead as a choice names them."""

    reference: str
    name: str
    lead: str = ""

    @property
    def path(self) -> str:
        return f"/cases/{self.reference}/"


def file_kept_from(username: str) -> File:
    """An open file that somebody may not know of, and the guardians may."""
    at = now()
    theirs = Child.objects.visible_to(viewer(username), at=at).values("pk")
    rows = Child.objects.visible_to(viewer("guardian"), at=at).filter(restricted=False, merged_into=None)
    child = rows.exclude(pk__in=theirs).order_by("sort_key", "pk")[0]
    return File(child.reference, child.name)


def file_to_restrict() -> File:
    """A file that the manager sees whole and an officer sees too, with a lead."""
    at = now()
    officers = Child.objects.visible_to(viewer("officer"), at=at).values("pk")
    rows = Child.objects.visible_to(viewer("manager"), at=at).filter(restricted=False, merged_into=None)
    for child in rows.filter(pk__in=officers).order_by("sort_key", "pk"):
        lead = lead_of(child.pk)
        if facts_of(child).whole and lead is not None and lead.membership is not None:
            member = lead.membership
            words = f"{member.user}, {member.get_role_display()}, {member.agency}"
            return File(child.reference, child.name, words)
    raise AssertionError("The demo has no such file")


def test_an_emergency_opens_one_file_for_an_hour_and_is_reviewed(browser: Browser, product: Product, ask: Ask) -> None:
    file = ask(lambda: file_kept_from("duty"))
    with all_at_work(browser, product) as who:
        open_it(who("duty"), file)
        end_it(who("duty"), file)
        review_it(who("guardian"), file)
        duty = who("duty")
        duty.goes_to("/emergency-access/")
        duty.reads("Not justified")


def open_it(duty: Person, file: File) -> None:
    duty.goes_to(file.path, status=404)
    duty.goes_to("/")
    duty.press("Emergency access")
    duty.on_page("Open a file in an emergency")
    duty.press("Open the file")
    duty.problem(
        "Select what you know of the child",
        "Select what kind of emergency it is",
        "Answer “What is happening, and why can you not wait?”",
        "Tick that you know what is written down and reviewed",
    )
    ask_for(duty, "ZZZ-ZZZZ")
    duty.problem(
        "No file was opened. If a child is in danger now, ring 999, or the duty number at the foot of this page."
    )
    ask_for(duty, file.reference)
    duty.reads("Emergency access: 60 minutes left", file.reference)
    open_tab(duty, "Chronology")
    duty.reads("Emergency access: ")


def ask_for(duty: Person, reference: str) -> None:
    duty.choose("What do you know of the child?", "The file’s reference")
    duty.write("Reference", reference)
    duty.choose("What kind of emergency is it?", "A child is missing")
    duty.write("What is happening, and why can you not wait?", "A passer-by found the child’s bag at the station.")
    duty.page.get_by_label("I know that each page I open is written down").check()
    duty.press("Open the file")


def end_it(duty: Person, file: File) -> None:
    duty.press("End it now")
    duty.on_page("Emergency access")
    duty.reads("The emergency access has ended.", "A child is missing")
    duty.goes_to(file.path, status=404)


def review_it(guardian: Person, file: File) -> None:
    guardian.goes_to("/alerts/")
    guardian.reads("Emergency access", "Somebody opened a file in an emergency.")
    guardian.goes_to("/")
    guardian.press("Register of emergencies")
    row = guardian.page.get_by_role("row").filter(has_text=file.reference).first
    expect(row).to_contain_text("Review due in")
    row.get_by_role("link").click()
    guardian.reads("A passer-by found the child’s bag", "Overview", "Chronology")
    guardian.press("Save the review")
    guardian.problem("Select what you found", "Say in a sentence what you found")
    guardian.choose("What did you find?", "Not justified")
    guardian.write("In a sentence or two", "The lead was on duty and could have been asked.")
    guardian.press("Save the review")
    guardian.on_page("Register of emergencies")
    expect(guardian.page.get_by_role("row").filter(has_text=file.reference).first).to_contain_text("Not justified")


def test_a_restricted_file_is_there_for_the_named_alone_until_two_people_lift_it(
    browser: Browser, product: Product, ask: Ask
) -> None:
    file = ask(file_to_restrict)
    with all_at_work(browser, product) as who:
        officer, manager, guardian = who("officer"), who("manager"), who("guardian")
        find(officer, file, there=True)
        restrict(manager, file, ask)
        officer.goes_to(file.path, status=404)
        find(officer, file, there=False)
        guardian.goes_to(file.path)
        lift(manager, guardian, file)
        officer.goes_to(file.path)


def find(person: Person, file: File, *, there: bool) -> None:
    person.menu("Children")
    person.page.get_by_role("searchbox").first.fill(file.reference)
    person.page.get_by_role("main").get_by_role("search").get_by_role("button", name="Search").click()
    if there:
        person.reads(file.reference)
    else:
        person.reads("No file open to you has that name or reference.")


def restrict(manager: Person, file: File, ask: Ask) -> None:
    manager.goes_to(file.path)
    open_tab(manager, "Who can see it")
    manager.follow("Restrict this file to named people")
    manager.on_page("Restrict this file to named people")
    manager.choose("Why must it be restricted?", "A live police operation")
    manager.write("What must whoever reviews it know?", "Two officers of the operation alone may know the dates.")
    for name in dict.fromkeys([file.lead, *ask(overseers)]):
        manager.choose("Who will see the file?", name)
    manager.write_day("When must it be reviewed?", ask(lambda: (now() + timedelta(days=40)).date()))
    manager.press("Restrict the file")
    manager.on_page("Restricted to named people")
    manager.reads("A live police operation", file.lead.split(",")[0])


def overseers() -> list[str]:
    """The manager and the guardian, as the choices name them."""
    found = []
    for username in ("manager", "guardian"):
        person = viewer(username)
        found.append(f"{person.name}, {person.role_name}, {person.agency_name}")
    return found


def lift(manager: Person, guardian: Person, file: File) -> None:
    manager.press("Ask to lift it")
    manager.write("Why need it not be restricted any more?", "The arrests were made this morning.")
    manager.press("Ask")
    manager.on_page("Restricted to named people")
    guardian.goes_to("/alerts/")
    guardian.reads("Restrictions to lift")
    asked = guardian.page.get_by_role("region", name=re.compile("^Restrictions to lift"))
    asked.get_by_role("link", name=re.compile("^Since ")).click()
    guardian.on_page("Lift the restriction?")
    guardian.reads("The arrests were made this morning.")
    guardian.choose("Do you agree?", "Yes, lift the restriction")
    guardian.write("Why?", "The police say so too.")
    guardian.press("Answer")
    guardian.reads("The file is not restricted any more.")
