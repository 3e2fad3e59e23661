"""Opening a file in an emergency, ending that, and judging it afterwards."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts.choices import AccessOutcome, FunctionKey
from accounts.models import Membership
from accounts.rules.refusals import NotKnown
from accounts.rules.viewers import Viewer
from accounts.services.access_events import Trace, record_access
from cases.access.choices import GrantReason
from cases.access.services import end_grants_from, grant_access
from cases.clocks.choices import AlertKind, ClockKind
from cases.clocks.selectors import people_told
from cases.clocks.services import acknowledge_subject, raise_alert, start_clock, stop_clock
from cases.record.models import Child
from cases.sharing.choices import EmergencyKind, EmergencyVerdict
from cases.sharing.models import EmergencyAccess
from cases.sharing.rules import emergency as rules
from cases.sharing.selectors import emergency as selectors
from cases.sharing.selectors.emergency import AskedFor, Shown

log = logging.getLogger("harbour.access")
# The lock under which one person's tries are counted; the second number is the person's.
TRYING = 7_042_226


@dataclass(frozen=True)
class Tried:
    """What became of a try: a file that is open now, one that is open as far already, or nothing at all."""

    child: Child | None = None
    access: EmergencyAccess | None = None


class NobodyTold(Exception):
    """The owner or the guardians could not be told, so nothing is opened."""


@transaction.atomic
def open_in_emergency(
    *, asked: AskedFor, kind: EmergencyKind, reason: str, at: datetime, by: Viewer, trace: Trace | None = None
) -> Tried:
    """Open one file to one person under one membership for 60 minutes, and tell who looks after it and the guardians.

    The grant, the row of the register, the alerts and the clock of the review are written together or not at all.
    Nothing is opened where there is no such file, where there is more than one, where it is kept from this person by
    a conflict of interest, or where it is for named people only: all four are written down as a refusal and answered
    alike, with the same questions to the database. A file of which an emergency would open no more than is open already
    is given without one.
    Raises EmergencyRefused for a reason that says nothing, and after five tries within 24 hours.
    """
    rules.check_may_open(by)
    rules.check_reason(reason)
    _one_try_at_a_time(by)
    found = selectors.files_asked_for(asked, viewer=by, at=at)
    rules.check_tries(selectors.tries_refused(by, at=at), child_id=found[0].pk if found else None)
    child, seen = rules.one_to_open(found)
    if child is not None and seen:
        return Tried(child=child)
    if child is not None:
        try:
            return Tried(child=child, access=_open(child, kind=kind, reason=reason, at=at, by=by))
        except NobodyTold:
            log.error("emergency_reaches_nobody")
    record_access(
        viewer=by,
        action=selectors.PAGE,
        outcome=AccessOutcome.REFUSED,
        reason_code="emergency_refused",
        child_id=found[0].pk if found else None,
        trace=trace,
    )
    return Tried()


@transaction.atomic
def _open(child: Child, *, kind: EmergencyKind, reason: str, at: datetime, by: Viewer) -> EmergencyAccess:
    access = EmergencyAccess.objects.create(
        child=child,
        membership_id=by.acting_membership_id,
        kind=kind,
        reason=reason.strip(),
        opened_at=at,
        ends_at=at + rules.LASTS,
    )
    grant_access(
        child_id=child.pk,
        reason=GrantReason.BREAK_GLASS,
        at=at,
        by=by,
        membership=Membership.objects.get(pk=by.acting_membership_id),
        categories=rules.OPENED,
        valid_until=access.ends_at,
        source_id=access.pk,
        note=EmergencyKind(kind).label,
    )
    _tell(access, at=at)
    start_clock(
        kind=ClockKind.EMERGENCY_REVIEWED, subject_id=access.pk, child_id=child.pk, anchored_at=at, at=at, by=by
    )
    return access


def _tell(access: EmergencyAccess, *, at: datetime) -> None:
    """Tell the data guardians, and whoever leads on the case or else the notification point.

    Raises NobodyTold where nobody of either is reached, or no guardian but the person who opens it.
    """
    lead = selectors.lead_to_tell(access.child_id, at=at)
    about: dict[str, Any] = {"subject_id": access.pk, "child_id": access.child_id, "at": at}
    raise_alert(kind=AlertKind.EMERGENCY_OPENED, to=FunctionKey.DATA_GUARDIANS, **about)
    owner = lead.pk if lead else FunctionKey.NOTIFICATION_POINT
    raise_alert(kind=AlertKind.EMERGENCY_ON_FILE, to=owner, **about)
    guardians = people_told(AlertKind.EMERGENCY_OPENED, access.pk) - {access.membership.user_id}
    if not guardians or not people_told(AlertKind.EMERGENCY_ON_FILE, access.pk):
        raise NobodyTold


def _one_try_at_a_time(by: Viewer) -> None:
    """Count the tries of one person one after the other, so that two at once are not both the fifth."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [TRYING, by.person_id])


