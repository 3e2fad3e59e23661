"""A protected address: who may know it and who must not, for those who may."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.middleware.policy import policy
from accounts.rules.refusals import NotKnown, Stale
from accounts.rules.roles import Capability
from cases.access.choices import Category
from cases.access.rules import Action
from cases.forms import addresses as forms
from cases.presenters import addresses as words
from cases.presenters.overview import whole_address
from cases.record.services import OpenFile
from cases.sharing.rules.addresses import AddressRefused
from cases.sharing.selectors import addresses as selectors
from cases.sharing.services import addresses as services
from cases.views.asking import ask_on_file, frame_of, posted, taken
from cases.views.loading import file_page

WRITE = Capability.WRITE_FILES
CONTACT = Category.CONTACT_ADDRESS


def _home(opened: OpenFile, address_id: UUID) -> str:
    return reverse("cases:address", args=[opened.child.reference, address_id])


@policy(capability=Capability.READ_FILES, reads_file=True, name="cases:address")
@file_page("cases:address")
def show_address(request: HttpRequest, opened: OpenFile, address_id: UUID) -> HttpResponse:
    """The address, why it is protected, who may know it and who must not."""
    address = selectors.protected_address(opened, address_id)
    change = opened.may(Action.ADD_ENTRY, category=CONTACT) and address.ended_on is None
    steps = (("Keep it from somebody", "cases:keep_address_from"), ("Let somebody know it", "cases:let_know_address"))
    reference = opened.child.reference
    context = {
        **frame_of(opened, here="Protected address"),
        "facts": words.address_facts(address),
        "reader_columns": words.READER_COLUMNS,
        "readers": words.reader_rows(selectors.readers_of(address)),
        "kept_columns": words.KEPT_COLUMNS,
        "kept": words.kept_rows(opened, selectors.kept_from(address), change=change),
        "actions": [
            {"text": text, "href": reverse(name, args=[reference, address.pk]), "style": "secondary"}
            for text, name in steps
            if change
        ],
    }
    return render(request, "cases/address.html", context)


@policy(methods=("GET", "POST"), capability=WRITE, reads_file=True, name="cases:protect_address")
@file_page("cases:protect_address", action=Action.ADD_ENTRY, category=CONTACT)
def protect(request: HttpRequest, opened: OpenFile, address_id: UUID) -> HttpResponse:
    """Protect an address that stands on the file in clear, with who may know it and who must not."""
    if selectors.is_known(opened, address_id):
        messages.info(request, "This address is protected already.")
        return redirect(_home(opened, address_id))
    address = selectors.clear_address(opened, address_id)
    offered = selectors.may_be_let_know(opened, address)
    others = [member for member in offered if member.pk != opened.viewer.membership_id]
    form = forms.ProtectForm(
        posted(request),
        workers=words.people_to_choose(others, by_user=False),
        lead=opened.lead.membership_id if opened.lead else None,
        initial={"version": opened.child.version, "area": address.area},
    )

    def keep(said: dict[str, Any]) -> Any:
        return services.protect(
            opened=opened,
            address_id=address.pk,
            reason=said["protection_reason"],
            area=said["area"],
            members=[UUID(value) for value in form.readers()],
            kept_from=form.kept_from(),
            version=said["version"] or 0,
            at=opened.at,
        )

    back = reverse("cases:file", args=[opened.child.reference])
    protected = taken(form, keep, AddressRefused, Stale)
    if protected:
        messages.success(request, words.protected_words(selectors.known_rows(opened, protected), protected))
        return redirect(_home(opened, protected.pk) if selectors.is_known(opened, protected.pk) else back)
    heading = "Protect this address"
    where = whole_address(address, between=", ")
    return ask_on_file(
        request,
        opened,
        form,
        heading=heading,
        cancel_href=back,
        button="Protect it",
        intro=f"{where}. Wherever this address stands on the child’s file, now or in the past, it is "
        "shown to those on its list alone.",
    )


@policy(methods=("GET", "POST"), capability=WRITE, reads_file=True, name="cases:keep_address_from")
@file_page("cases:keep_address_from", action=Action.ADD_ENTRY, category=CONTACT)
def keep_from(request: HttpRequest, opened: OpenFile, address_id: UUID) -> HttpResponse:
    """Write down who must not know it."""
    address = selectors.protected_address(opened, address_id)
    agencies = {str(agency.pk): agency for agency in selectors.agencies_to_keep_out(opened)}
    found = selectors.accounts_to_keep_out(opened)
    people = {str(member.user_id): member.user for member in found}
    form = forms.KeepFromForm(
        posted(request),
        agencies=[(key, agency.name) for key, agency in agencies.items()],
        people=words.people_to_choose(found, by_user=True),
        initial={"version": opened.child.version},
    )

    def keep(said: dict[str, Any]) -> Any:
        return services.keep_from(
            opened=opened,
            address_id=address.pk,
            person=said["person"] or "",
            agency=agencies.get(said["agency"] or ""),
            user=people.get(said["account"] or ""),
            version=said["version"] or 0,
            at=opened.at,
        )

    if taken(form, keep, AddressRefused, Stale):
        messages.success(request, "It is written down. Nobody on this list is shown the address.")
        return redirect(_home(opened, address.pk))
    heading = "Keep this address from somebody"
    return ask_on_file(request, opened, form, heading=heading, cancel_href=_home(opened, address.pk))


@policy(methods=("GET", "POST"), capability=WRITE, reads_file=True, name="cases:let_know_address")
@file_page("cases:let_know_address", action=Action.ADD_ENTRY, category=CONTACT)
def let_know(request: HttpRequest, opened: OpenFile, address_id: UUID) -> HttpResponse:
    """Put somebody who works with the child on its list."""
    address = selectors.protected_address(opened, address_id)
    people = words.people_to_choose(selectors.may_be_let_know(opened, address), by_user=False)
    form = forms.LetKnowForm(posted(request), people=people, initial={"version": opened.child.version})

    def let(said: dict[str, Any]) -> Any:
        members = [UUID(value) for value in said["members"]]
        return services.let_know(opened=opened, address_id=address.pk, members=members, version=said["version"] or 0)

    if taken(form, let, AddressRefused, Stale):
        messages.success(request, "They may know the address now, for as long as they work with the child.")
        return redirect(_home(opened, address.pk))
    more: dict[str, Any] = {}
    if not people:
        more["intro"] = "Everybody who is named on this file may know it already."
        more["instead"] = {"text": "See the address", "href": _home(opened, address.pk)}
    heading = "Let somebody know this address"
    return ask_on_file(request, opened, form, heading=heading, cancel_href=_home(opened, address.pk), **more)


@policy(methods=("GET", "POST"), capability=WRITE, reads_file=True, name="cases:end_keep_from")
@file_page("cases:end_keep_from", action=Action.ADD_ENTRY, category=CONTACT)
def end_keep_from(request: HttpRequest, opened: OpenFile, address_id: UUID, kept_id: UUID) -> HttpResponse:
    """Take back that somebody must not know it."""
    address = selectors.protected_address(opened, address_id)
    row = next((one for one in selectors.kept_from(address) if one.pk == kept_id and one.ended_at is None), None)
    if row is None:
        raise NotKnown("not_kept_from", child_id=opened.child.pk)
    form = forms.EndKeepFromForm(posted(request), initial={"version": opened.child.version})

    def end(said: dict[str, Any]) -> bool:
        services.end_keep_from(
            opened=opened,
            kept_id=row.pk,
            address_id=address.pk,
            why=said["why"],
            version=said["version"] or 0,
            at=opened.at,
        )
        return True

    if taken(form, end, AddressRefused, Stale):
        messages.success(request, "It is taken back. They see the address only if they are on its list.")
        return redirect(_home(opened, address.pk))
    more = {
        "intro": f"It is kept from: {words.kept_words(row)}.",
        "heading": "Take back that they must not know this address",
        "button": "Take it back",
    }
    return ask_on_file(request, opened, form, cancel_href=_home(opened, address.pk), **more)
