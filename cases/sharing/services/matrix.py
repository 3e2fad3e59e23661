"""Proposing a change of the access matrix, and adopting it by the signatures of two people."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from accounts.models import DefinitionVersion
from accounts.rules.dates import day
from accounts.rules.viewers import Viewer
from accounts.services.definitions import adopt_version
from cases.sharing.models.matrix import MatrixChange, MatrixProposal, MatrixSignature
from cases.sharing.rules.matrix import (
    MatrixRefused,
    changed,
    check_change,
    check_effective,
    check_may_propose,
    check_signature,
    is_adopted,
    write_matrix,
)
from cases.sharing.selectors.matrix import MATRIX, changes_of, latest_version, matrix_of, proposal_by


@transaction.atomic
def propose_matrix(
    *, role: str, category: str, cell: str, effective_on: date, reason: str, at: datetime, by: Viewer
) -> MatrixProposal:
    """Propose a change of who sees what, to follow the version adopted last. More changes are added to it one by one.

    Raises MatrixRefused for a person who does not govern access, a change that is none, or a day that has passed.
    """
    check_may_propose(by)
    check_effective(effective_on, today=localdate(at))
    follows = latest_version()
    change = check_change(role=role, category=category, cell=cell, matrix=matrix_of(follows))
    proposal = MatrixProposal.objects.create(
        follows=follows,
        effective_on=max(effective_on, follows.effective_on),
        reason=reason,
        proposed_by_id=by.acting_membership_id,
        proposed_at=at,
    )
    MatrixChange.objects.create(proposal=proposal, role=change.role, category=change.category, cell=change.after)
    return proposal


@transaction.atomic
def add_change(*, proposal_id: UUID, role: str, category: str, cell: str, by: Viewer) -> None:
    """Put one more change into one's own proposal. Raises MatrixRefused once somebody has signed for it."""
    proposal = _own_and_unsigned(proposal_id, by)
    change = check_change(role=role, category=category, cell=cell, matrix=matrix_of(proposal.follows))
    MatrixChange.objects.update_or_create(
        proposal=proposal, role=change.role, category=change.category, defaults={"cell": change.after}
    )


@transaction.atomic
def remove_change(*, proposal_id: UUID, role: str, category: str, by: Viewer) -> None:
    """Take one change out of one's own proposal. Raises MatrixRefused for the last, and once somebody has signed."""
    proposal = _own_and_unsigned(proposal_id, by)
    if proposal.changes.count() == 1:
        raise MatrixRefused("A proposal needs a change. Withdraw it if there is to be none.")
    proposal.changes.filter(role=role, category=category).delete()


@transaction.atomic
def withdraw_proposal(*, proposal_id: UUID, at: datetime, by: Viewer) -> MatrixProposal:
    """Take a proposal back; whoever governs access may. Raises MatrixRefused where it has ended."""
    check_may_propose(by)
    proposal = _locked(proposal_id)
    proposal.withdrawn_at, proposal.withdrawn_by_id = at, by.acting_membership_id
    proposal.save(update_fields=["withdrawn_at", "withdrawn_by"])
    return proposal


@transaction.atomic
def sign_proposal(*, proposal_id: UUID, at: datetime, by: Viewer) -> MatrixProposal:
    """Sign for a proposal as it stands; with the signature that suffices it becomes the next version.

    It holds from the day it names, or from tomorrow where that has passed. Raises MatrixRefused where the person may
    not sign, or where another version was adopted meanwhile.
    """
    proposal = _locked(proposal_id)
    signatures = list(proposal.signatures.select_related("membership__user"))
    changes = changes_of(proposal)
    check_signature(by, changes, signed_by=[row.user_id for row in signatures])
    if latest_version() != proposal.follows:
        raise MatrixRefused("Another version was adopted since this was proposed. Propose the change anew.")
    signed = MatrixSignature.objects.create(
        proposal=proposal, membership_id=by.acting_membership_id, user_id=by.person_id, signed_at=at
    )
    signatures.append(signed)
    if is_adopted(changes, roles_of_signers=[row.membership.role for row in signatures]):
        proposal.adopted, proposal.adopted_at = _adopt(proposal, signatures, at), at
        proposal.save(update_fields=["adopted", "adopted_at"])
    return proposal


def _adopt(proposal: MatrixProposal, signatures: list[MatrixSignature], at: datetime) -> DefinitionVersion:
    effective_on = max(proposal.effective_on, localdate(at) + timedelta(days=1))
    number = proposal.follows.version + 1
    names = " and ".join(str(row.membership.user) for row in signatures)
    owner = f"{names}, on {day(localdate(at))}"
    cells = changed(matrix_of(proposal.follows), changes_of(proposal))
    return adopt_version(
        **MATRIX,
        version=number,
        body=write_matrix(cells, version=number, effective_on=effective_on, owner=owner),
        effective_on=effective_on,
        adopted_by=owner if len(owner) <= 120 else f"{len(signatures)} people, on {day(localdate(at))}",
    )


def _own_and_unsigned(proposal_id: UUID, by: Viewer) -> MatrixProposal:
    check_may_propose(by)
    proposal = _locked(proposal_id)
    if proposal.proposed_by_id != by.membership_id:
        raise MatrixRefused(
            "Only whoever proposed it changes what it says. You may propose another.", code="not_theirs"
        )
    if proposal.signatures.exists():
        raise MatrixRefused("Somebody has signed for this as it stands. Withdraw it and propose another.")
    return proposal


def _locked(proposal_id: UUID) -> MatrixProposal:
    MatrixProposal.objects.select_for_update().filter(pk=proposal_id).first()
    proposal = proposal_by(proposal_id)
    if not proposal.is_open:
        raise MatrixRefused("This proposal has ended: it was adopted or withdrawn.")
    return proposal
