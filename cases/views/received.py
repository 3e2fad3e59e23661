"""What was shared with the reader or their agency, what they may do with it, and what was withdrawn from them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.forms import WriteForm
from accounts.middleware.policy import policy
from accounts.rules.dates import moment
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from accounts.selectors import now
from accounts.services.access_events import trace_of
from cases.access.choices import Category
from cases.access.rules import category_level
from cases.access.selectors import facts_of, matrix_in_force
from cases.presenters import shares as words
from cases.presenters import withdrawn as withdrawn_words
from cases.presenters.frame import shown_name
from cases.presenters.timeline import timeline
from cases.record.selectors.lists import files_known
from cases.record.services import note_files_shown, open_file
from cases.sharing.selectors import shares as selectors
from cases.sharing.selectors.withdrawn import destroyed_by, jobs_held_by, share_withdrawn
from cases.sharing.services import shares as services
from cases.sharing.services.withdrawn import confirm_destroyed
from cases.views.loading import viewer_of


@policy(capability=Capability.READ_FILES, name="cases:shared_with_us")
def show_shared_with_us(request: HttpRequest) -> HttpResponse:
    """What is shared with me or with my agency now, the latest first."""
    viewer, at = viewer_of(request), now()
    shares = selectors.shares_received(viewer, at=at)
    matrix = matrix_in_force(on=timezone.localdate(at))
    ids = {share.child_id for share in shares}
    names = {
        pk: shown_name(child, category_level(viewer, Category.IDENTITY, facts_of(child), matrix))
        for pk, child in files_known(viewer, ids, at=at).items()
    }
    note_files_shown(
        viewer=viewer, page="cases:shared_with_us", child_ids=sorted(ids, key=str), trace=trace_of(request)
    )
    context = {
        "columns": words.RECEIVED_COLUMNS,
        "rows": words.received_rows(shares, names),
        "agency": viewer.agency_name,
    }
    return render(request, "cases/shared_with_us.html", context)


@policy(methods=("GET", "POST"), capability=Capability.READ_FILES, name="cases:share_received")
def show_share_received(request: HttpRequest, received_id: UUID) -> HttpResponse:
    """One share: what it is, and what its receiver may do with it; they say that they have read it."""
    viewer, at = viewer_of(request), now()
    share = selectors.share_received(viewer, received_id, at=at)
    if share is None:
        raise NotKnown("no_share")
    if request.method == "POST":
        form = WriteForm(request.POST)
        if form.is_valid():
            services.acknowledge_share(decision_id=received_id, at=at, by=viewer)
            messages.success(request, "Thank you. Whoever shared it sees that you have read this.")
            return redirect("cases:share_received", received_id)
    else:
        form = WriteForm()
    opened = open_file(
        viewer=viewer, reference=share.child.reference, at=at, trace=trace_of(request), page="cases:share_received"
    )
    context = {
        "opened": opened,
        "form": form,
        "facts": words.received_facts(opened, share),
        "statement": words.statement_of(share),
        "entries": timeline(opened, selectors.entries_of(share, viewer=viewer, at=at)),
        "has_entries": bool(share.entry_ids),
        "acknowledged": share.acknowledged_at is not None,
    }
    return render(request, "cases/share_received.html", context, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), capability=Capability.READ_FILES, name="cases:share_withdrawn")
def show_share_withdrawn(request: HttpRequest, breach_id: UUID) -> HttpResponse:
    """What was shared with the reader in error, by its reference alone, and what they must do; they say that they
    have. For whoever was told to, although their access has ended.
    """
    viewer, at = viewer_of(request), now()
    breach = share_withdrawn(viewer, breach_id, at=at)
    if breach is None:
        raise NotKnown("no_breach")
    form = WriteForm(request.POST or None)
    if form.is_bound and form.is_valid():
        confirm_destroyed(breach_id=breach_id, at=at, by=viewer)
        messages.success(request, "Thank you. The data guardians see that you have destroyed what you had.")
        return redirect("cases:share_withdrawn", breach_id)
    page, file = "cases:share_withdrawn", breach.decision.child_id
    note_files_shown(viewer=viewer, page=page, child_ids=[file], trace=trace_of(request))
    matrix, said = matrix_in_force(on=timezone.localdate(at)), destroyed_by(viewer, breach_id)
    found_as = jobs_held_by(breach.found_by, at=breach.found_at)
    context = {
        "form": form,
        "facts": withdrawn_words.withdrawn_facts(breach, viewer, matrix, found_as=found_as),
        "steps": withdrawn_words.what_to_do(breach, said=said is not None),
        "destroyed": moment(said.confirmed_at) if said else "",
    }
    return render(request, "cases/share_withdrawn.html", context, status=422 if form.is_bound else 200)
