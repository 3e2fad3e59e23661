"""What a test of pages does in a browser: the address of a page of a file, a form that is sent, what an answer says."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from cases.record.models import Child


def url(name: str, child: Child, *more: Any) -> str:
    """The address of a page of a file."""
    return reverse(f"cases:{name}", args=[child.reference, *more])


def text(answer: HttpResponse) -> str:
    """What an answer says."""
    return answer.content.decode()


def send(browser: Client, address: str, **fields: Any) -> HttpResponse:
    """A form as it is sent, with a key of its own."""
    return browser.post(address, {"idempotency_key": str(uuid4()), **fields})
