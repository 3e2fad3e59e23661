"""Many operations of one migration, for which Django builds its models once and not once for each.

After each table, column, index, constraint or trigger Django builds that model and all that are related to it anew. With
a history table and three triggers beside every table that was most of the time of a first start. What comes out in the
database is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AddConstraint, AddField, AddIndex, AlterUniqueTogether, CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

# What a table has from the start where it is made among these operations.
IN_THE_TABLE = (AddField, AddIndex, AddConstraint, AlterUniqueTogether)


class Together(Operation):
    """Operations that are done one after another, on models as they stand after the last of them."""

    reversible = False

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = list(operations)

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return type(self).__name__, [self.operations], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        state.__dict__.pop("apps", None)  # nothing is built until the last is known
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        made: set[str] = set()
        for operation in self.operations:
            if isinstance(operation, CreateModel):
                made.add(operation.name_lower)
            elif isinstance(operation, IN_THE_TABLE) and _model_of(operation) in made:
                continue
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"{len(self.operations)} operations together"


def _model_of(operation: Operation) -> str:
    name: str = getattr(operation, "model_name", None) or operation.name  # type: ignore[attr-defined]
    return name.lower()
