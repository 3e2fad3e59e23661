"""Charts as plain numbers for an SVG template: bars for a breakdown, one bar in parts for a ratio.

A chart is drawn from what is shown. A hidden number has no bar, so that no length tells it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reporting.measures import THIS, WINDOWS, Hidden, Shown

WIDTH = 640
LABEL_WIDTH = 226
LONGEST_BAR = 340
BAR, GAP, BETWEEN = 14, 2, 12
TOP, LEGEND = 6, 30
PART_BAR, PART_GAP = 30, 26


@dataclass(frozen=True)
class ChartLine:
    """One line of a figure with its numbers by window, and the words that stand for them."""

    label: str
    shown: dict[str, Shown]
    words: dict[str, str]


def bars(lines: Sequence[ChartLine], *, title: str, legend: dict[str, str]) -> dict[str, Any]:
    """Two bars for each line: the period, and the one before it. A line of zeros is left to the table."""
    lines = [line for line in lines if any(value != 0 for value in line.shown.values())]
    most = max([1, *(value for line in lines for value in line.shown.values() if isinstance(value, int))])
    groups = []
    y = TOP
    for line in lines:
        drawn = []
        for number, window in enumerate(WINDOWS):
            value = line.shown[window]
            length = 0 if isinstance(value, Hidden) else round(LONGEST_BAR * value / most)
            top = y + number * (BAR + GAP)
            drawn.append(
                {
                    "x": LABEL_WIDTH,
                    "y": top,
                    "width": length,
                    "text_x": LABEL_WIDTH + length + 6,
                    "text_y": top + BAR - 3,
                    "words": line.words[window],
                    "now": window == THIS,
                }
            )
        groups.append({"label": line.label, "label_y": y + BAR + GAP + 3, "bars": drawn})
        y += 2 * BAR + GAP + BETWEEN
    return {
        "kind": "bars",
        "title": title,
        "desc": _described(lines, legend) if lines else "Nothing to draw: every number is 0.",
        "width": WIDTH,
        "height": y + LEGEND,
        "bar": BAR,
        "axis_x": LABEL_WIDTH,
        "axis_y": y - BETWEEN // 2,
        "label_x": LABEL_WIDTH - 10,
        "groups": groups,
        "legend": _legend(legend, y + 8),
    }


def parts(lines: Sequence[ChartLine], *, title: str, legend: dict[str, str]) -> dict[str, Any]:
    """One bar for each window, in parts that add up; a window with a hidden part gets words in place of a bar."""
    drawn = []
    y = TOP
    for window in WINDOWS:
        values = [line.shown[window] for line in lines]
        drawn.append(
            {"label": legend[window], "y": y, "label_y": y + PART_BAR // 2 + 5, "parts": _segments(values)}
            | {"words": _why_no_bar(values)}
        )
        y += PART_BAR + PART_GAP
    keys = [
        {
            "x": LABEL_WIDTH,
            "y": y + number * 22,
            "text_y": y + number * 22 + 12,
            "label": line.label,
            "tone": number,
        }
        for number, line in enumerate(lines)
    ]
    return {
        "kind": "parts",
        "title": title,
        "desc": _described(lines, legend),
        "width": WIDTH,
        "height": y + 22 * len(keys) + 4,
        "bar": PART_BAR,
        "label_x": LABEL_WIDTH - 10,
        "x": LABEL_WIDTH,
        "rows": drawn,
        "keys": keys,
    }


def _segments(values: Sequence[Shown]) -> list[dict[str, Any]]:
    numbers = [value for value in values if isinstance(value, int)]
    whole = sum(numbers)
    if len(numbers) < len(values) or whole == 0:
        return []
    found, run = [], 0
    for tone, value in enumerate(numbers):
        left = LABEL_WIDTH + round(LONGEST_BAR * run / whole)
        run += value
        width = LABEL_WIDTH + round(LONGEST_BAR * run / whole) - left
        if width:
            found.append(
                {"x": left, "width": width, "text_x": left + width // 2, "tone": tone}
                | {"words": str(value) if width >= 24 else ""}
            )
    return found


def _why_no_bar(values: Sequence[Shown]) -> str:
    if any(isinstance(value, Hidden) for value in values):
        return "Not drawn: a number is too small to show"
    return "" if sum(int(value) for value in values) else "None"


def _legend(legend: dict[str, str], y: int) -> list[dict[str, Any]]:
    return [
        {"x": LABEL_WIDTH + number * 200, "y": y, "text_x": LABEL_WIDTH + number * 200 + 20, "text_y": y + 11}
        | {"label": legend[window], "now": window == THIS}
        for number, window in enumerate(WINDOWS)
    ]


def _described(lines: Sequence[ChartLine], legend: dict[str, str]) -> str:
    """Everything the picture says, for whoever hears it read out."""
    return " ".join(
        f"{legend[window]}: {', '.join(f'{line.label} {line.words[window]}' for line in lines)}." for window in WINDOWS
    )
