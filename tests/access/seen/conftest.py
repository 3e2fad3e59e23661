"""A file, another that nobody has been granted, and whoever may know of the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Membership
from cases.record.models import Child
from tests.access.seen.rows import HOUR, ROLE
from tests.factories.accounts import make_membership
from tests.factories.cases import give, make_child


@pytest.fixture
def child(db) -> Child:
    return make_child("Ada", "Seen")


@pytest.fixture
def unknown(db) -> Child:
    """A file that nobody has been granted."""
    return make_child("Ben", "Seen")


@pytest.fixture
def join(child, at) -> Callable[..., Membership]:
    """Somebody new who may know of the file."""

    def made(role: str = ROLE, **fields: Any) -> Membership:
        member = make_membership(role=role, **fields)
        give(child, at - HOUR, membership=member)
        return member

    return made


@pytest.fixture
def guardian(join) -> Membership:
    return join("data_guardian")
