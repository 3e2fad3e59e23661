"""Raising alerts, letting them climb, taking them, and sending what rings the bell."""

from cases.clocks.services.alerts import (
    AlertTaken,
    acknowledge_alert,
    acknowledge_subject,
    raise_alert,
    start_ladder,
)
from cases.clocks.services.outbox import dispatch
from cases.clocks.services.sweeping import Swept, register_kept_from, register_should_alert, sweep

__all__ = [
    "AlertTaken",
    "Swept",
    "acknowledge_alert",
    "acknowledge_subject",
    "dispatch",
    "raise_alert",
    "register_kept_from",
    "register_should_alert",
    "start_ladder",
    "sweep",
]
