"""Finds where a page decides by somebody's role or sector, in Python by its syntax tree.

A page asks `viewer.may(…)`, `decide()` or a rule. To hand a role on to a rule, or to say what it is called, is no
decision; to compare it, to look it up in a set or a table, to ask the database by it, to call a method of it or to
stand it in a condition is. A role stays one under every name that pages give it: in a list, in a loop, as an argument
of another page's function, as what such a function gives back. Templates are read in `role_templates`.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

ONE = frozenset({"role", "role_key", "role_name", "sector", "get_role_display", "get_sector_display"})
SEVERAL = frozenset({"roles", "role_keys", "role_names", "sectors"})
ATTRIBUTES = ONE | SEVERAL
NAMES = frozenset({"ROLES", "RoleKey", "Sector"})
# What hands its argument on as it is: around a role it decides nothing, and hides nothing.
TRANSPARENT = frozenset(
    {"str", "repr", "bool", "len", "any", "all", "set", "frozenset", "list", "tuple", "sorted", "next", "getattr"}
    | {"map", "filter", "iter", "reversed", "enumerate", "zip", "chain", "dict", "Counter", "min", "max", "sum"}
)
GETTERS = frozenset({"attrgetter", "itemgetter", "methodcaller"})
# What says of a set, a text or a table how a role stands to it; and how the database is asked.
COMPARING = frozenset(
    {"issubset", "issuperset", "isdisjoint", "intersection", "difference", "symmetric_difference", "count", "index"}
    | {"startswith", "endswith", "find", "partition", "rpartition", "split", "removeprefix", "fnmatch", "search"}
    | {"intersection_update", "difference_update", "__contains__", "__eq__", "__and__", "get", "pop", "remove"}
)
ASKING = frozenset({"filter", "exclude", "get", "get_or_create", "update_or_create", "Q", "When", "get_object_or_404"})
KEEPING = frozenset({"add", "append", "update", "extend", "insert", "setdefault"})
ROLE_WORD = re.compile(r"role|sector")
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef
COMPREHENSIONS = ast.SetComp | ast.ListComp | ast.GeneratorExp
DISPLAYS = ast.Set | ast.List | ast.Tuple
# A test of these is a condition; an operator of those asks what two sets share.
TESTING = ast.If | ast.While | ast.IfExp | ast.Assert
SET_OPERATORS = ast.BitAnd | ast.BitXor | ast.Sub


def decisions(text: str) -> set[tuple[str, str]]:
    """Each function that decides by a role, or "" for the module, with the words of what it looks at."""
    return decisions_in({"": text})[""]


def decisions_in(texts: dict[str, str]) -> dict[str, set[tuple[str, str]]]:
    """The same for modules that call each other's functions, by their names."""
    trees = {name: ast.parse(text) for name, text in texts.items()}
    roles = Roles(trees)
    return {
        name: {(roles.function_of(node), ast.unparse(node)) for node in ast.walk(tree) if roles.decides(node)}
        for name, tree in trees.items()
    }


def query_field(name: str | None) -> bool:
    """Whether the name of a look-up goes by a role: `role`, `membership__role__in`."""
    return bool(set((name or "").split("__")) & ONE)


def names_in(target: ast.AST) -> Iterator[str]:
    """The names that an assignment gives, without those whose parts it changes."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Starred):
        yield from names_in(target.value)
    elif isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from names_in(part)


def bindings(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """What a node gives a name to, with what it is."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                yield from zip(target.elts, node.value.elts, strict=False)
            else:
                yield target, node.value
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield node.target, node.iter
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KEEPING:
        for value in node.args:
            yield node.func.value, value


