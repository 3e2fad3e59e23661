"""A form of a page filled in as somebody would, from the fields that the page itself offers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms

from accounts.forms.dates import DateField
from accounts.forms.widgets import as_parts
from accounts.rules.dates import LONDON

DAYS = {"past": -1, "today_or_past": -1, "future": 1, "today_or_future": 1}
WORDS = "Because it was agreed at the meeting."


def filled(page: Any) -> dict[str, Any]:
    """What a browser would send for the form of a page, each question answered; nothing where the page has no form."""
    contexts = [part for part in page.context or [] if isinstance(part.get("form", None), forms.BaseForm)]
    if not contexts:
        return {}
    form = contexts[0]["form"]
    answers: dict[str, Any] = {}
    for bound in form:
        if isinstance(bound.field, DateField):
            answers |= _date(form, bound)
        else:
            answers[bound.html_name] = _answer(bound)
    return {name: value for name, value in answers.items() if value is not None}


def _answer(bound: Any) -> Any:
    """What stands in the field already, or the first choice, or some words."""
    field, stands = bound.field, bound.value()
    if isinstance(field, forms.ChoiceField):
        if stands:
            return stands
        offered = [value for value in _values(field.choices) if value not in ("", None)]
        if not offered:
            return None
        return [offered[0]] if isinstance(field, forms.MultipleChoiceField) else offered[0]
    if isinstance(field, forms.BooleanField):
        return "on"
    if stands not in ("", None):
        return stands
    if isinstance(field, forms.IntegerField):
        return None if bound.is_hidden else field.min_value or 1
    if isinstance(field, forms.CharField) and type(field).__name__ != "PostcodeField":
        return WORDS[: field.max_length or len(WORDS)]
    return None


def _values(choices: Any) -> list[Any]:
    found: list[Any] = []
    for value, label in choices:
        found += _values(label) if isinstance(label, list | tuple) else [value]
    return found


def _date(form: Any, bound: Any) -> dict[str, str]:
    """Today, or the day beside it on the side that the field asks for."""
    stands = as_parts(bound.value())._asdict()
    if not stands["day"]:
        on = (form.at or datetime.now(LONDON)).astimezone(LONDON)
        on += timedelta(
            days={"past": -1, "today_or_past": -1, "future": 1, "today_or_future": 1}.get(bound.field.when, 0)
        )
        stands = {"day": str(on.day), "month": str(on.month), "year": str(on.year), "time": "11:30am"}
    return {f"{bound.html_name}_{part}": stands[part] for part in bound.field.widget.parts}
