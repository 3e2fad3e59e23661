"""Flips of the conditions of a Python module, one at a time and in place: every test, every operand of `and` and `or`,
every comparison, `not`, `any` and `max`, every condition of a query, every part of a constant that says who may.

A flip is named by the function or the constant that it is in and by its own words, never by a line, so that its name
outlives a change elsewhere in the file.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.mutants.sql_flips import IS_SQL
from tests.mutants.sql_flips import flips_of as sql_flips_of

COMPARED: dict[type[ast.cmpop], tuple[tuple[str, ast.cmpop], ...]] = {
    ast.Eq: (("comparison", ast.NotEq()),),
    ast.NotEq: (("comparison", ast.Eq()),),
    ast.Lt: (("boundary", ast.LtE()), ("comparison", ast.GtE())),
    ast.LtE: (("boundary", ast.Lt()), ("comparison", ast.Gt())),
    ast.Gt: (("boundary", ast.GtE()), ("comparison", ast.LtE())),
    ast.GtE: (("boundary", ast.Gt()), ("comparison", ast.Lt())),
    ast.Is: (("comparison", ast.IsNot()),),
    ast.IsNot: (("comparison", ast.Is()),),
    ast.In: (("comparison", ast.NotIn()),),
    ast.NotIn: (("comparison", ast.In()),),
}
SIGNS = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
SWAPPED = {"any": "all", "all": "any", "max": "min", "min": "max"}
LOOK_UPS = {"__gt": "__gte", "__gte": "__gt", "__lt": "__lte", "__lte": "__lt"}
# Calls whose arguments are conditions on rows, and those that are one condition themselves: of what they are called on,
# or of their first argument.
QUERIES = {"filter", "exclude", "get", "get_or_create", "update_or_create"}
NARROWING = {"live", "current"}
NARROWING_FIRST = {"visible_files", "visible_content"}
NO_CONDITION = {"defaults", "key", "default", "flat", "strict"}
TRUE_OR_FALSE = {"bool", "exists", "may", "any", "all"}
CHECKS = re.compile(r"^_?check(_|$)")
LONGEST_NAME = 110
CONSTRAINTS = ".Meta.constraints"


@dataclass(frozen=True)
class Place:
    """Where a node hangs in the tree."""

    parent: ast.AST
    field: str
    index: int | None = None

    def get(self) -> Any:
        value = getattr(self.parent, self.field)
        return value if self.index is None else value[self.index]

    def put(self, node: Any) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


@dataclass(frozen=True)
class Flip:
    """One mutant: `apply` changes the tree that it was found in."""

    owner: str
    kind: str
    words: str
    becomes: str
    line: int
    place: Place
    node: Any
    number: int = 1

    @property
    def name(self) -> str:
        again = f" #{self.number}" if self.number > 1 else ""
        return f"{self.owner} | {self.kind} | {_short(self.words)} → {_short(self.becomes)}{again}"

    def apply(self) -> None:
        self.place.put(self.node)
        ast.fix_missing_locations(self.place.parent)


def _short(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1]}…"


Raw = tuple[str, str, str, Place, Any]  # kind, words, what they become, and the node for the place


def flips_of(tree: ast.Module, *, leave: Callable[[str], bool] = lambda owner: False) -> list[Flip]:
    """Every flip of a module, but for those in owners that are left. No two give the same code."""
    found: list[Flip] = []
    for owner, node in owners_of(tree):
        if leave(owner):
            continue
        seen, names = {ast.dump(node)}, Counter[str]()
        for kind, words, becomes, place, new in _flips_of_owner(node):
            old = place.get()
            place.put(new)
            dumped = ast.dump(node)
            place.put(old)
            if dumped in seen:
                continue
            seen.add(dumped)
            flip = Flip(owner, kind, words, becomes, _line_of(old, place, node), place, new)
            names[flip.name] += 1
            found.append(Flip(**{**vars(flip), "number": names[flip.name]}))
    return found


def owners_of(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """The functions, the methods and the constants of a module, with their names."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    yield f"{node.name}.{part.name}", part
                elif isinstance(part, ast.ClassDef) and part.name == "Meta":
                    for each in part.body:
                        if isinstance(each, ast.Assign) and names_of(each) == ["constraints"]:
                            yield f"{node.name}{CONSTRAINTS}", each
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and names_of(node) != ["__all__"]:
            yield " ".join(names_of(node)), node


