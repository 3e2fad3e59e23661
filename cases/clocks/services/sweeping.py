"""The sweep: once a minute, every clock and alert that the state of the database says is due is written, in sets.

What it finds is derived anew each time, so that a missed minute, a lost message or a forgotten call mends itself.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import transaction

from accounts.services.deadlocks import again_after_deadlock
from cases.clocks.choices import AlertKind
from cases.clocks.models import SweepRun
from cases.clocks.rules import LADDERS
from cases.clocks.selectors import (
    ADDRESSES,
    DEALT_WITH,
    KEPT_FROM,
    KNOWN_FILES,
    SHOULD_ALERT,
    SHOULD_RUN,
    DealtWith,
    KeptFrom,
    KnownFiles,
    ShouldAlert,
)
from cases.clocks.selectors.clocks import Addresses
from cases.clocks.services.alerts import OF_AN_EVENT, write_alerts
from cases.clocks.services.running import climb_clocks, start_left_out, stop_left_running

Written = tuple[int, int]  # alerts or clocks, and e-mails
log = logging.getLogger("harbour.alerts")
RUNS_KEPT_FOR = timedelta(days=7)

# What should be running and is not: no alert of the first rung was ever raised about it.
MISSED = """
SELECT %(kind)s::text || ':' || due.subject_id::text || ':1:' || rung.function_key AS dedupe_key,
       %(kind)s::text AS kind, 1 AS step, rung.function_key, NULL::uuid AS membership_id, due.subject_id,
       NULL::uuid AS child_id
FROM ({due}) AS due (subject_id) CROSS JOIN unnest(%(functions)s::text[]) AS rung (function_key)
WHERE NOT EXISTS (
    SELECT 1 FROM cases_alert AS earlier
    WHERE earlier.dedupe_key = %(kind)s::text || ':' || due.subject_id::text || ':1:' || rung.function_key
)
"""

# What nobody has taken. The first rung is locked while the next is raised, so that taking and climbing cannot
# cross; a second sweep, or somebody who is taking it now, is passed by until the next minute.
CLIMB = """
SELECT DISTINCT open.kind || ':' || open.subject_id::text || ':' || rung.step::text || ':' || rung.function_key
           AS dedupe_key,
       open.kind, rung.step, rung.function_key, NULL::uuid AS membership_id, open.subject_id, open.child_id
FROM (
    SELECT first.kind, first.subject_id, first.child_id, first.raised_at FROM cases_alert AS first
    WHERE first.acknowledged_at IS NULL AND first.step = 1 AND first.kind = %(kind)s
    FOR UPDATE SKIP LOCKED
) AS open
JOIN unnest(%(steps)s::int[], %(seconds)s::int[], %(functions)s::text[]) AS rung (step, seconds, function_key)
  ON open.raised_at + make_interval(secs => rung.seconds) <= %(at)s
