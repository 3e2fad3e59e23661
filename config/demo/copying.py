"""Rows of many files at once: by COPY, into tables that have neither triggers nor indexes while they are filled.

What a row at a time would have brought is made for all rows together afterwards: the indexes, the check of each foreign
key, and the history that the triggers write.
"""

# Tables, columns and constraints are named by the models and the catalogue, never by anybody who types.
# ruff: noqa: S608
from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.apps import apps
from django.db.models import NOT_PROVIDED, Field, Model

Say = Callable[[str], None]
SORTING_MEMORY = "256MB"
INSERTED = "insert"


@dataclass(frozen=True)
class Constraint:
    """A constraint of a table, in the words that make it again."""

    table: str
    name: str
    words: str


@dataclass(frozen=True)
class Bared:
    """What was taken off the tables, and is put back in this order."""

    indexes: Mapping[str, Sequence[str]]
    uniques: Sequence[Constraint]
    keys: Sequence[Constraint]


class Copied:
    """The rows of one table that wait to be copied. Columns that are not named hold what a new object has there."""

    def __init__(self, model: type[Model], *names: str) -> None:
        named = [model._meta.get_field(name) for name in names]
        others = [field for field in model._meta.concrete_fields if field not in named and _has_own_value(field)]
        fields = [field for field in (*named, *others) if isinstance(field, Field)]
        filled = _quoted(field for field in fields if not field.null)
        # What is empty is NULL where that may be, and else the empty text.
        self.statement = (
            f'COPY "{model._meta.db_table}" ({_quoted(fields)}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL ({filled}))'
        )
        self.rest = tuple(field.get_default() for field in others)
        self.waiting = StringIO()
        self.rows = csv.writer(self.waiting, lineterminator="\n")

    def add(self, *values: object) -> None:
        """One row: a value for each of the named columns, in their order."""
        self.rows.writerow((*values, *self.rest))

    def copy(self, cursor: Any) -> None:
        """Send the rows that wait."""
        if self.waiting.tell():
            self.waiting.seek(0)
            cursor.copy_expert(self.statement, self.waiting)
            self.waiting.seek(0)
            self.waiting.truncate()


def _quoted(fields: Iterable[Field]) -> str:
    return ", ".join(f'"{field.column}"' for field in fields)


def _has_own_value(field: Field) -> bool:
    """Whether a column needs a value that neither the database nor NULL gives it."""
    given_there = field.generated or field.db_default is not NOT_PROVIDED
    return not (field.null or field.primary_key or given_there)


def history_of(models: Iterable[type[Model]]) -> dict[type[Model], type[Model]]:
    """The tables of history of those models that have one."""
    tracked = {event.pgh_tracked_model: event for event in apps.get_models() if hasattr(event, "pgh_tracked_model")}
    return {model: tracked[model] for model in models if model in tracked}


@contextmanager
def bared(cursor: Any, models: Iterable[type[Model]], *, say: Say) -> Iterator[None]:
    """Tables without triggers, indexes and foreign keys, within a transaction; at the end all is back, and checked.

    Raises IntegrityError at the end for a row that breaks a key or a constraint: then nothing is kept.
    """
    tables = [model._meta.db_table for model in models]
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute(f"SET LOCAL maintenance_work_mem = '{SORTING_MEMORY}'")
    taken = _take_off(cursor, tables)
    yield
    for table in tables:
        cursor.execute(f'ANALYZE "{table}"')
    for table, indexes in taken.indexes.items():
        say(f"Making {len(indexes)} indexes of {table}")
        for words in indexes:
            cursor.execute(words)
    for constraints, what in ((taken.uniques, "keys"), (taken.keys, "references")):
        say(f"Checking {len(constraints)} {what}")
        for constraint in constraints:
            cursor.execute(f'ALTER TABLE {constraint.table} ADD CONSTRAINT "{constraint.name}" {constraint.words}')
    for table in tables:
        cursor.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')


OIDS = "SELECT name::regclass::oid FROM unnest(%(tables)s) AS name"
CONSTRAINTS = f"""
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), contype::text FROM pg_constraint AS taken
    WHERE conrelid = ANY({OIDS}) AND (contype = 'f' OR contype IN ('p', 'u') AND NOT EXISTS (
        SELECT 1 FROM pg_constraint AS other WHERE other.contype = 'f' AND other.conindid = taken.conindid))
    ORDER BY conrelid::regclass::text, conname"""
INDEXES = f"""
    SELECT indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = ANY({OIDS}) AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
    ORDER BY 1, 2"""


def _take_off(cursor: Any, tables: list[str]) -> Bared:
    """Keys that other tables refer to stay: without them those could not refer to anything."""
    cursor.execute(CONSTRAINTS, {"tables": tables})
    constraints = [(Constraint(*row[:3]), row[3] == "f") for row in cursor.fetchall()]
    cursor.execute(INDEXES, {"tables": tables})
    indexes: dict[str, list[str]] = {}
    names = []
    for table, name, words in cursor.fetchall():
        indexes.setdefault(table, []).append(words)
        names.append(name)
    for table in tables:
        cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
    for constraint, _ in constraints:
        cursor.execute(f'ALTER TABLE {constraint.table} DROP CONSTRAINT "{constraint.name}"')
    for name in names:
        cursor.execute(f"DROP INDEX {name}")
    return Bared(
        indexes,
        [constraint for constraint, is_key in constraints if not is_key],
        [constraint for constraint, is_key in constraints if is_key],
    )


# What the triggers of history read of who writes and why.
CONTEXT = {
    "pgh_context": "COALESCE(NULLIF(CURRENT_SETTING('pghistory.context_metadata', TRUE), ''), NULL)::JSONB",
    "pgh_context_id": "COALESCE(NULLIF(CURRENT_SETTING('pghistory.context_id', TRUE), ''), NULL)::UUID",
}


def write_history(cursor: Any, models: Iterable[type[Model]], *, say: Say) -> None:
    """For each row without a history, the one line that the trigger would have written when it was inserted."""
    for model, event in history_of(models).items():
        say(f"History of {model._meta.verbose_name_plural}")
        cursor.execute(*_insertion(model, event))


def _insertion(model: type[Model], event: type[Model]) -> tuple[str, Mapping[str, Any]]:
    own = [field for field in event._meta.concrete_fields if not field.name.startswith("pgh_")]
    kept = [f'"{field.column}"' for field in own if not field.generated]
    values = {"pgh_created_at": "NOW()", "pgh_label": "%(label)s", "pgh_obj_id": "written.id", **CONTEXT}
    table, history = model._meta.db_table, event._meta.db_table
    statement = f"""
        INSERT INTO "{history}" ({", ".join([*kept, *values])})
        SELECT {", ".join(f"written.{column}" for column in kept)}, {", ".join(values.values())}
        FROM "{table}" AS written
        WHERE NOT EXISTS (SELECT 1 FROM "{history}" AS told WHERE told.pgh_obj_id = written.id)"""
    return statement, {"label": INSERTED}
