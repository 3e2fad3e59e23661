"""A report by somebody without the file in hand: joined to a known child, or opening a file, and never told which."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from accounts.rules.dates import moment
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import Level, category_level
from cases.access.selectors import facts_of, matrix_in_force
from cases.access.services import lock_files, record_activity
from cases.record.choices import IdentifierKind, Sex
from cases.record.models import Child
from cases.record.selectors.matching import Candidate
from cases.record.services import Identity, add_identifier, open_child_file, provenance
from missing import rules
from missing.choices import EpisodeStepKind
from missing.models import MissingEpisode, MissingReport
from missing.selectors.episodes import ended_overlapping, open_episode_of
from missing.selectors.matching import ReportedChild, exact_file, knows_child, likely_for
from missing.services.episodes import EpisodeDetails, add_sighting, lock_episode, start_episode, write_step
from missing.services.opening import end_after, open_while_missing
from missing.services.questions import ask_of_files
from missing.services.returns import ReturnDetails, record_return

# The lock under which reports are matched to files; any number that no other lock of the product has.
MATCHING = 7_042_120
WHICH = "Look at these files, and select whether one is the child’s."
TOLD_BEFORE = "{reference} is reported already, since {since}. Open that file and add what you know there."


class MayBeKnown(rules.MissingRefused):
    """The child may be that of a file the reporter may know of: they say which, or that it is another child."""

    code = "may_be_known"

    def __init__(self, files: list[Candidate]) -> None:
        super().__init__(WHICH, field="same_as")
        self.files = files


@transaction.atomic
def report_missing_child(
    *,
    reported: ReportedChild,
    details: EpisodeDetails,
    at: datetime,
    by: Viewer,
    adding: bool = False,
    same_as: UUID | None = None,
    not_theirs: Collection[UUID] = (),
) -> MissingReport:
    """Report a child missing by who they are. Returns the report, whose reference is all that the reporter is told.

    An exact identity joins to the child's file; otherwise a file is opened. Before that the reporter says of every
    file that may be the child's, and that they may know of, whether it is: `same_as` that one, `not_theirs` those of
    other children. Files they may not know of are put to the data guardians. A report about a child who is away
    already is added to that episode. The reporter's agency can see identity, contact and missing episodes until 28
    days after the return; a file for named people only is not opened to it. Raises MayBeKnown, AlreadyMissing where
    the reporter knows whose file it is and may know the open episode (neither while `adding`), MissingRefused for times
    that cannot be.
    """
    rules.check_times(details.times, at=at)
    _one_at_a_time()
    exact = exact_file(reported, at=at)
    found = likely_for(reported, viewer=by, at=at, asks=not adding)
    known = exact if exact is not None and not adding and knows_child(by, exact, at=at) else None
    if known is None and not adding:
        known = _answered(found.shown, same_as=same_as, not_theirs=not_theirs)
    child = known or exact
    if child is None:
        child = _new_file(reported, at=at, by=by)
    lock_files([child.pk])
    episode = _episode_for(child, details, at=at)
    if episode is None:
        fitted = _after_earlier(child, details)
        episode = start_episode(child=child, details=fitted, at=at, by=by, reporter_group_id=by.agency_group_id)
    else:
        if known is not None:
            _say_where_known(child, episode, at=at, by=by)
        _add_to(episode, details, at=at, by=by)
    said = _said(reported, details) | {"not_theirs": [str(pk) for pk in not_theirs]}
    report = MissingReport.objects.create(
        child=child, episode=episode, said=said, recorded_at=at, **provenance(by, Category.MISSING)
    )
    if child != exact:
        ask_of_files(report=report, hidden=found.hidden, at=at)
    return report


def _answered(shown: list[Candidate], *, same_as: UUID | None, not_theirs: Collection[UUID]) -> Child | None:
    """The file that the reporter says is the child's; None where each of them is another's. Else MayBeKnown.

    It is asked whether or not an exact file is there that the reporter may not know of: a question left out would tell.
    """
    for candidate in shown:
        if candidate.child.pk == same_as:
            return candidate.child
    if same_as is not None or any(one.child.pk not in not_theirs for one in shown):
        raise MayBeKnown(shown)
    return None


@transaction.atomic
def return_reported_child(*, report: MissingReport, details: ReturnDetails, at: datetime, by: Viewer) -> MissingReport:
    """Record that a child is back, by somebody who has their own report in hand and not the file.

    Closes the episode of the report. Where it is over already, or began for others later than this return, what is
    said is kept as a further report: to refuse it would tell what others wrote. Raises MissingRefused for times that
    do not fit the report itself, and for such an episode where the reporter may see it anyway.
    """
    said = {name: datetime.fromisoformat(str(report.said[name])) for name in ("last_seen_at", "reported_at")}
    rules.check_times(rules.Times(**said, returned_at=details.returned_at), at=at)
    episode = lock_episode(report.episode)
    if episode.is_open and (details.returned_at > episode.last_seen_at or _knows_of(episode, at=at, by=by)):
        # A system is asked nothing; where it says that the child was back before the report, both times stay on record.
        record_return(episode=episode, details=details, at=at, by=by, before_report=True)
        return report
    told = (f"Also reported back: {details.method.label.lower()}", details.found_by, details.found_where)
    note = "\n\n".join(text for text in (", ".join(filter(None, told)), details.condition) if text)
    write_step(episode, EpisodeStepKind.SIGHTING, happened_at=details.returned_at, note=note, at=at, by=by)
    record_activity(child_id=episode.child_id, category=Category.MISSING, at=at)
    return report


def _one_at_a_time() -> None:
    """Until the transaction is over no other report is matched: of two about a child without a file, one opens it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MATCHING])


