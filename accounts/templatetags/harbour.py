"""What every template may say without loading anything: dates, ages, the lines of an error summary."""

from datetime import date, datetime

from django import forms, template
from django.http import HttpRequest
from django.utils import timezone

from accounts.forms.base import ErrorItem, error_items
from accounts.forms.typed import fields_for, fields_read, typed_rows
from accounts.models import HeldSubmission
from accounts.rules import dates
from accounts.templatetags.tables import sorts, table_body

register = template.Library()

register.filter("day", dates.day)
register.filter("moment", dates.moment)
register.filter("clock_time", dates.clock_time)
register.filter("age_in_years", dates.age_in_years)
register.filter("due_in", dates.due_in)
register.filter("sorts", sorts)
register.simple_tag(table_body)


@register.filter
def iso(value: date | datetime | None) -> str:
    """A date or instant for the `datetime` attribute of `<time>`."""
    return value.isoformat() if value else ""


@register.filter
def errors_of(form: forms.BaseForm) -> list[ErrorItem]:
    """The lines of the error summary of any form."""
    return error_items(form)


@register.simple_tag
def printed_at() -> str:
    """When this page was made, for the line at the head of a printed copy."""
    return dates.moment(timezone.now())


@register.filter
def typed_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """What somebody typed in the form that was refused, by field, so that a page of refusal loses nothing."""
    if not isinstance(request, HttpRequest) or request.method != "POST":
        return []
    return typed_rows(dict(request.POST.lists()), fields_read(request.POST))


@register.filter
def held_fields(held: HeldSubmission) -> list[tuple[str, str]]:
    """What stands in a form that was kept when its session had ended."""
    return typed_rows(held.fields, fields_for(held.fields))
