"""The lists of who is missing now and of interviews that wait: finished text, of each row only what may be seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from accounts.rules.dates import day, in_london, moment
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import Level, Matrix, category_level, entry_level
from cases.access.selectors import facts_of
from cases.clocks.models import Clock
from cases.presenters.beside import beside
from cases.presenters.frame import shown_name
from cases.record.models import Child
from cases.record.rules import age_on
from cases.record.selectors.matching import Candidate
from missing.models import MissingEpisode, ReturnInterview
from missing.presenters.episodes import away_for, grade_tag
from missing.presenters.interviews import hours_words, is_late
from missing.selectors.episodes import SHOWN_AT_MOST
from missing.selectors.matching import ReportedChild


def episode_columns(*, grades: bool) -> list[dict[str, str]]:
    """The headings of `now_rows`: no grade for a role that sees none."""
    names = ["Child", "What", "Police grade", "Since", "Away"] if grades else ["Child", "What", "Since", "Away"]
    return [{"text": name} for name in names]


AT_MOST = SHOWN_AT_MOST
INTERVIEW_COLUMNS = [{"text": name} for name in ("Child", "Where it stands", "Interviewer", "Back", "Time left")]


def now_rows(
    episodes: Iterable[MissingEpisode], *, viewer: Viewer, matrix: Matrix, at: datetime, grades: bool
) -> list[list[dict[str, Any]]]:
    """Who is away now, a row each for `components/table.html`."""
    rows = []
    for episode in episodes:
        address = reverse("missing:episode", args=[episode.child.reference, episode.pk])
        row = [_who(episode, episode.child, address, viewer=viewer, matrix=matrix, at=at)]
        row.append({"text": episode.get_kind_display(), "hint": f"From: {episode.get_place_kind_display().lower()}"})
        if grades:
            row.append(grade_tag(episode.grade) if _full(episode, viewer, matrix) else {"text": "Withheld"})
        row += [{"text": moment(episode.last_seen_at)}, {"text": away_for(episode, at)}]
        rows.append(row)
    return rows


def _full(episode: Any, viewer: Viewer, matrix: Matrix) -> bool:
    level = category_level(viewer, Category.MISSING, facts_of(episode), matrix)
    own, colleagues = episode.author_id == viewer.user_id, episode.agency_id == viewer.agency_id
    return entry_level(level, own=own, own_agency=colleagues) == Level.FULL


def interview_rows(
    interviews: Iterable[ReturnInterview],
    *,
    viewer: Viewer,
    matrix: Matrix,
    clocks: Mapping[UUID, Clock],
    at: datetime,
) -> list[list[dict[str, Any]]]:
    """Interviews that wait, a row each; the caller sees interviews in full."""
    rows = []
    for interview in interviews:
        address = reverse("missing:interview", args=[interview.child.reference, interview.pk])
        words, tone = hours_words(interview, clocks.get(interview.pk), at)
        given = interview.allocated
        rows.append(
            [
                _who(interview, interview.child, address, viewer=viewer, matrix=matrix, at=at),
                {"text": interview.get_state_display()},
                {"text": str(given.user), "hint": str(given.agency)}
                if given
                else {"text": "Nobody yet", "tone": "watch"},
                {"text": moment(interview.returned_at)},
                {"text": words, "tone": tone},
            ]
        )
    return rows


def away_words(episodes: list[MissingEpisode], *, grades: bool) -> str:
    """How many children are away, in a sentence; more than a page shows are not counted."""
    if not episodes:
        return ""
    number = f"{AT_MOST}+" if len(episodes) > AT_MOST else str(len(episodes))
    order = "the gravest and longest first; not graded yet comes after High" if grades else "the longest first"
    return "1 child is away" if number == "1" else f"{number} children are away, {order}"


def reported_beside(reported: ReportedChild, files: list[Candidate], *, viewer: Viewer, at: datetime) -> dict[str, Any]:
    """Who is reported, beside the files that may be theirs, as far as the reporter sees each."""
    age = age_on(reported.birth_date, in_london(at).date())
    said = {
        "Name": f"{reported.given_name} {reported.family_name}".strip(),
        "Also called": "",
        "Date of birth": f"{day(reported.birth_date)} (age {age})" if reported.birth_date else "",
        "School": "",
        "Address": "",
        "Missing now": "",
    }
    return beside(said, files, viewer=viewer, at=at, title="Your report")


def late_words(interviews: Iterable[ReturnInterview], clocks: Mapping[UUID, Clock], at: datetime) -> str:
    """How many of these interviews are late, in a sentence; empty where none waits."""
    rows = list(interviews)
    late = sum(1 for row in rows if is_late(row, clocks.get(row.pk), at))
    if not rows:
        return ""
    waiting = "1 interview waits" if len(rows) == 1 else f"{len(rows)} interviews wait"
    return f"{waiting}, {late} late." if late else f"{waiting}, none late."


def _who(row: Any, child: Child, address: str, *, viewer: Viewer, matrix: Matrix, at: datetime) -> dict[str, Any]:
    identity = category_level(viewer, Category.IDENTITY, facts_of(row), matrix)
    parts = [child.reference]
    age = age_on(child.birth_date, in_london(at).date()) if identity >= Level.SUMMARY else None
    if age is not None:
        parts.insert(0, f"aged {age}")
    return {"text": shown_name(child, identity) or "Name withheld", "href": address, "hint": ", ".join(parts)}
