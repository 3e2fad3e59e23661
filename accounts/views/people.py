"""The people who have an account: finding them, and what is done to their accounts. No page here knows of a child."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.forms import WriteForm
from accounts.forms.people import PeopleFilterForm, PeopleSearchForm, ReasonForm
from accounts.middleware.policy import policy
from accounts.models import User
from accounts.presenters.people import (
    COLUMNS,
    EVENT_COLUMNS,
    ROLE_COLUMNS,
    event_rows,
    people_rows,
    person_rows,
    role_rows,
    waiting_words,
)
from accounts.rules.refusals import NotKnown, Refusal
from accounts.rules.roles import Capability
from accounts.rules.text import page_number
from accounts.selectors import agencies_by_sector, now
from accounts.selectors.accounts import (
    PeopleAsked,
    PeoplePage,
    account_events_of,
    people_with_accounts,
    person_with_account,
)
from accounts.selectors.life import requests_of
from accounts.selectors.second_factor import with_second_factor
from accounts.services.access_events import trace_of
from accounts.services.second_factor import reset_second_factor

SEE_PEOPLE = Capability.SEE_PEOPLE


def known_person(person_id: int) -> User:
    """The person at an address. Raises NotKnown for nobody, and for a system."""
    found = person_with_account(person_id)
    if found is None:
        raise NotKnown("no_person")
    return found


@policy(methods=("GET", "POST"), capability=SEE_PEOPLE, writes=False)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody who has an account, narrowed by a filter; or found by words, which are never in an address."""
    search = PeopleSearchForm(request.POST if request.method == "POST" else None)
    narrowing = PeopleFilterForm(
        request.GET or None, agencies=[(str(agency.pk), agency.name) for agency in agencies_by_sector()]
    )
    asked = narrowing.asked()
    if search.is_bound and search.is_valid():
        asked = PeopleAsked(words=search.cleaned_data["words"].strip())
    on = timezone.localdate(now())
    found = people_with_accounts(asked, page=page_number(request.GET.get("page", "1")), on=on)
    context = {
        "search_form": search,
        "form": narrowing,
        "narrowed": asked != PeopleAsked(),
        "columns": COLUMNS,
        "rows": people_rows(found.people, second=with_second_factor([user.pk for user in found.people]), on=on),
        "found_for": asked.words,
        "actions": [
            *(
                [{"text": "Invite somebody", "href": reverse("accounts:invite")}]
                if request.viewer.may(Capability.ADMINISTER)  # type: ignore[attr-defined]
                else []
            ),
            {"text": "Agencies", "href": reverse("accounts:agencies"), "style": "secondary"},
        ],
        **_pages(request, found),
    }
    return render(request, "accounts/people.html", context, status=422 if search.errors else 200)


def _pages(request: HttpRequest, found: PeoplePage) -> dict[str, str]:
    kept = {name: value for name, value in request.GET.items() if name != "page" and value}
    before = {**kept, "page": found.page - 1} if found.page > 1 else None
    after = {**kept, "page": found.page + 1} if found.more else None
    return {
        "previous_href": f"{request.path}?{urlencode(before)}" if before else "",
        "next_href": f"{request.path}?{urlencode(after)}" if after else "",
    }


@policy(capability=SEE_PEOPLE)
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    """One person's account: how it stands, the roles they hold and held, and what happened to it."""
    found = known_person(person_id)
    second = bool(with_second_factor([found.pk]))
    context = {
        "person": found,
        "rows": person_rows(found, second=second, on=timezone.localdate(now())),
        "role_columns": ROLE_COLUMNS,
        "role_rows": role_rows(found),
        "event_columns": EVENT_COLUMNS,
        "event_rows": event_rows(account_events_of(found)),
        "actions": _actions(request, found, second=second),
        "waiting": waiting_words(requests_of(found.pk)),
    }
    return render(request, "accounts/person.html", context)


def _actions(request: HttpRequest, found: User, *, second: bool) -> list[dict[str, str]]:
    """What this viewer may do to this account."""
    viewer = request.viewer  # type: ignore[attr-defined]
    offered = []
    if found.pk == viewer.user_id:
        return []
    if second and viewer.may(Capability.AUDIT):
        offered.append(("Reset the second step", "accounts:reset_second_factor"))
    if viewer.may(Capability.ADMINISTER):
        if found.suspended_at is not None:
            offered.append(("Open this account again", "accounts:lift_suspension"))
        if found.is_active:
            offered.append(("Send a link to set a password", "accounts:send_password_link"))
        if found.left_at is None:
            offered.append(("Give another role, or move to another agency", "accounts:give_role"))
            offered.append(("They have left: end everything", "accounts:close_account"))
    return [{"text": text, "href": reverse(name, args=[found.pk])} for text, name in offered]


def ask(request: HttpRequest, form: WriteForm, found: User, *, heading: str, **more: Any) -> HttpResponse:
    """A question about one account."""
    back = reverse("accounts:person", args=[found.pk])
    context = {"form": form, "heading": heading, "caption": str(found), "cancel_href": back, "back_href": back, **more}
    return render(request, "accounts/ask.html", context, status=422 if form.is_bound else 200)


@policy(methods=("GET", "POST"), capability=Capability.AUDIT, fresh_code=True)
def reset_second_step(request: HttpRequest, person_id: int) -> HttpResponse:
    """Take somebody's second step away, with a reason; they are told, and set up another."""
    found, form = known_person(person_id), ReasonForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            reset_second_factor(
                user=found,
                reason=form.cleaned_data["reason"],
                at=now(),
                trace=trace_of(request),
                by=request.viewer,  # type: ignore[attr-defined]
            )
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The second step is reset. They were told, and set up another when they sign in.")
            return redirect("accounts:person", person_id=found.pk)
    intro = (
        "Make sure by voice or face that this is who asks: somebody who has stolen a password would ask the same. "
        "Their app’s codes and recovery codes stop working now, and wherever they are signed in they are signed out."
    )
    return ask(request, form, found, heading="Reset the second step", intro=intro, button="Reset it")
