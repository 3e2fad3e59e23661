"""What has happened to the accounts of the invented people before today."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.db.models import F

from accounts.choices import ReviewAnswer, RoleKey
from accounts.models import AccessReview, Notice, User
from accounts.rules.life import may_decide
from accounts.rules.second_factor import PERIOD
from accounts.rules.viewers import Viewer
from accounts.services.inviting import Invited, invite_person
from accounts.services.reviews import answer_review, open_reviews
from accounts.services.second_factor import renew_recovery_codes, set_up_second_factor
from accounts.services.unused import look_for_unused
from config.demo.people import World, second_step_keys

# Somebody who has not come for longer than an account stays open.
ABSENT, NOT_SEEN_FOR = "locality", 45


def live_accounts(world: World, *, until: datetime) -> None:
    """Set up somebody's second step, have its recovery codes renewed once, and let every e-mail have gone in time."""
    morning = until + timedelta(hours=10)
    for username, key in second_step_keys().items():
        if key:
            _set_up(world, username, key, at=morning - timedelta(days=200))
            renew_recovery_codes(
                user=world.members[username].user, at=morning - timedelta(days=40), by=world.viewers[username]
            )
    told_in_time()


def told_in_time() -> None:
    """Every e-mail about an account has gone, and was read."""
    Notice.objects.filter(sent_at=None).update(sent_at=F("made_at"), seen_at=F("made_at"))


def look_after_accounts(world: World, *, until: datetime) -> None:
    """Sign the last quarter's reviews and open this one's, suspend who does not come, and invite somebody new."""
    morning = until + timedelta(hours=9)
    for number, (username, member) in enumerate(world.members.items()):
        days = NOT_SEEN_FOR if username == ABSENT else number % 6 + 1
        User.objects.filter(pk=member.user_id).update(last_login=morning - timedelta(days=days))
    open_reviews(at=morning - timedelta(days=100))
    for review in AccessReview.objects.filter(signed_at=None).order_by("pk"):
        for signer in ("guardian", "chair"):
            _sign(review, world.viewers[signer], at=morning - timedelta(days=92))
    open_reviews(at=morning - timedelta(days=5))
    look_for_unused(at=morning - timedelta(days=9))
    look_for_unused(at=morning - timedelta(days=1))
    invite_person(
        invited=Invited("Maeve Trevanion-Cole", "m.trevanion-cole@harbour.example", "Social worker, Assessment Team"),
        agency=world.agencies["social_care"],
        role=RoleKey.CSC_SOCIAL_WORKER,
        reason="She joins the Assessment Team on Monday.",
        at=morning - timedelta(days=1),
        by=world.viewers["admin"],
    )
    invite_person(
        invited=Invited("Bronwen Ashdale", "b.ashdale@harbour.example", "Teacher of music"),
        agency=world.agencies["school"],
        role=RoleKey.NOTIFICATION_ONLY,
        reason="She runs the choir, and hears things first.",
        at=morning - timedelta(days=2),
        by=world.viewers["admin"],
    )
    told_in_time()


def _sign(review: AccessReview, by: Viewer, *, at: datetime) -> None:
    """Keep everybody whom this person may sign for and who was not signed yet."""
    lines = review.lines.filter(answer="").exclude(membership__user_id=by.person_id)
    if may_decide(by, review.agency_id):
        answers = dict.fromkeys(lines.values_list("pk", flat=True), ReviewAnswer.KEEP)
        answer_review(review_id=review.pk, answers=answers, at=at, by=by)


def _set_up(world: World, username: str, key: str, *, at: datetime) -> None:
    user: User = world.members[username].user
    code = format_hotp_value(hotp_value(key, int(at.timestamp()) // PERIOD))
    set_up_second_factor(user=user, secret=key, code=code, at=at, by=world.viewers[username])
    Authenticator.objects.filter(user=user).update(created_at=at)
