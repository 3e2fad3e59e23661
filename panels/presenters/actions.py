"""One action: what is to be done, by whom and when, and its life so far."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from accounts.rules.dates import day, moment
from cases.access.choices import Category
from cases.access.rules import Level
from cases.record.services import OpenFile
from panels.choices import ActionStatus
from panels.models import Action
from panels.presenters.parts import action_line
from panels.rules.decisions import keeps_panel
from panels.rules.seeing import sees_action
from panels.selectors.actions import steps_of


def sees(opened: OpenFile, action: Action) -> bool:
    """Whether the reader may read an action on a file that they have opened."""
    viewer = opened.viewer
    return sees_action(
        opened.level(Category.MINUTES),
        owner=viewer.membership_id == action.owner_membership_id or viewer.user_id == action.author_id,
        own_agency=viewer.agency_id == action.owner_agency_id,
    )


def action_page(opened: OpenFile, action: Action) -> dict[str, Any]:
    """The page of an action."""
    line = action_line(opened, action)
    viewer = opened.viewer
    waits = action.status == ActionStatus.DONE and action.verified_at is None
    mine = viewer.membership_id == action.owner_membership_id
    rows = [
        {"key": "Who", "value": line["owner"]},
        {"key": "By", "value": day(action.due_on)},
        {"key": "Priority", "value": action.get_priority_display()},
        {"key": "From", "value": f"the meeting of {day(action.item.meeting.starts_at)}"},
    ]
    if action.verified_by is not None:
        rows.append({"key": "Verified", "value": f"{action.verified_by.user}, {moment(action.verified_at)}"})
    verify = waits and keeps_panel(viewer) and not mine
    return {
        "action": line,
        "rows": rows,
        "steps": [
            {
                "title": "Verified" if step.verifies else ActionStatus(step.status).label,
                "when": moment(step.taken_at),
                "iso": step.taken_at.isoformat(),
                "by": f"{step.taken_by.user}, {step.taken_by.agency.name}",
                "text": step.note,
            }
            for step in steps_of(action)
        ],
        "waits": waits,
        "verify_href": reverse("panels:verify", args=[opened.child.reference, action.pk]) if verify else "",
        "file_open": opened.level(Category.IDENTITY) >= Level.SUMMARY,
    }
