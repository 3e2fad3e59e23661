"""Files opened in an emergency: one that was reviewed, one whose review is late, and one that waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from accounts.choices import AccessOutcome
from accounts.models import AccessEvent
from cases.access.choices import CATEGORY_BITS, Cell
from cases.access.selectors import matrix_in_force
from cases.clocks.choices import AlertKind
from cases.clocks.services import acknowledge_subject
from cases.record.models import Child
from cases.record.selectors.facts import lead_of
from cases.sharing.choices import EmergencyKind, EmergencyVerdict
from cases.sharing.models import EmergencyAccess
from cases.sharing.selectors.emergency import AskedFor
from cases.sharing.services.emergency import end_emergency, open_in_emergency, review_emergency
from config.demo.life import Life
from config.demo.texts import stream
from config.demo.times import on_day

if TYPE_CHECKING:
    from config.demo.seeding import Setting

SHOWN = (Cell.FULL, Cell.SUMMARY)


@dataclass(frozen=True)
class Emergency:
    """One emergency of the demo: who, how many days ago and when, why, and which pages they looked at."""

    username: str
    days_ago: int
    hour: int
    kind: EmergencyKind
    reason: str
    pages: tuple[str, ...]


REVIEWED = Emergency(
    "duty.nights",
    17,
    23,
    EmergencyKind.DANGER,
    "The home rang: a young person is on the roof of the car park and will talk to nobody. I must know who can calm "
    "them and what happened today.",
    ("cases:file", "cases:chronology", "missing:overview"),
)
LATE = Emergency(
    "duty",
    9,
    20,
    EmergencyKind.OUT_OF_HOURS,
    "A hospital asks who has parental responsibility before they treat, and the office is closed until the morning.",
    ("cases:file", "cases:involvement"),
)
WAITING = Emergency(
    "duty.nights",
    1,
    22,
    EmergencyKind.MISSING,
    "Police found a phone that may belong to this young person and ask where they were last known to be.",
    ("cases:file", "missing:overview"),
)


def write_emergencies(lives: dict[int, Life], setting: Setting) -> None:
    """Write the three, each on a file that was not open to the person, through the product's own services."""
    taken: set[int] = set()
    for emergency in (REVIEWED, LATE, WAITING):
        at = on_day((setting.until - timedelta(days=emergency.days_ago)).date(), emergency.hour, 10)
        access = _open(emergency, lives, taken, setting, at)
        if access is None:
            continue
        _look(access, emergency, setting)
        if emergency is not WAITING:
            _seen_by_the_lead(access, setting, at=at + timedelta(hours=11))
        if emergency is REVIEWED:
            _review(access, setting)


def _open(
    emergency: Emergency, lives: dict[int, Life], taken: set[int], setting: Setting, at: datetime
) -> EmergencyAccess | None:
    by = setting.world.viewers[emergency.username]
    for number, life in lives.items():
        free = number not in taken and life.plan.closed_on is None and life.opened_at < at and not life.child.restricted
        if not free or Child.objects.visible_to(by, at=at).filter(pk=life.child.pk).exists():
            continue
        taken.add(number)
        tried = open_in_emergency(
            asked=AskedFor(reference=life.child.reference),
            kind=emergency.kind,
            reason=emergency.reason,
            at=at,
            by=by,
        )
        return tried.access
    return None


def _look(access: EmergencyAccess, emergency: Emergency, setting: Setting) -> None:
    rng, by = stream(setting.seed, "emergency", emergency.days_ago), setting.world.viewers[emergency.username]
    matrix = matrix_in_force(on=setting.until.date())
    shown = sorted(key for key in CATEGORY_BITS if matrix.opens(by.role_key, key) in SHOWN)
    session = f"{rng.getrandbits(64):016x}"
    AccessEvent.objects.bulk_create(
        AccessEvent(
            at=access.opened_at + timedelta(minutes=1 + 4 * place),
            user_id=by.user_id,
            membership_id=by.membership_id,
            agency_id=by.agency_id,
            role=by.role_key,
            action=page,
            outcome=AccessOutcome.ALLOWED,
            reason_code="granted",
            child_id=access.child_id,
            categories=shown,
            request_id=f"{rng.getrandbits(64):016x}",
            ip_address="192.0.2.77",
            session_hash=session,
        )
        for place, page in enumerate(emergency.pages)
    )


def _seen_by_the_lead(access: EmergencyAccess, setting: Setting, *, at: datetime) -> None:
    lead = lead_of(access.child_id)
    names = {member.pk: name for name, member in setting.world.members.items()}
    name = names.get(lead.membership_id) if lead is not None and lead.membership_id is not None else None
    by = setting.world.viewers[name or "triage"]
    acknowledge_subject(kind=AlertKind.EMERGENCY_ON_FILE, subject_id=access.pk, at=at, by=by)


def _review(access: EmergencyAccess, setting: Setting) -> None:
    opener, guardian = setting.world.viewers[REVIEWED.username], setting.world.viewers["guardian"]
    end_emergency(access_id=access.pk, at=access.opened_at + timedelta(minutes=31), by=opener)
    at = on_day((access.opened_at + timedelta(days=1)).date(), 10, 40)
    review_emergency(
        access_id=access.pk,
        verdict=EmergencyVerdict.JUSTIFIED,
        words="Three pages in twenty minutes, all needed that night. The worker rang the lead the next morning.",
        at=at,
        by=guardian,
    )
    acknowledge_subject(kind=AlertKind.EMERGENCY_JUDGED, subject_id=access.pk, at=at + timedelta(hours=7), by=opener)