"""


@dataclass(frozen=True)
class Swept:
    """What a sweep wrote: alerts that had been left out, rungs that were climbed, and the e-mails of both.

    `started` and `stopped` are clocks that a service should have started or stopped and did not.
    """

    missed: int = 0
    climbed: int = 0
    messages: int = 0
    started: int = 0
    stopped: int = 0


def register_should_alert(kind: AlertKind, query: ShouldAlert, *, addresses: Addresses | None = None) -> None:
    """Say which subjects should have an alert of a kind: a function of the instant that gives a QuerySet of ids.

    Called by an upper app in `ready()`. The query holds one column, the subject's UUID, and is run inside the
    sweep's own statement, never row by row. `addresses` gives the pages on which subjects are dealt with, by id.
    """
    SHOULD_ALERT[kind] = query
    if addresses is not None:
        ADDRESSES[kind] = addresses


def register_addresses(kind: AlertKind, addresses: Addresses) -> None:
    """Say on which page each subject of an alert is dealt with, where a service raises the alert and no sweep does."""
    ADDRESSES[kind] = addresses


def register_kept_from(query: KeptFrom, *kinds: str) -> None:
    """Say which subjects of some kinds a viewer may not know of, whatever groups they serve in: a QuerySet of ids."""
    KEPT_FROM[kinds] = query


def register_dealt_with(kind: str, query: DealtWith) -> None:
    """Say which subjects of a kind a viewer may deal with, where their page is read by others too."""
    DEALT_WITH[kind] = query


def register_known_files(query: KnownFiles) -> None:
    """Say which of some files a viewer may know of: an alert about any other is not theirs to take."""
    if query not in KNOWN_FILES:
        KNOWN_FILES.append(query)


def sweep(at: datetime) -> Swept:
    """Write every clock and alert that is due at the instant `at`. Running it twice, or twice at once, changes nothing
    more.

    What should have been started, stopped or raised by a service and was not is mended now, and logged as a defect.
    Each part is a transaction of its own: one that fails is logged and hides no other. The run is written down as
    finished only where every part was done, so that a sweep that has died can be seen.
    """
    run = SweepRun.objects.create(started_at=at)
    SweepRun.objects.filter(started_at__lt=at - RUNS_KEPT_FOR).delete()
    swept, whole = _sweep(at)
    run.finished_at = at if whole else None
    run.alerts, run.messages = swept.missed + swept.climbed, swept.messages
    run.defects = swept.missed + swept.started + swept.stopped
    run.save(update_fields=["finished_at", "alerts", "messages", "defects"])
    return swept


def _sweep(at: datetime) -> tuple[Swept, bool]:
    """What was written, and whether every part was done."""
    started = [_part(start_left_out, kind, query, at) for kind, query in SHOULD_RUN.items()]
    stopped = [_part(stop_left_running, kind, query, at) for kind, query in SHOULD_RUN.items()]
    missed = [_part(_raise_missed, kind, query, at) for kind, query in SHOULD_ALERT.items()]
    climbed = [_part(climb_events, kind, at) for kind, rungs in LADDERS.items() if len(rungs) > 1]
    climbed.append(_part(climb_clocks, at))
    swept = Swept(
        missed=_total(missed, 0),
        climbed=_total(climbed, 0),
        messages=_total(missed, 1) + _total(climbed, 1),
        started=_total(started, 0),
        stopped=_total(stopped, 0),
    )
    for defect, number in (
        ("alert_was_missed", swept.missed),
        ("clock_was_not_started", swept.started),
        ("clock_was_not_stopped", swept.stopped),
    ):
        if number:
            log.warning(defect, extra={"number": number})
    return swept, None not in (*started, *stopped, *missed, *climbed)


def _part(work: Callable[..., Written], *given: Any) -> Written | None:
    """What one part wrote, or None where it failed: an app's wrong query must not silence the others.

    One that the database turned away, because it and somebody's writing waited for each other, is done again.
    """
    try:
        return again_after_deadlock(lambda: transaction.atomic(work)(*given))
    except Exception as fault:
        # Its words may hold values of a row.
        log.error("sweep_part_failed", extra={"error": type(fault).__name__})
        return None


def _total(parts: list[Written | None], of: int) -> int:
    return sum(part[of] for part in parts if part is not None)


def _raise_missed(kind: AlertKind, query: ShouldAlert, at: datetime) -> tuple[int, int]:
    try:
        due, values = query(at).order_by().query.sql_with_params()
    except EmptyResultSet:  # a query that Django knows to hold nothing
        return 0, 0
    named = {f"due_{number}": value for number, value in enumerate(values)}
    parameters = {"kind": str(kind), "functions": [str(key) for key in LADDERS[kind][0].functions], **named}
    missed = MISSED.format(due=due % tuple(f"%({name})s" for name in named))
    return write_alerts(OF_AN_EVENT.format(event=missed), parameters, at=at)


def climb_events(kind: AlertKind, at: datetime) -> tuple[int, int]:
    """Raise every rung that an alert about an event of a kind has reached. Returns how many rows and mails are new."""
    rungs = [
        (number, int(step.after.total_seconds()), str(function))
        for number, step in enumerate(LADDERS[kind], start=1)
        for function in step.functions
        if number > 1
    ]
    if not rungs:
        return 0, 0
    steps, seconds, functions = (list(column) for column in zip(*rungs, strict=True))
    parameters = {"kind": str(kind), "steps": steps, "seconds": seconds, "functions": functions}
    return write_alerts(OF_AN_EVENT.format(event=CLIMB), parameters, at=at)
