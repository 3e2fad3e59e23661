"""The front page of a child's file, and what is corrected and added there."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.forms import WriteForm
from accounts.middleware.policy import policy
from accounts.rules.dates import moment
from accounts.rules.refusals import NotKnown, Refusal, Stale
from accounts.rules.roles import Capability
from cases.access.choices import Category
from cases.access.rules import REASONS, Action
from cases.forms import record as forms
from cases.presenters import overview
from cases.presenters.addresses import said_of_protection
from cases.presenters.conflict import conflict_rows, kept_values
from cases.presenters.timeline import timeline
from cases.record.models import Address, DatedEntry
from cases.record.rules import RecordRefused
from cases.record.selectors import chronology_of, facts_on, involvements_of, saved_since, withheld_counts
from cases.record.services import (
    PERIODS,
    OpenFile,
    PeriodKind,
    add_alias,
    add_identifier,
    agree_safe_contact,
    change_identity,
    record_period,
)
from cases.sharing.selectors.addresses import known_rows
from cases.views.asking import ask_on_file, frame_of
from cases.views.loading import file_page

READ, WRITE = Capability.READ_FILES, Capability.WRITE_FILES
LATEST = 5
HEADINGS = {
    PeriodKind.PLAN: "Change the plan",
    PeriodKind.LEGAL: "Change the legal status",
    PeriodKind.PLACEMENT: "Change where the child lives",
    PeriodKind.SCHOOL: "Change the school",
    PeriodKind.AUTHORITY: "Change an authority",
    PeriodKind.ADDRESS: "Change an address",
}


@policy(capability=READ, reads_file=True, name="cases:file")
@file_page("cases:file")
def show_file(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """The answer before the detail: how worried to be, whom to ring, where the child is, what happened last."""
    facts = facts_on(opened.child, viewer=opened.viewer)
    entries = chronology_of(opened.child, viewer=opened.viewer, matrix=opened.matrix, at=opened.at, limit=LATEST)
    counts = withheld_counts(opened.child, categories=overview.existence_categories(opened), viewer=opened.viewer)
    context = {
        **frame_of(opened, here="Overview"),
        "glance": overview.at_a_glance(opened, facts),
        "where": overview.where_rows(opened, facts),
        "identity": overview.identity_rows(opened, facts),
        "may_correct": opened.may(Action.ADD_ENTRY, category=Category.IDENTITY),
        "history": overview.history(opened, facts),
        "workers": overview.workers(opened, involvements_of(opened.child.pk)),
        "latest": timeline(opened, entries),
        "withheld": overview.withheld_notices(counts),
        "openness": overview.openness(opened),
        "may_add": opened.may(Action.ADD_ENTRY),
    }
    return render(request, "cases/file.html", context)


def _ask(request: HttpRequest, opened: OpenFile, form: WriteForm, *, heading: str) -> HttpResponse:
    back = reverse("cases:file", args=[opened.child.reference])
    return ask_on_file(request, opened, form, heading=heading, cancel_href=back)


@policy(methods=("GET", "POST"), capability=WRITE, reads_file=True, name="cases:change_identity")
@file_page("cases:change_identity", action=Action.ADD_ENTRY, category=Category.IDENTITY)
def correct_identity(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Correct who the child is; where somebody saved first, both versions are shown and merged by field."""
    child = opened.child
    now_kept = {name: getattr(child, name) for name in forms.Identity.__dataclass_fields__}
    data = kept_values(request.POST, forms.IdentityForm, now_kept) if request.method == "POST" else None
    form = forms.IdentityForm(data, at=opened.at, initial={**now_kept, "version": child.version})
    if form.is_bound and form.is_valid():
        version = form.cleaned_data["version"] or 0
        try:
            change_identity(child=child, identity=form.identity(), version=version, at=opened.at, by=opened.viewer)
        except Stale:
            return _show_both(request, opened, form, version=version, now_kept=now_kept)
        messages.success(request, "Saved.")
        return redirect("cases:file", child.reference)
    return _ask(request, opened, form, heading="Correct who the child is")


def _show_both(
    request: HttpRequest, opened: OpenFile, form: forms.IdentityForm, *, version: int, now_kept: dict[str, Any]
) -> HttpResponse:
    since = saved_since(opened.child, version=version, fields=now_kept)
    rows = conflict_rows(form, theirs=now_kept, opened=since.opened)
    again = forms.IdentityForm(
        at=opened.at,
        initial={**{row["name"]: row["start"] for row in rows}, "version": opened.child.version},
    )
    context = {
        **frame_of(opened, here="Somebody saved this first"),
        "form": again,
        "rows": rows,
        "changed_by": since.by,
        "changed_when": moment(since.when),
    }
    return render(request, "cases/conflict.html", context, status=409)


