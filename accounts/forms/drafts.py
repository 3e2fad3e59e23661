"""What was typed in a long form, as it is kept in a draft and put back on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django import forms
from django.http import QueryDict

from accounts.rules.text import tidy

# The buttons that keep a page as it is: to leave, to go back, and what the page sends by itself when it is left.
LEAVE, BACK, KEPT = "leave", "back", "kept"
# What a form carries for the machine: never part of a draft.
NOT_TYPED = frozenset(
    {"csrfmiddlewaretoken", "form_owner", "held", "idempotency_key", "version", LEAVE, BACK, KEPT, "without"}
)


def typed_in(posted: QueryDict) -> dict[str, list[str]]:
    """What a person typed on a page, field by field, without characters that cannot be kept."""
    return {
        tidy(name): [tidy(value, lines=True) for value in values]
        for name, values in posted.lists()
        if name not in NOT_TYPED
    }


def is_blank(typed: Mapping[str, Sequence[str]]) -> bool:
    """Whether nothing at all was typed or chosen."""
    return not any(value.strip() for values in typed.values() for value in values)


def as_posted(typed: Mapping[str, Sequence[str]], *, key: str, version: int) -> QueryDict:
    """What was typed, as the browser would send it again, under a fresh key."""
    posted = QueryDict(mutable=True)
    for name, values in typed.items():
        posted.setlist(name, list(values))
    posted["idempotency_key"], posted["version"] = key, str(version)
    return posted


def put_back(form: forms.Form, typed: Mapping[str, Sequence[str]], *, version: int) -> None:
    """Show what was typed on a fresh form, without saying what is wrong with it: it is not finished yet."""
    posted = as_posted(typed, key="", version=version)
    for name, field in form.fields.items():
        if name != "idempotency_key":
            form.initial[name] = field.widget.value_from_datadict(posted, QueryDict(), name)
