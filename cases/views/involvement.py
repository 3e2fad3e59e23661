"""Who works with the child, and who leads."""

from datetime import datetime
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
from accounts.rules.refusals import NotKnown, Stale
from accounts.rules.roles import Capability
from accounts.selectors import agencies_by_sector, people_at
from cases.access.choices import Category
from cases.access.rules import Action, Level
from cases.access.selectors import still_reached
from cases.access.services import NoAgreement
from cases.forms.agencies import AgencyForm
from cases.forms.involvement import ChangeLeadForm, EndInvolvementForm, ExplainWorkForm, InvolveForm
from cases.forms.shares import WHAT_AN_ERROR_BRINGS
from cases.presenters.overview import worker_line, workers
from cases.presenters.shares import wish_rows
from cases.record import services
from cases.record.choices import InvolvementRole
from cases.record.models import Involvement
from cases.record.rules import RecordRefused
from cases.record.selectors import involvements_of
from cases.record.selectors.hidden import free_to_work
from cases.record.services import OpenFile
from cases.sharing.choices import SharingEnd
from cases.sharing.models.shares import SharingDecision
from cases.sharing.rules.shares import ShareRefused
from cases.sharing.selectors.involving import found_mistaken, goes_against_wish, work_to_end
from cases.sharing.selectors.shares import wish_of
from cases.sharing.selectors.wishes import goes_on_against_wish
from cases.sharing.services.involving import Bringing, bring_in, end_as_error, find_error
from cases.sharing.services.involving import explain_work as write_explanation
from cases.views.asking import ask_on_file, frame_of, taken
from cases.views.loading import file_page

READ, CHANGE = Capability.READ_FILES, Capability.CHANGE_INVOLVEMENT


@policy(capability=READ, reads_file=True, name="cases:involvement")
@file_page("cases:involvement")
def show_involvement(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Who works with the child now, and who did before."""
    rows = involvements_of(opened.child.pk)
    full = opened.level(Category.IDENTITY) == Level.FULL
    mistakes = found_mistaken(opened.child.pk)
    ended = [worker_line(row) | {"mistaken": row.pk in mistakes} for row in rows if row.ended_on is not None]
    context = {
        **frame_of(opened, here="Involvement"),
        "workers": workers(opened, rows),
        "ended": ended if full else [],
        "summary": not full,
        "may_change": opened.may(Action.CHANGE_INVOLVEMENT),
    }
    return render(request, "cases/involvement.html", context)


def _ask(request: HttpRequest, opened: OpenFile, form: WriteForm, *, heading: str, **more: Any) -> HttpResponse:
    back = reverse("cases:involvement", args=[opened.child.reference])
    return ask_on_file(request, opened, form, heading=heading, cancel_href=back, under="cases:involvement", **more)


@policy(methods=("GET",), capability=CHANGE, reads_file=True, name="cases:choose_agency")
@file_page("cases:choose_agency", action=Action.CHANGE_INVOLVEMENT)
def choose_agency(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Which agency is to be brought in."""
    form = AgencyForm(request.GET or None, agencies=agencies_by_sector())
    chosen = form.chosen(covered_on=timezone.localdate(opened.at))
    if chosen is not None:
        return redirect("cases:involve", opened.child.reference, chosen.pk)
    context = {**frame_of(opened, here="Add an agency", under="cases:involvement"), "form": form}
    return render(request, "cases/choose_agency.html", context, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), capability=CHANGE, reads_file=True, name="cases:involve")
@file_page("cases:involve", action=Action.CHANGE_INVOLVEMENT)
def involve(request: HttpRequest, opened: OpenFile, agency_id: UUID) -> HttpResponse:
    """Bring an agency in, with a named worker where there is one."""
    agency = next((row for row in agencies_by_sector() if row.pk == agency_id), None)
    if agency is None:
        raise NotKnown("no_agency")
    people = {str(member.pk): member for member in free_to_work(people_at(agency.pk), opened.child.pk, at=opened.at)}
    choices = [(key, f"{member.user}, {member.get_role_display()}") for key, member in people.items()]
    against = goes_against_wish(opened.child, agency, matrix=opened.matrix, at=opened.at)
    form = InvolveForm(request.POST or None, workers=choices, against=against)
    if form.is_bound and form.is_valid() and opened.facts.restricted and not form.cleaned_data["worker"]:
        form.add_error("worker", "This file is open to named people only. Select the worker who will see it.")

    def bring(said: dict[str, Any]) -> Involvement:
        return bring_in(
            opened=opened,
            bringing=Bringing(
                agency=agency,
                role=InvolvementRole(said["role"]),
                membership=people.get(said["worker"]),
                child=form.told(),
                override=form.override(),
            ),
            at=opened.at,
            by=opened.viewer,
        )

    try:
        involved = taken(form, bring, ShareRefused)
    except (RecordRefused, NoAgreement) as refusal:
        involved = None
        form.refuse(refusal, field="worker")
    if involved is not None:
        who = involved.membership.user if opened.facts.restricted and involved.membership else agency.name
        messages.success(request, f"{who} works with this child now, and can see the file.")
        return redirect("cases:involvement", opened.child.reference)
    intro = f"{agency.name} will see this file, as far as the job of each of its people allows, until its work ends."
    if opened.facts.restricted:
        intro = "This file is open to named people only. The worker you choose will see it, until their work ends."
    context = {"template": "cases/involve.html", "button": "Add", "against": against, **_wish(opened)}
    return _ask(request, opened, form, heading=f"Add {agency.name}", intro=intro, **context)


