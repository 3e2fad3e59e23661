"""Finds where a page decides by somebody's role or sector, in Python by its syntax tree and in templates by their tags.

A page asks `viewer.may(…)`, `decide()` or a rule. To hand a role on to a rule, or to say what it is called, is no
decision; to compare it, to look it up in a set or a table, to call a method of it or to stand it in a condition is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

ATTRIBUTES = frozenset({"role", "role_key", "role_name", "sector", "get_role_display", "get_sector_display"})
NAMES = frozenset({"ROLES", "RoleKey", "Sector"})
# What hands its argument on as it is: around a role it decides nothing, and hides nothing.
TRANSPARENT = frozenset(
    {"str", "repr", "bool", "len", "any", "all", "set", "frozenset", "list", "tuple", "sorted", "next", "getattr"}
)
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def decisions(text: str) -> set[tuple[str, str]]:
    """Each function that decides by a role, or "" for the module, with the words of what it looks at."""
    tree = ast.parse(text)
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    return {
        (function_of(node, above), ast.unparse(node))
        for node in ast.walk(tree)
        if is_role(node, above) and is_decided_by(node, above)
    }


def function_of(node: ast.AST, above: dict[ast.AST, ast.AST]) -> str:
    while node in above:
        node = above[node]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return node.name
    return ""


def is_role(node: ast.AST, above: dict[ast.AST, ast.AST]) -> bool:
    """A role or sector of somebody, by its attribute, by `getattr`, or by a name that was given it."""
    if isinstance(node, ast.Attribute):
        return node.attr in ATTRIBUTES
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
        return any(isinstance(part, ast.Constant) and part.value in ATTRIBUTES for part in node.args)
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
        return False
    return node.id in NAMES or node.id in called(scope_of(node, above))


def scope_of(node: ast.AST, above: dict[ast.AST, ast.AST]) -> ast.AST:
    while node in above:
        node = above[node]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            break
    return node


def called(scope: ast.AST) -> set[str]:
    """The names under which a function holds a role: its arguments that say so, and what it assigns from one."""
    names: set[str] = set()
    if isinstance(scope, FUNCTIONS):
        names |= {part.arg for part in ast.walk(scope.args) if isinstance(part, ast.arg)} & ATTRIBUTES
    for node in ast.walk(scope):
        names |= {name for target, value in bindings(node) if value_is_role(value) for name in names_in(target)}
    return names


def bindings(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                yield from zip(target.elts, node.value.elts, strict=False)
            else:
                yield target, node.value
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield node.target, node.value


def value_is_role(value: ast.AST) -> bool:
    """The role itself, through what hands it on: a call of a rule with it is the rule's answer."""
    if isinstance(value, ast.Call):
        if not isinstance(value.func, ast.Name) or value.func.id not in TRANSPARENT:
            return isinstance(value.func, ast.Attribute) and value_is_role(value.func.value)
        return any(
            value_is_role(part) or (isinstance(part, ast.Constant) and part.value in ATTRIBUTES) for part in value.args
        )
    return isinstance(value, ast.Attribute) and value.attr in ATTRIBUTES


def names_in(target: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def is_decided_by(node: ast.AST, above: dict[ast.AST, ast.AST]) -> bool:
    """Whether something turns on a node: it is compared, matched, looked up by, asked for a method, or a condition."""
    while node in above and not isinstance(node, ast.stmt):
        parent = above[node]
        if turns_on(parent, node):
            return True
        if isinstance(parent, FUNCTIONS) or not hands_on(parent, node):
            return False
        node = parent
    return False


def turns_on(parent: ast.AST, node: ast.AST) -> bool:
    if isinstance(parent, ast.Compare | ast.BoolOp):
        return True
    if isinstance(parent, ast.UnaryOp):
        return isinstance(parent.op, ast.Not)
    if isinstance(parent, ast.If | ast.While | ast.IfExp | ast.Assert):
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
        # A method of a role. What `ROLES.items()`, `ROLES[key].name` and `Sector(key).label` say is no decision.
        made = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES
        return isinstance(node, ast.Attribute | ast.Call) and not made
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Attribute) and parent.func.attr == "get" and node in parent.args
    return False


def hands_on(parent: ast.AST, node: ast.AST) -> bool:
    """Whether what stands above still holds the role, and not what a rule made of it."""
    if isinstance(parent, ast.Call):
        return parent.func is node or (isinstance(parent.func, ast.Name) and parent.func.id in TRANSPARENT)
    return not isinstance(parent, ast.stmt) or isinstance(parent, ast.If | ast.While | ast.Assert | ast.Match)


# Templates

TAG = re.compile(r"{%-?\s*(\w+)\b(.*?)-?%}", re.S)
OUTPUT = re.compile(r"{{(.*?)}}", re.S)
WORD = re.compile(r"\b(?:role|role_key|role_name|sector|get_role_display|get_sector_display)\b")
CONDITIONS = frozenset({"if", "elif", "with", "ifchanged", "firstof", "regroup", "for"})


def decisions_in_template(text: str) -> set[str]:
    """Each condition of a template that speaks of a role, and each filter that is put on one."""
    words = re.sub(r"{#.*?#}|{%\s*comment\b.*?endcomment\s*%}", "", text, flags=re.S)
    found = {
        said.strip() for tag, said in TAG.findall(words) if tag in CONDITIONS and WORD.search(without_strings(said))
    }
    found |= {said.strip() for said in OUTPUT.findall(words) if "|" in said and WORD.search(without_strings(said))}
    return found


def without_strings(said: str) -> str:
    """What a tag asks, without the words in quotation marks that it only says."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", "", said)
