"""Missing episodes with what police and others did about them, and the return interviews that follow."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Coalesce

from accounts.models import Membership
from cases.record.models import Entry, new_reference
from missing.choices import (
    Agrees,
    AttemptMethod,
    CheckResult,
    EpisodeFlag,
    EpisodeKind,
    EpisodeState,
    EpisodeStepKind,
    Grade,
    InterviewState,
    InterviewStepKind,
    NotNeededReason,
    Outcome,
    PlaceKind,
    ReturnMethod,
    Venue,
)


def new_report_reference() -> str:
    """A reference for whoever reports, that tells nothing, such as `M-H7K-4PQR`."""
    return f"M-{new_reference()}"


class TimeRange(Func):
    """A span of time that ends before its last instant; without an end it goes on."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


@pghistory.track()
class MissingEpisode(Entry):
    """One time that a child was missing, absent or away: from when they were last seen until they were back.

    One is open at a time and none overlap: the database refuses it. `grade` is the latest of the police grades,
    which are kept as rows. `closed_at` is set where the young person turned 18 without having come back.
    """

    kind = models.CharField(max_length=10, choices=EpisodeKind)
    state = models.CharField(max_length=10, choices=EpisodeState, default=EpisodeState.OPEN)
    grade = models.CharField(max_length=20, choices=Grade, blank=True)
    last_seen_at = models.DateTimeField()
    noticed_at = models.DateTimeField(null=True, blank=True)
    reported_at = models.DateTimeField()
    police_reference = models.CharField(max_length=60, blank=True)
    place_kind = models.CharField(max_length=20, choices=PlaceKind, default=PlaceKind.UNKNOWN)
    place_detail = models.CharField(max_length=200, blank=True)
    circumstances = models.TextField(blank=True)
    companions = models.TextField(blank=True)
    flags = ArrayField(models.CharField(max_length=20, choices=EpisodeFlag), default=list, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    return_method = models.CharField(max_length=20, choices=ReturnMethod, blank=True)
    found_by = models.CharField(max_length=120, blank=True)
    found_where = models.CharField(max_length=200, blank=True)
    condition = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closing_reason = models.CharField(max_length=300, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta(Entry.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["child"], condition=Q(state=EpisodeState.OPEN), name="episode_one_open"),
            ExclusionConstraint(
                name="episode_no_overlap",
                expressions=[
                    ("child", RangeOperators.EQUAL),
                    (
                        TimeRange(
                            "last_seen_at", Coalesce("returned_at", "closed_at"), RangeBoundary(inclusive_upper=False)
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
            models.CheckConstraint(
                condition=Q(returned_at=None) | Q(returned_at__gt=F("last_seen_at")), name="episode_back_after_start"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closed_at__gt=F("last_seen_at")), name="episode_closed_after_start"
            ),
            models.CheckConstraint(
                condition=Q(noticed_at=None) | Q(noticed_at__gte=F("last_seen_at")), name="episode_noticed_after_start"
            ),
            models.CheckConstraint(
                condition=Q(reported_at__gte=F("last_seen_at")), name="episode_reported_after_start"
            ),
            models.CheckConstraint(
                condition=Q(state=EpisodeState.OPEN, returned_at=None, closed_at=None)
                | (Q(state=EpisodeState.RETURNED, returned_at__isnull=False, closed_at=None) & ~Q(return_method=""))
                | (Q(state=EpisodeState.CLOSED, returned_at=None, closed_at__isnull=False) & ~Q(closing_reason="")),
                name="episode_state_fits",
            ),
        ]
        indexes = [
            models.Index(fields=["child", "-last_seen_at"], name="episode_child"),
            models.Index(fields=["last_seen_at"], condition=Q(state=EpisodeState.OPEN), name="episode_open"),
        ]

    @property
    def is_open(self) -> bool:
        return self.state == EpisodeState.OPEN


@pghistory.track()
class EpisodeStep(Entry):
    """One thing that happened in an episode, kept as it was written: the history that people read."""

    episode = models.ForeignKey(MissingEpisode, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=20, choices=EpisodeStepKind)
    happened_at = models.DateTimeField()
    was = models.CharField(max_length=60, blank=True)
    becomes = models.CharField(max_length=60, blank=True)
    note = models.TextField(blank=True)

    class Meta(Entry.Meta):
        abstract = False
        indexes = [models.Index(fields=["episode", "happened_at"], name="episode_step_episode")]


@pghistory.track()
class PoliceGrade(Entry):
    """A grade that police gave, with its reason. A regrade is another row; none is changed."""

    episode = models.ForeignKey(MissingEpisode, on_delete=models.PROTECT, related_name="grades")
    grade = models.CharField(max_length=20, choices=Grade)
    graded_at = models.DateTimeField()
    officer = models.CharField(max_length=120, blank=True)
    reason = models.TextField()

    class Meta(Entry.Meta):
        abstract = False
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="police_grade_has_reason")]
        indexes = [models.Index(fields=["episode", "graded_at"], name="police_grade_episode")]


@pghistory.track()
class SafeAndWellCheck(Entry):
    """The police check after a return, also called the prevention interview. It is not the return interview."""

    episode = models.ForeignKey(MissingEpisode, on_delete=models.PROTECT, related_name="checks")
    done_at = models.DateTimeField()
    done_by = models.CharField(max_length=120)
    face_to_face = models.BooleanField()
    result = models.CharField(max_length=20, choices=CheckResult)
    note = models.TextField(blank=True)

    class Meta(Entry.Meta):
        abstract = False
        indexes = [models.Index(fields=["episode", "done_at"], name="safe_and_well_episode")]


@pghistory.track()
class MissingReport(Entry):
    """A report as somebody made it without the file in hand: what they typed, and the reference they were given.

    Whoever reported reads their own reference again, and nothing of what became of it.
    """

    reference = models.CharField(max_length=10, unique=True, default=new_report_reference, editable=False)
    episode = models.ForeignKey(MissingEpisode, on_delete=models.PROTECT, related_name="reports")
    said = models.JSONField()

    class Meta(Entry.Meta):
        abstract = False

    def __str__(self) -> str:
        return self.reference


@pghistory.track()
class ReturnInterview(Entry):
    """The independent interview that a child is offered after a return: one for each episode.

    Where one conversation covers several episodes, each keeps its own row, and `covered_by` names the one that was
    held. `allocated` is the interviewer; `returned_at` is the episode's, from which 72 elapsed hours run.
    """

    episode = models.OneToOneField(MissingEpisode, on_delete=models.PROTECT, related_name="interview")
    state = models.CharField(max_length=20, choices=InterviewState, default=InterviewState.TO_OFFER)
    returned_at = models.DateTimeField()
    agreed_for = models.DateTimeField(null=True, blank=True, help_text="When child and interviewer agreed to meet")
    risk_reason = models.TextField(blank=True, help_text="Evidence of risk, after an absence")
    allocated = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)
    not_needed_reason = models.CharField(max_length=20, choices=NotNeededReason, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    held_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    venue = models.CharField(max_length=20, choices=Venue, blank=True)
    present = models.CharField(max_length=300, blank=True)
    independent = models.BooleanField(default=False)
    breach_reason = models.CharField(max_length=300, blank=True)
    covered_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="covered_interviews"
    )
    version = models.PositiveIntegerField(default=1)

    class Meta(Entry.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=Q(held_at=None, held_by=None) | Q(held_at__isnull=False, held_by__isnull=False),
                name="interview_held_paired",
            ),
            models.CheckConstraint(
                condition=Q(held_at=None) | Q(held_at__gte=F("returned_at")), name="interview_held_after_return"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[InterviewState.HELD, InterviewState.WRITTEN_UP], held_at__isnull=False)
                | (~Q(state__in=[InterviewState.HELD, InterviewState.WRITTEN_UP]) & Q(held_at=None)),
                name="interview_held_state_fits",
            ),
            models.CheckConstraint(
                condition=Q(held_at=None) | Q(independent=True), name="interview_held_is_independent"
            ),
            models.CheckConstraint(
                condition=(Q(state=InterviewState.NOT_NEEDED) & ~Q(not_needed_reason=""))
                | (~Q(state=InterviewState.NOT_NEEDED) & Q(not_needed_reason="")),
                name="interview_not_needed_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(covered_by=None) | Q(outcome=Outcome.COMBINED), name="interview_covered_is_combined"
            ),
            models.CheckConstraint(condition=~Q(covered_by=F("id")), name="interview_not_covered_by_itself"),
        ]
        indexes = [
            models.Index(fields=["child", "-returned_at"], name="interview_child"),
            models.Index(
                fields=["returned_at"],
                condition=Q(state__in=[InterviewState.TO_OFFER, InterviewState.OFFERED, InterviewState.ACCEPTED]),
                name="interview_waiting",
            ),
        ]


