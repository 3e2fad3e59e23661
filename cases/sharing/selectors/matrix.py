"""Versions of the access matrix, proposals to change it, and how much each change would open or close."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.apps import apps
from django.db.models import F, Q, QuerySet
from django.utils.timezone import localdate

from accounts.models import DefinitionVersion, FunctionMember, Membership
from accounts.rules.refusals import NotKnown
from accounts.rules.viewers import Viewer
from cases.access.choices import CATEGORY_BITS, Cell, GrantReason
from cases.access.models import AccessGrant
from cases.access.rules import Matrix, read_matrix
from cases.record.models import Child, Entry
from cases.record.selectors.hidden import hidden_ids
from cases.sharing.models.matrix import MatrixProposal
from cases.sharing.rules.matrix import CellChange

MATRIX = {"kind": "access_matrix", "key": "access_matrix"}


@dataclass(frozen=True)
class Reach:
    """What a change of one cell would touch today: people who hold the role, files open to them, records there."""

    people: int
    files: int
    records: int


def matrix_versions() -> list[DefinitionVersion]:
    """Every adopted version of the matrix, that which takes effect last first."""
    return list(DefinitionVersion.objects.filter(**MATRIX).order_by("-effective_on", "-version"))


def latest_version() -> DefinitionVersion:
    """The version adopted last, whether or not it has taken effect: what the next one follows."""
    return DefinitionVersion.objects.filter(**MATRIX).order_by("-version")[0]


def matrix_of(version: DefinitionVersion) -> Matrix:
    """The cells of one version."""
    return read_matrix(version.body)


def proposals() -> QuerySet[MatrixProposal]:
    """Proposals with what their pages show, newest first."""
    return (
        MatrixProposal.objects.select_related("follows", "adopted", "proposed_by__user", "proposed_by__agency")
        .prefetch_related("changes", "signatures__membership__user", "signatures__membership__agency")
        .order_by("-proposed_at")
    )


def open_proposals() -> list[MatrixProposal]:
    """Those that wait for signatures."""
    return list(proposals().filter(adopted_at=None, withdrawn_at=None))


def proposal_by(proposal_id: UUID) -> MatrixProposal:
    """One proposal. Raises NotKnown for none."""
    found = proposals().filter(pk=proposal_id).first()
    if found is None:
        raise NotKnown("no_proposal")
    return found


def changes_of(proposal: MatrixProposal) -> list[CellChange]:
    """What a proposal changes, against the version it follows, by role and kind of information in their order."""
    before = matrix_of(proposal.follows)
    after = {(row.role, row.category): Cell(row.cell) for row in proposal.changes.all()}
    return [
        CellChange(role, name, before.cell(role, name), cell)
        for role, row in before.cells.items()
        for name in row
        if (cell := after.get((role, name))) is not None
    ]


def reach_of(change: CellChange, viewer: Viewer, at: datetime) -> Reach:
    """How many people, files and records a change touches today, of what is not kept from the viewer.

    Files are those that a live grant opens to the role in this kind of information; a restricted one counts where it
    names somebody in the role. Numbers alone: whoever reads them may not know of the files; but a file that a conflict
    of interest or a restriction keeps from them is in none, or the number would say that it is there.
    """
    holders = Membership.objects.current(localdate(at)).filter(role=change.role)
    serving = FunctionMember.objects.current(localdate(at)).filter(membership__in=holders)
    bit = CATEGORY_BITS[change.category]
    reaching = AccessGrant.objects.live(at).filter(
        Q(group__in=holders.values("agency__group"))
        | Q(group__in=serving.values("function__group"))
        | Q(membership__in=holders)
    )
    opened = reaching.annotate(opened=F("category_mask").bitand(bit)).exclude(opened=0)
    files = Child.objects.filter(pk__in=opened.values("child")).exclude(
        Q(restricted=True) & ~Q(pk__in=opened.filter(reason=GrantReason.NAMED).values("child"))
    )
    files = files.exclude(pk__in=hidden_ids(viewer, at))
    people = holders.values("user").distinct().count()
    return Reach(people=people, files=files.count(), records=_records_on(files, change.category))


def _records_on(files: QuerySet[Child], category: str) -> int:
    """How many records of one kind of information stand on some files, of every kind of content, in one question."""
    first, *others = [
        model._default_manager.filter(child__in=files, category=category).values("pk") for model in content_models()
    ]
    return first.union(*others, all=True).count()


def content_models() -> list[type[Entry]]:
    """Every kind of content that a file can hold, those of the apps above among them."""
    return [model for model in apps.get_models() if issubclass(model, Entry)]
