"""What was shared with the reader, or with the reader's agency, and what they may do with it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.forms import WriteForm
from accounts.middleware.policy import policy
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from accounts.selectors import now
from accounts.services.access_events import trace_of
from cases.access.choices import Category
from cases.access.rules import category_level
from cases.access.selectors import facts_of, matrix_in_force
from cases.presenters import shares as words
from cases.presenters.frame import shown_name
from cases.presenters.timeline import timeline
from cases.record.selectors.lists import files_known
from cases.record.services import note_files_shown, open_file
from cases.sharing.selectors import shares as selectors
from cases.sharing.services import shares as services
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