def names_of(node: ast.stmt) -> list[str]:
    """The names that an assignment gives."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [
        part.id for target in targets if target is not None for part in ast.walk(target) if isinstance(part, ast.Name)
    ]


def _line_of(old: Any, place: Place, owner: ast.stmt) -> int:
    return getattr(old, "lineno", getattr(place.parent, "lineno", owner.lineno))


def _flips_of_owner(owner: ast.stmt) -> Iterator[Raw]:
    if isinstance(owner, ast.FunctionDef):
        for index, statement in enumerate(owner.body):
            yield from _flips_in(statement, Place(owner, "body", index), in_function=True)
        if isinstance(owner.returns, ast.Name) and owner.returns.id == "bool":
            for node in ast.walk(owner):
                if isinstance(node, ast.Return) and node.value is not None:
                    yield from _negated(Place(node, "value"), "return")
    else:
        assert isinstance(owner, ast.Assign | ast.AnnAssign)
        assert owner.value is not None
        several = isinstance(owner, ast.Assign) and isinstance(owner.targets[0], ast.Tuple)
        for raw in _flips_in(owner.value, Place(owner, "value"), in_function=False):
            if not (several and raw[0] == "member" and raw[3] == Place(owner, "value")):  # each has a name of its own
                yield raw
        if names_of(owner) == ["constraints"]:
            yield from _elements_left_out(owner.value, Place(owner, "value"))


def _flips_in(node: ast.AST, place: Place, *, in_function: bool) -> Iterator[Raw]:
    """The flips of a node and of all below it."""
    for kind in _FLIPS if in_function else [*_FLIPS, *_FLIPS_OF_CONSTANTS]:
        if isinstance(node, kind[0]):
            yield from kind[1](node, place)
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "args") and not isinstance(node, ast.Call):
            continue
        if isinstance(value, ast.AST):
            yield from _flips_in(value, Place(node, field), in_function=in_function)
        elif isinstance(value, list):
            for index, part in enumerate(value):
                if isinstance(part, ast.AST):
                    yield from _flips_in(part, Place(node, field, index), in_function=in_function)


def _said(node: ast.AST) -> str:
    return ast.unparse(node)


def _not(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), node)


def _negated(place: Place, kind: str) -> Iterator[Raw]:
    """A condition turned round, unless one of its own flips does that."""
    node = place.get()
    if isinstance(node, ast.BoolOp) or not isinstance(node, ast.Compare | ast.UnaryOp | ast.Constant):
        yield kind, _said(node), "not (…)", place, _not(node)


def _of_test(node: Any, place: Place) -> Iterator[Raw]:
    test = Place(node, "test")
    yield from _negated(test, "condition")
    yield "condition", _said(node.test), "never", test, ast.Constant(False)
    if not isinstance(node, ast.While):  # that would only never end
        yield "condition", _said(node.test), "always", test, ast.Constant(True)


def _of_comprehension(node: ast.comprehension, place: Place) -> Iterator[Raw]:
    for index, condition in enumerate(node.ifs):
        where = Place(node, "ifs", index)
        yield from _negated(where, "condition")
        yield "condition", _said(condition), "always", where, ast.Constant(True)


def _of_bool_op(node: ast.BoolOp, place: Place) -> Iterator[Raw]:
    is_and = isinstance(node.op, ast.And)
    yield "and/or", _said(node), "or" if is_and else "and", Place(node, "op"), ast.Or() if is_and else ast.And()
    for index, operand in enumerate(node.values):
        rest = [other for number, other in enumerate(node.values) if number != index]
        left = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        yield "operand left out", _said(operand), f"of {_said(node)}", place, left
        yield from _negated(Place(node, "values", index), "operand")


def _of_compare(node: ast.Compare, place: Place) -> Iterator[Raw]:
    for index, operator in enumerate(node.ops):
        for kind, becomes in COMPARED[type(operator)]:
            yield kind, _said(node), SIGNS[type(becomes)], Place(node, "ops", index), becomes
    if len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
        yield from _elements_left_out(node.comparators[0], Place(node, "comparators", 0))


def _of_unary(node: ast.UnaryOp, place: Place) -> Iterator[Raw]:
    if isinstance(node.op, ast.Not | ast.Invert):
        sign = "not" if isinstance(node.op, ast.Not) else "~"
        yield sign, _said(node), _said(node.operand), place, node.operand


def _of_binary(node: ast.BinOp | ast.AugAssign, place: Place) -> Iterator[Raw]:
    if isinstance(node.op, ast.BitOr | ast.BitAnd):
        becomes: ast.operator = ast.BitAnd() if isinstance(node.op, ast.BitOr) else ast.BitOr()
        yield "mask", _said(node), "&" if isinstance(becomes, ast.BitAnd) else "|", Place(node, "op"), becomes
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and _is_set(node.left, node.right):
        yield "difference", _said(node), _said(node.left), place, node.left


def _is_set(*sides: ast.expr) -> bool:
    return any(re.search(r"set\(|\{", _said(side)) for side in sides)


def _of_constant(node: ast.Constant, place: Place) -> Iterator[Raw]:
    keyword = place.parent.arg if isinstance(place.parent, ast.keyword) else None
    if isinstance(node.value, bool) and keyword not in NO_CONDITION:
        about = "" if isinstance(place.parent, ast.Return) else f" in {_said(place.parent)}"
        yield "constant", f"{node.value}{about}", str(not node.value), place, ast.Constant(not node.value)


def _of_call(node: ast.Call, place: Place) -> Iterator[Raw]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if isinstance(node.func, ast.Name) and name in SWAPPED:
        yield "any/all", _said(node), SWAPPED[name], Place(node, "func"), ast.Name(SWAPPED[name], ast.Load())
    if name in TRUE_OR_FALSE:
        yield "negation", _said(node), "not", place, _not(node)
    if name in NARROWING_FIRST:
        yield "query", _said(node), _said(node.args[0]), place, node.args[0]
    if not isinstance(node.func, ast.Attribute) and name != "Q":
        return
    if name in ("filter", "exclude") and node.keywords + node.args:  # type: ignore[operator]
        other = "exclude" if name == "filter" else "filter"
        yield "query", _said(node), other, Place(node.func, "attr"), other
    if name in NARROWING and isinstance(node.func, ast.Attribute):
        yield "query", f".{name}(…) of {_said(node)}", "nothing", place, node.func.value
    if name in QUERIES or name == "Q":
        yield from _of_query(node)


def _of_query(node: ast.Call) -> Iterator[Raw]:
    words = _said(node)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "get" and not node.keywords:
        return  # of a dictionary
    for index, argument in enumerate(node.args):
        rest = [other for number, other in enumerate(node.args) if number != index]
        yield "query", f"{_said(argument)} of {words}", "nothing", Place(node, "args"), rest
    for index, keyword in enumerate(node.keywords):
        if keyword.arg is None or keyword.arg in NO_CONDITION:
            continue
        others = [other for number, other in enumerate(node.keywords) if number != index]
        yield "query", f"{keyword.arg} of {words}", "nothing", Place(node, "keywords"), others
        for ending, becomes in LOOK_UPS.items():
            if keyword.arg.endswith(ending):
                arg = keyword.arg.removesuffix(ending) + becomes
                yield "boundary", f"{keyword.arg} of {words}", becomes, Place(keyword, "arg"), arg


def _of_expression(node: ast.Expr, place: Place) -> Iterator[Raw]:
    call = node.value
    if isinstance(call, ast.Call):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if CHECKS.match(name):
            yield "check", _said(call), "nothing", place, ast.Pass()


def _of_dictionary(node: ast.Dict, place: Place) -> Iterator[Raw]:
    """Each value becomes the next one that differs: which rule belongs to which key is a condition too."""
    values = [_said(value) for value in node.values]
    if not all(isinstance(value, ast.Attribute) for value in node.values):
        return
    for index, value in enumerate(values):
        other = next((place for place in range(len(values)) if values[place - len(values) + index] != value), None)
        if other is not None:
            new = node.values[other - len(values) + index]
            key = node.keys[index]
            words = f"{_said(key) if key is not None else '**'}: {value}"
            yield "table", words, _said(new), Place(node, "values", index), new


def _elements_left_out(node: ast.expr, place: Place) -> Iterator[Raw]:
    if not isinstance(node, ast.Tuple | ast.List | ast.Set) or not node.elts:
        return
    if not all(isinstance(one, ast.Attribute | ast.Constant | ast.Call | ast.Starred) for one in node.elts):
        return
    for index, element in enumerate(node.elts):
        rest = [other for number, other in enumerate(node.elts) if number != index]
        new: ast.expr
        if isinstance(node, ast.Set) and not rest:
            new = ast.Call(ast.Name("set", ast.Load()), [], [])
        else:
            new = type(node)(rest, ast.Load()) if not isinstance(node, ast.Set) else ast.Set(rest)
        words = _said(element) if len(_said(element)) < 80 else f"{_said(element)[:79]}…"
        yield "member", f"{words} of {_said(node)}", "nothing", place, new


def _of_collection(node: Any, place: Place) -> Iterator[Raw]:
    if all(isinstance(one, ast.Attribute | ast.Constant) for one in node.elts) and not any(
        isinstance(one, ast.Constant) and (not isinstance(one.value, str) or IS_SQL.search(one.value))
        for one in node.elts
    ):
        yield from _elements_left_out(node, place)


def _of_union(node: ast.BinOp, place: Place) -> Iterator[Raw]:
    if isinstance(node.op, ast.BitOr) and "Q(" not in _said(node):
        yield "member", f"{_said(node.right)} of {_said(node)}", "nothing", place, node.left
        yield "member", f"{_said(node.left)} of {_said(node)}", "nothing", place, node.right


def _of_sql(node: ast.Constant | ast.JoinedStr, place: Place) -> Iterator[Raw]:
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    if isinstance(place.parent, ast.JoinedStr):
        return
    sql = "".join(
        str(part.value) if isinstance(part, ast.Constant) else f"⟦{index}⟧" for index, part in enumerate(parts)
    )
    if not IS_SQL.search(sql):
        return

    def words_of(text: str) -> str:
        return re.sub(r"⟦(\d+)⟧", lambda found: f"{{{_said(parts[int(found.group(1))].value)}}}", text)  # type: ignore[attr-defined]

    about = re.search(r"FUNCTION public\.(\w+)", sql)
    for flip in sql_flips_of(sql):
        pieces = re.split(r"⟦(\d+)⟧", flip.text)
        values = [parts[int(piece)] if number % 2 else ast.Constant(piece) for number, piece in enumerate(pieces)]
        new = ast.JoinedStr(values) if isinstance(node, ast.JoinedStr) else ast.Constant(flip.text)
        words = f"{about.group(1)}: {words_of(flip.words)}" if about else words_of(flip.words)
        yield f"SQL {flip.kind}", words, words_of(flip.becomes), place, new


Kind = tuple[Any, Callable[[Any, Place], Iterator[Raw]]]
_FLIPS: list[Kind] = [
    (ast.If | ast.While | ast.IfExp | ast.Assert, _of_test),
    (ast.comprehension, _of_comprehension),
    (ast.BoolOp, _of_bool_op),
    (ast.Compare, _of_compare),
    (ast.UnaryOp, _of_unary),
    (ast.BinOp | ast.AugAssign, _of_binary),
    (ast.Constant, _of_constant),
    (ast.Call, _of_call),
    (ast.Expr, _of_expression),
    (ast.Dict, _of_dictionary),
]
_FLIPS_OF_CONSTANTS: list[Kind] = [
    (ast.Tuple | ast.List | ast.Set, _of_collection),
    (ast.BinOp, _of_union),
    (ast.Constant | ast.JoinedStr, _of_sql),
]
