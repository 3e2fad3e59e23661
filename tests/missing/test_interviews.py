"""The chain of a return interview, and what it says, by category.

Seen to fail: a late interview held without a reason; the clock of a declined interview left running; an interviewer
named without a briefing; a written one taken away by the word of somebody else that there is nothing to warn of.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.choices import FunctionKey
from accounts.models import FunctionMember
from accounts.rules.refusals import Stale
from accounts.selectors import viewer_of
from cases.access.choices import Category, GrantReason
from cases.access.models import AccessGrant
from cases.access.rules import Action, FileFacts
from cases.access.selectors import facts_of, matrix_in_force
from cases.clocks.choices import ClockKind, ClockState
from cases.clocks.models import Clock
from cases.clocks.selectors import clock_of, count_open_alerts, open_alerts, running_clocks
from cases.clocks.services import AlertNotYours, acknowledge_alert, sweep
from cases.record.models import Child, ChronologyEntry
from cases.record.rules import RecordRefused
from cases.sharing.choices import ConflictRelation
from cases.sharing.services.conflicts import Said, declare_on_file, place_conflict
from missing import services
from missing.choices import (
    AttemptMethod,
    EpisodeKind,
    InterviewState,
    InterviewStepKind,
    NotNeededReason,
    Outcome,
    ReturnMethod,
    Venue,
)
from missing.models import InterviewFinding, InterviewStep, MissingEpisode, ReturnInterview, SafetyBriefing
from missing.rules import MissingRefused
from missing.selectors.interviews import latest_briefing, steps_of, waiting_interviews
from missing.services import Finding, Holding, ReturnDetails
from tests.factories.accounts import make_membership
from tests.factories.cases import block, grant, make_child
from tests.factories.missing import HOUR, make_episode, make_finding, make_interview, make_returned
from tests.factories.shares import opened_by
from tests.factories.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def child(world: World) -> Child:
    made = make_child()
    for agency in ("social_care", "specialist"):
        grant(made, world.agency(agency))
    return made


def came_back(child: Child, world: World, at: datetime, *, hours: int = 2, **fields: Any) -> ReturnInterview:
    """The interview after a return so many hours ago."""
    start = fields.pop("last_seen_at", at - (hours + 4) * HOUR)
    episode = make_episode(child, world.viewer("socialworker"), last_seen_at=start)
    said = ReturnDetails(returned_at=at - hours * HOUR, method=ReturnMethod.ALONE)
    services.record_return(episode=episode, details=said, at=at, by=world.viewer("socialworker"))
    return ReturnInterview.objects.get(episode=episode)


@pytest.fixture
def interview(child: Child, world: World, at: datetime) -> ReturnInterview:
    return came_back(child, world, at)


class Chain:
    """The steps of the chain as the interviewer records them now."""

    def __init__(self, world: World, at: datetime) -> None:
        self.world, self.at = world, at
        self.said = {"at": at, "by": world.viewer("interviewer")}

    def offer(self, interview: ReturnInterview) -> ReturnInterview:
        return services.offer_interview(interview=interview, offered_at=self.at, note="", **self.said)  # type: ignore[arg-type]

    def answer(self, interview: ReturnInterview, accepted: bool) -> ReturnInterview:
        return services.answer_interview(
            interview=interview,
            accepted=accepted,
            answered_at=self.at,
            note="",
            **self.said,  # type: ignore[arg-type]
        )

    def attempt(self, interview: ReturnInterview) -> ReturnInterview:
        return services.record_attempt(
            interview=interview,
            method=AttemptMethod.VISIT,
            attempted_at=self.at,
            reason="Nobody opened the door.",
            **self.said,  # type: ignore[arg-type]
        )

    def hold(self, interview: ReturnInterview, **fields: Any) -> ReturnInterview:
        covers = fields.pop("covers", ())
        holding = Holding(
            **{
                "held_at": self.at,
                "held_by": self.world.membership("interviewer"),
                "venue": Venue.SCHOOL,
                "present": "",
                "independent": True,
                **fields,
            }
        )
        return services.hold_interview(interview=interview, holding=holding, covers=covers, **self.said)  # type: ignore[arg-type]


@pytest.fixture
def chain(world: World, at: datetime) -> Chain:
    return Chain(world, at)


def clock(interview: ReturnInterview) -> Clock:
    found = clock_of(ClockKind.INTERVIEW_HELD, interview.pk)
    assert found is not None
    return found


def steps(interview: ReturnInterview) -> list[str]:
    rows = InterviewStep.objects.filter(interview=interview).order_by("recorded_at", "happened_at", "kind")
    return sorted(rows.values_list("kind", flat=True))


def test_an_interview_is_offered_accepted_held_and_written_up(interview: ReturnInterview, chain: Chain) -> None:
    chain.answer(chain.offer(interview), accepted=True)
    held = chain.hold(interview)
    assert (held.state, held.outcome, held.held_at) == (InterviewState.HELD, Outcome.ACCEPTED, chain.at)
    assert (clock(held).state, clock(held).done_at) == (ClockState.DONE, chain.at)
    said = [Finding(Category.INTERVIEW, "We talked for an hour.", "Ring her, not her mother.")]
    services.write_up_interview(interview=held, findings=said, finished=True, at=chain.at, by=chain.said["by"])  # type: ignore[arg-type]
    held.refresh_from_db()
    assert held.state == InterviewState.WRITTEN_UP
    assert steps(held) == ["accepted", "held", "offered", "written_up"]
    entry = ChronologyEntry.objects.get(kind="interview")
    assert (entry.category, "Ivo Pemberton" in entry.summary) == ("interview", True)
    assert "talked for an hour" not in entry.summary + entry.detail


def test_an_interview_that_nobody_offered_cannot_be_held(interview: ReturnInterview, chain: Chain) -> None:
    with pytest.raises(MissingRefused):
        chain.hold(interview)


def test_a_child_who_declines_stops_the_clock_and_the_carer_may_speak(interview: ReturnInterview, chain: Chain) -> None:
    declined = chain.answer(chain.offer(interview), accepted=False)
    assert (declined.state, declined.outcome) == (InterviewState.DECLINED, Outcome.DECLINED)
    assert clock(declined).state == ClockState.CANCELLED
    entry = ChronologyEntry.objects.get(kind="interview")
    assert (entry.summary, entry.detail) == ("No return interview was held.", "The child declined.")
    spoke = services.record_carers_view(
        interview=declined,
        words="He was with his cousin all night.",
        spoken_at=chain.at,
        **chain.said,  # type: ignore[arg-type]
    )
    assert (spoke.state, spoke.outcome) == (InterviewState.DECLINED, Outcome.DECLINED_CARER)
    finding = InterviewFinding.objects.get()
    assert (finding.source, finding.category, finding.third_party) == ("parent", "interview", True)


def test_another_offer_counts_from_the_same_return(interview: ReturnInterview, chain: Chain) -> None:
    again = chain.offer(chain.answer(chain.offer(interview), accepted=False))
    assert (again.state, again.outcome) == (InterviewState.OFFERED, "")
    running = Clock.objects.get(subject_id=interview.pk, state=ClockState.RUNNING)
    assert running.anchored_at == interview.returned_at
    assert running.due_at == interview.returned_at + 72 * HOUR


def test_a_child_who_is_not_reached_ends_it_only_after_an_attempt(interview: ReturnInterview, chain: Chain) -> None:
    chain.offer(interview)
    why = "Three visits and a letter."
    with pytest.raises(MissingRefused):
        services.end_not_engaged(interview=interview, note=why, **chain.said)  # type: ignore[arg-type]
    chain.attempt(interview)
    ended = services.end_not_engaged(interview=interview, note=why, **chain.said)  # type: ignore[arg-type]
    assert ended.outcome == Outcome.NOT_ENGAGED
    assert clock(ended).state == ClockState.CANCELLED


@pytest.mark.parametrize("reason", list(NotNeededReason))
def test_not_offering_one_takes_a_reason_and_stops_the_clock(
    interview: ReturnInterview, chain: Chain, reason: NotNeededReason
) -> None:
    with pytest.raises(MissingRefused):
        services.end_not_needed(interview=interview, reason="", note="", **chain.said)  # type: ignore[arg-type]
    note = "The family has left the country." if reason == NotNeededReason.OTHER else ""
    ended = services.end_not_needed(interview=interview, reason=reason, note=note, **chain.said)  # type: ignore[arg-type]
    assert (ended.outcome, ended.not_needed_reason) == (Outcome.NOT_OFFERED, reason)
    assert clock(ended).state == ClockState.CANCELLED


def test_somebody_who_cares_for_the_child_cannot_hold_it(interview: ReturnInterview, chain: Chain) -> None:
    chain.offer(interview)
    with pytest.raises(MissingRefused) as refused:
        chain.hold(interview, independent=False)
    assert refused.value.field == "independent"


@pytest.mark.parametrize(
    ("late", "reason", "held"), [(0, "", True), (1, "", False), (1, "The school was closed.", True)]
)
def test_held_after_72_hours_takes_a_reason_and_to_the_second_none(
    child: Child, world: World, at: datetime, late: int, reason: str, held: bool
) -> None:
    interview = came_back(child, world, at, hours=72)
    after = Chain(world, at + timedelta(seconds=late))
    after.offer(interview)
    if not held:
        with pytest.raises(MissingRefused) as refused:
            after.hold(interview, breach_reason=reason)
        assert refused.value.field == "breach_reason"
        assert clock(interview).state == ClockState.RUNNING
        return
    done = after.hold(interview, breach_reason=reason)
    assert (done.breach_reason, clock(done).breach_reason) == (reason, reason)


def test_what_is_late_is_what_the_clock_says(child: Child, world: World, at: datetime) -> None:
    """Where a partnership has agreed on fewer hours, the reason is asked for at its field."""
    interview = came_back(child, world, at, hours=30)
    Clock.objects.filter(subject_id=interview.pk).update(due_at=at - timedelta(hours=6))
    chain = Chain(world, at)
    chain.offer(interview)
    with pytest.raises(MissingRefused) as refused:
        chain.hold(interview)
    assert refused.value.field == "breach_reason"
    assert chain.hold(interview, breach_reason="The school was closed.").breach_reason == "The school was closed."


def test_one_conversation_covers_two_episodes_and_each_keeps_its_own(child: Child, world: World, at: datetime) -> None:
    first = came_back(child, world, at, hours=80)
    second = came_back(child, world, at, hours=3)
    chain = Chain(world, at)
    chain.offer(second)
    with pytest.raises(MissingRefused) as refused:  # late for the first of the two
        chain.hold(second, covers=[first.pk])
    assert refused.value.field == "breach_reason"
    held = chain.hold(second, covers=[first.pk], breach_reason="She was missing again before it could be held.")
    first.refresh_from_db()
    assert (held.outcome, first.outcome) == (Outcome.ACCEPTED, Outcome.COMBINED)
    assert (first.covered_by, first.held_at) == (held, held.held_at)
    assert (bool(held.breach_reason), bool(first.breach_reason)) == (False, True)
    assert {clock(one).state for one in (held, first)} == {ClockState.DONE}
    services.write_up_interview(
        interview=held,
        findings=[Finding(Category.MISSING, "She goes when her father drinks.")],
        finished=True,
        **chain.said,  # type: ignore[arg-type]
    )
    first.refresh_from_db()
    assert first.state == InterviewState.WRITTEN_UP


def test_another_childs_interview_is_not_covered(interview: ReturnInterview, world: World, chain: Chain) -> None:
    other = came_back(make_child("Alex"), world, chain.at)
    chain.offer(interview)
    with pytest.raises(MissingRefused):
        chain.hold(interview, covers=[other.pk])


def test_a_stale_page_writes_nothing(interview: ReturnInterview, world: World, chain: Chain, at: datetime) -> None:
    chain.offer(interview)
    with pytest.raises(Stale):
        services.offer_interview(
            interview=interview, offered_at=at, note="", version=1, at=at, by=world.viewer("keyworker")
        )


# Who holds it.


def allocate(interview: ReturnInterview, world: World, at: datetime, to: str = "interviewer", **fields: Any) -> Any:
    said = {"membership": world.membership(to), "briefing": "Meet at school. Two men wait at the station.", **fields}
    return services.allocate_interviewer(interview=interview, at=at, by=world.viewer("manager"), **said)  # type: ignore[arg-type]


def test_the_interviewer_owns_the_clock_and_sees_the_file_until_the_work_is_done(
    world: World, chain: Chain, at: datetime
) -> None:
    child = make_child()
    grant(child, world.membership("manager"))
    interview = came_back(child, world, at)
    interviewer = world.viewer("interviewer")
    assert not Child.objects.visible_to(interviewer, at=at).filter(pk=child.pk).exists()
    allocate(interview, world, at)
    assert Child.objects.visible_to(interviewer, at=at).filter(pk=child.pk).exists()
    assert [one.subject_id for one in running_clocks(interviewer, at=at)] == [interview.pk]
    chain.offer(interview)
    chain.hold(interview)
    assert Child.objects.visible_to(interviewer, at=at).filter(pk=child.pk).exists()
    services.write_up_interview(
        interview=interview,
        findings=[Finding(Category.INTERVIEW, "We talked.")],
        finished=True,
        **chain.said,  # type: ignore[arg-type]
    )
    assert not Child.objects.visible_to(interviewer, at=at).filter(pk=child.pk).exists()


def test_another_interviewer_takes_the_place_of_the_first(
    interview: ReturnInterview, world: World, at: datetime
) -> None:
    allocate(interview, world, at)
    moved = allocate(interview, world, at, to="keyworker", briefing="", nothing_to_warn=True)
    people = AccessGrant.objects.live(at).filter(reason=GrantReason.ALLOCATION, source_id=interview.pk)
    assert {row.membership for row in people} == {world.membership("keyworker")}
    assert moved.allocated == world.membership("keyworker")


def test_nobody_is_named_without_a_briefing_or_the_word_of_somebody_that_there_is_nothing(
    interview: ReturnInterview, world: World, at: datetime
) -> None:
    for said in ({"briefing": "  "}, {"briefing": "Meet at school.", "nothing_to_warn": True}):
        with pytest.raises(MissingRefused), transaction.atomic():
            allocate(interview, world, at, **said)
    interview.refresh_from_db()
    assert (interview.allocated, SafetyBriefing.objects.count()) == (None, 0)
    allocate(interview, world, at, briefing="", nothing_to_warn=True)
    row = latest_briefing(interview)
    assert row is not None
    assert (row.text, row.author, row.agency) == ("", world.user("manager"), world.agency("specialist"))


def test_what_was_written_stays_until_it_is_written_anew(
    interview: ReturnInterview, world: World, at: datetime
) -> None:
    """Whoever names the next one may not see the briefing of before, and their word does not take it away."""
    minute = timedelta(minutes=1)
    allocate(interview, world, at, briefing="Two men wait at the station.")
    allocate(interview, world, at + minute, to="keyworker", briefing="", nothing_to_warn=True)
    assert getattr(latest_briefing(interview), "text", None) == "Two men wait at the station."
    allocate(interview, world, at + 2 * minute, briefing="They have been arrested.")
    assert getattr(latest_briefing(interview), "text", None) == "They have been arrested."
    assert SafetyBriefing.objects.count() == 3


def test_nobody_without_that_job_is_named(interview: ReturnInterview, world: World, at: datetime) -> None:
    with pytest.raises(MissingRefused) as refused:
        allocate(interview, world, at, to="nurse")
    assert refused.value.field == "membership"


def test_nobody_whom_a_conflict_keeps_away_is_named_and_the_words_are_the_same(
    child: Child, interview: ReturnInterview, world: World, at: datetime
) -> None:
    block(child, world.viewer("interviewer"), by=world.viewer("guardian"))
    said = []
    for person in ("nurse", "interviewer"):
        with pytest.raises(MissingRefused) as refused, transaction.atomic():
            allocate(interview, world, at, to=person)
        said.append((str(refused.value), refused.value.field))
    assert said[0] == said[1]
    assert not AccessGrant.objects.filter(source_id=interview.pk).exists()


# What the team sees, and until when.

DAY = timedelta(days=1)
Step = Callable[[Chain, ReturnInterview], Any]


def declines(chain: Chain, interview: ReturnInterview) -> None:
    chain.offer(interview)
    chain.answer(interview, accepted=False)


def not_reached(chain: Chain, interview: ReturnInterview) -> None:
    chain.attempt(interview)
    chain.offer(interview)
    services.end_not_engaged(interview=interview, note="Nobody opened the door.", **chain.said)  # type: ignore[arg-type]


def not_needed(chain: Chain, interview: ReturnInterview) -> None:
    reason = NotNeededReason.MOVED
    services.end_not_needed(interview=interview, reason=reason, note="", **chain.said)  # type: ignore[arg-type]


def held(chain: Chain, interview: ReturnInterview) -> None:
    chain.offer(interview)
    chain.hold(interview)


def written(chain: Chain, interview: ReturnInterview, *, finished: bool = True) -> None:
    held(chain, interview)
    found = [Finding(Category.INTERVIEW, "We talked.")]
    services.write_up_interview(interview=interview, findings=found, finished=finished, **chain.said)  # type: ignore[arg-type]


def asked_again(chain: Chain, interview: ReturnInterview) -> None:
    declines(chain, interview)
    chain.offer(interview)


def team_reads_until(child: Child, at: datetime) -> set[datetime | None]:
    """The ends of what the interview team has of a file; None where it has no end."""
    rows = AccessGrant.objects.live(at).filter(child=child, group__function__key=FunctionKey.INTERVIEW_TEAM)
    return set(rows.values_list("valid_until", flat=True))


@pytest.mark.parametrize(
    ("step", "days"),
    [
        (lambda chain, interview: None, None),
        (lambda chain, interview: chain.offer(interview), None),
        (held, None),
        (partial(written, finished=False), None),
        (asked_again, None),
        (declines, 28),
        (not_reached, 28),
        (written, 0),
        (not_needed, 0),
    ],
    ids=["to_offer", "offered", "held", "begun", "asked_again", "declined", "not_reached", "written_up", "not_needed"],
)
def test_the_interview_team_reads_the_file_for_as_long_as_something_is_owed(
    child: Child, interview: ReturnInterview, chain: Chain, at: datetime, step: Step, days: int | None
) -> None:
    assert team_reads_until(child, at) == {None}
    step(chain, interview)
    after = at + timedelta(microseconds=1)
    ends = team_reads_until(child, after)
    assert (None in ends, ends - {None} == {at + 28 * DAY}) == (days is None, days == 28 or step is asked_again)
    assert team_reads_until(child, at + 28 * DAY) == ({None} if days is None else set())


def test_who_is_of_the_team_alone_finds_no_file_once_the_last_interview_is_written_up(
    world: World, chain: Chain, at: datetime
) -> None:
    child = make_child()
    grant(child, world.agency("social_care"))
    far = make_membership(agency=world.agency("far_charity"), role="return_interviewer")
    FunctionMember.objects.create(membership=far, function=world.functions[FunctionKey.INTERVIEW_TEAM])
    first = came_back(child, world, at, hours=40)
    second = came_back(child, world, at)

    def seen(when: datetime) -> bool:
        return Child.objects.visible_to(viewer_of(far), at=when).filter(pk=child.pk).exists()

    written(chain, first)
    assert seen(at + 700 * DAY)
    written(chain, second)
    assert not seen(at)


def test_the_team_lets_go_where_no_interview_follows_and_keeps_a_child_who_is_away_again(
    child: Child, world: World, chain: Chain, at: datetime
) -> None:
    by = world.viewer("socialworker")
    details = services.EpisodeDetails(EpisodeKind.ABSENT, last_seen_at=at - 9 * HOUR, reported_at=at - 8 * HOUR)
    episode = services.report_episode(child=child, details=details, at=at - 8 * HOUR, by=by)
    assert team_reads_until(child, at) == {None}
    back = ReturnDetails(returned_at=at - 7 * HOUR, method=ReturnMethod.ALONE)
    services.record_return(episode=episode, details=back, at=at - 7 * HOUR, by=by)
    assert team_reads_until(child, at) == set()
    services.decide_interview(episode=episode, reason="She was seen with adults.", at=at - 6 * HOUR, by=by)
    assert team_reads_until(child, at) == {None}
    details = services.EpisodeDetails(EpisodeKind.MISSING, last_seen_at=at - 5 * HOUR, reported_at=at - 4 * HOUR)
    services.report_episode(child=child, details=details, at=at - 4 * HOUR, by=by)
    not_needed(chain, ReturnInterview.objects.get(episode=episode))
    assert team_reads_until(child, at + 700 * DAY) == {None}


def test_the_team_lets_go_of_an_episode_that_is_closed_at_18(world: World, at: datetime) -> None:
    grown = make_child(birth_date=at.date() - timedelta(days=19 * 366))
    by = world.viewer("socialworker")
    details = services.EpisodeDetails(EpisodeKind.MISSING, last_seen_at=at - 5 * HOUR, reported_at=at - 4 * HOUR)
    episode = services.report_episode(child=grown, details=details, at=at, by=by)
    assert team_reads_until(grown, at + DAY) == {None}
    services.close_at_18(episode=episode, reason="She is of age and abroad.", at=at, by=by)
    assert team_reads_until(grown, at) == set()


def test_after_a_decline_the_team_still_writes_down_what_a_parent_says(
    child: Child, interview: ReturnInterview, world: World, chain: Chain, at: datetime
) -> None:
    """And their access is no longer to the whole file for good, with which they could let others in."""
    far = make_membership(agency=world.agency("far_charity"), role="return_interviewer")
    FunctionMember.objects.create(membership=far, function=world.functions[FunctionKey.INTERVIEW_TEAM])

    def facts() -> FileFacts:
        return facts_of(Child.objects.visible_to(viewer_of(far), at=at + HOUR).get(pk=child.pk))

    assert facts().whole
    declines(chain, interview)
    assert not facts().whole
    opened = opened_by(viewer_of(far), child, at + HOUR)
    assert opened.may(Action.RECORD_INTERVIEW, category=Category.INTERVIEW)
    services.record_carers_view(
        interview=interview, words="She is afraid of them.", spoken_at=at, at=at + HOUR, by=viewer_of(far)
    )
    assert team_reads_until(child, at + 27 * DAY) == {at + 28 * DAY}


def test_on_a_restricted_file_the_interviewer_is_named_by_who_is_named(
    world: World, child: Child, interview: ReturnInterview, at: datetime
) -> None:
    Child.objects.filter(pk=child.pk).update(restricted=True)
    with pytest.raises(RecordRefused), transaction.atomic():
        allocate(interview, world, at)
    grant(child, world.membership("manager"), reason=GrantReason.NAMED)
    allocate(interview, world, at)
    assert Child.objects.visible_to(world.viewer("interviewer"), at=at).filter(pk=child.pk).exists()


@pytest.mark.parametrize("state", ["to_offer", "held", "declined"])
@pytest.mark.parametrize("way", ["declared", "placed", "on a file merged into it"])
def test_whom_a_conflict_of_interest_keeps_away_is_not_the_interviewer_any_more(
    world: World, child: Child, interview: ReturnInterview, at: datetime, way: str, state: str
) -> None:
    """Seen to fail: the name stood on the interview, which nobody was asked to take, and the access by name ran on; the
    72 hours given to a successor, who holds no interviews.
    """
    Child.objects.filter(pk=child.pk).update(restricted=True)
    grant(child, world.membership("manager"), reason=GrantReason.NAMED)
    allocate(interview, world, at)
    if state != "to_offer":
        held = (
            {"held_at": at, "held_by": world.membership("interviewer"), "independent": True} if state == "held" else {}
        )
        ReturnInterview.objects.filter(pk=interview.pk).update(state=state, **held)
    before, said = ReturnInterview.objects.get(pk=interview.pk), Said(ConflictRelation.FAMILY, "He is my nephew.")
    if way == "placed":
        place_conflict(
            child=child, member=world.membership("interviewer"), said=said, at=at, by=world.viewer("guardian"),
            successor=world.membership("manager"),
        )  # fmt: skip
    else:
        on = child if way == "declared" else make_child("Rob", merged_into=child)
        declare_on_file(child=on, said=said, at=at, by=world.viewer("interviewer"))
    after = ReturnInterview.objects.get(pk=interview.pk)
    running = AccessGrant.objects.live(at + HOUR).filter(membership=world.membership("interviewer"), child=child)
    if state == "declined":
        assert (after.allocated, after.version) == (world.membership("interviewer"), before.version)
        return
    assert (after.allocated, after.state, after.version) == (None, state, before.version + 1)
    assert list(running) == []
    team = world.functions[FunctionKey.INTERVIEW_TEAM].group
    assert (clock(interview).owner_membership, clock(interview).owner_group) == (None, team)
    assert not InterviewStep.objects.filter(note__icontains="conflict").exists()


# The sweep.


def test_the_sweep_starts_what_a_bulk_load_left_out_and_stops_what_no_longer_waits(
    child: Child, world: World, at: datetime
) -> None:
    by = world.viewer("socialworker")
    waits = make_interview(make_returned(child, by), by, clock=False)
    over = make_interview(make_returned(make_child("Alex"), by), by, state="declined", outcome="declined")
    sweep(at)
    found = {row.subject_id: row for row in Clock.objects.filter(kind=ClockKind.INTERVIEW_HELD)}
    assert set(found) == {waits.pk}
    assert found[waits.pk].due_at == waits.returned_at + 72 * HOUR
    assert found[waits.pk].owner_group_id == world.functions[FunctionKey.INTERVIEW_TEAM].group_id
    assert found[waits.pk].started_by_sweep
    assert over.pk not in found
    ReturnInterview.objects.filter(pk=waits.pk).update(state="declined", outcome="declined")
    sweep(at + HOUR)
    assert clock(waits).state == ClockState.CANCELLED


# What it says, by category: what the database gives.


CANARIES = {
    Category.INTERVIEW: "CANARY-INTERVIEW",
    Category.MISSING: "CANARY-MISSING",
    Category.PERSON_OF_CONCERN: "CANARY-PERSON",
    Category.HEALTH_SENSITIVE: "CANARY-HEALTH",
    Category.INTELLIGENCE: "CANARY-INTEL",
    Category.FAMILY: "CANARY-FAMILY",
    Category.PLAN: "CANARY-PLAN",
}
# Full or summary by the shipped matrix, all with an ordinary grant on the whole file.
READS = {
    "officer": {"missing", "person_of_concern", "family", "plan"},
    "housing": set(),
    "safeguarding_lead": {"missing", "family", "plan"},
    "nurse": {"missing", "family", "plan"},
    "socialworker": {"interview", "missing", "person_of_concern", "health_sensitive", "family", "plan"},
    "interviewer": {"interview", "missing", "person_of_concern", "health_sensitive", "intelligence", "family", "plan"},
    "detective": {"interview", "missing", "person_of_concern", "intelligence", "family", "plan"},
}


@pytest.mark.parametrize("person", READS)
def test_each_reads_the_parts_of_an_interview_that_their_role_sees(
    world: World, child: Child, interview: ReturnInterview, at: datetime, person: str
) -> None:
    grant(child, world.membership(person))
    for category, text in CANARIES.items():
        make_finding(interview, world.viewer("interviewer"), category, text)
    matrix = matrix_in_force(on=at.date())
    rows = InterviewFinding.objects.visible_to(world.viewer(person), at=at, matrix=matrix)
    assert {row.category for row in rows} == READS[person]


def test_a_sentence_for_partners_is_written_only_where_the_summary_has_one(
    interview: ReturnInterview, chain: Chain
) -> None:
    chain.hold(chain.offer(interview))
    for finding in (
        Finding(Category.INTELLIGENCE, "x", partner_text="For partners"),
        Finding(Category.MISSING, "x", partner_text="For partners"),
        Finding(Category.SESSIONS, "x"),
    ):
        with pytest.raises(MissingRefused):
            services.write_up_interview(interview=interview, findings=[finding], finished=False, **chain.said)  # type: ignore[arg-type]
    assert not InterviewFinding.objects.exists()


def test_nothing_is_written_up_before_it_is_held(interview: ReturnInterview, chain: Chain) -> None:
    with pytest.raises(MissingRefused):
        services.write_up_interview(
            interview=interview,
            findings=[Finding(Category.INTERVIEW, "x")],
            finished=True,
            **chain.said,  # type: ignore[arg-type]
        )


def test_the_list_of_interviews_is_for_those_who_see_interviews_in_full(
    child: Child, interview: ReturnInterview, world: World, at: datetime
) -> None:
    matrix = matrix_in_force(on=at.date())
    for person in ("missing_coordinator", "officer", "nurse", "coordinator"):
        grant(child, world.membership(person))

    def listed(person: str) -> list[Any]:
        return waiting_interviews(world.viewer(person), at=at, matrix=matrix)

    for person in ("interviewer", "manager", "socialworker", "coordinator"):
        assert listed(person) == [interview], person
    for person in ("missing_coordinator", "officer", "nurse", "outsider"):
        assert listed(person) == [], person


def test_who_recorded_a_return_does_not_thereby_see_the_interview(world: World, at: datetime) -> None:
    """The row is written by the return, and its author may be somebody whose role sees no interview."""
    child = make_child()
    grant(child, world.agency("social_care"), categories=("identity", "missing"))
    came_back(child, world, at)
    matrix = matrix_in_force(on=at.date())
    assert waiting_interviews(world.viewer("socialworker"), at=at, matrix=matrix) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"held_at": None, "held_by": None, "state": "held"},
        {"held_by": None},
        {"independent": False},
        {"held_at": "before"},
        {"state": "offered"},
        {"state": "not_needed"},
        {"not_needed_reason": "moved"},
    ],
)
def test_the_database_refuses_an_interview_that_contradicts_itself(
    child: Child, world: World, at: datetime, wrong: dict[str, Any]
) -> None:
    by = world.viewer("interviewer")
    episode: MissingEpisode = make_returned(child, by)
    fields: dict[str, Any] = {
        "state": "held",
        "outcome": "accepted",
        "held_at": at,
        "held_by": world.membership("interviewer"),
        "independent": True,
        **wrong,
    }
    if fields["held_at"] == "before":
        assert episode.returned_at is not None
        fields["held_at"] = episode.returned_at - HOUR
    with pytest.raises(IntegrityError), transaction.atomic():
        make_interview(episode, by, **fields)


def test_what_is_late_is_what_its_clock_says_is_late(child: Child, world: World, at: datetime) -> None:
    """Seen to fail with the interviews picked by their return and not by their clock."""
    by, matrix = world.viewer("socialworker"), matrix_in_force(on=at.date())
    grant(child, world.agency("specialist"))
    old = make_interview(make_returned(child, by, last_seen_at=at - 90 * HOUR), by)
    new = make_interview(make_returned(child, by, last_seen_at=at - 20 * HOUR), by)
    untold = make_interview(make_returned(child, by, last_seen_at=at - 200 * HOUR), by, clock=False)

    def late() -> list[ReturnInterview]:
        return waiting_interviews(world.viewer("manager"), at=at, matrix=matrix, late=True)

    assert late() == [old]
    # Another time given by the definition: the child's return is as it was.
    Clock.objects.filter(subject_id=new.pk).update(due_at=at - HOUR)
    Clock.objects.filter(subject_id=old.pk).update(due_at=at + HOUR)
    assert late() == [new]
    sweep(at)
    assert late() == [untold, new]


def test_an_interview_whose_clock_was_left_out_is_held_late_by_the_definition_alike(
    child: Child, world: World, at: datetime
) -> None:
    by = world.viewer("interviewer")
    back = make_returned(child, by, last_seen_at=at - 200 * HOUR)
    interview = make_interview(back, by, state="accepted", clock=False)
    said = {"held_by": world.membership("interviewer"), "venue": Venue.SCHOOL, "present": "", "independent": True}
    with pytest.raises(MissingRefused, match="Say why"):
        services.hold_interview(interview=interview, holding=Holding(held_at=at, **said), at=at, by=by)
    late = Holding(held_at=at, breach_reason="The child was in hospital.", **said)
    services.hold_interview(interview=interview, holding=late, at=at, by=by)
    clock = Clock.objects.get(subject_id=interview.pk)
    assert (clock.due_at, clock.state) == (interview.returned_at + 72 * HOUR, ClockState.DONE)


def test_an_interviewer_of_the_team_sees_new_interviews_by_the_function(world: World, at: datetime) -> None:
    child = make_child()
    grant(child, world.agency("social_care"))
    far = make_membership(agency=world.agency("far_charity"), role="return_interviewer")
    FunctionMember.objects.create(membership=far, function=world.functions[FunctionKey.INTERVIEW_TEAM])
    interview = came_back(child, world, at)
    matrix = matrix_in_force(on=at.date())
    assert waiting_interviews(viewer_of(far), at=at, matrix=matrix) == [interview]
    assert InterviewStepKind.ALLOCATED not in steps(interview)


def test_an_interview_is_not_held_before_it_was_offered(interview: ReturnInterview, world: World, at: datetime) -> None:
    by = world.viewer("interviewer")
    services.offer_interview(interview=interview, offered_at=at, note="", at=at, by=by)
    early = Holding(
        held_at=at - HOUR,
        held_by=world.membership("interviewer"),
        venue=Venue.SCHOOL,
        present="",
        independent=True,
    )
    with pytest.raises(MissingRefused) as refused:
        services.hold_interview(interview=interview, holding=early, at=at, by=by)
    assert refused.value.field == "held_at"
    interview.refresh_from_db()
    assert interview.state == InterviewState.OFFERED
    # The offer had been given the wrong time: its true one is recorded, and the earliest counts.
    services.answer_interview(interview=interview, accepted=True, answered_at=at, note="", at=at, by=by)
    services.offer_interview(interview=interview, offered_at=at - HOUR, note="", at=at + HOUR, by=by)
    services.hold_interview(interview=interview, holding=early, at=at + HOUR, by=by)
    interview.refresh_from_db()
    assert interview.state == InterviewState.HELD


def test_the_steps_stand_in_the_order_in_which_they_were_written(
    interview: ReturnInterview, world: World, at: datetime
) -> None:
    by, minute = world.viewer("interviewer"), timedelta(minutes=1)
    services.offer_interview(interview=interview, offered_at=at - HOUR, note="", at=at, by=by)
    person = world.membership("interviewer")
    services.allocate_interviewer(
        interview=interview, membership=person, briefing="Meet at school.", at=at + minute, by=by
    )
    holding = Holding(held_at=at - HOUR / 2, held_by=person, venue=Venue.SCHOOL, present="", independent=True)
    services.hold_interview(interview=interview, holding=holding, at=at + 2 * minute, by=by)
    assert [step.kind for step in steps_of(interview)] == ["offered", "allocated", "held"]


@pytest.mark.parametrize("accepted", [True, False])
def test_the_agreed_time_is_kept_until_the_child_declines(
    interview: ReturnInterview, world: World, at: datetime, accepted: bool
) -> None:
    by, tomorrow = world.viewer("interviewer"), at + timedelta(days=1)
    with pytest.raises(MissingRefused) as refused:
        services.offer_interview(interview=interview, offered_at=at, agreed_for=at - HOUR, note="", at=at, by=by)
    assert refused.value.field == "agreed_for"
    services.offer_interview(interview=interview, offered_at=at, agreed_for=tomorrow, note="", at=at, by=by)
    services.answer_interview(interview=interview, accepted=accepted, answered_at=at, note="", at=at, by=by)
    interview.refresh_from_db()
    assert interview.agreed_for == (tomorrow if accepted else None)


def test_a_late_interview_is_not_taken_by_a_manager_who_may_not_know_of_the_file(child, world, at):
    """Managers of every service are told; elsewhere the alert leads nowhere, and stays for those who can act."""
    boss = viewer_of(
        make_membership(agency=world.agency("health"), functions=("service_managers",), role="csc_manager")
    )
    interview = came_back(child, world, at, hours=80)
    sweep(at)
    (told,) = open_alerts(boss, at=at)
    assert (told.kind, told.href, told.may_take) == (ClockKind.INTERVIEW_HELD, "", False)
    with pytest.raises(AlertNotYours):
        acknowledge_alert(alert_id=told.alert_id, at=at, by=boss)
    grant(child, world.agency("health"))
    (told,) = open_alerts(boss, at=at)
    assert (told.href, told.may_take) == (f"/cases/{child.reference}/interviews/{interview.pk}/", True)
    acknowledge_alert(alert_id=told.alert_id, at=at, by=boss)


def test_an_alert_about_a_file_is_not_for_roles_that_open_none(child, world, at):
    analyst = viewer_of(
        make_membership(agency=world.agency("health"), functions=("service_managers",), role="board_analyst")
    )
    came_back(child, world, at, hours=80)
    sweep(at)
    assert (open_alerts(analyst, at=at), count_open_alerts(analyst, at=at)) == ([], 0)
