"""The sweep: once a minute, every alert that the state of the database says is due is written, in sets.

What it finds is derived anew each time, so that a missed minute, a lost message or a forgotten call mends itself.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import EmptyResultSet
from django.db import transaction

from cases.clocks.choices import AlertKind
from cases.clocks.rules import LADDERS
from cases.clocks.selectors import KEPT_FROM, PAGES, SHOULD_ALERT, KeptFrom, ShouldAlert
from cases.clocks.services.alerts import write_alerts

log = logging.getLogger("harbour.alerts")

# What should be running and is not: no alert of the first rung was ever raised about it.
MISSED = """
SELECT %(kind)s::text || ':' || due.subject_id::text || ':1:' || rung.function_key AS dedupe_key,
       %(kind)s::text AS kind, 1 AS step, rung.function_key, due.subject_id
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
       open.kind, rung.step, rung.function_key, open.subject_id
FROM (
    SELECT first.kind, first.subject_id, first.raised_at FROM cases_alert AS first
    WHERE first.acknowledged_at IS NULL AND first.step = 1 AND first.kind = %(kind)s
    FOR UPDATE SKIP LOCKED
) AS open
JOIN unnest(%(steps)s::int[], %(seconds)s::int[], %(functions)s::text[]) AS rung (step, seconds, function_key)
  ON open.raised_at + make_interval(secs => rung.seconds) <= %(at)s
"""


@dataclass(frozen=True)
class Swept:
    """What a sweep wrote: alerts that had been left out, rungs that were climbed, and the e-mails of both."""

    missed: int = 0
    climbed: int = 0
    messages: int = 0


def register_should_alert(kind: AlertKind, query: ShouldAlert, *, page: str = "") -> None:
    """Say which subjects should have an alert of a kind: a function of the instant that gives a QuerySet of ids.

    Called by an upper app in `ready()`. The query holds one column, the subject's UUID, and is run inside the
    sweep's own statement, never row by row. `page` is the URL name where the alert is dealt with.
    """
    SHOULD_ALERT[kind] = query
    PAGES[kind] = page


def register_kept_from(kind: AlertKind, query: KeptFrom) -> None:
    """Say which subjects of a kind a viewer may not know of, whatever groups they serve in: a QuerySet of ids."""
    KEPT_FROM[kind] = query


@transaction.atomic
def sweep(at: datetime) -> Swept:
    """Write every alert that is due at the instant `at`. Running it twice, or twice at once, changes nothing more.

    An alert that should have been raised by a service and was not is raised now, and logged as a defect.
    """
    missed = climbed = messages = 0
    for kind, query in SHOULD_ALERT.items():
        alerts, posted = _raise_missed(kind, query, at)
        missed, messages = missed + alerts, messages + posted
    for kind in LADDERS:
        alerts, posted = _climb(kind, at)
        climbed, messages = climbed + alerts, messages + posted
    if missed:
        log.warning("alert_was_missed", extra={"alerts": missed})
    return Swept(missed, climbed, messages)


def _raise_missed(kind: AlertKind, query: ShouldAlert, at: datetime) -> tuple[int, int]:
    try:
        due, values = query(at).order_by().query.sql_with_params()
    except EmptyResultSet:  # a query that Django knows to hold nothing
        return 0, 0
    named = {f"due_{number}": value for number, value in enumerate(values)}
    parameters = {"kind": str(kind), "functions": [str(key) for key in LADDERS[kind][0].functions], **named}
    return write_alerts(MISSED.format(due=due % tuple(f"%({name})s" for name in named)), parameters, at=at)


def _climb(kind: AlertKind, at: datetime) -> tuple[int, int]:
    rungs = [
        (number, int(step.after.total_seconds()), str(function))
        for number, step in enumerate(LADDERS[kind], start=1)
        for function in step.functions
        if number > 1
    ]
    if not rungs:
        return 0, 0
    steps, seconds, functions = (list(column) for column in zip(*rungs, strict=True))
    return write_alerts(CLIMB, {"kind": str(kind), "steps": steps, "seconds": seconds, "functions": functions}, at=at)
