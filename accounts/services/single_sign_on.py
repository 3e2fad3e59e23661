"""Letting somebody in whom a provider of single sign-on knows: an account that exists, and never one made for them."""

from __future__ import annotations

from datetime import datetime

from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from accounts.choices import AccountEventKind, NoticeKind
from accounts.models import User
from accounts.rules.sign_in import NotLetIn
from accounts.rules.single_sign_on import Claims, Provider, SignOnRefused, check_standing, speaks_for
from accounts.rules.viewers import Viewer
from accounts.services.access_events import Trace
from accounts.services.account_events import note_account_event
from accounts.services.failed_sign_ins import note_failed_sign_in
from accounts.services.notices import tell

NO_ACCOUNT = (
    "You are signed in at {name}, but nobody has given you an account in Harbour under that work address. Ask your "
    "agency’s technical administrator to invite you."
)


def let_in(*, provider: Provider, claims: Claims, at: datetime, trace: Trace) -> User:
    """The person whom a provider names: by the subject that was linked once, or by a verified address of its own.

    The first time, the subject is linked and the person told; later the address plays no part. Nothing else that the
    provider says is read: no role, no name, no right. Refuses who has no account, whose account is closed or suspended,
    and who is linked to another subject; each refusal is written down.
    """
    whose: list[int] = []
    try:
        return _let_in(provider, claims, at, whose)
    except SignOnRefused as refusal:
        note_failed_sign_in(why=NotLetIn(refusal.code), user_id=whose[0] if whose else None, trace=trace)
        raise


@transaction.atomic
def _let_in(provider: Provider, claims: Claims, at: datetime, whose: list[int]) -> User:
    linked = SocialAccount.objects.filter(provider=provider.id, uid=claims.subject).first()
    user_id = linked.user_id if linked else _by_address(provider, claims)
    user = User.objects.select_for_update().filter(pk=user_id or 0, is_service=False).first()
    if user is None:
        raise SignOnRefused(NO_ACCOUNT.format(name=provider.name), code="no_account")
    whose.append(user.pk)
    check_standing(left=user.left_at is not None, suspended=user.suspended_at is not None, is_open=user.is_active)
    if linked is None:
        _link(user, provider, claims, at)
    return user


def _by_address(provider: Provider, claims: Claims) -> int | None:
    """Whose the address is, if the provider may speak for it and it is one account's alone."""
    if not speaks_for(provider, claims):
        return None
    found = list(User.objects.filter(email__iexact=claims.email).values_list("pk", flat=True)[:2])
    return found[0] if len(found) == 1 else None


def _link(user: User, provider: Provider, claims: Claims, at: datetime) -> None:
    """The person's row is locked: of two who come at once, the second finds the link of the first."""
    there = SocialAccount.objects.filter(user=user, provider=provider.id).first()
    if there is not None and there.uid == claims.subject:
        return
    if there is not None:
        raise SignOnRefused(
            f"Your Harbour account is linked to another sign-in at {provider.name}. If that was you too, ask the data "
            "guardian to reset your second step, which takes the link away.",
            code="linked_to_another",
        )
    SocialAccount.objects.create(user=user, provider=provider.id, uid=claims.subject, extra_data={})
    by = Viewer(user_id=user.pk)
    note_account_event(user=user, kind=AccountEventKind.SIGN_ON_LINKED, at=at, detail=provider.name, by=by)
    tell(user=user, kind=NoticeKind.SIGN_ON_LINKED, at=at, detail=provider.name)


def unlink(*, user: User) -> int:
    """Take the links of an account away, in the transaction of what they go with. Returns how many there were."""
    count, _ = SocialAccount.objects.filter(user=user).delete()
    return int(count)
