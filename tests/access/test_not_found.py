"""A file that one may not know of, and one that never was: the same page, the same headers, the same time.

Words and headers are compared at every address of a file in `test_pages`; here with what that leaves out, the length
and the cookies. Times are compared by `make timing`: on a machine that does other work at the same time the answer
would take too long to come. Each comparison has a control of its own, a question of the same kind that leaves three
tenths of a millisecond later, asked in turn with it; one that is too wide to tell that much fails, and says so.

Seen to fail: a question more to the database where there is a file; a space more in the page, and a header more, where
one was refused. By the clock, on a machine that does other work at the same time: "too noisy to tell". A comparison of
a handful of pairs, which was never told apart and passed.
"""

from __future__ import annotations

import gc
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.middleware import refusals
from accounts.rules.refusals import seconds_to_hold
from cases.record.models import Child, new_reference
from config.settings import base
from tests.access.test_pages import OF_FILES
from tests.conftest import HonestClient
from tests.factories.cases import block, grant, make_child
from tests.masking import masked

# Without the interface, which answers a caller so many times a minute and no more.
PAGES = [
    address
    for address in OF_FILES
    if address.parts == ["reference"] and "GET" in address.policy.methods and address.pattern.startswith("cases/")
]
WHY = ("no grant", "ended", "blocked", "restricted")
FILES_OF_EACH = 6
INJECTED = 0.0003
# How sure a difference must be: 3.9 standard errors of a median, one in ten thousand by chance.
SURE = 3.9
# Half of the width of the interval for a difference: pairs are asked until it is as narrow, or so many seconds.
NARROW, SECONDS = 0.00012, 120
CLOCKS = {"time": time.perf_counter, "work": time.thread_time}


def hidden_files(world: Any, viewer: Any, at: Any) -> dict[str, list[Child]]:
    """Files that the keyworker may not know of, by why."""
    files = {why: [make_child() for _ in range(FILES_OF_EACH)] for why in WHY}
    for file in files["ended"]:
        grant(file, world.agency("specialist"), valid_from=at - timedelta(days=2), valid_until=at - timedelta(days=1))
    for file in files["blocked"]:
        grant(file, world.agency("specialist"))
        block(file, viewer("keyworker"), by=viewer("guardian"))
    for file in files["restricted"]:
        grant(file, world.agency("specialist"))
    Child.objects.filter(pk__in=[file.pk for file in files["restricted"]]).update(restricted=True)
    for _ in range(FILES_OF_EACH):  # and some that are open, so that a query has something to find
        grant(make_child(), world.agency("specialist"))
    return files


def heads(answer: Any) -> list[tuple[str, Any]]:
    """Names and lengths of headers and cookies, in their order."""
    cookies = [(cookie.key, len(cookie.value)) for cookie in answer.cookies.values()]
    return [*((name, len(value)) for name, value in answer.headers.items()), *cookies]


@pytest.mark.django_db
def test_refused_and_never_there_are_the_same_to_the_byte_but_for_what_is_made_anew(world, viewer, at, client_as):
    files, browser = hidden_files(world, viewer, at), client_as("keyworker")
    for number, address in enumerate(PAGES):
        never = browser.get(address.filled({"reference": new_reference()}))
        assert never.status_code == 404
        for why in WHY if number == 0 else [WHY[number % len(WHY)]]:
            there = browser.get(address.filled({"reference": files[why][0].reference}))
            assert there.status_code == 404
            assert masked(there.content) == masked(never.content), (why, address.pattern)
            assert len(there.content) == len(never.content), (why, address.pattern)
            assert heads(there) == heads(never), (why, address.pattern)


def shapes(queries: CaptureQueriesContext) -> list[str]:
    """What was asked, without the values."""
    return [re.sub(r"'[^']*'(::\w+)?|NULL|\b\d+\b|s\d+_x\d+", "?", query["sql"]) for query in queries]


