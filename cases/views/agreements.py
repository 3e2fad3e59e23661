"""The register of agreements: for everybody to read, and for the data guardian to keep."""

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
from accounts.rules.refusals import Refusal, Stale
from accounts.rules.roles import Capability
from accounts.selectors import now
from cases.forms import agreements as forms
from cases.presenters import agreements as words
from cases.sharing.models import AgreementVersion
from cases.sharing.rules.agreements import AgreementRefused
from cases.sharing.selectors import agreements as selectors
from cases.sharing.services import agreements as services
from cases.views.asking import posted, taken
from cases.views.loading import viewer_of

KEEP = Capability.AUDIT


@policy(needs_membership=False, name="cases:agreements")
def show_agreements(request: HttpRequest) -> HttpResponse:
    """Every version, and every agency with what it has signed."""
    viewer, today = viewer_of(request), timezone.localdate(now())
    context = {
        "version_columns": words.VERSION_COLUMNS,
        "version_rows": words.version_rows(selectors.agreement_versions(), today=today),
        "standing_columns": words.STANDING_COLUMNS,
        "standing_rows": words.standing_rows(selectors.standings(), today=today),
        "actions": [{"text": "Add a version", "href": reverse("cases:add_agreement")}] if viewer.may(KEEP) else [],
    }
    return render(request, "cases/agreements.html", context)


@policy(methods=("GET", "POST"), capability=KEEP, name="cases:add_agreement")
def add_agreement(request: HttpRequest) -> HttpResponse:
    """Write down a version that was adopted."""
    form = forms.AddVersionForm(posted(request))

    def add(said: dict[str, Any]) -> AgreementVersion:
        asked = {name: said[name] for name in ("in_force_from", "ends_on", "document", "summary")}
        return services.add_version(**asked, at=now(), by=viewer_of(request))

    added = taken(form, add, AgreementRefused, Stale)
    if added is not None:
        messages.success(request, f"{added} is written down. It covers an agency once its signature is recorded.")
        return redirect("cases:agreement", added.pk)
    return _ask(request, form, heading="Add a version of the agreement", back=reverse("cases:agreements"))


@policy(methods=("GET", "POST"), name="cases:agreement")
def show_agreement(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """One version: who has signed, the assessments behind it; for the guardian the form that records a signature."""
    viewer, at = viewer_of(request), now()
    agreement = selectors.agreement_by(agreement_id)
    keeps = viewer.may(KEEP)
    if request.method == "POST" and not keeps:
        raise Refusal("The data guardian keeps the register of agreements.", code="role_lacks")
    left = selectors.agencies_to_sign(agreement) if keeps else []
    form = forms.SignForm(
        posted(request), agencies=words.agencies_to_choose(left), initial={"version": agreement.version}
    )

    def sign(said: dict[str, Any]) -> Any:
        signing = services.Signing(
            **{name: said[name] for name in ("signed_on", "signed_by", "controller", "protection_contact")}
        )
        return services.record_signature(
            agreement_id=agreement.pk,
            agency_id=UUID(said["agency"]),
            said=signing,
            version=said["version"] or 0,
            at=at,
            by=viewer,
        )

    signed = taken(form, sign, AgreementRefused, Stale)
    if signed is not None:
        messages.success(request, f"{signed.agency} has signed: files may be opened to it while this version holds.")
        return redirect("cases:agreement", agreement.pk)
    return _agreement_page(request, agreement, form if keeps and (left or form.is_bound) else None)


def _agreement_page(request: HttpRequest, agreement: AgreementVersion, form: WriteForm | None) -> HttpResponse:
    keeps, today = viewer_of(request).may(KEEP), timezone.localdate(now())
    steps = (("Change the last day", "cases:agreement_end"), ("Add an impact assessment", "cases:add_assessment"))
    context = {
        "agreement": agreement,
        "form": form,
        "facts": words.version_facts(agreement, today=today),
        "signature_columns": words.signature_columns(keeps=keeps),
        "signature_rows": words.signature_rows(agreement, keeps=keeps),
        "assessment_columns": words.ASSESSMENT_COLUMNS,
        "assessment_rows": words.assessment_rows(agreement, today=today),
        "end_columns": words.END_COLUMNS,
        "end_rows": words.end_rows(agreement),
        "actions": [{"text": text, "href": reverse(name, args=[agreement.pk])} for text, name in steps if keeps],
    }
    return render(request, "cases/agreement.html", context, status=422 if form is not None and form.is_bound else 200)


def _ask(request: HttpRequest, form: WriteForm, *, heading: str, back: str, **more: Any) -> HttpResponse:
    context = {"form": form, "heading": heading, "button": "Save", "cancel_href": back, "back_href": back, **more}
    return render(request, "cases/agreement_ask.html", context, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), capability=KEEP, name="cases:agreement_end")
def change_end(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """Set another last day of a version."""
    agreement = selectors.agreement_by(agreement_id)
    form = forms.ChangeEndForm(posted(request), initial={"version": agreement.version})

    def change(said: dict[str, Any]) -> bool:
        services.change_end(
            agreement_id=agreement.pk,
            ends_on=said["ends_on"],
            reason=said["reason"],
            version=said["version"] or 0,
            at=now(),
            by=viewer_of(request),
        )
        return True

    if taken(form, change, AgreementRefused, Stale):
        messages.success(request, "The last day is changed, for every agency that has signed this version.")
        return redirect("cases:agreement", agreement.pk)
    intro = f"{agreement} ends on {words.day(agreement.ends_on)} as it stands."
    back = reverse("cases:agreement", args=[agreement.pk])
    return _ask(request, form, heading="Change the last day", back=back, intro=intro)


@policy(methods=("GET", "POST"), capability=KEEP, name="cases:take_back_signature")
def take_back(request: HttpRequest, signature_id: UUID) -> HttpResponse:
    """Take an agency's signature back."""
    signature = selectors.signature_by(signature_id)
    form = forms.TakeBackForm(posted(request), initial={"version": signature.agreement.version})

    def withdraw(said: dict[str, Any]) -> Any:
        return services.withdraw_signature(
            signature_id=signature.pk,
            reason=said["reason"],
            version=said["version"] or 0,
            at=now(),
            by=viewer_of(request),
        )

    if taken(form, withdraw, AgreementRefused, Stale):
        messages.success(request, f"The signature of {signature.agency} is taken back.")
        return redirect("cases:agreement", signature.agreement_id)
    intro = (
        f"Unless {signature.agency} has signed another current version, its people read from now on only the files "
        "that are open to them by name, and no file can be opened to it."
    )
    back = reverse("cases:agreement", args=[signature.agreement_id])
    heading = f"Take back the signature of {signature.agency}"
    return _ask(request, form, heading=heading, back=back, intro=intro, button="Take it back")


@policy(methods=("GET", "POST"), capability=KEEP, name="cases:add_assessment")
def add_assessment(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """Write down a data protection impact assessment."""
    agreement = selectors.agreement_by(agreement_id)
    form = forms.AssessmentForm(posted(request))

    def add(said: dict[str, Any]) -> Any:
        asked = {name: said[name] for name in ("reference", "about", "done_on", "review_on")}
        return services.add_assessment(agreement_id=agreement.pk, **asked, at=now(), by=viewer_of(request))

    if taken(form, add, AgreementRefused, Stale):
        messages.success(request, "The assessment is written down.")
        return redirect("cases:agreement", agreement.pk)
    back = reverse("cases:agreement", args=[agreement.pk])
    return _ask(request, form, heading="Add an impact assessment", back=back)
