"""The measures of a board report: pure, without Django or a database.

A definition says what is counted; counts become figures; figures that could point at a child are protected.
"""

from reporting.measures.definition import InvalidMeasure, Measure, Row, Shape, read_measure
from reporting.measures.figures import (
    BEFORE,
    COMPLETED,
    ELIGIBLE,
    SMALLEST_BASE,
    THIS,
    TOTAL,
    WINDOWS,
    Counts,
    Figure,
    Line,
    change,
    figures_of,
    percentage,
    sums_of,
)
from reporting.measures.sheet import SMALLEST_SHOWN, Hidden, Sheet, Shown
from reporting.measures.suppression import protect

__all__ = [
    "BEFORE",
    "COMPLETED",
    "ELIGIBLE",
    "SMALLEST_BASE",
    "SMALLEST_SHOWN",
    "THIS",
    "TOTAL",
    "WINDOWS",
    "Counts",
    "Figure",
    "Hidden",
    "InvalidMeasure",
    "Line",
    "Measure",
    "Row",
    "Shape",
    "Sheet",
    "Shown",
    "change",
    "figures_of",
    "percentage",
    "protect",
    "read_measure",
    "sums_of",
]