@pytest.mark.django_db
@pytest.mark.parametrize("why", WHY)
def test_the_database_is_asked_the_same(why, world, viewer, at, client_as):
    files, browser = hidden_files(world, viewer, at), client_as("keyworker")
    asked = []
    for reference in (new_reference(), new_reference(), files[why][0].reference):
        with CaptureQueriesContext(connection) as queries:
            browser.get(PAGES[0].filled({"reference": reference}))
        asked.append(shapes(queries))
    assert asked[1] == asked[2]


# Times


@pytest.mark.django_db
@pytest.mark.parametrize("why", [None, *WHY])
def test_what_is_not_known_leaves_when_all_of_its_kind_do(why, world, viewer, at, client_as, settings, monkeypatch):
    settings.NOT_KNOWN_TAKES_SECONDS = whole = 100.0
    files, browser, held = hidden_files(world, viewer, at), client_as("keyworker"), []
    monkeypatch.setattr(refusals.time, "sleep", held.append)
    for number, address in enumerate(PAGES):
        reference = files[why][0].reference if why else new_reference()
        began = time.perf_counter()
        assert browser.get(address.filled({"reference": reference})).status_code == 404
        taken = time.perf_counter() - began
        assert len(held) == number + 1, address.pattern
        assert whole - taken < held[-1] < whole, address.pattern


@pytest.mark.parametrize(
    ("taken", "whole", "held"),
    [(0.015, 0.05, 0.035), (0.0, 0.05, 0.0), (0.05, 0.05, 0.0), (0.06, 0.05, 0.04), (0.3, 0.25, 0.2), (0.4, 0, 0)],
)
def test_how_long_an_answer_is_held(taken, whole, held):
    assert seconds_to_hold(taken, whole) == pytest.approx(held, abs=1e-9)


@dataclass(frozen=True)
class Difference:
    """By how much one of two takes longer: the median of the pairs, and the interval in which it surely is.

    It stands on the order of the differences alone, so that a pause of the machine in one pair counts once.
    """

    median: float
    low: float
    high: float
    pairs: int

    @property
    def told_apart(self) -> bool:
        return not self.low <= 0 <= self.high

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2

    def __str__(self) -> str:
        low, median, high = (f"{1000 * value:+.3f}" for value in (self.low, self.median, self.high))
        return f"{median} ms ({low} to {high}, {self.pairs:,} pairs)"


def interval_of(found: list[float]) -> Difference:
    ordered, number = sorted(found), len(found)
    reach = int(SURE * sqrt(number) / 2) + 1
    middle, last = number // 2, number - 1
    return Difference(ordered[middle], ordered[max(middle - reach, 0)], ordered[min(middle + reach, last)], number)


def took(browser: HonestClient, path: str) -> dict[str, float]:
    """How long an answer took by the clock, and how much work it was for the web process."""
    began = {name: clock() for name, clock in CLOCKS.items()}
    answer = browser.get(path)
    ended = {name: clock() for name, clock in CLOCKS.items()}
    assert answer.status_code == 404
    return {name: ended[name] - began[name] for name in CLOCKS}


Asked = Callable[[str], dict[str, tuple[Difference, Difference]]]


def idle(seconds: float) -> None:
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        pass


@contextmanager
def later() -> Iterator[None]:
    """While it lasts, the answer that there is nothing leaves later by as much as must be told."""
    hold = refusals._hold

    def holds_longer(request: Any) -> None:
        hold(request)
        idle(INJECTED)

    refusals._hold = holds_longer
    try:
        yield
    finally:
        refusals._hold = hold


@contextmanager
def harder() -> Iterator[None]:
    """While it lasts, refusing a file that is there is more work, by as much as would be told if it showed."""
    log = refusals._log

    def logs_longer(request: Any, reason_code: str, child_id: Any) -> None:
        idle(INJECTED if child_id is not None else 0)
        log(request, reason_code, child_id)

    refusals._log = logs_longer
    try:
        yield
    finally:
        refusals._log = log


