"""Where code may stand and how long it may grow.

Seen to fail: a module called `helpers`; a function of 45 lines; a module of 400 code lines.
"""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("accounts", "cases", "risk", "missing", "referrals", "panels", "reporting")
NAMES = {
    "urls", "views", "api", "management", "receivers", "tasks", "forms", "presenters", "services", "selectors",
    "rules", "models", "choices", "apps", "migrations", "templatetags", "signals", "middleware", "checks", "backends",
    "adapter", "definitions", "__init__",
}  # fmt: skip
OF_AN_APP = {"risk": {"scoring"}, "reporting": {"measures"}, "cases": {"record", "access", "clocks", "sharing"}}
SOURCES = sorted(
    path
    for app in (*APPS, "config")
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.parts and "__pycache__" not in path.parts
)
MOST_LINES_OF_A_FUNCTION = 45
MOST_LINES_OF_A_MODULE = 400
# Runs before the environment exists, under the system's Python, and so has to be one file.
ONE_FILE = {"config/bootstrap.py"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("app", APPS)
def test_modules_have_the_known_names(app):
    folder = ROOT / app
    found = {path.stem for path in folder.glob("*.py")}
    found |= {path.name for path in folder.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert found <= NAMES | OF_AN_APP.get(app, set())


@pytest.mark.parametrize("part", ["record", "access", "clocks", "sharing"])
def test_parts_of_cases_have_the_known_names(part):
    folder = ROOT / "cases" / part
    found = {
        path.stem for path in folder.iterdir() if path.suffix == ".py" or (path.is_dir() and any(path.glob("*.py")))
    }
    assert found <= {"__init__", "services", "selectors", "rules", "models", "choices"}


QUIET = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING,
    tokenize.ENDMARKER,
}  # fmt: skip


def code_lines(text: str) -> set[int]:
    """The numbers of the lines with code on them: no blank lines, comments or docstrings."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in QUIET:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def long_functions(text: str) -> list[str]:
    lines = code_lines(text)
    return [
        f"{node.name}: {length}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := len(lines & set(range(node.lineno, (node.end_lineno or 0) + 1)))) >= MOST_LINES_OF_A_FUNCTION
    ]


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_modules_and_functions_stay_short(path):
    text = path.read_text(encoding="utf-8")
    assert long_functions(text) == []
    if named(path) not in ONE_FILE:
        assert len(code_lines(text)) < MOST_LINES_OF_A_MODULE


def test_a_long_module_and_a_long_function_would_be_noticed():
    assert code_lines('"""Words\nand words."""\n\n# why\nx = 1\ny = [\n    2,\n]\n') == {5, 6, 7, 8}
    body = "def long():\n" + "    x = 1\n" * 44
    assert long_functions(body) == ["long: 45"]
    assert long_functions(body.replace("    x = 1\n", "    # why\n", 1)) == []
