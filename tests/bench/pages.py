"""Real pages through the real web server, beside the least that Django can serve."""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import AccessEvent, User
from tests.bench.measuring import Row, processor_seconds
from tests.bench.worklists import page_of
from tests.bench.worlds import World

ROOT = Path(__file__).resolve().parent.parent.parent
QUERIES_AT_MOST = 8
BACKEND = "cases.backends.FileBackend"


class OverSocket(http.client.HTTPConnection):
    """A request over a Unix socket."""

    def __init__(self, address: Path) -> None:
        super().__init__("localhost")
        self.address = address

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.address))


@dataclass
class Web:
    """A web server with one worker, and the world it serves, if any."""

    process: subprocess.Popen
    address: Path
    world: World | None = None
    cookie: str = ""

    def get(self, path: str) -> bytes:
        """The body of a page. Raises AssertionError unless it was served."""
        connection = OverSocket(self.address)
        connection.request("GET", path, headers={"Host": "localhost", "Cookie": self.cookie})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status == 200, f"{path} answered {answer.status}"
        return body

    def milliseconds(self, path: str, times: int) -> float:
        """Processor time of one page, over so many: of the worker and of the database's processes that serve it."""
        before = self._spent()
        for _ in range(times):
            self.get(path)
        return (self._spent() - before) / times * 1000

    def _spent(self) -> float:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        spent = sum(processor_seconds(int(child)) or 0.0 for child in children)
        return spent + sum(processor_seconds(process) or 0.0 for process in self._server_processes())

    def _server_processes(self) -> list[int]:
        if self.world is None:
            return []
        self.world.database.use()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return [row[0] for row in cursor.fetchall()]


@contextmanager
def serving(application: str, world: World | None = None) -> Iterator[Web]:
    """gunicorn with one sync worker on a socket of its own, as `make run` starts it."""
    folder = Path(tempfile.mkdtemp(prefix="harbour-bench-"))
    address = folder / "web.sock"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.local", "BASE_URL": "http://localhost"}
    if world is not None:
        environment["DATABASE_URL"] = world.database.url
        environment.pop("DATABASE_OWNER_URL", None)
    command = [sys.executable, "-m", "gunicorn", application, "--no-control-socket", "--workers", "1"]
    with open(folder / "web.log", "w") as log:
        process = subprocess.Popen(
            [*command, "--bind", f"unix:{address}"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        until = time.monotonic() + 60
        while not address.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        assert address.exists(), (folder / "web.log").read_text()[-2000:]
        yield Web(process, address, world, signed_in(world) if world else "")
    finally:
        process.terminate()
        process.wait(timeout=30)


def signed_in(world: World) -> str:
    """The cookie of a session of the 90 % agency's worker."""
    world.database.use()
    user = User.objects.get(pk=world.viewers["ninety"].user_id)
    session = SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"harbour_session={session.session_key}"


def collect_static_files() -> None:
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.local"}, check=True)


def page_rows(small: World, large: World) -> Iterator[Row]:
    """The worklist and a child's file as a browser gets them; a page for each request in turn."""
    collect_static_files()
    worklist = reverse("cases:worklist")
    pages = {"worklist": worklist}
    for world in (small, large):
        world.database.use()
        pages[f"file {world.files}"] = reverse("cases:file", args=[page_of(world, "ninety").files[3].reference])
    with (
        serving("tests.bench.bare") as bare,
        serving("config.wsgi", large) as web,
        serving("config.wsgi", small) as few,
    ):
        file_page = has_page(web, pages[f"file {large.files}"])
        kinds = {"bare": (bare, "/"), "worklist": (web, worklist), "few": (few, worklist)}
        if file_page:
            kinds["file"] = (web, pages[f"file {large.files}"])
            kinds["few file"] = (few, pages[f"file {small.files}"])
        spent = measured(kinds)
        looks_written(web, worklist)
    page, file, few_files = (
        "worklist page through gunicorn",
        "the child's file through gunicorn",
        f"{small.files:,} files",
    )
    yield Row(f"{page}: throughput", spent["worklist"], "a bare Django view", spent["bare"], at_least=0.07, turned=True)
    yield Row(page, spent["worklist"], few_files, spent["few"], at_most=1.3)
    if file_page:
        yield Row(file, spent["file"], "the worklist page", spent["worklist"], at_most=3)
        yield Row(file, spent["file"], few_files, spent["few file"], at_most=1.3)


def measured(kinds: dict[str, tuple[Web, str]]) -> dict[str, float]:
    """Median processor time of each kind of page, taken in turn."""
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for web, path in kinds.values():
        web.milliseconds(path, 20)
    for _ in range(9):
        for kind, (web, path) in kinds.items():
            times[kind].append(web.milliseconds(path, 100 if kind == "bare" else 15))
    return {kind: statistics.median(found) for kind, found in times.items()}


def has_page(web: Web, path: str) -> bool:
    try:
        return bool(web.get(path))
    except AssertionError:
        return False


def looks_written(web: Web, path: str) -> None:
    """Raises unless each page leaves its line in the trail: a page without one would be no fair page."""
    assert web.world is not None
    web.world.database.use()
    before = AccessEvent.objects.filter(action="cases:worklist").count()
    for _ in range(3):
        web.get(path)
    assert AccessEvent.objects.filter(action="cases:worklist").count() == before + 3


def statements_of_page(world: World) -> list[str]:
    """The statements of one worklist page, middleware and all, without BEGIN and COMMIT."""
    world.database.use()
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(User.objects.get(pk=world.viewers["ninety"].user_id), backend=BACKEND)
    browser.get(reverse("cases:worklist"))
    connection.force_debug_cursor = True
    connection.queries_log.clear()
    try:
        answer = browser.get(reverse("cases:worklist"))
        assert answer.status_code == 200
        found = [query["sql"] for query in connection.queries]
    finally:
        connection.force_debug_cursor = False
    return [sql for sql in found if not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]
