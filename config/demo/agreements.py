"""The information-sharing agreement of the demo: two versions, who signed which, and two agencies that have not."""

from __future__ import annotations

from datetime import date, timedelta

from accounts.models import Agency, User
from accounts.rules.agreements import A_DAY
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from cases.sharing.models import AgreementVersion
from cases.sharing.services import agreements as services
from config.demo.people import World
from config.demo.times import on_day

# Signed the first version alone: the school has yet to sign the second.
LATE = "school"
# Works with no child, and has signed nothing.
NEVER = "foyer"
FIRST_ENDS_IN, SECOND_BEGAN_AGO = 21, 40
CONTROLLERS = {
    "police": "The Chief Constable of Northmere Police",
    "school": "The governing body of Saltmarsh Academy",
    "specialist": "Lantern Young People's Service, a registered charity",
    "partnership": "Northmere Safeguarding Children Partnership",
}
WHAT_IS_NEW = (
    "Emergency access, and its review within two working days. Every share names its purpose and its end. Housing "
    "sees the plan's existence."
)
GAIN_TIME = "The second version waits for the governors of two schools, who meet after half-term."


def agree(world: World, *, today: date) -> None:
    """Write the register: everybody signed the first version, all but the school the second, and a hostel neither."""
    by = viewer_of(world.members["guardian"])
    first, second = _versions(today, by)
    for number, (key, agency) in enumerate(sorted(world.agencies.items())):
        if key == NEVER:
            continue
        for version in (first,) if key == LATE else (first, second):
            _sign(version, agency, key, number, today=today, by=by)
    services.change_end(
        agreement_id=first.pk,
        ends_on=today + timedelta(days=FIRST_ENDS_IN),
        reason=GAIN_TIME,
        version=_version(first),
        at=on_day(today - timedelta(days=12), 10),
        by=by,
    )
    for agency in world.agencies.values():
        agency.refresh_from_db(fields=["covered"])
    world.viewers |= {username: viewer_of(member) for username, member in world.members.items()}


def _versions(today: date, by: Viewer) -> list[AgreementVersion]:
    began = today - timedelta(days=SECOND_BEGAN_AGO)
    made = []
    for first, last, document, summary, reference in (
        (today - timedelta(days=1090), today - timedelta(days=3), "ISA-2023, partnership office", "", "DPIA-2023-04"),
        (began, began + timedelta(days=2 * 365), "ISA-2026, partnership office", WHAT_IS_NEW, "DPIA-2026-11"),
    ):
        at = on_day(first - timedelta(days=20), 11)
        version = services.add_version(
            in_force_from=first, ends_on=last, document=document, summary=summary, at=at, by=by
        )
        services.add_assessment(
            agreement_id=version.pk,
            reference=reference,
            about="Harbour: the sharing of children’s files between the agencies of Northmere",
            done_on=at.date() - timedelta(days=30),
            review_on=at.date() + timedelta(days=720),
            at=at,
            by=by,
        )
        made.append(version)
    return made


def _sign(version: AgreementVersion, agency: Agency, key: str, number: int, *, today: date, by: Viewer) -> None:
    signed_on = min(version.in_force_from, today - A_DAY)
    services.record_signature(
        agreement_id=version.pk,
        agency_id=agency.pk,
        said=services.Signing(
            signed_on=signed_on,
            signed_by=f"{_head(agency)}, for {agency.name}"[:160],
            controller=CONTROLLERS.get(key, agency.name),
            protection_contact=f"Data protection officer, 01632 960 {300 + number}",
        ),
        version=_version(version),
        at=on_day(signed_on, 12),
        by=by,
    )


def _head(agency: Agency) -> str:
    first = User.objects.filter(memberships__agency=agency).order_by("memberships__started_on", "pk").first()
    return first.full_name if first else "The manager"


def _version(agreement: AgreementVersion) -> int:
    agreement.refresh_from_db(fields=["version"])
    return agreement.version
