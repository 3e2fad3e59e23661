"""Notifications as they were sent, and what was decided about each."""

import uuid

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Agency, DefinitionVersion, Membership, User
from cases.record.choices import Disability, Ethnicity, HarmStatus, RiskLevel, Sex
from cases.record.models import Child, new_reference
from missing.models import MissingReport
from referrals.choices import (
    Agreement,
    ConcernKind,
    NotificationStatus,
    Told,
    TriageOutcome,
    TriageReason,
)


def new_notification_reference() -> str:
    """A reference for the referrer that tells nothing, such as `N-H7K-4PQR`."""
    return f"N-{new_reference()}"


@pghistory.track(exclude=["urgent"])
class Notification(models.Model):
    """A practitioner's concern about a child, as it was sent through the single notification point.

    It holds what the referrer said, whoever the child turns out to be. It never changes after it is sent, but
    for the Matrix, which may be completed once afterwards, and its status.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=10, unique=True, default=new_notification_reference, editable=False)
    referrer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()

    given_name = models.CharField(max_length=80)
    family_name = models.CharField(max_length=80, blank=True)
    preferred_name = models.CharField(max_length=80, blank=True)
    birth_date = models.DateField(null=True, blank=True)
    age_if_unknown = models.PositiveSmallIntegerField(null=True, blank=True)
    sex = models.CharField(max_length=10, choices=Sex, default=Sex.UNKNOWN)
    ethnicity = models.CharField(max_length=20, choices=Ethnicity, default=Ethnicity.UNKNOWN)
    disability = models.CharField(max_length=20, choices=Disability, default=Disability.UNKNOWN)
    school = models.CharField(max_length=120, blank=True)
    address_lines = models.CharField(max_length=300, blank=True)
    postcode = models.CharField(max_length=8, blank=True)
    address_protected = models.BooleanField(default=False)
    safe_contact = models.CharField(max_length=300, blank=True)

    concerns = ArrayField(models.CharField(max_length=20, choices=ConcernKind))
    concern = models.TextField()
    happened_on = models.DateField(null=True, blank=True)
    people_and_places = models.TextField(blank=True)
    harm_status = models.CharField(max_length=20, choices=HarmStatus, default=HarmStatus.NOT_KNOWN)
    immediate_danger = models.BooleanField()
    danger_detail = models.TextField(blank=True)
    police_called = models.BooleanField(default=False)

    childs_words = models.TextField(blank=True)
    child_told = models.CharField(max_length=20, choices=Told)
    child_agreement = models.CharField(max_length=20, choices=Agreement)
    parents_told = models.CharField(max_length=20, choices=Told)
    parents_agreement = models.CharField(max_length=20, choices=Agreement)
    reason_not_told = models.TextField(blank=True)
    others_who_know = models.TextField(blank=True)
    referrer_telephone = models.CharField(max_length=40)

    tool = models.ForeignKey(DefinitionVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answers = models.JSONField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)
    matrix_evidence = models.TextField(blank=True, help_text="What the answers are based on, in the referrer's words")
    computed_level = models.CharField(max_length=20, choices=RiskLevel, default=RiskLevel.NOT_ASSESSED)
    matrix_completed_at = models.DateTimeField(null=True, blank=True)

    # Written by PostgreSQL, so that a row loaded by any road is urgent when it says urgent things.
    urgent = models.GeneratedField(
        # The stubs know expressions alone; Django takes a Q here.
        expression=Q(immediate_danger=True)  # type: ignore[arg-type]
        | Q(computed_level=RiskLevel.HIGH)
        | Q(harm_status=HarmStatus.KNOWN),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    status = models.CharField(max_length=10, choices=NotificationStatus, default=NotificationStatus.SENT)
    child = models.ForeignKey(Child, on_delete=models.PROTECT, null=True, blank=True, related_name="notifications")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(tool=None, answers=None, result=None, matrix_completed_at=None)
                | Q(tool__isnull=False, answers__isnull=False, result__isnull=False, matrix_completed_at__isnull=False),
                name="notification_matrix_whole",
            ),
            models.CheckConstraint(
                condition=Q(matrix_completed_at=None) | Q(matrix_completed_at__gte=F("sent_at")),
                name="notification_matrix_not_before",
            ),
        ]
        indexes = [
            models.Index(fields=["sent_at"], condition=Q(status="sent"), name="notification_waiting"),
            models.Index(fields=["referrer", "-sent_at"], name="notification_referrer"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


@pghistory.track()
class TriageDecision(models.Model):
    """What the notification point decided about one notification, why, and what the referrer was told."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    notification = models.OneToOneField(Notification, on_delete=models.PROTECT, related_name="decision")
    outcome = models.CharField(max_length=20, choices=TriageOutcome)
    reason = models.CharField(max_length=30, choices=TriageReason)
    rationale = models.TextField()
    why_safe = models.TextField(
        blank=True, help_text="Why it is safe to decline, where the referrer suspects harm or the level is high"
    )
    message_to_referrer = models.TextField()
    lead = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lead_told = models.BooleanField(default=False, help_text="Whether the referrer may read who leads")
    decided_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    looked_at = ArrayField(
        models.UUIDField(), default=list, help_text="Files that were offered as likely matches when it was decided"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(outcome__in=[TriageOutcome.ACCEPT_NEW, TriageOutcome.ACCEPT_JOINED])
                | Q(lead__isnull=False),
                name="triage_acceptance_names_a_lead",
            ),
            models.CheckConstraint(condition=~Q(rationale=""), name="triage_has_rationale"),
        ]


@pghistory.track()
class MatchQuestion(models.Model):
    """A likely match that triage, or who reports a child missing, may not know of: put to the data guardians instead.

    It is about a notification or about a report, never about both.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    notification = models.ForeignKey(
        Notification, on_delete=models.PROTECT, null=True, blank=True, related_name="match_questions"
    )
    report = models.ForeignKey(
        MissingReport, on_delete=models.PROTECT, null=True, blank=True, related_name="match_questions"
    )
    child = models.ForeignKey(Child, on_delete=models.PROTECT, related_name="+")
    reasons = ArrayField(models.CharField(max_length=60))
    asked_at = models.DateTimeField(db_default=Now())
    same_child = models.BooleanField(null=True)
    answered_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notification", "child"], name="match_question_once"),
            models.UniqueConstraint(fields=["report", "child"], name="match_question_once_a_report"),
            models.CheckConstraint(
                condition=Q(notification=None, report__isnull=False) | Q(notification__isnull=False, report=None),
                name="match_question_about_one",
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None, same_child=None)
                | Q(answered_at__isnull=False, answered_by__isnull=False, same_child__isnull=False),
                name="match_question_answer_paired",
            ),
        ]

    @property
    def about(self) -> "Notification | MissingReport":
        """What the question is about; both have a reference and an agency."""
        return self.notification or self.report  # type: ignore[return-value]
