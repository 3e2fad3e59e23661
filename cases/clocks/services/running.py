"""The sweep's part in clocks: it starts what was left out, stops what was left running, and raises what is due.

All of it in sets: one statement a kind, whatever the number of rows.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.utils import timezone

from cases.clocks.choices import ClockKind, ClockState, Measure
from cases.clocks.models import Clock
from cases.clocks.rules import ClockDefinition
from cases.clocks.rules.due import OWNER
from cases.clocks.selectors.calendar import closed_days
from cases.clocks.selectors.clocks import COLUMNS, ShouldRun, clock_in_force, definition_of
from cases.clocks.services.alerts import KEPT_AWAY, write_alerts

# How far back something may have started that is found only now, and how far ahead it may be due.
CALENDAR = timedelta(days=400)

HOURS = "due.anchored_at + make_interval(hours => %(amount)s)"
OWN_DATE = "((due.due_on + 1)::timestamp AT TIME ZONE 'Europe/London')"
# The other side of `rules.add_working_days`, which says what is meant.
WORKING_DAYS = """(
    SELECT (day.day + CASE WHEN began.worked THEN began.local::time ELSE time '00:00' END) AT TIME ZONE 'Europe/London'
    FROM (
        SELECT here.local,
               extract(isodow FROM here.local) < 6 AND here.local::date <> ALL (%(closed)s::date[]) AS worked
        FROM (SELECT due.anchored_at AT TIME ZONE 'Europe/London' AS local) AS here
    ) AS began
    CROSS JOIN LATERAL (
        SELECT each::date AS day
        FROM generate_series(began.local::date + 1, began.local::date + 3 * %(amount)s + 31, interval '1 day') AS each
        WHERE extract(isodow FROM each) < 6 AND each::date <> ALL (%(closed)s::date[])
        ORDER BY each OFFSET %(amount)s - CASE WHEN began.worked THEN 1 ELSE 0 END LIMIT 1
    ) AS day
)"""
DUE = {Measure.ELAPSED_HOURS: HOURS, Measure.WORKING_DAYS: WORKING_DAYS, Measure.OWN_DATE: OWN_DATE}

START = """
INSERT INTO cases_clock (
    id, kind, definition_id, subject_id, child_id, anchored_at, due_at, first_due_at, owner_membership_id,
    owner_group_id, state, started_at, started_by_sweep, breach_reason
)
SELECT gen_random_uuid(), %(kind)s, %(definition)s, wanted.subject_id, wanted.child_id, wanted.anchored_at,
       wanted.due_at, wanted.due_at, wanted.owner_membership_id, wanted.owner_group_id, 'running', %(at)s, true, ''
FROM (
    SELECT due.*, {due_at} AS due_at
    FROM ({should_run}) AS due (subject_id, child_id, anchored_at, due_on, owner_membership_id, owner_group_id)
) AS wanted
WHERE wanted.anchored_at IS NOT NULL AND wanted.due_at IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM cases_clock AS running
    WHERE running.kind = %(kind)s AND running.subject_id = wanted.subject_id AND running.state = 'running'
)
ON CONFLICT DO NOTHING
"""
STOP = """
UPDATE cases_clock SET state = 'cancelled', stopped_at = %(at)s
WHERE kind = %(kind)s AND state = 'running' AND started_at < %(at)s AND NOT EXISTS (
    SELECT 1
    FROM ({should_run}) AS due (subject_id, child_id, anchored_at, due_on, owner_membership_id, owner_group_id)
    WHERE due.subject_id = cases_clock.subject_id
)
"""

# Every rung that some clocks have reached and nobody was told of. What makes a rung one is the clock, how often its
# time has been changed, the rung and whom it tells: another owner is told of what the one before was told of. The
# owner is the named person for as long as they work here and may know of the child, then the group; a clock that nobody
# owns yet is told to the other recipients of its rung alone.
REACHED = """
SELECT told.dedupe_key, clock.kind, rung.step, CASE WHEN rung.who <> %(owner)s THEN rung.who END AS function_key,
       CASE WHEN rung.who = %(owner)s AND member.id IS NULL THEN clock.owner_group_id END AS group_id,
       CASE WHEN rung.who = %(owner)s THEN member.id END AS membership_id,
       clock.subject_id, clock.child_id, clock.id AS clock_id
FROM {clocks} AS clock
JOIN unnest(%(definitions)s::bigint[], %(steps)s::int[], %(seconds)s::int[], %(tell)s::text[])
    AS rung (definition_id, step, seconds, who)
  ON rung.definition_id = clock.definition_id AND clock.due_at + make_interval(secs => rung.seconds) <= %(at)s
