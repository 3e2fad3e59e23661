"""Panels, who sits on them, and their meetings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from accounts.models import Agency, FunctionMember, Membership
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import ROLES, Capability
from accounts.rules.viewers import Viewer
from cases.access.selectors import matrix_in_force
from panels.choices import MeetingState
from panels.models import Attendance, Meeting, Panel, PanelSeat, SeatDeputy, StatementAcceptance
from panels.rules.decisions import keeps_panel
from panels.rules.seeing import may_chair

READING_ROLES = sorted(key for key, role in ROLES.items() if Capability.READ_FILES in role.capabilities)


def panels_known(viewer: Viewer) -> QuerySet[Panel]:
    """The panels whose meetings a viewer may know of: those they serve on, and all for who keeps them."""
    rows = Panel.objects.filter(ended_on=None)
    return rows if keeps_panel(viewer) else rows.filter(function__group_id__in=viewer.function_group_ids)


def panel_of(viewer: Viewer, panel_id: UUID) -> Panel:
    """A panel that the viewer may know of. Raises NotKnown."""
    found = panels_known(viewer).filter(pk=panel_id).select_related("function").first()
    if found is None:
        raise NotKnown("no_panel")
    return found


def meetings_known(viewer: Viewer) -> QuerySet[Meeting]:
    """The meetings that a viewer may know of, with their panel."""
    return Meeting.objects.filter(panel__in=panels_known(viewer)).select_related("panel__function")


def meeting_of(viewer: Viewer, meeting_id: UUID) -> Meeting:
    """A meeting that the viewer may know of. Raises NotKnown for any other, as for one that never was."""
    found = meetings_known(viewer).filter(pk=meeting_id).first()
    if found is None:
        raise NotKnown("no_meeting")
    return found


def coming_meetings(viewer: Viewer, *, limit: int = 10) -> list[Meeting]:
    """Meetings that have not been closed, the soonest first."""
    rows = meetings_known(viewer).exclude(state=MeetingState.CLOSED)
    return list(rows.order_by("starts_at", "pk")[:limit])


def past_meetings(viewer: Viewer, *, limit: int = 12) -> list[Meeting]:
    """Meetings that are closed, the latest first."""
    return list(meetings_known(viewer).filter(state=MeetingState.CLOSED).order_by("-starts_at", "pk")[:limit])


def seats_on(panel_id: UUID, *, on: date) -> list[PanelSeat]:
    """The seats held on a day, the chair's first, then by agency, each with its deputies of that day."""
    current = SeatDeputy.objects.filter(Q(ended_on=None) | Q(ended_on__gt=on), started_on__lte=on)
    return list(
        PanelSeat.objects.current(on)
        .filter(panel_id=panel_id)
        .select_related("agency", "member__user", "member__agency")
        .prefetch_related(
            Prefetch(
                "deputies",
                queryset=current.select_related("membership__user", "membership__agency").order_by("started_on", "pk"),
                to_attr="deputies_now",
            )
        )
        .order_by("-chairs", "agency__name", "service", "pk")
    )


def seat_on(panel_id: UUID, seat_id: UUID, *, on: date) -> PanelSeat | None:
    """One seat held on a day."""
    return next((seat for seat in seats_on(panel_id, on=on) if seat.pk == seat_id), None)


def deputy_seats(panel_id: UUID, *, on: date) -> dict[UUID, str]:
    """On whose seat somebody deputises, by membership, where that seat is another agency's than their own."""
    return {
        row.membership_id: seat.place
        for seat in seats_on(panel_id, on=on)
        for row in getattr(seat, "deputies_now", [])
        if row.membership.agency_id != seat.agency_id
    }


def sits_on(seat: PanelSeat, membership_id: UUID | None) -> bool:
    """Whether somebody is the member of a seat, or one of its deputies."""
    deputies: list[SeatDeputy] = getattr(seat, "deputies_now", [])
    return membership_id in {seat.member_id, *(row.membership_id for row in deputies)}


def chairs_for(viewer: Viewer, panel_id: UUID, *, on: date) -> bool:
    """Whether the viewer sits on the chair's seat, as its holder or a deputy, in a role that may."""
    return chairs_among(seats_on(panel_id, on=on), viewer, on=on)


def chairs_among(seats: Iterable[PanelSeat], viewer: Viewer, *, on: date) -> bool:
    """`chairs_for` over seats that have been asked for: a place given before the role or the matrix changed is none."""
    sits = any(seat.chairs and sits_on(seat, viewer.membership_id) for seat in seats)
    return sits and may_chair(viewer.role_key, matrix_in_force(on=on))


