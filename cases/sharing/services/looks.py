"""Going through a week's looks, and saying what came of a signal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from accounts.choices import AccessOutcome
from accounts.rules.dates import LONDON
from accounts.rules.viewers import Viewer
from accounts.selectors.definitions import definition_in_force
from accounts.services.access_events import Trace, record_access
from cases.clocks.choices import AlertKind
from cases.clocks.services import acknowledge_subject, raise_alert, start_ladder
from cases.record.services import note_files_shown
from cases.sharing.choices import SignalKind, SignalVerdict
from cases.sharing.models.looks import LookDigest, LookSignal
from cases.sharing.rules.family import is_own_name
from cases.sharing.rules.looks import Deed, check_verdict, counted, signals_of
from cases.sharing.selectors.conflicts import guardians
from cases.sharing.selectors.looks import (
    LIMITS,
    OWN_NAME,
    known_of,
    limits_of,
    parts_of,
    signal_for,
    week_looks,
    week_searches,
)

WEEK = timedelta(days=7)
WEEKS_BACK = 5


def make_due_digests(at: datetime) -> int:
    """Go through every whole week of the last five that nobody has gone through. Returns how many were made."""
    monday = localdate(at) - timedelta(days=localdate(at).weekday())
    weeks = [monday - WEEK * back for back in range(WEEKS_BACK, 0, -1)]
    return sum(make_digest(week_from=week, at=at) is not None for week in weeks)


@transaction.atomic
def make_digest(*, week_from: date, at: datetime) -> LookDigest | None:
    """Go through the looks of one week from its Monday, by London's clocks, and tell the guardians of what was found.

    A week is gone through once: the second call, or a second one at the same time, gives None.
    """
    version = definition_in_force(*LIMITS, on=localdate(at))
    digest, new = LookDigest.objects.get_or_create(
        week_from=week_from, defaults={"limits": version, "looks": 0, "made_at": at}
    )
    if not new:
        return None
    start, end = (datetime.combine(day, datetime.min.time(), LONDON) for day in (week_from, week_from + WEEK))
    looks = list(week_looks(start, end))
    signals = signals_of(looks, week_searches(start, end), known=known_of(looks), limits=limits_of(version.body))
    digest.looks = len(looks)
    digest.save(update_fields=["looks"])
    for signal in signals:
        LookSignal.objects.create(
            digest=digest,
            kind=signal.kind,
            user_id=signal.user_id,
            child_id=signal.child_id,
            event_ids=signal.event_ids,
            **vars(signal.counted),
        )
    if signals:
        start_ladder(kind=AlertKind.LOOK_DIGEST, subject_id=digest.pk, at=at)
    return digest


def note_search(
    *, viewer: Viewer, page: str, words: str, child_ids: Iterable[UUID], trace: Trace | None = None
) -> None:
    """Write down which files a search by name showed, and whether somebody searched for their own family name, also
    where nothing was found. Every page that can be asked for a child by name calls it.

    What was typed is not kept.
    """
    if not is_own_name(words, viewer.name):
        note_files_shown(viewer=viewer, page=page, child_ids=child_ids, trace=trace)
        return
    record_access(
        viewer=viewer,
        action=page,
        outcome=AccessOutcome.ALLOWED,
        reason_code=OWN_NAME,
        shown_ids=child_ids,
        trace=trace,
    )


def note_oversight(*, viewer: Viewer, page: str, trace: Trace | None = None) -> None:
    """Write down that a guardian read or took away one person's looks: oversight is looked over too."""
    record_access(viewer=viewer, action=page, outcome=AccessOutcome.ALLOWED, reason_code="oversight", trace=trace)


@transaction.atomic
def decide_signal(*, signal_id: UUID, verdict: SignalVerdict, note: str, at: datetime, by: Viewer) -> LookSignal:
    """Say what came of a signal. Looks among them that the guardian may not know of are asked about anew, file by file.

    Raises NotKnown for a signal that the guardian may not know of, VerdictRefused for one's own or one that is decided.
    """
    LookSignal.objects.select_for_update().filter(pk=signal_id).first()
    signal = signal_for(by, signal_id, at=at)
    parts = parts_of(by, [signal], at)
    check_verdict(signal_user_id=signal.user_id, decided=signal.decided_at is not None, by_user_id=by.person_id)
    signal.verdict, signal.note = verdict, note
    signal.decided_at, signal.decided_by_id = at, by.acting_membership_id
    signal.save(update_fields=["verdict", "note", "decided_at", "decided_by"])
    for part in parts.values():
        _ask_about(part.kept, parted_from=signal, at=at, by=by)
    acknowledge_subject(kind=AlertKind.LOOK_DIGEST, subject_id=signal.pk, at=at, by=by)
    if not LookSignal.objects.filter(digest_id=signal.digest_id, decided_at=None).exists():
        acknowledge_subject(kind=AlertKind.LOOK_DIGEST, subject_id=signal.digest_id, at=at, by=by)
    return signal


def _ask_about(deeds: Iterable[Deed], *, parted_from: LookSignal, at: datetime, by: Viewer) -> None:
    """Ask the other guardians, as far as they may know of some looks of a question, about each file by itself: nobody
    has answered for these. Each is told in person, as somebody may have taken the alert of the week.
    """
    by_file: dict[UUID | None, list[Deed]] = defaultdict(list)
    for deed in deeds:
        by_file[deed.child_id].append(deed)
    for child_id, theirs in by_file.items():
        found = counted(SignalKind(parted_from.kind), theirs, least=1)
        signal = LookSignal.objects.create(
            digest_id=parted_from.digest_id,
            kind=parted_from.kind,
            user_id=parted_from.user_id,
            child_id=child_id,
            event_ids=[deed.event_id for deed in theirs],
            parted_from=parted_from,
            **vars(found),
        )
        for guardian in guardians(at=at, but=(by.person_id, signal.user_id)):
            raise_alert(kind=AlertKind.LOOK_DIGEST, to=guardian, subject_id=signal.pk, child_id=child_id, at=at)
