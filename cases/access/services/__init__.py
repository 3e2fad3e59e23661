"""Giving and ending access, and keeping the projection that lists read. The only code that writes either."""

from cases.access.services.granting import (
    ROLE_ENDED,
    STANDING_FUNCTIONS,
    GrantRefused,
    NoAgreement,
    count_personal_grants,
    end_block,
    end_grants,
    end_grants_from,
    end_personal_grants,
    grant_access,
    grant_to_function,
    open_to_standing_functions,
    place_block,
)
from cases.access.services.projection import (
    Drift,
    compare_projection,
    project,
    projecting_later,
    rebuild_projection,
    record_activity,
    view_permission,
)

__all__ = [
    "ROLE_ENDED",
    "STANDING_FUNCTIONS",
    "Drift",
    "GrantRefused",
    "NoAgreement",
    "compare_projection",
    "count_personal_grants",
    "end_block",
    "end_grants",
    "end_grants_from",
    "end_personal_grants",
    "grant_access",
    "grant_to_function",
    "open_to_standing_functions",
    "place_block",
    "project",
    "projecting_later",
    "rebuild_projection",
    "record_activity",
    "view_permission",
]
