"""Panels and who sits on them, meetings with their agendas, and what was decided about each child."""

from __future__ import annotations

import uuid
from typing import Any

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Agency, DefinitionVersion, FunctionGroup, Membership
from cases.record.choices import RiskLevel
from cases.record.models import Entry
from panels.choices import (
    ActionStatus,
    AttendanceStatus,
    ClosingCheck,
    DecisionCode,
    Frequency,
    ItemState,
    MeetingState,
    Priority,
    UpdateKind,
)


def paired(at: str, by: str, name: str) -> models.CheckConstraint:
    """The database's promise that an instant and the person behind it are there together or not at all."""
    return models.CheckConstraint(
        condition=Q(**{f"{at}__isnull": True, f"{by}__isnull": True})
        | Q(**{f"{at}__isnull": False, f"{by}__isnull": False}),
        name=name,
    )


def ends_after_start(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(ended_on=None) | Q(ended_on__gte=F("started_on")), name=name)


def default_quorum() -> dict[str, Any]:
    """The chair, social care, police and health, and one of education and the specialist service (D4)."""
    return {
        "chair": True,
        "all_of": ["social_care", "police", "health"],
        "one_of": ["education", "specialist"],
    }


@pghistory.track()
class Panel(models.Model):
    """A standing meeting of agencies about children. Its function group is what its grants are given to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    function = models.ForeignKey(FunctionGroup, on_delete=models.PROTECT, related_name="+")
    frequency = models.CharField(max_length=20, choices=Frequency, default=Frequency.MONTHLY)
    quorum = models.JSONField(default=default_quorum)
    access_hours = models.PositiveSmallIntegerField(
        default=72, help_text="Hours after a meeting in which its members may still read the files discussed"
    )
    agenda_key = models.CharField(max_length=60, default="operational_panel")
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [ends_after_start("panel_ends_after_start")]

    def __str__(self) -> str:
        return self.name


class SeatQuerySet(models.QuerySet["PanelSeat"]):
    def current(self, on: Any) -> SeatQuerySet:
        """Seats held on a day."""
        return self.filter(Q(ended_on=None) | Q(ended_on__gt=on), started_on__lte=on)


@pghistory.track()
class PanelSeat(models.Model):
    """One service's place at a panel, held by a member, with deputies. One seat is the chair's."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="seats")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    service = models.CharField(max_length=80, blank=True, help_text="The service, where an agency has several seats")
    member = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="panel_seats")
    chairs = models.BooleanField(default=False)
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    objects = SeatQuerySet.as_manager()

    class Meta:
        constraints = [
            ends_after_start("panel_seat_ends_after_start"),
            models.UniqueConstraint(
                fields=["panel", "member"], condition=Q(ended_on=None), name="panel_seat_one_open_for_member"
            ),
            models.UniqueConstraint(
                fields=["panel", "agency", "service"],
                condition=Q(ended_on=None),
                name="panel_seat_one_open_for_service",
            ),
            models.UniqueConstraint(
                fields=["panel"], condition=Q(ended_on=None, chairs=True), name="panel_seat_one_chair"
            ),
        ]

    @property
    def place(self) -> str:
        """Whose seat it is: the agency, with its service where it has several."""
        return f"{self.agency.name}, {self.service}" if self.service else self.agency.name

    def named(self, membership: Membership) -> str:
        """Who sits on it: the name, with their own agency where the seat is another agency's."""
        return str(
            membership.user if membership.agency_id == self.agency_id else f"{membership.user}, {membership.agency}"
        )


@pghistory.track()
class SeatDeputy(models.Model):
    """Somebody who may sit in for a member; the chair's deputies chair in the chair's place."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seat = models.ForeignKey(PanelSeat, on_delete=models.PROTECT, related_name="deputies")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            ends_after_start("seat_deputy_ends_after_start"),
            models.UniqueConstraint(
                fields=["seat", "membership"], condition=Q(ended_on=None), name="seat_deputy_one_open"
            ),
        ]


@pghistory.track()
class Meeting(models.Model):
    """One meeting of a panel: planned, its agenda published to members, open, closed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="meetings")
    starts_at = models.DateTimeField()
    minutes_long = models.PositiveSmallIntegerField(default=120)
    place = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=MeetingState, default=MeetingState.PLANNED)
    agenda_rule = models.ForeignKey(DefinitionVersion, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField(null=True, blank=True)
    opened_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    attendance_at = models.DateTimeField(null=True, blank=True)
    quorate = models.BooleanField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            paired("published_at", "published_by", "meeting_publication_paired"),
            paired("opened_at", "opened_by", "meeting_opening_paired"),
            paired("closed_at", "closed_by", "meeting_closing_paired"),
            paired("attendance_at", "quorate", "meeting_attendance_paired"),
            models.CheckConstraint(
                condition=Q(state="planned", published_at=None, opened_at=None, closed_at=None)
                | Q(state="published", published_at__isnull=False, opened_at=None, closed_at=None)
                | Q(state="open", published_at__isnull=False, opened_at__isnull=False, closed_at=None)
                | Q(
                    state="closed",
                    published_at__isnull=False,
                    opened_at__gte=F("published_at"),
                    closed_at__gte=F("opened_at"),
                ),
                name="meeting_state_has_its_instants",
            ),
            models.CheckConstraint(condition=Q(minutes_long__gt=0), name="meeting_has_a_length"),
            models.UniqueConstraint(fields=["panel", "starts_at"], name="meeting_once"),
            models.UniqueConstraint(fields=["panel"], condition=Q(state="open"), name="meeting_one_open"),
        ]


