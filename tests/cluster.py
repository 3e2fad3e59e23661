"""The databases of the suite: a template that the owner builds once, and a clone of it for whoever asks.

The suite connects as the serving role, which may create no database and empty no table. So the owner builds a
template (kept for the next run, under a name that changes with every migration and definition), each worker
clones it, and a test that commits gets a clone of its own in place of a flush.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import environ
import psycopg2
from psycopg2 import sql

ROOT = Path(__file__).resolve().parent.parent
CLUSTER_URL = "HARBOUR_TEST_CLUSTER_URL"
APP_URL = "DATABASE_URL"
OWNER_URL = "DATABASE_OWNER_URL"
APP, OWNER = "harbour_app", "harbour_owner"
TEMPLATE_PREFIX, CLONE_PREFIX = "harbour_template_", "harbour_test_"
# Everything that a fresh database is made from.
INGREDIENTS = (
    "*/migrations/*.py",
    "*/definitions/*.toml",
    "*/apps.py",
    "accounts/receivers.py",
    "accounts/services/database/*.py",
    "accounts/services/definitions.py",
    "requirements.lock",
)
LOCK = 7_042_011
FILLING = 7_042_012


@dataclass(frozen=True)
class Cluster:
    """Where the test server answers: for whoever may create databases, for the owner and for the serving role."""

    maker_url: str
    owner_url: str
    app_url: str

    @classmethod
    def from_environment(cls) -> Cluster | None:
        """The server that the environment names, or None."""
        maker = os.environ.get(CLUSTER_URL)
        if maker:
            return cls(maker, for_role(maker, OWNER), for_role(maker, APP))
        if os.environ.get(OWNER_URL) and os.environ.get(APP_URL):
            return cls(os.environ[OWNER_URL], os.environ[OWNER_URL], os.environ[APP_URL])
        return None


def for_database(url: str, name: str) -> str:
    """The same address, for another database."""
    parts = urlsplit(url)
    folder, _, _ = parts.path.rpartition("/")
    return urlunsplit(parts._replace(path=f"{folder}/{name}"))


def for_role(url: str, role: str) -> str:
    """The same address, for another role under the same password."""
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    _, colon, password = login.partition(":")
    return urlunsplit(parts._replace(netloc=f"{role}{colon}{password}@{host}"))


def settings_of(url: str) -> dict[str, Any]:
    """The address as Django's connection settings."""
    config = environ.Env.db_url_config(url)
    return {name: config.get(name, "") for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} | {
        "OPTIONS": config.get("OPTIONS", {})
    }


def connect(url: str) -> Any:
    """A plain connection that commits each statement by itself."""
    config = settings_of(url)
    parameters = {
        "dbname": config["NAME"],
        "user": config["USER"],
        "password": config["PASSWORD"],
        "host": config["HOST"],
        "port": config["PORT"],
        **config["OPTIONS"],
    }
    connection = psycopg2.connect(**{name: value for name, value in parameters.items() if value})
    connection.autocommit = True
    return connection


@contextlib.contextmanager
def cursor_of(url: str) -> Iterator[Any]:
    connection = connect(url)
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def fingerprint() -> str:
    """Changes whenever a fresh database would come out different."""
    digest = hashlib.sha256()
    for pattern in INGREDIENTS:
        for path in sorted(ROOT.glob(pattern)):
            if ".venv" in path.parts or "node_modules" in path.parts:
                continue
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def prepare_template(cluster: Cluster) -> str:
    """The name of the migrated template; built by the first worker that asks, while the others wait."""
    template = TEMPLATE_PREFIX + fingerprint()
    with cursor_of(for_database(cluster.maker_url, "postgres")) as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template])
        if cursor.fetchone() is None:
            _make_roles(cursor)
            _build(cluster, cursor, template)
    return template


def _make_roles(cursor: Any) -> None:
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = session_user")
    if not cursor.fetchone()[0]:
        return
    for role in (OWNER, APP):
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))


def _build(cluster: Cluster, cursor: Any, template: str) -> None:
    building = f"{template}_{secrets.token_hex(3)}"
    _create(cursor, building, template="template0")
    try:
        migrate(cluster, building)
    except RuntimeError:
        drop(cluster, building)
        raise
    cursor.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(template)))


def migrate(cluster: Cluster, name: str) -> None:
    """Run `migrate` as the owner, in a process of its own as in production."""
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity", "0"],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DATABASE_URL": for_database(cluster.owner_url, name),
        },
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"The database could not be migrated:\n{done.stdout}{done.stderr}")


def _create(cursor: Any, name: str, *, template: str) -> None:
    cursor.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template)
        )
    )
    # What is granted on a database as a whole does not come with the template.
    cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
    cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), sql.Identifier(APP)))


def prepare_filled(cluster: Cluster, template: str, fill: Callable[[str], str]) -> tuple[str, str]:
    """A database of this run that `fill(name)` has written into, and the note it returned.

    The first process that asks fills it, the others wait and clone what they find. It goes with the run.
    """
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    name = f"{CLONE_PREFIX}{run}_filled"
    with cursor_of(for_database(cluster.maker_url, "postgres")) as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [FILLING])
        cursor.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name])
        found = cursor.fetchone()
        if found is not None:
            return name, found[0]
        building = clone(cluster, template)
        note = fill(building)
        identifiers = sql.Identifier(building), sql.Identifier(name)
        cursor.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(identifiers[0], sql.Literal(note)))
        cursor.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*identifiers))
    return name, note


def clone(cluster: Cluster, template: str, *, empty: bool = False) -> str:
    """A new database like the template (or an empty one), named for this process. Returns its name."""
    name = f"{CLONE_PREFIX}{os.getpid()}_{secrets.token_hex(3)}"
    with cursor_of(for_database(cluster.maker_url, "postgres")) as cursor:
        _create(cursor, name, template="template0" if empty else template)
    return name


def drop(cluster: Cluster, name: str) -> None:
    """Remove a database, whoever is still connected to it where the server lets us.

    While the server's own vacuum is at it nobody may send it away: what is in use stays for `drop_leavings`.
    """
    with cursor_of(for_database(cluster.maker_url, "postgres")) as cursor:
        identifier = sql.Identifier(name)
        try:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))
        except psycopg2.errors.InsufficientPrivilege:
            with contextlib.suppress(psycopg2.errors.ObjectInUse):
                cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(identifier))


def drop_leavings(cluster: Cluster) -> None:
    """Remove the clones of processes that have ended. Templates stay: another working copy may be using them."""
    with cursor_of(for_database(cluster.maker_url, "postgres")) as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{CLONE_PREFIX}%"])
        names = [row[0] for row in cursor.fetchall()]
    for name in names:
        process = name.removeprefix(CLONE_PREFIX).split("_")[0]
        if not Path(f"/proc/{process}").exists():
            with contextlib.suppress(psycopg2.Error):
                drop(cluster, name)
