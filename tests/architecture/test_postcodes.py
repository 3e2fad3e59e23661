"""Every text about a child that is kept is asked about its postcodes, or is named here with the reason why not.

Seen to fail: a form that says of itself that it is about no child, and stands nowhere here; a field that takes a text
and asks nothing; a form that is no `WriteForm`; a body of the interface with a text in it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from django import forms
from rest_framework import serializers

import accounts
import cases
import missing
import panels
import referrals
import reporting
import risk
from accounts.api.reading import Asked, Words
from accounts.forms import HarbourForm, WriteForm
from accounts.forms.fields import TextField

APPS = (accounts, cases, missing, panels, referrals, reporting, risk)
ABOUT_NO_CHILD = {
    "accounts.forms.people.DecideRoleForm": "a colleague's role",
    "accounts.forms.people.DomainsForm": "an agency's work addresses",
    "accounts.forms.people.InviteForm": "a colleague's account",
    "accounts.forms.people.ReasonForm": "a colleague's account",
    "accounts.forms.people.RoleForm": "a colleague's role",
    "accounts.forms.service_accounts.ServiceAccountForm": "a system of an agency",
    "accounts.forms.service_accounts.TokenForm": "a system of an agency",
    "cases.forms.agreements.AddVersionForm": "the agreement of the partnership",
    "cases.forms.agreements.AssessmentForm": "an impact assessment",
    "cases.forms.agreements.ChangeEndForm": "the agreement of the partnership",
    "cases.forms.agreements.SignForm": "an agency, with whom to write to about data protection",
    "cases.forms.agreements.TakeBackForm": "an agency's signature",
    "cases.forms.calendar.CloseDayForm": "the working calendar",
    "cases.forms.matrix.ProposeForm": "what a role sees",
    "panels.forms.DeputyForm": "somebody who sits at a panel",
    "panels.forms.PlanForm": "where a panel meets",
    "panels.forms.SeatForm": "somebody who sits at a panel",
}
# Nothing of these is kept: they search, narrow a list, or sign somebody in.
KEEP_NOTHING = {
    "accounts.forms.people.PeopleSearchForm",
    "accounts.forms.sign_in.CodeForm",
    "accounts.forms.sign_in.EmailCodeForm",
    "accounts.forms.sign_in.WorkAddressForm",
    "cases.forms.lists.FileSearchForm",
    "cases.forms.looks.PeopleFilterForm",
    "referrals.forms.triage.QueueFilterForm",
}
MEANT_FOR_NO_POSTCODE_OF_OTHERS = {
    "accounts.forms.fields.PasswordField": "a password",
    "accounts.forms.fields.PostcodeField": "the postcode itself",
}
# A machine cannot answer a question, and a child who is missing is never refused for want of a tick.
OF_THE_INTERFACE = {
    "missing.api.shapes.MissingChild",
    "missing.api.shapes.MissingEpisode",
    "missing.api.shapes.ChildBack",
}


def name_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def ours(base: type) -> Iterator[type]:
    """Every class of the product below another, however far."""
    for app in APPS:
        for found in pkgutil.walk_packages(app.__path__, f"{app.__name__}."):
            if ".migrations" not in found.name and ".management" not in found.name:
                importlib.import_module(found.name)
    waiting, seen = [base], set()
    while waiting:
        for kind in waiting.pop().__subclasses__():
            if kind not in seen:
                seen.add(kind)
                waiting.append(kind)
                if kind.__module__.split(".")[0] in {app.__name__ for app in APPS}:
                    yield kind


def takes_text(field: forms.Field) -> bool:
    return isinstance(field, TextField) and field.watched


def test_a_form_that_asks_nothing_about_postcodes_is_named_with_its_reason():
    found = {name_of(kind) for kind in ours(WriteForm) if not kind.about_a_child}
    assert found == set(ABOUT_NO_CHILD)


def test_a_form_with_a_text_that_is_no_write_form_keeps_nothing():
    found = {
        name_of(kind)
        for kind in ours(HarbourForm)
        if not issubclass(kind, WriteForm) and any(map(takes_text, kind.base_fields.values()))
    }
    assert found == KEEP_NOTHING


def test_each_kind_of_field_for_words_asks():
    found = {name_of(kind) for kind in ours(TextField) if not kind.watched}
    assert found == set(MEANT_FOR_NO_POSTCODE_OF_OTHERS)


def test_no_form_takes_words_in_a_field_that_cannot_ask():
    """Django's own field for text asks nothing; the hidden ones carry what the page itself put there."""
    plain = {
        f"{name_of(kind)}.{name}"
        for kind in ours(WriteForm)
        for name, field in kind.base_fields.items()
        if isinstance(field, forms.CharField) and not isinstance(field, TextField) and not field.widget.is_hidden
    }
    assert plain == set()


def test_what_machines_send_is_named():
    found = {
        name_of(kind)
        for kind in ours(Asked)
        if not kind.__name__.endswith("Query")
        and any(isinstance(field, Words | serializers.CharField) for field in kind._declared_fields.values())
    }
    assert found == OF_THE_INTERFACE
