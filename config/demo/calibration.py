"""The published figures the demo is drawn to, and what a database actually holds of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from config.demo.texts import words


@dataclass(frozen=True)
class Figure:
    """One figure: what a source says, what is used, and how far the outcome may lie from it."""

    key: str
    title: str
    published: str
    source: str
    used: float
    tolerance: float


@cache
def figures() -> dict[str, Figure]:
    """Every figure by its key, in the order of the file."""
    return {row["key"]: Figure(**row) for row in words("calibration")["figures"]}


def figure(key: str) -> Figure:
    return figures()[key]


def weights(name: str) -> dict[str, float]:
    """A plausible distribution that no source publishes, or the shape behind a published average."""
    return dict(words("calibration")[name])
