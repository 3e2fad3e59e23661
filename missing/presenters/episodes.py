"""Episodes in words: in full, as the summary of times and places, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse

from accounts.rules.dates import clock_time, day, in_london, length, moment
from cases.access.choices import Category
from cases.access.rules import Action, Level
from cases.record.services import OpenFile
from missing import rules
from missing.choices import CATEGORY_OF_FLAG, EpisodeFlag, EpisodeKind, EpisodeState, EpisodeStepKind, Grade
from missing.models import EpisodeStep, MissingEpisode, PoliceGrade, SafeAndWellCheck
from missing.rules import EpisodeDeed
from missing.selectors.episodes import EpisodeHistory

TONE_OF_GRADE = {
    Grade.HIGH: "urgent",
    Grade.MEDIUM: "serious",
    Grade.LOW: "watch",
    Grade.NO_APPARENT_RISK: "plain",
}


def frame(opened: OpenFile, *, here: str = "", page: str = "missing:overview") -> dict[str, Any]:
    """What every page of this app on a child's file needs of it."""
    reference = opened.child.reference
    crumbs = [
        {"text": "Children", "href": reverse("cases:worklist")},
        {"text": reference, "href": reverse("cases:file", args=[reference])},
        {"text": "Missing", "href": reverse("missing:overview", args=[reference]) if here else ""},
    ]
    if here:
        crumbs.append({"text": here, "href": ""})
    return {"opened": opened, "tab": page, "reference": reference, "crumbs": crumbs}


def grade_tag(grade: str) -> dict[str, str]:
    """The police grade as a tag."""
    if not grade:
        return {"text": "Not graded yet", "tone": "watch"}
    return {"text": f"{Grade(grade).label} (police grade)", "tone": TONE_OF_GRADE[Grade(grade)]}


def over_at(episode: MissingEpisode) -> datetime | None:
    """When an episode was over; None while the child is away."""
    return episode.returned_at or episode.closed_at


