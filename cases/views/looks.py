"""Who looked, person by person, and the weekly digest: for the data guardians."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.middleware.policy import policy
from accounts.rules.roles import Capability
from accounts.rules.text import page_hrefs, page_number
from accounts.selectors import now
from accounts.selectors.people import agencies_by_sector
from accounts.services.access_events import trace_of
from cases.forms.chronology import end_of, start_of
from cases.forms.looks import PeopleFilterForm, PersonLooksForm, SignalForm
from cases.presenters import looks as shown
from cases.record.selectors import people_known
from cases.record.services import note_files_shown
from cases.sharing.choices import SignalVerdict
from cases.sharing.rules.looks import VerdictRefused
from cases.sharing.selectors import looks as found
from cases.sharing.services import looks as services
from cases.views.loading import viewer_of

AUDIT = Capability.AUDIT
PAGE_LENGTH, EXPORTED = 50, 10_000
LATELY = timedelta(days=28)


@policy(methods=("GET", "POST"), capability=AUDIT, writes=False, name="cases:looks")
def looks(request: HttpRequest) -> HttpResponse:
    """Everybody who has looked or was refused in the last four weeks; a POST, as a name may be asked for."""
    agencies = [(str(agency.pk), agency.name) for agency in agencies_by_sector()]
    form = PeopleFilterForm(request.POST or None, agencies=agencies)
    wanted, at = found.PersonFilter(), now()
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        agency_id = UUID(said["agency"]) if said["agency"] else None
        wanted = found.PersonFilter(words=said["words"], agency_id=agency_id, refused=said["refused"])
    page = page_number(request.GET.get("page", "1"))
    people = found.people_who_looked(
        viewer_of(request), wanted, at=at, since=at - LATELY, skip=(page - 1) * PAGE_LENGTH, limit=PAGE_LENGTH + 1
    )
    rows = people[:PAGE_LENGTH]
    context = {
        "form": form,
        "columns": shown.PEOPLE_COLUMNS,
        "rows": shown.people_rows(rows, found.agencies_of(row.user_id for row in rows)),
        "narrowed": wanted != found.PersonFilter(),
        **page_hrefs(page, has_more=len(people) > PAGE_LENGTH and not form.is_bound),
        "more": len(people) > PAGE_LENGTH and form.is_bound,
    }
    return render(request, "cases/looks.html", context, status=422 if form.errors else 200)


@policy(capability=AUDIT, name="cases:person_looks")
def person_looks(request: HttpRequest, user_id: int) -> HttpResponse:
    """Everything one person opened, had in a list or was refused."""
    person, at = found.person_with_looks(user_id), now()
    form = PersonLooksForm(request.GET if _asked(request) else None, at=at)
    events = found.looks_of(viewer_of(request), person.pk, at=at, **_days(form))
    page = page_number(request.GET.get("page", "1"))
    rows = list(events[(page - 1) * PAGE_LENGTH : page * PAGE_LENGTH + 1])
    services.note_oversight(viewer=viewer_of(request), page="cases:person_looks", trace=trace_of(request))
    here = reverse("cases:person_looks", args=[person.pk])
    query = [(name, value) for name, given in request.GET.lists() if name.startswith("looked_") for value in given]
    context = {
        "form": form,
        "person": person,
        "agency": found.agencies_of([person.pk]).get(person.pk, ""),
        "columns": shown.EVENT_COLUMNS,
        "rows": shown.event_rows(rows[:PAGE_LENGTH], found.references_of(viewer_of(request), rows, at=at)),
        "narrowed": form.is_bound,
        "clear_href": here,
        "export_href": f"{reverse('cases:export_looks', args=[person.pk])}?{urlencode(query)}",
        **page_hrefs(page, has_more=len(rows) > PAGE_LENGTH, query=query),
    }
    return render(request, "cases/person_looks.html", context, status=422 if form.errors else 200)


def _asked(request: HttpRequest) -> bool:
    return any(name.startswith("looked_") for name in request.GET)


def _days(form: PersonLooksForm) -> dict[str, datetime | None]:
    said = form.cleaned_data if form.is_bound and form.is_valid() else {}
    return {
        "looked_from": start_of(said.get("looked_from")),
        "looked_before": end_of(said.get("looked_until")),
    }


@policy(capability=AUDIT, fresh_code=True, back_to="cases:person_looks", name="cases:export_looks")
def export_looks(request: HttpRequest, user_id: int) -> HttpResponse:
    """The same as a file for a spreadsheet, the newest 10,000 rows; that it was taken is written down."""
    person, at = found.person_with_looks(user_id), now()
    form = PersonLooksForm(request.GET if _asked(request) else None, at=at)
    events = list(found.looks_of(viewer_of(request), person.pk, at=at, **_days(form))[:EXPORTED])
    services.note_oversight(viewer=viewer_of(request), page="cases:export_looks", trace=trace_of(request))
    text = shown.events_csv(events, found.references_of(viewer_of(request), events, at=at))
    headers = {"Content-Disposition": 'attachment; filename="looks.csv"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


@policy(capability=AUDIT, name="cases:look_digests")
def look_digests(request: HttpRequest) -> HttpResponse:
    """The weeks that were gone through."""
    digests = found.digests(viewer_of(request), now())
    return render(request, "cases/look_digests.html", {"digests": shown.digest_items(digests)})


@policy(capability=AUDIT, name="cases:look_digest")
def look_digest(request: HttpRequest, digest_id: UUID) -> HttpResponse:
    """One week's looks that are worth a question."""
    digest, viewer, at = found.digest_by(digest_id), viewer_of(request), now()
    signals = found.signals_for(viewer, digest, at=at)
    references = found.references_of(viewer, signals, at=at)
    note_files_shown(viewer=viewer, page="cases:look_digest", child_ids=references, trace=trace_of(request))
    context = {
        "week": shown.week_words(digest.week_from),
        "groups": shown.signal_groups(
            signals,
            people=people_known(row.user_id for row in signals),
            references=references,
            reader=viewer.person_id,
        ),
    }
    return render(request, "cases/look_digest.html", context)


@policy(methods=("GET", "POST"), capability=AUDIT, name="cases:decide_signal")
def decide_signal(request: HttpRequest, signal_id: UUID) -> HttpResponse:
    """Say what came of a signal."""
    viewer, at = viewer_of(request), now()
    signal = found.signal_for(viewer, signal_id, at=at)
    form = SignalForm(request.POST or None)
    back = reverse("cases:look_digest", args=[signal.digest_id])
    if form.is_bound and form.is_valid():
        verdict, note = SignalVerdict(form.cleaned_data["verdict"]), form.cleaned_data["note"]
        try:
            services.decide_signal(signal_id=signal.pk, verdict=verdict, note=note, at=at, by=viewer)
        except VerdictRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "What came of it is written down.")
            return redirect(back)
    context = {
        "form": form,
        "heading": signal.get_kind_display(),
        "intro": people_known([signal.user_id]).get(signal.user_id, ""),
        "question": shown.question_of(signal),
        "button": "Save",
        "cancel_href": back,
        "back_href": back,
    }
    return render(request, "cases/signal.html", context, status=422 if form.errors else 200)
