"""Service accounts: other organisations' systems that may send to Harbour, and their tokens."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.forms import WriteForm
from accounts.forms.service_accounts import RevokeForm, ServiceAccountForm, TokenForm
from accounts.middleware.policy import policy
from accounts.models import ApiToken, Membership
from accounts.presenters.service_accounts import COLUMNS, service_rows, token_rows
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from accounts.rules.tokens import TokenRefused, read_token
from accounts.selectors import now
from accounts.selectors.tokens import (
    agencies_that_send,
    service_membership,
    service_memberships,
    token_of_service,
    tokens_of_services,
)
from accounts.services.tokens import add_service_account, give_token, revoke_token

ADMINISTER = Capability.ADMINISTER
# The new token travels to the page that shows it in the administrator's own browser, and is kept nowhere else.
NEW_TOKEN = "harbour_new_token"  # noqa: S105  (the name of a cookie)
SHOWN_WITHIN = 300


@policy(capability=ADMINISTER)
def service_accounts(request: HttpRequest) -> HttpResponse:
    """Every system that may send, and what became of its tokens."""
    rows = service_rows(service_memberships(), tokens_of_services(), at=now())
    return render(request, "accounts/service_accounts.html", {"columns": COLUMNS, "rows": rows})


def _ask(request: HttpRequest, form: WriteForm, *, heading: str, back: str, **more: Any) -> HttpResponse:
    context = {"form": form, "heading": heading, "button": "Save", "cancel_href": back, "back_href": back, **more}
    return render(request, "accounts/ask.html", context, status=422 if form.is_bound else 200)


def _show_once(token: ApiToken, text: str) -> HttpResponse:
    """Go to the page of a new token, with the token itself in a cookie that only that page is sent."""
    address = reverse("accounts:service_token", args=[token.pk])
    response = redirect(address)
    response.set_signed_cookie(
        NEW_TOKEN,
        text,
        salt=str(token.pk),
        max_age=SHOWN_WITHIN,
        path=address,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Strict",
    )
    return response


@policy(methods=("GET", "POST"), capability=ADMINISTER)
def add_account(request: HttpRequest) -> HttpResponse:
    """Let a system of an agency send, and give it its first token."""
    agencies = {str(agency.pk): agency for agency in agencies_that_send()}
    form = ServiceAccountForm(request.POST or None, agencies=[(key, agency.name) for key, agency in agencies.items()])
    at, by = now(), request.viewer  # type: ignore[attr-defined]
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        account = add_service_account(name=said["system"], agency=agencies[said["agency"]], at=at, by=by)
        return _show_once(*give_token(membership=account, name=said["name"], days=form.days, at=at, by=by))
    return _ask(request, form, heading="Add a service account", back=reverse("accounts:service_accounts"))


@policy(methods=("GET", "POST"), capability=ADMINISTER)
def another_token(request: HttpRequest, membership_id: UUID) -> HttpResponse:
    """Give a system another token, so that the old one can be revoked once the new one is in use."""
    account: Membership | None = service_membership(membership_id)
    if account is None:
        raise NotKnown("no_service_account")
    form = TokenForm(request.POST or None)
    at, by = now(), request.viewer  # type: ignore[attr-defined]
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        return _show_once(*give_token(membership=account, name=said["name"], days=form.days, at=at, by=by))
    intro = f"{account.user}, {account.agency}. Tokens that it has already go on until they end or are revoked."
    return _ask(request, form, heading="Give a token", back=reverse("accounts:service_accounts"), intro=intro)


def _token(token_id: UUID) -> ApiToken:
    token = token_of_service(token_id)
    if token is None:
        raise NotKnown("no_token")
    return token


@policy(capability=ADMINISTER)
def service_token(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """One token: whose it is and how it stands; itself only the first time, to whoever has just made it."""
    token, at = _token(token_id), now()
    try:
        text = request.get_signed_cookie(NEW_TOKEN, "", salt=str(token.pk), max_age=SHOWN_WITHIN)
    except signing.BadSignature:
        text = ""
    spoken = read_token(f"Bearer {text}")
    context = {
        "rows": token_rows(token, at=at),
        "text": text if spoken and spoken.prefix == token.prefix else "",
        "token": token,
        "revocable": token.revoked_at is None and at < token.expires_at,
    }
    response = render(request, "accounts/service_token.html", context)
    if text:
        response.delete_cookie(NEW_TOKEN, path=request.path, samesite="Strict")
    return response


@policy(methods=("GET", "POST"), capability=ADMINISTER)
def end_token(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """End a token at once."""
    token = _token(token_id)
    form = RevokeForm(request.POST or None)
    back = reverse("accounts:service_token", args=[token.pk])
    if form.is_bound and form.is_valid():
        try:
            revoke_token(token=token, at=now(), by=request.viewer)  # type: ignore[attr-defined]
        except TokenRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The token is revoked. Nothing can be sent with it any more.")
            return redirect(back)
    intro = f"{token.user} sends with the token “{token.name}”. From now on, whatever it sends with it is refused."
    more = {"intro": intro, "button": "Revoke it"}
    return _ask(request, form, heading="Revoke this token", back=back, **more)
