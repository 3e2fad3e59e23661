"""A report from its snapshot: the same finished text for the page and for the document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from accounts.rules.dates import day, moment
from reporting.measures import BEFORE, COMPLETED, ELIGIBLE, THIS, TOTAL, WINDOWS, Hidden, Shape, Shown, percentage
from reporting.measures import change as change_of
from reporting.presenters.charts import ChartLine, bars, parts
from reporting.rules.snapshots import period_from, shown_from

Table = Mapping[str, Any]
# Where the files behind a number are, by measure, window and code; empty where there is no such page for the reader.
Address = Callable[[str, str, str], str]
NAMES = {THIS: "This period", BEFORE: "Period before"}
SPOKEN = {Hidden.SMALL: "fewer than 5", Hidden.WITHHELD: "a withheld number"}
WORDS = {Hidden.SMALL: "<5", Hidden.WITHHELD: "Withheld"}
HIDDEN_NOTE = (
    "“<5” stands for a number from 1 to 4: so few could point at a child. “Withheld” is a number of any size that "
    "would tell one of those, for instance by taking it from a total. A percentage is left out where either number is "
    "hidden, or where it would be of fewer than 10."
)


def nowhere(measure: str, window: str, code: str) -> str:
    """No page of files behind any number: for a document, and for those who see totals alone."""
    return ""


def report_of(figures: Table, *, address: Address = nowhere) -> dict[str, Any]:
    """Everything a report says, in the order in which it is read, from the figures of a snapshot."""
    period, before = period_from(figures["period"]), period_from(figures["before"])
    measures = [_measure(table, address) for table in figures["measures"]]
    return {
        "partnership": figures["partnership"],
        "period": period.words,
        "before": before.words,
        "days": f"{period.days} days, compared with the {before.days} days before them",
        "as_at": moment(datetime.fromisoformat(figures["as_at"])),
        "headlines": [measure["headline"] for measure in measures],
        "changes": [measure["change_note"] for measure in measures if measure["change_note"]],
        "measures": measures,
        "quality": _quality(figures),
        "hidden_note": HIDDEN_NOTE if _hidden_in(figures) else "",
        "definitions": [_definition_row(table) for table in figures["measures"]],
    }


def words_of(value: Shown) -> str:
    """A number as it is printed, or the words that stand for a hidden one."""
    return WORDS[value] if isinstance(value, Hidden) else f"{value:,}"


def _lines(table: Table, *kinds: str) -> list[Table]:
    return [line for line in table["lines"] if line["kind"] in kinds]


def _numbers(line: Table) -> dict[str, Shown]:
    return {window: shown_from(line[window]) for window in WINDOWS}


def _by_code(table: Table) -> dict[str, dict[str, Shown]]:
    return {line["code"]: _numbers(line) for line in table["lines"]}


def _measure(table: Table, address: Address) -> dict[str, Any]:
    is_ratio = table["shape"] == Shape.RATIO
    return {
        "key": table["key"],
        "title": table["title"],
        "question": table["question"],
        "headline": _ratio_headline(table) if is_ratio else _count_headline(table),
        "change_note": table["change_note"],
        "chart": _chart(table),
        "columns": _columns(table),
        "rows": [_row(table, line, address) for line in _lines(table, "row", "sum")],
        "aside": [_aside(line) for line in _lines(table, "aside")],
        "shares": _shares(table) if is_ratio else [],
        "counting": [
            {"key": "What is counted", "value": table["numerator"]},
            {"key": "Out of what", "value": table["denominator"]},
            {"key": "What is left out", "value": "\n".join(table["left_out"]) or "Nothing", "multiline": True},
            {"key": "Definition", "value": _definition_words(table)},
        ],
        "notes": table["notes"],
    }


def _chart(table: Table) -> dict[str, Any]:
    lines = [
        ChartLine(line["label"], _numbers(line), {window: words_of(value) for window, value in _numbers(line).items()})
        for line in _lines(table, "row")
    ]
    draw = parts if table["shape"] == Shape.RATIO else bars
    return draw(lines, title=f"Chart: {table['title']}", legend=NAMES)


# Tables.


def _columns(table: Table) -> list[dict[str, Any]]:
    first = {Shape.BREAKDOWN: "Source", Shape.SNAPSHOT: "Level", Shape.RATIO: "What became of it"}[
        Shape(table["shape"])
    ]
    names = [NAMES[THIS], "Share", NAMES[BEFORE], "Share before", "Change"]
    return [{"text": first}, *({"text": name, "numeric": True} for name in names)]


def _row(table: Table, line: Table, address: Address) -> list[dict[str, Any]]:
    shown, whole = _numbers(line), _whole_of(table, line["code"])
    cells: list[dict[str, Any]] = [{"text": line["label"], "is_sum": line["kind"] == "sum"}]
    for window in WINDOWS:
        value = shown[window]
        href = address(table["key"], window, line["code"]) if value != 0 else ""
        cells.append({"text": words_of(value), "href": href})
        cells.append({"text": _share_words(value, whole[window])})
    cells.append({"text": _change_words(shown)})
    return cells


def _whole_of(table: Table, code: str) -> dict[str, Shown]:
    """The number that a line is a share of: all, or for a ratio those eligible."""
    return _by_code(table)[ELIGIBLE if table["shape"] == Shape.RATIO else TOTAL]


def _share_words(value: Shown, whole: Shown) -> str:
    share = percentage(value, whole)
    return "" if share is None else f"{share}%"


def _change_words(shown: Mapping[str, Shown]) -> str:
    difference = change_of(shown[THIS], shown[BEFORE])
    if difference is None:
        return "Not shown"
    return "None" if difference == 0 else f"{difference:+,}".replace("-", "−")


def _aside(line: Table) -> str:
    shown = _numbers(line)
    return f"{line['label']}: {words_of(shown[THIS])} (period before: {words_of(shown[BEFORE])})"


# Sentences.


def _count_headline(table: Table) -> str:
    shown = _by_code(table)[TOTAL]
    difference = change_of(shown[THIS], shown[BEFORE])
    number = f"{table['title']}: {_spoken(shown[THIS])} {table['unit']}"
    number += " at the end of the period" if table["shape"] == Shape.SNAPSHOT else " in the period"
    if difference is None:
        return f"{number}; the period before had {_spoken(shown[BEFORE])}."
    if difference == 0:
        return f"{number}, as many as in the period before."
    return f"{number}, {abs(difference):,} {'more' if difference > 0 else 'fewer'} than in the period before."


def _ratio_headline(table: Table) -> str:
    shown = {code: numbers[THIS] for code, numbers in _by_code(table).items()}
    if shown[ELIGIBLE] == 0:
        return f"{table['title']}: none was due in the period."
    done = _lines(table, "row")[0]["code"]
    of_completed, of_eligible = (_n_of(shown[done], shown[code]) for code in (COMPLETED, ELIGIBLE))
    return f"{table['title']}: {of_completed} of those completed, and {of_eligible} of all that were due."


def _shares(table: Table) -> list[str]:
    """Both shares of a ratio for both windows, each with its numbers."""
    done = _lines(table, "row")[0]
    by_code, sentences = _by_code(table), []
    for code, name in ((COMPLETED, "completed"), (ELIGIBLE, "due")):
        this, before = (_n_of(by_code[done["code"]][window], by_code[code][window]) for window in WINDOWS)
        sentences.append(f"Of the {table['unit']} {name}: {this}. Period before: {before}.")
    return sentences


def _n_of(part: Shown, whole: Shown) -> str:
    if whole == 0:
        return "none"
    share = percentage(part, whole)
    numbers = f"{_spoken(part)} of {_spoken(whole)}"
    return numbers if share is None else f"{numbers} ({share}%)"


def _spoken(value: Shown) -> str:
    return SPOKEN[value] if isinstance(value, Hidden) else f"{value:,}"


def _quality(figures: Table) -> list[str]:
    """What a reader should know of how far the figures can be trusted, said from the figures themselves."""
    said = [
        f"The report counts what had been recorded by {moment(datetime.fromisoformat(figures['as_at']))}. What was "
        "recorded later, also about days of this period, is not in it."
    ]
    for table in figures["measures"]:
        by_code = _by_code(table)
        if "not_assessed" in by_code:
            waiting, of_all = by_code["not_assessed"][THIS], by_code[TOTAL][THIS]
            said.append(
                f"No level had been judged for {_n_of(waiting, of_all)} open children at the end of the period."
            )
    hidden, all_numbers = len(_hidden_in(figures)), len(_all_numbers(figures))
    if hidden:
        said.append(
            f"{hidden} of {all_numbers} numbers are not shown, because they are small or would tell a small one."
        )
    else:
        said.append("No number had to be hidden for being small.")
    return said


def _all_numbers(figures: Table) -> list[int | str]:
    return [line[window] for table in figures["measures"] for line in table["lines"] for window in WINDOWS]


def _hidden_in(figures: Table) -> list[int | str]:
    return [value for value in _all_numbers(figures) if not isinstance(value, int)]


def _definition_words(table: Table) -> str:
    effective = day(date.fromisoformat(table["effective_on"]))
    return f"Version {table['version']}, in force from {effective}. {table['owner']}. {table['source']}"


def _definition_row(table: Table) -> dict[str, str]:
    return {
        "title": table["title"],
        "version": str(table["version"]),
        "from": day(date.fromisoformat(table["effective_on"])),
        "sha256": table["sha256"][:16],
    }
