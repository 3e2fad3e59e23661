"""The quarterly access review: opened for each agency, and signed line by line by somebody who manages it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.choices import AccountEventKind, NoticeKind, ReviewAnswer
from accounts.models import AccessReview, Agency, Membership, ReviewLine
from accounts.rules.life import REVIEW_DUE, AccountRefused, may_decide, review_is_due
from accounts.rules.viewers import SystemPrincipal, Viewer, system_viewer
from accounts.selectors.managers import managers_of
from accounts.services.account_events import note_account_event
from accounts.services.memberships import end_membership
from accounts.services.notices import tell

# What keeps the time of a review in an upper app: told in the transaction in which one is opened, and signed.
ReviewWatcher = Callable[[AccessReview, datetime, Viewer], object]
WATCHERS: dict[str, ReviewWatcher] = {}
BY_ITSELF = system_viewer(SystemPrincipal.SWEEP)
ENDED_BY_REVIEW = "Ended in the quarterly access review."


def register_review_watchers(*, opened: ReviewWatcher, signed: ReviewWatcher) -> None:
    """Say in `ready()` who is told that a review was opened and that it was signed."""
    WATCHERS.update(opened=opened, signed=signed)


def open_reviews(*, at: datetime) -> int:
    """Open the review of every agency whose quarter has come, and tell those who manage it. Returns how many."""
    today = timezone.localdate(at)
    agencies = Agency.objects.filter(ended_on=None).annotate(last=Max("access_reviews__opened_at")).order_by("name")
    opened = 0
    for agency in agencies:
        last_on = timezone.localdate(agency.last) if agency.last else None
        if review_is_due(last_on, today):
            opened += _open_review(agency, at)
    return opened


@transaction.atomic
def _open_review(agency: Agency, at: datetime) -> int:
    Agency.objects.select_for_update().get(pk=agency.pk)
    if AccessReview.objects.filter(agency=agency, signed_at=None).exists():
        return 0  # the one before waits still, and is late: another would hide it
    today = timezone.localdate(at)
    people = Membership.objects.current(today).filter(agency=agency, user__is_service=False)
    if not people:
        return 0
    managers = managers_of(agency.pk, on=today)
    owner = managers[0] if managers else None
    review = AccessReview.objects.create(agency=agency, opened_at=at, due_on=today + REVIEW_DUE, owner=owner)
    ReviewLine.objects.bulk_create(ReviewLine(review=review, membership=member) for member in people.order_by("pk"))
    for manager in managers:
        tell(user=manager.user, kind=NoticeKind.REVIEW_OPENED, at=at)
    _watch("opened", review, at, BY_ITSELF)
    return 1


def _watch(what: str, review: AccessReview, at: datetime, by: Viewer) -> None:
    if what in WATCHERS:
        WATCHERS[what](review, at, by)


@transaction.atomic
def answer_review(*, review_id: UUID, answers: Mapping[int, ReviewAnswer], at: datetime, by: Viewer) -> AccessReview:
    """Sign lines of a review: each kept role stays, each other ends now. The last line signs the whole.

    Lines of oneself stay open for the data guardian, or another manager. Refuses whoever neither manages the agency nor
    is the data guardian, a line of another review, and one's own.
    """
    review = AccessReview.objects.select_for_update(of=("self",)).select_related("agency").get(pk=review_id)
    if not may_decide(by, review.agency_id):
        raise AccountRefused("A manager of that agency or the data guardian signs this review.", code="role_lacks")
    lines = {line.pk: line for line in review.lines.filter(answer="").select_related("membership__user")}
    for line_id, answer in answers.items():
        line = lines.get(line_id)
        if line is None:
            raise AccountRefused("Somebody has signed some of these lines meanwhile. Look at what is left.")
        _answer(line, answer, at=at, by=by)
    if not review.lines.filter(answer="").exists():
        review.signed_at = at
        review.save(update_fields=["signed_at"])
        _watch("signed", review, at, by)
    return review


def _answer(line: ReviewLine, answer: ReviewAnswer, *, at: datetime, by: Viewer) -> None:
    member = line.membership
    if member.user_id == by.user_id:
        raise AccountRefused("Nobody signs for themselves. The data guardian does.", code="own_account")
    today = timezone.localdate(at)
    line.answer, line.answered_at, line.answered_by_id = answer, at, by.person_id
    line.save(update_fields=["answer", "answered_at", "answered_by"])
    note_account_event(
        user=member.user, kind=AccountEventKind.REVIEWED, at=at, detail=ReviewAnswer(answer).label, by=by
    )
    if answer == ReviewAnswer.END and (member.ended_on is None or member.ended_on > today):
        end_membership(membership=member, reason=ENDED_BY_REVIEW, at=at, by=by)
