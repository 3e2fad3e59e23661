"""`make mutants`: runs the chosen tests once, notes which statement each of them reaches, and then once more against
every mutant, each in a process of its own that is forked from this one, two at a time.

A mutant is given the tests that reach its statement, quickest first, until one fails. Tests that would take longer than
`--mutant-seconds` together are not asked, and a mutant that only they could kill has not been judged: it counts as not
killed, and is told apart from survivors. A test that runs much longer than it did is stopped; that counts as killed,
and is said.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import json
import os
import signal
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import pytest
from _pytest.runner import runtestprotocol

from tests.mutants import mending
from tests.mutants.flips import Flip
from tests.mutants.targets import HERE, ROOT, Target, read_explained, read_targets, strays

AT_ONCE = 2
LEAST_KILLED = 0.99
# What measures time is no judge of a mutant.
NOT_ASKED = ("test_the_times_are_not_told_apart", "test_three_tenths_of_a_millisecond_would_be_told")
KILLED, TIMED_OUT, SURVIVED, BROKEN, NOT_REACHED = "killed", "timed out", "survived", "broken", "not reached"
# All tests that were asked passed, but not all that reach it were asked: there was no time for some.
NOT_JUDGED = "not judged"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mutants")
    group.addoption("--mutant-targets", default=str(HERE / "targets.toml"), help="what is flipped")
    group.addoption("--mutant-root", default=str(ROOT), help="the folder that the targets' paths start from")
    group.addoption("--mutant-survivors", default=str(HERE / "survivors.toml"), help="the survivors that are explained")
    group.addoption("--mutant-seconds", type=float, default=60.0, help="how long the tests of one mutant may take")
    group.addoption("--only", action="append", help="only mutants whose names have this in them; may be said again")
    group.addoption("--mutant-alone", default="", help="run the tests as they are, with the mutant of this name")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Run(config), "mutants")


@dataclass(frozen=True)
class Mutant:
    target: Target
    flip: Flip

    @property
    def name(self) -> str:
        return f"{self.target.path} {self.flip.name}"


@dataclass
class Told:
    """What became of one mutant."""

    mutant: Mutant
    result: str
    by: str = ""
    words: str = ""
    seconds: float = 0.0


@dataclass
class Known:
    """What one run of a test told: whether it passes, how long it took, what it reached."""

    seconds: dict[str, float] = field(default_factory=dict)
    reached: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """The tests that one mutant is given, in their order, and those that reach it and for which there is no time."""

    mutant: Mutant | None
    tests: list[pytest.Function]
    left_out: list[str] = field(default_factory=list)


class Run:
    """One run over all mutants, in place of pytest's own loop."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.root = Path(config.getoption("--mutant-root")).resolve()
        self.hits: set[tuple[str, int]] = set()
        self.of_modules: dict[str, set[tuple[str, int]]] = defaultdict(set)
        self.items: list[pytest.Function] = []
        self.told: list[Told] = []
        self.void = ""
        self.killers: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.out = os.dup(1)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        with contextlib.suppress(ImportError):
            from hypothesis import Phase, settings

            phases = (Phase.explicit, Phase.generate)
            settings.register_profile("mutants", deadline=None, database=None, derandomize=True, phases=phases)
            settings.load_profile("mutants")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Iterator[Any]:
        """What a module sets up once is reached by each of its tests."""
        if fixturedef.scope == "function":
            return (yield)
        before, self.hits = self.hits, set()
        try:
            return (yield)
        finally:
            self.of_modules[request.node.nodeid.split("::")[0]] |= self.hits
            self.hits |= before

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = [item for item in session.items if item.originalname not in NOT_ASKED]  # type: ignore[attr-defined]
        self.targets = read_targets(self.root, Path(self.config.getoption("--mutant-targets")))
        for target in self.targets:
            __import__(target.module)
        self.functions = mending.functions_in({target.file for target in self.targets})
        mending.find_caches(self.root)
        self.mutants = [Mutant(target, flip) for target in self.targets for flip in target.flips]
        self.database = Database(self.items)
        if alone := self.config.getoption("--mutant-alone"):
            return self._alone(alone)
        with silent():
            return self._judge()

    def _judge(self) -> bool:
        known = self._baseline()
        if known.failed:
            self.void = f"{len(known.failed)} tests fail with no mutant at all: {', '.join(known.failed[:5])}"
            return True
        only = self.config.getoption("--only") or [""]
        self.chosen = [mutant for mutant in self.mutants if any(words in mutant.name for words in only)]
        self._say(f"{len(self.items)} tests pass in {sum(known.seconds.values()):.0f} s; {len(self.chosen)} mutants")
        self.order = in_order(self.items, known)
        reaching = Reaching(self.targets, known)
        self._all(known, reaching)
        return True

    def _say(self, words: str) -> None:
        os.write(self.out, f"{words}\n".encode())

    def _alone(self, name: str) -> bool:
        """One mutant in this very process, for whoever wants to see what its tests say."""
        mutant = next(mutant for mutant in self.mutants if mutant.name == name)
        self._warm()
        with self.database.for_child() as database:
            self.database.serve(database)
            mending.put(
                self.targets, mutant.target, mutant.flip, self.functions, lambda sql: self.database.run(database, sql)
            )
            for item in self.items:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=self.items[0])
        return True

    def _warm(self) -> None:
        """Set the session's fixtures up."""
        self._run(self.items[0])

    def _run(self, item: pytest.Function, then: pytest.Function | None = None) -> tuple[bool, str]:
        item._initrequest()  # it may have run before
        item.funcargs = {}
        for report in runtestprotocol(item, nextitem=then or self.items[0], log=False):
            if report.failed:
                return False, str(getattr(report.longrepr, "reprcrash", report.longrepr))[:500]
        return True, ""

    def _baseline(self) -> Known:
        """Each test once as it is; the functions say meanwhile what is reached."""
        known = Known()
        setattr(builtins, mending.HIT, lambda path, line: self.hits.add((path, line)))
        trees = {target.path: mending.marked(target) for target in self.targets}
        for target in self.targets:
            mending.put_code(target, trees[target.path], self.functions)
        for index, item in enumerate(self.items):
            self.hits = set()
            began = time.monotonic()
            passed, words = self._run(item, self.items[(index + 1) % len(self.items)])
            known.seconds[item.nodeid] = time.monotonic() - began
            known.reached[item.nodeid] = self.hits
            if not passed:
                known.failed.append(item.nodeid)
                self._say(f"fails: {item.nodeid}: {words}")
        session = self.items[0].session
        session._setupstate.teardown_exact(session)  # nothing of a module: each process begins with another
        for item in self.items:
            known.reached[item.nodeid] |= self.of_modules[item.nodeid.split("::")[0]]
        for target in self.targets:
            mending.put_code(target, target.parse(), self.functions)
        return known

    def _all(self, known: Known, reaching: Reaching) -> None:
        children: dict[int, Child] = {}
        waiting = [self._asked(mutant, known, reaching) for mutant in self.chosen]
        waiting = [*self._controls(waiting), *waiting]
        waiting.reverse()
        gc.collect()
        gc.freeze()
        began = time.monotonic()
        while waiting or children:
            while waiting and len(children) < AT_ONCE:
                asked = waiting.pop()
                if asked.mutant is not None and not asked.tests:
                    self.told.append(weighed(Told(asked.mutant, NOT_REACHED), asked.left_out))
                    continue
                child = self._fork(asked, known)
                children[child.pid] = child
            if not children:
                break
            pid, status = os.wait()
            child = children.pop(pid)
            told = child.told(status)
            self.database.give_back(
                child.database, clean=told.result in (KILLED, SURVIVED) and not child.changes_database
            )
            if child.mutant is None:
                if told.result != SURVIVED:
                    self.void = f"Without a mutant a forked test does not pass: {told.by} {told.words}"
                    waiting.clear()
            else:
                told = weighed(told, child.left_out)
                self.told.append(told)
                self.killers[_place(told.mutant)][told.by] += 1
                self._follow(told, time.monotonic() - began)
        self.database.drop_all()

    def _follow(self, told: Told, seconds: float) -> None:
        """Say what survives as soon as it is known, and now and then how far it is."""
        if told.result not in (KILLED, TIMED_OUT) or len(self.told) % 100 == 0:
            words = told.words if told.result in (BROKEN, NOT_JUDGED) else ""
            count = f"{len(self.told)} of {len(self.chosen)} after {seconds:.0f} s"
            self._say(f"{count}: {told.result}: {told.mutant.name} {words}")

    def _controls(self, waiting: list[Asked]) -> list[Asked]:
        """Every test that is asked for some mutant, in a forked process with no mutant: half of them in each of two."""
        asked = {id(test) for one in waiting for test in one.tests}
        tests = [item for item in self.order if id(item) in asked]
        return [Asked(None, half) for half in (tests[0::2], tests[1::2]) if half]

    def _asked(self, mutant: Mutant, known: Known, reaching: Reaching) -> Asked:
        reached = reaching.tests(mutant)
        left = self.config.getoption("--mutant-seconds")
        asked = Asked(mutant, [])
        for item in self.order:
            if item.nodeid in reached and known.seconds[item.nodeid] <= left:
                left -= known.seconds[item.nodeid]
                asked.tests.append(item)
            elif item.nodeid in reached:
                asked.left_out.append(item.nodeid)
        return asked

    def _likely_first(self, mutant: Mutant | None, tests: list[pytest.Function]) -> list[pytest.Function]:
        """What has killed a neighbour is asked first; else the order stays."""
        if mutant is None:
            return tests
        killed = self.killers[_place(mutant)]
        return sorted(tests, key=lambda item: -killed[item.nodeid])

    def _fork(self, asked: Asked, known: Known) -> Child:
        mutant, tests = asked.mutant, self._likely_first(asked.mutant, asked.tests)
        self.database.leave()
        database = self.database.take()
        said = tempfile.TemporaryFile()  # noqa: SIM115 - not a pipe: nobody reads before the end, and it would fill
        writing = said.fileno()
        limits = [int(3 * known.seconds[item.nodeid]) + (10 if mutant is not None else 120) for item in tests]
        pid = os.fork()
        if pid:
            return Child(pid, mutant, database, said, time.monotonic(), asked.left_out)
        try:
            self._child(mutant, tests, limits, database, writing)
        except BaseException as error:  # nothing of the parent's may go on in here
            os.write(writing, json.dumps({"result": BROKEN, "words": repr(error)[:500]}).encode())
        finally:
            os._exit(0)

    def _child(
        self, mutant: Mutant | None, tests: list[pytest.Function], limits: list[int], database: str, writing: int
    ) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        self.database.serve(database)
        if mutant is not None:
            mending.put(
                self.targets, mutant.target, mutant.flip, self.functions, lambda sql: self.database.run(database, sql)
            )
        for index, item in enumerate(tests):
            os.write(writing, (json.dumps({"by": item.nodeid}) + "\n").encode())
            signal.alarm(limits[index])
            passed, words = self._run(item, tests[(index + 1) % len(tests)])
            signal.alarm(0)
            if not passed:
                os.write(writing, (json.dumps({"result": KILLED, "words": words}) + "\n").encode())
                return
        os.write(writing, (json.dumps({"result": SURVIVED, "by": ""}) + "\n").encode())

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.config.getoption("--mutant-alone"):
            return
        explained = read_explained(Path(self.config.getoption("--mutant-survivors")))
        lines, right = summary(self.told, explained, [mutant.name for mutant in getattr(self, "mutants", [])])
        if self.void:
            lines, right = [f"Void: {self.void}"], False
        for line in lines:
            self._say(line)
        self._write()
        session.exitstatus = pytest.ExitCode.OK if right else pytest.ExitCode.TESTS_FAILED

    def _write(self) -> None:
        rows = [{**vars(told), "mutant": told.mutant.name, "line": told.mutant.flip.line} for told in self.told]
        with contextlib.suppress(OSError):
            (self.root / "var").mkdir(exist_ok=True)
            (self.root / "var" / "mutants.json").write_text(json.dumps(rows, indent=1))


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """The log of so many requests is not to be read."""
    kept, nowhere = [os.dup(1), os.dup(2)], os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        for stream, before in zip((1, 2), kept, strict=True):
            os.dup2(before, stream)


