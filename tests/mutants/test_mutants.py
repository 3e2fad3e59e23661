"""The mutator on small examples: which flips it makes, and that it tells a survivor from a kill."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.flips import flips_of
from tests.mutants.sql_flips import flips_of as sql_flips_of
from tests.mutants.targets import ROOT, read_explained, read_targets, strays


def names(source: str) -> list[str]:
    return [flip.name for flip in flips_of(ast.parse(source))]


@pytest.mark.parametrize(
    ("source", "flips"),
    [
        (
            "def f(a, b):\n    if a and not b:\n        return 1\n",
            {
                "f | condition | a and (not b) → not (…)",
                "f | condition | a and (not b) → never",
                "f | condition | a and (not b) → always",
                "f | and/or | a and (not b) → or",
                "f | operand left out | a → of a and (not b)",
                "f | operand | a → not (…)",
                "f | operand left out | not b → of a and (not b)",
                "f | not | not b → b",
            },
        ),
        (
            "def f(a) -> bool:\n    return a < 3\n",
            {"f | boundary | a < 3 → <=", "f | comparison | a < 3 → >="},
        ),
        ("def f(a) -> bool:\n    return a.is_open\n", {"f | return | a.is_open → not (…)"}),
        (
            "def f(rows):\n    return rows.filter(Q(end=None) | Q(end__gt=1), o=True)\n",
            {
                "f | query | rows.filter(Q(end=None) | Q(end__gt=1), o=True) → exclude",
                "f | query | Q(end=None) | Q(end__gt=1) of rows.filter(Q(end=None) | Q(end__gt=1), o=True) → nothing",
                "f | query | o of rows.filter(Q(end=None) | Q(end__gt=1), o=True) → nothing",
                "f | mask | Q(end=None) | Q(end__gt=1) → &",
                "f | query | end of Q(end=None) → nothing",
                "f | query | end__gt of Q(end__gt=1) → nothing",
                "f | boundary | end__gt of Q(end__gt=1) → __gte",
                "f | constant | True in o=True → False",
            },
        ),
        (
            "def f(a, roles):\n    check_words(a)\n    return max((r for r in roles if r.mask & a), default=0)\n",
            {
                "f | check | check_words(a) → nothing",
                "f | any/all | max((r for r in roles if r.mask & a), default=0) → min",
                "f | condition | r.mask & a → not (…)",
                "f | condition | r.mask & a → always",
                "f | mask | r.mask & a → |",
            },
        ),
        (
            "MAY = {'reader': Can.READ, 'writer': Can.WRITE}\nBOTH = READING | {Can.WRITE}\n",
            {
                "MAY | table | 'reader': Can.READ → Can.WRITE",
                "MAY | table | 'writer': Can.WRITE → Can.READ",
                "BOTH | member | {Can.WRITE} of READING | {Can.WRITE} → nothing",
                "BOTH | member | READING of READING | {Can.WRITE} → nothing",
                "BOTH | mask | READING | {Can.WRITE} → &",
                "BOTH | member | Can.WRITE of {Can.WRITE} → nothing",
            },
        ),
        (
            'HELD = f"SELECT 1 FROM t WHERE t.id = {key} AND NOT t.shut"\n',
            {
                "HELD | SQL comparison | t WHERE t.id = {key} AND NOT → = → <>",
                "HELD | SQL and/or | t.id = {key} AND NOT t.shut → AND → OR",
                "HELD | SQL not | = {key} AND NOT t.shut → NOT → nothing",
                "HELD | SQL operand left out | t.id = {key} → TRUE",
                "HELD | SQL operand left out | NOT t.shut → TRUE",
            },
        ),
    ],
)
def test_the_flips_of_a_piece_of_python(source, flips):
    assert set(names(source)) == flips


@pytest.mark.parametrize(
    ("sql", "texts"),
    [
        ("a = 1 AND b", {"a <> 1 AND b", "a = 1 OR b", "TRUE AND b", "a = 1 AND TRUE", "a = 1 AND NOT (b)"}),
        ("WHERE a <= %(at)s", {"WHERE a < %(at)s", "WHERE a > %(at)s", "WHERE TRUE"}),
        ("WHERE a IS NULL", {"WHERE a IS NOT NULL", "WHERE TRUE"}),
        ("WHERE NOT EXISTS (SELECT 1)", {"WHERE  EXISTS (SELECT 1)", "WHERE TRUE"}),
        ("CASE WHEN {shut} THEN 1 ELSE 0 END", {
            "CASE WHEN TRUE THEN 1 ELSE 0 END", "CASE WHEN FALSE THEN 1 ELSE 0 END",
            "CASE WHEN NOT ({shut}) THEN 1 ELSE 0 END",
        }),
        ("IF a IS DISTINCT FROM b THEN RETURN true; END IF;", {
            "IF a IS NOT DISTINCT FROM b THEN RETURN true; END IF;",
            "IF a IS DISTINCT FROM b THEN RETURN false; END IF;",
            "IF TRUE THEN RETURN true; END IF;", "IF FALSE THEN RETURN true; END IF;",
        }),
    ],
)  # fmt: skip
def test_the_flips_of_a_piece_of_sql(sql, texts):
    assert {flip.text for flip in sql_flips_of(sql)} == texts


def test_a_flip_is_named_by_what_it_says_and_never_twice():
    source = "def f(a):\n    if a:\n        return g(True)\n    return g(True)\n"
    again = "\n\n" + source
    assert names(source) == names(again)
    assert len(set(names(source))) == len(names(source))
    assert "f | constant | True in g(True) → False #2" in names(source)


def test_every_target_is_there_and_has_conditions():
    targets = read_targets(ROOT)
    assert len(targets) > 20
    assert [target.path for target in targets if not target.flips and not target.why] == []
    known = {f"{target.path} {flip.name}" for target in targets for flip in target.flips}
    assert strays(read_explained(), known) == []


RULE = """
LEAST = {"police", "health"}


