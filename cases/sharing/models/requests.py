"""What people who may know of a file asked to see of it, and what they were answered."""

import uuid

import pghistory
from django.db import models
from django.db.models import Q

from accounts.models import Membership, User
from cases.sharing.choices import DeclineReason, RequestAnswer, SharingPurpose
from cases.sharing.models.shares import SharingDecision


@pghistory.track()
class AccessRequest(models.Model):
    """Somebody asks to see more of a file that they may know of: which kinds, what for, and the answer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    child = models.ForeignKey("cases.Child", on_delete=models.PROTECT, related_name="access_requests")
    asked_as = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    category_mask = models.BigIntegerField()
    purpose = models.CharField(max_length=20, choices=SharingPurpose)
    words = models.CharField(max_length=1000)
    asked_at = models.DateTimeField()
    owner = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Who leads on the case"
    )
    answer = models.CharField(max_length=10, choices=RequestAnswer, blank=True)
    decision = models.ForeignKey(
        SharingDecision, on_delete=models.PROTECT, null=True, blank=True, related_name="requests"
    )
    refusal_reason = models.CharField(max_length=20, choices=DeclineReason, blank=True)
    answer_words = models.CharField(max_length=1000, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    # What has come of it and holds, and what was given of it, where `with_what_came` has asked.
    come = given = 0

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["child", "asked_as"], condition=Q(answered_at=None), name="access_request_one_open"
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None, answer="", decision=None, refusal_reason="")
                | Q(
                    answered_at__isnull=False,
                    answered_by__isnull=False,
                    answer=RequestAnswer.SHARED,
                    decision__isnull=False,
                    refusal_reason="",
                )
                | Q(answered_at__isnull=False, answered_by__isnull=False, answer=RequestAnswer.REFUSED)
                & ~Q(refusal_reason=""),
                name="access_request_answered_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["child", "-asked_at"], name="access_request_of_child"),
            models.Index(fields=["asked_as", "-asked_at"], name="access_request_of_asker"),
        ]
