"""The suite runs as the serving role, on a clone of a database that the owner has built.

Ordinary tests (`@pytest.mark.django_db`) roll back; the alias `audit` is then the same connection as `default`.
Tests that commit (`django_db(transaction=True)`) get a database of their own, where `audit` is a second
connection as in production.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pghistory
import pghistory.runtime
import pytest
from django.db import connection, connections, transaction
from django.test import Client
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from accounts.models import User
from accounts.rules.viewers import Viewer
from tests import cluster as clusters
from tests.factories.world import World, make_world

pytest_plugins: list[str] = []
# No test is timed: on a busy machine an example takes as long as it takes.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
ALIASES = ("default", "audit")
# The browser of the journeys leaves an event loop running in its worker, and Django would then take every later
# test of that worker for one that blocks a server.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
STARTED = pytest.StashKey[contextlib.ExitStack]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """With several workers the first process starts the server, and hands its address down."""
    several = getattr(session.config.option, "dist", "no") != "no"
    if several and not hasattr(session.config, "workerinput"):
        session.config.stash[STARTED] = contextlib.ExitStack()
        start_cluster(session.config.stash[STARTED])


def pytest_sessionfinish(session: pytest.Session) -> None:
    if STARTED in session.config.stash:
        session.config.stash[STARTED].close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a test says it went over: a scan of nothing would pass too."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name == "scanned":
                terminalreporter.write_line(f"Scanned: {value}")


# What takes longest begins first, so that the others wait for it beside work of their own, not at the end.
JOURNEYS = "tests/journeys"
BEGINS = (f"{JOURNEYS}/test_pages.py", JOURNEYS, "tests/access/test_pages.py", "tests/architecture/test_stack.py")


def taken_together(nodeid: str) -> str:
    """What one worker runs without another: a file; and, as each starts the product and a browser, all journeys but
    the longest."""
    file = nodeid.split("::")[0]
    return JOURNEYS if file.startswith(JOURNEYS) and file not in BEGINS else file


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def turn(item: pytest.Item) -> int:
        part = taken_together(item.nodeid)
        return BEGINS.index(part) if part in BEGINS else len(BEGINS)

    items.sort(key=turn)


class ByPart(LoadFileScheduling):
    """`--dist loadfile`, with the journeys as one file."""

    def _split_scope(self, nodeid: str) -> str:
        return taken_together(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByPart | None:
    return ByPart(config, log) if config.getvalue("dist") == "loadfile" else None


def start_cluster(stack: contextlib.ExitStack) -> clusters.Cluster:
    """The server that the environment names, or one of our own for as long as the suite runs."""
    found = clusters.Cluster.from_environment()
    if found is None:
        from config.stack import services

        started = stack.enter_context(services())
        os.environ.update(started.owner_environment)
        found = clusters.Cluster.from_environment()
        assert found is not None
    return found


@pytest.fixture(scope="session")
def cluster() -> Iterator[clusters.Cluster]:
    """The database server of the suite."""
    with contextlib.ExitStack() as stack:
        found = start_cluster(stack)
        clusters.drop_leavings(found)
        yield found


@pytest.fixture(scope="session")
def template(cluster: clusters.Cluster) -> str:
    """The name of the migrated database that others are cloned from."""
    return clusters.prepare_template(cluster)


def serve_from(cluster: clusters.Cluster, name: str) -> None:
    """Point both aliases at a database, as the serving role."""
    for alias in ALIASES:
        connections.settings[alias].update(clusters.settings_of(clusters.for_database(cluster.app_url, name)))


def serve_as_owner(cluster: clusters.Cluster, name: str) -> None:
    """Point both aliases at a database, as the owner, who alone may fill it with a demo."""
    for alias in ALIASES:
        connections.settings[alias].update(clusters.settings_of(clusters.for_database(cluster.owner_url, name)))


def close_all() -> None:
    for alias in ALIASES:
        connections[alias].close()


@pytest.fixture(scope="session")
def django_db_setup(cluster: clusters.Cluster, template: str, django_db_blocker: Any) -> Iterator[None]:
    """This worker's own database, for tests that roll back."""
    name = clusters.clone(cluster, template)
    serve_from(cluster, name)
    yield
    with django_db_blocker.unblock():
        close_all()
    clusters.drop(cluster, name)


