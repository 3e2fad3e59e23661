"""What the technical administrator does to accounts: invite, give roles, move, close, open again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.forms import WriteForm
from accounts.forms.people import InviteForm, ReasonForm, RoleForm
from accounts.middleware.policy import policy
from accounts.rules.life import AccountRefused
from accounts.rules.roles import Capability, needs_a_second_person
from accounts.selectors import agencies_by_sector, now
from accounts.selectors.life import agencies_with_domains, memberships_held
from accounts.services.holdings import held_by
from accounts.services.inviting import Invited, invite_person, send_password_link
from accounts.services.memberships import RoleAsked, ask_for_role, close_account
from accounts.services.unused import lift_suspension
from accounts.views.people import ask, known_person

ADMINISTER = Capability.ADMINISTER
WAITS = "It opens files, so a manager of the agency or the data guardian gives it. They have been told."


@policy(methods=("GET", "POST"), capability=ADMINISTER, fresh_code=True)
def invite(request: HttpRequest) -> HttpResponse:
    """Make an account for somebody, and send them a link to set a password."""
    agencies = {str(agency.pk): agency for agency in agencies_with_domains()}
    form = InviteForm(request.POST or None, agencies=[(key, agency.name) for key, agency in agencies.items()])
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            user = invite_person(
                invited=Invited(said["full_name"], said["email"], said["job_title"]),
                agency=agencies[said["agency"]],
                role=said["role"],
                reason=said["reason"],
                at=now(),
                by=request.viewer,  # type: ignore[attr-defined]
            )
        except AccountRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"The invitation is on its way to {user.email}.")
            return redirect("accounts:person", person_id=user.pk)
    back = reverse("accounts:people")
    context = {"form": form, "heading": "Invite somebody", "button": "Invite", "back_href": back, "cancel_href": back}
    return render(request, "accounts/ask.html", context, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), capability=ADMINISTER, fresh_code=True)
def give_role(request: HttpRequest, person_id: int) -> HttpResponse:
    """Give somebody a role in place of another, at the same agency or elsewhere, or beside those they hold."""
    found, at = known_person(person_id), now()
    held = {str(row.pk): row for row in memberships_held(found.pk, on=timezone.localdate(at))}
    agencies = {str(agency.pk): agency for agency in agencies_by_sector()}
    form = RoleForm(
        request.POST or None,
        agencies=[(key, agency.name) for key, agency in agencies.items()],
        held=[(key, f"{row.get_role_display()}, {row.agency}") for key, row in held.items()],
    )
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        replaces = held.get(said.get("replaces", ""))
        asked = RoleAsked(agencies[said["agency"]], said["role"], said["reason"], replaces)
        try:
            ask_for_role(user=found, asked=asked, at=at, by=request.viewer)  # type: ignore[attr-defined]
        except AccountRefused as refusal:
            form.refuse(refusal)
        else:
            done = WAITS if needs_a_second_person(said["role"]) else "The role is given, and holds from now on."
            messages.success(request, done)
            return redirect("accounts:person", person_id=found.pk)
    intro = "A role that opens files is given by a second person. Until then nothing changes."
    more = {"intro": intro, "button": "Go on", "held": _held(list(held.values()), at)}
    return ask(request, form, found, heading="Give a role", **more)


def _held(memberships: list[Any], at: datetime) -> list[str]:
    """What ends, and what is left to be handed over, role by role."""
    lines = []
    for member in memberships:
        for words, ends in held_by(member.pk, at=at):
            what = "ends with the role" if ends else "is left to be handed over: the managers are told"
            lines.append(f"{member.get_role_display()}, {member.agency}: {words} ({what})")
    return lines


@policy(methods=("GET", "POST"), capability=ADMINISTER, fresh_code=True)
def leave(request: HttpRequest, person_id: int) -> HttpResponse:
    """Somebody has left: everything ends now."""
    found, at, form = known_person(person_id), now(), ReasonForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            close_account(user=found, reason=form.cleaned_data["reason"], at=at, by=request.viewer)  # type: ignore[attr-defined]
        except AccountRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The account is closed. They are signed out everywhere, and hold no role.")
            return redirect("accounts:person", person_id=found.pk)
    intro = "Every role, everything that was opened to them by name, and every place where they are signed in ends now."
    held = _held(memberships_held(found.pk, on=timezone.localdate(at)), at)
    return ask(request, form, found, heading="They have left", intro=intro, button="End everything", held=held)


@policy(methods=("GET", "POST"), capability=ADMINISTER, fresh_code=True)
def lift(request: HttpRequest, person_id: int) -> HttpResponse:
    """Open an account again that was suspended because nobody used it."""
    found, form = known_person(person_id), ReasonForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            lift_suspension(
                user=found,
                reason=form.cleaned_data["reason"],
                at=now(),
                by=request.viewer,  # type: ignore[attr-defined]
            )
        except AccountRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The account is open again. They have been told.")
            return redirect("accounts:person", person_id=found.pk)
    return ask(request, form, found, heading="Open this account again", button="Open it")


@policy(methods=("GET", "POST"), capability=ADMINISTER, fresh_code=True)
def password_link(request: HttpRequest, person_id: int) -> HttpResponse:
    """Send somebody a link to set a password."""
    found, form = known_person(person_id), WriteForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            send_password_link(user=found, at=now(), by=request.viewer)  # type: ignore[attr-defined]
        except AccountRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"A link is on its way to {found.email}.")
            return redirect("accounts:person", person_id=found.pk)
    intro = f"It goes to {found.email} and works once. The password they have works until they set another."
    return ask(request, form, found, heading="Send a link to set a password", intro=intro, button="Send it")
