"""What somebody typed in a form, read back to them under the form's own labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django import forms
from django.http import QueryDict

from accounts.forms.base import HarbourForm
from accounts.forms.widgets import DatePartsInput

# What a form carries for the machine, and what must never be shown again.
NOT_TYPED = {"csrfmiddlewaretoken", "form_owner", "idempotency_key", "version", "next", "held"}
Row = tuple[str, str]


def typed_rows(posted: Mapping[str, Sequence[str]], fields: Mapping[str, forms.Field]) -> list[Row]:
    """What was typed, field by field in the form's order: nothing empty, hidden, or below a choice not picked.

    What belongs to none of `fields` follows under its own name: nothing that was typed is lost.
    """
    left_out = _not_revealed(posted, fields)
    rows, read = [], set(NOT_TYPED)
    for name, field in fields.items():
        read.update(_names(name, field))
        if field.widget.is_hidden or name in left_out or isinstance(field.widget, forms.PasswordInput):
            continue
        if words := _words(name, field, posted):
            rows.append((str(field.label or _plain(name)), words))
    rows += [
        (_plain(name), ", ".join(value for value in values if value))
        for name, values in posted.items()
        if name not in read and "password" not in name and any(values)
    ]
    return rows


def fields_read(posted: QueryDict) -> Mapping[str, forms.Field]:
    """The fields of the form that read what was posted; none where no form did."""
    form = getattr(posted, "read_by", None)
    return form.fields if form is not None else {}


def fields_for(posted: Mapping[str, Sequence[str]]) -> Mapping[str, forms.Field]:
    """The fields of the form that asks for all of what was posted and for least besides; none where two would do.

    For what arrived after its session had ended: no view has read it, so that its form is known by its fields alone.
    """
    asked = {name for name in posted if name not in NOT_TYPED}
    fitting: dict[type[HarbourForm], int] = {}
    for form in _forms(HarbourForm):
        names = {one for name, field in form.base_fields.items() for one in _names(name, field)} - NOT_TYPED
        if asked and asked <= names:
            fitting[form] = len(names - asked)
    fewest = min(fitting.values(), default=0)
    best = [form for form, besides in fitting.items() if besides == fewest]
    return best[0].base_fields if len(best) == 1 else {}


def _forms(form: type[HarbourForm]) -> Iterable[type[HarbourForm]]:
    for one in form.__subclasses__():
        yield one
        yield from _forms(one)


def _names(name: str, field: forms.Field) -> list[str]:
    if isinstance(field.widget, DatePartsInput):
        return [f"{name}_{part}" for part in field.widget.parts]
    return [name]


def _words(name: str, field: forms.Field, posted: Mapping[str, Sequence[str]]) -> str:
    values = [value for one in _names(name, field) for value in posted.get(one, ()) if value]
    if isinstance(field.widget, forms.CheckboxInput):
        return "Yes" if values else ""
    choices = {str(key): str(words) for key, words in getattr(field, "choices", ())}
    return (" " if isinstance(field.widget, DatePartsInput) else ", ").join(choices.get(one, one) for one in values)


def _not_revealed(posted: Mapping[str, Sequence[str]], fields: Mapping[str, forms.Field]) -> set[str]:
    shown: set[str] = set()
    hidden: set[str] = set()
    for name, field in fields.items():
        for value, names in getattr(field.widget, "reveals", {}).items():
            (shown if str(value) in posted.get(name, ()) else hidden).update(names)
    return hidden - shown


def _plain(name: str) -> str:
    return name.replace("_", " ").capitalize()
