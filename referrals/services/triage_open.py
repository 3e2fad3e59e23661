"""Opening a notification at triage: what it says, which files may be the child's, and the trace that it was read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from accounts.choices import AccessOutcome
from accounts.rules.viewers import Viewer
from accounts.services.access_events import Trace, record_access
from cases.access.choices import Category
from cases.record.selectors.matching import Candidate
from referrals.choices import NotificationStatus
from referrals.models import Notification
from referrals.rules.triage import check_may_triage
from referrals.selectors.matching import candidates_for
from referrals.selectors.triage import notification_for_triage
from referrals.services.triage import refuse_if_decided
from referrals.services.triage_questions import ask_guardians

SHOWN_OF_FILES = (Category.IDENTITY, Category.CONTACT_ADDRESS, Category.LEVEL)


@dataclass(frozen=True)
class OpenNotification:
    """A notification that a triage worker has been let into, with the files it may belong to while it waits."""

    notification: Notification
    candidates: list[Candidate] = field(default_factory=list)


@transaction.atomic
def open_notification(
    *, viewer: Viewer, reference: str, at: datetime, page: str, trace: Trace | None = None
) -> OpenNotification:
    """Fetch a notification for triage; that it was read, and which files were shown beside it, is written down.

    A likely match that the viewer may not know of is left out without a hint and put to the data guardians.
    Raises NotKnown, and TriageRefused for a role that does not triage.
    """
    check_may_triage(viewer)
    notification = notification_for_triage(viewer, reference, at=at)
    shown: list[Candidate] = []
    if notification.status == NotificationStatus.SENT:
        found = candidates_for(notification=notification, viewer=viewer, at=at)
        shown = found.shown
        ask_guardians(notification=notification, hidden=found.hidden, at=at)
    record_access(
        viewer=viewer,
        action=page,
        outcome=AccessOutcome.ALLOWED,
        reason_code="triage",
        child_id=notification.child_id,
        shown_ids=[candidate.child.pk for candidate in shown],
        categories=SHOWN_OF_FILES if shown else (),
        trace=trace,
    )
    return OpenNotification(notification, shown)


def open_to_decide(*, viewer: Viewer, reference: str, at: datetime) -> None:
    """Refuse a decision that comes too late, before anything that was typed is looked at.

    Raises AlreadyDecided; NotKnown where there is no such notification, and where it went to a file that the viewer
    may not know of.
    """
    check_may_triage(viewer)
    refuse_if_decided(notification=notification_for_triage(viewer, reference, at=at), at=at, by=viewer)
