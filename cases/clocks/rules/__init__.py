"""When things are due, whom an alert tells and when, and how long an e-mail waits. Pure: the instant is given."""

from cases.clocks.rules.due import (
    BreachReasonNeeded,
    ClockDefinition,
    ClockRefused,
    Rung,
    add_working_days,
    check_breach_reason,
    due_at_of,
    read_clock,
)
from cases.clocks.rules.ladders import (
    EACH_FOR_THEMSELVES,
    LADDERS,
    LONGEST_WAIT,
    URGENCY,
    Step,
    dedupe_key_of,
    steps_reached,
    wait_after,
)
from cases.clocks.rules.mails import Tone, tone_of

__all__ = [
    "EACH_FOR_THEMSELVES",
    "LADDERS",
    "LONGEST_WAIT",
    "URGENCY",
    "BreachReasonNeeded",
    "ClockDefinition",
    "ClockRefused",
    "Rung",
    "Step",
    "Tone",
    "add_working_days",
    "check_breach_reason",
    "dedupe_key_of",
    "due_at_of",
    "read_clock",
    "steps_reached",
    "tone_of",
    "wait_after",
]