def _known(access_id: UUID, *, at: datetime, by: Viewer) -> Shown:
    """One emergency access, locked, as far as somebody may see it. Raises NotKnown."""
    EmergencyAccess.objects.select_for_update().filter(pk=access_id).values_list("pk", flat=True).first()
    shown = selectors.emergency_for(by, access_id, at=at)
    if shown is None:
        raise NotKnown("no_emergency")
    return shown


@transaction.atomic
def end_emergency(*, access_id: UUID, at: datetime, by: Viewer) -> EmergencyAccess:
    """End an emergency access before its hour is over: by whoever opened it, or by a guardian. Access stops at the
    next request. Raises NotKnown for anybody else, EmergencyRefused where it is over.
    """
    shown = _known(access_id, at=at, by=by)
    if not (shown.own or shown.judges):
        raise NotKnown("no_emergency")
    access = shown.access
    if not rules.is_running(ends_at=access.ends_at, ended_at=access.ended_at, at=at):
        raise rules.EmergencyRefused("It has ended already. A data guardian reviews it.")
    access.ended_at, access.ended_by_id = at, by.person_id
    access.save(update_fields=["ended_at", "ended_by"])
    end_grants_from(source_id=access.pk, at=at, by=by, why="The emergency access was ended")
    return access


@transaction.atomic
def review_emergency(
    *, access_id: UUID, verdict: EmergencyVerdict, words: str, at: datetime, by: Viewer
) -> EmergencyAccess:
    """Say what a guardian found about an emergency access; its clock stops, and whoever opened the file is told.

    Raises NotKnown for whoever may not know of it; EmergencyRefused for who is no guardian, for the person who opened
    it, for a guardian of the same agency where another could do it, while it is open, without words, and where it is
    reviewed already.
    """
    shown = _known(access_id, at=at, by=by)
    access = shown.access
    if not (shown.judges or shown.own):
        raise rules.EmergencyRefused("A data guardian reviews this.", code="role_lacks")
    rules.check_may_judge(judge_of(access, at=at, by=by))
    if access.reviewed_at is not None:
        raise rules.EmergencyRefused(f"{access.reviewed_by} has reviewed this already.")
    running = rules.is_running(ends_at=access.ends_at, ended_at=access.ended_at, at=at)
    rules.check_verdict(running=running, words=words)
    access.verdict, access.verdict_words = verdict, words.strip()
    access.reviewed_at, access.reviewed_by_id = at, by.person_id
    access.save(update_fields=["verdict", "verdict_words", "reviewed_at", "reviewed_by"])
    stop_clock(kind=ClockKind.EMERGENCY_REVIEWED, subject_id=access.pk, done_at=at, at=at, by=by)
    acknowledge_subject(kind=AlertKind.EMERGENCY_OPENED, subject_id=access.pk, at=at, by=by)
    raise_alert(
        kind=AlertKind.EMERGENCY_JUDGED,
        to=access.membership_id,
        subject_id=access.pk,
        child_id=access.child_id,
        at=at,
    )
    return access


def judge_of(access: EmergencyAccess, *, at: datetime, by: Viewer) -> rules.Judge:
    """What decides whether somebody may review an emergency access."""
    assert by.agency_id is not None
    return rules.Judge(
        user_id=by.person_id,
        agency_id=by.agency_id,
        opened_by_id=access.membership.user_id,
        opened_at_agency_id=access.membership.agency_id,
        others_elsewhere=selectors.guardians_elsewhere(access, at=at),
    )
