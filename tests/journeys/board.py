"""A report to the board: asked for and fetched in the browser, and its figures counted again from plain rows."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from typing import Any

from playwright.sync_api import expect

from reporting.measures import BEFORE, THIS
from reporting.rules.periods import Period
from tests.journeys.people import Person
from tests.journeys.product import ROOT
from tests.reporting.by_hand import interviews_by_hand, levels_by_hand, notifications_by_hand
from tests.reporting.worlds import Plan, PlannedChild, PlannedEpisode, PlannedNotification

# As many days are never whole months, so that the period before has as many.
DAYS = 360
SECONDS_TO_MAKE = 60
FEWEST_SHOWN = 5
Counts = dict[str, dict[str, dict[str, int]]]

# A number of a report as it is printed, the share that may follow it, and a change.
NUMBER, SHARE, CHANGE = r"(<5|Withheld|[\d,]+)", r"(?: \d+%)?", r"(?:None|Not shown|[+−][\d,]+)"


def period_to(last: date) -> Period:
    """The days up to one, and as many before them."""
    period = Period(last - timedelta(days=DAYS - 1), last)
    assert period.before == Period(last - timedelta(days=2 * DAYS - 1), last - timedelta(days=DAYS))
    return period


def ask_for_a_report(manager: Person, period: Period) -> None:
    """Fill in the form for a report over some days."""
    manager.choose("Which period?", "Other dates")
    manager.write_day("First day", period.first)
    manager.write_day("Last day", period.last)
    manager.press("Make the report")


def wait_for_it(manager: Person, *, scripts: bool) -> None:
    """The page shows by itself when the report is ready; without scripts, its own link looks again."""
    manager.reads("Report number")
    ready = manager.page.get_by_role("button", name="Download the PDF")
    if scripts:
        expect(ready).to_be_visible(timeout=SECONDS_TO_MAKE * 1000)
        return
    ends = datetime.now(UTC) + timedelta(seconds=SECONDS_TO_MAKE)
    again = manager.page.get_by_role("main").get_by_role("link", name="See how far it is")
    while again.count() and datetime.now(UTC) < ends:
        again.click()
        manager.page.wait_for_timeout(400)  # as often as somebody would press it, and not a hundred times a second
    expect(ready).to_be_visible()


def fetch(manager: Person) -> str:
    """The words of the report's document."""
    filename, pages = manager.downloads(manager.page.get_by_role("button", name="Download the PDF"))
    assert filename.startswith("board-report-")
    return " ".join(pages)


