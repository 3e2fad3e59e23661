"""The life of a report that somebody asked for: which state may follow which, and when it is taken again."""

from __future__ import annotations

from datetime import timedelta

from accounts.rules.refusals import Refusal
from reporting.choices import RunState

# Longer than the worker lets a task live, so that nothing is taken from a worker that is still at it.
LEASE = timedelta(seconds=150)
# How often a report is taken up again by itself when its worker was lost, before a person is asked.
TRIES_IN_A_ROW = 3

LOST_TOO_OFTEN = (
    f"The worker that makes reports stopped {TRIES_IN_A_ROW} times before this one was ready. Try again; if it stops "
    "again, ring the people who run Harbour."
)
WENT_WRONG = (
    "Something went wrong while the report was being made, and nothing of it was kept. Try again; if it fails again, "
    "ring the people who run Harbour and read them the number of this report."
)

FOLLOWS: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.CANCELLED}),
    # From running to running: its worker was lost, and another takes it.
    RunState.RUNNING: frozenset({RunState.RUNNING, RunState.DONE, RunState.FAILED, RunState.CANCELLED}),
    RunState.FAILED: frozenset({RunState.QUEUED}),
    RunState.CANCELLED: frozenset({RunState.QUEUED}),
    RunState.DONE: frozenset(),
}


class RunRefused(Refusal):
    """What somebody wants to do with a report does not fit where it stands."""

    code = "report_state"


def can_follow(state: str, wanted: RunState) -> bool:
    """Whether a state may follow another."""
    return wanted in FOLLOWS[RunState(state)]


def can_cancel(state: str) -> bool:
    """Whether a report may still be cancelled: while it waits or is being made."""
    return can_follow(state, RunState.CANCELLED)


def check_cancel(state: str) -> None:
    """Raises RunRefused where there is nothing left to cancel."""
    if not can_cancel(state):
        raise RunRefused("This report is not being made any more, so there is nothing to cancel.")


def can_retry(state: str) -> bool:
    """Whether a report may be made again: after it failed or was cancelled."""
    return can_follow(state, RunState.QUEUED)


def check_retry(state: str) -> None:
    """Raises RunRefused for a report that is ready, or is waiting or being made already."""
    if not can_retry(state):
        raise RunRefused("This report is ready or being made already. To count again, ask for a new report.")
