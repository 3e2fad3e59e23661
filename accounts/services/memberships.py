"""Giving and ending roles: one person asks, for what opens files a second one decides, and an ended role ends all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.choices import AccountEventKind, NoticeKind, PlaceEnding, RoleDecision
from accounts.models import Agency, FunctionMember, Membership, RoleRequest, User
from accounts.rules.life import AccountRefused, check_administers, check_decides, check_not_own
from accounts.rules.roles import needs_a_second_person
from accounts.rules.viewers import Viewer
from accounts.selectors.managers import managers_of
from accounts.services.account_events import note_account_event
from accounts.services.holdings import let_go
from accounts.services.joining import check_joins
from accounts.services.notices import tell
from accounts.services.places import end_places
from accounts.services.single_sign_on import unlink


@dataclass(frozen=True)
class RoleAsked:
    """A role that somebody is to hold at an agency, and the membership that it takes the place of."""

    agency: Agency
    role: str
    reason: str
    replaces: Membership | None = None


@transaction.atomic
def ask_for_role(*, user: User, asked: RoleAsked, at: datetime, by: Viewer) -> RoleRequest:
    """Give somebody a role, in place of another or beside those they hold; what opens files waits for a second one.

    Refuses anybody but the administrator, their own account, an account that is closed, a role that they hold or that
    waits already, and one that would bring a second health service into the agency.
    """
    check_administers(by)
    check_not_own(user.pk, by)
    owner = User.objects.select_for_update().get(pk=user.pk)
    if owner.left_at is not None:
        raise AccountRefused("This person has left. Invite them anew if they come back.")
    _check_not_held(owner, asked, at)
    today = timezone.localdate(at)
    check_joins(agency=asked.agency, role=asked.role, on=today, replaces=asked.replaces, waiting=True)
    request = RoleRequest.objects.create(
        user=owner,
        agency=asked.agency,
        role=asked.role,
        replaces=asked.replaces,
        reason=asked.reason,
        asked_at=at,
        asked_by_id=by.person_id,
    )
    note_account_event(
        user=owner, kind=AccountEventKind.ROLE_ASKED, at=at, reason=asked.reason, detail=str(request), by=by
    )
    if not needs_a_second_person(asked.role):
        return _give(request, at=at, by=by, why="")
    for manager in managers_of(asked.agency.pk, on=today):
        if manager.user_id not in (owner.pk, by.user_id):
            tell(user=manager.user, kind=NoticeKind.TO_APPROVE, at=at)
    return request


def _check_not_held(user: User, asked: RoleAsked, at: datetime) -> None:
    same = {"user": user, "agency": asked.agency, "role": asked.role}
    if Membership.objects.current(timezone.localdate(at)).filter(**same).exists():
        raise AccountRefused("They hold this role at this agency already.", field="role")
    if RoleRequest.objects.filter(**same, decision="").exists():
        raise AccountRefused("This role waits for a second person already.", field="role")
    if asked.replaces is not None and (asked.replaces.user_id != user.pk or asked.replaces.ended_on is not None):
        raise AccountRefused("The role to be ended is not one that they hold now.", field="replaces")


@transaction.atomic
def decide_role(*, request_id: UUID, decision: RoleDecision, why: str, at: datetime, by: Viewer) -> RoleRequest:
    """A second person gives or refuses a role that was asked for.

    Refuses who asked, the person themselves, anybody who is neither a manager of that agency nor the data guardian,
    what was decided already, and to give what would bring a second health service into the agency.
    """
    request = RoleRequest.objects.select_for_update(of=("self",)).select_related("user", "agency").get(pk=request_id)
    check_decides(by, agency_id=request.agency_id, user_id=request.user_id, asked_by_id=request.asked_by_id)
    if request.decision:
        raise AccountRefused("This was decided already.")
    if decision == RoleDecision.GIVEN:
        if request.user.left_at is not None:
            raise AccountRefused("This person has left meanwhile, so the role cannot be given.")
        return _give(request, at=at, by=by, why=why)
    _decided(request, RoleDecision.REFUSED, at=at, by=by, why=why)
    note_account_event(
        user=request.user, kind=AccountEventKind.ROLE_REFUSED, at=at, reason=why, detail=str(request), by=by
    )
    return request


def _decided(request: RoleRequest, decision: RoleDecision, *, at: datetime, by: Viewer, why: str) -> None:
    request.decision, request.decided_at, request.decided_by_id, request.decided_why = decision, at, by.person_id, why
    request.save(update_fields=["decision", "decided_at", "decided_by", "decided_why"])


def _give(request: RoleRequest, *, at: datetime, by: Viewer, why: str) -> RoleRequest:
    today = timezone.localdate(at)
    check_joins(agency=request.agency, role=request.role, on=today, replaces=request.replaces)
    _decided(request, RoleDecision.GIVEN, at=at, by=by, why=why)
    if request.replaces is not None:
        end_membership(membership=request.replaces, reason=request.reason, at=at, by=by)
    Membership.objects.create(user=request.user, agency=request.agency, role=request.role, started_on=today)
    note_account_event(
        user=request.user, kind=AccountEventKind.ROLE_GIVEN, at=at, reason=why, detail=str(request), by=by
    )
    if request.user.has_usable_password() or request.user.last_login is not None:
        tell(user=request.user, kind=NoticeKind.ROLE_GIVEN, at=at, detail=f"You are now: {request}.")
    return request


@transaction.atomic
def end_membership(*, membership: Membership, reason: str, at: datetime, by: Viewer) -> Membership:
    """End a role now: its functions, the access given to the person by name, and where they are signed in.

    What is left of their work is told to those who manage the agency. Refuses a role that has ended already, and one's
    own. Who may ask for it is checked by what calls it.
    """
    today = timezone.localdate(at)
    row = Membership.objects.select_for_update(of=("self",)).select_related("user", "agency").get(pk=membership.pk)
    if row.ended_on is not None and row.ended_on <= today:
        raise AccountRefused("This role has ended already.")
    check_not_own(row.user_id, by)
    left = let_go(row, at=at, by=by)
    FunctionMember.objects.filter(membership=row, ended_on=None).update(ended_on=today)
    row.ended_on = today
    row.save(update_fields=["ended_on"])
    end_places(user=row.user, ending=PlaceEnding.CLOSED, at=at)
    held = f"{row.get_role_display()}, {row.agency}"
    detail = f"{held}. To be handed over: {', '.join(left)}" if left else held
    note_account_event(user=row.user, kind=AccountEventKind.ROLE_ENDED, at=at, reason=reason, detail=detail, by=by)
    if left:
        for manager in managers_of(row.agency_id, on=today):
            if manager.user_id != row.user_id:
                words = f"{row.user} held {', '.join(left)}."
                tell(user=manager.user, kind=NoticeKind.HANDED_OVER, at=at, detail=words)
    return row


@transaction.atomic
def close_account(*, user: User, reason: str, at: datetime, by: Viewer) -> User:
    """Somebody leaves: every role and session, every waiting request and every link ends now.

    Refuses anybody but the administrator, their own account, and somebody who has left already.
    """
    check_administers(by)
    check_not_own(user.pk, by)
    owner = User.objects.select_for_update().get(pk=user.pk)
    if owner.left_at is not None:
        raise AccountRefused("This person has left already.")
    today = timezone.localdate(at)
    for membership in Membership.objects.filter(user=owner).exclude(ended_on__lte=today):
        end_membership(membership=membership, reason=reason, at=at, by=by)
    RoleRequest.objects.filter(user=owner, decision="").update(
        decision=RoleDecision.REFUSED, decided_at=at, decided_by_id=by.person_id, decided_why="They have left."
    )
    owner.invitations.filter(used_at=None, expires_at__gt=at).update(expires_at=at)
    end_places(user=owner, ending=PlaceEnding.CLOSED, at=at)
    unlink(user=owner)
    owner.is_active, owner.left_at, owner.suspended_at = False, at, None
    owner.save(update_fields=["is_active", "left_at", "suspended_at"])
    note_account_event(user=owner, kind=AccountEventKind.LEFT, at=at, reason=reason, by=by)
    return owner
