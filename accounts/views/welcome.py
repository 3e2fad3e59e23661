"""The page behind the link of an invitation: setting a password."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.forms.people import NewPasswordForm
from accounts.middleware.policy import policy
from accounts.rules.life import AccountRefused
from accounts.selectors import now
from accounts.selectors.life import invitation_by_id
from accounts.services.inviting import link_opens, set_password_by_link
from accounts.services.notices import invitation_of


@policy(methods=("GET", "POST"), public=True, writes=False)
def welcome(request: HttpRequest, mark: str) -> HttpResponse:
    """Set a password by a link; one that was used, has expired or never was gets the same page."""
    found, at = invitation_by_id(invitation_of(mark)), now()
    if found is None or not link_opens(found, at):
        return render(request, "accounts/link_over.html", status=404)
    form = NewPasswordForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            user = set_password_by_link(invitation=found, password=form.cleaned_data["password"], at=at)
        except ValidationError as error:
            form.add_error("password", error)
        except AccountRefused:
            return render(request, "accounts/link_over.html", status=404)
        else:
            messages.success(request, f"Your password is set. Your username is {user.username}. Sign in with both.")
            return redirect("accounts:sign_in")
    context = {"form": form, "username": found.user.username}
    return render(request, "accounts/welcome.html", context, status=422 if form.is_bound else 200)
