"""Putting a flip into the running process, after the tests have been collected: the code of a function, the value of a
constant wherever it was imported to, or a statement for the database.
"""

from __future__ import annotations

import ast
import functools
import gc
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from tests.mutants.flips import CONSTRAINTS, Flip, names_of, owners_of
from tests.mutants.targets import Target

Functions = dict[tuple[str, str, int], list[FunctionType]]
HIT = "__mutants_hit__"
TRIGGER = re.compile(r"CREATE OR REPLACE TRIGGER (?P<name>\w+) .* ON (?P<table>\w+) ", re.DOTALL)


def functions_in(files: set[str]) -> Functions:
    """Every living function that was made from one of some files, by file, name and line; wrapped ones too."""
    found: Functions = {}
    for thing in gc.get_objects():
        if type(thing) is FunctionType and thing.__code__.co_filename in files:  # a lazy one would wake up
            code = thing.__code__
            found.setdefault((code.co_filename, code.co_qualname, code.co_firstlineno), []).append(thing)
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _codes(const)


def put_code(target: Target, tree: ast.Module, functions: Functions, owner: str | None = None) -> int:
    """Give the living functions of a file (or the one called `owner`) the code of a changed tree. Returns how many."""
    done = 0
    for code in _codes(compile(tree, target.file, "exec", dont_inherit=True)):
        if owner in (None, code.co_qualname):
            for function in functions.get((target.file, code.co_qualname, code.co_firstlineno), []):
                function.__code__ = code
                done += 1
    return done


