"""Episodes as they are reported, graded, corrected and ended, and what the database refuses whoever writes.

Seen to fail: access that goes on 29 days after the return; the 72 hours left at the earlier time of a corrected return;
a grant on a file for named people.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.choices import FunctionKey
from accounts.rules.dates import LONDON
from accounts.rules.refusals import Stale
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.access.rules import categories_in
from cases.clocks.choices import ClockKind
from cases.clocks.models import Clock, ClockChange
from cases.clocks.selectors import clock_of
from cases.record.models import Child, ChronologyEntry
from missing import services
from missing.choices import CheckResult, EpisodeKind, EpisodeStepKind, EpisodeTime, Grade, PlaceKind, ReturnMethod
from missing.models import EpisodeStep, MissingEpisode, PoliceGrade, ReturnInterview
from missing.rules import AlreadyMissing, MissingRefused
from missing.services import EpisodeDetails, ReturnDetails
from tests.factories.cases import grant, make_child
from tests.factories.missing import HOUR, make_episode, make_grade, make_returned
from tests.factories.world import World

pytestmark = pytest.mark.django_db
WHY = "The officer who found her wrote it in the log."


@pytest.fixture
def child(world: World) -> Child:
    made = make_child()
    grant(made, world.agency("social_care"))
    return made


def details(at: datetime, **fields: Any) -> EpisodeDetails:
    return EpisodeDetails(
        **{
            "kind": EpisodeKind.MISSING,
            "last_seen_at": at - 6 * HOUR,
            "reported_at": at - 5 * HOUR,
            "place_kind": PlaceKind.RESIDENTIAL,
            "circumstances": "Left after a call.",
            "companions": "With an older man.",
            **fields,
        }
    )


def report(child: Child, world: World, at: datetime, by: str = "socialworker", **fields: Any) -> MissingEpisode:
    return services.report_episode(child=child, details=details(at, **fields), at=at, by=world.viewer(by))


def back(episode: MissingEpisode, world: World, at: datetime, by: str = "socialworker", **fields: Any) -> Any:
    said = ReturnDetails(**{"returned_at": at - HOUR, "method": ReturnMethod.POLICE, **fields})
    return services.record_return(episode=episode, details=said, at=at, by=world.viewer(by))


# What the database refuses.


def test_the_database_refuses_a_second_open_episode(world: World, child: Child) -> None:
    by = world.viewer("socialworker")
    make_episode(child, by)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_episode(child, by)


def test_the_database_has_both_promises(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'episode_one_open'")
        assert "UNIQUE" in cursor.fetchone()[0]
        cursor.execute("SELECT contype FROM pg_constraint WHERE conname = 'episode_no_overlap'")
        assert cursor.fetchone()[0] == "x"


@pytest.mark.parametrize(
    ("start", "end", "refused"),
    [
        (-10, -8, False),  # before
        (-10, -6, False),  # up to the very start
        (-2, -1, False),  # from the very end
        (-10, -5, True),
        (-5, -3, True),
        (-3, -1, True),
        (-10, -1, True),
    ],
)
def test_the_database_refuses_episodes_that_overlap(
    world: World, child: Child, at: datetime, start: int, end: int, refused: bool
) -> None:
    by = world.viewer("socialworker")
    make_returned(child, by, last_seen_at=at - 6 * HOUR, returned_at=at - 2 * HOUR)
    other: dict[str, Any] = {"last_seen_at": at + start * HOUR, "returned_at": at + end * HOUR}
    other["reported_at"] = other["last_seen_at"]
    make_returned(make_child("Alex"), by, **other)  # another child's is another matter
    if refused:
        with pytest.raises(IntegrityError), transaction.atomic():
            make_returned(child, by, **other)
    else:
        make_returned(child, by, **other)


def test_the_database_refuses_an_open_episode_over_an_earlier_one(world: World, child: Child, at: datetime) -> None:
    by = world.viewer("socialworker")
    make_returned(child, by, last_seen_at=at - 6 * HOUR, returned_at=at - 2 * HOUR)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_episode(child, by, last_seen_at=at - 3 * HOUR)
    make_episode(child, by, last_seen_at=at - 2 * HOUR)


@pytest.mark.parametrize(
    "wrong",
    [
        {"returned_at": -7},
        {"returned_at": -6},
        {"noticed_at": -7},
        {"reported_at": -7},
        {"return_method": ""},
        {"state": "open"},
        {"state": "closed"},
        {"state": "closed", "returned_at": None, "closed_at": -1, "closing_reason": ""},
    ],
)
def test_the_database_refuses_times_and_states_that_cannot_be(
    world: World, child: Child, at: datetime, wrong: dict[str, Any]
) -> None:
    fields = {name: at + value * HOUR if isinstance(value, int) else value for name, value in wrong.items()}
    with pytest.raises(IntegrityError), transaction.atomic():
        make_returned(child, world.viewer("socialworker"), last_seen_at=at - 6 * HOUR, **fields)


def test_the_database_never_changes_a_grade_or_a_step(world: World, child: Child, at: datetime) -> None:
    episode = report(child, world, at)
    make_grade(episode, world.viewer("officer"))
    for rows, change in ((PoliceGrade, {"grade": Grade.LOW}), (EpisodeStep, {"note": "Other words"})):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.objects.update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.objects.all().delete()


# Reporting on a file.


def test_a_report_opens_an_episode_and_tells_no_more_than_the_summary(world: World, child: Child, at: datetime) -> None:
    episode = report(child, world, at)
    child.refresh_from_db()
    assert child.missing_since == episode.last_seen_at
    entry = ChronologyEntry.objects.get(child=child, kind="missing")
    assert (entry.category, entry.third_party) == ("missing", True)
    assert entry.summary.startswith("Missing since ")
    assert "children's home" in entry.summary
    for words in ("Left after a call", "older man"):
        assert words not in entry.summary
        assert words in entry.detail


@pytest.mark.parametrize("kind", [EpisodeKind.ABSENT, EpisodeKind.AWAY])
def test_only_missing_is_said_on_the_front_of_the_file(
    world: World, child: Child, at: datetime, kind: EpisodeKind
) -> None:
    report(child, world, at, kind=kind)
    child.refresh_from_db()
    assert child.missing_since is None


def test_a_report_opens_the_file_to_police_in_three_categories_and_to_those_who_follow_every_episode(
    world: World, child: Child, at: datetime
) -> None:
    episode = report(child, world, at)
    (opened,) = AccessGrant.objects.live(at).filter(reason=GrantReason.MISSING)
    assert (opened.group, opened.source_id) == (world.agency("police").group, episode.pk)
    assert categories_in(opened.category_mask) == {"identity", "contact_address", "missing"}
    functions = AccessGrant.objects.live(at).filter(reason=GrantReason.FUNCTION)
    assert {row.group.function.key for row in functions} == {  # type: ignore[union-attr]
        FunctionKey.NOTIFICATION_POINT,
        FunctionKey.PANEL_OFFICE,
        FunctionKey.DATA_GUARDIANS,
        FunctionKey.INTERVIEW_TEAM,
    }


def test_a_file_for_named_people_is_opened_to_nobody_else(world: World, child: Child, at: datetime) -> None:
    Child.objects.filter(pk=child.pk).update(restricted=True)
    child.refresh_from_db()
    report(child, world, at)
    assert not AccessGrant.objects.filter(reason=GrantReason.MISSING).exists()
    for person in ("officer", "triage", "interviewer"):
        assert not Child.objects.visible_to(world.viewer(person), at=at).filter(pk=child.pk).exists()


def test_a_second_report_is_told_that_there_is_one(world: World, child: Child, at: datetime) -> None:
    report(child, world, at)
    with pytest.raises(AlreadyMissing):
        report(child, world, at)
    assert MissingEpisode.objects.count() == 1


def test_a_start_before_the_last_return_is_refused_with_both_times(world: World, child: Child, at: datetime) -> None:
    back(report(child, world, at), world, at)
    with pytest.raises(MissingRefused) as refused:
        report(child, world, at, last_seen_at=at - 2 * HOUR, reported_at=at - HOUR)
    assert refused.value.field == "last_seen_at"


# While the child is away.


def test_every_grade_is_kept_and_the_latest_counts(world: World, child: Child, at: datetime) -> None:
    episode = report(child, world, at)
    for grade, version in ((Grade.MEDIUM, 1), (Grade.HIGH, 2)):
        services.grade_episode(
            episode=episode,
            grade=grade,
            reason="Found with adults before.",
            graded_at=at - HOUR,
            version=version,
            at=at,
            by=world.viewer("officer"),
        )
    episode.refresh_from_db()
    assert (episode.grade, episode.version) == (Grade.HIGH, 3)
    rows = PoliceGrade.objects.order_by("recorded_at", "graded_at").values_list("grade", "officer", "category")
    assert sorted(rows) == [("high", "Owen Castellan", "missing"), ("medium", "Owen Castellan", "missing")]
    # Two people at once: the second is told.
    with pytest.raises(Stale):
        services.grade_episode(
            episode=episode, grade=Grade.LOW, reason=WHY, graded_at=at, version=1, at=at, by=world.viewer("detective")
        )


def test_an_absence_that_becomes_missing_keeps_what_it_was(world: World, child: Child, at: datetime) -> None:
    episode = report(child, world, at, kind=EpisodeKind.ABSENT)
    services.change_kind(episode=episode, kind=EpisodeKind.MISSING, reason=WHY, at=at, by=world.viewer("officer"))
    child.refresh_from_db()
    assert child.missing_since == episode.last_seen_at
    steps = EpisodeStep.objects.filter(kind=EpisodeStepKind.KIND_CHANGED).values_list("was", "becomes", "note")
    assert list(steps) == [("absent", "missing", WHY)]
    interview = ReturnInterview.objects.filter(episode=back(episode, world, at))
    assert interview.exists()


# The return.


def test_a_return_ends_the_episode_starts_the_72_hours_and_lets_access_end_in_28_days(
    world: World, child: Child, at: datetime
) -> None:
    episode = back(report(child, world, at), world, at, condition="Cold and tired.")
    child.refresh_from_db()
    assert child.missing_since is None
    interview = ReturnInterview.objects.get(episode=episode)
    clock = clock_of(ClockKind.INTERVIEW_HELD, interview.pk)
    assert clock is not None
    assert (clock.anchored_at, clock.due_at) == (at - HOUR, at + 71 * HOUR)
    assert clock.owner_group_id == world.functions[FunctionKey.INTERVIEW_TEAM].group_id
    entry = ChronologyEntry.objects.filter(kind="missing").latest("happened_at")
    assert "Cold and tired" not in entry.summary
    assert "after 5 hours" in entry.summary
    day = timedelta(days=1)
    officer = world.viewer("officer")
    assert Child.objects.visible_to(officer, at=at + 27 * day).filter(pk=child.pk).exists()
    assert not Child.objects.visible_to(officer, at=at + 28 * day).filter(pk=child.pk).exists()


def test_police_grade_an_episode_that_is_over_with_a_reason(world: World, child: Child, at: datetime) -> None:
    episode = back(report(child, world, at), world, at)
    said = {"episode": episode, "grade": Grade.LOW, "graded_at": at, "at": at, "by": world.viewer("officer")}
    with pytest.raises(MissingRefused):
        services.grade_episode(**said, reason="")  # type: ignore[arg-type]
    services.grade_episode(**said, reason=WHY)  # type: ignore[arg-type]
    episode.refresh_from_db()
    assert (episode.grade, episode.state) == (Grade.LOW, "returned")


def test_a_return_before_the_report_to_police_has_to_be_meant(world: World, child: Child, at: datetime) -> None:
    episode = report(child, world, at)
    early = services.ReturnDetails(returned_at=episode.reported_at - HOUR / 2, method=ReturnMethod.ALONE)
    said = {"episode": episode, "details": early, "at": at, "by": world.viewer("officer")}
    with pytest.raises(MissingRefused) as refused:
        services.record_return(**said)  # type: ignore[arg-type]
    assert refused.value.field == "before_report"
    assert MissingEpisode.objects.get().is_open
    services.record_return(**said, before_report=True)  # type: ignore[arg-type]
    assert not MissingEpisode.objects.get().is_open


def test_a_second_return_is_refused(world: World, child: Child, at: datetime) -> None:
    episode = back(report(child, world, at), world, at)
    with pytest.raises(MissingRefused):
        back(episode, world, at)


@pytest.mark.parametrize("kind", [EpisodeKind.ABSENT, EpisodeKind.AWAY])
def test_after_an_absence_an_interview_follows_only_a_decision_with_its_reason(
    world: World, child: Child, at: datetime, kind: EpisodeKind
) -> None:
    episode = back(report(child, world, at, kind=kind), world, at)
    assert not ReturnInterview.objects.exists()
    assert not Clock.objects.exists()
    by = world.viewer("socialworker")
    with pytest.raises(MissingRefused):
        services.decide_interview(episode=episode, reason="", at=at, by=by)
    interview = services.decide_interview(episode=episode, reason="Had a new telephone and bruises.", at=at, by=by)
    clock = clock_of(ClockKind.INTERVIEW_HELD, interview.pk)
    # The hours run from the return, not from the decision.
    assert clock is not None
    assert clock.anchored_at == at - HOUR
    with pytest.raises(MissingRefused):
        services.decide_interview(episode=episode, reason="Had a new telephone and bruises.", at=at, by=by)


@pytest.mark.parametrize(
    ("back_on", "due_on"),
    [
        (datetime(2026, 3, 27, 10, 0), datetime(2026, 3, 30, 11, 0)),
        (datetime(2026, 10, 23, 10, 0), datetime(2026, 10, 26, 9, 0)),
    ],
)
def test_the_clock_counts_72_elapsed_hours_over_the_weekends_on_which_the_clocks_change(
    world: World, child: Child, back_on: datetime, due_on: datetime
) -> None:
    returned_at = back_on.replace(tzinfo=LONDON).astimezone(UTC)
    at = returned_at + timedelta(minutes=10)
    episode = back(report(child, world, at), world, at, returned_at=returned_at)
    clock = clock_of(ClockKind.INTERVIEW_HELD, ReturnInterview.objects.get(episode=episode).pk)
    assert clock is not None
    assert clock.due_at.astimezone(LONDON).replace(tzinfo=None) == due_on


# Corrections.


def test_a_corrected_return_moves_the_clock_and_leaves_a_trace(world: World, child: Child, at: datetime) -> None:
    episode = back(report(child, world, at), world, at)
    services.correct_time(
        episode=episode,
        which=EpisodeTime.RETURNED,
        value=at - 3 * HOUR,
        reason=WHY,
        at=at,
        by=world.viewer("officer"),
    )
    interview = ReturnInterview.objects.get(episode=episode)
    clock = clock_of(ClockKind.INTERVIEW_HELD, interview.pk)
    assert clock is not None
    assert interview.returned_at == clock.anchored_at == at - 3 * HOUR
    assert (clock.due_at, clock.first_due_at) == (at + 69 * HOUR, at + 71 * HOUR)
    assert ClockChange.objects.get().why == WHY
    (step,) = EpisodeStep.objects.filter(kind=EpisodeStepKind.CORRECTED)
    assert step.was != step.becomes
    assert WHY in step.note
    ends = set(AccessGrant.objects.live(at).filter(reason=GrantReason.MISSING).values_list("valid_until", flat=True))
    assert ends == {at - 3 * HOUR + timedelta(days=28)}


@pytest.mark.parametrize(
    ("which", "hours", "reason"),
    [
        (EpisodeTime.RETURNED, -7, WHY),  # before the child was last seen
        (EpisodeTime.RETURNED, 1, WHY),  # in the future
        (EpisodeTime.LAST_SEEN, -1, WHY),  # after it was reported
        (EpisodeTime.LAST_SEEN, -9, WHY),  # over an earlier episode
        (EpisodeTime.RETURNED, -2, ""),
    ],
)
def test_a_correction_that_cannot_be_changes_nothing(
    world: World, child: Child, at: datetime, which: EpisodeTime, hours: int, reason: str
) -> None:
    by = world.viewer("socialworker")
    make_returned(child, by, last_seen_at=at - 10 * HOUR, returned_at=at - 8 * HOUR)
    episode = back(report(child, world, at), world, at)
    before = MissingEpisode.objects.filter(pk=episode.pk).values().get()
    with pytest.raises(MissingRefused), transaction.atomic():
        services.correct_time(episode=episode, which=which, value=at + hours * HOUR, reason=reason, at=at, by=by)
    assert MissingEpisode.objects.filter(pk=episode.pk).values().get() == before


def test_an_earlier_start_is_carried_to_the_front_of_the_file(world: World, child: Child, at: datetime) -> None:
    episode = report(child, world, at)
    services.correct_time(
        episode=episode,
        which=EpisodeTime.LAST_SEEN,
        value=at - 20 * HOUR,
        reason=WHY,
        at=at,
        by=world.viewer("socialworker"),
    )
    child.refresh_from_db()
    assert child.missing_since == at - 20 * HOUR


def test_the_police_check_follows_the_return(world: World, child: Child, at: datetime) -> None:
    episode = report(child, world, at)
    said = {"done_by": "PC Osgood", "face_to_face": True, "result": CheckResult.SAFE, "note": "", "at": at}
    by = world.viewer("officer")
    with pytest.raises(MissingRefused):
        services.record_check(episode=episode, done_at=at, by=by, **said)  # type: ignore[arg-type]
    episode = back(episode, world, at)
    with pytest.raises(MissingRefused):
        services.record_check(episode=episode, done_at=at - 2 * HOUR, by=by, **said)  # type: ignore[arg-type]
    done = services.record_check(episode=episode, done_at=at, by=by, **said)  # type: ignore[arg-type]
    assert done.episode == episode


def test_an_episode_stays_open_until_18_and_then_closes_with_its_reason(world: World, at: datetime) -> None:
    young, grown = make_child(), make_child("Alex", birth_date=at.date() - timedelta(days=18 * 365 + 30))
    by = world.viewer("socialworker")
    with pytest.raises(MissingRefused):
        services.close_at_18(episode=report(young, world, at), reason=WHY, at=at, by=by)
    closed = services.close_at_18(episode=report(grown, world, at), reason=WHY, at=at, by=by)
    grown.refresh_from_db()
    assert (closed.state, closed.closing_reason, grown.missing_since) == ("closed", WHY, None)
    assert not ReturnInterview.objects.exists()
