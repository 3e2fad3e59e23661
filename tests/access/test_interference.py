"""Two databases that differ only in what one viewer may not see give that viewer the same pages, byte for byte.

A pair is a role and a category whose cell is N for it. On a file that the viewer works with, something of the category
is written as it is written in the product, with what follows from it: the place in lists, clocks, alerts, agenda,
numbers. Every page is asked for before and after, at one instant. A third viewer, whose role sees the category, must
be given different pages, or the pair proves nothing.

`make pairs` asks all pairs, the suite a share of them.

Seen to fail: a list that moves for whatever is written.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from difflib import ndiff
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.choices import AccessOutcome
from accounts.rules.roles import opens_files
from accounts.rules.viewers import Viewer
from accounts.services.access_events import record_access
from cases.access.choices import Category
from cases.access.models import Block
from cases.access.services import end_block, record_activity
from cases.record.choices import EntryKind
from cases.record.services import add_chronology
from missing.models import MissingEpisode
from tests.access.canaries import make_one, text_of
from tests.access.oracle import matrix
from tests.access.test_pages import CHOICES, Address, Things, addresses_with_and_without_parts, ask, make_things
from tests.conftest import HonestClient
from tests.factories.cases import grant, make_child
from tests.factories.missing import make_finding, make_interview, make_returned
from tests.factories.risk import make_assessment
from tests.masking import ANEW

pytestmark = pytest.mark.django_db
ONE_IN = int(os.environ.get("HARBOUR_PAIRS", "60"))
HOUR = timedelta(hours=1)
# A page that draws a new secret each time it is asked for.
SECRETS = {"account/second-step/set-up/"}
GETS = [
    address
    for address in addresses_with_and_without_parts()
    if "GET" in address.policy.methods and address.pattern not in SECRETS
]
OF_A_FILE = [address for address in GETS if address.of_a_file]
# The line of a printed page that says at what minute it was printed.
PRINTED = re.compile(r'<p class="hb-print-only hb-printed">.*?</p>')
Pages = dict[str, tuple[int, str]]


def pairs() -> list[tuple[str, str]]:
    """Each role that opens files with each category of which it may not know."""
    table = matrix()
    return [(role, name) for role in table if opens_files(role) for name, cell in table[role].items() if cell == "N"]


ASKED = [pair for pair in pairs() if zlib.crc32(" ".join(pair).encode()) % ONE_IN == 0]


def test_there_are_pairs_enough() -> None:
    assert len(pairs()) >= 50
    assert ASKED


@contextmanager
def standing_still(at: datetime) -> Iterator[None]:
    """While it lasts the product asks the database what time it is, and is always told the same."""

    def same(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql == "SELECT clock_timestamp()":
            return execute("SELECT %s::timestamptz", [at], many, context)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(same):
        yield


def write(category: str, things: Things, writer: Viewer, at: datetime) -> None:
    """Something of a category on the file, and what the product writes with it."""
    child = things.child
    add_chronology(
        child=child,
        kind=EntryKind.OBSERVATION,
        category=Category(category),
        happened_at=at - HOUR,
        summary=f"Something about {child.given_name} that is for others.",
        detail="With more of it.",
        at=at,
        by=writer,
    )
    WITH_IT.get(category, nothing_more)(things, writer, at)


def nothing_more(things: Things, writer: Viewer, at: datetime) -> None:
    pass


def an_assessment(things: Things, writer: Viewer, at: datetime) -> None:
    make_assessment(things.child, writer, evidence="Seen with adults.")


def an_interview(things: Things, writer: Viewer, at: datetime) -> None:
    episode = MissingEpisode.objects.get(pk=things.named["episode_id"])
    interview = make_interview(episode, writer) if not hasattr(episode, "interview") else episode.interview
    make_finding(interview, writer, Category.INTERVIEW, "Why, and with whom.")


def an_episode(things: Things, writer: Viewer, at: datetime) -> None:
    make_returned(things.child, writer, last_seen_at=at - 900 * HOUR, returned_at=at - 890 * HOUR)


def an_address(things: Things, writer: Viewer, at: datetime) -> None:
    from cases.record.models import Address

    make_one(Address, things.child, writer)


def looks(things: Things, writer: Viewer, at: datetime) -> None:
    for _ in range(3):
        record_access(
            viewer=writer,
            action="cases:file",
            outcome=AccessOutcome.ALLOWED,
            reason_code="granted",
            child_id=things.child.pk,
        )


WITH_IT: dict[str, Callable[[Things, Viewer, datetime], None]] = {
    Category.ASSESSMENT: an_assessment,
    Category.INTERVIEW: an_interview,
    Category.MISSING: an_episode,
    Category.CONTACT_ADDRESS: an_address,
    Category.WHO_LOOKED: looks,
}


def pages_of(browser: HonestClient, things: Things, addresses: list[Address]) -> Pages:
    return {
        address.pattern: exact(ask(browser, "GET", address.filled({**things.values(address), **CHOICES})))
        for address in addresses
    }


def exact(answer: Any) -> tuple[int, str]:
    """An answer without what is drawn anew for each; a document by its words."""
    return answer.status_code, PRINTED.sub("", ANEW.sub("", text_of(answer)))


def different(before: tuple[int, str], after: tuple[int, str]) -> list[str]:
    """The lines in which two answers differ."""
    lines = ndiff([str(before[0]), *before[1].splitlines()], [str(after[0]), *after[1].splitlines()])
    return [line for line in lines if line[0] in "+-"]


def holder(world: Any, role: str) -> str:
    return next(name for name, member in world.memberships.items() if member.role == role and name != "outsider")


def entitled(category: str) -> str:
    """A role that sees the category, in full where one does."""
    table = matrix()
    return next(role for cell in "FS" for role in table if table[role][category] == cell and opens_files(role))


@pytest.mark.parametrize(("role", "category"), ASKED)
def test_what_one_may_not_know_changes_nothing_that_one_sees(role, category, world, viewer, at, client_as) -> None:
    things = make_things(world, viewer, at)
    for conflict in Block.objects.filter(child=things.child):
        end_block(block_id=conflict.pk, by=viewer("guardian"), at=at)
    person, third = holder(world, role), holder(world, entitled(category))
    for name in (person, third):
        grant(things.child, world.membership(name).agency, valid_from=at - 3 * HOUR)
        # A file that was busy more recently: one that moves up passes it.
        other = make_child("Marker", f"For {name}")
        grant(other, world.membership(name).agency, valid_from=at - 3 * HOUR)
        record_activity(child_id=other.pk, category=Category.IDENTITY, at=at + timedelta(minutes=5))
    later = at + timedelta(minutes=10)
    browser, other_browser = client_as(person), client_as(third)
    with standing_still(later):
        before, before_of_third = pages_of(browser, things, GETS), pages_of(other_browser, things, OF_A_FILE)
        assert before["cases/<str:reference>/"][0] == 200, "the viewer must see the file on which it is hidden"
        with transaction.atomic():
            write(category, things, viewer("keyworker" if "police" in role else "detective"), later)
            after = pages_of(browser, things, GETS)
            of_third = pages_of(other_browser, things, OF_A_FILE)
            differ = [one for one, page in of_third.items() if page != before_of_third[one]]
            transaction.set_rollback(True)
    assert {one: different(before[one], page) for one, page in after.items() if page != before[one]} == {}
    assert differ, "whoever may know of it sees no difference either: the pair proves nothing"
