"""The timeline of a file."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.middleware.policy import policy
from accounts.rules.refusals import Refusal
from accounts.rules.roles import Capability
from accounts.rules.text import page_hrefs, page_number
from cases.access.choices import Category
from cases.access.rules import REASONS, Action
from cases.forms.chronology import ChronologyEntryForm, ChronologyFilterForm, end_of, start_of
from cases.presenters import overview
from cases.presenters.frame import crumbs_to
from cases.presenters.timeline import timeline
from cases.record.choices import EntryKind
from cases.record.rules import RecordRefused
from cases.record.selectors import chronology_of, withheld_counts
from cases.record.services import OpenFile, add_chronology
from cases.views.loading import file_page

PAGE_LENGTH = 50


@policy(capability=Capability.READ_FILES, reads_file=True, name="cases:chronology")
@file_page("cases:chronology")
def show_chronology(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """What happened, newest first, as far as I may read it; what is withheld is said."""
    form = ChronologyFilterForm(request.GET or None, at=opened.at)
    wanted = form.cleaned_data if form.is_bound and form.is_valid() else {}
    whole = request.GET.get("whole") == "1"
    page = page_number(request.GET.get("page", "1"))
    entries = chronology_of(
        opened.child,
        viewer=opened.viewer,
        matrix=opened.matrix,
        at=opened.at,
        kinds=wanted.get("kind", ()),
        happened_from=start_of(wanted.get("happened_from")),
        happened_before=end_of(wanted.get("happened_until")),
        limit=None if whole else PAGE_LENGTH + 1,
        skip=0 if whole else (page - 1) * PAGE_LENGTH,
    )
    more = not whole and len(entries) > PAGE_LENGTH
    counts = withheld_counts(opened.child, categories=overview.existence_categories(opened), viewer=opened.viewer)
    query = [(name, value) for name, values in request.GET.lists() if name not in ("page", "whole") for value in values]
    context = {
        "opened": opened,
        "reference": opened.child.reference,
        "crumbs": crumbs_to(opened, here="Chronology"),
        "form": form,
        "entries": timeline(opened, entries if whole else entries[:PAGE_LENGTH]),
        "withheld": overview.withheld_notices(counts),
        "may_add": opened.may(Action.ADD_ENTRY) and bool(_categories(opened)),
        "narrowed": any(wanted.values()),
        "clear_href": reverse("cases:chronology", args=[opened.child.reference]),
        **page_hrefs(1 if whole else page, has_more=more, query=query),
        "whole_href": f"?{urlencode([*query, ('whole', 1)])}" if more or page > 1 else "",
    }
    return render(request, "cases/chronology.html", context, status=422 if form.errors else 200)


def _categories(opened: OpenFile) -> list[Category]:
    """The kinds of information that this viewer may write on this file."""
    unwritten = {Category.WHO_LOOKED, Category.SHARING}
    return [
        category
        for category in Category
        if category not in unwritten and opened.may(Action.ADD_ENTRY, category=category)
    ]


@policy(methods=("GET", "POST"), capability=Capability.WRITE_FILES, reads_file=True, name="cases:add_chronology")
@file_page("cases:add_chronology", action=Action.ADD_ENTRY)
def add_entry(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Write down something that happened."""
    categories = _categories(opened)
    if not categories:
        raise Refusal(REASONS["category_withheld"], code="category_withheld", child_id=opened.child.pk)
    form = ChronologyEntryForm(request.POST or None, at=opened.at, categories=categories)
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            add_chronology(
                child=opened.child,
                kind=EntryKind(said["kind"]),
                category=Category(said["category"]),
                happened_at=said["happened_at"],
                summary=said["summary"],
                detail=said["detail"],
                source=said["source"],
                third_party=said["third_party"],
                at=opened.at,
                by=opened.viewer,
            )
        except RecordRefused as refusal:
            form.add_error("happened_at", refusal.reason)
        else:
            messages.success(request, "Written in the chronology.")
            return redirect("cases:chronology", opened.child.reference)
    context = {
        "opened": opened,
        "reference": opened.child.reference,
        "crumbs": crumbs_to(opened, here="Add an entry", under="cases:chronology"),
        "form": form,
        "heading": "Add an entry",
        "button": "Save",
        "cancel_href": reverse("cases:chronology", args=[opened.child.reference]),
    }
    return render(request, "cases/ask.html", context, status=422 if form.is_bound else 200)
