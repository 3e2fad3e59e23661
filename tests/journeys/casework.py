"""From a notification to a judged level: what the notification point and the lead of a case do, press by press."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.journeys.people import Person, Referral


def decide_in_haste(triage: Person) -> None:
    """The notification that stands open comes back with what is not answered."""
    triage.press("Decide")
    triage.problem(
        "Answer “Is this a child who has a file?”",
        "Select what happens now",
        "Say in a sentence or two why you decide this",
    )


def accept_as_new(triage: Person, notification: str) -> None:
    """The notification that stands open becomes a file of its own, with a lead."""
    triage.choose("Is this a child who has a file?", "No file is about this child")
    triage.choose("What happens now?", "Accept")
    triage.page.get_by_role("combobox", name="Reason").first.select_option("Signs of exploitation are present")
    triage.write("Why you decide this", "A van, two new telephones and nights away, in a child of her age.")
    triage.page.get_by_label("Who leads on the case?").select_option("Hannah Brightwater, Social worker")
    triage.press("Decide")
    triage.on_page("Triage")
    triage.reads(f"{notification} is decided: Accept: open a file.", "Hannah Brightwater leads.")


def open_from_the_worklist(person: Person, child: Referral) -> str:
    """Find the child among those one works with; returns the reference of the file."""
    person.menu("Children")
    person.page.get_by_role("main").get_by_role("link", name=child.name).first.click()
    expect(person.page).to_have_title(re.compile("^Overview, "))
    return person.page.url.rstrip("/").rpartition("/")[2]


def open_tab(person: Person, name: str) -> None:
    """Another part of the file that stands open."""
    person.page.get_by_role("navigation", name="This file").get_by_role("link", name=name, exact=True).click()


def open_the_assessment(worker: Person) -> None:
    """The assessment that came with the notification, from the file that stands open."""
    open_tab(worker, "Risk")
    worker.on_page("Risk")
    worker.page.get_by_role("main").get_by_role("link", name="Risk Factor Matrix, version 1").click()


def judge_medium(worker: Person) -> None:
    """Judge the level of the assessment that stands open, and say why where it differs from the score."""
    worker.press("Judge the level")
    worker.choose("What level do you judge?", "Medium")
    say_why(worker)


def say_why(worker: Person) -> None:
    """Save the level that is chosen, with the reason that a level other than the score asks for."""
    worker.write("Why?", "Three nights away in a month, and men who give her telephones.")
    worker.press("Save the level")
    worker.reads("The level is on the child's file.", "Judged level", "Medium", "Three nights away in a month")
