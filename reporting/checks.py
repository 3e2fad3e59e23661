"""System checks of the measures: what the system counts and what the definition files say must be the same."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from accounts.definitions import Seed, seeds
from reporting.measures import InvalidMeasure, read_measure
from reporting.selectors.counting import COUNTED
from reporting.selectors.measures import KIND


@register("measures")
def measures_hold_together(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every measure file reads and names what the system counts; everything that is counted has a file."""
    files = [seed for seed in seeds() if seed.kind == KIND]
    found: list[CheckMessage] = [
        Error(f"The measure '{seed.key}' version {seed.version}: {fault}", id="reporting.E001")
        for seed in files
        for fault in faults_of(seed)
    ]
    undefined = sorted(set(COUNTED) - {seed.key for seed in files})
    found += [Error(f"'{key}' is counted, but no file defines it.", id="reporting.E002") for key in undefined]
    return found


def faults_of(seed: Seed) -> list[str]:
    """What is wrong with one measure file, in words; empty when nothing is."""
    try:
        measure = read_measure(seed.body)
    except InvalidMeasure as invalid:
        return [str(invalid)]
    if seed.key not in COUNTED:
        return ["nothing in the system counts it"]
    named = {row.code for row in (*measure.rows, *measure.aside)}
    counts = set(COUNTED[seed.key][1])
    return [f"the system counts '{code}', and the file does not name it" for code in sorted(counts - named)] + [
        f"it names '{code}', which the system does not count" for code in sorted(named - counts)
    ]