def called(node: ast.Call) -> str:
    """The name by which a call calls, without what it is a method of."""
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def says_role(node: ast.AST) -> bool:
    """A word in quotation marks that names a role's attribute, or the way to it."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.split(".")[-1] in ATTRIBUTES


class Roles:
    """Which nodes of some modules hold somebody's role, under whatever name, and where something turns on one."""

    def __init__(self, trees: dict[str, ast.Module]) -> None:
        nodes = [node for tree in trees.values() for node in ast.walk(tree)]
        self.above = {child: node for node in nodes for child in ast.iter_child_nodes(node)}
        self.apps: dict[ast.AST, str] = {tree: name.partition("/")[0] for name, tree in trees.items()}
        self.functions: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = defaultdict(list)
        self.names: dict[ast.AST, set[str]] = defaultdict(set)
        self.returning: set[ast.AST] = set()
        for node in nodes:
            if isinstance(node, DEFINITIONS):
                self.functions[node.name].append(node)
            if isinstance(node, FUNCTIONS):
                self.names[node] |= {part.arg for part in ast.walk(node.args) if isinstance(part, ast.arg)} & ATTRIBUTES
        while self.learn(nodes):
            pass

    # Names

    def learn(self, nodes: list[ast.AST]) -> bool:
        """Whether one more reading found one more name for a role."""
        before = sum(map(len, self.names.values())) + len(self.returning)
        for node in nodes:
            for target, value in bindings(node):
                if self.holds(value):
                    self.names[self.scope_of(node)] |= set(names_in(target))
            if isinstance(node, ast.Return) and node.value is not None and self.holds(node.value):
                self.returning.add(self.scope_of(node))
            if isinstance(node, ast.Call):
                self.hand_over(node)
        return sum(map(len, self.names.values())) + len(self.returning) > before

    def hand_over(self, call: ast.Call) -> None:
        """An argument of a page's own function is a role where it is called with one."""
        for function in self.meant_by(call):
            takes = [part.arg for part in (*function.args.posonlyargs, *function.args.args)]
            if takes[:1] == ["self"]:
                takes = takes[1:]
            given = [*zip(takes, call.args, strict=False), *((word.arg, word.value) for word in call.keywords)]
            self.names[function] |= {name for name, value in given if name and self.holds(value)}

    def meant_by(self, call: ast.Call) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """The functions that a call can mean: those of its app, where one there has the name."""
        found = self.functions.get(called(call), [])
        return [function for function in found if self.app_of(function) == self.app_of(call)] or found

    def app_of(self, node: ast.AST) -> str:
        while node in self.above:
            node = self.above[node]
        return self.apps[node]

    def scope_of(self, node: ast.AST) -> ast.AST:
        while node in self.above:
            node = self.above[node]
            if isinstance(node, FUNCTIONS):
                break
        return node

    def function_of(self, node: ast.AST) -> str:
        while node in self.above:
            node = self.above[node]
            if isinstance(node, DEFINITIONS):
                return node.name
        return ""

    def is_named(self, node: ast.Name) -> bool:
        """Whether a name stands for a role here, in a function around it, or in the module."""
        scope: ast.AST = node
        while scope in self.above:
            scope = self.scope_of(scope)
            if node.id in self.names[scope]:
                return True
        return False

    def is_role(self, node: ast.AST) -> bool:
        """A role or sector of somebody, by its attribute, by a word that names it, or by a name that was given it."""
        if isinstance(node, ast.Attribute):
            return node.attr in ATTRIBUTES
        if isinstance(node, ast.Subscript):
            return says_role(node.slice)
        if isinstance(node, ast.Call):
            by_word = called(node) in GETTERS | {"getattr", "get"} and any(says_role(part) for part in node.args)
            return by_word or any(function in self.returning for function in self.meant_by(node))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            return node.id in NAMES or self.is_named(node)
        return False

    def holds(self, value: ast.AST) -> bool:
        """The role itself, through what hands it on: a call of a rule with it is the rule's answer."""
        if self.is_role(value):
            return not (isinstance(value, ast.Name) and value.id == "Sector")
        if isinstance(value, ast.Call):
            if isinstance(value.func, ast.Attribute) and self.holds(value.func.value):
                return True
            return called(value) in TRANSPARENT and any(self.holds(part) for part in value.args)
        if isinstance(value, DISPLAYS):
            return any(self.holds(part) for part in value.elts)
        if isinstance(value, COMPREHENSIONS):
            return self.holds(value.elt)
        if isinstance(value, ast.IfExp):
            return self.holds(value.body) or self.holds(value.orelse)
        if isinstance(value, ast.BinOp):
            return self.holds(value.left) or self.holds(value.right)
        if isinstance(value, ast.BoolOp):
            return any(self.holds(part) for part in value.values)
        if isinstance(value, ast.Starred | ast.NamedExpr | ast.Await):
            return self.holds(value.value)
        named = isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name) and value.value.id in NAMES
        return named and isinstance(value, ast.Attribute) and value.attr.isupper()

    # Decisions

    def decides(self, node: ast.AST) -> bool:
        """Whether something turns on a role here: on what a node holds, or by how it asks."""
        if isinstance(node, ast.keyword):
            asks = self.above[node]
            named = isinstance(asks, ast.Call) and (called(asks) in ASKING or "__" in (node.arg or ""))
            return named and query_field(node.arg)
        if isinstance(node, ast.Dict):
            return any(self.hidden_under(key, value) for key, value in zip(node.keys, node.values, strict=True))
        if isinstance(node, ast.MatchClass):
            return bool(set(node.kwd_attrs) & ATTRIBUTES)
        if isinstance(node, ast.MatchMapping):
            return any(says_role(key) for key in node.keys)
        return self.is_role(node) and self.is_decided_by(node)

    def hidden_under(self, key: ast.expr | None, value: ast.expr) -> bool:
        """Whether a dictionary asks for a role, or hands its key to a template under a word that does not say so."""
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            return False
        if "__" in key.value and query_field(key.value):
            return True
        as_key = not (isinstance(value, ast.Call) or (isinstance(value, ast.Attribute) and value.attr == "role_name"))
        return as_key and not ROLE_WORD.search(key.value) and self.holds(value)

    def is_decided_by(self, node: ast.AST) -> bool:
        """Whether something turns on it: compared, matched, looked up by, asked for a method, or a condition."""
        while node in self.above and not isinstance(node, ast.stmt):
            parent = self.above[node]
            if turns_on(parent, node):
                return True
            if isinstance(parent, FUNCTIONS) or not hands_on(parent, node):
                return False
            node = parent
        return False


