"""An invented report, for the description of the interface."""

from typing import Any

REPORT: dict[str, Any] = {
    "child": {"given_name": "Robin", "family_name": "Ashdown", "birth_date": "2011-05-04", "police_number": "NM-40417"},
    "kind": "missing",
    "last_seen_at": "2026-03-04T18:30:00+00:00",
    "noticed_at": "2026-03-04T20:10:00+00:00",
    "reported_at": "2026-03-04T21:05:00+00:00",
    "police_reference": "MP-2026-0311",
    "place_kind": "residential",
    "place": "Willow House",
    "circumstances": "Left after tea without a coat. Telephone is off.",
    "flags": ["cse", "looked_after"],
}
REPORTED: dict[str, Any] = {
    "id": "0f6f2f0e-6c0e-4a3e-9d0b-6d2a1b7c9e55",
    "reference": "M-H7K-4PQR",
    "state": "reported",
}
RETURN: dict[str, Any] = {
    "returned_at": "2026-03-05T02:40:00+00:00",
    "method": "police",
    "found_by": "PC Castellan",
    "found_where": "Northmere bus station",
    "condition": "Cold and tired, not hurt.",
}
RETURNED: dict[str, Any] = {**REPORTED, "state": "returned"}
