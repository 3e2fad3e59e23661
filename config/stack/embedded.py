"""PostgreSQL and Valkey, started from the binaries of their Python packages."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from config.stack.places import Places, kept_secret, own_folder, prepare_places
from config.stack.processes import Group, StackError, as_user, say
from config.stack.watchdog import kill, processes, stat_fields

DATABASE = "harbour"
OWNER = "harbour_owner"
APP = "harbour_app"

# Names sort by a stored key; the built-in collation is the same on every machine.
INITDB = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8", "--encoding=UTF8"]
# What failed is logged; the statement and the row it failed on, which hold what is known of a child, are not.
WITHOUT_VALUES = {
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
}
SETTINGS = {
    **WITHOUT_VALUES,
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C.UTF-8",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "jit": "off",  # short queries: compiling them takes longer than running them
    "password_encryption": "scram-sha-256",
    # Passwords here are 50 random bytes: stretching them protects nothing and costs each connection.
    "scram_iterations": "1",
}
# Data that is thrown away may be lost; everything else stays as in production.
THROWN_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "max_wal_size": "256MB",  # it lies in memory, where there is room
}
MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it
ROOM_IN_MEMORY = 3 * 1024**3

# The superuser is reached only by the system user who runs the server; the product's roles by password.
ACCESS = "local all postgres peer map=service\nlocal all all scram-sha-256\n"

ROLES = """
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['{owner}', '{app}']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \\gexec
ALTER ROLE {owner} LOGIN NOSUPERUSER {createdb} NOCREATEROLE NOBYPASSRLS PASSWORD '{owner_password}';
ALTER ROLE {app} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD '{app_password}';
SELECT 'CREATE DATABASE {database} OWNER {owner}'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{database}') \\gexec
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT ON DATABASE {database} TO {app};
"""


@dataclass(frozen=True)
class Services:
    """Where the two services answer, and the variables that say so."""

    database_url: str
    database_owner_url: str
    redis_url: str

    @property
    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}

    @property
    def owner_environment(self) -> dict[str, str]:
        """For commands that create and alter tables; no serving process is given it."""
        return {**self.environment, "DATABASE_OWNER_URL": self.database_owner_url}


@contextlib.contextmanager
def services(folder: Path | None = None) -> Iterator[Services]:
    """PostgreSQL and Valkey for tests, in a folder thrown away with them, with a role that may create databases."""
    with thrown_away(folder) as (group, places):
        yield start_services(group, places, thrown_away=True)


@contextlib.contextmanager
def thrown_away(folder: Path | None = None, *, on_disk: bool = False) -> Iterator[tuple[Group, Places]]:
    """A group, and places whose database goes with it; a folder that the caller names stays.

    The database lies in memory where there is room for that of a suite; a large one is to lie on the disk.
    """
    var = Path(tempfile.mkdtemp(prefix="harbour-")) if folder is None else folder
    places = prepare_places(var)
    home = places.postgres_data.parent.parent
    leavings = [places.postgres_data.parent, places.sockets]
    leavings += [home] if home != var else []
    if folder is None and not on_disk and (memory := room_in_memory()) is not None:
        data = own_folder(Path(tempfile.mkdtemp(prefix="harbour-", dir=memory)), places.service_user)
        places = dataclasses.replace(places, postgres_data=data / "data")
        leavings.append(data)
    leavings += [var] if folder is None else []
    with Group(database=places.postgres_data, remove=leavings) as group:
        yield group, places


def room_in_memory() -> Path | None:
    """Where files are kept in memory, with room for a suite's databases: a clone is 1,500 files, and a disk is slow."""
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK | os.X_OK):
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free >= ROOM_IN_MEMORY else None


def start_services(group: Group, places: Places, *, thrown_away: bool = False) -> Services:
    database_url, owner_url = start_postgres(group, places, thrown_away=thrown_away)
    return Services(database_url, owner_url, start_valkey(group, places))