def roles_that_chair(*, on: date) -> list[str]:
    """The names of the roles that may sit on the chair's seat, as the matrix holds on a day."""
    matrix = matrix_in_force(on=on)
    return sorted(ROLES[key].name for key in READING_ROLES if may_chair(key, matrix))


def who_serves(panel: Panel, *, on: date) -> set[UUID]:
    """Everybody who should serve in the panel's function on a day, as a member or deputy of any panel that has it."""
    seats = PanelSeat.objects.current(on).filter(panel__function_id=panel.function_id, panel__ended_on=None)
    deputies = SeatDeputy.objects.filter(Q(ended_on=None) | Q(ended_on__gt=on), started_on__lte=on, seat__in=seats)
    return {*seats.values_list("member_id", flat=True), *deputies.values_list("membership_id", flat=True)}


def serving_now(panel: Panel, *, on: date) -> dict[UUID, FunctionMember]:
    """Who serves in the panel's function on a day, by membership."""
    rows = FunctionMember.objects.current(on).filter(function_id=panel.function_id)
    return {row.membership_id: row for row in rows}


def has_accepted(meeting: Meeting, viewer: Viewer) -> bool:
    """Whether the viewer has accepted the confidentiality statement of a meeting."""
    return StatementAcceptance.objects.filter(meeting=meeting, membership_id__in=[viewer.membership_id]).exists()


def accepted_by(meeting: Meeting) -> set[UUID]:
    """Who has accepted the confidentiality statement of a meeting."""
    return set(StatementAcceptance.objects.filter(meeting=meeting).values_list("membership_id", flat=True))


def attendance_of(meeting: Meeting) -> dict[UUID, Attendance]:
    """Who came, by seat."""
    rows = Attendance.objects.filter(meeting=meeting)
    return {row.seat_id: row for row in rows.select_related("membership__user", "membership__agency", "seat__agency")}


def seats_of_meeting(meeting: Meeting, taken: dict[UUID, Attendance], *, on: date) -> list[PanelSeat]:
    """The seats of a meeting: those of the day, and those that have ended for which attendance was taken."""
    seats = seats_on(meeting.panel_id, on=on)
    ended = set(taken) - {seat.pk for seat in seats}
    if not ended:
        return seats
    others = PanelSeat.objects.filter(pk__in=ended).select_related("agency", "member__user", "member__agency")
    return [*seats, *others.order_by("agency__name", "pk")]


def next_to_list_on(*, after: datetime) -> Meeting | None:
    """The meeting that takes what is listed: the soonest whose agenda is not published and that begins after."""
    rows = Meeting.objects.filter(state=MeetingState.PLANNED, starts_at__gt=after, panel__ended_on=None)
    return rows.select_related("panel__function").order_by("starts_at", "pk").first()


def running_published(viewer: Viewer) -> Meeting | None:
    """The meeting whose agenda is out and that has not closed, to which the panel's office may still add."""
    rows = meetings_known(viewer).filter(state__in=[MeetingState.PUBLISHED, MeetingState.OPEN])
    return rows.order_by("starts_at", "pk").first()


def may_sit(*, on: date) -> list[Membership]:
    """Everybody who may be given a seat: current members of agencies whose role reads files, by agency and name."""
    rows = Membership.objects.current(on).filter(role__in=READING_ROLES, agency__ended_on=None)
    return list(rows.select_related("user", "agency").order_by("agency__name", "user__full_name", "role"))


def agencies_seated(panel_id: UUID, *, on: date) -> list[Agency]:
    """The agencies with a seat, by name."""
    seats = PanelSeat.objects.current(on).filter(panel_id=panel_id)
    return list(Agency.objects.filter(pk__in=seats.values("agency_id")).order_by("name"))


def seat_of(viewer: Viewer, seat_id: UUID) -> PanelSeat | None:
    """A seat of a panel that the viewer may know of."""
    rows = PanelSeat.objects.filter(pk=seat_id, panel__in=panels_known(viewer))
    return rows.select_related("member__user", "panel").first()


def deputy_of(viewer: Viewer, deputy_id: UUID) -> SeatDeputy | None:
    """A deputy on a panel that the viewer may know of."""
    rows = SeatDeputy.objects.filter(pk=deputy_id, seat__panel__in=panels_known(viewer))
    return rows.select_related("seat").first()


def count_seats(membership_id: UUID, at: datetime) -> int:
    """How many seats at panels somebody holds under one membership."""
    return PanelSeat.objects.filter(member_id=membership_id, ended_on=None).count()