class _Marked(ast.NodeTransformer):
    """Says before each statement of a function that it has been reached."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.within = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.within += 1
        self.generic_visit(node)
        self.within -= 1
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if self.within and isinstance(block, list):
                setattr(node, name, [each for statement in block for each in (*self._mark(statement), statement)])
        return node

    def _mark(self, statement: ast.stmt) -> list[ast.stmt]:
        arguments: list[ast.expr] = [ast.Constant(self.path), ast.Constant(statement.lineno)]
        mark = ast.Expr(ast.Call(ast.Name(HIT, ast.Load()), arguments, []))
        for node in ast.walk(ast.copy_location(mark, statement)):
            if isinstance(node, ast.expr):
                ast.copy_location(node, statement)
        return [mark]


def marked(target: Target) -> ast.Module:
    """The file with a mark before each statement, on the lines that they stood on."""
    tree: ast.Module = _Marked(target.path).visit(target.parse())
    return ast.fix_missing_locations(tree)


def statement_of(target: Target, flip: Flip) -> int | None:
    """The line of the innermost statement of a function that a flip is in; None for a constant."""
    owner = dict(owners_of(target.tree))[flip.owner]
    if not isinstance(owner, ast.FunctionDef):
        return None
    around = [
        node
        for node in ast.walk(owner)
        if isinstance(node, ast.stmt) and node is not owner and node.lineno <= flip.line <= (node.end_lineno or 0)
    ]
    return min(around, key=lambda node: (node.end_lineno or 0) - node.lineno).lineno


def put(
    targets: list[Target], target: Target, flip: Flip, functions: Functions, run_sql: Callable[[str], None]
) -> None:
    """Make a flip hold in this process, and in its database."""
    owner = dict(owners_of(target.tree))[flip.owner]
    flip.apply()
    ast.fix_missing_locations(target.tree)
    if isinstance(owner, ast.FunctionDef):
        if not put_code(target, target.tree, functions, flip.owner):
            raise LookupError(f"No living function {flip.owner} in {target.path}")
        _forget()
    elif flip.owner.endswith(CONSTRAINTS):
        for statement in _constraint_statements(target, flip.owner, owner):
            run_sql(statement)
    else:
        _put_constant(targets, target, owner, run_sql)
        _forget()


def _forget() -> None:
    """Nothing that was worked out before the flip is kept."""
    for thing in _CACHES:
        thing.cache_clear()


_CACHES: list[Any] = []


def find_caches(root: Path) -> None:
    """Note the caches of the product, before the collector is told to leave what there is alone."""
    _CACHES[:] = [
        thing
        for thing in gc.get_objects()
        if type(thing) is functools._lru_cache_wrapper
        and isinstance(thing.__wrapped__, FunctionType)
        and thing.__wrapped__.__code__.co_filename.startswith(f"{root}/")
        and ".venv" not in thing.__wrapped__.__code__.co_filename
    ]


def _put_constant(targets: list[Target], target: Target, owner: ast.stmt, run_sql: Callable[[str], None]) -> None:
    """Work the constant out anew, with every other one that is made from it, here or where it is imported."""
    changed = _work_out(target, owner, set(), run_sql)
    for other in targets:
        imported = {
            alias.asname or alias.name
            for node in other.tree.body
            if isinstance(node, ast.ImportFrom) and node.module == target.module
            for alias in node.names
            if alias.name in changed
        }
        if imported:
            _work_out(other, None, imported, run_sql)


def _work_out(target: Target, owner: ast.stmt | None, changed: set[str], run_sql: Callable[[str], None]) -> set[str]:
    """Run the assignment and all that use what has changed, and put in the values that they give. Returns the names."""
    module = sys.modules[target.module]
    names, given = dict(vars(module)), set[str]()
    for statement in target.tree.body:
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            continue
        used = {node.id for node in ast.walk(statement.value) if isinstance(node, ast.Name)}
        if statement is owner or used & (changed | given):
            exec(compile(ast.Module([statement], []), target.file, "exec", dont_inherit=True), names)
            given.update(names_of(statement))
    for name in sorted(given):
        before, after = vars(module)[name], names[name]
        _run_differing(before, after, run_sql)
        if before != after:
            _replace(name, before, after)
    return given


def _replace(name: str, old: Any, new: Any) -> None:
    """Put a new value wherever the old one stands: in each module that has it, and as a part of a class."""
    if isinstance(old, dict):
        old.clear()
        old.update(new)
        return
    for module in list(sys.modules.values()):
        if not isinstance(module, ModuleType) or not _is_ours(module):
            continue
        for called, value in list(vars(module).items()):
            if value is old and (called == name or not isinstance(old, int | float)):
                setattr(module, called, new)
            elif isinstance(value, type) and value.__module__ == module.__name__:
                for part, inner in list(vars(value).items()):
                    if inner is old and not isinstance(old, int | float):
                        setattr(value, part, new)


def _is_ours(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None) or ""
    return bool(file) and ".venv" not in file and "/lib/python" not in file


def _run_differing(old: Any, new: Any, run_sql: Callable[[str], None]) -> None:
    """A constant that is a statement for the database is run, too, and a trigger that is left out of it is dropped."""
    before, after = _statements(old), _statements(new)
    for statement in before:
        made = TRIGGER.match(statement)
        if made and statement not in after:
            run_sql(f"DROP TRIGGER {made['name']} ON {made['table']}")
    for statement in after:
        if statement not in before and (TRIGGER.match(statement) or "CREATE OR REPLACE FUNCTION" in statement):
            run_sql(statement)


def _statements(value: Any) -> list[str]:
    parts = value if isinstance(value, tuple) else (value,)
    return [part for part in parts if isinstance(part, str)]


def _constraint_statements(target: Target, owner: str, node: ast.stmt) -> list[str]:
    """What takes the constraints of a model away that differ, and sets them as they are now."""
    from django.db import connection

    assert isinstance(node, ast.Assign)
    module = sys.modules[target.module]
    model: Any = getattr(module, owner.removesuffix(CONSTRAINTS))
    found = eval(compile(ast.Expression(node.value), target.file, "eval"), vars(module))
    now = {constraint.name: constraint for constraint in found}
    statements: list[str] = []
    editor = connection.schema_editor(collect_sql=True, atomic=False)
    for before in model._meta.constraints:
        after = now.get(before.name)
        if after is None or after.deconstruct() != before.deconstruct():
            statements.append(str(before.remove_sql(model, editor)))
            if after is not None:
                statements += _created(after, model, editor)
    return statements


def _created(constraint: Any, model: Any, editor: Any) -> list[str]:
    """The statement that sets a constraint; one with nothing left of its condition holds for every row, or is none."""
    from django.core.exceptions import FullResultSet
    from django.db.models import UniqueConstraint

    try:
        return [str(constraint.create_sql(model, editor))]
    except FullResultSet:
        if not isinstance(constraint, UniqueConstraint):
            return []
        return [str(UniqueConstraint(fields=constraint.fields, name=constraint.name).create_sql(model, editor))]