def may(age, sector, *, blocked):
    if blocked:
        return False
    return age >= 18 and sector in LEAST
"""
TESTS = """
import pytest
import rule


@pytest.mark.parametrize(
    ("age", "sector", "blocked", "right"),
    [
        (17, "police", False, False),
        (19, "police", False, True),
        (19, "health", False, True),
        (19, "school", False, False),
        (19, "police", True, False),
    ],
)
def test_who_may(age, sector, blocked, right):
    assert rule.may(age, sector, blocked=blocked) is right
"""
SURVIVOR = "rule.py may | boundary | age >= 18 → >"
# The only test that would notice, and an hour goes by in it.
LONG_TEST = """
import time

real = time.monotonic


def test_eighteen_is_old_enough():
    time.monotonic = lambda: real() + 3600
    assert rule.may(18, "police", blocked=False)
"""


def run(folder: Path, survivors: str, *options: str, tests: str = TESTS) -> tuple[int, list[str]]:
    (folder / "rule.py").write_text(RULE)
    (folder / "test_rule.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "targets.toml").write_text('[[target]]\npath = "rule.py"\n')
    (folder / "survivors.toml").write_text(survivors)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-s", "-p", "tests.mutants.plugin", "-p", "no:django"),
            *("-p", "no:cacheprovider", "-c", str(folder / "pytest.ini"), "--mutant-root", str(folder)),
            *("--mutant-targets", str(folder / "targets.toml"), str(folder / "test_rule.py")),
            *("--mutant-survivors", str(folder / "survivors.toml"), *options),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    return done.returncode, [*done.stdout.splitlines(), *done.stderr.splitlines()]


def test_a_survivor_is_told_and_fails_the_run_until_it_is_explained(tmp_path):
    code, lines = run(tmp_path, "")
    assert code == 1, lines
    assert f"rule.py:8 survived: {SURVIVOR}" in lines
    told = next(line for line in lines if "mutants:" in line)
    assert told.startswith("12 mutants: 11 killed (0 of them timed out), 1 survived, 0 not judged, 1 of these"), told


@pytest.mark.parametrize(
    ("seconds", "result", "words"),
    [
        (60, f"rule.py:8 not judged: {SURVIVOR}", "11 killed (0 of them timed out), 0 survived, 1 not judged, 1 of"),
        (7200, None, "12 killed (0 of them timed out), 0 survived, 0 not judged, 0 of"),
    ],
)
def test_what_there_was_no_time_to_judge_is_no_survivor_and_no_kill(tmp_path, seconds, result, words):
    code, lines = run(tmp_path, "", "--mutant-seconds", str(seconds), tests=TESTS + LONG_TEST)
    assert code == (1 if result else 0), lines
    assert [line for line in lines if line.startswith("rule.py:")] == ([result] if result else [])
    assert next(line for line in lines if "mutants: " in line).startswith(f"12 mutants: {words} these not explained")
    apart = "Not judged: give them more --mutant-seconds, or a quicker test."
    assert (lines.index(apart) + 1 == lines.index(result)) if result else apart not in lines


def test_with_no_time_at_all_nothing_is_judged(tmp_path):
    code, lines = run(tmp_path, "", "--mutant-seconds", "0")
    assert code == 1
    assert "12 mutants: 0 killed (0 of them timed out), 0 survived, 12 not judged" in "\n".join(lines), lines