def turns_on(parent: ast.AST, node: ast.AST) -> bool:
    if isinstance(parent, ast.Compare | ast.BoolOp):
        return True
    if isinstance(parent, ast.BinOp):
        return isinstance(parent.op, SET_OPERATORS)
    if isinstance(parent, ast.AugAssign):
        return isinstance(parent.op, SET_OPERATORS)
    if isinstance(parent, ast.UnaryOp):
        return isinstance(parent.op, ast.Not)
    if isinstance(parent, TESTING):
        return parent.test is node
    if isinstance(parent, ast.Match):
        return parent.subject is node
    if isinstance(parent, ast.comprehension):
        return node in parent.ifs
    if isinstance(parent, ast.match_case):
        return parent.guard is node
    if isinstance(parent, ast.Subscript):
        return parent.slice is node and not (isinstance(parent.value, ast.Name) and parent.value.id == "ROLES")
    if isinstance(parent, ast.Attribute):
        if parent.attr in COMPARING:
            return not (isinstance(node, ast.Name) and node.id in NAMES)
        # A method of a role. What `ROLES.items()`, `ROLES[key].name` and `Sector(key).label` say is no decision.
        made = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES
        return isinstance(node, ast.Attribute | ast.Call) and not made
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Attribute) and parent.func.attr in COMPARING and node in parent.args
    return False


def hands_on(parent: ast.AST, node: ast.AST) -> bool:
    """Whether what stands above still holds the role, and not what a rule made of it."""
    if isinstance(parent, ast.Call):
        return parent.func is node or called(parent) in TRANSPARENT
    return not isinstance(parent, ast.stmt) or isinstance(parent, TESTING | ast.Match | ast.AugAssign)
