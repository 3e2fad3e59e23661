"""Sending a notification through the single notification point, and completing its Matrix afterwards."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import DefinitionVersion
from accounts.rules.refusals import NotKnown, Stale
from accounts.rules.viewers import Viewer
from accounts.services.drafts import lock_draft
from referrals.models import Notification
from referrals.rules.notify import (
    STEPS,
    MatrixAlreadyThere,
    NotificationIncomplete,
    age_said,
    agreement_said,
    steps_to_fill,
)
from referrals.selectors.notify import FORM, kept_of, notification_of
from referrals.services.deciding import start_deciding
from risk.rules import answers_from_plain, answers_to_plain, level_for_rank
from risk.scoring import Answer
from risk.selectors import tool_of
from risk.services import record_referrer_assessment, score_answers

# Answers that steer the form and are not kept with the notification.
ONLY_IN_THE_FORM = {"birth_date_known", "age_asked"}


@transaction.atomic
def send_notification(*, draft_id: UUID, version: int | None, at: datetime, by: Viewer) -> Notification:
    """Send what a referrer has written. The draft is gone, and where it is urgent people are paged at once.

    `version` is that of the draft when its answers were last read before sending. Nothing here looks for the
    child: what a referrer sees cannot depend on whether the child is known. Raises NotKnown for a draft that is
    not the referrer's or was sent already, Stale where it has changed since, NotificationIncomplete.
    """
    draft = lock_draft(draft_id=draft_id, by=by)
    if draft.form != FORM:
        raise NotKnown("no_draft")
    if draft.version != version:
        raise Stale("Your answers have changed since this page was opened. Read them once more, then send.")
    today, kept = timezone.localdate(at), kept_of(draft)
    missing = steps_to_fill(kept, today=today)
    if missing:
        raise NotificationIncomplete(missing)
    whose = {"referrer_id": by.user_id, "membership_id": by.membership_id, "agency_id": by.agency_id}
    notification = Notification(pk=draft.pk, sent_at=at, **whose, **_fields(kept))
    _check_fields(notification)
    matrix = kept["matrix"] or {}
    if "answers" in matrix:
        tool = DefinitionVersion.objects.get(pk=matrix["tool_id"])
        _put_matrix(notification, tool, answers_from_plain(matrix["answers"]), matrix["evidence"], at=at)
    notification.save(force_insert=True)
    notification.refresh_from_db(fields=["urgent"])
    start_deciding(notification=notification, at=at, by=by)
    draft.delete()
    return notification


@transaction.atomic
def complete_matrix(
    *,
    reference: str,
    tool: DefinitionVersion,
    answers: Mapping[str, Answer],
    evidence: str,
    at: datetime,
    by: Viewer,
) -> Notification:
    """Add the Matrix to a notification that was sent without it, once.

    A high result pages people, also where the notification has been decided on already. Where it has become a
    child's file, the provisional assessment is put there. Raises NotKnown for anybody else's notification,
    MatrixAlreadyThere, risk.scoring.InvalidAnswers.
    """
    mine = notification_of(by, reference)
    notification = Notification.objects.select_for_update(of=("self",)).get(pk=mine.pk)
    if notification.matrix_completed_at is not None:
        raise MatrixAlreadyThere(
            "You have completed the Matrix of this notification already. It is kept as you sent it."
        )
    _put_matrix(notification, tool, answers, evidence, at=at)
    notification.version += 1
    notification.save(
        update_fields=[
            "tool", "answers", "result", "matrix_evidence", "computed_level", "matrix_completed_at", "version"
        ]
    )  # fmt: skip
    notification.refresh_from_db(fields=["urgent"])
    if notification.urgent:
        start_deciding(notification=notification, at=at, by=by)
    if notification.child is not None:
        record_referrer_assessment(
            child=notification.child,
            version=tool,
            answers=answers,
            harm_status=notification.harm_status,
            age=age_on_day(notification, at),
            evidence=evidence,
            assessed_at=at,
            referrer=notification.membership,
            at=at,
            by=by,
        )
    return notification


def age_on_day(notification: Notification, at: datetime) -> int | None:
    """The age of the child in whole years, on the London day of an instant."""
    return age_said(
        birth_date=notification.birth_date,
        age_if_unknown=notification.age_if_unknown,
        today=timezone.localdate(at),
    )


def _put_matrix(
    notification: Notification, tool: DefinitionVersion, answers: Mapping[str, Answer], evidence: str, *, at: datetime
) -> None:
    result = score_answers(
        tool=tool_of(tool),
        answers=answers,
        age=age_on_day(notification, at),
        harm_status=notification.harm_status,
        disability=notification.disability,
    )
    notification.tool = tool
    notification.answers = answers_to_plain(answers)
    notification.result = result.as_dict()
    notification.matrix_evidence = evidence
    notification.computed_level = level_for_rank(result.band.rank)
    notification.matrix_completed_at = at


def _fields(kept: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """The fields of the notification, from the steps as they were understood."""
    fields: dict[str, Any] = {}
    for step in STEPS:
        if step != "matrix":
            fields |= {name: value for name, value in (kept[step] or {}).items() if name not in ONLY_IN_THE_FORM}
    for name in ("birth_date", "happened_on"):
        fields[name] = date.fromisoformat(fields[name]) if fields.get(name) else None
    for who in ("child", "parents"):
        fields[f"{who}_agreement"] = agreement_said(fields[f"{who}_told"], fields.get(f"{who}_agreement", ""))
    for name in ("address_protected", "police_called"):
        fields[name] = bool(fields.get(name))
    return fields


def _check_fields(notification: Notification) -> None:
    """What a draft holds was checked when it was saved; a list or a length may have changed since."""
    try:
        notification.clean_fields(exclude=["referrer", "membership", "agency", "tool", "child"])
    except ValidationError as wrong:
        where = {step for step, names in _STEP_OF_FIELD.items() for name in wrong.error_dict if name in names} or {
            "concern"
        }
        raise NotificationIncomplete([step for step in STEPS if step in where]) from wrong


_STEP_OF_FIELD: Mapping[str, tuple[str, ...]] = {
    "child": ("given_name", "family_name", "preferred_name", "birth_date", "age_if_unknown", "sex"),
    "about": ("ethnicity", "disability", "school"),
    "home": ("address_lines", "postcode", "address_protected", "safe_contact"),
    "harm": ("harm_status",),
    "danger": ("immediate_danger", "danger_detail", "police_called"),
    "words": ("childs_words",),
    "told": (
        "child_told", "child_agreement", "parents_told", "parents_agreement", "reason_not_told", "others_who_know"
    ),
    "contact": ("referrer_telephone",),
}  # fmt: skip
