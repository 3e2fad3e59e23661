"""Expressions of a query whose SQL is written once: composing them for each page took longer than asking them."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Func


class Written(Func):
    """SQL about one row: the row's columns where the words name them, and values for what they ask by.

    The arguments are the paths from the row to what the words need, in the order of `needs`.
    """

    words = ""
    needs: tuple[str, ...] = ()

    def __init__(self, *paths: str, **values: Any) -> None:
        super().__init__(*(F(path) for path in paths))
        self.values = values

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """The words; each `%(name)s` in them becomes a place for its value."""
        columns = [compiler.compile(expression)[0] for expression in self.source_expressions]
        places = _Places(self.values)
        return self.words.format(**dict(zip(self.needs, columns, strict=True))) % places, places.taken


class _Places(dict[str, Any]):
    """Writes down which values are asked for, and answers with a place for each."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.taken: list[Any] = []

    def __getitem__(self, name: str) -> str:
        self.taken.append(super().__getitem__(name))
        return "%s"
