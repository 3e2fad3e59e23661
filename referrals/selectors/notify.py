"""What a referrer has begun and has sent: their own, and nobody else's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Draft, User
from accounts.rules.refusals import NotKnown
from accounts.rules.viewers import Viewer
from accounts.selectors.drafts import draft_of, drafts_of
from cases.access.models import Block
from referrals.models import Notification
from referrals.rules.notify import STEPS

FORM = "notification"
PAGE_LENGTH = 25


@dataclass(frozen=True)
class SentPage:
    """A page of what somebody has sent, the latest first."""

    rows: list[Notification]
    number: int
    has_more: bool


def kept_of(draft: Draft) -> dict[str, dict[str, Any] | None]:
    """Each step of a draft as it was understood; None for a step that is wrong or was never opened."""
    return {step: draft.answers.get(step, {}).get("kept") for step in STEPS}


def drafts_for(viewer: Viewer) -> list[Draft]:
    """The notifications a viewer has begun and not sent, the latest first."""
    return drafts_of(viewer, form=FORM)


def draft_for(viewer: Viewer, draft_id: UUID) -> Draft:
    """A notification that the viewer has begun. Raises NotKnown for anybody else's."""
    return draft_of(viewer, draft_id=draft_id, form=FORM)


def sent_from(viewer: Viewer, draft_id: UUID) -> Notification | None:
    """The viewer's own notification that a draft has become: it keeps the draft's key."""
    return _own(viewer).filter(pk=draft_id).first()


def _whose(viewer: Viewer) -> dict[str, Any]:
    return {"referrer_id": viewer.user_id, "agency_id": viewer.agency_id}


def _own(viewer: Viewer) -> QuerySet[Notification]:
    """What the viewer has sent for the agency they act for now, with `answer_kept`: whether a conflict of interest kept
    them from the file when it was decided, and does still. Nothing tells such a notification from one that waits.
    """
    decided, file = OuterRef("decision__decided_at"), OuterRef("child_id")
    kept = Block.objects.filter(
        Q(child_id=file) | Q(child__merged_into=file) | Q(child__merged_files=file),
        user_id=viewer.person_id,
        ended_at=None,
        placed_at__lte=decided,
    )
    return Notification.objects.filter(**_whose(viewer)).annotate(answer_kept=Exists(kept)).select_related("decision")


def sent_by(viewer: Viewer, *, page: int = 1) -> SentPage:
    """A page of the viewer's own notifications, the latest first, with what was decided."""
    start = (max(page, 1) - 1) * PAGE_LENGTH
    rows = list(_own(viewer).order_by("-sent_at", "pk")[start : start + PAGE_LENGTH + 1])
    return SentPage(rows[:PAGE_LENGTH], max(page, 1), len(rows) > PAGE_LENGTH)


def matrix_wanted(viewer: Viewer, *, since: datetime | None = None) -> list[Notification]:
    """The viewer's own notifications that still wait for the Matrix (sent since an instant), the oldest first."""
    wanted = _own(viewer).filter(matrix_completed_at=None).order_by("sent_at", "pk")
    return list(wanted.filter(sent_at__gte=since) if since else wanted)


def decided_lately(viewer: Viewer, *, since: datetime) -> list[Notification]:
    """The viewer's own notifications that were decided since an instant, the latest first."""
    told = _own(viewer).filter(answer_kept=False)  # type: ignore[misc]  # annotated
    return list(told.filter(decision__decided_at__gte=since).order_by("-decision__decided_at", "pk"))


def notification_of(viewer: Viewer, reference: str) -> Notification:
    """A notification that the viewer sent. Raises NotKnown for anybody else's, as for one that never was."""
    rows = _own(viewer).select_related("tool", "agency", "membership__user")
    rows = rows.select_related("decision__lead__user", "decision__lead__agency")
    found = rows.filter(reference=reference).first()
    if found is None:
        raise NotKnown("not_own_notification")
    return found


def own_telephone(viewer: Viewer) -> str:
    """The number a viewer is known to answer, to be offered before they type one."""
    return User.objects.filter(pk=viewer.person_id).values_list("telephone", flat=True).first() or ""
