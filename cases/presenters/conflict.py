"""Two people saved the same record: what each wrote, field by field, and what to keep of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.http import QueryDict

from accounts.forms.widgets import DatePartsInput, as_parts
from accounts.rules.dates import day

KEEP = "keep_"


def conflict_rows(form: forms.Form, *, theirs: dict[str, Any], opened: dict[str, Any]) -> list[dict[str, Any]]:
    """Each field with theirs and yours; `same` where there is nothing to choose.

    Somebody who left a field as it was when they opened the page did not mean to undo the other's change: it
    counts as theirs. `start` is the value that the next form begins with.
    """
    rows = []
    for name, value in theirs.items():
        yours = form.cleaned_data[name]
        untouched = name in opened and yours == opened[name]
        field = form.fields[name]
        rows.append(
            {
                "name": name,
                "label": field.label,
                "theirs": _words(field, value),
                "yours": _words(field, yours),
                "same": yours == value or untouched,
                "start": value if untouched else yours,
            }
        )
    return rows


def kept_values(posted: QueryDict, form_class: type[forms.Form], now_kept: dict[str, Any]) -> QueryDict:
    """What was posted, with theirs put in wherever the page of both versions was answered so."""
    data = posted.copy()
    for name, value in now_kept.items():
        if posted.get(f"{KEEP}{name}") != "theirs":
            continue
        if isinstance(form_class.base_fields[name].widget, DatePartsInput):
            for part, text in as_parts(value)._asdict().items():
                data[f"{name}_{part}"] = text
        elif isinstance(value, bool):
            data.setlist(name, ["on"] if value else [])
        else:
            data[name] = "" if value is None else str(value)
    return data


def _words(field: forms.Field, value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, date | datetime):
        return day(value)
    choices = dict(getattr(field, "choices", ()))
    return str(choices.get(value, value or ""))
