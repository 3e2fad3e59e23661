"""Changes of the access matrix that somebody proposes, and who has signed for them."""

import uuid

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.choices import RoleKey
from accounts.models import DefinitionVersion, Membership
from cases.access.choices import Category, Cell


@pghistory.track()
class MatrixProposal(models.Model):
    """Changes of who sees what, to follow one version of the matrix from a day on, until signed for or withdrawn."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    follows = models.ForeignKey(DefinitionVersion, on_delete=models.PROTECT, related_name="+")
    effective_on = models.DateField()
    reason = models.CharField(max_length=600)
    proposed_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    adopted_at = models.DateTimeField(null=True, blank=True)
    adopted = models.OneToOneField(
        DefinitionVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="matrix_proposal"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="matrix_proposal_withdrawn_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(adopted_at=None, adopted=None) | Q(adopted_at__isnull=False, adopted__isnull=False),
                name="matrix_proposal_adopted_as_a_version",
            ),
            models.CheckConstraint(condition=Q(adopted_at=None) | Q(withdrawn_at=None), name="matrix_proposal_one_end"),
        ]

    @property
    def is_open(self) -> bool:
        """Whether it still waits for signatures."""
        return self.adopted_at is None and self.withdrawn_at is None


@pghistory.track()
class MatrixChange(models.Model):
    """One cell of a proposal: what a role would see of a kind of information."""

    proposal = models.ForeignKey(MatrixProposal, on_delete=models.PROTECT, related_name="changes")
    role = models.CharField(max_length=40, choices=RoleKey)
    category = models.CharField(max_length=30, choices=Category)
    cell = models.CharField(max_length=1, choices=Cell)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "role", "category"], name="matrix_change_one_for_each_cell")
        ]


class MatrixSignature(models.Model):
    """Somebody signed for a proposal as it stood; from the first on, it is changed no more."""

    proposal = models.ForeignKey(MatrixProposal, on_delete=models.PROTECT, related_name="signatures")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    user_id = models.BigIntegerField()
    signed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["proposal", "user_id"], name="matrix_signature_once")]
