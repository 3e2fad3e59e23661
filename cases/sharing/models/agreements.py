"""The information-sharing agreement by versions, who signed which, and the impact assessments that go with them."""

import uuid

import pghistory
from django.db import models
from django.db.models import F, Q

from accounts.models import Agency, User


@pghistory.track()
class AgreementVersion(models.Model):
    """One version of the agreement, current from its first day to its last. `version` counts its changes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(unique=True)
    in_force_from = models.DateField()
    ends_on = models.DateField(help_text="The last day on which it is current: by then it is reviewed")
    document = models.CharField(max_length=200, help_text="Where the signed document is kept")
    summary = models.CharField(max_length=1000, blank=True)
    version = models.PositiveIntegerField(default=0)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("in_force_from")), name="agreement_ends_after_start")
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"


class AgreementEnd(models.Model):
    """Another last day was set for a version, and why: append-only."""

    agreement = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT, related_name="ends")
    ended_on_before = models.DateField()
    ends_on = models.DateField()
    reason = models.CharField(max_length=600)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")


@pghistory.track()
class AgreementSignature(models.Model):
    """An agency signed one version: who signed for it, who is its controller, and whom to ask about data protection."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT, related_name="signatures")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="agreement_signatures")
    signed_on = models.DateField()
    signed_by = models.CharField(max_length=160, help_text="The name and office of who signed")
    controller = models.CharField(max_length=160, help_text="Who decides what happens to the information there")
    protection_contact = models.CharField(max_length=200, help_text="Whom to ask there about data protection")
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    withdrawn_on = models.DateField(null=True, blank=True, help_text="The first day on which it no longer holds")
    withdrawn_why = models.CharField(max_length=600, blank=True)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "agency"], condition=Q(withdrawn_on=None), name="agreement_signed_once"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_on=None, withdrawn_by=None, withdrawn_why="")
                | (Q(withdrawn_on__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_why="")),
                name="agreement_signature_withdrawn_paired",
            ),
        ]


class ImpactAssessment(models.Model):
    """A data protection impact assessment that stands behind a version of the agreement: append-only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT, related_name="assessments")
    reference = models.CharField(max_length=120)
    about = models.CharField(max_length=300)
    done_on = models.DateField()
    review_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(review_on__gt=F("done_on")), name="impact_assessment_reviewed_after")
        ]