@pghistory.track()
class InterviewStep(Entry):
    """One thing that was done about an interview, kept as it was written."""

    interview = models.ForeignKey(ReturnInterview, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=20, choices=InterviewStepKind)
    happened_at = models.DateTimeField()
    method = models.CharField(max_length=20, choices=AttemptMethod, blank=True)
    person = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    note = models.TextField(blank=True)

    class Meta(Entry.Meta):
        abstract = False
        indexes = [models.Index(fields=["interview", "happened_at"], name="interview_step_interview")]


@pghistory.track()
class InterviewFinding(Entry):
    """A part of what an interview says, in the category that decides who reads it.

    `text` is for those who see the category in full; `partner_text` is written for those who see its summary: for
    the interview itself, the safety points. A later finding stands beside an earlier one and never replaces it.
    """

    interview = models.ForeignKey(ReturnInterview, on_delete=models.PROTECT, related_name="findings")
    text = models.TextField(blank=True)
    partner_text = models.TextField(blank=True)
    agrees = models.CharField(max_length=10, choices=Agrees, default=Agrees.NOT_ASKED)
    share_with = models.CharField(max_length=200, blank=True)

    class Meta(Entry.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=~Q(text="") | ~Q(partner_text=""), name="interview_finding_says_something")
        ]
        indexes = [models.Index(fields=["interview", "recorded_at"], name="interview_finding_interview")]


@pghistory.track()
class SafetyBriefing(Entry):
    """What an interviewer must know to be safe and to ask well, without who said it.

    It draws on what the interviewer's role may not see elsewhere, so it is read by the interviewer it is for, by its
    author, and by those who see persons of concern and police intelligence in full. The latest one counts. Without a
    text it says that its author knows of nothing to warn of, and counts only where nobody has written anything.
    """

    interview = models.ForeignKey(ReturnInterview, on_delete=models.PROTECT, related_name="briefings")
    text = models.TextField()

    class Meta(Entry.Meta):
        abstract = False
        indexes = [models.Index(fields=["interview", "-recorded_at"], name="safety_briefing_interview")]
