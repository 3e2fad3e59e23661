"""The home page: each role's own work. Upper apps add their blocks to it in `ready()`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import TypedDict

from accounts.rules.viewers import Viewer


class HomeSection(IntEnum):
    """The parts of the home page, in the order of the page."""

    LATE = 1
    WAITING = 2
    CHANGED = 3


class HomeItem(TypedDict, total=False):
    """One line of work: `text` and `href`, and what `components/action_list.html` may show beside them."""

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
