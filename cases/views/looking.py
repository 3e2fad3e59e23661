"""Who can see a file and why, and who looked."""

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.middleware.policy import policy
from accounts.rules.roles import Capability
from accounts.rules.text import page_hrefs, page_number
from cases.access.choices import Category
from cases.access.models import AccessGrant
from cases.access.rules import Action, Level, decide
from cases.access.selectors import roles_of
from cases.forms.chronology import end_of, start_of
from cases.forms.looking import LookFilterForm
from cases.presenters import looking
from cases.presenters.frame import crumbs_to
from cases.record.selectors import LookFilter, who_can_see, who_has_looked, who_looked
from cases.record.services import OpenFile
from cases.sharing.selectors.conflicts import told_of_looks
from cases.views.loading import file_page

PAGE_LENGTH, EXPORTED = 50, 10_000


@policy(capability=Capability.READ_FILES, reads_file=True, name="cases:who_can_see")
@file_page("cases:who_can_see", action=Action.SEE_WHO_CAN)
def show_who_can_see(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Which agencies, functions and people can see this file, which kinds of information, why and until when."""
    grants = who_can_see(opened.child.pk, named_only=opened.facts.restricted, at=opened.at)
    every = _sees_every_grant(opened)
    shown = grants if every else _near(grants, opened)
    today = timezone.localdate(opened.at)
    roles = roles_of([grant.group_id for grant in shown if grant.group_id], on=today)
    subjects = looking.subjects_of(shown, roles, today=today)
    decision = decide(opened.viewer, Action.VIEW_FILE, opened.facts, opened.matrix)
    context = {
        "opened": opened,
        "reference": opened.child.reference,
        "crumbs": crumbs_to(opened, here="Who can see it"),
        "me": looking.why_me(opened, grants, reason_code=decision.reason_code),
        "subjects": [looking.subject_card(subject, opened.matrix) for subject in subjects],
        "every": every,
        "restrict_href": reverse("cases:restriction", args=[opened.child.reference])
        if opened.may(Action.RESTRICT)
        else "",
    }
    return render(request, "cases/who_can_see.html", context)


def _sees_every_grant(opened: OpenFile) -> bool:
    """Which service works with a child may tell what about: so the whole list is for those with the whole picture."""
    return opened.level(Category.IDENTITY) == Level.FULL or opened.level(Category.WHO_LOOKED) == Level.FULL


def _near(grants: list[AccessGrant], opened: OpenFile) -> list[AccessGrant]:
    """The grants that somebody who sees identity in summary may know of: their agency's, the functions', the lead's."""
    lead = opened.lead
    agency_ids = {opened.viewer.agency_id, lead.working_agency_id if lead else None}
    near = []
    for grant in grants:
        if grant.membership is not None:
            known = grant.membership.agency_id in agency_ids
        else:
            agency = getattr(grant.group, "agency", None)
            known = agency is None or agency.pk in agency_ids
        if known:
            near.append(grant)
    return near


@policy(capability=Capability.READ_FILES, reads_file=True, name="cases:who_looked")
@file_page("cases:who_looked", action=Action.SEE_WHO_LOOKED)
def show_who_looked(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Who opened this file, when, which page and why they could; for the guardian, who was refused."""
    refusals = opened.viewer.may(Capability.AUDIT)
    conflicts = told_of_looks(opened.viewer, opened.child.pk)
    people, agencies = who_has_looked(opened.child.pk, refusals=refusals, conflicts=conflicts)
    form = _filter(request, opened, people, agencies)
    wanted = _wanted(form, refusals=refusals)
    page = page_number(request.GET.get("page", "1"))
    skip = (page - 1) * PAGE_LENGTH
    events = who_looked(opened.child.pk, wanted=wanted, conflicts=conflicts, skip=skip, limit=PAGE_LENGTH + 1)
    shown = events[:PAGE_LENGTH]
    query = [(name, value) for name, values in request.GET.lists() if name != "page" for value in values]
    context = {
        "opened": opened,
        "reference": opened.child.reference,
        "crumbs": crumbs_to(opened, here="Who looked"),
        "form": form,
        "columns": looking.look_columns(refusals=refusals),
        "rows": looking.look_rows(shown, people=people, agencies=agencies, refusals=refusals),
        "narrowed": wanted != LookFilter(refusals=refusals),
        "clear_href": reverse("cases:who_looked", args=[opened.child.reference]),
        "export_href": f"{reverse('cases:export_who_looked', args=[opened.child.reference])}?{urlencode(query)}",
        **page_hrefs(page, has_more=len(events) > PAGE_LENGTH, query=query),
    }
    return render(request, "cases/who_looked.html", context, status=422 if form.errors else 200)


@policy(
    capability=Capability.READ_FILES,
    reads_file=True,
    fresh_code=True,
    back_to="cases:who_looked",
    name="cases:export_who_looked",
)
@file_page("cases:export_who_looked", action=Action.SEE_WHO_LOOKED)
def export_who_looked(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """The same as a file for a spreadsheet, the newest 10,000 rows; that it was taken is written down."""
    refusals = opened.viewer.may(Capability.AUDIT)
    conflicts = told_of_looks(opened.viewer, opened.child.pk)
    people, agencies = who_has_looked(opened.child.pk, refusals=refusals, conflicts=conflicts)
    form = _filter(request, opened, people, agencies)
    if form.errors:
        return redirect(f"{reverse('cases:who_looked', args=[opened.child.reference])}?{request.GET.urlencode()}")
    wanted = _wanted(form, refusals=refusals)
    events = who_looked(opened.child.pk, wanted=wanted, conflicts=conflicts, limit=EXPORTED)
    text = looking.looks_csv(events, people=people, agencies=agencies, refusals=refusals)
    headers = {"Content-Disposition": 'attachment; filename="who-looked.csv"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


def _filter(
    request: HttpRequest, opened: OpenFile, people: dict[int, str], agencies: dict[UUID, str]
) -> LookFilterForm:
    return LookFilterForm(
        request.GET or None,
        at=opened.at,
        people=[(str(pk), name) for pk, name in people.items()],
        agencies=sorted(((str(pk), name) for pk, name in agencies.items()), key=lambda pair: pair[1]),
        sees_refusals=opened.viewer.may(Capability.AUDIT),
    )


def _wanted(form: LookFilterForm, *, refusals: bool) -> LookFilter:
    if not form.is_bound or not form.is_valid():
        return LookFilter(refusals=refusals)
    said = form.cleaned_data
    return LookFilter(
        person_id=int(said["person"]) if said["person"] else None,
        agency_id=UUID(said["agency"]) if said["agency"] else None,
        looked_from=start_of(said["looked_from"]),
        looked_before=end_of(said["looked_until"]),
        refusals=refusals and said.get("outcome", "") != "allowed",
        only_refusals=refusals and said.get("outcome") == "refused",
    )