def printed(words: str) -> dict[str, dict[str, dict[str, str]]]:
    """Each number of the document as it is printed: by measure, window and code."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for path in sorted((ROOT / "reporting" / "definitions").glob("*.toml")):
        measure = tomllib.loads(path.read_text(encoding="utf-8"))
        lines = {row["code"]: _in_table(row["label"]) for row in measure["rows"]}
        lines |= {code: _in_table(label) for code, label in measure["sums"].items()}
        lines |= {row["code"]: _beside(row["label"]) for row in measure.get("aside", ())}
        part = words[words.index(f"{measure['title']}, in numbers") :]
        pairs = {code: _one(pattern, part) for code, pattern in lines.items()}
        found[measure["key"]] = {
            window: {code: pair[number] for code, pair in pairs.items()} for number, window in enumerate((THIS, BEFORE))
        }
    return found


def _in_table(label: str) -> str:
    return rf"{re.escape(label)} {NUMBER}{SHARE} {NUMBER}{SHARE} {CHANGE}"


def _beside(label: str) -> str:
    return rf"{re.escape(label)}: {NUMBER} \(period before: {NUMBER}\)"


def _one(pattern: str, words: str) -> tuple[str, str]:
    match = re.search(pattern, words)
    assert match, f"{pattern} is not in: {words[:600]}"
    return match[1], match[2]


def counted_by_hand(plan: Plan) -> Counts:
    """The three measures of a report with their sums, counted one row after another."""
    sectors = {each.person: each.person for each in plan.notifications}
    counts = {
        "notifications_by_source": notifications_by_hand(plan, sectors),
        "open_by_level": levels_by_hand(plan),
        "interviews_in_72_hours": interviews_by_hand(plan),
    }
    for window in (THIS, BEFORE):
        for measure in ("notifications_by_source", "open_by_level"):
            counts[measure][window]["total"] = sum(counts[measure][window].values())
        interviews = counts["interviews_in_72_hours"][window]
        interviews["completed"] = interviews["within"] + interviews["late"]
        interviews["eligible"] = interviews["completed"] + interviews["not_held"]
    return counts


def differences(shown: dict[str, dict[str, dict[str, str]]], counts: Counts) -> list[str]:
    """Where a printed number is not the one that was counted, or a small one is told, or another kept for nothing."""
    wrong = []
    for measure, windows in counts.items():
        for window, numbers in windows.items():
            small = any(0 < number < FEWEST_SHOWN for number in numbers.values())
            for code, number in numbers.items():
                fitting = {"Withheld"} if small else set()
                fitting.add("<5" if 0 < number < FEWEST_SHOWN else f"{number:,}")
                said = shown[measure][window][code]
                if said not in fitting:
                    wrong.append(f"{measure}, {window}, {code}: {said} is printed, {number} were counted")
    return wrong


def kinds_of(shown: dict[str, dict[str, dict[str, str]]]) -> set[str]:
    """How the numbers of the period are printed that are not 0: small ones hidden, others withheld or told."""
    said = {code for windows in shown.values() for code in windows[THIS].values()} - {"0"}
    return {each if each in ("<5", "Withheld") else "a number" for each in said}


def moved(first: Counts, now: Counts) -> dict[str, int]:
    """Which figures changed, by how much."""
    return {
        f"{measure}.{window}.{code}": number - first[measure][window][code]
        for measure, windows in now.items()
        for window, numbers in windows.items()
        for code, number in numbers.items()
        if number != first[measure][window][code]
    }


def instant_of_counting() -> datetime:
    """When the latest report was counted."""
    from reporting.models import ReportRun

    as_at: datetime = ReportRun.objects.order_by("requested_at").values_list("as_at", flat=True).last()
    return as_at


def all_rows() -> Plan:
    """What is counted, as plain rows of the product's database; period and instant are still to be set."""
    from cases.record.models import Child
    from referrals.models import Notification

    children = {pk: PlannedChild(pk=pk) for pk in Child.objects.values_list("pk", flat=True)}
    _fill_children(children)
    sent = Notification.objects.exclude(sent_at=None).values_list("sent_at", "agency__sector", "child_id")
    notifications = [PlannedNotification(at, sector, children.get(file), False) for at, sector, file in sent]
    return Plan(period_to(date.today()), list(children.values()), notifications, _episodes(children), datetime.now(UTC))


def _fill_children(children: dict[Any, PlannedChild]) -> None:
    """Spells, and which file was merged into which; judged levels from the history and, last, the file as it is now."""
    from django.apps import apps

    from cases.record.models import Child, Spell

    for file, start, end in Spell.objects.values_list("child_id", "started_on", "ended_on"):
        children[file].spells.append((start, end))
    history = apps.get_model("cases", "ChildEvent")._default_manager.order_by("pgh_id")
    for file, at, level in history.values_list("pgh_obj_id", "level_judged_at", "level"):
        if at is not None:
            children[file].levels.append((at, level))
    for file, merged, at, level in Child.objects.values_list("pk", "merged_into_id", "level_judged_at", "level"):
        child = children[file]
        child.merged_into = children.get(merged)
        # Sorted by the instant alone: of two rows with one instant, the later written stays the later.
        child.levels = sorted([*child.levels, (at, level)], key=lambda judged: judged[0]) if at else []


def _episodes(children: dict[Any, PlannedChild]) -> list[PlannedEpisode]:
    """Times away, each with its interview; one that was held together with another's was held when that one was."""
    from missing.models import MissingEpisode, ReturnInterview

    rows = ReturnInterview.objects.values_list("episode_id", "pk", "held_at", "covered_by_id", "not_needed_reason")
    held = {pk: held_at for _, pk, held_at, _, _ in rows}
    interviews = {episode: (held_at or held.get(covering), reason) for episode, _, held_at, covering, reason in rows}
    found = []
    times = MissingEpisode.objects.values_list("pk", "child_id", "kind", "last_seen_at", "returned_at", "closed_at")
    for pk, file, kind, last_seen_at, returned_at, closed_at in times:
        episode = PlannedEpisode(children[file], kind, last_seen_at, returned_at, closed_at)
        episode.has_interview = pk in interviews
        episode.held_at, episode.not_needed = interviews.get(pk, (None, ""))
        found.append(episode)
    return found
