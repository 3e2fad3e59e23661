"""What was asked for on files, for those who answer, and for those who asked."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import BitOr
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from accounts.choices import FunctionKey
from accounts.models import Membership
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from accounts.selectors import viewer_of
from cases.access.choices import Category, Cell
from cases.access.rules import Action, category_levels, decide, mask_of
from cases.access.selectors import category_opened, facts_of, matrix_in_force
from cases.clocks.selectors import should_run
from cases.record.models import Child, Involvement
from cases.sharing.choices import RequestAnswer, SharingEnd, SharingKind
from cases.sharing.models.requests import AccessRequest
from cases.sharing.models.shares import SharingDecision
from cases.sharing.rules.shares import shareable
from cases.sharing.selectors.emergency import lead_to_tell

LISTED = 50


def _requests(at: datetime) -> QuerySet[AccessRequest]:
    return with_what_came(AccessRequest.objects.all(), at=at).select_related(
        "child", "asked_as__user", "asked_as__agency", "owner__user", "owner__agency", "answered_by", "decision"
    )


def with_what_came(rows: QuerySet[AccessRequest], *, at: datetime) -> QuerySet[AccessRequest]:
    """Requests, each with the kinds that have been shared since with whoever asked (`come`): not what somebody has
    ended, nor what has run to its last day. With it what was shared with them since, whatever became of it (`given`),
    but for what was shared in error.
    """
    shares = SharingDecision.objects.filter(
        Q(membership=None) | Q(membership_id=OuterRef("asked_as_id")),
        child_id=OuterRef("child_id"),
        agency_id=OuterRef("asked_as__agency_id"),
        kind=SharingKind.SHARED,
        decided_at__gte=OuterRef("asked_at"),
    )
    come: dict[str, Any] = {
        "come": _kinds(shares.filter(ended_at=None, ends_at__gt=at)),
        "given": _kinds(shares.exclude(end_kind=SharingEnd.IN_ERROR)),
    }
    return rows.annotate(**come)


def _kinds(shares: QuerySet[SharingDecision]) -> Coalesce:
    kinds = shares.order_by().values("child_id").annotate(kinds=BitOr("category_mask")).values("kinds")
    return Coalesce(Subquery(kinds), 0)


def who_can_share(child_id: UUID, mask: int, *, asking: UUID, at: datetime) -> Membership | None:
    """Who of those that work with the child may share all of these kinds, whoever leads first, at another agency than
    the one that asks. None where nobody may: then the notification point is asked.
    """
    matrix = matrix_in_force(on=timezone.localdate(at))
    work = Involvement.objects.filter(child_id=child_id, ended_on=None)
    order = list(work.order_by("-is_lead", "started_on", "pk").values_list("membership_id", flat=True))
    people = Membership.objects.current(timezone.localdate(at)).filter(pk__in=order, agency__ended_on=None)
    people = people.exclude(agency_id=asking).select_related("user", "agency")
    for member in sorted(people, key=lambda one: order.index(one.pk)):
        viewer = viewer_of(member)
        child = Child.objects.visible_to(viewer, at=at).filter(pk=child_id).first()
        if child is None:
            continue
        facts = facts_of(child)
        seen = mask_of(shareable(category_levels(viewer, facts, matrix)))
        if not mask & ~seen and decide(viewer, Action.SHARE, facts, matrix).allowed:
            return member
    return None


def owner_to_ask(child_id: UUID, *, asking: UUID | None, at: datetime) -> Membership | None:
    """Who leads on the case, where they may know of it and work at another agency than the one that asks."""
    lead = lead_to_tell(child_id, at=at)
    return lead if lead is not None and lead.agency_id != asking else None


def requests_to_answer(viewer: Viewer, *, at: datetime) -> list[AccessRequest]:
    """What waits for an answer of the viewer's agency, the oldest first: where their agency leads on the case or was
    asked for the rest, where nobody else does and they are the notification point, if sharing is open to them on the
    file; and for a guardian on every file they may know of. Never what their own agency asked for, and nothing for a
    job that may not share.
    """
    if not _may_answer(viewer, at):
        return []
    files = Child.objects.visible_to(viewer, at=at)
    if not viewer.may(Capability.AUDIT):
        files = files.annotate(sharing_opened=category_opened(Category.SHARING)).exclude(sharing_opened=0)
    rows = _requests(at).filter(answered_at=None, child__in=files.values("pk"))
    if not viewer.may(Capability.AUDIT):
        leads = Involvement.objects.filter(child_id=OuterRef("child_id"), is_lead=True, ended_on=None)
        ours = Q(Exists(leads.filter(working_agency_id=viewer.agency_id))) | Q(owner__agency_id=viewer.agency_id)
        if FunctionKey.NOTIFICATION_POINT in viewer.functions:
            ours |= Q(owner=None)
        rows = rows.filter(ours).exclude(Q(asked_as__agency_id=viewer.agency_id))
    return list(rows.exclude(Q(asked_as__user_id=viewer.user_id)).order_by("asked_at", "pk")[:LISTED])


def _may_answer(viewer: Viewer, at: datetime) -> bool:
    """Whether the role sees sharing in full, without which nobody shares."""
    matrix = matrix_in_force(on=timezone.localdate(at))
    return matrix.cell(viewer.role_key, Category.SHARING) == Cell.FULL


def requests_made(viewer: Viewer, *, at: datetime) -> list[AccessRequest]:
    """What the viewer asked for under this membership, on files they may still know of, the latest first."""
    rows = _requests(at).filter(
        asked_as_id=viewer.membership_id, child__in=Child.objects.visible_to(viewer, at=at).values("pk")
    )
    return list(rows.order_by("-asked_at", "-pk")[:LISTED])


def request_for(viewer: Viewer, request_id: UUID, *, at: datetime) -> AccessRequest | None:
    """One request on a file that the viewer may know of; None for any other, whether or not there is one."""
    rows = _requests(at).filter(child__in=Child.objects.visible_to(viewer, at=at).values("pk"))
    return rows.filter(pk=request_id).first()


def requests_on(child_id: UUID, *, at: datetime) -> list[AccessRequest]:
    """What was asked for on a file, the latest first."""
    return list(_requests(at).filter(child_id=child_id).order_by("-asked_at", "-pk")[:LISTED])


def open_request(child_id: UUID, membership_id: UUID | None) -> AccessRequest | None:
    """What somebody has asked for on a file and nobody has answered."""
    return AccessRequest.objects.filter(child_id=child_id, asked_as_id=membership_id, answered_at=None).first()


def refusals_before(request: AccessRequest) -> list[UUID]:
    """The decisions not to share that hold since the same person asked on the same file before."""
    rows = AccessRequest.objects.filter(
        child_id=request.child_id,
        asked_as_id=request.asked_as_id,
        answer=RequestAnswer.REFUSED,
        decision__ended_at=None,
    )
    found = rows.exclude(pk=request.pk).exclude(decision=None).order_by("asked_at", "pk")
    return list(found.values_list("decision_id", flat=True))


def requests_unanswered(at: datetime) -> QuerySet[Any]:
    """What nobody has answered, as the sweep asks for what should have a clock."""
    return should_run(
        AccessRequest.objects.filter(answered_at=None, asked_at__lte=at),
        anchored_at="asked_at",
        child_id="child_id",
        owner_membership_id="owner_id",
        owner_group_id="owner__agency__group_id",
    )


def request_addresses(ids: list[UUID]) -> dict[UUID, str]:
    """Where each request is answered."""
    return {pk: reverse("cases:access_request", args=[pk]) for pk in ids}


def answer_addresses(ids: list[UUID]) -> dict[UUID, str]:
    """Where whoever asked reads the answer: in the list of what they asked for."""
    return dict.fromkeys(ids, reverse("cases:access_requests"))
