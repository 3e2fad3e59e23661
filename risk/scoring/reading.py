"""Reading one table of a tool file, key by key, gathering every fault instead of stopping at one."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Table:
    """One table of the file. Each reader returns a usable value even where it reports a fault.

    A key that nobody reads is reported by `finish`: a misspelt rule must not pass in silence.
    """

    def __init__(self, values: dict[str, Any], where: str, problems: list[str]) -> None:
        self._values = values
        self._unread = set(values)
        self._problems = problems
        self.where = where

    def report(self, fault: str) -> None:
        """Adds a fault, said to be in this table."""
        self._problems.append(f"{self.where}: {fault}")

    def has(self, key: str) -> bool:
        """Whether the file gives this key."""
        return key in self._values

    def text(self, key: str, *, default: str | None = None, may_be_empty: bool = False) -> str:
        """A text. Without a default the key must be there, and must hold words."""
        value = self._take(key, default)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.report(f"“{key}” must be text")
            return ""
        if not value.strip() and default is None and not may_be_empty:
            self.report(f"“{key}” is empty")
        return " ".join(value.split())

    def name(self, key: str, pattern: re.Pattern[str], *, default: str | None = None) -> str:
        """A code or key: short, plain, safe in a form field's name."""
        value = self.text(key, default=default)
        if value and not pattern.fullmatch(value):
            kind = "capital letters" if pattern is CODE else "small letters"
            self.report(f"“{key}” may hold only {kind}, figures and underscores, a letter first, 40 at most")
        return value

    def number(self, key: str, *, least: int = 0, default: int | None = None) -> int:
        """A whole number. Without a default the key must be there."""
        value = self._take(key, default)
        if value is None:
            return least
        if not isinstance(value, int) or isinstance(value, bool):
            self.report(f"“{key}” must be a whole number")
            return least
        if value < least:
            self.report(f"“{key}” must be {least} or more")
        return value

    def number_if_given(self, key: str, *, least: int = 0) -> int | None:
        """A whole number, or None where the file leaves it out."""
        return self.number(key, least=least) if self.has(key) else None

    def truth(self, key: str, *, default: bool | None = None) -> bool:
        """True or false."""
        value = self._take(key, default)
        if value is not None and not isinstance(value, bool):
            self.report(f"“{key}” must be true or false")
        return value is True

    def day(self, key: str) -> date:
        """A date, such as 2026-04-01."""
        value = self._take(key, None)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if value is not None:
            self.report(f"“{key}” must be a date, such as 2026-04-01")
        return date.min

    def one_of(self, key: str, allowed: Collection[str], *, default: str | None = None) -> str:
        """One of the words allowed here; the first of them where the file is wrong."""
        value = self.text(key, default=default)
        if value in allowed or value == default:
            return value
        if value:
            self.report(f"“{key}” must be one of: {', '.join(allowed)}")
        return next(iter(allowed))

    def texts(self, key: str, *, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts, none of them empty."""
        value = self._take(key, list(default) if default is not None else None)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            self.report(f"“{key}” must be a list of texts")
            return ()
        if len(set(value)) < len(value):
            self.report(f"“{key}” names the same thing twice")
        return tuple(" ".join(text.split()) for text in value)

    def table(self, key: str, where: str, *, optional: bool = False) -> Table:
        """A table inside this one."""
        value = self._take(key, {} if optional else None)
        if value is not None and not isinstance(value, dict):
            self.report(f"“{key}” must be a table")
        return Table(value if isinstance(value, dict) else {}, where, self._problems)

    def tables(self, key: str, where: str, *, optional: bool = False) -> list[Table]:
        """A list of tables inside this one; each is called by `where`, its code or its place."""
        value = self._take(key, [] if optional else None)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            self.report(f"“{key}” must be a list of tables")
            return []
        return [
            Table(row, f"{where} {_called(row, place)}", self._problems) for place, row in enumerate(value, start=1)
        ]

    def labels(self, key: str) -> dict[str, str]:
        """A table of keys and their labels; may be left out."""
        inner = self.table(key, f"{self.where}, {key}", optional=True)
        return {name: inner.text(name) for name in inner._values}

    def names(self) -> tuple[str, ...]:
        """The keys of this table, for tables whose keys are codes."""
        return tuple(self._values)

    def finish(self) -> None:
        """Reports what nobody read. Call when the table has been read in full."""
        for key in sorted(self._unread):
            self.report(f"“{key}” is not something a tool file can say here")

    def _take(self, key: str, default: Any) -> Any:
        self._unread.discard(key)
        if key in self._values:
            return self._values[key]
        if default is None:
            self.report(f"“{key}” is missing")
        return default


def _called(row: dict[str, Any], place: int) -> str:
    for key in ("code", "key", "name", "value", "status"):
        if isinstance(row.get(key), str) and row[key].strip():
            return str(row[key][:60])
    return f"number {place}"
