"""The numbers of one report as a sheet: cells by key, and which cells add up to which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

SMALLEST_SHOWN = 5


class Hidden(StrEnum):
    """Why a number is not shown: it is 1 to 4, or showing it would tell one that is."""

    SMALL = "small"
    WITHHELD = "withheld"


# What a reader is given of one cell. Nothing else of a cell ever leaves the sheet.
Shown = int | Hidden


@dataclass(frozen=True)
class Sum:
    """A cell that is the sum of others."""

    total: str
    parts: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        return (self.total, *self.parts)

    def sign_of(self, key: str) -> int:
        """Which way a cell counts in `total - parts = 0`."""
        return 1 if key == self.total else -1


@dataclass
class Sheet:
    """Every number of a report, once. A figure that stands in two places is one cell with one key.

    Cells are counts, never below zero. Raises ValueError for a cell named twice, a negative one, or a sum of cells
    that are not there.
    """

    values: dict[str, int] = field(default_factory=dict)
    sums: list[Sum] = field(default_factory=list)

    def put(self, key: str, value: int) -> None:
        if key in self.values:
            raise ValueError(f"The cell {key} is on the sheet already")
        if value < 0:
            raise ValueError(f"The cell {key} counts below zero")
        self.values[key] = value

    def put_all(self, prefix: str, counts: Mapping[str, int]) -> None:
        for code, value in counts.items():
            self.put(f"{prefix}.{code}", value)

    def put_sum(self, key: str, parts: Iterable[str]) -> None:
        """Add a cell that is the sum of cells already there."""
        cells = tuple(parts)
        unknown = [part for part in cells if part not in self.values]
        if unknown or not cells:
            raise ValueError(f"The sum {key} needs cells that are not on the sheet: {unknown}")
        self.put(key, sum(self.values[part] for part in cells))
        self.sums.append(Sum(key, cells))

    def sums_with(self, key: str) -> Iterator[Sum]:
        return (each for each in self.sums if key in each.cells)
