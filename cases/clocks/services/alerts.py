"""An alert is a row with its e-mails beside it, made in one statement; a person takes it, or it climbs."""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from accounts.choices import FunctionKey
from accounts.rules.refusals import NotKnown, Refusal
from accounts.rules.viewers import Viewer
from cases.clocks.choices import AlertKind
from cases.clocks.models import Alert
from cases.clocks.rules import EACH_FOR_THEMSELVES, LADDERS, dedupe_key_of
from cases.clocks.selectors import alerts_for, pages_of

log = logging.getLogger("harbour.alerts")

# Whether a member is kept from the child of the file `about`: by a conflict of interest on it or on one merged with it,
# or because it or one merged with it is restricted and the member is not named on it.
KEPT_AWAY = """(
          EXISTS (
              SELECT 1 FROM cases_block AS block JOIN cases_child AS file ON file.id = block.child_id
              WHERE COALESCE(about.merged_into_id, about.id) IN (file.id, file.merged_into_id)
                AND block.user_id = member.user_id AND block.placed_at <= %(at)s
                AND (block.ended_at IS NULL OR block.ended_at > %(at)s)
          )
          OR EXISTS (
              SELECT 1 FROM cases_child AS file
              WHERE COALESCE(about.merged_into_id, about.id) IN (file.id, file.merged_into_id)
                AND file.restricted AND NOT EXISTS (
                  SELECT 1 FROM cases_accessgrant AS named
                  WHERE named.child_id = about.id AND named.membership_id = member.id AND named.reason = 'named'
                    AND named.valid_from <= %(at)s AND (named.valid_until IS NULL OR named.valid_until > %(at)s)
                    AND (named.ended_at IS NULL OR named.ended_at > %(at)s)
              )
          )
      )"""

# `wanted` is any SELECT of (dedupe_key, kind, step, function_key, group_id, membership_id, subject_id, child_id,
# clock_id), in which one of the three recipients is given. Alerts and e-mails are written in one statement: there is
# no moment at which one is there without the other. An e-mail goes to the people who serve in a function, or to the
# one person; an agency's alert stands in Harbour alone. People who hold two memberships in a function get one; a
# membership, a service in a function, a person or an agency that has ended gets none, nor does anybody who is kept
# from the child (`KEPT_AWAY`).
RAISE = """
WITH wanted AS ({wanted}),
raised AS (
    INSERT INTO cases_alert (
        id, dedupe_key, kind, step, group_id, membership_id, subject_id, child_id, clock_id, raised_at
    )
    SELECT gen_random_uuid(), wanted.dedupe_key, wanted.kind, wanted.step, COALESCE(function.group_id, wanted.group_id),
           wanted.membership_id, wanted.subject_id, wanted.child_id, wanted.clock_id, %(at)s
    FROM wanted LEFT JOIN accounts_functiongroup AS function ON function.key = wanted.function_key
    WHERE COALESCE(function.group_id, wanted.group_id) IS NOT NULL OR wanted.membership_id IS NOT NULL
    ON CONFLICT (dedupe_key) DO NOTHING
    RETURNING id, group_id, membership_id, child_id
),
recipient AS (
    SELECT raised.id AS alert_id, raised.child_id, serving.membership_id
    FROM raised
    JOIN accounts_functiongroup AS function ON function.group_id = raised.group_id
    JOIN accounts_functionmember AS serving ON serving.function_id = function.id
    WHERE serving.ended_on IS NULL OR serving.ended_on > %(today)s
    UNION ALL
    SELECT raised.id, raised.child_id, raised.membership_id FROM raised
),
told AS (
    SELECT DISTINCT ON (recipient.alert_id, member.user_id) recipient.alert_id, member.id AS membership_id
    FROM recipient
    JOIN accounts_membership AS member ON member.id = recipient.membership_id
    JOIN accounts_user AS person ON person.id = member.user_id
    JOIN accounts_agency AS agency ON agency.id = member.agency_id
    LEFT JOIN cases_child AS about ON about.id = recipient.child_id
    WHERE person.is_active AND person.email <> '' AND agency.ended_on IS NULL
      AND member.started_on <= %(today)s AND (member.ended_on IS NULL OR member.ended_on > %(today)s)
      AND NOT {kept_away}
    ORDER BY recipient.alert_id, member.user_id, member.id
),
posted AS (
    INSERT INTO cases_outboxmessage (alert_id, membership_id, message_id, tries, next_try_at, last_error)
    SELECT alert_id, membership_id, gen_random_uuid(), 0, %(at)s, '' FROM told
    RETURNING id
)
SELECT (SELECT count(*) FROM raised), (SELECT count(*) FROM posted),
       (SELECT count(*) FROM raised WHERE NOT EXISTS (SELECT 1 FROM told WHERE told.alert_id = raised.id))
"""

