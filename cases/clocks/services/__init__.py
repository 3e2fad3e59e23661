"""Clocks that start and stop, alerts that are raised, climb and are taken, and what rings the bell."""

from cases.clocks.services.alerts import (
    AlertNotYours,
    AlertTaken,
    acknowledge_alert,
    acknowledge_subject,
    raise_alert,
    start_ladder,
)
from cases.clocks.services.clocks import (
    cancel_clock,
    close_day,
    give_clock,
    reanchor_clock,
    register_hidden_files,
    register_should_run,
    reopen_day,
    start_clock,
    stop_clock,
)
from cases.clocks.services.outbox import dispatch
from cases.clocks.services.sweeping import (
    Swept,
    register_addresses,
    register_dealt_with,
    register_kept_from,
    register_known_files,
    register_should_alert,
    sweep,
)

__all__ = [
    "AlertNotYours",
    "AlertTaken",
    "Swept",
    "acknowledge_alert",
    "acknowledge_subject",
    "cancel_clock",
    "close_day",
    "dispatch",
    "give_clock",
    "raise_alert",
    "reanchor_clock",
    "register_addresses",
    "register_dealt_with",
    "register_hidden_files",
    "register_kept_from",
    "register_known_files",
    "register_should_alert",
    "register_should_run",
    "reopen_day",
    "start_clock",
    "start_ladder",
    "stop_clock",
    "sweep",
]
