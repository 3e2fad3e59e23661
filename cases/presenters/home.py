"""The home page: each role's own work. Upper apps add their blocks to it in `ready()`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Any, TypedDict
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from accounts.models import AccessEvent
from accounts.rules.dates import day, moment
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import FileFacts, Level, Matrix, category_level
from cases.access.selectors import facts_of
from cases.clocks.selectors import count_open_alerts
from cases.presenters.frame import shown_name
from cases.presenters.looking import page_words, reason_words
from cases.record.models import Child, ChronologyEntry
from cases.record.rules import age_on
from cases.record.selectors import (
    agencies_known,
    changes_on,
    my_files,
    new_to,
    people_known,
    reads_lately,
    refusals_lately,
)
from cases.sharing.selectors.conflicts import files_about


class HomeSection(IntEnum):
    """The parts of the home page, in the order of the page."""

    LATE = 1
    WAITING = 2
    CHANGED = 3


class HomeItem(TypedDict, total=False):
    """One line of work: `text`, `href` (empty where nothing opens), and what `components/action_list.html` may add."""

    text: str
    href: str
    meta: str
    reference: str
    due: str
    tone: str


@dataclass(frozen=True)
class HomeBlock:
    """Lines of one kind under a heading. A block without items shows `empty`, or nothing where that is empty too."""

    section: HomeSection
    heading: str
    items: list[HomeItem] = field(default_factory=list)
    count: str = ""
    more_href: str = ""
    empty: str = ""


HomeBuilder = Callable[[Viewer, datetime], list[HomeBlock]]
BUILDERS: list[HomeBuilder] = []


def register_home_block(builder: HomeBuilder) -> HomeBuilder:
    """Add an app's blocks to the home page; called in `ready()`. The same builder counts once.

    A builder gets the viewer and the instant, and gives the blocks that this viewer should see: none for a
    role that has nothing to do with them. It asks only what the viewer may know, as any other list does.
    """
    if builder not in BUILDERS:
        BUILDERS.append(builder)
    return builder


def registered_blocks(viewer: Viewer, at: datetime) -> list[HomeBlock]:
    """The blocks of every app for one viewer, in the order in which the apps were loaded."""
    return [block for builder in BUILDERS for block in builder(viewer, at)]


# What the app itself shows.

SHOWN = 5
# How many of somebody's files the page looks at; more than that is said to be more.
MINE = 100
SOON = timedelta(days=14)
LATELY = timedelta(days=7)


@dataclass(frozen=True)
class _Asking:
    viewer: Viewer
    matrix: Matrix
    at: datetime

    @property
    def today(self) -> date:
        return timezone.localdate(self.at)

    def sees(self, category: Category, facts: FileFacts) -> Level:
        return category_level(self.viewer, category, facts, self.matrix)

    def name_of(self, child: Child) -> str:
        """A file as a line of work names it: the name where the viewer may see it, else the reference."""
        name = shown_name(child, self.sees(Category.IDENTITY, facts_of(child)))
        age = age_on(child.birth_date, self.today)
        return f"{name}, {age}" if name and age is not None else name or child.reference


def home_blocks(viewer: Viewer, *, matrix: Matrix, at: datetime) -> tuple[list[HomeBlock], list[Child]]:
    """Every block of a viewer's home page in the order of the page, and the files whose names it shows."""
    asking = _Asking(viewer, matrix, at)
    own, shown = _own_blocks(asking)
    blocks = [block for block in [*own, *registered_blocks(viewer, at)] if block.items or block.empty]
    return sorted(blocks, key=lambda block: block.section), shown


def _own_blocks(asking: _Asking) -> tuple[list[HomeBlock], list[Child]]:
    viewer = asking.viewer
    blocks = _alert_blocks(viewer, asking.at)
    if not viewer.may(Capability.READ_FILES):
        return blocks, []
    if viewer.may(Capability.AUDIT):
        looks, shown = _guardian_blocks(asking)
        return blocks + looks, shown
    files = list(my_files(viewer, at=asking.at).order_by("review_due_on", "pk")[: MINE + 1])
    if not files:
        return blocks, []
    files.sort(key=lambda child: _sort_name(asking, child))
    files.sort(key=lambda child: child.review_due_on or date.max)
    new = [] if viewer.may(Capability.APPROVE_LEVEL) else new_to(viewer, files, since=asking.today - LATELY)
    reviews, listed = _review_blocks(asking, files)
    changed = _changed_block(asking, files)
    shown = [*new[:SHOWN], *listed, *files[:SHOWN]]
    return [*blocks, _new_block(asking, new), *reviews, _children_block(asking, files), changed], shown


