"""Every check of the standing bar, one after another, the tests last."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from config.stack.processes import ROOT, Group, say

BIN = Path(sys.executable).parent
MANAGE = [sys.executable, str(ROOT / "manage.py")]
# The bar for two cores; what takes longer fails.
SECONDS_FOR_ALL = 20 * 60

STATIC: list[tuple[str, list[str]]] = [
    ("ruff: lint", [str(BIN / "ruff"), "check"]),
    ("ruff: format", [str(BIN / "ruff"), "format", "--check"]),
    ("mypy", [str(BIN / "mypy")]),
    ("import-linter: layers", [str(BIN / "lint-imports")]),
    ("djlint: templates", [str(BIN / "djlint"), "templates", "--lint", "--quiet"]),
]
# What production must be told, with values that only a check could use.
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "SECRET_KEY": "for-the-deployment-check-alone-0123456789-abcdefghijklmnopqrstuvwxyz",
    "ALLOWED_HOSTS": "harbour.example",
    "BASE_URL": "https://harbour.example",
    "DEFAULT_FROM_EMAIL": "harbour@harbour.example",
    "EMAIL_HOST": "mail.harbour.example",
    "PARTNERSHIP_NAME": "An Example Partnership",
    "PARTNERSHIP_AUTHORITIES": "Example Council",
    "DUTY_TELEPHONE": "01632 960 100",
    "OUT_OF_HOURS_TELEPHONE": "01632 960 199",
}
DJANGO: list[tuple[str, list[str], dict[str, str]]] = [
    ("Django: migrations match the models", [*MANAGE, "makemigrations", "--check", "--dry-run"], {}),
    ("Django: system check", [*MANAGE, "check", "--fail-level", "WARNING"], {}),
    ("Django: deployment check", [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
]
# In the order of their names: by default the files with few tests, the slow journeys, would come last and alone.
# Three at once on two cores: each waits for its database, its browser or its product a part of the time.
PYTEST = [sys.executable, "-m", "pytest", "-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]


def run_static_checks(group: Group) -> list[str]:
    return [name for name, command in STATIC if not passes(group, name, command, {})]


def run_all(group: Group, pytest_arguments: list[str]) -> int:
    """Runs everything even after a failure; pytest comes last, so that its closing line ends the output."""
    began = time.monotonic()
    failed = run_static_checks(group)
    failed += [name for name, command, given in DJANGO if not passes(group, name, command, given)]
    if failed:
        say(f"\n*** Failed so far: {', '.join(failed)}. The tests still run.")
    say(f"\n=== The checks took {time.monotonic() - began:.0f} s")
    heading("pytest")
    code = group.run("pytest", [*PYTEST, *pytest_arguments], seconds=SECONDS_FOR_ALL - (time.monotonic() - began))
    return code or bool(failed)


def heading(name: str) -> None:
    say(f"\n=== {name}")


def passes(group: Group, name: str, command: list[str], environment: dict[str, str]) -> bool:
    heading(name)
    began = time.monotonic()
    code = group.run(name, command, environment=environment)
    say(f"--- {name}: {'failed' if code else 'holds'} ({time.monotonic() - began:.0f} s)")
    return code == 0
