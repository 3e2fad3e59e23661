"""The forms of missing reports, episodes and return interviews."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accounts.forms import HarbourForm
from cases.clocks.rules import BreachReasonNeeded
from missing.rules import AlreadyMissing, MissingRefused
from missing.services.reports import MayBeKnown


def answered(form: HarbourForm, call: Callable[[], Any]) -> Any:
    """What a service returns for a valid form; None where it refuses, with the reason at the control it is about."""
    try:
        return call()
    except (AlreadyMissing, MayBeKnown):
        raise
    except (BreachReasonNeeded, MissingRefused) as refusal:
        form.refuse(refusal)
    return None