@policy(methods=("GET", "POST"), capability=WRITE, reads_file=True, name="cases:safe_contact")
@file_page("cases:safe_contact", action=Action.ADD_ENTRY, category=Category.CONTACT_ADDRESS)
def change_safe_contact(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Agree how and when the child can be reached."""
    child = opened.child
    form = forms.SafeContactForm(
        request.POST or None, initial={"safe_contact": child.safe_contact, "version": child.version}
    )
    if form.is_bound and form.is_valid():
        agree_safe_contact(
            child=child,
            words=form.cleaned_data["safe_contact"],
            version=form.cleaned_data["version"] or 0,
            at=opened.at,
            by=opened.viewer,
        )
        messages.success(request, "Saved.")
        return redirect("cases:file", child.reference)
    return _ask(request, opened, form, heading="Safe contact")


@policy(methods=("GET", "POST"), capability=WRITE, reads_file=True, name="cases:add_period")
@file_page("cases:add_period", action=Action.ADD_ENTRY)
def add_period(request: HttpRequest, opened: OpenFile, kind: str) -> HttpResponse:
    """Write a dated fact: what is recorded now ends on the day it starts."""
    if kind not in list(PeriodKind):
        raise NotKnown("no_such_page")
    chosen = PeriodKind(kind)
    _check_category(opened, PERIODS[chosen].category)
    form = _period_form(request, opened, chosen)
    if form.is_bound and form.is_valid():
        try:
            row = record_period(
                child=opened.child,
                kind=chosen,
                values=form.values(),
                readers=form.readers(),
                kept_from=form.kept_from(),
                started_on=form.cleaned_data["started_on"],
                version=form.cleaned_data["version"] or 0,
                at=opened.at,
                by=opened.viewer,
            )
        except RecordRefused as refusal:
            form.add_error("started_on", refusal.reason)
        else:
            told = _said_of_protection(opened, row, asked=bool(form.values().get("protected")))
            messages.success(request, f"Saved.{told}")
            return redirect("cases:file", opened.child.reference)
    return _ask(request, opened, form, heading=HEADINGS[chosen])


def _said_of_protection(opened: OpenFile, row: DatedEntry, *, asked: bool) -> str:
    if not isinstance(row, Address) or not row.protected:
        return ""
    return said_of_protection(known_rows(opened, row), asked=asked)


def _check_category(opened: OpenFile, category: Category) -> None:
    if not opened.may(Action.ADD_ENTRY, category=category):
        raise Refusal(REASONS["category_withheld"], code="category_withheld", child_id=opened.child.pk)


def _period_form(request: HttpRequest, opened: OpenFile, kind: PeriodKind) -> forms.PeriodForm:
    more: dict[str, Any] = {}
    if kind == PeriodKind.ADDRESS:
        more["workers"] = [
            (str(row.membership_id), f"{row.membership.user}, {row.working_agency}")
            for row in involvements_of(opened.child.pk)
            if row.membership is not None and row.ended_on is None and row.membership_id != opened.viewer.membership_id
        ]
        more["lead"] = opened.lead.membership_id if opened.lead else None
    return forms.PERIOD_FORMS[kind](
        request.POST or None, at=opened.at, initial={"version": opened.child.version}, **more
    )


@policy(methods=("GET", "POST"), capability=WRITE, reads_file=True, name="cases:add_alias")
@file_page("cases:add_alias", action=Action.ADD_ENTRY, category=Category.IDENTITY)
def add_other_name(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Add another name of the child."""
    form = forms.AliasForm(request.POST or None)
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        add_alias(child=opened.child, name=said["name"], note=said["note"], at=opened.at, by=opened.viewer)
        messages.success(request, "Saved.")
        return redirect("cases:file", opened.child.reference)
    return _ask(request, opened, form, heading="Add another name")


@policy(methods=("GET", "POST"), capability=WRITE, reads_file=True, name="cases:add_identifier")
@file_page("cases:add_identifier", action=Action.ADD_ENTRY, category=Category.IDENTITY)
def add_number(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Add a number by which another system knows the child."""
    form = forms.IdentifierForm(request.POST or None)
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            add_identifier(child=opened.child, kind=said["kind"], value=said["value"], at=opened.at, by=opened.viewer)
        except RecordRefused as refusal:
            form.add_error("value", refusal.reason)
        else:
            messages.success(request, "Saved.")
            return redirect("cases:file", opened.child.reference)
    return _ask(request, opened, form, heading="Add a number")
