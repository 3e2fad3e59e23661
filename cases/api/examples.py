"""Invented files, for the description of the interface."""

from typing import Any

LEAD: dict[str, Any] = {
    "person": "Kezia Thorne",
    "agency": "Lantern Exploitation Service",
    "role": {"key": "keyworker", "label": "Keyworker"},
    "leads": True,
    "since": "2026-01-12",
    "telephone": "01632 960 101",
}
LEVEL: dict[str, Any] = {
    "key": "medium",
    "label": "Medium",
    "judged_on": "2026-02-03",
    "provisional": False,
    "review_due_on": "2026-05-05",
    "review_overdue": False,
}
HARM: dict[str, Any] = {"key": "suspected", "label": "Exploitation suspected"}
FILES: dict[str, Any] = {
    "files": [
        {
            "reference": "H7K-4PQR",
            "restricted": False,
            "name": "Robin",
            "age": 14,
            "level": LEVEL,
            "harm_status": HARM,
            "lead": {"name": "Kezia Thorne", "agency": "Lantern Exploitation Service"},
            "last_activity_at": "2026-03-04T14:15:00+00:00",
        },
        {
            "reference": "M3C-9WXA",
            "restricted": True,
            "lead": None,
            "last_activity_at": "2026-03-03T09:00:00+00:00",
        },
    ],
    "count": 2,
    "next_cursor": None,
}
FILE: dict[str, Any] = {
    "reference": "H7K-4PQR",
    "restricted": False,
    "missing_since": None,
    "seen": {"identity": "summary", "level": "summary", "missing": "summary", "health_sensitive": "existence"},
    "identity": {"schools": ["Hollybank School"], "called": "Robin", "age": 14},
    "level": LEVEL,
    "harm_status": HARM,
    "lead": LEAD,
    "involvement": [LEAD],
    "chronology": {
        "page": 1,
        "more": False,
        "entries": [
            {
                "kind": {"key": "missing", "label": "Missing"},
                "category": {"key": "missing", "label": "missing episodes"},
                "happened_at": "2026-03-04T14:15:00+00:00",
                "seen": "summary",
                "agency": "Northmere Police",
                "summary": "Robin came home safe after a night away.",
            }
        ],
    },
    "withheld": [
        {
            "category": {"key": "health_sensitive", "label": "sensitive health information"},
            "entries": 2,
            "agency": "Northmere Health Trust",
            "ask": "Ask the duty desk.",
        }
    ],
}