def _knows_the_wish(opened: OpenFile) -> bool:
    return opened.level(Category.SHARING) == Level.FULL


def _wish(opened: OpenFile) -> dict[str, Any]:
    """What the child says about who may know, for those who see sharing in full."""
    may_read = _knows_the_wish(opened)
    wish = wish_of(opened.child.pk) if may_read else None
    return {"wish": wish_rows(wish), "may_ask": may_read and opened.may(Action.SHARE)}


@policy(methods=("GET", "POST"), capability=CHANGE, reads_file=True, name="cases:change_lead")
@file_page("cases:change_lead", action=Action.CHANGE_INVOLVEMENT)
def change_lead(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Name another lead, with the reason that the child can be told."""
    named = [row for row in involvements_of(opened.child.pk) if row.ended_on is None and row.membership is not None]
    free = free_to_work([row.membership for row in named if row.membership], opened.child.pk, at=opened.at)
    others = [row for row in named if not row.is_lead and row.membership in free and _is_here(row, opened.at)]
    choices = [(str(row.pk), _worker(row)) for row in others]
    form = ChangeLeadForm(request.POST or None, workers=choices, initial={"version": opened.child.version})
    if form.is_bound and form.is_valid():
        chosen = UUID(form.cleaned_data["involvement"])
        try:
            services.change_lead(
                child=opened.child,
                involvement_id=chosen,
                reason=form.cleaned_data["reason"],
                version=form.cleaned_data["version"] or 0,
                at=opened.at,
                by=opened.viewer,
            )
        except Stale:
            return _lead_saved_first(request, opened, form, wanted=dict(choices)[str(chosen)], workers=choices)
        except RecordRefused as refusal:
            form.refuse(refusal, field="reason")
        else:
            messages.success(request, "The lead has changed. Tell the child who it is now, and why.")
            return redirect("cases:involvement", opened.child.reference)
    lead = next((_worker(row) for row in named if row.is_lead), "")
    intro = f"{lead} leads now." if lead else "Nobody leads yet."
    instead = None
    if not choices:
        intro += " Nobody else is named on this file, so there is nobody to choose from yet."
        href = reverse("cases:choose_agency", args=[opened.child.reference])
        instead = {"text": "Add an agency with a named worker", "href": href}
    return _ask(request, opened, form, heading="Change the lead", intro=intro, instead=instead)


def _is_here(row: Involvement, at: datetime) -> bool:
    """Whether the named worker has neither left nor been suspended."""
    return row.membership is not None and row.membership.is_current(timezone.localdate(at))


def _worker(row: Involvement) -> str:
    return f"{row.membership.user}, {row.working_agency}" if row.membership else str(row.working_agency)


def _lead_saved_first(
    request: HttpRequest, opened: OpenFile, form: ChangeLeadForm, *, wanted: str, workers: list[tuple[str, str]]
) -> HttpResponse:
    """The file changed meanwhile: what it says now beside what was wanted, ready to be sent once more."""
    lead = opened.lead
    said = form.cleaned_data
    again = ChangeLeadForm(
        workers=workers,
        initial={"involvement": said["involvement"], "reason": said["reason"], "version": opened.child.version},
    )
    context = {
        **frame_of(opened, here="Somebody saved this first", under="cases:involvement"),
        "form": again,
        "theirs": _worker(lead) if lead else "Nobody",
        "yours": wanted,
    }
    return render(request, "cases/lead_conflict.html", context, status=409)


@policy(methods=("GET", "POST"), capability=CHANGE, reads_file=True, name="cases:end_involvement")
@file_page("cases:end_involvement", action=Action.CHANGE_INVOLVEMENT)
def end_involvement(request: HttpRequest, opened: OpenFile, involvement_id: UUID) -> HttpResponse:
    """End an involvement and the access that came with it; of work that has ended, say that it was a mistake."""
    row = work_to_end(opened.child.pk, involvement_id)
    if row is None:
        raise NotKnown("no_involvement", child_id=opened.child.pk)
    over = row.ended_on is not None
    form = EndInvolvementForm(request.POST or None, over=over, initial={"version": opened.child.version})

    def end(said: dict[str, Any]) -> HttpResponse:
        how: dict[str, Any] = {
            "involvement_id": involvement_id,
            "version": said["version"] or 0,
            "at": opened.at,
            "by": opened.viewer,
        }
        if said["end_kind"] == SharingEnd.IN_ERROR:
            as_error = find_error if over else end_as_error
            decision = as_error(opened=opened, words=said["note"], **how)
            ended = "Written down as a mistake." if over else _ended_words(opened, row)
            messages.success(request, f"{ended} {_told_words(opened)}")
            return redirect("cases:share", opened.child.reference, decision.pk)
        services.end_involvement(child=opened.child, note=said["note"], **how)
        messages.success(request, _ended_words(opened, row))
        return redirect("cases:involvement", opened.child.reference)

    ended: HttpResponse | None = taken(form, end, RecordRefused, ShareRefused)
    return ended or _ask_why(request, opened, form, row)


@policy(methods=("GET", "POST"), capability=CHANGE, reads_file=True, name="cases:explain_work")
@file_page("cases:explain_work", action=Action.CHANGE_INVOLVEMENT)
def explain_work(request: HttpRequest, opened: OpenFile, involvement_id: UUID) -> HttpResponse:
    """Write down why an agency goes on against what the child says now, and how that was explained to the child."""
    row = work_to_end(opened.child.pk, involvement_id)
    if row is None or row.ended_on is not None:
        raise NotKnown("no_involvement", child_id=opened.child.pk)
    form = ExplainWorkForm(request.POST or None, initial={"version": opened.child.version})

    def explain(said: dict[str, Any]) -> SharingDecision:
        return write_explanation(
            opened=opened,
            involvement_id=involvement_id,
            override=form.override(),
            version=said["version"] or 0,
            at=opened.at,
            by=opened.viewer,
        )

    if taken(form, explain, ShareRefused) is not None:
        messages.success(request, "Written down: on what ground they go on, and how it was explained to the child.")
        return redirect("cases:involvement", opened.child.reference)
    heading = f"Why {row.working_agency} goes on"
    intro = "Only where the child says that they must not be told, and their work goes on all the same."
    context: dict[str, Any] = {"template": "cases/involve.html", "against": False, **_wish(opened)}
    if _knows_the_wish(opened) and not form.is_bound and not goes_on_against_wish(row):
        intro = "The child does not say that they must not be told, so nothing has to be explained."
        back = reverse("cases:involvement", args=[opened.child.reference])
        context["instead"] = {"text": "See who works with the child", "href": back}
    return _ask(request, opened, form, heading=heading, intro=intro, **context)


def _ask_why(request: HttpRequest, opened: OpenFile, form: EndInvolvementForm, row: Involvement) -> HttpResponse:
    if row.ended_on is None:
        return _ask(request, opened, form, heading=f"End the work of {_worker(row)}", button="End it")
    intro = f"Their work with the child ended on {day(row.ended_on)}. {WHAT_AN_ERROR_BRINGS}"
    heading = f"{_worker(row)}: brought in by mistake"
    return _ask(request, opened, form, heading=heading, intro=intro, button="Tell the guardians")


def _told_words(opened: OpenFile) -> str:
    """Who hears of a mistake. Of a file for named people nobody does who is not named."""
    if opened.facts.restricted:
        return "The data guardians are told. This file is open to named people only, so ring whoever was let in."
    return (
        "The data guardians are told, and whoever was let in is told to destroy copies. Below is who opened the file."
    )


def _ended_words(opened: OpenFile, row: Involvement) -> str:
    """What became of their access: another grant may still reach them."""
    reached = still_reached(
        opened.child.pk,
        group_id=row.working_agency.group_id,
        membership_id=row.membership_id,
        named_only=opened.facts.restricted,
        at=opened.at,
    )
    if reached:
        return (
            "Their work with the child has ended. They can still see the file for another reason: see who can see it."
        )
    return "Their work with the child has ended, and their access with it."