# A SELECT of (dedupe_key, kind, step, function_key, membership_id, subject_id, child_id), as an event's alert needs no
# more.
OF_AN_EVENT = """
SELECT event.dedupe_key, event.kind, event.step, event.function_key, NULL::int AS group_id,
       event.membership_id, event.subject_id, event.child_id, NULL::uuid AS clock_id
FROM ({event}) AS event
"""
ONE = (
    "SELECT %(dedupe_key)s::text AS dedupe_key, %(kind)s::text AS kind, %(step)s::int AS step, "
    "%(function)s::text AS function_key, %(membership_id)s::uuid AS membership_id, %(subject_id)s::uuid AS subject_id, "
    "%(child_id)s::uuid AS child_id"
)


class AlertTaken(Refusal):
    """Somebody else has acknowledged the alert first."""

    code = "alert_taken"


class AlertNotYours(Refusal):
    """Somebody was told of a thing that they cannot deal with."""

    code = "alert_not_yours"


def write_alerts(wanted: str, parameters: dict[str, Any], *, at: datetime) -> tuple[int, int]:
    """Write every alert that a SELECT names and that is not there yet, each with its e-mails.

    Returns how many alerts and how many e-mails are new. For the services of this package alone.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            RAISE.format(wanted=wanted, kept_away=KEPT_AWAY), {**parameters, "at": at, "today": timezone.localdate(at)}
        )
        alerts, messages, by_no_mail = cursor.fetchone()
    if by_no_mail:
        log.error("alert_reaches_nobody", extra={"alerts": by_no_mail})
    return alerts, messages


@transaction.atomic
def raise_alert(
    *,
    kind: AlertKind,
    to: FunctionKey | UUID,
    subject_id: UUID,
    at: datetime,
    step: int = 1,
    child_id: UUID | None = None,
) -> bool:
    """Tell everybody who serves in a function now, or one person by membership, that something waits: once for each
    step.

    The alert and one e-mail a person stand or fall with the caller's transaction. An alert that is about a file
    (`child_id`) reaches nobody who may not know of it. Returns whether it is new.
    """
    function = to if isinstance(to, FunctionKey) else None
    alerts, _ = write_alerts(
        OF_AN_EVENT.format(event=ONE),
        {
            "dedupe_key": dedupe_key_of(kind, subject_id, step, str(to)),
            "kind": str(kind),
            "step": step,
            "function": str(function) if function else None,
            "membership_id": None if function else str(to),
            "subject_id": str(subject_id),
            "child_id": str(child_id) if child_id else None,
        },
        at=at,
    )
    return bool(alerts)


@transaction.atomic
def start_ladder(*, kind: AlertKind, subject_id: UUID, at: datetime) -> bool:
    """Raise the first rung of a ladder for a subject; the sweep raises the others. Returns whether it is new."""
    raised = [
        raise_alert(kind=kind, to=function, subject_id=subject_id, at=at) for function in LADDERS[kind][0].functions
    ]
    return any(raised)


@transaction.atomic
def acknowledge_alert(*, alert_id: UUID, at: datetime, by: Viewer) -> Alert:
    """Take an alert: the viewer looks at it now, for every group that was told.

    The ladder of an event stops with it. That of a clock does not: when the time is up and the thing is not done,
    people are told, whoever said before that they were looking at it.

    Who cannot open the page of the thing, by their role or because it is of a file that they may not know of, cannot
    deal with it, and does not take it from those who can. Raises NotKnown for an alert that is not for this viewer,
    AlertNotYours where they cannot deal with it, AlertTaken where a colleague was first.
    """
    alert = alerts_for(by, at=at).filter(pk=alert_id).select_related("clock__definition").first()
    if alert is None:
        raise NotKnown("no_alert")
    if not pages_of([alert], by, at=at)[alert.kind, alert.subject_id].may_take:
        raise AlertNotYours(
            "You cannot deal with this one, so it stays open for those who can. You were told because nobody has dealt "
            "with it in time: make sure that whoever owes it knows."
        )
    if not acknowledge_subject(kind=alert.kind, subject_id=alert.subject_id, at=at, by=by):
        raise AlertTaken("A colleague has taken this alert already. Nothing more is needed from you.")
    alert.refresh_from_db()
    return alert


@transaction.atomic
def acknowledge_subject(*, kind: str, subject_id: UUID, at: datetime, by: Viewer) -> int:
    """Take every open alert about a subject, as when it has been decided; of what each does for themselves, only that
    of whoever takes it. Returns how many were open.

    The rows are locked before they are written, so that a rung which the sweep is raising at this moment is
    either seen here or never raised.
    """
    about = Alert.objects.filter(kind=kind, subject_id=subject_id, acknowledged_at=None)
    if kind in EACH_FOR_THEMSELVES:
        about = about.filter(membership_id=by.acting_membership_id)
    _lock(about.order_by("pk").select_for_update().values_list("pk", flat=True))
    return about.update(acknowledged_at=at, acknowledged_by_id=by.user_id)


def _lock(rows: Iterable[UUID]) -> None:
    for _ in rows:
        pass
