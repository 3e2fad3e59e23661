"""Agencies, and how the work addresses of their people end."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.forms.people import DomainsForm
from accounts.middleware.policy import policy
from accounts.presenters.people import AGENCY_COLUMNS, DOMAIN_COLUMNS, agency_rows, domain_rows
from accounts.rules.life import AccountRefused
from accounts.rules.refusals import Stale
from accounts.rules.roles import Capability
from accounts.selectors import agencies_by_sector, now
from accounts.selectors.life import agency_with_domains, people_outside
from accounts.services.domains import set_domains

AUDIT = Capability.AUDIT


@policy(capability=Capability.SEE_PEOPLE)
def agencies(request: HttpRequest) -> HttpResponse:
    """Every agency with the ends of its work addresses."""
    changes = request.viewer.may(AUDIT)  # type: ignore[attr-defined]
    context = {
        "columns": AGENCY_COLUMNS,
        "rows": agency_rows(agencies_by_sector(), changes=changes),
        "back_href": reverse("accounts:people"),
    }
    return render(request, "accounts/agencies.html", context)


@policy(methods=("GET", "POST"), capability=AUDIT, fresh_code=True)
def email_domains(request: HttpRequest, agency_id: UUID) -> HttpResponse:
    """Set how the work addresses at an agency end."""
    agency = agency_with_domains(agency_id)
    history = agency.domain_changes.all()
    stands = {"domains": "\n".join(agency.email_domains), "version": len(history)}
    form = DomainsForm(request.POST or None, initial=stands)
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            set_domains(
                agency_id=agency.pk,
                domains=said["domains"],
                reason=said["reason"],
                version=said["version"] or 0,
                at=now(),
                by=request.viewer,  # type: ignore[attr-defined]
            )
        except (AccountRefused, Stale) as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "It is saved. Whoever is invited to this agency must have such an address.")
            return redirect("accounts:email_domains", agency_id=agency.pk)
    outside = people_outside(agency)
    back = reverse("accounts:agencies")
    context = {
        "form": form,
        "heading": f"Work addresses at {agency}",
        "button": "Save",
        "back_href": back,
        "cancel_href": back,
        "outside": outside,
        "columns": DOMAIN_COLUMNS,
        "rows": domain_rows(history),
    }
    return render(request, "accounts/email_domains.html", context, status=422 if form.is_bound else 200)
