"""Roles that wait for a second person, links that set a password, and access reviews, for those who deal with them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from accounts.models import (
    AccessReview,
    Agency,
    FunctionMember,
    Invitation,
    Membership,
    ReviewLine,
    RoleRequest,
    User,
)
from accounts.rules.life import may_decide
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer


def requests_for(viewer: Viewer) -> list[RoleRequest]:
    """Roles that wait and on which the viewer may decide, the oldest first."""
    waiting = RoleRequest.objects.filter(decision="").exclude(user_id=viewer.person_id)
    if not viewer.may(Capability.AUDIT):
        waiting = waiting.filter(agency__in=[viewer.agency_id])
    return list(waiting.select_related("user", "agency", "asked_by", "replaces__agency").order_by("asked_at", "pk"))


def request_for(viewer: Viewer, request_id: UUID) -> RoleRequest:
    """One role that was asked for. Raises NotKnown where it is another agency's, as for one that never was."""
    found = (
        RoleRequest.objects.select_related("user", "agency", "asked_by", "replaces__agency")
        .filter(pk=request_id)
        .first()
    )
    if found is None or not may_decide(viewer, found.agency_id):
        raise NotKnown("no_request")
    return found


def requests_of(user_id: int) -> list[RoleRequest]:
    """Roles of one person that wait for a second person."""
    return list(RoleRequest.objects.filter(user_id=user_id, decision="").select_related("agency").order_by("asked_at"))


def invitation_by_id(invitation_id: UUID | None) -> Invitation | None:
    """A link with the person whom it lets in."""
    return Invitation.objects.select_related("user").filter(pk=invitation_id).first() if invitation_id else None


def memberships_held(user_id: int, *, on: date) -> list[Membership]:
    """The roles that somebody holds on a date, also where their account is closed for a while."""
    held = Membership.objects.filter(Q(ended_on=None) | Q(ended_on__gt=on), user_id=user_id, started_on__lte=on)
    return list(held.select_related("agency", "user").order_by("agency__name", "role"))


def agencies_with_domains() -> list[Agency]:
    """Agencies to which somebody can be invited, by name."""
    return list(Agency.objects.filter(ended_on=None).exclude(email_domains=[]).order_by("name"))


def agency_with_domains(agency_id: UUID) -> Agency:
    """One agency that still exists, with how the ends of its addresses were changed. Raises NotKnown for none."""
    rows = Agency.objects.filter(ended_on=None).prefetch_related("domain_changes__changed_by")
    found = rows.filter(pk=agency_id).first()
    if found is None:
        raise NotKnown("no_agency")
    return found


def people_outside(agency: Agency) -> int:
    """How many people who work at an agency have an address that does not end as its own do."""
    fits = Q()
    for domain in agency.email_domains:
        fits |= Q(user__email__iendswith=f"@{domain}")
    members = Membership.objects.filter(agency=agency, ended_on=None, user__is_service=False)
    return (members.exclude(fits) if agency.email_domains else members).values("user").distinct().count()


def suspended_for(viewer: Viewer, *, on: date) -> list[User]:
    """People whose account is suspended for want of use and whom the viewer may let in again, by name."""
    held = Membership.objects.filter(Q(ended_on=None) | Q(ended_on__gt=on), started_on__lte=on)
    if not viewer.may(Capability.AUDIT):
        held = held.filter(agency__in=[viewer.agency_id])
    found = User.objects.filter(suspended_at__isnull=False, pk__in=held.values("user_id")).exclude(pk=viewer.person_id)
    return list(found.prefetch_related("memberships__agency").order_by("full_name", "pk"))


def suspended_person(viewer: Viewer, person_id: int, *, on: date) -> User:
    """One of `suspended_for`. Raises NotKnown for anybody else, as for nobody."""
    found = next((user for user in suspended_for(viewer, on=on) if user.pk == person_id), None)
    if found is None:
        raise NotKnown("no_person")
    return found


def reviews_for(viewer: Viewer) -> list[AccessReview]:
    """The reviews that the viewer may sign or has to see signed: those that wait by their day, then the latest ones."""
    found = AccessReview.objects.select_related("agency").annotate(
        open_lines=Count("lines", filter=Q(lines__answer="")), all_lines=Count("lines")
    )
    if not viewer.may(Capability.AUDIT):
        found = found.filter(agency__in=[viewer.agency_id])
    waiting = found.filter(signed_at=None).order_by("due_on", "agency__name")
    return [*waiting, *found.exclude(signed_at=None).order_by("-signed_at")[:20]]


def review_for(viewer: Viewer, review_id: UUID) -> AccessReview:
    """One review. Raises NotKnown where it is another agency's, as for one that never was."""
    found = AccessReview.objects.select_related("agency").filter(pk=review_id).first()
    if found is None or not may_decide(viewer, found.agency_id):
        raise NotKnown("no_review")
    return found


def lines_of(review: AccessReview) -> list[ReviewLine]:
    """Every line of a review, by name, with who it is about and who answered."""
    lines = review.lines.select_related("membership__user", "answered_by")
    return list(lines.order_by("membership__user__full_name", "membership__role"))


def functions_of(membership_ids: list[UUID]) -> dict[UUID, list[str]]:
    """The functions that memberships serve in now, in words."""
    found: dict[UUID, list[str]] = {}
    rows = FunctionMember.objects.filter(membership_id__in=membership_ids, ended_on=None).select_related("function")
    for row in rows.order_by("function__key"):
        found.setdefault(row.membership_id, []).append(str(row.function))
    return found


def reviews_to_sign() -> QuerySet[AccessReview]:
    """Every review that waits to be signed: what an upper app keeps a clock for."""
    return AccessReview.objects.filter(signed_at=None)
