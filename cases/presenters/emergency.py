"""Emergency access in plain words: the banner, the register, one access and its review."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from accounts.forms import WriteForm
from accounts.models import AccessEvent
from accounts.rules.dates import clock_time, due_in, moment
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.clocks.choices import ClockKind
from cases.clocks.models import Clock
from cases.clocks.selectors import clocks_by_subject
from cases.presenters.home import HomeBlock, HomeItem, HomeSection
from cases.presenters.looking import page_words
from cases.record.services import OpenFile
from cases.sharing.choices import EmergencyVerdict
from cases.sharing.models import EmergencyAccess
from cases.sharing.rules.emergency import is_running, minutes_left
from cases.sharing.selectors.emergency import RegisterFilter, Shown, register_for, running_on

TONES = {
    EmergencyVerdict.JUSTIFIED: "good",
    EmergencyVerdict.NOT_JUSTIFIED: "urgent",
    EmergencyVerdict.AGENCY: "watch",
}
HOME_SHOWN = 5
A_FILE = "A file that is not open to you"


def emergency_banner(opened: OpenFile) -> dict[str, Any] | None:
    """What every page of a file says while the viewer sees it in an emergency; None where they do not."""
    if not opened.facts.emergency:
        return None
    access = running_on(opened.child.pk, viewer=opened.viewer, at=opened.at)
    if access is None:
        return None
    left = minutes_left(access.ends_at, opened.at)
    return {
        "minutes": "1 minute" if left == 1 else f"{left} minutes",
        "until": clock_time(access.ends_at),
        "action": reverse("cases:end_emergency_access", args=[access.pk]),
        "form": end_form(),
    }


def end_form() -> WriteForm:
    """The button that ends an emergency access before its hour is over."""
    return WriteForm(auto_id=False)


def is_open(access: EmergencyAccess, at: datetime) -> bool:
    """Whether an emergency access still opens its file."""
    return is_running(ends_at=access.ends_at, ended_at=access.ended_at, at=at)


def state_of(access: EmergencyAccess, clock: Clock | None, at: datetime) -> dict[str, str]:
    """Where an emergency access stands, as the cell of a table."""
    if access.verdict:
        verdict = EmergencyVerdict(access.verdict)
        return {"text": verdict.label, "tone": TONES[verdict]}
    if is_open(access, at):
        return {"text": f"Open until {clock_time(access.ends_at)}", "tone": "serious"}
    if clock is None:
        return {"text": "Waiting for review", "tone": "watch"}
    late = clock.due_at <= at
    return {"text": f"Review {due_in(clock.due_at, at)}", "tone": "urgent" if late else "watch"}


REGISTER_COLUMNS = [{"text": text} for text in ("When", "Who", "File", "Kind", "Review")]


def register_rows(shown: Iterable[Shown], *, at: datetime) -> list[list[dict[str, Any]]]:
    """The register for `components/table.html`, in the order given."""
    rows = list(shown)
    clocks = clocks_by_subject(ClockKind.EMERGENCY_REVIEWED, [row.access.pk for row in rows])
    return [_register_row(row, clocks.get(row.access.pk), at) for row in rows]


def _register_row(shown: Shown, clock: Clock | None, at: datetime) -> list[dict[str, Any]]:
    access = shown.access
    return [
        {"text": moment(access.opened_at), "href": reverse("cases:emergency_review", args=[access.pk])},
        {"text": str(access.membership.user), "hint": str(access.membership.agency)},
        {"text": shown.child.reference if shown.child else A_FILE},
        {"text": access.get_kind_display()},
        state_of(access, clock, at),
    ]


def facts_of_access(shown: Shown, *, at: datetime) -> list[dict[str, Any]]:
    """One emergency access as a list of facts. The reason may name the child, so it is for those who may know the
    file, and for whoever wrote it.
    """
    access = shown.access
    rows: list[dict[str, Any]] = [
        {"key": "Who", "value": f"{access.membership.user}, {access.membership.agency}"},
        {"key": "Role", "value": access.membership.get_role_display()},
        {"key": "When", "value": f"From {moment(access.opened_at)} until {moment(access.ended_at or access.ends_at)}"},
        {"key": "Kind", "value": access.get_kind_display()},
    ]
    if shown.child is not None:
        href = reverse("cases:file", args=[shown.child.reference])
        rows.insert(0, {"key": "File", "value": shown.child.reference, "href": href, "action": "Open"})
    if shown.child is not None or shown.own:
        rows.append({"key": "Reason", "value": access.reason, "multiline": True})
    if access.ended_at is not None:
        rows.append({"key": "Ended early by", "value": str(access.ended_by)})
    return rows


def verdict_rows(access: EmergencyAccess) -> list[dict[str, Any]]:
    """What the guardian found, for everybody who may read of the access."""
    if not access.verdict:
        return []
    verdict = EmergencyVerdict(access.verdict)
    return [
        {"key": "Found", "value": verdict.label, "tone": TONES[verdict]},
        {"key": "In words", "value": access.verdict_words, "multiline": True},
        {"key": "Reviewed", "value": f"{moment(access.reviewed_at)}, by {access.reviewed_by}"},
    ]


def look_rows(events: Iterable[AccessEvent]) -> list[list[dict[str, str]]]:
    """The pages that were looked at, for `components/table.html`."""
    return [[{"text": moment(event.at)}, {"text": page_words(event.action)}] for event in events]


def home_blocks(viewer: Viewer, at: datetime) -> list[HomeBlock]:
    """For the guardians: what waits to be reviewed."""
    if not viewer.may(Capability.AUDIT):
        return []
    waiting = register_for(viewer, wanted=RegisterFilter(state="waiting"), at=at)
    clocks = clocks_by_subject(ClockKind.EMERGENCY_REVIEWED, [row.access.pk for row in waiting])
    late = [row for row in waiting if _is_late(clocks.get(row.access.pk), at)]
    soon = [row for row in waiting if row not in late]
    return [
        HomeBlock(section, heading, [_home_item(row, clocks, at) for row in rows[:HOME_SHOWN]], count=str(len(rows)))
        for section, heading, rows in (
            (HomeSection.LATE, "Emergency access whose review is late", late),
            (HomeSection.WAITING, "Emergency access to review", soon),
        )
        if rows
    ]


def _is_late(clock: Clock | None, at: datetime) -> bool:
    return clock is not None and clock.due_at <= at


def _home_item(shown: Shown, clocks: dict[UUID, Clock], at: datetime) -> HomeItem:
    access = shown.access
    state = state_of(access, clocks.get(access.pk), at)
    return {
        "text": f"{access.membership.user}: {access.get_kind_display().lower()}",
        "href": reverse("cases:emergency_review", args=[access.pk]),
        "reference": shown.child.reference if shown.child else "",
        "meta": f"{access.membership.agency}, {moment(access.opened_at)}",
        "due": state["text"],
        "tone": state["tone"],
    }
