"""The calendar page: who may keep it, what it refuses, and who did what."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from accounts.forms import WriteForm
from cases.clocks.models import ClosureDay
from cases.clocks.selectors import bank_holidays, closed_days

pytestmark = pytest.mark.django_db


def a_working_day(at, *, after: int = 20) -> date:
    day = at.date() + timedelta(days=after)
    while day.weekday() > 4 or day in bank_holidays(day.year):
        day += timedelta(days=1)
    return day


def key() -> dict[str, str]:
    return {"idempotency_key": WriteForm()["idempotency_key"].value()}


def asked(day: date, name: str = "Staff training day") -> dict[str, str]:
    return {**key(), "day_day": str(day.day), "day_month": str(day.month), "day_year": str(day.year), "name": name}


@pytest.mark.parametrize("name", ["teacher", "triage", "chair", "guardian", "analyst", "socialworker"])
def test_nobody_else_keeps_the_calendar(client_as, at, name: str) -> None:
    browser = client_as(name)
    assert browser.get("/calendar/").status_code == 403
    assert browser.post("/calendar/", asked(a_working_day(at))).status_code == 403
    assert browser.post("/calendar/reopen/", {**key(), "day": "2026-01-05"}).status_code == 403
    assert 'href="/calendar/"' not in browser.get("/").content.decode()
    assert not ClosureDay.objects.exists()


@pytest.mark.parametrize("name", ["coordinator", "admin"])
def test_those_who_keep_it_find_it_and_see_both_years(client_as, at, name: str) -> None:
    browser = client_as(name)
    assert 'href="/calendar/"' in browser.get("/").content.decode()
    text = browser.get("/calendar/").content.decode()
    for year in (at.year, at.year + 1):
        assert f"Bank holidays in England, {year}" in text
        assert f"25 December {year}" in text
    assert "No day has been closed this year." in text


def test_a_day_is_closed_and_reopened_and_the_page_says_who(client_as, at) -> None:
    day = a_working_day(at)
    coordinator, admin = client_as("coordinator"), client_as("admin")
    assert coordinator.post("/calendar/", asked(day)).status_code == 302
    assert closed_days(day, day) == {day}
    text = admin.get("/calendar/").content.decode()
    assert f"{day:%A} {day.day} {day:%B %Y}" in text
    assert "Staff training day" in text
    assert "Closed by Coral Devereux on" in text
    assert admin.post("/calendar/reopen/", {**key(), "day": day.isoformat()}).status_code == 302
    assert closed_days(day, day) == frozenset()
    assert "Reopened by Ada Northcote on" in coordinator.get("/calendar/").content.decode()
    again = admin.post("/calendar/reopen/", {**key(), "day": day.isoformat()}, follow=True)
    assert "That day is not closed any more" in again.content.decode()


def test_a_day_that_is_not_worked_anyway_is_refused_at_its_field_with_what_was_typed(client_as, at) -> None:
    christmas = date(at.year + 1, 12, 25)
    answer = client_as("coordinator").post("/calendar/", asked(christmas, "A day off"))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "That day is not worked already" in text
    assert 'value="A day off"' in text
    assert not ClosureDay.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "Enter why the day is closed"),
        ({"day_day": "", "day_month": "", "day_year": ""}, "Enter the day to close"),
        ({"day_year": "2020"}, "must be today or in the future"),
        ({"day_day": "31", "day_month": "2"}, "must be a real date"),
    ],
)
def test_what_is_missing_or_wrong_is_said(client_as, at, fields: dict[str, str], words: str) -> None:
    answer = client_as("coordinator").post("/calendar/", {**asked(a_working_day(at)), **fields})
    assert answer.status_code == 422
    assert words in answer.content.decode()


@pytest.mark.parametrize("day", ["", "rubbish", "2026-02-30", "9999-99-99"])
def test_a_day_that_cannot_be_read_changes_nothing(client_as, at, day: str) -> None:
    answer = client_as("coordinator").post("/calendar/reopen/", {**key(), "day": day}, follow=True)
    assert answer.status_code == 200
    assert "could not be read" in answer.content.decode()
