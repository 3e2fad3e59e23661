"""One's own second step in words."""

from __future__ import annotations

from typing import Any

from accounts.rules.dates import moment
from accounts.rules.second_factor import FEW_CODES
from accounts.selectors.second_factor import SecondFactor


def standing_rows(found: SecondFactor | None) -> list[dict[str, Any]]:
    """How a second step stands, for `components/summary_list.html`; nothing where it is not set up."""
    if found is None:
        return []
    few = " Make new ones soon." if found.codes_left <= FEW_CODES else ""
    return [
        {"key": "Set up", "value": moment(found.since)},
        {"key": "A code was last used", "value": moment(found.used_at) or "Not yet"},
        {"key": "Recovery codes left", "value": f"{found.codes_left} of 10.{few}"},
    ]
