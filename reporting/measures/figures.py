"""The figures of a report from its counts: protected together, with shares and changes from what is shown alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reporting.measures.definition import Measure, Shape
from reporting.measures.sheet import Hidden, Sheet, Shown
from reporting.measures.suppression import protect

# Under so many, a percentage says more than the number behind it can bear. Source: domain facts F4.
SMALLEST_BASE = 10
# The two windows of a report: the period itself, and the one before it.
THIS, BEFORE = "this", "before"
WINDOWS = (THIS, BEFORE)
TOTAL, COMPLETED, ELIGIBLE = "total", "completed", "eligible"

# For each window and code, how many. Every code of the measure is there, also with 0.
Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Line:
    """One line of a figure: what it counts, now and before, and whether it is a sum or stands outside it."""

    code: str
    label: str
    this: Shown
    before: Shown
    is_sum: bool = False
    is_aside: bool = False

    def in_window(self, window: str) -> Shown:
        return self.this if window == THIS else self.before


@dataclass(frozen=True)
class Figure:
    """One measure as it may be shown."""

    measure: Measure
    lines: tuple[Line, ...]

    def line(self, code: str) -> Line:
        return next(each for each in self.lines if each.code == code)


def figures_of(counted: Sequence[tuple[Measure, Counts]]) -> list[Figure]:
    """Every figure of one report. They are protected together, because one may tell what another hides.

    Raises ValueError where counts and the rows of a measure's definition do not name the same codes.
    """
    sheet = Sheet()
    for measure, counts in counted:
        for window in WINDOWS:
            _put(sheet, measure, window, counts[window])
    shown = protect(sheet)
    return [Figure(measure, tuple(_lines(measure, shown))) for measure, _ in counted]


def _put(sheet: Sheet, measure: Measure, window: str, counts: Mapping[str, int]) -> None:
    wanted = {row.code for row in measure.rows} | {row.code for row in measure.aside}
    if set(counts) != wanted:
        raise ValueError(f"{measure.key} counts {sorted(counts)}, its definition names {sorted(wanted)}")
    prefix = f"{measure.key}.{window}"
    sheet.put_all(prefix, counts)
    for code, parts in sums_of(measure):
        sheet.put_sum(f"{prefix}.{code}", (f"{prefix}.{part}" for part in parts))


def sums_of(measure: Measure) -> list[tuple[str, tuple[str, ...]]]:
    """The sums that a measure of this shape shows, each with its parts.

    A ratio has three parts: done in time, done late, not done. The first two are those completed; with the third
    they are those eligible.
    """
    codes = tuple(row.code for row in measure.rows)
    if measure.shape == Shape.RATIO:
        return [(COMPLETED, codes[:2]), (ELIGIBLE, (COMPLETED, codes[2]))]
    return [(TOTAL, codes)]


def _lines(measure: Measure, shown: Mapping[str, Shown]) -> list[Line]:
    def line(code: str, label: str, **marks: bool) -> Line:
        this, before = (shown[f"{measure.key}.{window}.{code}"] for window in WINDOWS)
        return Line(code, label, this, before, **marks)

    rows = [line(row.code, row.label) for row in measure.rows]
    sums = [line(code, measure.sum_labels[code], is_sum=True) for code, _ in sums_of(measure)]
    aside = [line(row.code, row.label, is_aside=True) for row in measure.aside]
    return [*rows, *sums, *aside]


def percentage(part: Shown, whole: Shown) -> int | None:
    """A share in whole per cent, halves up; None where either number is hidden or the whole is below 10."""
    if isinstance(part, Hidden) or isinstance(whole, Hidden) or whole < SMALLEST_BASE:
        return None
    return (200 * part + whole) // (2 * whole)


def change(this: Shown, before: Shown) -> int | None:
    """How much more or less than in the period before; None where either number is hidden."""
    if isinstance(this, Hidden) or isinstance(before, Hidden):
        return None
    return this - before
