"""Who looked at which file: the reads that the work of eighteen months leaves behind, and a few refusals."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone

from accounts.choices import AccessOutcome
from accounts.models import AccessEvent
from accounts.rules.dates import LONDON
from accounts.rules.viewers import Viewer
from cases.access.choices import CATEGORY_BITS, Cell
from cases.access.rules import Matrix
from cases.access.selectors import matrix_in_force
from cases.record.models import Child
from config.demo.life import Life
from config.demo.texts import stream
from config.demo.times import in_office_hours

if TYPE_CHECKING:
    from config.demo.seeding import Setting

AT_ANY_HOUR = ("csc_out_of_hours", "police_officer", "police_missing", "police_exploitation", "carer_or_home")
PAGES = ("cases:file", "cases:file", "cases:chronology", "cases:involvement")
SHOWN = (Cell.FULL, Cell.SUMMARY)


def write_looks(lives: dict[int, Life], setting: Setting) -> None:
    """Write every read of a file as an access event, and the refusals of people who tried without a grant."""
    rng = stream(setting.seed, "looks")
    matrix = matrix_in_force(on=setting.until.date())
    events = []
    for life in lives.values():
        looks = [(look.username, look.at) for look in life.looks] + _oversight(life, rng)
        for name, at in looks:
            viewer = life.viewer(name)
            seen_at = at if viewer.role_key in AT_ANY_HOUR else _at_work(rng, at)
            if life.opened_at <= seen_at < life.until:
                events.append(_event(rng, viewer, seen_at, life.child.pk, matrix))
        if life.plan.number % 30 == 7:
            at = life.opened_at + timedelta(days=2, hours=3)
            events.append(_event(rng, life.viewer("outsider"), at, life.child.pk, matrix, refused="no_grant"))
        if life.child.restricted:
            events += [_event(rng, *look, life.child.pk, matrix, refused="restricted") for look in _kept_out(life)]
    events.sort(key=lambda event: (event.at, event.role, str(event.request_id)))
    AccessEvent.objects.bulk_create(events, batch_size=500)


def _kept_out(life: Life) -> list[tuple[Viewer, datetime]]:
    """Two who work with the child, are not named on the restricted file, and tried it this week."""
    at = life.until - timedelta(days=2, hours=-11)
    tried = [life.viewer(name) for name in sorted(life.joined_at) if life.works_at(name, at)]
    kept_out = [by for by in tried if not Child.objects.visible_to(by, at=at).filter(pk=life.child.pk).exists()]
    return [(by, at + timedelta(hours=3 * number)) for number, by in enumerate(kept_out[:2])]


def _at_work(rng: random.Random, at: datetime) -> datetime:
    """People read files when they are at work; what they wrote up at another hour they had read before."""
    local = timezone.localtime(at, LONDON)
    return at if local.weekday() < 5 and 7 <= local.hour < 20 else in_office_hours(rng, local.date())


def _oversight(life: Life, rng: random.Random) -> list[tuple[str, datetime]]:
    """The co-ordinator and the chair look before each panel, the night team now and then."""
    looks, at = [], life.opened_at + timedelta(days=12)
    while at < life.until:
        if not life.plan.closed_on or at.date() <= life.plan.closed_on:
            looks.append(("coordinator", at))
            if rng.random() < 0.4:
                looks.append(("chair", at + timedelta(hours=2)))
            if rng.random() < 0.12:
                looks.append((rng.choice(["duty", "duty.nights"]), at + timedelta(hours=13)))
        at += timedelta(days=30, minutes=rng.randint(0, 300))
    return looks


def _event(
    rng: random.Random, viewer: Viewer, at: datetime, child_id: UUID, matrix: Matrix, *, refused: str = ""
) -> AccessEvent:
    shown = [] if refused else [key for key in CATEGORY_BITS if matrix.opens(viewer.role_key, key) in SHOWN]
    return AccessEvent(
        at=at,
        user_id=viewer.user_id,
        membership_id=viewer.membership_id,
        agency_id=viewer.agency_id,
        role=viewer.role_key,
        action=rng.choice(PAGES),
        outcome=AccessOutcome.REFUSED if refused else AccessOutcome.ALLOWED,
        reason_code=refused or "granted",
        child_id=child_id,
        categories=sorted(shown),
        request_id=f"{rng.getrandbits(64):016x}",
        ip_address=f"192.0.2.{rng.randint(2, 250)}",
        session_hash=f"{rng.getrandbits(64):016x}",
    )