@pytest.fixture
def _django_db_helper(
    request: pytest.FixtureRequest,
    django_db_setup: None,
    cluster: clusters.Cluster,
    template: str,
    django_db_blocker: Any,
) -> Iterator[None]:
    """In place of pytest-django's: a test that commits gets a fresh clone, never a flush."""
    marker = request.node.get_closest_marker("django_db")
    commits = bool(marker and marker.kwargs.get("transaction")) or "transactional_db" in request.fixturenames
    with django_db_blocker.unblock(), committing(cluster, template) if commits else rolling_back():
        yield


@contextlib.contextmanager
def committing(cluster: clusters.Cluster, template: str) -> Iterator[None]:
    shared = connection.settings_dict["NAME"]
    close_all()
    name = clusters.clone(cluster, template)
    serve_from(cluster, name)
    try:
        yield
    finally:
        close_all()
        serve_from(cluster, shared)
        clusters.drop(cluster, name)


@contextlib.contextmanager
def rolling_back() -> Iterator[None]:
    second = connections["audit"]
    connections["audit"] = connections["default"]
    block = transaction.atomic(using="default")
    block._from_testcase = True  # a durable block inside is then allowed, as Django's own test case does
    block.__enter__()
    try:
        yield
        if not connection.needs_rollback and connection.is_usable():
            connection.check_constraints()
    finally:
        transaction.set_rollback(True)
        block.__exit__(None, None, None)
        connections["audit"] = second


@pytest.fixture(scope="module")
def standing(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """For what a module sets up once: each of its tests works within a savepoint, and leaves it as it found it."""
    with django_db_blocker.unblock(), rolling_back():
        yield


def in_the_name_of_the_suite() -> contextlib.AbstractContextManager[Any]:
    return pghistory.context(user=0, membership=None, request="", reason="set up by a test")


@pytest.fixture(autouse=True)
def ambient_history() -> Iterator[None]:
    """What a test sets up is written in the name of the suite; requests of `client_as` bring their own context."""
    with in_the_name_of_the_suite():
        yield


@contextlib.contextmanager
def outside_history() -> Iterator[None]:
    """As if nobody had said who is writing: what a request, a command or a task must do for itself."""
    ambient = pghistory.runtime._tracker.__dict__.pop("value", None)
    hooks = connection.execute_wrappers[:]
    connection.execute_wrappers[:] = [hook for hook in hooks if hook is not pghistory.runtime._inject_history_context]
    try:
        if connection.in_atomic_block:  # a rolled-back test is one transaction, which remembers the last context
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('pghistory.context_id', '', true), "
                    "set_config('pghistory.context_metadata', '', true)"
                )
        yield
    finally:
        connection.execute_wrappers[:] = hooks
        if ambient is not None:
            pghistory.runtime._tracker.value = ambient


@pytest.fixture
def without_history() -> Callable[[], contextlib.AbstractContextManager[None]]:
    """A context manager under which writes carry no context unless the code under test gives one."""
    return outside_history


class HonestClient(Client):
    """Django's test client, whose requests do not borrow the history context of the test around them."""

    def request(self, **request: Any) -> Any:
        with outside_history():
            return super().request(**request)


@pytest.fixture
def client() -> HonestClient:
    """Somebody who has not signed in."""
    return HonestClient()


@pytest.fixture
def at(db: None) -> datetime:
    """The instant of this test, by the database's clock."""
    from accounts.selectors import now

    return now()


@pytest.fixture
def world(db: None) -> World:
    """Agencies, function groups, and one person for each role; no child."""
    return make_world()


@pytest.fixture
def viewer(world: World) -> Callable[[str], Viewer]:
    """`viewer("keyworker")`: the viewer of a named person, or of the person who holds a role."""
    return world.viewer


@pytest.fixture
def client_as(world: World) -> Callable[[str | User], HonestClient]:
    """`client_as("triage")`: a browser in which a named person has signed in."""

    def signed_in(person: str | User) -> HonestClient:
        browser = HonestClient()
        user = person if isinstance(person, User) else world.user(person)
        browser.force_login(user, backend="cases.backends.FileBackend")
        return browser

    return signed_in
