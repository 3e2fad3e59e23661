"""What every page's frame shows: navigation of the role, who one is acting as, whom to ring."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from accounts.rules.roles import Capability
from accounts.rules.viewers import NOBODY, Viewer
from accounts.services.submissions import owner_token

NAVIGATION: list[tuple[str, str, Capability | None]] = [
    ("Home", "home", None),
    ("Refer a child", "referrals:notify_start", Capability.NOTIFY),
    ("What I sent", "referrals:sent", Capability.NOTIFY),
    ("Triage", "referrals:triage_queue", Capability.TRIAGE),
    ("Children", "cases:worklist", Capability.READ_FILES),
    ("Missing", "missing:now", Capability.READ_FILES),
    ("Panel", "panels:meetings", Capability.READ_FILES),
    ("People", "accounts:people", Capability.SEE_PEOPLE),
    ("Access", "accounts:access", Capability.REVIEW_ACCESS),
    ("Service accounts", "accounts:service_accounts", Capability.ADMINISTER),
    ("Calendar", "cases:calendar", Capability.KEEP_CALENDAR),
    ("Questions", "referrals:triage_questions", Capability.AUDIT),
    ("Looks", "cases:looks", Capability.AUDIT),
    ("Reports", "reporting:runs", Capability.REPORT),
]
FOOTER = [("Who sees what", "cases:matrix"), ("Information-sharing agreements", "cases:agreements")]


def page_frame(request: HttpRequest) -> dict[str, Any]:
    """Context for `base.html`, for signed-in and anonymous pages alike. Asks the database nothing."""
    viewer: Viewer = getattr(request, "viewer", NOBODY)
    return {
        "viewer": viewer,
        "navigation": _navigation(request, viewer),
        "footer_links": _footer(viewer),
        "partnership_name": settings.PARTNERSHIP_NAME,
        "duty_telephone": settings.DUTY_TELEPHONE,
        "out_of_hours_telephone": settings.OUT_OF_HOURS_TELEPHONE,
        "demo": settings.DEMO,
        "uncovered": viewer.may(Capability.READ_FILES) and not viewer.covered,
        "idle_seconds": settings.SESSION_COOKIE_AGE if viewer.user_id else 0,
        "idle_warning_seconds": settings.IDLE_WARNING_AGE,
        "form_owner": owner_token(viewer.user_id, viewer.membership_id) if viewer.user_id else "",
    }


def _footer(viewer: Viewer) -> list[dict[str, str]]:
    """What everybody who is signed in may read."""
    if not viewer.user_id:
        return []
    try:
        return [{"text": text, "href": reverse(name)} for text, name in FOOTER]
    except NoReverseMatch:
        return []


def _navigation(request: HttpRequest, viewer: Viewer) -> list[dict[str, Any]]:
    if not viewer.role_key:
        return []
    items = []
    for text, url_name, capability in NAVIGATION:
        if capability is not None and not viewer.may(capability):
            continue
        try:
            href = reverse(url_name)
        except NoReverseMatch:
            continue
        items.append({"text": text, "href": href, "active": request.path == href})
    return items