@pghistory.track()
class StatementAcceptance(models.Model):
    """Somebody has accepted the confidentiality statement of one meeting, on their screen or in the room."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="acceptances")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meeting", "membership"], name="statement_accepted_once")]


@pghistory.track()
class Attendance(models.Model):
    """Who came to a meeting for one seat, or how its holder was excused."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="attendances")
    seat = models.ForeignKey(PanelSeat, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=20, choices=AttendanceStatus)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meeting", "seat"], name="attendance_once"),
            models.CheckConstraint(
                condition=Q(status__in=["present", "deputy"], membership__isnull=False)
                | Q(status__in=["apologies_update", "apologies", "absent"], membership=None),
                name="attendance_names_who_came",
            ),
        ]


@pghistory.track()
class AgendaItem(Entry):
    """A child on the agenda of one meeting. `reasons` says why, each with its category and the facts behind it."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    reasons = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=ItemState, default=ItemState.LISTED)
    late = models.BooleanField(default=False)
    state_reason = models.CharField(max_length=300, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta(Entry.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["meeting", "child"], name="agenda_item_once"),
            models.CheckConstraint(
                condition=~Q(state__in=["deferred", "removed"]) | ~Q(state_reason=""),
                name="agenda_item_left_out_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(state="listed", settled_at=None) | ~Q(state="listed") & Q(settled_at__isnull=False),
                name="agenda_item_settled_at",
            ),
        ]
        indexes = [models.Index(fields=["child", "-recorded_at"], name="agenda_item_child")]


@pghistory.track()
class ItemUpdate(Entry):
    """What an agency tells the meeting about a child beforehand, in the category that decides who reads it."""

    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="updates")
    kind = models.CharField(max_length=10, choices=UpdateKind)
    text = models.TextField(blank=True)

    class Meta(Entry.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="written") & ~Q(text="") | ~Q(kind="written") & Q(text=""),
                name="item_update_written_has_text",
            )
        ]


@pghistory.track()
class PanelDecision(Entry):
    """What the panel decided about a child at one meeting, and why. Provisional where the panel was not quorate."""

    item = models.OneToOneField(AgendaItem, on_delete=models.PROTECT, related_name="decision")
    code = models.CharField(max_length=20, choices=DecisionCode)
    rationale = models.TextField()
    level_before = models.CharField(max_length=20, choices=RiskLevel)
    level_after = models.CharField(max_length=20, choices=RiskLevel)
    next_review_on = models.DateField(null=True, blank=True)
    confirmed = ArrayField(models.CharField(max_length=20, choices=ClosingCheck), default=list, blank=True)
    provisional = models.BooleanField(default=False)
    decided_at = models.DateTimeField()

    class Meta(Entry.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=~Q(rationale=""), name="panel_decision_has_rationale"),
            models.CheckConstraint(
                condition=~Q(code="close") | Q(confirmed__contains=["child_told", "contact_after", "two_agencies"]),
                name="panel_decision_closing_is_confirmed",
            ),
        ]
        indexes = [models.Index(fields=["child", "-decided_at"], name="panel_decision_child")]


@pghistory.track()
class Dissent(Entry):
    """An agency that does not agree with a decision, in its own words. Nobody's dissent is rewritten."""

    decision = models.ForeignKey(PanelDecision, on_delete=models.PROTECT, related_name="dissents")
    text = models.TextField()

    class Meta(Entry.Meta):
        abstract = False
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="dissent_has_words")]


@pghistory.track()
class Action(Entry):
    """Something that one named person undertook at a meeting to do for a child by a day."""

    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="actions")
    text = models.CharField(max_length=400)
    owner_membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="panel_actions")
    owner_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.NORMAL)
    status = models.CharField(max_length=20, choices=ActionStatus, default=ActionStatus.OPEN)
    ended_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1)

    class Meta(Entry.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="action_has_text"),
            models.CheckConstraint(
                condition=Q(status__in=["open", "in_progress"], ended_at=None)
                | Q(status__in=["done", "not_achieved", "withdrawn"], ended_at__isnull=False),
                name="action_end_has_instant",
            ),
            paired("verified_at", "verified_by", "action_verification_paired"),
            models.CheckConstraint(condition=Q(verified_at=None) | Q(status="done"), name="action_verified_is_done"),
        ]
        indexes = [
            models.Index(
                fields=["owner_membership", "due_on"], condition=Q(ended_at=None), name="action_running_by_owner"
            ),
            models.Index(fields=["child", "-recorded_at"], name="action_child"),
        ]


@pghistory.track()
class ActionStep(models.Model):
    """One step in the life of an action: what became of it, the evidence, who said so and when. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="steps")
    status = models.CharField(max_length=20, choices=ActionStatus)
    note = models.TextField(blank=True)
    verifies = models.BooleanField(default=False)
    taken_at = models.DateTimeField(db_default=Now())
    taken_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(status__in=["done", "not_achieved", "withdrawn"]) | ~Q(note=""),
                name="action_step_end_has_note",
            )
        ]
