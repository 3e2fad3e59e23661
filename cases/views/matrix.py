"""Who sees what: the access matrix for everybody to read, and changes of it for two people to adopt."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.forms import WriteForm
from accounts.middleware.policy import policy
from accounts.rules.dates import day
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from accounts.selectors import now
from cases.forms.matrix import ChangeForm, ProposeForm, ReadMatrixForm, RemoveChangeForm
from cases.presenters import matrix as shown
from cases.sharing.models.matrix import MatrixProposal
from cases.sharing.rules.matrix import MatrixRefused, check_signature, difference
from cases.sharing.selectors import matrix as found
from cases.sharing.services import matrix as services
from cases.views.loading import viewer_of

GOVERN = Capability.GOVERN_ACCESS
CELL = ("role", "category", "cell")


@policy(needs_membership=False, name="cases:matrix")
def matrix(request: HttpRequest) -> HttpResponse:
    """What each role sees, in words and as a table, in the version that holds or in another."""
    viewer, versions = viewer_of(request), found.matrix_versions()
    today = timezone.localdate(now())
    current = next(row for row in versions if row.effective_on <= today)
    wanted = request.GET.get("version", "")
    version = next((row for row in versions if str(row.version) == wanted), None) if wanted else current
    if version is None:
        raise NotKnown("no_version")
    role = shown.role_to_read(viewer, request.GET.get("role", ""))
    cells = found.matrix_of(version)
    earlier = next((row for row in versions if row.version == version.version - 1), None)
    columns, rows = shown.table(cells)
    context = {
        "form": ReadMatrixForm(initial={"role": role}),
        "version": version,
        "in_force": version == current,
        "role_name": shown.role_name(role),
        "role_rows": shown.role_rows(role, cells),
        "columns": columns,
        "rows": rows,
        "key": shown.key_rows(),
        "changes": _changes_since(earlier, cells),
        "versions": [shown.version_line(row, current=current) for row in versions],
        "proposals": [shown.proposal_line(row) for row in found.open_proposals()] if viewer.may(GOVERN) else [],
        "governs": viewer.may(GOVERN),
    }
    return render(request, "cases/matrix.html", context)


def _changes_since(earlier: Any, cells: Any) -> list[str]:
    if earlier is None:
        return []
    return [shown.change_sentence(change) for change in difference(found.matrix_of(earlier), cells)]


@policy(methods=("GET", "POST"), capability=GOVERN, name="cases:propose_matrix")
def propose_matrix(request: HttpRequest) -> HttpResponse:
    """Propose a change of one cell; more are added on the proposal's own page."""
    at = now()
    form = ProposeForm(request.POST or None, at=at)
    if form.is_bound and form.is_valid():
        said = {name: form.cleaned_data[name] for name in (*CELL, "reason", "effective_on")}
        try:
            proposal = services.propose_matrix(**said, at=at, by=viewer_of(request))
        except MatrixRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The proposal is saved. Look at what it would change, then sign for it or wait.")
            return redirect("cases:matrix_proposal", proposal.pk)
    return _ask(request, form, heading="Propose a change of who sees what", back=reverse("cases:matrix"))


def _ask(request: HttpRequest, form: WriteForm, *, heading: str, back: str) -> HttpResponse:
    context = {"form": form, "heading": heading, "button": "Save", "cancel_href": back, "back_href": back}
    return render(request, "cases/matrix_ask.html", context, status=422 if form.is_bound else 200)


@policy(capability=GOVERN, fresh_code=True, name="cases:matrix_proposal")
def matrix_proposal(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """What a proposal would open and close, whom it touches today, and who has signed."""
    return _proposal_page(request, found.proposal_by(proposal_id))


def _proposal_page(request: HttpRequest, proposal: MatrixProposal) -> HttpResponse:
    viewer, at = viewer_of(request), now()
    changes = found.changes_of(proposal)
    mine = proposal.is_open and proposal.proposed_by_id == viewer.membership_id and not proposal.signatures.all()
    context = {
        "proposal": proposal,
        "effective_on": day(proposal.effective_on),
        "proposed_on": day(proposal.proposed_at),
        "sentences": [shown.change_sentence(change) for change in changes],
        "columns": shown.CHANGE_COLUMNS,
        "rows": shown.change_rows((change, found.reach_of(change, viewer, at)) for change in changes),
        "signatures": shown.signature_lines(proposal),
        "form": WriteForm(auto_id=False),
        "cannot_sign": _why_not(proposal, viewer, changes),
        "mine": mine,
        "removals": [(shown.cell_words(change), _removal(change)) for change in changes if mine and len(changes) > 1],
    }
    return render(request, "cases/matrix_proposal.html", context)


def _removal(change: Any) -> RemoveChangeForm:
    return RemoveChangeForm(auto_id=False, initial={"role": change.role, "category": change.category})


def _why_not(proposal: MatrixProposal, viewer: Any, changes: Any) -> str:
    try:
        check_signature(viewer, changes, signed_by=[row.user_id for row in proposal.signatures.all()])
    except MatrixRefused as refusal:
        return refusal.reason
    return ""


@policy(methods=("GET", "POST"), capability=GOVERN, name="cases:add_matrix_change")
def add_matrix_change(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Put one more change into one's own proposal."""
    proposal = found.proposal_by(proposal_id)
    back = reverse("cases:matrix_proposal", args=[proposal.pk])
    form = ChangeForm(request.POST or None)
    if form.is_bound and form.is_valid():
        said = {name: form.cleaned_data[name] for name in CELL}
        try:
            services.add_change(proposal_id=proposal.pk, **said, by=viewer_of(request))
        except MatrixRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The change is in the proposal.")
            return redirect(back)
    return _ask(request, form, heading="Add a change to this proposal", back=back)


@policy(methods=("POST",), capability=GOVERN, name="cases:remove_matrix_change")
def remove_matrix_change(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Take one change out of one's own proposal."""
    proposal, form = found.proposal_by(proposal_id), RemoveChangeForm(request.POST)
    if form.is_valid():
        said = {name: form.cleaned_data[name] for name in ("role", "category")}
        services.remove_change(proposal_id=proposal.pk, **said, by=viewer_of(request))
        messages.success(request, "The change is taken out.")
    return redirect("cases:matrix_proposal", proposal_id)


@policy(
    methods=("POST",), capability=GOVERN, fresh_code=True, back_to="cases:matrix_proposal", name="cases:sign_matrix"
)
def sign_matrix(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Sign for a proposal as it stands."""
    proposal = services.sign_proposal(proposal_id=proposal_id, at=now(), by=viewer_of(request))
    if proposal.adopted is not None:
        from_day = day(proposal.adopted.effective_on)
        messages.success(request, f"Version {proposal.adopted.version} is adopted. It holds from {from_day}.")
    else:
        messages.success(request, "You have signed. It takes another person before it is adopted.")
    return redirect("cases:matrix_proposal", proposal_id)


@policy(methods=("POST",), capability=GOVERN, name="cases:withdraw_matrix")
def withdraw_matrix(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Take a proposal back."""
    services.withdraw_proposal(proposal_id=proposal_id, at=now(), by=viewer_of(request))
    messages.success(request, "The proposal is withdrawn. Nothing has changed.")
    return redirect("cases:matrix_proposal", proposal_id)