def in_order(items: list[pytest.Function], known: Known) -> list[pytest.Function]:
    """Those that reach least first: a table of one rule says more of it than a page, and sooner. Of a test with many
    cases a few before the next few. Tests that share what their module sets up last, and together.
    """

    cases: Counter[str] = Counter()
    places = []
    for item in sorted(items, key=lambda item: known.seconds[item.nodeid]):
        test, reached = item.nodeid.split("[")[0], len(known.reached[item.nodeid]) // 10
        places.append((_shares(item), reached, cases[test] // 4, known.seconds[item.nodeid], item.nodeid, item))
        cases[test] += 1
    return [item for *_, item in sorted(places, key=lambda place: place[:5])]


def _place(mutant: Mutant) -> tuple[str, str]:
    return mutant.target.path, mutant.flip.owner


def _shares(item: pytest.Function) -> str:
    """Tests that share what their module sets up come last, and together."""
    defs = item._fixtureinfo.name2fixturedefs.values()
    shares = any(one.scope in ("module", "class") for found in defs for one in found)
    return item.nodeid.split("::")[0] if shares else ""


@dataclass
class Child:
    """A forked process and what it has said."""

    pid: int
    mutant: Mutant | None
    database: str
    said: IO[bytes]
    began: float
    left_out: list[str]

    @property
    def changes_database(self) -> bool:
        return (self.mutant is not None and "guards" in self.mutant.target.path) or (
            self.mutant is not None and self.mutant.flip.owner.endswith(mending.CONSTRAINTS)
        )

    def told(self, status: int) -> Told:
        with self.said as said:
            said.seek(0)
            lines = [json.loads(line) for line in said.read().splitlines() if line]
        whole: dict[str, str] = {}
        for line in lines:
            whole |= line
        seconds = time.monotonic() - self.began
        result = whole.get("result", BROKEN)
        if os.WIFSIGNALED(status):
            result = TIMED_OUT if os.WTERMSIG(status) == signal.SIGALRM else BROKEN
        return Told(self.mutant, result, whole.get("by", ""), whole.get("words", ""), seconds)  # type: ignore[arg-type]


def weighed(told: Told, left_out: list[str]) -> Told:
    """What passed its tests has survived only where all that reach it were asked."""
    if not left_out or told.result not in (SURVIVED, NOT_REACHED):
        return told
    words = f"no time for {len(left_out)} of the tests that reach it, such as {left_out[0]}"
    return replace(told, result=NOT_JUDGED, words=words)


class Reaching:
    """Which tests reach a mutant: its statement, or any function that reads the constant that it is in."""

    def __init__(self, targets: list[Target], known: Known) -> None:
        self.known = known
        self.readers = _readers(targets)
        self.of_function: dict[tuple[str, str], set[tuple[str, int]]] = _lines_of_functions(targets)
        self.by_line: dict[tuple[str, int], set[str]] = defaultdict(set)
        for nodeid, reached in known.reached.items():
            for hit in reached:
                self.by_line[hit].add(nodeid)

    def tests(self, mutant: Mutant) -> set[str]:
        target, flip = mutant.target, mutant.flip
        if flip.owner.endswith(mending.CONSTRAINTS):
            return set(self.known.reached)
        line = mending.statement_of(target, flip)
        if line is not None:
            found = self.by_line[target.path, line]
        elif target.tests:
            found = set(self.known.reached)
        else:
            found = set()
            if not self.readers[target.module, flip.owner]:  # it is read outside of what is flipped
                return set(self.known.reached)
            for owner in self.readers[target.module, flip.owner]:
                for hit in self.of_function.get(owner, set()):
                    found |= self.by_line[hit]
        return {nodeid for nodeid in found if nodeid.startswith(target.tests)}


def _lines_of_functions(targets: list[Target]) -> dict[tuple[str, str], set[tuple[str, int]]]:
    import ast

    from tests.mutants.flips import owners_of

    found = {}
    for target in targets:
        for name, owner in owners_of(target.parse()):
            if isinstance(owner, ast.FunctionDef):
                lines = {node.lineno for node in ast.walk(owner) if isinstance(node, ast.stmt)}
                found[target.module, name] = {(target.path, line) for line in lines}
    return found


def _readers(targets: list[Target]) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """For each constant of the targets the functions that read it, itself or by way of others and of classes."""
    import ast

    from tests.mutants.flips import names_of, owners_of

    uses: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)  # what is used: by what
    functions: set[tuple[str, str]] = set()
    for target in targets:
        tree = target.parse()
        imported = {
            alias.asname or alias.name: (node.module or "", alias.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }

        def used_in(node: ast.AST) -> set[tuple[str, str]]:
            names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            return {imported.get(name, (target.module, name)) for name in names}  # noqa: B023

        for name, owner in owners_of(tree):
            if isinstance(owner, ast.FunctionDef):
                functions.add((target.module, name))
                for used in used_in(owner):
                    uses[used].add((target.module, name))
            else:
                for used in used_in(owner):
                    for each in names_of(owner):
                        uses[used].add((target.module, each))
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                for used in used_in(node):
                    uses[used].add((target.module, node.name))
                methods = [part.name for part in node.body if isinstance(part, ast.FunctionDef)]
                bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
                for method in methods:
                    uses[target.module, node.name].add((target.module, f"{node.name}.{method}"))
                for base in bases:
                    uses[target.module, node.name] |= {
                        (target.module, name) for name, _ in owners_of(tree) if name.startswith(f"{base}.")
                    }
    found: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for target in targets:
        for name, owner in owners_of(target.parse()):
            if not isinstance(owner, ast.FunctionDef):
                seen, new = set(), {(target.module, each) for each in names_of(owner)}
                while new:
                    seen |= new
                    new = {by for one in new for by in uses[one]} - seen
                found[target.module, name] = seen & functions
    return found


class Database:
    """A clone of the template for each process; none where the tests need none."""

    def __init__(self, items: list[pytest.Function]) -> None:
        self.needed = any("cluster" in item._fixtureinfo.name2fixturedefs for item in items) or any(
            "db" in item.fixturenames or "django_db_setup" in item.fixturenames for item in items
        )
        self.free: list[str] = []
        self.item = items[0] if items else None

    def _cluster(self) -> Any:
        from tests import cluster as clusters

        found = clusters.Cluster.from_environment()
        assert found is not None
        return found

    def _template(self) -> str:
        from tests import cluster as clusters

        return clusters.prepare_template(self._cluster())

    def leave(self) -> None:
        """Before a fork: two processes on one connection would talk over each other."""
        if self.needed:
            from tests.conftest import close_all

            close_all()

    def take(self) -> str:
        if not self.needed:
            return ""
        from tests import cluster as clusters

        return self.free.pop() if self.free else clusters.clone(self._cluster(), self._template())

    def give_back(self, name: str, *, clean: bool) -> None:
        if not name:
            return
        if clean:
            self.free.append(name)
        else:
            self._drop(name)

    def _drop(self, name: str) -> None:
        from tests import cluster as clusters

        clusters.drop(self._cluster(), name)

    def drop_all(self) -> None:
        for name in self.free:
            self._drop(name)
        self.free = []
        if self.needed:
            from tests import cluster as clusters

            clusters.drop_leavings(self._cluster())

    @contextlib.contextmanager
    def for_child(self) -> Iterator[str]:
        name = self.take()
        self.leave()
        try:
            yield name
        finally:
            self.leave()
            self.give_back(name, clean=False)

    def serve(self, name: str) -> None:
        """Point this process at its database; what a test clones for itself is cloned from it, too."""
        if not name:
            return
        from tests import cluster as clusters
        from tests.conftest import serve_from

        serve_from(self._cluster(), name)
        before = clusters.clone

        def clone(cluster: Any, template: str, *, empty: bool = False) -> str:
            return before(cluster, template if empty else name, empty=empty)

        clusters.clone = clone

    def run(self, name: str, statement: str) -> None:
        """A statement of the owner's."""
        from psycopg2 import sql

        from tests import cluster as clusters

        cluster = self._cluster()
        with clusters.cursor_of(clusters.for_database(cluster.owner_url, name)) as cursor:
            cursor.execute("SELECT session_user")
            owner = sql.Literal(cursor.fetchone()[0])
            if "CREATE OR REPLACE FUNCTION" in statement:
                statement = sql.SQL(statement).format(owner=owner)
            cursor.execute(statement)


def summary(told: list[Told], explained: dict[str, str], names: list[str]) -> tuple[list[str], bool]:
    """The lines of the report, and whether the figure is reached and every survivor explained."""
    by_file: dict[str, Counter[str]] = defaultdict(Counter)
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for one in told:
        by_file[one.mutant.target.path][one.result] += 1
        by_kind[one.mutant.flip.kind][one.result] += 1
    lines = [*_table("file", by_file), "", *_table("kind", by_kind), ""]
    dead = sum(one.result in (KILLED, TIMED_OUT) for one in told)
    alive = [one for one in told if one.result not in (KILLED, TIMED_OUT)]
    unjudged = [one for one in alive if one.result == NOT_JUDGED]
    lines += _each([one for one in alive if one.result != NOT_JUDGED], explained)
    if unjudged:
        lines += ["", "Not judged: give them more --mutant-seconds, or a quicker test.", *_each(unjudged, explained)]
    astray = strays(explained, names)
    lines += [f"Explained, but no mutant: {name}" for name in astray]
    killed_all_the_same = sorted(
        set(explained) & {one.mutant.name for one in told} - {one.mutant.name for one in alive}
    )
    lines += [f"Explained, but killed: {name}" for name in killed_all_the_same]
    unexplained = [one for one in alive if one.mutant.name not in explained]
    part = dead / len(told) if told else 0.0
    lines.append(
        f"{len(told)} mutants: {dead} killed ({sum(one.result == TIMED_OUT for one in told)} of them timed out), "
        f"{len(alive) - len(unjudged)} survived, {len(unjudged)} not judged, "
        f"{len(unexplained)} of these not explained: {100 * part:.2f} % killed"
    )
    return lines, part >= LEAST_KILLED and not unexplained and not astray and not killed_all_the_same


def _each(alive: list[Told], explained: dict[str, str]) -> list[str]:
    """Two lines for each that was not killed: where it is and what it is called, and why that is right."""
    lines = []
    for one in alive:
        why = explained.get(one.mutant.name)
        lines.append(f"{one.mutant.target.path}:{one.mutant.flip.line} {one.result}: {one.mutant.name}")
        lines.append(f"    {why or 'NOT EXPLAINED'} {one.words}")
    return lines


def _table(head: str, rows: dict[str, Counter[str]]) -> list[str]:
    results = (KILLED, TIMED_OUT, SURVIVED, NOT_JUDGED, NOT_REACHED, BROKEN)
    wide = max([len(name) for name in rows] + [len(head)])
    lines = [f"{head:<{wide}} {'mutants':>8}" + "".join(f"{result:>12}" for result in results)]
    for name, counts in rows.items():
        lines.append(f"{name:<{wide}} {sum(counts.values()):>8}" + "".join(f"{counts[one]:>12}" for one in results))
    return lines
