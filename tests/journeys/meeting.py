"""A panel meeting from its planning to its minutes, as the co-ordinator, the chair and a member go through it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from playwright.sync_api import Locator, expect

from tests.journeys.people import Person, Referral

RATIONALE = "Men drive her to flats, and she is back at school and talks with us."
ACTION = "Ask the landlord who has keys to the flat above the launderette."
ACTION_OWNER = "Beverley Stannard"
INTELLIGENCE = "The van is registered to a man who is on bail for supplying."
PLAN = "She rings her aunt when she is afraid, and the school lets her in early."
DEFERRED = "No time today, and nothing new is known."
QUORATE = "Quorate"


def plan_a_meeting(coordinator: Person, place: str, *, starts_in: timedelta) -> None:
    """A meeting later today; its agenda fills by rule."""
    coordinator.menu("Panel")
    coordinator.press("Plan a meeting")
    coordinator.write_moment("When does it begin?", datetime.now(UTC) + starts_in)
    coordinator.write("Where?", place)
    coordinator.press("Plan the meeting")
    coordinator.reads("The meeting is planned, and its agenda is filled.")


def list_another(coordinator: Person, place: str, file: str) -> None:
    """Any agency may list any child: the meeting has somebody else to talk about too, whatever the rule finds."""
    coordinator.menu("Children")
    coordinator.on_page("Children")  # what is counted at once does not wait for the page
    links = coordinator.page.get_by_role("main").get_by_role("table").get_by_role("link").all()
    addresses = [link.get_attribute("href") or "" for link in links]
    other = next(one for one in addresses if re.fullmatch(r"/cases/\w{3}-\w{4}/", one) and file not in one)
    coordinator.goes_to(f"{other}panel/list/")
    coordinator.write("What should the panel talk about?", "A worker asks what other agencies know.")
    coordinator.press("List the child")
    coordinator.reads("The child is listed for the panel of")
    open_meeting(coordinator, place)


def item_of(person: Person, child: Referral) -> Locator:
    """The child on the agenda that stands open; a long agenda is folded after its first children."""
    for fold in person.page.get_by_role("main").locator("details:not([open]) > summary").all():
        fold.click()
    return person.page.get_by_role("main").get_by_role("listitem").filter(has=_link_of(person, child))


def _link_of(person: Person, child: Referral) -> Locator:
    return person.page.get_by_role("link", name=child.name)


def publish(coordinator: Person) -> None:
    coordinator.press("Publish the agenda")
    coordinator.reads("The agenda is published. The members may read these files from now on.")


def open_meeting(person: Person, place: str) -> None:
    """Find the meeting by where it is held, and accept its statement where that is still to do."""
    person.menu("Panel")
    enter(person, place)


def enter(person: Person, place: str) -> None:
    person.page.get_by_role("main").get_by_role("listitem").filter(has_text=place).get_by_role("link").click()
    person.page.wait_for_url(re.compile("/panels/[0-9a-f-]{36}/"))
    accept = person.page.get_by_role("main").get_by_role("button", name="I accept", exact=True)
    if accept.count():
        accept.click()
    expect(accept).to_have_count(0)


def say_what_we_know(member: Person, place: str, child: Referral, *, kind: str, text: str) -> None:
    """A member's agency tells the meeting something, of a kind that decides who reads it."""
    open_meeting(member, place)
    item_of(member, child).get_by_role("link", name="Say what your agency knows").click()
    member.choose("What does your agency know?", "In writing, here")
    member.pick("What kind of information is it?", kind)
    member.write("What should the panel know?", text)
    member.press("Send to the meeting")
    member.reads("Thank you. The meeting has what your agency said.")


def hold(chair: Person, place: str, child: Referral, *, today: date) -> None:
    """Open the meeting, take attendance, decide on the one child, and defer all others with a reason."""
    chair.menu("Panel")
    close_what_stands_open(chair)
    enter(chair, place)
    begin(chair)
    take_attendance(chair)
    decide(chair, child, today=today)
    chair.page.get_by_role("link", name="The agenda", exact=True).click()
    close(chair)
    expect(chair.page.get_by_role("main")).to_contain_text(
        re.compile(r"\b1 decided, \d+ carried over to the next meeting")
    )


def begin(chair: Person) -> None:
    """Open the meeting; late in the evening it is tomorrow's, and the page asks once whether that is meant."""
    chair.press("Open the meeting")
    chair.on_page(re.compile("Open the meeting|Take attendance"))
    if chair.page.get_by_role("heading", name="Open the meeting").count():
        chair.press("Open it now")


def close_what_stands_open(chair: Person) -> None:
    """A panel has one meeting at a time."""
    running = chair.page.get_by_role("main").get_by_role("listitem").filter(has_text="Meeting now")
    if running.count():
        running.get_by_role("link").click()
        chair.press("Take attendance")
        take_attendance(chair)
        close(chair)
        chair.menu("Panel")


def take_attendance(chair: Person) -> None:
    chair.on_page("Take attendance")
    for came in chair.page.get_by_role("main").get_by_role("combobox").all():
        came.select_option(index=1)
    chair.press("Save the attendance")
    chair.reads(QUORATE)


def decide(chair: Person, child: Referral, *, today: date) -> None:
    """The decision with its reason, an action that somebody owns, and when the panel looks again."""
    item_of(chair, child).get_by_role("link", name=child.name).first.click()
    chair.on_page(re.compile(rf"{child.name}\)?, {age(child, today)}$"))
    chair.reads(INTELLIGENCE, PLAN)
    chair.pick("Decision", "Accept: the panel follows this child")
    chair.write("Why", RATIONALE)
    chair.write_day("The panel looks again on", today + timedelta(days=28))
    chair.write("Action 1: what is to be done", ACTION)
    chair.pick("Who does it", f"{ACTION_OWNER}, Millbrook Homes")
    chair.write_day("By", today + timedelta(days=1))
    chair.press("Record, and on to the next")
    chair.reads("Recorded. Nothing of it is lost if you come back to it.")


def age(child: Referral, today: date) -> int:
    day, month, year = child.born
    born = datetime.strptime(f"{day} {month} {year}", "%d %B %Y").date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def close(chair: Person) -> None:
    """Every child that was not talked about is deferred, and the next agenda carries them over."""
    chair.press("Close the meeting")
    chair.on_page("Close the meeting")
    chair.write("Why were they not talked about?", DEFERRED)
    chair.press("Close the meeting")
    chair.reads("The meeting is closed. The minutes are ready, and referrers see the outcome.")


def minutes(person: Person) -> list[str]:
    """The pages of one's own copy of the minutes of the meeting that stands open."""
    copy = person.page.get_by_role("main").get_by_role("button", name="Download the minutes (PDF)")
    filename, pages = person.downloads(copy)
    assert filename.startswith("minutes-")
    return pages


def part_of(pages: list[str], file: str) -> str:
    """One child's part of a whole meeting's minutes: each begins on a page of its own."""
    begins = next(number for number, words in enumerate(pages) if f"{file}." in words)
    following = (number for number in range(begins + 1, len(pages)) if "Named lead:" in pages[number])
    return " ".join(pages[begins : next(following, len(pages))])