def start_postgres(group: Group, places: Places, *, thrown_away: bool = False) -> tuple[str, str]:
    """Starts PostgreSQL 18 with its two roles; returns the address for the one that serves and for the owner."""
    make_cluster(places, thrown_away=thrown_away)
    stop_leftover(places)
    user = places.service_user
    settings = SETTINGS | (THROWN_AWAY if thrown_away else {})
    command = [str(places.postgres_bin / "postgres"), "-D", str(places.postgres_data), "-k", str(places.sockets)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    postgres = group.start(
        "PostgreSQL",
        command,
        tier=1,
        stop=signal.SIGINT,  # "fast": ends open connections, then checkpoints
        grace=30,
        user=user,
        log=fresh_log(places, "postgres"),
        environment={"LC_ALL": "C.UTF-8", "TZ": "UTC"},
    )
    is_ready = [str(places.postgres_bin / "pg_isready"), "-q", "-h", str(places.sockets)]
    group.wait_until(lambda: subprocess.run(is_ready).returncode == 0, postgres, seconds=60)
    passwords = {role: kept_secret(places.var, f"{role}-password") for role in (OWNER, APP)}
    script = ROLES.format(
        owner=OWNER,
        app=APP,
        database=DATABASE,
        createdb="CREATEDB" if thrown_away else "NOCREATEDB",
        owner_password=passwords[OWNER],
        app_password=passwords[APP],
    )
    psql = [places.postgres_bin / "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", places.sockets, "-U", "postgres"]
    as_service_user(places, [*map(str, psql), "-d", "postgres"], "Preparing the database roles", given=script)
    return database_urls(places)


def database_urls(places: Places) -> tuple[str, str]:
    """The address for the role that serves and for the owner."""
    host = quote(str(places.sockets), safe="/")
    app, owner = (
        f"postgres://{role}:{kept_secret(places.var, f'{role}-password')}@/{DATABASE}?host={host}"
        for role in (APP, OWNER)
    )
    return app, owner


def make_cluster(places: Places, *, thrown_away: bool = False) -> None:
    """Makes the data folder beside its final name, so that a first start cut short leaves nothing half-made."""
    data = places.postgres_data
    if not (data / "PG_VERSION").exists():
        half = data.with_name("unfinished")
        shutil.rmtree(half, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)
        initdb = [str(places.postgres_bin / "initdb"), "-D", str(half), "-U", "postgres", "--auth=peer", *INITDB]
        initdb += ["--no-instructions", *(["--no-sync"] if thrown_away else [])]
        as_service_user(places, initdb, "Making the database")
        half.rename(data)
    runs_as = places.service_user.pw_name if places.service_user else pwd.getpwuid(os.geteuid()).pw_name
    (data / "pg_hba.conf").write_text(ACCESS)
    (data / "pg_ident.conf").write_text(f'service "{runs_as}" postgres\n')


def as_service_user(places: Places, command: list[str], what: str, *, given: str | None = None) -> None:
    done = subprocess.run(
        command,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": os.defpath},
        cwd=places.postgres_data.parent,
        **as_user(places.service_user),
    )
    if done.returncode:
        raise StackError(f"{what} failed:\n{done.stdout}")


def stop_leftover(places: Places) -> None:
    """Ends a server that outlived its supervisor, and removes a pid file that names no server of ours."""
    data = str(places.postgres_data)
    left = processes(lambda pid: working_folder(pid) == data)
    if left:
        say("==> Stopping a PostgreSQL that an earlier run left behind")
        children = set(left)
        for pid in left:
            if int(stat_fields(pid)[1]) not in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT)
        for _ in range(200):
            if not processes(lambda pid: pid in children):
                break
            time.sleep(0.05)
        kill(left)
    # Only the holder of our lock comes here: no other server can be using these.
    (places.postgres_data / "postmaster.pid").unlink(missing_ok=True)
    for stale in places.sockets.glob(".s.PGSQL.*"):
        stale.unlink(missing_ok=True)


def working_folder(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/cwd") if "postgres" in os.readlink(f"/proc/{pid}/exe") else ""
    except OSError:
        return ""


def start_valkey(group: Group, places: Places) -> str:
    """Starts the broker on a Unix socket: a doorbell that keeps nothing on disk."""
    path = places.sockets / "valkey.sock"
    path.unlink(missing_ok=True)
    folder = own_folder(places.sockets, places.service_user)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "save": "",
        "appendonly": "no",
        "maxmemory": "128mb",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    command: list[str | Path] = [places.valkey]
    for name, value in options.items():
        command += [f"--{name}", value]
    valkey = group.start("Valkey", command, tier=2, user=places.service_user, log=fresh_log(places, "valkey"))
    group.wait_until(lambda: answers(path), valkey, seconds=20)
    return f"redis+socket://{path}"


def answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def fresh_log(places: Places, name: str) -> Path:
    """This run's log; the last run's stays beside it."""
    path = places.logs / f"{name}.log"
    if path.exists():
        path.replace(places.logs / f"{name}.previous.log")
    path.touch(mode=0o600)
    return path
