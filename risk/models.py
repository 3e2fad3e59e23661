"""Risk assessments as submitted, and the levels that people have judged beside them."""

import pghistory
from django.db import models
from django.db.models import Q

from accounts.models import DefinitionVersion, User
from cases.record.choices import HarmStatus, RiskLevel
from cases.record.models import Entry


@pghistory.track()
class RiskAssessment(Entry):
    """A risk tool filled in for a child: answers, result and tool version, for ever. A correction is a new row.

    `answers` maps item codes to what was answered; `result` is the scoring engine's explanation, line by line,
    as it was on the day. A provisional assessment is a referrer's, before the specialist service has met the
    child.
    """

    tool = models.ForeignKey(DefinitionVersion, on_delete=models.PROTECT, related_name="+")
    answers = models.JSONField()
    result = models.JSONField()
    computed_level = models.CharField(max_length=20, choices=RiskLevel)
    harm_status = models.CharField(max_length=20, choices=HarmStatus)
    provisional = models.BooleanField(default=False)
    age_at_assessment = models.PositiveSmallIntegerField(null=True, blank=True)
    evidence = models.TextField(blank=True)
    protective_factors = models.TextField(blank=True)
    childs_view = models.TextField(blank=True)
    parents_view = models.TextField(blank=True)
    assessed_at = models.DateTimeField()
    review_due_on = models.DateField(null=True, blank=True)
    corrects = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )

    class Meta(Entry.Meta):
        abstract = False
        indexes = [models.Index(fields=["child", "-assessed_at"], name="risk_assessment_child")]


@pghistory.track()
class LevelJudgement(Entry):
    """The level that a practitioner decided on, with the computed one, the reason, and who approved it.

    A judged level below the computed one waits for a manager's approval and counts from then on.
    """

    assessment = models.ForeignKey(RiskAssessment, on_delete=models.PROTECT, related_name="judgements")
    computed_level = models.CharField(max_length=20, choices=RiskLevel)
    judged_level = models.CharField(max_length=20, choices=RiskLevel)
    harm_status = models.CharField(max_length=20, choices=HarmStatus)
    reason = models.TextField(blank=True)
    judged_at = models.DateTimeField()
    needs_approval = models.BooleanField(default=False)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    approval_note = models.CharField(max_length=300, blank=True)

    class Meta(Entry.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=Q(judged_level=models.F("computed_level")) | ~Q(reason=""),
                name="judgement_override_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by=None)
                | Q(approved_at__isnull=False, approved_by__isnull=False),
                name="judgement_approval_paired",
            ),
        ]
        indexes = [models.Index(fields=["child", "-judged_at"], name="level_judgement_child")]


@pghistory.track()
class JudgementReturn(Entry):
    """A lowered level that a manager sent back to the one who judged it, with the reason. It never counts; another
    judgement takes its place. `author` is the manager."""

    judgement = models.OneToOneField(LevelJudgement, on_delete=models.PROTECT, related_name="sent_back")
    reason = models.TextField()
    sent_back_at = models.DateTimeField()

    class Meta(Entry.Meta):
        abstract = False
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="judgement_return_has_reason")]
        indexes = [models.Index(fields=["child", "-sent_back_at"], name="judgement_return_child")]
