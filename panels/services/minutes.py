"""Handing out minutes: which children's parts one reader gets at this instant, each written down as a read."""

from __future__ import annotations

from datetime import datetime

from accounts.choices import AccessOutcome
from accounts.rules.refusals import NotKnown, Refusal
from accounts.rules.viewers import Viewer
from accounts.services.access_events import Trace, record_access
from cases.access.choices import Category
from cases.access.rules import Level
from cases.record.services import OpenFile
from panels.choices import MeetingState
from panels.models import AgendaItem, Meeting
from panels.rules.decisions import keeps_panel
from panels.selectors.agenda import items_known, with_content

PAGE = "panels:minutes"


def open_minutes(
    *, meeting: Meeting, viewer: Viewer, at: datetime, trace: Trace | None = None
) -> list[tuple[AgendaItem, OpenFile]]:
    """The parts of a closed meeting's minutes that a reader may have now; one access event for each child shown.

    A part is there where the reader may know of the file and that minutes exist. What the reader sees of it is the
    presenter's question. Refused before the meeting has closed, and where no part is left, but to who keeps the panel.
    """
    _check_closed(meeting)
    known = having_minutes(items_known(meeting, viewer, at=at))
    if not known and not keeps_panel(viewer):
        raise Refusal("No part of these minutes is open to you. What the panel decided is on the child's file.")
    whole = with_content([item for item, _ in known])
    for _, opened in known:
        _note(opened, trace)
    return [(whole[item.pk], opened) for item, opened in known]


def having_minutes(known: list[tuple[AgendaItem, OpenFile]]) -> list[tuple[AgendaItem, OpenFile]]:
    """Those of a meeting's items of which a reader may know that there are minutes."""
    return [(item, opened) for item, opened in known if opened.level(Category.MINUTES) >= Level.EXISTENCE]


def open_child_minutes(*, item: AgendaItem, opened: OpenFile) -> AgendaItem:
    """One child's part alone, on a file that has been opened (and the read written down).

    Refused before the meeting has closed. To whom the matrix shows nothing of minutes there is no such item: raises
    NotKnown, as for one that never was.
    """
    if opened.level(Category.MINUTES) < Level.SUMMARY:
        raise NotKnown("category_withheld", child_id=opened.child.pk)
    _check_closed(item.meeting)
    return with_content([item])[item.pk]


def _check_closed(meeting: Meeting) -> None:
    if meeting.state != MeetingState.CLOSED:
        raise Refusal("The minutes are there once the meeting has closed.")


def _note(opened: OpenFile, trace: Trace | None) -> None:
    record_access(
        viewer=opened.viewer,
        action=PAGE,
        outcome=AccessOutcome.ALLOWED,
        reason_code="granted",
        child_id=opened.child.pk,
        categories=[name for name, level in opened.levels.items() if level >= Level.SUMMARY],
        trace=trace,
    )
