"""The supervisor: nothing it starts outlives it, and each way a start can go wrong says what to do."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from config.stack import StackError, services
from config.stack.embedded import database_urls, start_postgres
from config.stack.places import kept_secret, prepare_places, take_lock
from config.stack.processes import Group, check_room
from config.stack.product import address_of, listen
from config.stack.watchdog import Watched, start_time, stat_fields

ROOT = Path(__file__).resolve().parent.parent.parent
# Set outside, these would name a database or an address for the stack under test.
OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "PORT", "HOST", "BASE_URL", "DJANGO_SETTINGS_MODULE")


def stack_environment(var: Path, **more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in OURS} | {"HARBOUR_VAR": str(var), **more}


def descendants(pid: int) -> dict[int, str]:
    """Every process below one, by number and start time: found by parenthood, as the supervisor itself never does."""
    parents = {int(each): stat_fields(int(each))[1:2] for each in filter(str.isdigit, os.listdir("/proc"))}
    found: dict[int, str] = {}
    below = {pid}
    while below:
        below = {child for child, parent in parents.items() if parent and int(parent[0]) in below} - found.keys()
        found |= {child: start_time(child) for child in below}
    return {child: started for child, started in found.items() if started}


def still_alive(family: dict[int, str], *, seconds: float = 15) -> list[int]:
    """Those of a family that have not gone within the time given."""
    began = time.monotonic()
    while True:
        left = [pid for pid, started in family.items() if start_time(pid) == started]
        if not left or time.monotonic() - began > seconds:
            return left
        time.sleep(0.05)


def wait_for(ready: Callable[[], bool], *, seconds: float = 60) -> None:
    began = time.monotonic()
    while not ready():
        assert time.monotonic() - began < seconds, "not ready in time"
        time.sleep(0.1)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path that the service user can enter, as pytest's own is closed to others."""
    made = Path(tempfile.mkdtemp(prefix="harbour-t-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


class Run:
    """`python -m config.stack run`, its output in a file."""

    def __init__(self, var: Path, output: Path, **environment: str) -> None:
        self.output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.stack", "run"],
                cwd=ROOT,
                stdout=file,
                stderr=file,
                env=stack_environment(var, **environment),
            )

    @property
    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def until_ready(self) -> None:
        wait_for(lambda: "Ctrl-C stops everything" in self.said or self.process.poll() is not None, seconds=300)
        assert self.process.poll() is None, self.said


def test_a_first_start_killed_then_a_second_start_and_ctrl_c(folder: Path) -> None:
    """The whole product twice in one folder, whose path is too long for a socket."""
    var = folder / ("a-folder-with-a-long-name-" * 4) / "var"
    var.mkdir(parents=True)
    var.parent.chmod(0o711)  # whatever the mask: the service user passes through
    user = {"username": "teacher", "password": "open sesame", "role": "Referrer", "agency": "Oakfield School"}
    (var / "demo-users.json").write_text(json.dumps([user]))

    sockets_before = list(Path(tempfile.gettempdir()).glob(f"harbour-{os.geteuid()}-*"))
    first = Run(var, folder / "first.txt")
    first.until_ready()
    family = descendants(first.process.pid)
    second_at_once = subprocess.run(
        [sys.executable, "-m", "config.stack", "run"],
        cwd=ROOT,
        env=stack_environment(var),
        capture_output=True,
        text=True,
    )
    first.process.kill()
    first.process.wait()

    assert len(family) >= 12  # watchdog, PostgreSQL and its own, Valkey, web and its two, worker and its two, beat
    assert still_alive(family) == []
    assert second_at_once.returncode == 1
    assert f"already running in {var}" in second_at_once.stdout
    assert "teacher   open sesame  Referrer  Oakfield School" in first.said

    second = Run(var, folder / "second.txt")
    second.until_ready()
    address = second.said.partition("Harbour is at http://")[2].partition("/ ")[0]
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("GET", "/healthz")
    status = connection.getresponse().status
    connection.close()
    family = descendants(second.process.pid)
    second.process.send_signal(signal.SIGINT)
    code = second.process.wait(40)

    assert status == 200
    assert code == 0
    assert still_alive(family, seconds=1) == []
    assert list(Path(tempfile.gettempdir()).glob(f"harbour-{os.geteuid()}-*")) == sockets_before
    # Quick because it does again nothing that is done.
    assert "Preparing static files" in first.said
    assert "Preparing static files" not in second.said
    assert "demo data" not in second.said


FAMILY = """
import signal, sys, time
from pathlib import Path
from config.stack.processes import Group, listen_for_stop, StopRequested
grandchildren = '''
import signal, subprocess, sys, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
time.sleep(600)
'''
listen_for_stop()
with Group() as group:
    group.start("stubborn", [sys.executable, "-c", grandchildren], tier=1, grace=0.5)
    print("started", flush=True)
    try:
        group.watch(lambda: None)
    except StopRequested as request:
        print(request, flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_process_that_ignores_every_request_goes_with_its_supervisor_and_so_do_its_children(number: int) -> None:
    supervisor = subprocess.Popen([sys.executable, "-c", FAMILY], cwd=ROOT, stdout=subprocess.PIPE)
    assert supervisor.stdout is not None
    assert supervisor.stdout.readline() == b"started\n"
    # The watchdog, the stubborn process, and its two children, one of them in a session of its own.
    wait_for(lambda: len(descendants(supervisor.pid)) == 4)
    family = descendants(supervisor.pid)

    supervisor.send_signal(number)
    supervisor.wait(10)
    supervisor.stdout.close()

    assert still_alive(family) == []


def test_a_process_asked_to_stop_is_given_its_time() -> None:
    patient = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print(1); time.sleep(60)"
    )
    with Group() as group:
        log = Path(tempfile.mkstemp()[1])
        process = group.start("patient", [sys.executable, "-u", "-c", patient], tier=1, log=log)
        group.wait_until(lambda: log.read_text() == "1\n", process, seconds=10)
    log.unlink()

    assert process.popen.returncode == 7


def test_later_tiers_stop_before_the_ones_they_stand_on(tmp_path: Path) -> None:
    order = tmp_path / "order"
    program = (
        "import signal, sys, time\n"
        "def end(*_):\n    open(sys.argv[1], 'a').write(sys.argv[2]); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(60)"
    )
    with Group() as group:
        for name, tier in (("database", 1), ("web", 3), ("broker", 2)):
            log = tmp_path / f"{name}.log"
            process = group.start(name, [sys.executable, "-c", program, order, f"{name} "], tier=tier, log=log)
            group.wait_until(lambda log=log: log.read_text() == "up\n", process, seconds=10)  # type: ignore[misc]

    assert order.read_text() == "web broker database "


def test_a_process_that_ends_by_itself_is_named_with_its_last_words(tmp_path: Path) -> None:
    with Group() as group:
        group.start("web", [sys.executable, "-c", "raise SystemExit('no such setting')"], tier=1, log=tmp_path / "log")

        with pytest.raises(StackError, match=r"web ended by itself with code 1\.\n +no such setting"):
            group.watch(lambda: None)


def test_a_number_used_again_by_another_process_is_not_signalled() -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    remembered = Watched(other.pid, "an earlier start", signal.SIGKILL, 0.1, 1, "gone")

    remembered.signal()

    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_database_folder_left_by_a_crash_starts_again(folder: Path) -> None:
    """A pid file that names a living process which is no server of ours, a socket's lock, a half-made data folder."""
    (folder / "postgres" / "unfinished").mkdir(parents=True)
    (folder / "postgres" / "data").mkdir()
    (folder / "postgres" / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n")
    (folder / "run").mkdir()
    (folder / "run" / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")

    with services(folder) as found, contextlib.closing(psycopg2.connect(found.database_url)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT current_user, current_setting('TimeZone'), 'é' < 'z', upper('é')")
        answer = cursor.fetchone()

    assert answer == ("harbour_app", "UTC", False, "É")
    assert not (folder / "postgres").exists()


def test_the_serving_role_owns_nothing_and_may_make_nothing(folder: Path) -> None:
    with services(folder) as found, contextlib.closing(psycopg2.connect(found.database_url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
            " FROM pg_roles WHERE rolname = current_user"
        )
        powers = cursor.fetchone()
        cursor.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()")
        owner = cursor.fetchone()
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("CREATE TABLE mine ()")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("SET ROLE harbour_owner")
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(
                found.database_owner_url.replace(
                    found.database_owner_url.split("@")[0], "postgres://harbour_owner:guess"
                )
            )
        sockets = Path(found.redis_url.removeprefix("redis+socket://")).parent
        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (sockets, *(folder / "secrets").iterdir())}

    assert powers == (False,) * 5
    assert owner == ("harbour_owner",)
    assert modes == {"run": "0o700", "harbour_owner-password": "0o600", "harbour_app-password": "0o600"}


def test_a_named_port_that_is_taken_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        run = Run(folder, folder / "output.txt", PORT=str(port))
        code = run.process.wait(20)

    assert code == 1
    assert f"Port {port} is taken by another program" in run.said
    assert not (folder / "postgres").exists()  # said before anything is started


def test_without_a_named_port_the_next_free_one_is_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PORT", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        monkeypatch.setattr("config.stack.product.FIRST_PORT", taken)
        with listen() as listener:
            address = address_of(listener)

    number = int(address.removeprefix("http://127.0.0.1:"))
    assert taken < number < taken + 10
    assert f"Port {taken} is taken by another program; using {number}" in capsys.readouterr().out


@pytest.mark.parametrize("port", ["http", "-1", "65536", "80 80"])
def test_a_port_that_is_no_port_is_refused(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PORT", port)

    with pytest.raises(StackError, match="must be a number below 65536"):
        listen()


def test_an_outside_database_needs_both_of_its_addresses(folder: Path) -> None:
    run = Run(folder, folder / "output.txt", DATABASE_URL="postgres://app@db.example/harbour")

    assert run.process.wait(20) == 1
    assert "DATABASE_OWNER_URL is not set" in run.said


def test_a_full_disk_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"The disk that holds .* has \d+ MB left"):
        check_room(tmp_path, megabytes=10**9)


def test_a_start_waits_for_the_leavings_of_a_killed_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lock of a killed supervisor is held by its watchdog until all it started has stopped."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    (tmp_path / "stack.lock").write_text(f"{ended.pid} http://127.0.0.1:8000")
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl, sys, time; f = open(sys.argv[1], 'r+'); fcntl.flock(f, 2);"
            "print(1, flush=True); time.sleep(1)",
            tmp_path / "stack.lock",
        ],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()

    lock = take_lock(tmp_path)

    assert "waiting until what it started has stopped" in capsys.readouterr().out
    assert (tmp_path / "stack.lock").read_text() == str(os.getpid())
    with pytest.raises(BlockingIOError), (tmp_path / "stack.lock").open() as again:
        fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(lock)
    holder.wait()
    holder.stdout.close()


def test_a_secret_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    first, again = kept_secret(tmp_path, "secret-key"), kept_secret(tmp_path, "secret-key")

    assert first == again
    assert len(first) >= 50
    assert (tmp_path / "secrets" / "secret-key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's database runs under that user, in its own folder")
def test_in_a_checkout_that_only_root_may_enter_the_database_lives_elsewhere_until_reset(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.chmod(0o700)
    var = folder / "var"
    places = prepare_places(var)
    home = places.postgres_data.parent.parent
    # The environment too may lie where only root enters: then copies of its programs run.
    monkeypatch.setattr("config.stack.places.runs", lambda user, program: False)
    with services(var) as found, contextlib.closing(psycopg2.connect(found.database_url)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT current_user")
        answer = cursor.fetchone()
        was_there = (home / "postgres" / "data" / "PG_VERSION").exists()

    reset = [sys.executable, "-m", "config.stack", "reset"]
    subprocess.run(reset, cwd=ROOT, env=stack_environment(var), check=True, capture_output=True)

    assert home.parent == Path("/var/lib/harbour")
    assert answer == ("harbour_app",)
    assert was_there
    assert not home.exists()
    assert not var.exists()


def test_data_is_backed_up_at_rest_and_comes_back_after_a_reset(folder: Path) -> None:
    var, backup = folder / "var", folder / "backup"
    made = "CREATE TABLE kept AS SELECT generate_series(1, 7) AS number"

    def stack(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "config.stack", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=stack_environment(var), capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    with Group() as group:
        start_postgres(group, prepare_places(var))
        with contextlib.closing(psycopg2.connect(database_urls(prepare_places(var))[1])) as connection:
            connection.cursor().execute(made)
            connection.commit()
    answers = [
        stack("backup", str(backup)),
        stack("reset"),
        (0, str(var.exists())),
        stack("restore", str(backup)),
        stack("restore", str(backup)),
    ]

    assert [code for code, _ in answers] == [0, 0, 0, 0, 1]
    assert "Backed up 7 rows of 1 tables" in answers[0][1]
    assert answers[2][1] == "False"
    assert "Restored 7 rows of 1 tables into harbour" in answers[3][1]
    assert "has tables already" in answers[4][1]


def test_a_socket_folder_that_somebody_else_prepared_is_refused(folder: Path) -> None:
    long = folder / ("x" * 100)
    places = prepare_places(long)
    places.sockets.chmod(0o755)

    with pytest.raises(StackError, match="is not a private folder of ours"):
        prepare_places(long)
    places.sockets.rmdir()