def _new_block(asking: _Asking, files: list[Child]) -> HomeBlock:
    """Children whose work somebody was given lately: nobody should have to find that out."""
    files = sorted(files, key=lambda child: _sort_name(asking, child))
    items: list[HomeItem] = [
        {**_file_item(asking, child), "due": "New to you", "tone": "watch"} for child in files[:SHOWN]
    ]
    more = f"{reverse('cases:worklist')}?mine=on" if len(files) > SHOWN else ""
    return HomeBlock(HomeSection.WAITING, "New to you in the last 7 days", items, count=_count(files), more_href=more)


def _count(files: list[Child]) -> str:
    """How many: the page looks at so many and no more, and never gives that limit as a figure."""
    return str(len(files)) if len(files) <= MINE else f"more than {MINE}"


def _alert_blocks(viewer: Viewer, at: datetime) -> list[HomeBlock]:
    count = count_open_alerts(viewer, at=at)
    if not count:
        return []
    text = "1 alert that nobody has taken" if count == 1 else f"{count} alerts that nobody has taken"
    item: HomeItem = {"text": text, "href": reverse("cases:alerts"), "due": "Now", "tone": "urgent"}
    return [HomeBlock(HomeSection.LATE, "Alerts", [item])]


def _review_blocks(asking: _Asking, files: list[Child]) -> tuple[list[HomeBlock], list[Child]]:
    """Levels to be reviewed: those that are late, and those of the next fortnight."""
    dated = [
        (child.review_due_on, child)
        for child in files
        if child.review_due_on is not None and asking.sees(Category.LEVEL, facts_of(child)) >= Level.SUMMARY
    ]
    late = [child for due_on, child in dated if due_on < asking.today]
    soon = [child for due_on, child in dated if asking.today <= due_on <= asking.today + SOON]
    blocks = [
        _review_block(HomeSection.LATE, "Reviews that are late", asking, late, "urgent"),
        _review_block(HomeSection.WAITING, "Reviews due in the next 14 days", asking, soon, "watch"),
    ]
    return blocks, [*late[:SHOWN], *soon[:SHOWN]]


def _review_block(section: HomeSection, heading: str, asking: _Asking, files: list[Child], tone: str) -> HomeBlock:
    items: list[HomeItem] = [
        {**_file_item(asking, child), "due": _review_words(child.review_due_on, asking.today), "tone": tone}
        for child in files[:SHOWN]
    ]
    more = f"{reverse('cases:worklist')}?overdue=on&mine=on" if section == HomeSection.LATE else ""
    return HomeBlock(section, heading, items, count=_count(files), more_href=more if len(files) > SHOWN else "")


def _review_words(due_on: date | None, today: date) -> str:
    if due_on is None:
        return ""
    days = (today - due_on).days
    if days > 0:
        return f"Late by {days} {'day' if days == 1 else 'days'}"
    return "Due today" if days == 0 else f"Due {day(due_on)}"


def _file_item(asking: _Asking, child: Child) -> HomeItem:
    lead = getattr(child, "lead_name", "")
    return {
        "text": asking.name_of(child),
        "href": reverse("cases:file", args=[child.reference]),
        "reference": child.reference,
        "meta": f"{lead} leads" if lead else "nobody leads yet",
    }


def _sort_name(asking: _Asking, child: Child) -> tuple[str, str]:
    """What a file is sorted by: the family name where it is shown, else what is shown, so that order tells nothing."""
    full = asking.sees(Category.IDENTITY, facts_of(child)) == Level.FULL
    return (child.sort_key if full else asking.name_of(child).lower(), str(child.pk))


def _children_block(asking: _Asking, files: list[Child]) -> HomeBlock:
    manages = asking.viewer.may(Capability.APPROVE_LEVEL)
    heading = "Children your service works with" if manages else "Children you work with"
    by_name = sorted(files, key=lambda child: _sort_name(asking, child))[:SHOWN]
    more = f"{reverse('cases:worklist')}{'' if manages else '?mine=on'}"
    return HomeBlock(
        HomeSection.WAITING,
        heading,
        [_file_item(asking, child) for child in by_name],
        count=_count(files),
        more_href=more if len(files) > SHOWN else "",
    )


