"""The time in which an agency's access review is to be signed."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import AccessReview
from accounts.rules.viewers import Viewer
from accounts.selectors.life import reviews_to_sign
from cases.clocks.choices import ClockKind
from cases.clocks.selectors import should_run
from cases.clocks.services.clocks import start_clock, stop_clock


def reviews_that_should_run(at: datetime) -> QuerySet[AccessReview]:
    """Reviews that wait to be signed, as the sweep asks for them."""
    return should_run(reviews_to_sign(), anchored_at="opened_at", due_on="due_on", owner_membership_id="owner_id")


def review_addresses(review_ids: list[UUID]) -> dict[UUID, str]:
    """Where each review is signed."""
    return {each: reverse("accounts:review", args=[each]) for each in review_ids}


def start_review_clock(review: AccessReview, at: datetime, by: Viewer) -> None:
    """A review was opened."""
    start_clock(
        kind=ClockKind.REVIEW_SIGNED,
        subject_id=review.pk,
        child_id=None,
        anchored_at=review.opened_at,
        due_on=review.due_on,
        owner_membership_id=review.owner_id,
        at=at,
        by=by,
    )


def stop_review_clock(review: AccessReview, at: datetime, by: Viewer) -> None:
    """A review was signed."""
    stop_clock(kind=ClockKind.REVIEW_SIGNED, subject_id=review.pk, done_at=at, at=at, by=by)
