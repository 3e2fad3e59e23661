"""A measure as its definition file says it: what is counted, over what, and what is left out."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any


class InvalidMeasure(Exception):
    """A definition file that cannot be read; the text says what is wrong."""


class Shape(StrEnum):
    """What kind of figure a measure gives."""

    BREAKDOWN = "breakdown"  # what happened in the period, by a list of codes
    SNAPSHOT = "snapshot"  # what stood at the end of the period, by a list of codes
    RATIO = "ratio"  # done in time, done late and not done, over those completed and those eligible


@dataclass(frozen=True)
class Row:
    """One line that a measure counts: its stable code and its name."""

    code: str
    label: str


@dataclass(frozen=True)
class Measure:
    """One version of a measure. `within_hours`: the elapsed hours in which a ratio's thing is done in time."""

    key: str
    version: int
    title: str
    question: str
    shape: Shape
    unit: str
    numerator: str
    denominator: str
    left_out: tuple[str, ...]
    notes: tuple[str, ...]
    source: str
    owner: str
    effective_on: date
    changed: str
    rows: tuple[Row, ...]
    aside: tuple[Row, ...]
    sum_labels: Mapping[str, str]
    within_hours: int | None

    @property
    def within(self) -> timedelta:
        """The time in which a ratio's thing is done in time; none at all for another shape."""
        if self.shape != Shape.RATIO:
            return timedelta()
        return timedelta(hours=self.within_hours or BEFORE_IT_WAS_SAID)


# What every ratio was counted by before its definition could say so; versions of that time stand as published.
BEFORE_IT_WAS_SAID = 72
TEXTS = ("key", "title", "question", "unit", "numerator", "denominator", "source", "owner")
SUMS = {Shape.BREAKDOWN: {"total"}, Shape.SNAPSHOT: {"total"}, Shape.RATIO: {"completed", "eligible"}}
OF_A_RATIO = 3


def read_measure(body: str) -> Measure:
    """Read a measure definition. Raises InvalidMeasure where something is missing or said twice."""
    try:
        table = tomllib.loads(body)
    except tomllib.TOMLDecodeError as error:
        raise InvalidMeasure(f"it is not TOML: {error}") from error
    for name in TEXTS:
        if not isinstance(table.get(name), str) or not table[name].strip():
            raise InvalidMeasure(f"'{name}' is missing or empty")
    if table.get("shape") not in list(Shape):
        raise InvalidMeasure(f"'shape' must be one of {', '.join(Shape)}")
    if not isinstance(table.get("version"), int) or not isinstance(table.get("effective_on"), date):
        raise InvalidMeasure("'version' must be a whole number and 'effective_on' a date")
    measure = Measure(
        **{name: table[name].strip() for name in TEXTS},
        version=table["version"],
        shape=Shape(table["shape"]),
        left_out=tuple(table.get("left_out", ())),
        notes=tuple(table.get("notes", ())),
        effective_on=table["effective_on"],
        changed=table.get("changed", "").strip(),
        rows=_rows(table, "rows"),
        aside=_rows(table, "aside"),
        sum_labels=table.get("sums", {}),
        within_hours=table.get("within_hours"),
    )
    _check(measure)
    return measure


def _rows(table: Mapping[str, Any], name: str) -> tuple[Row, ...]:
    try:
        return tuple(Row(row["code"], row["label"]) for row in table.get(name, ()))
    except (KeyError, TypeError) as error:
        raise InvalidMeasure(f"each of '{name}' needs a code and a label") from error


def _check(measure: Measure) -> None:
    codes = [row.code for row in (*measure.rows, *measure.aside)]
    doubled = sorted({code for code in codes if codes.count(code) > 1})
    if doubled:
        raise InvalidMeasure(f"these codes stand twice: {', '.join(doubled)}")
    if not measure.rows:
        raise InvalidMeasure("it has no rows")
    if set(measure.sum_labels) != SUMS[measure.shape]:
        raise InvalidMeasure(f"'sums' must name {', '.join(sorted(SUMS[measure.shape]))}")
    if set(codes) & set(measure.sum_labels):
        raise InvalidMeasure("a row has the code of a sum")
    if measure.shape == Shape.RATIO and len(measure.rows) != OF_A_RATIO:
        raise InvalidMeasure("a ratio has three rows: done in time, done late, not done")
    if measure.within_hours is not None and not _may_have_hours(measure):
        raise InvalidMeasure("a ratio alone says in 'within_hours', a whole number, by when a thing is done in time")
    if measure.version > 1 and not measure.changed:
        raise InvalidMeasure("a later version says in 'changed' what is different from the one before")


def _may_have_hours(measure: Measure) -> bool:
    return measure.shape == Shape.RATIO and isinstance(measure.within_hours, int) and measure.within_hours > 0
