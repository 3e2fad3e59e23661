"""What a person is told at home about their own account."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django.urls import reverse

from accounts.models import Notice
from accounts.rules.dates import moment
from accounts.rules.notices import words_of


def notice_lines(notices: Iterable[Notice]) -> list[dict[str, Any]]:
    """Each notice with its words, its time and the address that puts it away."""
    return [
        {
            "subject": words_of(notice.kind).subject,
            "text": f"{words_of(notice.kind).sentence} {notice.detail}".strip(),
            "when": moment(notice.made_at),
            "href": reverse("accounts:notice_seen", args=[notice.pk]),
            "key": str(uuid4()),
        }
        for notice in notices
    ]
