"""System checks of the clocks: each kind in the code has its definition, and each definition can be read."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from accounts.definitions import Seed, seeds
from cases.clocks.choices import ClockKind
from cases.clocks.rules import read_clock


@register("clocks")
def clocks_hold_together(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A kind of clock without a definition could never start; a definition without a kind would never be used."""
    found = [seed for seed in seeds() if seed.kind == "clock"]
    missing = set(ClockKind.values) - {seed.key for seed in found}
    faults = [f"no file in cases/definitions/clocks defines '{key}'" for key in sorted(missing)]
    faults += [fault for seed in found if (fault := fault_of(seed))]
    return [Error(f"Clocks: {fault}", id="cases.E001") for fault in faults]


def fault_of(seed: Seed) -> str:
    """What is wrong with one clock file, in words; empty when nothing is."""
    try:
        read_clock(seed.body)
    except (ValueError, KeyError, TypeError) as fault:
        return f"'{seed.key}' version {seed.version} cannot be read: {fault}"
    return ""
