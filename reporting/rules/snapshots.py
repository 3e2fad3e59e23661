"""The snapshot of a report: figures that may be shown, with the definitions behind them, as plain data.

Page and PDF are made from it alone. Its digest is that of its canonical JSON, so that two snapshots with the same
digest say the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from reporting.measures import Figure, Hidden, Line, Measure, Shape, Shown
from reporting.rules.periods import Period

SCHEMA = 1


@dataclass(frozen=True)
class InForce:
    """A measure in the version that holds for a period; `earlier` is the one before's, where that was another."""

    measure: Measure
    sha256: str
    earlier: Measure | None = None


def change_note(found: InForce) -> str:
    """What a reader must know where the definition changed between the two periods; empty where it did not."""
    if found.earlier is None:
        return ""
    return (
        f"The definition changed between the two periods, from version {found.earlier.version} to version "
        f"{found.measure.version}. {found.measure.changed} Both periods are counted here by version "
        f"{found.measure.version}, so the period before can differ from an earlier report."
    )


def snapshot_of(
    *, period: Period, as_at: datetime, partnership: str, found: Sequence[InForce], figures: Sequence[Figure]
) -> dict[str, Any]:
    """A report as plain data. `figures` stand in the order of `found`; `as_at` is the instant of counting."""
    return {
        "schema": SCHEMA,
        "partnership": partnership,
        "period": _period_as_dict(period),
        "before": _period_as_dict(period.before),
        "as_at": as_at.isoformat(),
        "measures": [_measure_as_dict(each, figure) for each, figure in zip(found, figures, strict=True)],
    }


def digest_of(snapshot: Mapping[str, Any]) -> str:
    """The SHA-256 of a snapshot's canonical JSON."""
    text = json.dumps(snapshot, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def period_from(table: Mapping[str, str]) -> Period:
    """A period as a snapshot holds it."""
    return Period(date.fromisoformat(table["first"]), date.fromisoformat(table["last"]))


def shown_from(value: int | str) -> Shown:
    """A number as a snapshot holds it, or why it is hidden."""
    return value if isinstance(value, int) else Hidden(value)


def _period_as_dict(period: Period) -> dict[str, str]:
    return {"first": period.first.isoformat(), "last": period.last.isoformat()}


def _measure_as_dict(found: InForce, figure: Figure) -> dict[str, Any]:
    measure = found.measure
    return {
        "key": measure.key,
        "version": measure.version,
        "sha256": found.sha256,
        "title": measure.title,
        "question": measure.question,
        "shape": Shape(measure.shape).value,
        "unit": measure.unit,
        "numerator": measure.numerator,
        "denominator": measure.denominator,
        "left_out": list(measure.left_out),
        "notes": list(measure.notes),
        "source": measure.source,
        "owner": measure.owner,
        "effective_on": measure.effective_on.isoformat(),
        "change_note": change_note(found),
        "lines": [_line_as_dict(line) for line in figure.lines],
    }


def _line_as_dict(line: Line) -> dict[str, Any]:
    kind = "sum" if line.is_sum else "aside" if line.is_aside else "row"
    return {
        "code": line.code,
        "label": line.label,
        "kind": kind,
        "this": _plain(line.this),
        "before": _plain(line.before),
    }


def _plain(value: Shown) -> int | str:
    return value.value if isinstance(value, Hidden) else value
