"""A child goes missing, comes back and is talked with: what police and the interview team do, press by press."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from playwright.sync_api import Locator, expect

from tests.journeys.casework import open_tab
from tests.journeys.people import LONDON, Person, Referral

BRIEFING = "Meet her at school. Two men wait for her at the bus station: do not walk there with her."
# What the interview says, each in the part of the write-up that decides who reads it.
IN_HER_WORDS = "“They drive me to flats and I hold the bag for them.”"
FOR_PARTNERS = "Do not ring her in the evening: others answer her telephone."
WHY_SHE_GOES = "She goes when there is shouting at home, and nobody asks where she was."
FOR_POLICE = "A white van, and a flat above the launderette in Tern Street."


@dataclass(frozen=True)
class Times:
    """When she was last seen, reported, graded and back: from the evening before last to yesterday morning."""

    today: date

    @property
    def last_seen(self) -> datetime:
        return self._before(2, time(20, 15))

    @property
    def reported(self) -> datetime:
        return self._before(2, time(22, 40))

    @property
    def graded(self) -> datetime:
        return self._before(2, time(23, 5))

    @property
    def graded_again(self) -> datetime:
        return self._before(1, time(3, 30))

    @property
    def back(self) -> datetime:
        return self._before(1, time(6, 20))

    @property
    def due(self) -> datetime:
        """The end of the 72 hours, which are hours that go by, whatever the clocks do."""
        return self.back + timedelta(hours=72)

    def _before(self, days: int, at: time) -> datetime:
        return datetime.combine(self.today - timedelta(days=days), at, tzinfo=LONDON).astimezone(UTC)


def report_without_the_file(officer: Person, child: Referral, times: Times) -> None:
    """Police report the child by who they are, and are told nothing of a file."""
    officer.menu("Missing")
    officer.press("Report a child missing")
    officer.on_page("Report a child missing")
    officer.write("First name", child.given_name)
    officer.write("Last name", child.family_name)
    for part, said in zip(("Day", "Month", "Year"), child.born, strict=True):
        officer.group("Date of birth (optional)").get_by_label(part).fill(said)
    officer.choose("Sex", "Female")
    officer.choose("What is it?", "Missing")
    officer.write_moment("When was the child last seen?", times.last_seen)
    officer.write_moment("When was it reported to police?", times.reported)
    officer.pick("Where were they missed from?", "Home")
    officer.write("What happened?", "She went out after a telephone call and did not take her coat.")
    officer.press("Report")
    officer.on_page("Reported")
    officer.reads("Police decide how grave it is", "an independent person offers them a talk within 72 hours")


def row_of(person: Person, child: Referral) -> Locator:
    """The child's row in one of the lists of who is away and of interviews that wait."""
    person.menu("Missing")
    return person.page.get_by_role("main").get_by_role("row").filter(has_text=child.name)


def open_the_episode(person: Person, child: Referral) -> None:
    row_of(person, child).get_by_role("link").first.click()
    person.on_page(re.compile("^Missing: "))


def grade(police: Person, child: Referral, times: Times) -> None:
    """Police grade the risk, and grade it again when they learn more; both stand in the history."""
    open_the_episode(police, child)
    police.reads("Not graded yet")
    for level, when, why in (
        ("Medium", times.graded, "She has come back by herself before."),
        ("High", times.graded_again, "Her telephone was last heard of in another city."),
    ):
        police.press("Give a police grade")
        police.on_page("Police grade")
        police.choose("Police grade", level)
        police.write_moment("When was it graded?", when)
        police.write("Why this grade?", why)
        police.press("Save")
        police.reads("The grade is recorded.", f"{level} (police grade)", why)
    police.reads("Police grade: medium", "Police grade: high")


def come_back(police: Person, times: Times) -> None:
    """The return is recorded on the episode that stands open, and its interview is there at once."""
    police.press("The child is back")
    police.write_moment("When was the child back?", times.back)
    police.choose("How?", "Found or brought back by police")
    police.write("Where were they found?", "The bus station")
    police.press("Save")
    police.reads("The return is recorded.", "Found or brought back by police")
    police.follow("The return interview after this episode")
    police.on_page(re.compile("^Return interview after "))
    police.reads("Not held")


def read_the_clock(person: Person, times: Times) -> None:
    """The interview that stands open says how much of its 72 hours is left."""
    left = times.due - datetime.now(UTC)
    hours = int(left.total_seconds() // 3600)
    expect(person.page.get_by_role("main")).to_contain_text(re.compile(f"({hours}|{hours - 1}) hours left"))
    local = times.due.astimezone(LONDON)
    person.reads("To be held by", f"{local.day} {local:%B %Y}, {local.hour}:{local:%M}am")


def name_the_interviewer(manager: Person, child: Referral, times: Times) -> None:
    row_of(manager, child).get_by_role("link").first.click()
    read_the_clock(manager, times)
    manager.reads("Nobody yet")
    manager.press("Name the interviewer")
    manager.pick("Who holds the interview?", "Grace Lindqvist, Lantern Young People's Service")
    manager.write("Safety briefing", BRIEFING)
    manager.press("Save")
    manager.reads("The interviewer is named.", "Grace Lindqvist")


def hold_in_time(interviewer: Person, file: str) -> None:
    """From the home page: read the briefing, offer the talk, hold it and write it up, each part for its readers."""
    interviewer.follow(f"Return interview for {file}")
    interviewer.reads(BRIEFING)
    interviewer.press("Offer it")
    interviewer.write_moment("When did you offer it?", datetime.now(UTC))
    interviewer.press("Save")
    interviewer.reads("The offer is recorded.")
    interviewer.press("The child’s answer")
    interviewer.choose("Does the child accept?", "Yes")
    interviewer.press("Save")
    interviewer.reads("The answer is recorded.")
    interviewer.press("It was held")
    interviewer.write_moment("When was it held?", datetime.now(UTC))
    interviewer.choose("Where?", "School or college")
    interviewer.page.get_by_label("The interviewer is independent").check()
    interviewer.press("Save")
    interviewer.reads("Recorded. Now write it up.", "Independent", "Confirmed")
    interviewer.press("Write it up")
    interviewer.write("What happened, in the child’s words", IN_HER_WORDS)
    interviewer.write("Safety points for partners", FOR_PARTNERS)
    interviewer.write("Why they go", WHY_SHE_GOES)
    interviewer.write("Information for police", FOR_POLICE)
    interviewer.page.get_by_label("This is the whole write-up").check()
    interviewer.press("Save")
    interviewer.reads("Written down, each part for those who may read it.", IN_HER_WORDS, "Offered and held")


def read_what_it_says(person: Person, *, read: tuple[str, ...], withheld: tuple[str, ...]) -> None:
    """From the child's file: the last episode says these parts of what was learnt, and no word of those."""
    open_tab(person, "Missing")
    row = person.page.get_by_role("main").get_by_role("listitem").filter(has_text="From: home")
    row.get_by_role("link").click()
    person.reads("What was learnt", *read)
    person.reads_nothing_of(*withheld)
