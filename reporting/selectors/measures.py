"""The measures that the partnership has adopted, by the version that holds for a period."""

from datetime import date
from functools import lru_cache

from accounts.models import DefinitionVersion
from reporting.measures import Measure, read_measure
from reporting.rules.periods import Period
from reporting.rules.snapshots import InForce
from reporting.selectors.counting import COUNTED

KIND = "measure"


def measures_in_force(period: Period) -> list[InForce]:
    """Each measure that the system counts, in the version that holds on the last day, in the order of a report.

    A measure that was not adopted by then is left out.
    """
    versions = list(_versions())
    found = []
    for key in COUNTED:
        own = [version for version in versions if version.key == key]
        now, then = _newest(own, period.last), _newest(own, period.before.last)
        if now is not None:
            changed = then is not None and then.pk != now.pk
            earlier = read(then.body) if changed and then is not None else None
            found.append(InForce(read(now.body), now.sha256, earlier))
    return found


def all_versions() -> list[Measure]:
    """Every version of every measure that the system counts, in the order of a report, newest first."""
    versions = [read(version.body) for version in _versions() if version.key in COUNTED]
    order = list(COUNTED)
    return sorted(versions, key=lambda measure: (order.index(measure.key), -measure.version))


def measure_of(key: str, version: int) -> Measure:
    """One version of a measure, as a report was counted by it."""
    return read(DefinitionVersion.objects.get(kind=KIND, key=key, version=version).body)


def _versions() -> list[DefinitionVersion]:
    return list(DefinitionVersion.objects.filter(kind=KIND).order_by("effective_on", "version"))


def _newest(versions: list[DefinitionVersion], on: date) -> DefinitionVersion | None:
    return next((version for version in reversed(versions) if version.effective_on <= on), None)


@lru_cache(maxsize=64)
def read(body: str) -> Measure:
    """A measure as its published text says it."""
    return read_measure(body)