def _changed_block(asking: _Asking, files: list[Child]) -> HomeBlock:
    by_id = {child.pk: child for child in files}
    entries = changes_on(
        by_id, viewer=asking.viewer, matrix=asking.matrix, at=asking.at, since=asking.at - LATELY, limit=MINE
    )
    by_child: dict[UUID, list[ChronologyEntry]] = {}
    for entry in entries:
        by_child.setdefault(entry.child_id, []).append(entry)
    return HomeBlock(
        HomeSection.CHANGED,
        "Written by others in the last 7 days",
        [_change_item(asking, by_id[pk], written) for pk, written in list(by_child.items())[:SHOWN]],
        empty="Nobody else has written about these children in the last 7 days.",
    )


def _change_item(asking: _Asking, child: Child, entries: list[ChronologyEntry]) -> HomeItem:
    """One line for a child, whatever was written: what it is, newest first, and who wrote last."""
    kinds = dict.fromkeys(entry.get_kind_display().lower() for entry in entries)
    return {
        "text": f"{asking.name_of(child)}: {', '.join(kinds)}",
        "href": reverse("cases:chronology", args=[child.reference]),
        "reference": child.reference,
        "meta": f"{entries[0].agency}, {moment(entries[0].recorded_at)}",
    }


def _guardian_blocks(asking: _Asking) -> tuple[list[HomeBlock], list[Child]]:
    """For the guardian: who was refused, and who opened what, lately."""
    since = asking.at - LATELY
    about_them = files_about(asking.viewer)
    refused = refusals_lately(asking.viewer, about_them=about_them, at=asking.at, since=since)
    reads = reads_lately(asking.viewer, about_them=about_them, at=asking.at)
    events = [event for event, _ in [*refused, *reads]]
    people = people_known({event.user_id for event in events})
    agencies = agencies_known({event.agency_id for event in events})
    named = [_look_item(event, child, people, agencies) for event, child in refused]
    blocks = [
        HomeBlock(
            HomeSection.WAITING,
            "Refused in the last 7 days",
            named,
            empty="Nobody was refused anything in the last 7 days.",
        ),
        HomeBlock(
            HomeSection.CHANGED,
            "Files opened lately",
            [_look_item(event, child, people, agencies) for event, child in reads],
            empty="No file has been opened yet.",
        ),
    ]
    return blocks, [child for _, child in [*refused, *reads] if child is not None]


def _look_item(event: AccessEvent, child: Child | None, people: dict[int, str], agencies: dict[Any, str]) -> HomeItem:
    who = people.get(event.user_id or 0, "Somebody who is not signed in")
    item: HomeItem = {
        "text": f"{who}: {page_words(event.action)}",
        "href": reverse("cases:who_looked", args=[child.reference]) if child is not None else "",
        "meta": f"{agencies.get(event.agency_id, 'No agency')}, {moment(event.at)}. {reason_words(event)}",
    }
    if child is not None:
        item["reference"] = child.reference
    return item


def greeting(viewer: Viewer, *, has_blocks: bool) -> str:
    """What the page says first to a role with nothing waiting, and why that is so."""
    if has_blocks:
        return ""
    if viewer.may(Capability.ADMINISTER):
        return "You look after accounts. You see no child here, and no page of yours leads to one."
    if viewer.may(Capability.READ_FILES):
        return (
            "No child's file is waiting for you. Files open to you when you are named on one, or when your agency "
            "works with a child. If you think one should be, ring the notification point."
        )
    if viewer.may(Capability.NOTIFY):
        return "Nothing you sent is waiting for you."
    return "You work with totals, never with names: no child's file is open to you, and none is shown here."


def actions_for(viewer: Viewer) -> list[dict[str, str]]:
    """The buttons at the head of the page, by what the role may do; a page that is not served is left out."""
    wanted = [
        ("Refer a child", "referrals:notify_start", Capability.NOTIFY, ""),
        ("Report a child missing", "missing:report", Capability.REPORT_MISSING, "secondary"),
        ("Emergency access", "cases:emergency_access", Capability.BREAK_GLASS, "secondary"),
        ("Register of emergencies", "cases:emergency_register", Capability.OVERSEE_ACCESS, "secondary"),
        ("Conflicts of interest", "cases:conflicts", Capability.AUDIT, "secondary"),
        ("Triage", "referrals:triage_queue", Capability.TRIAGE, "secondary"),
        ("All files open to you", "cases:worklist", Capability.READ_FILES, "secondary"),
        ("Shared with you", "cases:shared_with_us", Capability.READ_FILES, "secondary"),
        ("Requests for access", "cases:access_requests", Capability.READ_FILES, "secondary"),
    ]
    actions = []
    for text, url_name, capability, style in wanted:
        if not viewer.may(capability):
            continue
        try:
            actions.append({"text": text, "href": reverse(url_name), "style": style})
        except NoReverseMatch:
            continue
    return actions
