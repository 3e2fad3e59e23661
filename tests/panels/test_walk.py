"""A meeting of thirty children through the pages, as the chair holds it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from cases.clocks.models import Clock
from panels.models import Action, Meeting, PanelDecision
from tests.factories.panels import accept_all, make_item

pytestmark = pytest.mark.django_db


def key_of(page) -> str:
    return re.search(r'name="idempotency_key" value="([^"]+)"', page.content.decode())[1]


def press(browser, url: str, data: dict | None = None, page=None):
    page = page or browser.get(url)
    return browser.post(url, {"idempotency_key": key_of(page), **(data or {})})


def test_the_chair_walks_thirty_children_and_closes(world, viewer, client_as, panel, meeting, child_of, at):
    for number in range(30):
        make_item(meeting, child_of(f"Child{number}", level="high"), viewer("coordinator"))
    office, chair = client_as("coordinator"), client_as("chair")
    base = f"/panels/{meeting.pk}/"
    page = office.get(base)
    assert office.post(f"{base}publish/", {"idempotency_key": key_of(page)}).status_code == 302
    accept_all(meeting)
    page = chair.get(base)
    answer = chair.post(f"{base}open/", {"idempotency_key": key_of(chair.get(f"{base}open/")), "sure": "1"})
    assert answer.url == f"{base}attendance/"
    form = chair.get(answer.url).content.decode()
    seats = dict(re.findall(r'<select name="(seat_[^"]+)".*?<option value="(present:[^"]+)"', form, re.S))
    assert chair.post(answer.url, {"idempotency_key": key_of(chair.get(answer.url)), **seats}).status_code == 302

    review = at + timedelta(days=28)
    owner = world.membership("housing")
    first = meeting.items.order_by("position").first()
    url = f"{base}items/{first.pk}/"
    for step in range(30):
        page = chair.get(url)
        assert page.status_code == 200
        version = re.search(r'name="version" value="(\d+)"', page.content.decode())[1]
        data = {
            "version": version,
            "code": "continue",
            "rationale": "The plan is working and goes on.",
            "level_after": "high",
            "next_review_on_day": review.day,
            "next_review_on_month": review.month,
            "next_review_on_year": review.year,
            "action_1_priority": "normal",
        }
        if step == 0:
            data |= {
                "action_1_text": "Offer a safe flat",
                "action_1_owner": str(owner.pk),
                "action_1_due_on_day": review.day,
                "action_1_due_on_month": review.month,
                "action_1_due_on_year": review.year,
            }
        answer = chair.post(url, {"idempotency_key": key_of(page), **data})
        assert answer.status_code == 302, answer.content.decode()
        if step == 0:
            again = chair.post(url, {"idempotency_key": key_of(page), **data})
            assert again.url == answer.url
        url = answer.url
    assert url == base
    assert PanelDecision.objects.count() == 30
    assert Action.objects.get().owner_membership == owner
    assert Clock.objects.filter(kind="action_done", state="running").count() == 1
    answer = press(chair, f"{base}close/")
    assert answer.status_code == 302, answer.content.decode()
    assert Meeting.objects.get(pk=meeting.pk).state == "closed"
    minutes = chair.get(f"{base}minutes/")
    assert minutes.status_code == 200
    assert minutes["Content-Type"] == "application/pdf"