LEFT JOIN LATERAL (
    SELECT member.id
    FROM accounts_membership AS member
    JOIN accounts_user AS person ON person.id = member.user_id AND person.is_active
    JOIN accounts_agency AS agency ON agency.id = member.agency_id AND agency.ended_on IS NULL
    LEFT JOIN cases_child AS about ON about.id = clock.child_id
    WHERE member.id = clock.owner_membership_id AND member.started_on <= %(today)s
      AND (member.ended_on IS NULL OR member.ended_on > %(today)s)
      AND NOT {kept_away}
) AS member ON rung.who = %(owner)s
CROSS JOIN LATERAL (
    SELECT concat_ws(
        ':', 'clock', clock.id, clock.turn, rung.step, rung.who,
        CASE WHEN rung.who = %(owner)s THEN COALESCE(member.id::text, 'group-' || clock.owner_group_id) END
    ) AS dedupe_key
) AS told
WHERE (rung.who <> %(owner)s OR member.id IS NOT NULL OR clock.owner_group_id IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM cases_alert AS earlier WHERE earlier.dedupe_key = told.dedupe_key)
"""
RUNNING = "(SELECT * FROM cases_clock WHERE state = 'running' AND due_at <= %(horizon)s)"
# A clock is locked while its alert is written, so that stopping or moving it and raising the alert cannot cross: what
# is read again under the lock is what counts, and one that is being changed at this moment is passed by. Clocks about
# which everybody has been told already are left alone.
LOCKED = """(
    SELECT * FROM cases_clock
    WHERE state = 'running' AND due_at <= %(horizon)s AND id IN (SELECT reached.clock_id FROM ({reached}) AS reached)
    FOR SHARE SKIP LOCKED
)"""
CLIMB = REACHED.format(
    kept_away=KEPT_AWAY, clocks=LOCKED.format(reached=REACHED.format(kept_away=KEPT_AWAY, clocks=RUNNING))
)


def start_left_out(kind: ClockKind, query: ShouldRun, at: datetime) -> tuple[int, int]:
    """Start every clock of a kind that should be running and is not. Returns how many, and no e-mail."""
    asked = _asked(query, at)
    if asked is None:
        return 0, 0
    sql, named = asked
    version = clock_in_force(kind, on=timezone.localdate(at))
    definition = definition_of(version)
    parameters = {
        **named,
        "kind": str(kind),
        "definition": version.pk,
        "at": at,
        "amount": definition.amount,
        "closed": _calendar(definition, at),
    }
    with connection.cursor() as cursor:
        cursor.execute(START.format(due_at=DUE[definition.measure], should_run=sql), parameters)
        return cursor.rowcount, 0


def stop_left_running(kind: ClockKind, query: ShouldRun, at: datetime) -> tuple[int, int]:
    """Cancel every running clock of a kind whose subject no longer wants one. Returns as `start_left_out`."""
    asked = _asked(query, at)
    if asked is None:
        running = Clock.objects.filter(kind=kind, state=ClockState.RUNNING, started_at__lt=at)
        return running.update(state=ClockState.CANCELLED, stopped_at=at), 0
    sql, named = asked
    with connection.cursor() as cursor:
        cursor.execute(STOP.format(should_run=sql), {**named, "kind": str(kind), "at": at})
        return cursor.rowcount, 0


def climb_clocks(at: datetime) -> tuple[int, int]:
    """Raise every rung that a running clock has reached. Returns how many alerts and e-mails are new."""
    versions = {
        clock.definition_id: clock.definition
        for clock in Clock.objects.filter(state=ClockState.RUNNING)
        .order_by("definition_id")
        .distinct("definition_id")
        .select_related("definition")
    }
    rungs = [
        (version_id, step, int(rung.after_due.total_seconds()), who)
        for version_id, version in versions.items()
        for step, rung in enumerate(definition_of(version).rungs, start=1)
        for who in rung.tell
    ]
    if not rungs:
        return 0, 0
    definitions, steps, seconds, tell = (list(column) for column in zip(*rungs, strict=True))
    parameters = {
        "definitions": definitions,
        "steps": steps,
        "seconds": seconds,
        "tell": tell,
        "owner": OWNER,
        "today": timezone.localdate(at),
        "horizon": at - timedelta(seconds=min(seconds)),
    }
    return write_alerts(CLIMB, parameters, at=at)


def _asked(query: ShouldRun, at: datetime) -> tuple[str, dict[str, Any]] | None:
    """A registered query as SQL with named parameters; None where it is known to hold nothing."""
    try:
        sql, values = query(at).order_by().values_list(*COLUMNS).query.sql_with_params()
    except EmptyResultSet:
        return None
    named = {f"due_{number}": value for number, value in enumerate(values)}
    return sql % tuple(f"%({name})s" for name in named), named


def _calendar(definition: ClockDefinition, at: datetime) -> list[Any]:
    if definition.measure != Measure.WORKING_DAYS:
        return []
    today = timezone.localdate(at)
    return sorted(closed_days(today - CALENDAR, today + CALENDAR))
