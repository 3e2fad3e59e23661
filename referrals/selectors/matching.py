"""Files that may be about the child of a notification."""

from __future__ import annotations

from datetime import datetime

from accounts.rules.viewers import Viewer
from cases.record.rules.matching import Known, Place
from cases.record.selectors.matching import Candidate, Found, likely_files, parted_for
from referrals.models import Notification


def likely_matches(*, notification: Notification, at: datetime) -> list[Candidate]:
    """Every file that may be about the notification's child, likeliest first, whoever may see it.

    For the system's own use: a page shows `candidates_for`.
    """
    return likely_files(known_of_notification(notification), at=at)


def candidates_for(*, notification: Notification, viewer: Viewer, at: datetime) -> Found:
    """Likely matches parted into those the viewer may know of, with its facts on each, and the others."""
    everything = likely_matches(notification=notification, at=at)
    return parted_for(everything, asked=known_of_notification(notification), viewer=viewer, at=at)


def known_of_notification(notification: Notification) -> Known:
    """What a referrer said, as the rule compares it."""
    lines, postcode = notification.address_lines, notification.postcode
    return Known(
        given_name=notification.given_name,
        family_name=notification.family_name,
        preferred_name=notification.preferred_name,
        birth_date=notification.birth_date,
        age=notification.age_if_unknown,
        sex=notification.sex,
        schools=(notification.school,) if notification.school else (),
        places=(Place(lines, postcode),) if lines or postcode else (),
    )
