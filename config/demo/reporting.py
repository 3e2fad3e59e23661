"""Prints the calibration: what is published, what is used, and what the database holds."""

from __future__ import annotations

from datetime import datetime

from config.demo.calibration import Figure, figures
from config.demo.measures import measured


def report(*, at: datetime) -> str:
    """The calibration as a table in Markdown, with the figures of the database in its last column."""
    found = measured(at=at)
    rows = [("Figure", "Published", "Source", "Used", "This database")]
    rows += [
        (figure.title, figure.published, figure.source, shown(figure, figure.used), shown(figure, found[key]))
        for key, figure in figures().items()
    ]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "|---|---|---|---|---|")
    return "\n".join(lines)


def shown(figure: Figure, value: float) -> str:
    """A share as a percentage, everything else as a number."""
    if figure.used < 1:
        return f"{100 * value:.0f} %"
    return f"{value:.1f}".removesuffix(".0")
