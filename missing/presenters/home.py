"""What of missing children stands on somebody's home page: by reference, never by name."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone

from accounts.rules.dates import length, moment
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.access.rules import Matrix
from cases.access.selectors import matrix_in_force
from cases.clocks.choices import ClockKind
from cases.clocks.selectors import clocks_by_subject
from cases.presenters.home import HomeBlock, HomeItem, HomeSection
from cases.record.selectors import my_files
from missing.models import ReturnInterview
from missing.presenters.episodes import away_for
from missing.presenters.interviews import hours_words
from missing.selectors.episodes import open_among, ungraded_episodes
from missing.selectors.interviews import to_write_up, waiting_interviews

SHOWN = 5
COUNTED = 50


def home_blocks(viewer: Viewer, at: datetime) -> list[HomeBlock]:
    """My children who are missing, my interviews, what waits for a grade, and what is late or has no interviewer."""
    if not viewer.may(Capability.READ_FILES) or viewer.may(Capability.AUDIT):
        return []
    matrix = matrix_in_force(on=timezone.localdate(at))
    blocks = _my_children(viewer, matrix, at)
    if viewer.may(Capability.INTERVIEW):
        blocks += _my_interviews(viewer, matrix, at)
    if viewer.may(Capability.ALLOCATE_INTERVIEWS):
        blocks += _to_allocate(viewer, matrix, at)
    if viewer.may(Capability.GRADE_MISSING):
        blocks += _to_grade(viewer, matrix, at)
    return blocks


def _block(section: HomeSection, heading: str, items: list[HomeItem]) -> HomeBlock:
    more = reverse("missing:now") if len(items) > SHOWN else ""
    return HomeBlock(section, heading, items[:SHOWN], str(len(items)) if items else "", more)


def _my_children(viewer: Viewer, matrix: Matrix, at: datetime) -> list[HomeBlock]:
    episodes = open_among(my_files(viewer, at=at), viewer, at=at, matrix=matrix, limit=COUNTED)
    items: list[HomeItem] = [
        {
            "text": f"{row.get_kind_display()}: {row.child.reference}",
            "href": reverse("missing:episode", args=[row.child.reference, row.pk]),
            "meta": f"since {moment(row.last_seen_at)}",
            "due": f"Away {away_for(row, at)}",
            "tone": "urgent",
        }
        for row in episodes
    ]
    manages = viewer.may(Capability.APPROVE_LEVEL)
    heading = "Away now, of those your service works with" if manages else "Away now, of those you work with"
    return [_block(HomeSection.LATE, heading, items)]


def _my_interviews(viewer: Viewer, matrix: Matrix, at: datetime) -> list[HomeBlock]:
    waiting = waiting_interviews(viewer, at=at, matrix=matrix, mine=True, limit=COUNTED)
    written = to_write_up(viewer, at=at, matrix=matrix, limit=COUNTED)
    clocks = clocks_by_subject(ClockKind.INTERVIEW_HELD, [row.pk for row in waiting])
    items = []
    for row in waiting:
        words, tone = hours_words(row, clocks.get(row.pk), at)
        items.append(_item(row, f"Return interview for {row.child.reference}", words, tone))
    writing = [
        _item(row, f"Write up the interview for {row.child.reference}", f"Held {length(at - row.held_at)} ago", "watch")
        for row in written
        if row.held_at is not None
    ]
    return [
        _block(HomeSection.WAITING, "Your return interviews", items),
        _block(HomeSection.WAITING, "Interviews to write up", writing),
    ]


def _to_allocate(viewer: Viewer, matrix: Matrix, at: datetime) -> list[HomeBlock]:
    """Late by the clock, whoever has them; and those that nobody has yet."""
    late = waiting_interviews(viewer, at=at, matrix=matrix, late=True, limit=COUNTED)
    free = waiting_interviews(viewer, at=at, matrix=matrix, unallocated=True, limit=COUNTED)
    clocks = clocks_by_subject(ClockKind.INTERVIEW_HELD, {row.pk for row in [*late, *free]})
    known = {row.pk for row in late}
    items = [
        _item(row, f"Return interview for {row.child.reference}", *hours_words(row, clocks.get(row.pk), at))
        for row in late
    ]
    unallocated = [
        _item(row, f"Name an interviewer for {row.child.reference}", *hours_words(row, clocks.get(row.pk), at))
        for row in free
        if row.pk not in known
    ]
    return [
        _block(HomeSection.LATE, "Return interviews that are late", items),
        _block(HomeSection.WAITING, "Return interviews without an interviewer", unallocated),
    ]


def _to_grade(viewer: Viewer, matrix: Matrix, at: datetime) -> list[HomeBlock]:
    rows = ungraded_episodes(viewer, at=at, matrix=matrix, limit=COUNTED)
    items: list[HomeItem] = [
        {
            "text": f"Grade {row.child.reference}: {row.get_kind_display().lower()}",
            "href": reverse("missing:grade", args=[row.child.reference, row.pk]),
            "meta": f"reported {moment(row.reported_at)}",
            "due": f"Waiting {length(at - row.reported_at)}",
            "tone": "urgent" if at - row.reported_at > timedelta(hours=1) else "watch",
        }
        for row in rows
    ]
    return [_block(HomeSection.WAITING, "Missing episodes to grade", items)]


def _item(row: ReturnInterview, text: str, due: str, tone: str) -> HomeItem:
    given = f"{row.allocated.user}, {row.allocated.agency}" if row.allocated else "nobody yet"
    return {
        "text": text,
        "href": reverse("missing:interview", args=[row.child.reference, row.pk]),
        "meta": f"{row.get_state_display().lower()}; interviewer: {given}",
        "due": due,
        "tone": tone,
    }
