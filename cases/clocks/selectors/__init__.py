"""What runs, what is late, what waits to be taken, and which days are not worked."""

from cases.clocks.selectors.alerts import (
    KEPT_FROM,
    SHOULD_ALERT,
    KeptFrom,
    OpenAlert,
    ShouldAlert,
    TakenAlert,
    alerts_for,
    count_open_alerts,
    open_alerts,
    taken_lately,
)
from cases.clocks.selectors.calendar import bank_holidays, closed_days, closure_days
from cases.clocks.selectors.clocks import (
    ADDRESSES,
    HIDDEN_FILES,
    SHOULD_RUN,
    address_of,
    clock_in_force,
    clock_of,
    clocks_by_subject,
    clocks_of,
    definition_of,
    running_clocks,
    should_run,
)
from cases.clocks.selectors.health import AlertsHealth, alerts_delayed_since, alerts_health

__all__ = [
    "ADDRESSES",
    "HIDDEN_FILES",
    "KEPT_FROM",
    "SHOULD_ALERT",
    "SHOULD_RUN",
    "AlertsHealth",
    "KeptFrom",
    "OpenAlert",
    "ShouldAlert",
    "TakenAlert",
    "address_of",
    "alerts_delayed_since",
    "alerts_for",
    "alerts_health",
    "bank_holidays",
    "clock_in_force",
    "clock_of",
    "clocks_by_subject",
    "clocks_of",
    "closed_days",
    "closure_days",
    "count_open_alerts",
    "definition_of",
    "open_alerts",
    "running_clocks",
    "should_run",
    "taken_lately",
]
