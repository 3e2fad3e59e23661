"""Decisions about sharing, the smallest valid row of each, and a form that is filled in rightly."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accounts.models import Agency, Membership
from accounts.rules.viewers import Viewer
from accounts.selectors import now
from cases.access.choices import GrantReason
from cases.access.rules import mask_of
from cases.access.services import grant_access
from cases.record.models import Child, Involvement
from cases.record.services import OpenFile, open_file
from cases.sharing.choices import (
    Answer,
    DeclineReason,
    LawfulBasis,
    SharingEnd,
    SharingKind,
    SharingPurpose,
    Understands,
    WishKind,
)
from cases.sharing.models.requests import AccessRequest
from cases.sharing.models.shares import SharingBreach, SharingDecision, SharingWish
from cases.sharing.rules.shares import Override, Told
from cases.sharing.services.shares import Content, Receiver, Sharing

WORDS = "To look out for the child at the youth club."


def make_share(
    child: Child,
    to: Agency | Membership,
    by: Membership,
    *,
    at: datetime | None = None,
    ends_at: datetime | None = None,
    categories: tuple[str, ...] = ("identity", "missing"),
    granted: bool = True,
    **fields: Any,
) -> SharingDecision:
    """A share of yesterday for 30 days, with its grant, and without alerts."""
    at = at or now() - timedelta(days=1)
    agency = to if isinstance(to, Agency) else to.agency
    decision = SharingDecision.objects.create(
        **{
            "child": child,
            "kind": SharingKind.SHARED,
            "agency": agency,
            "membership": to if isinstance(to, Membership) else None,
            "category_mask": mask_of(categories),
            "purpose": SharingPurpose.PROTECT,
            "words": WORDS,
            "basis": LawfulBasis.PUBLIC_TASK,
            "child_answer": Answer.AGREES,
            "carers_answer": Answer.AGREES,
            "decided_at": at,
            "decided_as": by,
            "ends_at": ends_at or at + timedelta(days=30),
            **fields,
        }
    )
    if granted:
        grant_access(
            child_id=child.pk,
            reason=GrantReason.SHARE,
            at=at,
            by=None,
            categories=categories,
            entries=decision.entry_ids,
            valid_until=decision.ends_at,
            source_id=decision.pk,
            note="To keep the child safe now",
            **({"membership": to} if isinstance(to, Membership) else {"group": agency.group}),  # type: ignore[arg-type]
        )
    return decision


def make_declined(child: Child, to: Agency | Membership, by: Membership, **fields: Any) -> SharingDecision:
    """A decision of yesterday not to share with an agency, or with one person of it."""
    at = now() - timedelta(days=1)
    return SharingDecision.objects.create(
        **{
            "child": child,
            "kind": SharingKind.DECLINED,
            "agency": to if isinstance(to, Agency) else to.agency,
            "membership": to if isinstance(to, Membership) else None,
            "category_mask": mask_of(["missing"]),
            "words": "She would be hurt if they knew.",
            "decline_reason": DeclineReason.MORE_HARM,
            "decided_at": at,
            "decided_as": by,
            "review_on": timezone.localdate(at) + timedelta(days=28),
            **fields,
        }
    )


def make_breach(child: Child, to: Agency | Membership, by: Membership) -> SharingDecision:
    """A share that was withdrawn as an error an hour ago, and that no grant opens."""
    ended = now() - timedelta(hours=1)
    decision = make_share(
        child,
        to,
        by,
        granted=False,
        ended_at=ended,
        ended_by=by.user,
        end_kind=SharingEnd.IN_ERROR,
        end_words="It went to the wrong school.",
    )
    SharingBreach.objects.create(decision=decision, found_at=ended, found_by=by.user, words=decision.end_words)
    return decision


def make_against_wish(work: Involvement, by: Membership, **fields: Any) -> SharingDecision:
    """That somebody works with the child whom the child did not want told, from a day ago while the work lasts."""
    return SharingDecision.objects.create(
        **{
            "child": work.child,
            "kind": SharingKind.INVOLVED,
            "agency": work.working_agency,
            "involvement": work,
            "category_mask": mask_of(["missing"]),
            "words": "Health",
            "child_answer": Answer.REFUSES,
            "decided_at": now() - timedelta(days=1),
            "decided_as": by,
            **fields,
        }
    )


def make_mistake(work: Involvement, by: Membership, **fields: Any) -> SharingDecision:
    """That they were brought in by mistake a day ago, and taken out an hour ago."""
    ended = now() - timedelta(hours=1)
    over = {"ended_at": ended, "ended_by": by.user, "end_kind": SharingEnd.IN_ERROR, "end_words": "The wrong school."}
    decision = make_against_wish(work, by, **{"child_answer": "", **over, **fields})
    SharingBreach.objects.create(decision=decision, found_at=ended, found_by=by.user, words=decision.end_words)
    return decision


def make_wish(
    child: Child,
    by: Membership,
    kind: str = WishKind.LIMITS,
    *,
    kept: tuple[str, ...] = (),
    kept_from: tuple[str, ...] = (),
    words: str = "Not my school. Everybody there talks.",
    **fields: Any,
) -> SharingWish:
    """What the child said an hour ago about who may know."""
    at = now() - timedelta(hours=1)
    return SharingWish.objects.create(
        **{
            "child": child,
            "kind": kind,
            "kept_mask": mask_of(kept),
            "kept_from": list(kept_from),
            "words": words,
            "understands": Understands.YES,
            "said_on": timezone.localdate(at),
            "recorded_at": at,
            "recorded_as": by,
            **fields,
        }
    )


def make_request(child: Child, asked_as: Membership, **fields: Any) -> AccessRequest:
    """A request of yesterday for missing episodes and the plan, without alert or clock."""
    return AccessRequest.objects.create(
        **{
            "child": child,
            "asked_as": asked_as,
            "category_mask": mask_of(["missing", "plan"]),
            "purpose": SharingPurpose.FIND,
            "words": "To know where she was found before, if she goes again.",
            "asked_at": now() - timedelta(days=1),
            **fields,
        }
    )


def sharing_to(
    receiver: Agency | Membership, at: datetime, *, categories: tuple[str, ...] = ("missing",), **said: Any
) -> Sharing:
    """A share as somebody wants it: missing episodes, for 30 days, with everybody told and content."""
    agency = receiver if isinstance(receiver, Agency) else receiver.agency
    agreed = Told(Answer.AGREES)
    return Sharing(
        **{
            "receiver": Receiver(agency.pk, receiver.pk if isinstance(receiver, Membership) else None),
            "content": Content(frozenset(categories)),
            "purpose": SharingPurpose.PROTECT,
            "words": WORDS,
            "basis": LawfulBasis.PUBLIC_TASK,
            "child": agreed,
            "carers": agreed,
            "override": Override(),
            "ends_on": at.date() + timedelta(days=30),
            **said,
        }
    )


def opened_by(viewer: Viewer, child: Child, at: datetime) -> OpenFile:
    """The file as somebody has opened it."""
    return open_file(viewer=viewer, reference=child.reference, at=at)


def form_of_share(at: datetime, **changed: Any) -> dict[str, Any]:
    """The fields of the form of a share."""
    day = at.date() + timedelta(days=30)
    return {
        "idempotency_key": str(uuid4()),
        "person": "",
        "what": "kinds",
        "categories": ["missing"],
        "purpose": "protect",
        "words": WORDS,
        "basis": "public_task",
        "child_answer": "agrees",
        "carers_answer": "agrees",
        "overrides": "no",
        "ends_on_day": day.day,
        "ends_on_month": day.month,
        "ends_on_year": day.year,
        **changed,
    }
