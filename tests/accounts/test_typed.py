"""What was typed, read back under the form's own labels.

Seen to fail: a field below a choice that was not picked; a password; two forms of the same fields taken for one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.http import QueryDict

from accounts.forms import LongTextField, MomentField, RadioField, TextField, TickField, WriteForm
from accounts.forms.typed import fields_for, fields_read, typed_rows


class HowForm(WriteForm):
    seen_from_afar_at = MomentField(label="When was it?", when="today_or_past")
    way = RadioField(
        label="How did they come back?",
        choices=[("police", "Found by police"), ("alone", "Alone")],
        reveals={"police": "officer", "alone": "route"},
        required=False,
    )
    officer = TextField(label="Which officer?", required=False)
    route = TextField(label="Which way?", initial="On foot", required=False)
    told = TickField(label="The parents were told", required=False)
    note = LongTextField(label="Anything else?", required=False)
    secret = forms.CharField(required=False, widget=forms.PasswordInput)


class TwinForm(WriteForm):
    twin_of_both = TextField(label="One")


class OtherTwinForm(WriteForm):
    twin_of_both = TextField(label="Other")


TYPED = {
    "idempotency_key": "k",
    "version": "3",
    "seen_from_afar_at_day": "4",
    "seen_from_afar_at_month": "3",
    "seen_from_afar_at_year": "2026",
    "seen_from_afar_at_time": "9:15pm",
    "way": "police",
    "officer": "PC Tall",
    "route": "On foot",
    "told": "on",
    "note": "",
    "secret": "hunter2",
}
ROWS = [
    ("When was it?", "4 3 2026 9:15pm"),
    ("How did they come back?", "Found by police"),
    ("Which officer?", "PC Tall"),
    ("The parents were told", "Yes"),
]


def posted(**more: str) -> QueryDict:
    data = QueryDict(mutable=True)
    data.update(TYPED | more)
    return data


def lists(data: QueryDict) -> dict[str, Any]:
    return dict(data.lists())


def test_the_form_that_read_it_names_what_was_typed_and_what_was_not_asked_is_left_out() -> None:
    data = posted(stray_field="Kept too")
    HowForm(data, at=datetime(2026, 3, 5, tzinfo=UTC))
    assert typed_rows(lists(data), fields_read(data)) == [*ROWS, ("Stray field", "Kept too")]


def test_a_form_that_no_view_has_read_is_known_by_its_fields() -> None:
    data = posted()
    assert fields_read(data) == {}
    assert typed_rows(lists(data), fields_for(lists(data))) == ROWS


def test_where_two_forms_would_do_neither_is_guessed() -> None:
    typed = {"idempotency_key": ["k"], "twin_of_both": ["Words"]}
    assert typed_rows(typed, fields_for(typed)) == [("Twin of both", "Words")]
