"""Where people are signed in: written down at sign-in, ended by themselves or by what happens to their account."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import transaction

from accounts.choices import AccountEventKind, NoticeKind, PlaceEnding
from accounts.models import Place, User
from accounts.rules.places import device_words
from accounts.rules.refusals import NotKnown
from accounts.rules.viewers import Viewer
from accounts.services.account_events import note_account_event
from accounts.services.notices import tell

KEPT_FOR = timedelta(days=400)


@dataclass(frozen=True)
class Browser:
    """What is known of the browser that signs in: the mark it keeps, what it says of itself, and its address."""

    mark: str
    agent: str
    address: str | None


@transaction.atomic
def note_place(*, user: User, session_key: str, browser: Browser, where: str, at: datetime) -> Place:
    """Write down that somebody signed in, and tell them where their account is used on a device for the first time.

    The first device of all is told of to nobody.
    """
    mark = hashlib.sha256(browser.mark.encode()).hexdigest()
    before = Place.objects.filter(user=user)
    is_new = not before.filter(device_mark=mark).exists() and before.exists()
    place = Place.objects.create(
        user=user,
        session_key=session_key,
        began_at=at,
        device=device_words(browser.agent),
        device_mark=mark,
        ip_address=browser.address,
    )
    if is_new:
        detail = f"{place.device}. {where}."
        note_account_event(
            user=user, kind=AccountEventKind.NEW_DEVICE, at=at, detail=detail, by=Viewer(user_id=user.pk)
        )
        tell(user=user, kind=NoticeKind.NEW_DEVICE, at=at, detail=detail)
    return place


def rename_session(*, before: str, after: str) -> None:
    """A session goes on under another key: its place goes with it."""
    Place.objects.filter(session_key=before, ended_at=None).update(session_key=after)


def end_place(*, session_key: str, ending: PlaceEnding, at: datetime) -> None:
    """A session has ended by itself or by its own button."""
    Place.objects.filter(session_key=session_key, ended_at=None).exclude(session_key="").update(
        session_key="", ended_at=at, ending=ending
    )


@transaction.atomic
def end_places(*, user: User, ending: PlaceEnding, at: datetime, but: str = "", only: UUID | None = None) -> int:
    """Sign somebody out everywhere, or at one place, from the next request on; `but` is a session that stays.

    Raises NotKnown where `only` is no open place of theirs.
    """
    places = Place.objects.select_for_update().filter(user=user, ended_at=None).exclude(session_key=but or None)
    if only is not None:
        places = places.filter(pk=only)
    keys = list(places.values_list("session_key", flat=True))
    if only is not None and not keys:
        raise NotKnown("no_place")
    Session.objects.filter(session_key__in=keys).delete()
    return (
        Place.objects.filter(session_key__in=keys, ended_at=None)
        .exclude(session_key="")
        .update(session_key="", ended_at=at, ending=ending)
    )


def purge_places(*, at: datetime) -> int:
    """Forget, after 400 days, where somebody was signed in, and sessions that are over. Returns how many places."""
    Session.objects.filter(expire_date__lt=at).delete()
    live = Session.objects.values("session_key")
    Place.objects.filter(ended_at=None).exclude(session_key__in=live).update(
        session_key="", ended_at=at, ending=PlaceEnding.TIMED_OUT
    )
    count, _ = Place.objects.filter(began_at__lt=at - KEPT_FOR).exclude(ended_at=None).delete()
    return count
