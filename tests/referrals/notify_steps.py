"""What a teacher types on each page of a notification, and a browser that goes through them."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

from django.urls import reverse

from accounts.models import Draft
from referrals.models import Notification

STEPS: dict[str, dict[str, Any]] = {
    "child": {
        "given_name": "Robin",
        "family_name": "Ashdown",
        "preferred_name": "Rob",
        "birth_date_known": "yes",
        "birth_date_day": "4",
        "birth_date_month": "5",
        "birth_date_year": "2011",
        "sex": "female",
    },
    "about": {"ethnicity": "mixed_caribbean", "disability": "none", "school": "Hollybank School"},
    "home": {
        "address_lines": "4 Quay Row\nNorthmere",
        "postcode": "zz1  4ab",
        "address_protected": "yes",
        "safe_contact": "Through the school office",
    },
    "concern": {
        "concerns": ["sexual", "missing"],
        "concern": "Collected from school by an adult whom nobody knows.",
        "happened_on_day": "2",
        "happened_on_month": "3",
        "happened_on_year": "2026",
        "people_and_places": "A grey hatchback",
    },
    "harm": {"harm_status": "suspected"},
    "danger": {"immediate_danger": "no"},
    "words": {"childs_words": "“He is just a friend.”"},
    "told": {
        "child_told": "yes",
        "child_agreement": "agrees",
        "parents_told": "no_unsafe",
        "reason_not_told": "An uncle at home may be involved.",
        "others_who_know": "The school nurse",
    },
    "contact": {"referrer_telephone": "01632 960 102"},
    "matrix": {"without": "yes"},
}


def hidden(page: Any) -> dict[str, str]:
    """The key and version that a page's form carries."""
    text = page.content.decode()
    found = {}
    for name in ("idempotency_key", "version"):
        tag = re.search(rf'<input type="hidden" name="{name}"[^>]*>', text)
        value = re.search(r'value="([^"]*)"', tag.group(0)) if tag else None
        found[name] = value.group(1) if value else ""
    return found


def begin(browser: Any) -> UUID:
    """Press Begin; the id of the new draft."""
    start = reverse("referrals:notify_start")
    answer = browser.post(start, hidden(browser.get(start)))
    assert answer.status_code == 302
    return UUID(answer["Location"].split("/")[2])


def step_address(draft_id: UUID, step: str) -> str:
    return reverse("referrals:notify_step", args=[draft_id, step])


def fill(browser: Any, draft_id: UUID, step: str, **changes: Any) -> Any:
    """Type what the teacher types on a page but for the changes (None: leave it out), and press the button."""
    typed = {name: value for name, value in {**STEPS[step], **changes}.items() if value is not None}
    version = Draft.objects.get(pk=draft_id).answers.get(step, {}).get("version", 0)
    fields = {"idempotency_key": str(uuid4()), "version": str(version), **typed}
    return browser.post(step_address(draft_id, step), fields)


def fill_all(browser: Any, **steps: dict[str, Any]) -> UUID:
    """Begin and go through every page; `steps` changes what is typed on some."""
    draft_id = begin(browser)
    for step in STEPS:
        answer = fill(browser, draft_id, step, **steps.get(step, {}))
        assert answer.status_code == 302, (step, answer.content.decode())
    return draft_id


def press_send(browser: Any, draft_id: UUID) -> Any:
    fields = {"idempotency_key": str(uuid4()), "version": str(Draft.objects.get(pk=draft_id).version)}
    return browser.post(reverse("referrals:notify_check", args=[draft_id]), fields)


def send(browser: Any, **steps: dict[str, Any]) -> Notification:
    """Go through every page and send."""
    answer = press_send(browser, fill_all(browser, **steps))
    assert answer.status_code == 302, answer.content.decode()
    return Notification.objects.get(reference=answer["Location"].split("/")[3])
