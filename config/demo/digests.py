"""The weeks of looks that were gone through: two stories of somebody who looked, and what the guardian made of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from accounts.choices import AccessOutcome
from accounts.models import AccessEvent
from accounts.rules.viewers import Viewer
from cases.access.models import AccessGrant
from cases.sharing.choices import SignalVerdict
from cases.sharing.models.looks import LookSignal
from cases.sharing.selectors.looks import OWN_NAME, signals_for
from cases.sharing.services.looks import WEEK, WEEKS_BACK, decide_signal, make_digest
from config.demo.times import on_day

if TYPE_CHECKING:
    from config.demo.seeding import Setting

SEARCHER, AT_NIGHT, NIGHT_LOOKS = "housing", "nurse", 5
NOTES = (
    "Rang her: she was checking that her nephew's school had been told. She knows now that she may not.",
    "Asked the ward manager: two night shifts in the clinic that week, and each child was a patient.",
)


def go_through_weeks(setting: Setting) -> None:
    """Go through the last whole weeks on their Mondays; all but the newest have been decided since."""
    today = setting.until.date()
    monday = today - timedelta(days=today.weekday())
    weeks = [monday - WEEK * back for back in range(WEEKS_BACK, 0, -1)]
    for week in (weeks[1], weeks[-1]):
        _search_for_own_name(setting, week)
        _look_at_night(setting, week)
    for week in weeks:
        made_at = on_day(week + WEEK, 6)
        digest = make_digest(week_from=week, at=made_at)
        if digest is not None and week != weeks[-1]:
            _decide(signals_for(setting.world.viewers["guardian"], digest, at=made_at), setting, made_at)


def _decide(signals: Iterable[LookSignal], setting: Setting, made_at: datetime) -> None:
    for signal in sorted(signals, key=lambda row: (row.kind, str(row.pk))):
        decide_signal(
            signal_id=signal.pk,
            verdict=SignalVerdict.TO_AGENCY if signal.kind == OWN_NAME else SignalVerdict.EXPLAINED,
            note=NOTES[0] if signal.kind == OWN_NAME else NOTES[1],
            at=made_at + timedelta(days=1, hours=4),
            by=setting.world.viewers["guardian"],
        )


def _search_for_own_name(setting: Setting, week: date) -> None:
    viewer = setting.world.viewers[SEARCHER]
    _write(viewer, on_day(week + timedelta(days=2), 16, 40), action="cases:search", reason=OWN_NAME)


def _look_at_night(setting: Setting, week: date) -> None:
    viewer = setting.world.viewers[AT_NIGHT]
    open_to = AccessGrant.objects.filter(group_id=viewer.agency_group_id or 0, ended_at=None)
    names = ("child__family_name", "child__given_name", "child__birth_date")  # the same in each run, as no key is
    children = open_to.order_by(*names).values_list("child_id", flat=True).distinct()[:NIGHT_LOOKS]
    for minute, child_id in enumerate(children):
        at = on_day(week + timedelta(days=3), 23, 5 + 7 * minute)
        _write(viewer, at, action="cases:file", reason="granted", child_id=child_id)


def _write(viewer: Viewer, at: datetime, *, action: str, reason: str, child_id: UUID | None = None) -> None:
    AccessEvent.objects.create(
        at=at,
        user_id=viewer.user_id,
        membership_id=viewer.membership_id,
        agency_id=viewer.agency_id,
        role=viewer.role_key,
        action=action,
        outcome=AccessOutcome.ALLOWED,
        reason_code=reason,
        child_id=child_id,
        ip_address="192.0.2.77",
    )
