"""Missing episodes, each with its return and the interview that follows, through the product's services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.record.choices import PlanStatus
from config.demo.calibration import figure, weights
from config.demo.life import Life
from config.demo.times import day_of, in_office_hours, on_day
from missing.choices import (
    Agrees,
    AttemptMethod,
    CheckResult,
    EpisodeKind,
    Grade,
    NotNeededReason,
    PlaceKind,
    ReturnMethod,
    Venue,
)
from missing.models import MissingEpisode, ReturnInterview
from missing.services import (
    EpisodeDetails,
    Finding,
    Holding,
    ReturnDetails,
    allocate_interviewer,
    answer_interview,
    end_not_engaged,
    end_not_needed,
    grade_episode,
    hold_interview,
    offer_interview,
    record_attempt,
    record_check,
    record_return,
    report_episode,
    write_up_interview,
)

POLICE, INTERVIEWER, MANAGER = "missing.coordinator", "interviewer", "manager"
WITHIN = timedelta(hours=72)
NOTHING_TO_WARN_ON = 5  # every fifth day of the month
NOT_INDEPENDENT_OF_TIME = "The child asked for a worker they know, who was on leave until today."


@dataclass
class Following:
    """An episode and its interview while they are being written, step by step."""

    episode: MissingEpisode | None = None
    interview: ReturnInterview | None = None


def plan_missing(life: Life) -> None:
    """Plan every episode of a child, the first of them from before the notification."""
    rng = life.rng
    if not life.workers(POLICE):
        return
    joined_at = life.joined_at[POLICE]
    before = on_day(day_of(life.opened_at) - timedelta(days=rng.randint(4, 25)), rng.randint(19, 22))
    _earlier_episode(life, at=before, written_at=joined_at + timedelta(minutes=rng.randint(15, 60)))
    at = joined_at
    for _ in range(int(rng.choices(*_episodes_after())[0])):
        night = day_of(at) + timedelta(days=rng.randint(3, 45))
        at = on_day(night, rng.randint(19, 22), rng.randrange(0, 60, 5))
        at = plan_episode(life, at=at)


def _episodes_after() -> tuple[list[str], list[float]]:
    shares = weights("episodes_after_the_first")
    return list(shares), list(shares.values())


def _earlier_episode(life: Life, *, at: datetime, written_at: datetime) -> None:
    """What police knew before there was a file: written down when the co-ordinator joins, interviewed elsewhere."""
    back = at + timedelta(hours=life.rng.choice((7, 9, 12)))
    details, returned = _details(life, at, certain=True), _back(life, back)
    if written_at <= back or written_at >= life.end:
        return

    def happen(written: datetime) -> None:
        by = life.viewer(POLICE)
        episode = report_episode(child=life.child, details=details, at=written, by=by)
        record_return(episode=episode, details=returned, at=written, by=by)
        end_not_needed(
            interview=ReturnInterview.objects.get(episode=episode),
            reason=NotNeededReason.OTHER,
            note="The child was talked to before this file was opened.",
            at=written + timedelta(minutes=5),
            by=life.viewer(MANAGER),
        )

    life.plan_event(written_at, happen)


def plan_episode(life: Life, *, at: datetime, hours: float | None = None, how: str = "") -> datetime:
    """Plan one episode from the report to the write-up; gives the time of the return.

    `hours` is how long it lasts, `how` what becomes of the interview; both are drawn where they are not given.

    What lies after the day of the demo has not happened yet: that is how some children are missing today, and how
    some interviews wait.
    """
    rng = life.rng
    back = at + timedelta(hours=hours or float(rng.choices(*_lengths())[0]))
    if life.plan.closed_on and back + timedelta(days=9) >= life.end:
        return back
    following, details, returned = Following(), _details(life, at, certain=bool(hours)), _back(life, back)
    grade = rng.choice((Grade.MEDIUM, Grade.MEDIUM, Grade.HIGH, Grade.LOW))
    officer = f"PC {rng.randint(1100, 4890)}"

    def report(reported: datetime) -> None:
        following.episode = report_episode(child=life.child, details=details, at=reported, by=life.viewer(POLICE))

    def regrade(graded: datetime) -> None:
        assert following.episode is not None
        _grade(life, following.episode, grade=grade, officer=officer, at=graded)

    def come_back(returned_at: datetime) -> None:
        assert following.episode is not None
        record_return(episode=following.episode, details=returned, at=returned_at, by=life.viewer(POLICE))
        following.interview = ReturnInterview.objects.filter(episode=following.episode).first()

    def check(done: datetime) -> None:
        assert following.episode is not None
        _check(life, following.episode, officer=officer, at=done)

    _plan_together(
        life,
        (details.reported_at, report),
        (details.reported_at + timedelta(minutes=25), regrade),
        (back, come_back),
        (back + timedelta(hours=2), check),
    )
    if details.kind == EpisodeKind.MISSING:
        _plan_interview(life, following, back=back, how=how or rng.choices(*_outcomes())[0])
    return back


def _grade(life: Life, episode: MissingEpisode, *, grade: Grade, officer: str, at: datetime) -> None:
    grade_episode(
        episode=episode,
        grade=grade,
        reason="Age, known exploitation concern, and no contact by telephone.",
        graded_at=at,
        officer=officer,
        at=at,
        by=life.viewer(POLICE),
    )


def _check(life: Life, episode: MissingEpisode, *, officer: str, at: datetime) -> None:
    episode.refresh_from_db(fields=["return_method"])
    record_check(
        episode=episode,
        done_at=at,
        done_by=officer,
        face_to_face=True,
        result=CheckResult.SAFE if episode.return_method == ReturnMethod.ALONE else CheckResult.CONCERN,
        note="",
        at=at,
        by=life.viewer(POLICE),
    )


def _plan_together(life: Life, *steps: tuple[datetime, Callable[[datetime], None]]) -> None:
    """Plan steps of one chain; the first that cannot happen any more ends it."""
    for at, happen in steps:
        if not (life.opened_at <= at < life.end):
            return
        life.plan_event(at, happen)


@dataclass(frozen=True)
class Interviewing:
    """The steps of one interview, each as it happens."""

    life: Life
    following: Following
    back: datetime

    @property
    def by(self) -> Viewer:
        return self.life.viewer(MANAGER)

    @property
    def interview(self) -> ReturnInterview:
        assert self.following.interview is not None
        self.following.interview.refresh_from_db()
        return self.following.interview

    def offer(self, at: datetime) -> None:
        offer_interview(interview=self.interview, offered_at=at, note="", at=at, by=self.by)

    def allocate(self, at: datetime) -> None:
        membership = self.life.world.members[INTERVIEWER]
        briefing = self.life.teller.tell("interview", "briefing")
        nothing = at.day % NOTHING_TO_WARN_ON == 0
        allocate_interviewer(
            interview=self.interview,
            membership=membership,
            briefing="" if nothing else briefing,
            nothing_to_warn=nothing,
            at=at,
            by=self.by,
        )

    def decline(self, at: datetime) -> None:
        answer_interview(interview=self.interview, accepted=False, answered_at=at, note="", at=at, by=self.by)

    def attempt(self, at: datetime) -> None:
        method, reason = AttemptMethod.TELEPHONE, self.life.teller.tell("interview", "attempt")
        record_attempt(interview=self.interview, method=method, attempted_at=at, reason=reason, at=at, by=self.by)

    def give_up(self, at: datetime) -> None:
        end_not_engaged(interview=self.interview, note="Three attempts by telephone and a visit.", at=at, by=self.by)

    def hold(self, at: datetime) -> None:
        _hold(self.life, self.interview, at=at, late=at - self.back > WITHIN)

    def write_up(self, at: datetime) -> None:
        _write_up(self.life, self.interview, at=at)

    def find(self, at: datetime) -> None:
        """Somebody goes through the list and finds that nobody had offered one."""
        note = "Nobody had offered an interview; found when the list was gone through. The lead talks to the child."
        end_not_needed(interview=self.interview, reason=NotNeededReason.OTHER, note=note, at=at, by=self.by)


def _plan_interview(life: Life, following: Following, *, back: datetime, how: str) -> None:
    """Plan the interview: held in time, held late, declined, or not reached, in the published shares."""
    rng, steps = life.rng, Interviewing(life, following, back)
    offered_at = back + timedelta(hours=rng.randint(3, 20))
    held_at = _held_at(life, back, in_time=rng.random() < figure("interviews_in_72_hours").used)
    opening = ((offered_at, steps.offer), (offered_at + timedelta(hours=1), steps.allocate))
    if how == "declined":
        _plan_together(life, *opening, (back + timedelta(hours=30), steps.decline))
    elif how == "not_reached":
        attempts = [(back + timedelta(hours=hours), steps.attempt) for hours in (26, 50, 70)]
        _plan_together(life, *opening, *attempts, (back + timedelta(hours=100), steps.give_up))
    elif how == "held":
        written_at = held_at + timedelta(hours=rng.randint(2, 30))
        _plan_together(life, *opening, (held_at, steps.hold), (written_at, steps.write_up))
    else:  # nobody offered one, and the 72 hours ran out: what must not happen
        _plan_together(life, (back + timedelta(days=11), steps.find))


def _held_at(life: Life, back: datetime, *, in_time: bool) -> datetime:
    at = in_office_hours(life.rng, day_of(back) + timedelta(days=life.rng.randint(1, 2) if in_time else 4))
    if in_time and at - back > WITHIN:
        at = back + timedelta(hours=life.rng.randint(50, 71))
    return max(at, back + timedelta(hours=22))


def _hold(life: Life, interview: ReturnInterview, *, at: datetime, late: bool) -> None:
    hold_interview(
        interview=interview,
        holding=Holding(
            held_at=at,
            held_by=life.world.members[INTERVIEWER],
            venue=life.rng.choice((Venue.SCHOOL, Venue.NEUTRAL, Venue.HOME)),
            present="The child and the interviewer",
            independent=True,
            breach_reason=NOT_INDEPENDENT_OF_TIME if late else "",
        ),
        at=at + timedelta(minutes=50),
        by=life.viewer(INTERVIEWER),
    )


def _write_up(life: Life, interview: ReturnInterview, *, at: datetime) -> None:
    tell = life.teller.tell
    findings = [
        Finding(Category.INTERVIEW, tell("interview", "detail"), tell("interview", "safety"), Agrees.YES, "Police"),
        Finding(Category.MISSING, tell("interview", "why")),
        Finding(Category.PLAN, tell("interview", "plan"), tell("interview", "keep")),
    ]
    if life.rng.random() < 0.4:
        findings.append(Finding(Category.PERSON_OF_CONCERN, tell("interview", "people"), tell("interview", "advice")))
    if life.rng.random() < 0.25:
        findings.append(Finding(Category.INTELLIGENCE, tell("interview", "information")))
    write_up_interview(interview=interview, findings=findings, finished=True, at=at, by=life.viewer(INTERVIEWER))


def _details(life: Life, at: datetime, *, certain: bool = False) -> EpisodeDetails:
    rng = life.rng
    looked_after = life.plan.plan == PlanStatus.LOOKED_AFTER
    absent = rng.random() < 0.12 and not certain
    return EpisodeDetails(
        kind=EpisodeKind.ABSENT if absent else EpisodeKind.MISSING,
        last_seen_at=at,
        noticed_at=at + timedelta(minutes=40),
        reported_at=at + timedelta(minutes=rng.randint(50, 120)),
        police_reference=f"NM/{rng.randint(10000, 99999)}",
        place_kind=rng.choice((PlaceKind.RESIDENTIAL, PlaceKind.FOSTER)) if looked_after else PlaceKind.HOME,
        circumstances=life.teller.tell("missing", "circumstances"),
        companions=life.teller.tell("missing", "companions") if rng.random() < 0.4 else "",
        flags=("looked_after",) if looked_after else (),
    )


def _back(life: Life, back: datetime) -> ReturnDetails:
    method = life.rng.choice((ReturnMethod.ALONE, ReturnMethod.POLICE, ReturnMethod.CARER, ReturnMethod.POLICE))
    return ReturnDetails(
        returned_at=back,
        method=method,
        found_where="" if method == ReturnMethod.ALONE else life.teller.place(),
        condition=life.teller.tell("missing", "detail"),
    )


def _lengths() -> tuple[list[str], list[float]]:
    shares = weights("hours_missing")
    return list(shares), list(shares.values())


def _outcomes() -> tuple[list[str], list[float]]:
    shares = weights("interviews")
    return list(shares), list(shares.values())


# What every demo has today: hours before its day began at which the child left, how long they stay away, and what
# becomes of the interview. The first two are not back; the third is late and nobody has offered one; the fourth and
# fifth are due soon; the sixth is held and not written up.
TODAY = (
    (5, 60, "held"),
    (52, 200, "held"),
    (98, 9, "forgotten"),
    (30, 9, "held"),
    (62, 8, "forgotten"),
    (60, 9, "held"),
)


def missing_today(lives: dict[int, Life]) -> None:
    """Let some children be missing today, and some interviews be late, due and coming."""
    quiet = [life for life in lives.values() if life.plan.closed_on is None and _is_quiet(life)]
    for life, (hours_ago, hours, how) in zip(quiet, TODAY, strict=False):
        life.events.clear()
        life.written.clear()
        plan_episode(life, at=life.until - timedelta(hours=hours_ago), hours=hours, how=how)
        life.run()


def _is_quiet(life: Life) -> bool:
    """A child who has been missing, whose last episode is long over, and whose file is open to all who work there."""
    life.child.refresh_from_db()
    latest = MissingEpisode.objects.filter(child=life.child).order_by("-last_seen_at").first()
    if latest is None or life.child.restricted or life.child.merged_into_id or not life.works_at(POLICE, life.until):
        return False
    return latest.returned_at is not None and latest.returned_at < life.until - timedelta(days=8)
