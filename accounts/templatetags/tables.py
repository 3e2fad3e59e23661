"""The body of a table, made by functions: as a template its cells cost ten times as much, and lists are long."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

Cell = Mapping[str, Any]
Column = Mapping[str, Any]
REFERENCE = re.compile(r"(N-)?[0-9A-Z]{3}-[0-9A-Z]{4}")
MORE = (
    '<details class="govuk-details hb-table__more"><summary class="govuk-details__summary">'
    '<span class="govuk-details__summary-text">{}</span></summary><div class="govuk-details__text">{}</div></details>'
)


def table_body(rows: Sequence[Sequence[Cell]], columns: Sequence[Column], scroll: bool = False) -> SafeString:
    """The rows of `components/table.html`, whose comment says what a cell and a column are. Every text is escaped."""
    opens = [_opening(column, scroll) for column in columns]
    row_role = SafeString("" if scroll else ' role="row"')
    return format_html_join(
        "\n",
        '<tr class="govuk-table__row"{}>{}</tr>',
        ((row_role, format_html_join("", "{}{}{}</td>", _cells(row, opens))) for row in rows),
    )


def sorts(columns: Sequence[Column]) -> bool:
    """Whether any column can be sorted, where scripts run."""
    return any(column.get("sort") for column in columns)


def _opening(column: Column, scroll: bool) -> SafeString:
    """The start of every cell of a column, without its last bracket: on a narrow screen a cell says its heading."""
    numeric = SafeString(" govuk-table__cell--numeric" if column.get("numeric") else "")
    label = "" if scroll else format_html(' role="cell" data-label="{}"', column.get("text", ""))
    return format_html('<td class="govuk-table__cell{}"{}', numeric, label)


def _cells(row: Sequence[Cell], opens: Sequence[SafeString]) -> list[tuple[SafeString, SafeString, SafeString]]:
    return [(open_, _sort_value(cell), _content(cell)) for open_, cell in zip(opens, row, strict=True)]


def _sort_value(cell: Cell) -> SafeString:
    value = cell.get("sort")
    return format_html(' data-sort-value="{}">', value) if value not in (None, "") else SafeString(">")


def _content(cell: Cell) -> SafeString:
    text = _whole(cell.get("text", ""))
    if cell.get("href"):
        shown = format_html('<a class="govuk-link" href="{}">{}</a>', cell["href"], text)
    elif cell.get("tone"):
        shown = format_html('<strong class="govuk-tag hb-tag hb-tag--{}">{}</strong>', cell["tone"], text)
    elif cell.get("level"):
        shown = _state("level", cell["level"])
    elif cell.get("harm"):
        shown = _state("harm", cell["harm"])
    else:
        shown = format_html("{}", text)
    if cell.get("more"):
        shown = format_html("{}{}", shown, format_html(MORE, cell["more"], cell["more_text"]))
    hint = _whole(cell.get("hint") or "")
    return format_html('{}<span class="hb-table__hint">{}</span>', shown, hint) if hint else shown


def _whole(text: Any) -> Any:
    """A file's or notification's reference does not break at its hyphen; any other text is as it was."""
    return format_html('<span class="hb-whole">{}</span>', text) if REFERENCE.fullmatch(str(text)) else text


@cache
def _state(component: str, value: str) -> SafeString:
    """The tag of a level or harm status, as its own component shows it; the few there are, are made once."""
    return render_to_string(f"components/{component}.html", {"level": value, "status": value})
