"""What a panel puts on the home page: what a member prepares and owes, what the office has to chase."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.presenters.home import HomeBlock, HomeItem, HomeSection
from cases.record.services import files_open
from panels.choices import ItemState, MeetingState
from panels.models import Meeting
from panels.presenters.meetings import action_lines, title_of, to_prepare
from panels.rules.decisions import keeps_panel
from panels.rules.states import RUNNING
from panels.selectors.actions import actions_to_chase, my_actions
from panels.selectors.agenda import agencies_that_updated, items_known
from panels.selectors.meetings import coming_meetings

SHOWN = 5


def home_blocks(viewer: Viewer, at: datetime) -> list[HomeBlock]:
    """The blocks of one viewer: nothing for a role that opens no files."""
    if not viewer.may(Capability.READ_FILES) or viewer.membership_id is None:
        return []
    blocks = _own_actions(viewer, at)
    meetings = coming_meetings(viewer, limit=2) if viewer.function_group_ids or keeps_panel(viewer) else []
    if meetings:
        office = keeps_panel(viewer)
        blocks += _office_blocks(viewer, meetings, at) if office else _member_blocks(viewer, meetings[0], at)
    return blocks


def _own_actions(viewer: Viewer, at: datetime) -> list[HomeBlock]:
    """The viewer's own actions, the late ones apart."""
    actions = my_actions(viewer, at=at)
    if not actions:
        return []
    today = timezone.localdate(at)
    files = files_open([action.child_id for action in actions], viewer, at=at)
    late = [action for action in actions if action.due_on < today]
    due = [action for action in actions if action.due_on >= today]
    return [
        _block(
            HomeSection.LATE, "Your actions from the panel that are late", action_lines(late, files, at=at, named=False)
        ),
        _block(HomeSection.WAITING, "Your actions from the panel", action_lines(due, files, at=at, named=False)),
    ]


def _block(section: HomeSection, heading: str, items: list[Any], more: str = "") -> HomeBlock:
    more = more or reverse("panels:meetings")
    count = str(len(items)) if items else ""
    return HomeBlock(section, heading, items[:SHOWN], count, more if len(items) > SHOWN else "")


def _member_blocks(viewer: Viewer, meeting: Meeting, at: datetime) -> list[HomeBlock]:
    """Children to whom the member's agency has said nothing yet, before the next meeting."""
    if meeting.state not in (MeetingState.PUBLISHED, MeetingState.OPEN):
        return []
    known = items_known(meeting, viewer, at=at)
    lines = to_prepare(
        meeting, known, agencies_that_updated([item for item, _ in known]), viewer, accepted=False, named=False
    )
    heading = f"To prepare for the {title_of(meeting)}"
    coming: HomeItem = {
        "text": title_of(meeting),
        "href": reverse("panels:meeting", args=[meeting.pk]),
        "meta": f"{len(lines)} to prepare" if lines else _nothing_left(viewer),
        "due": meeting.get_state_display(),
        "tone": "watch" if meeting.state == MeetingState.OPEN else "plain",
    }
    return [
        HomeBlock(HomeSection.WAITING, "Panel meeting", [coming]),
        _block(HomeSection.WAITING, heading, lines, reverse("panels:meeting", args=[meeting.pk])),
    ]


def _nothing_left(viewer: Viewer) -> str:
    return "Nothing left to prepare" if viewer.may(Capability.WRITE_FILES) else ""


def _office_blocks(viewer: Viewer, meetings: list[Meeting], at: datetime) -> list[HomeBlock]:
    """The next meeting with what nobody has prepared, and the actions to chase or verify."""
    items: list[HomeItem] = []
    for meeting in meetings:
        known = items_known(meeting, viewer, at=at)
        answered = agencies_that_updated([item for item, _ in known])
        silent = sum(item.state == ItemState.LISTED and not answered.get(item.pk) for item, _ in known)
        count = len(known)
        meta = f"{count} {'child' if count == 1 else 'children'} on the agenda"
        if meeting.state != MeetingState.PLANNED:
            meta += f", {silent} without an update from any agency"
        items.append(
            {
                "text": title_of(meeting),
                "href": reverse("panels:meeting", args=[meeting.pk]),
                "meta": meta,
                "due": meeting.get_state_display(),
                "tone": "watch" if meeting.state == MeetingState.OPEN else "plain",
            }
        )
    chased = actions_to_chase(viewer, at=at, today=timezone.localdate(at))
    files = files_open([action.child_id for action in chased], viewer, at=at)
    late = [action for action in chased if action.status in RUNNING]
    done = [action for action in chased if action.status not in RUNNING]
    return [
        HomeBlock(HomeSection.WAITING, "Panel meetings", items),
        _block(HomeSection.LATE, "Actions from the panel that are late", action_lines(late, files, at=at, named=False)),
        _block(HomeSection.WAITING, "Actions to verify", action_lines(done, files, at=at, named=False)),
    ]