@pytest.fixture
def asked(transactional_db: None, world, viewer, at, client_as, settings) -> Iterator[Asked]:
    """`asked("blocked")`: by how much a hidden file takes longer than one that never was, through every middleware; and
    the same where it leaves three tenths of a millisecond later, which must be told.

    The two are asked of the same page one after the other, in an order drawn by lot; every other pair is a control.
    """
    settings.NOT_KNOWN_TAKES_SECONDS = base.NOT_KNOWN_TAKES_SECONDS
    files, browser, lots = hidden_files(world, viewer, at), client_as("keyworker"), random.Random(11)
    for address in PAGES:
        took(browser, address.filled({"reference": new_reference()}))

    def pair(why: str, *, slower: bool) -> dict[str, float]:
        address, hidden = lots.choice(PAGES), lots.choice(files[why]).reference
        paths = {
            "there": address.filled({"reference": hidden}),
            "never": address.filled({"reference": new_reference()}),
        }
        order = ("there", "never") if lots.random() < 0.5 else ("never", "there")
        taken = {}
        for which in order:
            with later() if slower and which == "there" else nullcontext():
                taken[which] = took(browser, paths[which])
        return {name: taken["there"][name] - taken["never"][name] for name in CLOCKS}

    def measured(why: str) -> dict[str, tuple[Difference, Difference]]:
        found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in CLOCKS}
        ends = time.monotonic() + SECONDS
        while True:
            for number in range(200):
                for name, value in pair(why, slower=bool(number % 2)).items():
                    found[name][number % 2].append(value)
            gc.collect()
            answers = {name: (interval_of(plain), interval_of(slow)) for name, (plain, slow) in found.items()}
            narrow = all(one.high - one.low <= 2 * NARROW for both in answers.values() for one in both)
            if narrow or time.monotonic() > ends:
                return answers

    gc.collect()
    gc.disable()
    yield measured
    gc.enable()


timed = pytest.mark.skipif(not os.environ.get("HARBOUR_TIMING"), reason="asked where HARBOUR_TIMING is set")


def judged(found: dict[str, tuple[Difference, Difference]], what: str, record_property: Any) -> list[str]:
    for name, (answer, control) in found.items():
        record_property("scanned", f"{what} against never there, {name}: {answer}; control: {control}")
    return faults(*found["time"])


@timed
@pytest.mark.parametrize("why", WHY)
def test_the_times_are_not_told_apart(why, asked, record_property):
    assert judged(asked(why), f"refused ({why})", record_property) == []


@timed
def test_work_that_only_a_hidden_file_makes_is_not_told_by_the_time(asked, record_property):
    with harder():
        found = asked("blocked")
    assert judged(found, "refused with more work", record_property) == []
    assert found["work"][0].low > 0, "there was no more work, and nothing was hidden"


@timed
def test_the_same_work_is_told_where_nothing_is_held(asked, settings, record_property):
    settings.NOT_KNOWN_TAKES_SECONDS = 0
    with harder():
        found = asked("blocked")
    assert any("told apart" in fault for fault in judged(found, "refused with more work, not held", record_property))


def faults(answer: Difference, control: Difference) -> list[str]:
    """What a comparison proves against us, or why it proves nothing."""
    found = [f"told apart: {answer}"] if answer.told_apart else []
    found += [f"too noisy to tell: {answer}"] if answer.half_width >= INJECTED else []
    return found + ([] if control.told_apart and control.low > 0 else [f"the control is not told: {control}"])


STEADY = [(number % 21 - 10) / 100_000 for number in range(2_000)]  # within a tenth of a millisecond, about nothing


def test_what_passes_is_narrow_and_its_control_is_told() -> None:
    answer, control = interval_of(STEADY), interval_of([one + INJECTED for one in STEADY])
    assert faults(answer, control) == []
    assert faults(control, control) == [f"told apart: {control}"]
    assert faults(answer, answer) == [f"the control is not told: {answer}"]
    noisy = interval_of([20 * one for one in STEADY[:60]])
    assert not noisy.told_apart
    assert faults(noisy, control) == [f"too noisy to tell: {noisy}"]