def _add_to(episode: MissingEpisode, details: EpisodeDetails, *, at: datetime, by: Viewer) -> None:
    """Add a report to an episode that was there before it, and open to the reporter what a new one would have."""
    open_while_missing(episode, at=at, by=by, reporter_group_id=by.agency_group_id)
    over_at = episode.returned_at or episode.closed_at
    if over_at is not None:
        end_after(episode, over_at=over_at, at=at, by=by)
        return
    note = "\n\n".join(text for text in (details.circumstances, details.companions, details.place_detail) if text)
    add_sighting(episode=episode, seen_at=details.last_seen_at, note=note, at=at, by=by)


def _new_file(reported: ReportedChild, *, at: datetime, by: Viewer) -> Child:
    child = open_child_file(
        identity=Identity(
            given_name=reported.given_name,
            family_name=reported.family_name,
            birth_date=reported.birth_date,
            sex=Sex(reported.sex),
        ),
        at=at,
        by=by,
    )
    for kind, value in reported.numbers:
        add_identifier(child=child, kind=IdentifierKind(kind), value=value, at=at, by=by)
    return child


def _episode_for(child: Child, details: EpisodeDetails, *, at: datetime) -> MissingEpisode | None:
    """The episode that a report is about, where there is one: the open one, or one that ended after the report."""
    running = open_episode_of(child.pk)
    if running is not None:
        return running
    earlier = ended_overlapping(child.pk, start=details.last_seen_at)
    over_at = earlier and (earlier.returned_at or earlier.closed_at)
    return earlier if over_at and over_at >= details.reported_at else None


def _after_earlier(child: Child, details: EpisodeDetails) -> EpisodeDetails:
    """The details with a start no earlier than the end of the episode before: to refuse it would tell of that one.

    What was typed stays with the report.
    """
    earlier = ended_overlapping(child.pk, start=details.last_seen_at)
    start = earlier and (earlier.returned_at or earlier.closed_at)
    if not start:
        return details
    noticed = details.noticed_at if details.noticed_at and details.noticed_at >= start else None
    return replace(details, last_seen_at=start, noticed_at=noticed)


def _say_where_known(child: Child, episode: MissingEpisode, *, at: datetime, by: Viewer) -> None:
    """Refuse a second report by somebody who sees the open episode on a file they may open; else say nothing."""
    if episode.is_open and _knows_of(episode, at=at, by=by):
        since = moment(episode.last_seen_at)
        raise rules.AlreadyMissing(TOLD_BEFORE.format(reference=child.reference, since=since), child_id=child.pk)


def _knows_of(episode: MissingEpisode, *, at: datetime, by: Viewer) -> bool:
    """Whether somebody sees the episodes of a file that they may open."""
    seen = Child.objects.visible_to(by, at=at).filter(pk=episode.child_id).first()
    if seen is None:
        return False
    matrix = matrix_in_force(on=rules.in_london(at).date())
    return category_level(by, Category.MISSING, facts_of(seen), matrix) >= Level.SUMMARY


def _said(reported: ReportedChild, details: EpisodeDetails) -> dict[str, object]:
    """What was typed, as plain values."""
    said = {**asdict(reported), **asdict(details)}
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else list(value) if isinstance(value, tuple) else value
        for name, value in said.items()
    }
