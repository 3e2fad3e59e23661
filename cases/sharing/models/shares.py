"""Decisions to share and not to share, what the child says about sharing, and what went to the wrong people."""

import uuid

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.choices import Sector
from accounts.models import Agency, Membership, User
from cases.sharing.choices import (
    Answer,
    BreachOutcome,
    DeclineReason,
    LawfulBasis,
    OverrideGround,
    SharingEnd,
    SharingKind,
    SharingPurpose,
    Understands,
    WhyNotTold,
    WishKind,
)


@pghistory.track()
class SharingDecision(models.Model):
    """One decision to share with an agency or one person of it, or not to; what is shared stands in a grant too.

    A share holds until `ends_at`, unless it is ended before; a decision not to share is looked at again on `review_on`.
    Bringing in somebody whom the child does not want told holds as long as their `involvement`; at triage nobody asks
    the child about that one agency, so it has no answer of theirs. Whom nobody minded has no decision, until it turns
    out that they were brought in by mistake: then there is one, from when they came to when their work ended. That may
    come out when it has ended as work that was done.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    child = models.ForeignKey("cases.Child", on_delete=models.PROTECT, related_name="sharing_decisions")
    kind = models.CharField(max_length=10, choices=SharingKind)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="One person of it"
    )
    involvement = models.ForeignKey(
        "cases.Involvement", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    category_mask = models.BigIntegerField()
    entry_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    purpose = models.CharField(max_length=20, choices=SharingPurpose, blank=True)
    words = models.CharField(max_length=1000, help_text="What it is needed for, or why it is not shared")
    basis = models.CharField(max_length=20, choices=LawfulBasis, blank=True)
    child_answer = models.CharField(max_length=12, choices=Answer, blank=True)
    child_not_told = models.CharField(max_length=12, choices=WhyNotTold, blank=True)
    carers_answer = models.CharField(max_length=12, choices=Answer, blank=True)
    carers_not_told = models.CharField(max_length=12, choices=WhyNotTold, blank=True)
    override_ground = models.CharField(max_length=20, choices=OverrideGround, blank=True)
    authorised_by = models.CharField(max_length=200, blank=True, help_text="Who authorised the override: name and job")
    explained = models.CharField(max_length=1000, blank=True, help_text="How the override was explained to the child")
    decline_reason = models.CharField(max_length=20, choices=DeclineReason, blank=True)
    decided_at = models.DateTimeField()
    decided_as = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    ends_at = models.DateTimeField(null=True, blank=True)
    review_on = models.DateField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    end_kind = models.CharField(max_length=15, choices=SharingEnd, blank=True)
    end_words = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=SharingKind.SHARED, ends_at__isnull=False, review_on=None, decline_reason="")
                & Q(involvement=None)
                & ~Q(purpose="")
                & ~Q(basis="")
                & ~Q(child_answer="")
                & ~Q(carers_answer="")
                | Q(kind=SharingKind.DECLINED, ends_at=None, review_on__isnull=False, involvement=None)
                & ~Q(decline_reason="")
                | Q(kind=SharingKind.INVOLVED, ends_at=None, review_on=None, decline_reason="")
                & Q(involvement__isnull=False)
                & (
                    Q(ended_at=None) & (~Q(child_answer="") | ~Q(override_ground=""))
                    | Q(end_kind__in=[SharingEnd.IN_ERROR, SharingEnd.NOT_NEEDED])
                ),
                name="sharing_decision_whole",
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("decided_at")), name="sharing_decision_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(override_ground="", authorised_by="") | (~Q(override_ground="") & ~Q(authorised_by="")),
                name="sharing_decision_override_paired",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="sharing_decision_acknowledged_paired",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None, end_kind="")
                | (Q(ended_at__isnull=False, ended_by__isnull=False) & ~Q(end_kind="")),
                name="sharing_decision_end_paired",
            ),
        ]
        indexes = [
            models.Index(fields=["child", "-decided_at"], name="sharing_decision_of_child"),
            models.Index(fields=["agency", "-decided_at"], name="sharing_decision_of_agency"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


@pghistory.track()
class SharingWish(models.Model):
    """What the child said about who may know, on a day: append-only, and the latest holds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    child = models.ForeignKey("cases.Child", on_delete=models.PROTECT, related_name="sharing_wishes")
    kind = models.CharField(max_length=12, choices=WishKind)
    kept_mask = models.BigIntegerField(default=0, help_text="The kinds of information that must not go further")
    kept_from = ArrayField(
        models.CharField(max_length=30, choices=Sector), default=list, blank=True, help_text="Who must not be told"
    )
    words = models.CharField(max_length=1000, help_text="In the child's own words where they are known")
    understands = models.CharField(max_length=12, choices=Understands)
    said_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_as = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["child", "-recorded_at"], name="sharing_wish_latest")]


@pghistory.track()
class SharingBreach(models.Model):
    """Information that was shared in error: when that was found, and what a data guardian made of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    decision = models.OneToOneField(SharingDecision, on_delete=models.PROTECT, related_name="breach")
    found_at = models.DateTimeField()
    found_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    words = models.CharField(max_length=1000, blank=True, help_text="What went wrong")
    outcome = models.CharField(max_length=15, choices=BreachOutcome, blank=True)
    why = models.CharField(max_length=1000, blank=True)
    done = models.CharField(max_length=1000, blank=True, help_text="What was done about it")
    assessed_at = models.DateTimeField(null=True, blank=True)
    assessed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(assessed_at=None, assessed_by=None, outcome="")
                | (Q(assessed_at__isnull=False, assessed_by__isnull=False) & ~Q(outcome="")),
                name="sharing_breach_assessed_whole",
            )
        ]


@pghistory.track()
class CopiesDestroyed(models.Model):
    """That one of those who were given something in error has destroyed what they had of it: said once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    breach = models.ForeignKey(SharingBreach, on_delete=models.PROTECT, related_name="destroyed")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["breach", "membership"], name="copies_destroyed_once")]