def away_for(episode: MissingEpisode, at: datetime) -> str:
    """How long the child was or has been away, in hours up to three days, then in days."""
    span = (over_at(episode) or at) - episode.last_seen_at
    hours = int(span.total_seconds() // 3600)
    return f"{hours} hours" if 2 <= hours < 72 else length(span)


def span_words(episode: MissingEpisode, at: datetime) -> str:
    """The span of an episode: from when to when, and how long."""
    end = over_at(episode)
    if end is None:
        return f"Since {moment(episode.last_seen_at)}: {away_for(episode, at)} so far"
    same_day = in_london(end).date() == in_london(episode.last_seen_at).date()
    until = clock_time(end) if same_day else moment(end)
    return f"{moment(episode.last_seen_at)} to {until}: {away_for(episode, at)}"


def episode_rows(opened: OpenFile, episodes: Iterable[MissingEpisode]) -> list[dict[str, Any]]:
    """The episodes of a file, each as far as the viewer sees it; those they may not know of are left out."""
    rows = []
    for episode in episodes:
        level = opened.entry_level(episode)
        if level < Level.SUMMARY:
            continue
        tags = [{"text": "Now", "tone": "urgent"}] if episode.is_open else []
        if level == Level.FULL:
            tags.append(grade_tag(episode.grade))
        rows.append(
            {
                "title": episode.get_kind_display(),
                "href": reverse("missing:episode", args=[opened.child.reference, episode.pk]),
                "when": span_words(episode, opened.at),
                "place": episode.get_place_kind_display(),
                "tags": tags,
                "open": episode.is_open,
            }
        )
    return rows


def counts(opened: OpenFile, episodes: Iterable[MissingEpisode]) -> list[dict[str, str]]:
    """How many episodes started lately, as the thresholds count them: missing, each in calendar days."""
    seen = [row for row in episodes if opened.entry_level(row) >= Level.SUMMARY]
    started = [rules.started_of(row.kind, row.last_seen_at) for row in seen]
    today = in_london(opened.at).date()
    return [
        {
            "key": f"In the last {days} days",
            "value": _times(rules.episodes_counted(started, today=today, days=days), EpisodeKind.MISSING.label),
        }
        for days in rules.WINDOWS
    ]


def _times(number: int, word: str) -> str:
    return f"{word} once" if number == 1 else f"{word} {number} times" if number else "None"


def episode_facts(opened: OpenFile, episode: MissingEpisode) -> list[dict[str, Any]]:
    """What is known of an episode: of a summary its kind, times and kind of place, and no more."""
    rows: list[dict[str, Any]] = [
        {"key": "Kind", "value": episode.get_kind_display()},
        {"key": "Last seen", "value": moment(episode.last_seen_at)},
        {"key": "Back", "value": _end_words(episode)},
        {"key": "Away", "value": away_for(episode, opened.at)},
        {"key": "Missed from", "value": episode.get_place_kind_display()},
    ]
    if opened.entry_level(episode) < Level.FULL:
        return rows
    tag = grade_tag(episode.grade)
    full: list[dict[str, Any]] = [
        {"key": "Police grade", "value": tag["text"], "tone": tag["tone"]},
        {"key": "Noticed", "value": moment(episode.noticed_at)},
        {"key": "Reported", "value": f"{moment(episode.reported_at)}, by {episode.author}, {episode.agency}"},
        {"key": "Police reference", "value": episode.police_reference},
        {"key": "Place", "value": episode.place_detail},
        {"key": "To bear in mind", "value": ", ".join(flags_shown(opened, episode))},
        {"key": "What happened", "value": episode.circumstances, "multiline": True},
        {"key": "May be with", "value": episode.companions, "multiline": True},
    ]
    if episode.returned_at is not None:
        full += [
            {"key": "How they came back", "value": episode.get_return_method_display()},
            {"key": "Found by", "value": episode.found_by},
            {"key": "Found where", "value": episode.found_where},
            {"key": "How they were", "value": episode.condition, "multiline": True},
        ]
    return [*rows, *(row for row in full if row["value"])]


def _end_words(episode: MissingEpisode) -> str:
    if episode.state == EpisodeState.CLOSED:
        return f"Not back. Closed at 18 on {day(episode.closed_at)}"
    return moment(episode.returned_at) or "Not yet"


def flags_shown(opened: OpenFile, episode: MissingEpisode) -> list[str]:
    """The flags of an episode that the viewer may know, each by the category it tells of."""
    own = episode.author_id == opened.viewer.user_id
    return [
        EpisodeFlag(flag).label
        for flag in episode.flags
        if own or flag not in CATEGORY_OF_FLAG or opened.level(CATEGORY_OF_FLAG[flag]) == Level.FULL
    ]


def episode_timeline(opened: OpenFile, episode: MissingEpisode, history: EpisodeHistory) -> list[dict[str, Any]]:
    """What was done in an episode, newest first: for those who see it in full, and of others their own part."""
    rows: list[Any] = [*history.steps, *history.grades, *history.checks]
    entries = [_entry(row) for row in rows if opened.entry_level(row) == Level.FULL]
    entries += [
        {
            "title": "Report received",
            "at": row.recorded_at,
            "by": f"{row.author}, {row.agency}",
            "text": f"Reference {row.reference}.",
        }
        for row in history.reports
        if opened.entry_level(row) == Level.FULL
    ]
    entries.sort(key=lambda entry: entry["at"], reverse=True)
    return [{**entry, "when": moment(entry["at"]), "iso": entry["at"].isoformat()} for entry in entries]


def _entry(row: EpisodeStep | PoliceGrade | SafeAndWellCheck) -> dict[str, Any]:
    by = f"{row.author}, {row.agency}"
    if isinstance(row, PoliceGrade):
        title = f"Police grade: {row.get_grade_display().lower()}"
        return {"title": title, "at": row.graded_at, "by": f"{row.officer}, {row.agency}", "text": row.reason}
    if isinstance(row, SafeAndWellCheck):
        seen = "Seen in person." if row.face_to_face else "Not seen in person."
        text = "\n".join(part for part in (f"{row.get_result_display()}. {seen}", row.note) if part)
        return {"title": f"Police check by {row.done_by}", "at": row.done_at, "by": by, "text": text}
    text = row.note
    if row.kind == EpisodeStepKind.KIND_CHANGED:
        text = f"From {EpisodeKind(row.was).label.lower()} to {EpisodeKind(row.becomes).label.lower()}.\n{row.note}"
    elif row.kind == EpisodeStepKind.CORRECTED:
        text = f"Was {row.was or 'not recorded'}, is now {row.becomes}.\n{row.note}"
    elif row.kind == EpisodeStepKind.REPORTED:
        text = f"As: {EpisodeKind(row.becomes).label.lower()}."
    return {"title": row.get_kind_display(), "at": row.happened_at, "by": by, "text": text}


def episode_actions(opened: OpenFile, episode: MissingEpisode, *, interview: bool) -> list[dict[str, str]]:
    """What this viewer may do with an episode as it stands, the first thing first."""
    report, full = opened.may(Action.REPORT_MISSING), opened.entry_level(episode) == Level.FULL
    grade = opened.may(Action.GRADE_MISSING, category=Category.MISSING)
    of_age = rules.age_on(opened.child.birth_date, in_london(opened.at).date()) or 0
    ended = not episode.is_open
    wanted = [
        ("The child is back", "missing:return", EpisodeDeed.RETURN, report),
        ("Add what you know", "missing:add", EpisodeDeed.ADD_SIGHTING, report),
        ("Give a police grade", "missing:grade", EpisodeDeed.GRADE, grade and (episode.is_open or not episode.grade)),
        ("Change the kind", "missing:kind", EpisodeDeed.CHANGE_KIND, report and episode.kind != EpisodeKind.MISSING),
        ("Record the police check", "missing:check", EpisodeDeed.CHECK, grade),
        (
            "Evidence of risk: offer an interview",
            "missing:decide_interview",
            EpisodeDeed.DECIDE_INTERVIEW,
            report and full and not interview,
        ),
        ("Change the police grade", "missing:grade", EpisodeDeed.GRADE, grade and ended and bool(episode.grade)),
        ("Correct a time", "missing:correct", EpisodeDeed.CORRECT_TIME, report and full),
        ("Close at 18", "missing:close", EpisodeDeed.CLOSE, report and full and of_age >= rules.ADULT_AT),
    ]
    actions = [
        {"text": text, "href": reverse(name, args=[opened.child.reference, episode.pk]), "style": "secondary"}
        for text, name, deed, may in wanted
        if may and rules.can_episode(episode.state, deed)
    ]
    if actions:
        actions[0]["style"] = ""
    return actions
