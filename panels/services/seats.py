"""Who sits on a panel. A change of seats keeps the panel's function in step, through which its access runs."""

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accounts.choices import FunctionKey
from accounts.models import Agency, FunctionGroup, FunctionMember, Membership
from accounts.rules.viewers import Viewer
from cases.access.selectors import matrix_in_force
from panels.choices import Frequency
from panels.models import Panel, PanelSeat, SeatDeputy
from panels.rules import PanelRefused
from panels.rules.seeing import may_chair
from panels.selectors.meetings import READING_ROLES, roles_that_chair, seats_on, serving_now, sits_on, who_serves

TAKEN = "This person sits on the panel already. End that seat first, or make them a deputy."


@transaction.atomic
def set_up_panel(
    *,
    name: str,
    at: datetime,
    by: Viewer,
    function: FunctionKey = FunctionKey.OPERATIONAL_PANEL,
    frequency: Frequency = Frequency.MONTHLY,
) -> Panel:
    """Set a panel up, without members yet. A panel of that name that is there already stays one."""
    group = FunctionGroup.objects.get(key=function)
    panel, _ = Panel.objects.get_or_create(
        name=name, defaults={"function": group, "frequency": frequency, "started_on": timezone.localdate(at)}
    )
    return panel


@transaction.atomic
def give_seat(
    *,
    panel: Panel,
    member: Membership,
    at: datetime,
    by: Viewer,
    agency: Agency | None = None,
    service: str = "",
    chairs: bool = False,
) -> PanelSeat:
    """Give a service a place at the panel, held by one of its people from today.

    Refused for somebody whose role opens no files, who holds a seat already, for a second seat of the same service,
    for a second chair, and for a chair whose role does not read what is decided.
    """
    panel = Panel.objects.select_for_update().get(pk=panel.pk)
    today = timezone.localdate(at)
    agency = agency or member.agency
    seats = seats_on(panel.pk, on=today)
    _check_may_sit(member)
    if any(seat.member_id == member.pk for seat in seats):
        raise PanelRefused(TAKEN, field="member")
    if any(seat.agency_id == agency.pk and seat.service == service for seat in seats):
        raise PanelRefused("This service has a seat already. Name another service, or end that seat.", field="service")
    if chairs and any(seat.chairs for seat in seats):
        raise PanelRefused("The panel has a chair already. End that seat first.", field="chairs")
    if chairs:
        _check_may_chair(member, on=today)
    seat = PanelSeat.objects.create(
        panel=panel, agency=agency, service=service, member=member, chairs=chairs, started_on=today
    )
    keep_function_in_step(panel=panel, at=at)
    return seat


@transaction.atomic
def add_deputy(*, seat: PanelSeat, membership: Membership, at: datetime, by: Viewer) -> SeatDeputy:
    """Let somebody sit in for a member.

    Refused for whose role opens no files, who sits on the seat already, and for the chair whose role does not read what
    is decided.
    """
    panel = Panel.objects.select_for_update().get(pk=seat.panel_id)
    today = timezone.localdate(at)
    held = next((row for row in seats_on(panel.pk, on=today) if row.pk == seat.pk), None)
    if held is None:
        raise PanelRefused("This seat has ended.")
    _check_may_sit(membership)
    if sits_on(held, membership.pk):
        raise PanelRefused("This person sits on this seat already.", field="member")
    if held.chairs:
        _check_may_chair(membership, on=today)
    deputy = SeatDeputy.objects.create(seat=seat, membership=membership, started_on=today)
    keep_function_in_step(panel=panel, at=at)
    return deputy


@transaction.atomic
def end_deputy(*, deputy: SeatDeputy, at: datetime, by: Viewer) -> None:
    """Let a deputy go; the access that came with the place stops today. Ending it twice does no harm."""
    panel = Panel.objects.select_for_update().get(pk=deputy.seat.panel_id)
    SeatDeputy.objects.filter(pk=deputy.pk, ended_on=None).update(ended_on=timezone.localdate(at))
    keep_function_in_step(panel=panel, at=at)


@transaction.atomic
def end_seat(*, seat: PanelSeat, at: datetime, by: Viewer) -> None:
    """End a seat with its deputies; the access that came with it stops today. Ending it twice does no harm."""
    panel = Panel.objects.select_for_update().get(pk=seat.panel_id)
    today = timezone.localdate(at)
    PanelSeat.objects.filter(pk=seat.pk, ended_on=None).update(ended_on=today)
    SeatDeputy.objects.filter(seat=seat, ended_on=None).update(ended_on=today)
    keep_function_in_step(panel=panel, at=at)


def keep_function_in_step(*, panel: Panel, at: datetime) -> None:
    """Make those, and only those, serve in the panel's function who sit on it today."""
    today = timezone.localdate(at)
    wanted, serving = who_serves(panel, on=today), serving_now(panel, on=today)
    gone = [row.pk for membership_id, row in serving.items() if membership_id not in wanted]
    FunctionMember.objects.filter(pk__in=gone).update(ended_on=today)
    FunctionMember.objects.bulk_create(
        FunctionMember(membership_id=membership_id, function_id=panel.function_id)
        for membership_id in sorted(wanted - set(serving), key=str)
    )


def _check_may_sit(membership: Membership) -> None:
    if membership.role not in READING_ROLES:
        raise PanelRefused(
            "This person's role opens no children's files, so they cannot sit on the panel.", field="member"
        )


def _check_may_chair(membership: Membership, *, on: date) -> None:
    if not may_chair(membership.role, matrix_in_force(on=on)):
        raise PanelRefused(
            "Whoever sits on the chair's seat, or for the chair, records what the panel decides, so their role must "
            f"read panel minutes and levels in full. That of {membership.user}, {membership.get_role_display()}, does "
            f"not. Choose somebody whose role does: {'; '.join(roles_that_chair(on=on))}.",
            field="member",
        )


def panel_to_plan(*, at: datetime, by: Viewer) -> Panel:
    """The panel for which a meeting is planned: the one there is, or the Operational Panel, set up now."""
    found = Panel.objects.filter(ended_on=None).select_related("function").order_by("started_on", "name").first()
    return found or set_up_panel(name="Operational Panel", at=at, by=by)
