"""What a form answers to good and bad input, and what it shows again."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from accounts.forms import (
    CheckboxesField,
    DateField,
    EmailField,
    HarbourForm,
    LongTextField,
    MomentField,
    PasswordField,
    PostcodeField,
    RadioField,
    SelectField,
    TextField,
    TickField,
    WholeNumberField,
    WriteForm,
    YesNoField,
    error_items,
)
from accounts.forms.widgets import as_parts
from accounts.rules.dates import LONDON
from accounts.rules.text import page_hrefs, page_number
from tests.journeys.gallery import EveryField

AT = datetime(2026, 3, 4, 14, 15, tzinfo=UTC)
KEY = "6f6f0a4e-0a51-4a4b-9c55-0f2d6f5f4c11"


class Born(HarbourForm):
    born_on = DateField(label="Date of birth", noun="Date of birth", when="past", required=False)


class Seen(HarbourForm):
    seen_at = MomentField(label="When were they last seen?", noun="Last seen", when="today_or_past")


class Place(HarbourForm):
    place = RadioField(label="Where?", choices=[("home", "Home"), ("other", "Elsewhere")], reveals={"other": "where"})
    where = TextField(label="Where else?", max_length=20)


def born(day: str, month: str, year: str) -> Born:
    return Born({"born_on_day": day, "born_on_month": month, "born_on_year": year}, at=AT)


def seen(time: str, day: str = "4", month: str = "3", year: str = "2026", at: datetime = AT) -> Seen:
    posted = {"seen_at_day": day, "seen_at_month": month, "seen_at_year": year, "seen_at_time": time}
    return Seen(posted, at=at)


def only_error(form: forms.BaseForm) -> dict[str, str]:
    (item,) = error_items(form)
    return dict(item)


def answer(form: forms.BaseForm) -> dict[str, Any]:
    """What the form understood, or its errors."""
    return form.cleaned_data if form.is_valid() else form.errors


# Dates


@pytest.mark.parametrize("month", ["3", "03", "March", "mar", "Mar."])
def test_a_date_is_read_with_its_month_in_numbers_or_words(month: str):
    form = born("4", month, "2012")

    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"born_on": date(2012, 3, 4)}


@pytest.mark.parametrize(
    ("parts", "said", "box"),
    [
        (("", "3", "2012"), "Date of birth must include a day", "day"),
        (("4", "", ""), "Date of birth must include a month and year", "month"),
        (("31", "2", "2012"), "Date of birth must be a real date", "day"),
        (("4", "13", "2012"), "Date of birth must have a month from 1 to 12", "month"),
        (("4", "Ma", "2012"), "Date of birth must have a month from 1 to 12", "month"),
        (("32", "3", "2012"), "Date of birth must have a day from 1 to 31", "day"),
        (("4", "3", "12"), "Date of birth must have a year of 4 numbers, like 2011", "year"),
        (("4", "3", "1066"), "Date of birth must have a year between 1900 and 2200", "year"),
        (("4", "3", "٢٠١٢"), "Date of birth must have a year of 4 numbers, like 2011", "year"),
        (("4", "3", "2026"), "Date of birth must be in the past", "day"),
    ],
)
def test_a_wrong_date_says_what_is_wrong_and_leads_to_the_box(parts: tuple[str, str, str], said: str, box: str):
    form = born(*parts)

    assert only_error(form) == {"text": said, "href": f"#id_born_on_{box}"}
    assert all(f'value="{part}"' in str(form["born_on"]) for part in parts)


def test_only_the_box_to_mend_is_marked():
    marked = re.findall(r'name="(\w+)"[^>]*aria-invalid="true"', str(born("4", "13", "2012")["born_on"]))

    assert marked == ["born_on_month"]


@given(st.dates(date(1900, 1, 1), date(2026, 3, 3)))
def test_every_real_date_is_read_back_as_it_was(on: date):
    assert answer(born(str(on.day), str(on.month), str(on.year))) == {"born_on": on}


def test_a_date_that_is_compared_needs_the_instant():
    with pytest.raises(ImproperlyConfigured, match="needs `at`"):
        Born({})


@pytest.mark.parametrize(
    ("when", "on", "allowed"),
    [
        ("past", date(2026, 3, 4), False),
        ("past", date(2026, 3, 3), True),
        ("today_or_past", date(2026, 3, 4), True),
        ("today_or_past", date(2026, 3, 5), False),
        ("today_or_future", date(2026, 3, 4), True),
        ("today_or_future", date(2026, 3, 3), False),
        ("future", date(2026, 3, 4), False),
        ("future", date(2026, 3, 5), True),
    ],
)
def test_a_date_is_bounded_by_the_day_of_the_instant(when: Any, on: date, allowed: bool):
    class Bounded(HarbourForm):
        on = DateField(when=when)

    posted = {"on_day": str(on.day), "on_month": str(on.month), "on_year": str(on.year)}

    assert Bounded(posted, at=AT).is_valid() is allowed


def test_today_is_londons_today():
    """At 11:30pm in UTC on 30 June it is already 1 July in London."""

    class Due(HarbourForm):
        on = DateField(when="today_or_past")

    posted = {"on_day": "1", "on_month": "7", "on_year": "2026"}

    assert Due(posted, at=datetime(2026, 6, 30, 23, 30, tzinfo=UTC)).is_valid()


# Times


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("2:15pm", 14, 15),
        ("2.15 PM", 14, 15),
        ("215pm", 14, 15),
        ("2 p.m.", 14, 0),
        ("14:15", 14, 15),
        ("1415", 14, 15),
        ("02:15", 2, 15),
        ("0:15", 0, 15),
        ("12am", 0, 0),
        ("12:30pm", 12, 30),
        ("midday", 12, 0),
        ("Noon", 12, 0),
        ("midnight", 0, 0),
    ],
)
def test_times_are_read_as_people_write_them(text: str, hour: int, minute: int):
    form = seen(text, day="3")

    assert form.is_valid(), form.errors
    assert form.cleaned_data["seen_at"] == datetime(2026, 3, 3, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Last seen must include a time"),
        ("2:15", "Last seen must say whether 2:15 is am or pm, like 2:15pm"),
        ("tea time", "Last seen must have a time like 2:15pm or 14:15"),
        ("7", "Last seen must have a time like 2:15pm or 14:15"),
        ("7m", "Last seen must have a time like 2:15pm or 14:15"),
        ("25:00", "Last seen must have a real time, like 2:15pm or 14:15"),
        ("14:75", "Last seen must have a real time, like 2:15pm or 14:15"),
        ("13:00pm", "Last seen must have a real time, like 2:15pm or 14:15"),
    ],
)
def test_a_wrong_time_is_asked_about_and_never_guessed(text: str, said: str):
    assert only_error(seen(text, day="3")) == {"text": said, "href": "#id_seen_at_time"}


def test_an_instant_after_now_is_refused_though_the_day_is_today():
    assert only_error(seen("2:16pm"))["text"] == "Last seen must be today or in the past"
    assert seen("2:15pm").is_valid()


def test_the_hour_that_the_clocks_skip_does_not_exist():
    form = seen("1:30am", day="29", month="3", at=AT + timedelta(days=60))

    assert only_error(form)["text"] == "Last seen is in the hour that was skipped when the clocks went forward"


def test_in_the_hour_that_the_clocks_repeat_the_first_is_meant():
    form = seen("1:30am", day="25", month="10", at=AT + timedelta(days=365))

    assert form.is_valid(), form.errors
    assert form.cleaned_data["seen_at"] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2026, 1, 1)).map(lambda value: value.replace(second=0, microsecond=0))
)
def test_an_instant_shown_in_the_boxes_is_read_back_as_itself(naive: datetime):
    instant = naive.replace(tzinfo=UTC)
    if instant.astimezone(LONDON).fold:
        return
    shown = as_parts(instant)

    assert answer(seen(shown.time, shown.day, shown.month, shown.year)) == {"seen_at": instant}


@pytest.mark.parametrize("initial", [date(2012, 3, 4), "2012-03-04"])
def test_a_draft_shows_its_date_again(initial: Any):
    shown = str(Born(initial={"born_on": initial}, at=AT)["born_on"])

    assert re.findall(r'value="(\d+)"', shown) == ["4", "3", "2012"]


# Choices


def test_a_revealed_field_is_required_when_its_choice_is_picked():
    form = Place({"place": "other", "where": ""})

    assert only_error(form) == {"text": "Answer “Where else?”", "href": "#id_where"}


def test_a_revealed_field_is_emptied_when_its_choice_is_not_picked():
    form = Place({"place": "home", "where": "typed before, then changed, and far too long"})

    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"place": "home", "where": ""}


def test_a_revealed_field_is_shown_once_below_its_choice():
    page = str(Place())

    assert page.count('name="where"') == 1
    assert page.index('value="other"') < page.index('name="where"')
    assert "(optional)" not in page


def test_yes_and_no_reveal_and_give_truth():
    class Told(HarbourForm):
        told = YesNoField(label="Told?", reveals={"no": "reason"}, required=False)
        reason = TextField(label="Why not")

    assert answer(Told({"told": "yes"})) == {"told": True, "reason": ""}
    assert answer(Told({"told": "no", "reason": "In danger"})) == {
        "told": False,
        "reason": "In danger",
    }
    assert answer(Told({})) == {"told": None, "reason": ""}
    assert re.findall(r'value="no"[^>]*checked', str(Told(initial={"told": False})["told"]))


def test_none_of_these_stands_alone():
    class Knows(HarbourForm):
        knows = CheckboxesField(label="Who knows?", choices=[("a", "Mother"), ("n", "Nobody")], exclusive="n")

    assert only_error(Knows(QueryDict("knows=a&knows=n"))) == {
        "text": "Select what applies, or select “Nobody”, not both",
        "href": "#id_knows_0",
    }
    assert Knows(QueryDict("knows=n")).is_valid()


def test_a_choice_that_was_not_offered_is_not_repeated_back():
    form = Place({"place": "<b>elsewhere</b>", "where": "x"})

    assert only_error(form)["text"] == "Select one of the choices offered"


# Text


def test_characters_that_cannot_be_kept_are_said_and_taken_out():
    class Named(HarbourForm):
        name = TextField(label="Name")

    form = Named({"name": "Te\x00gan\u202e"})

    assert only_error(form)["text"].startswith("This had characters that cannot be shown")
    assert 'value="Tegan"' in str(form["name"])


def test_pasted_breaks_and_windows_line_ends_become_plain_lines():
    class Told(HarbourForm):
        words = LongTextField(label="Words", max_length=8)

    form = Told({"words": "one\r\n\x0btwo"})

    assert form.is_valid(), form.errors
    assert form.cleaned_data["words"] == "one\n\ntwo"


def test_a_text_that_is_too_long_is_kept_and_answered():
    class Named(HarbourForm):
        name = TextField(label="Name", max_length=5)

    form = Named({"name": "Tegan Ashby"})

    assert only_error(form) == {"text": "Name must be 5 characters or fewer", "href": "#id_name"}
    assert 'value="Tegan Ashby"' in str(form["name"])
    assert "maxlength" not in str(form["name"])


def test_a_password_is_taken_as_it_is_and_never_shown_again():
    class Enter(HarbourForm):
        word = PasswordField(label="Password")

    form = Enter({"word": "  two spaces\tand a tab "})

    assert form.is_valid(), form.errors
    assert form.cleaned_data["word"] == "  two spaces\tand a tab "
    assert "two spaces" not in str(form)


# Messages


def test_what_is_missing_is_asked_for_in_words():
    class Many(HarbourForm):
        first = TextField(label="Child’s first name")
        nhs = TextField(label="NHS number")
        worry = LongTextField(label="What worries you?")
        agency = SelectField(label="Your agency", choices=[("", "Choose"), ("a", "Bridge Project")])
        mail = EmailField(label="Email", missing="Enter the address you answer at work")
        sure = TickField(label="I have read this")
        plain = forms.CharField(label="A field of Django’s own")

    assert [item["text"] for item in Many({}).error_items] == [
        "Enter child’s first name",
        "Enter NHS number",
        "Answer “What worries you?”",
        "Select your agency",
        "Enter the address you answer at work",
        "Tick “I have read this”",
        "Enter a field of Django’s own",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("three", "Hours must be a whole number, like 3"),
        ("1.5", "Hours must be a whole number, like 3"),
        ("-1", "Hours must be 0 or more"),
        ("1000", "Hours must be 999 or less"),
    ],
)
def test_a_number_that_is_none_is_explained(text: str, said: str):
    class Away(HarbourForm):
        hours = WholeNumberField(label="Hours", min_value=0, max_value=999)

    assert only_error(Away({"hours": text}))["text"] == said


def test_optional_questions_say_so_and_filters_do_not():
    class Optional(HarbourForm):
        name = TextField(label="Name", required=False)

    class Filter(Optional):
        says_optional = False

    assert "Name (optional)" in str(Optional())
    assert "(optional)" not in str(Filter())


def test_a_third_partys_form_is_dressed_like_ours():
    page = str(AuthenticationForm())

    assert page.count('class="govuk-form-group"') == 2
    assert 'class="govuk-input"' in page
    assert 'data-module="govuk-password-input"' in page


def test_hints_and_errors_are_read_out_with_their_control():
    """Every hint and error of a form in error is named by a control or fieldset, and every named id is there once."""
    form = EveryField({}, at=AT)
    page = str(form)
    ids = re.findall(r'\sid="([^"]+)"', page)
    named = {name for names in re.findall(r'aria-describedby="([^"]+)"', page) for name in names.split()}

    assert len(ids) == len(set(ids))
    assert {name for name in ids if name.endswith(("-hint", "-error", "-info"))} == named
    assert {f"id_{name}-error" for name in form.errors if name != "idempotency_key"} <= named
    assert {item["href"].removeprefix("#") for item in form.error_items if item["href"]} <= set(ids)


def test_a_control_in_error_says_so_but_a_button_of_a_group_does_not():
    wrong = re.findall(r'name="(\w+)"[^>]*aria-invalid="true"', str(EveryField({}, at=AT)))

    assert {"first_name", "worry", "agency", "mail", "sure", "born_on_day"} <= set(wrong)
    assert not {"place", "knows", "told", "remarks"} & set(wrong)


# Write forms


def test_a_write_form_brings_a_fresh_key_each_time_it_is_opened():
    keys = [re.findall(r'name="idempotency_key" value="([^"]+)"', str(WriteForm()))[0] for _ in range(2)]

    assert len({UUID(key) for key in keys}) == 2


def test_a_write_form_that_comes_back_keeps_its_key_and_version():
    class Named(WriteForm):
        name = TextField(label="Name")

    form = Named({"idempotency_key": KEY, "version": "7", "name": ""})

    assert not form.is_valid()
    assert f'name="idempotency_key" value="{KEY}"' in str(form)
    assert 'name="version" value="7"' in str(form)
    assert (form.cleaned_data["idempotency_key"], form.cleaned_data["version"]) == (UUID(KEY), 7)


@pytest.mark.parametrize("key", ["", "not a key", "\x00"])
def test_a_lost_key_is_said_once_for_the_page_and_replaced(key: str):
    form = WriteForm({"idempotency_key": key})

    assert only_error(form) == {
        "text": "This page could not be matched to the one you opened. Check your answers and send them again",
        "href": "",
    }
    assert UUID(re.findall(r'name="idempotency_key" value="([^"]+)"', str(form))[0])


# Anything at all

WILD = st.text(st.characters(codec="utf-8") | st.sampled_from("\x00\x0b\u202e\r\n\t<>&\"'"), max_size=40)
NAMES = [name for name in EveryField.base_fields if name != "paper"]
POSTED = [
    *NAMES,
    *(f"{name}_{part}" for name in ("born_on", "seen_at", "place_on") for part in ("day", "month", "year", "time")),
]


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(POSTED, WILD)))
def test_whatever_is_sent_gets_an_answer(posted: dict[str, str]):
    form = EveryField(posted, at=AT)

    form.is_valid()
    page = str(form)

    assert {item["text"] for item in form.error_items} == {
        str(text) for texts in form.errors.values() for text in texts
    }
    assert page.count("<fieldset") == page.count("</fieldset>") == 6


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("nm42qf", "NM4 2QF"),
        (" zz9  9zz", "ZZ9 9ZZ"),
        ("NM4", "NM4"),
        ("w1a 1aa", "W1A 1AA"),
        ("m11ae", "M1 1AE"),
        ("", ""),
    ],
)
def test_a_postcode_is_kept_in_one_way(typed: str, kept: str):
    assert PostcodeField(required=False).clean(typed) == kept


@pytest.mark.parametrize("typed", ["banana", "NM4 2Q", "4NM 2QF", "NM42 2QF1", "NM4-2QF"])
def test_what_is_no_postcode_is_asked_about(typed: str):
    with pytest.raises(ValidationError):
        PostcodeField(required=False).clean(typed)


@pytest.mark.parametrize(
    ("said", "page"), [("2", 2), ("0", 1), ("-3", 1), ("x", 1), ("", 1), ("٣", 1), ("9" * 30, 1), ("9999", 9999)]
)
def test_the_page_of_a_list_is_a_number_or_the_first(said: str, page: int):
    assert page_number(said) == page


@pytest.mark.parametrize(
    ("page", "has_more", "previous", "following"),
    [(1, False, "", ""), (1, True, "", "/a/?who=x&page=2"), (3, False, "/a/?who=x&page=2", "")],
)
def test_the_pages_around_a_page_of_a_list(page: int, has_more: bool, previous: str, following: str) -> None:
    found = page_hrefs(page, has_more=has_more, path="/a/", query=[("who", "x")])
    assert found == {"previous_href": previous, "next_href": following}
