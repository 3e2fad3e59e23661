"""Rules of missing episodes and return interviews: what may follow what, which times fit, who reads a briefing.

Pure: choices and instants in, a state, a number or a refusal out. Each aggregate has one table of transitions; the
diagrams in the documentation are drawn from the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from accounts.rules.dates import in_london, moment
from accounts.rules.refusals import Refusal
from cases.access.rules import Level
from cases.record.rules import age_on
from cases.record.rules.matching import Band
from missing.choices import (
    EpisodeKind,
    EpisodeState,
    Grade,
    InterviewState,
    InterviewStepKind,
    NotNeededReason,
    Outcome,
)

REPORTER_SEES_FOR = timedelta(days=28)
TAKEN_UP_WITHIN = timedelta(days=28)
WINDOWS = (30, 90)
ADULT_AT = 18
SHORTEST_REASON = 10
# Least grave first. What nobody has graded yet may be anything: it stands next to the gravest until somebody has.
UNGRADED = ""
GRAVITY = (Grade.NO_APPARENT_RISK, Grade.LOW, Grade.MEDIUM, UNGRADED, Grade.HIGH)
GRADE_RANK: Mapping[str, int] = {str(grade): rank for rank, grade in enumerate(GRAVITY, 1)}


class MissingRefused(Refusal):
    """Something about an episode or an interview cannot be done like this; `field` is the control it is about."""

    code = "missing_refused"


class AlreadyMissing(MissingRefused):
    """The child is reported already, and the person may know it: they add what they know to that episode."""

    code = "already_missing"


class EpisodeDeed(StrEnum):
    """What can be done with an episode."""

    ADD_SIGHTING = "add what is known"
    GRADE = "grade"
    CHANGE_KIND = "change kind"
    CORRECT_TIME = "correct a time"
    RETURN = "record the return"
    CLOSE = "close at 18"
    CHECK = "record the police check"
    DECIDE_INTERVIEW = "decide on an interview"


OPEN, BACK, CLOSED = EpisodeState.OPEN, EpisodeState.RETURNED, EpisodeState.CLOSED
EPISODE_TRANSITIONS: Mapping[tuple[str, EpisodeDeed], EpisodeState] = {
    (OPEN, EpisodeDeed.ADD_SIGHTING): OPEN,
    (OPEN, EpisodeDeed.GRADE): OPEN,
    (OPEN, EpisodeDeed.CHANGE_KIND): OPEN,
    (OPEN, EpisodeDeed.CORRECT_TIME): OPEN,
    (OPEN, EpisodeDeed.RETURN): BACK,
    (OPEN, EpisodeDeed.CLOSE): CLOSED,
    (BACK, EpisodeDeed.CORRECT_TIME): BACK,
    (BACK, EpisodeDeed.GRADE): BACK,
    (BACK, EpisodeDeed.CHECK): BACK,
    (BACK, EpisodeDeed.DECIDE_INTERVIEW): BACK,
    # Police may have had no time to grade while the child was away; an episode does not stay ungraded for ever.
    (CLOSED, EpisodeDeed.GRADE): CLOSED,
}

_S, _D = InterviewState, InterviewStepKind
INTERVIEW_TRANSITIONS: Mapping[tuple[str, InterviewStepKind], InterviewState] = {
    (_S.TO_OFFER, _D.OFFERED): _S.OFFERED,
    (_S.TO_OFFER, _D.ATTEMPT): _S.TO_OFFER,
    (_S.TO_OFFER, _D.ALLOCATED): _S.TO_OFFER,
    (_S.TO_OFFER, _D.NOT_NEEDED): _S.NOT_NEEDED,
    (_S.OFFERED, _D.OFFERED): _S.OFFERED,
    (_S.OFFERED, _D.ACCEPTED): _S.ACCEPTED,
    (_S.OFFERED, _D.DECLINED): _S.DECLINED,
    (_S.OFFERED, _D.ATTEMPT): _S.OFFERED,
    (_S.OFFERED, _D.ALLOCATED): _S.OFFERED,
    (_S.OFFERED, _D.NOT_ENGAGED): _S.NOT_ENGAGED,
    (_S.OFFERED, _D.NOT_NEEDED): _S.NOT_NEEDED,
    (_S.OFFERED, _D.HELD): _S.HELD,
    (_S.ACCEPTED, _D.OFFERED): _S.ACCEPTED,
    (_S.ACCEPTED, _D.ATTEMPT): _S.ACCEPTED,
    (_S.ACCEPTED, _D.ALLOCATED): _S.ACCEPTED,
    (_S.ACCEPTED, _D.DECLINED): _S.DECLINED,
    (_S.ACCEPTED, _D.NOT_ENGAGED): _S.NOT_ENGAGED,
    (_S.ACCEPTED, _D.NOT_NEEDED): _S.NOT_NEEDED,
    (_S.ACCEPTED, _D.HELD): _S.HELD,
    (_S.DECLINED, _D.OFFERED): _S.OFFERED,
    (_S.DECLINED, _D.CARER_SPOKE): _S.DECLINED,
    (_S.NOT_ENGAGED, _D.OFFERED): _S.OFFERED,
    (_S.NOT_ENGAGED, _D.CARER_SPOKE): _S.NOT_ENGAGED,
    (_S.HELD, _D.WRITTEN_UP): _S.WRITTEN_UP,
}
# While an interview stands here the 72 hours run. A child who declines or is not reached stops them; another offer
# starts them again from the same return, for they are never paused.
CLOCK_RUNS = (InterviewState.TO_OFFER, InterviewState.OFFERED, InterviewState.ACCEPTED)
# While an interview stands here something is owed that nobody but its team may do.
OWED = (*CLOCK_RUNS, InterviewState.HELD)
# After these the child may be asked again, and parents or carers may say what they know.
MAY_BE_TAKEN_UP = (InterviewState.DECLINED, InterviewState.NOT_ENGAGED)
# What is heard may be written down from the day it is held; of a carer, after the child has declined.
MAY_WRITE = (InterviewState.HELD, InterviewState.WRITTEN_UP)

_WHY_NOT = {
    BACK: "The child is back. This was for while they were missing.",
    CLOSED: "This episode is closed.",
    OPEN: "The child is not back yet. Record the return first.",
}


def episode_after(state: str, deed: EpisodeDeed) -> EpisodeState:
    """The state of an episode after a deed. Raises MissingRefused where the deed does not fit the state."""
    found = EPISODE_TRANSITIONS.get((state, deed))
    if found is None:
        raise MissingRefused(_WHY_NOT[EpisodeState(state)])
    return found


def can_episode(state: str, deed: EpisodeDeed) -> bool:
    """Whether a deed fits the state of an episode."""
    return (state, deed) in EPISODE_TRANSITIONS


def interview_after(state: str, step: InterviewStepKind) -> InterviewState:
    """The state of an interview after a step. Raises MissingRefused where the step does not fit the state."""
    found = INTERVIEW_TRANSITIONS.get((state, step))
    if found is None:
        now = InterviewState(state).label.lower()
        raise MissingRefused(f"This interview stands at “{now}”, so “{step.label.lower()}” cannot be recorded now.")
    return found


def can_interview(state: str, step: InterviewStepKind) -> bool:
    """Whether a step fits the state of an interview."""
    return (state, step) in INTERVIEW_TRANSITIONS


def outcome_of(state: str, *, carer_spoke: bool = False, covered: bool = False) -> str:
    """The code under which an interview in this state is counted; empty while it is still to be held."""
    if covered:
        return Outcome.COMBINED
    return {
        InterviewState.DECLINED: Outcome.DECLINED_CARER if carer_spoke else Outcome.DECLINED,
        InterviewState.NOT_ENGAGED: Outcome.NOT_ENGAGED,
        InterviewState.NOT_NEEDED: Outcome.NOT_OFFERED,
        InterviewState.HELD: Outcome.ACCEPTED,
        InterviewState.WRITTEN_UP: Outcome.ACCEPTED,
    }.get(InterviewState(state), "")


def return_starts_interview(kind: str) -> bool:
    """Whether a return by itself starts the 72-hour clock: from missing. From an absence only a decision does.

    Source: statutory guidance on children who run away or go missing (2014); the local protocol for absences.
    """
    return kind == EpisodeKind.MISSING


@dataclass(frozen=True)
class Times:
    """The times of an episode, as they would stand."""

    last_seen_at: datetime
    reported_at: datetime
    noticed_at: datetime | None = None
    returned_at: datetime | None = None


def check_times(times: Times, *, at: datetime) -> None:
    """Refuse times that cannot be: in the future, or before the child was last seen (domain report C4)."""
    named = (
        ("last_seen_at", "When the child was last seen", times.last_seen_at),
        ("noticed_at", "When somebody noticed", times.noticed_at),
        ("reported_at", "When it was reported", times.reported_at),
        ("returned_at", "When the child was back", times.returned_at),
    )
    for field, words, value in named:
        if value is None:
            continue
        if value > at:
            raise MissingRefused(f"{words} cannot be in the future.", field=field)
        if value < times.last_seen_at:
            raise MissingRefused(
                f"{words} cannot be before the child was last seen, {moment(times.last_seen_at)}.", field=field
            )
    if times.returned_at is not None and times.returned_at == times.last_seen_at:
        raise MissingRefused("The return must be after the child was last seen.", field="returned_at")


def puts_question(band: str, *, away: bool) -> bool:
    """Whether a file that who reports may not know of is put to the data guardians.

    A likely one is, as for a notification; and of a child who is away now a possible one too, because a second report
    of one absence often comes without the birth date.
    """
    return band in (Band.LIKELY, Band.VERY_LIKELY) or (away and band == Band.POSSIBLE)


def check_back_before_report(times: Times, *, meant: bool) -> None:
    """Refuse a return before the report to police, unless whoever records it says that it is meant."""
    if times.returned_at is not None and times.returned_at < times.reported_at and not meant:
        raise MissingRefused(
            f"This is before it was reported to police, {moment(times.reported_at)}. Correct the time, or tick that "
            "the child was back before the report.",
            field="before_report",
        )


def check_held_after_offer(held_at: datetime, *, offered_at: datetime | None) -> None:
    """Refuse an interview held before the child was first offered it: one of the two times is wrong."""
    if offered_at is not None and held_at < offered_at:
        raise MissingRefused(
            f"It was offered on {moment(offered_at)}, and cannot have been held before that. Correct this time; or "
            "record another offer with its true time, and then that it was held.",
            field="held_at",
        )


def check_agreed_time(agreed_for: datetime | None, *, offered_at: datetime) -> None:
    """Refuse a time agreed with the child that lies before the offer."""
    if agreed_for is not None and agreed_for < offered_at:
        raise MissingRefused("The agreed time cannot be before the offer.", field="agreed_for")


def check_kind_change(was: str, becomes: str) -> None:
    """Refuse a change of kind to itself, and from missing to something lighter while the child is away."""
    if was == becomes:
        raise MissingRefused("The episode is of that kind already.", field="kind")
    if was == EpisodeKind.MISSING:
        raise MissingRefused(
            "A child who was reported missing stays missing until they are back. Police can grade the risk lower.",
            field="kind",
        )


def check_reason(reason: str, *, field: str = "reason") -> None:
    """Refuse a decision without its reason."""
    if len(reason.strip()) < SHORTEST_REASON:
        raise MissingRefused("Say why in a sentence.", field=field)


def check_briefing(text: str, *, nothing: bool) -> None:
    """Refuse to name an interviewer without a safety briefing, or the word of whoever names them that they know of
    nothing to warn of; and both at once.
    """
    if nothing and text.strip():
        raise MissingRefused(
            "You have written a briefing. Keep it and take the tick away, or take the words out.", field="nothing"
        )
    if not nothing and not text.strip():
        raise MissingRefused(
            "Write the safety briefing, or tick that you know of nothing to warn of.", field="briefing"
        )


def check_of_age(birth_date: date | None, *, on: date) -> None:
    """Refuse to close an episode before the 18th birthday: until then it stays open (looked-after return)."""
    age = age_on(birth_date, on)
    if age is None or age < ADULT_AT:
        raise MissingRefused("An episode stays open until the child is back, or turns 18.")


def check_not_needed(reason: str, note: str) -> None:
    """Refuse not to offer an interview without one of the reasons, and "another" without its words."""
    if not reason:
        raise MissingRefused("Choose why no interview is offered.", field="reason")
    if reason == NotNeededReason.OTHER and len(note.strip()) < SHORTEST_REASON:
        raise MissingRefused("Say what the other reason is.", field="note")


def check_independent(independent: bool) -> None:
    """Refuse an interview by somebody who cares for the child: that is not the independent one."""
    if not independent:
        raise MissingRefused(
            "Confirm that the interviewer takes no part in the child's care. If not, another person must hold it.",
            field="independent",
        )


@dataclass(frozen=True)
class Started:
    """An episode as thresholds count it: its kind, and the London day on which it started."""

    kind: str
    on: date


def episodes_counted(started: Iterable[Started], *, today: date, days: int, away_counts: bool = False) -> int:
    """How many episodes started in the last `days` calendar days, today included.

    Missing counts; away from placement where the partnership says so; an absence without apparent risk never does.
    Source: domain report C5.
    """
    first = today - timedelta(days=days - 1)
    kinds = {EpisodeKind.MISSING, EpisodeKind.AWAY} if away_counts else {EpisodeKind.MISSING}
    return sum(1 for one in started if one.kind in kinds and first <= one.on <= today)


def started_of(kind: str, last_seen_at: datetime) -> Started:
    """An episode for `episodes_counted`."""
    return Started(kind, in_london(last_seen_at).date())


def may_read_briefing(*, allocated: bool, author: bool, persons_of_concern: Level, intelligence: Level) -> bool:
    """Whether somebody reads an interviewer's safety briefing.

    The interviewer it is for does, whatever their role sees elsewhere, and so does its author. Of others only who
    sees persons of concern and police intelligence in full: the briefing draws on both. Own entries are not enough.
    """
    return allocated or author or (persons_of_concern == Level.FULL and intelligence == Level.FULL)


def drawn(title: str, rows: Iterable[tuple[str, str, str]]) -> str:
    """A table of transitions as a Mermaid diagram: from, deed, to. What changes no state stands with its state."""
    lines = [f"### {title}", "", "```mermaid", "stateDiagram-v2"]
    loops: dict[str, list[str]] = {}
    for start, deed, end in rows:
        if start == end:
            loops.setdefault(start, []).append(deed)
        else:
            lines.append(f"    {start} --> {end}: {deed}")
    lines += [f"    note right of {state}: {', '.join(deeds)}" for state, deeds in loops.items()]
    return "\n".join([*lines, "```", ""])


def diagrams() -> str:
    """Both state machines, as the documentation shows them."""
    episodes = ((start, deed.value, end.value) for (start, deed), end in EPISODE_TRANSITIONS.items())
    interviews = ((start, step.label.lower(), end.value) for (start, step), end in INTERVIEW_TRANSITIONS.items())
    return "\n".join([drawn("An episode", episodes), drawn("A return interview", interviews)])
