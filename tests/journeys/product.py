"""The whole product for the journeys: web, worker and beat under the supervisor, on a database of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import cluster as clusters
from tests.factories.providers import RunningProvider, running_provider

ROOT = Path(__file__).resolve().parents[2]
CHILDREN = "36"
SEED = "7"
SECONDS_TO_START = 120
A_DAY_OLDER = """
    BEGIN;
    ALTER TABLE referrals_notification DISABLE TRIGGER USER;
    ALTER TABLE cases_spell DISABLE TRIGGER USER;
    ALTER TABLE cases_child DISABLE TRIGGER USER;
    UPDATE referrals_notification SET sent_at = sent_at - interval '1 day'
        FROM cases_child WHERE child_id = cases_child.id AND cases_child.reference = %(file)s;
    UPDATE cases_spell SET started_on = started_on - 1
        FROM cases_child WHERE child_id = cases_child.id AND cases_child.reference = %(file)s;
    UPDATE cases_child SET level_judged_at = level_judged_at - interval '1 day' WHERE reference = %(file)s;
    ALTER TABLE referrals_notification ENABLE TRIGGER USER;
    ALTER TABLE cases_spell ENABLE TRIGGER USER;
    ALTER TABLE cases_child ENABLE TRIGGER USER;
    COMMIT;
"""
Ask = Callable[[Callable[[], Any]], Any]


@dataclass(frozen=True)
class Product:
    """Where the product answers, and whom one may sign in as."""

    address: str
    users: dict[str, str]
    database: str
    folder: Path
    owner_url: str
    provider: RunningProvider

    @property
    def mails(self) -> list[str]:
        """Every e-mail that has gone out, the oldest first."""
        files = sorted((self.folder / "mail").iterdir(), key=lambda path: path.stat().st_mtime)
        return [path.read_text(encoding="utf-8") for path in files]

    def make_a_day_older(self, file: str) -> None:
        """What would be so tomorrow: a child's notification, casework and level are of yesterday, and nothing else is.

        Instants are written by the database's own clock and are not to be typed, so the owner of the database does it.
        """
        with clusters.cursor_of(self.owner_url) as cursor:
            cursor.execute(A_DAY_OLDER, {"file": file})


@contextlib.contextmanager
def running(cluster: clusters.Cluster, template: str) -> Iterator[Product]:
    """Clone the database with fictional children in it, and start the product on the clone."""
    filled, people = clusters.prepare_filled(cluster, template, lambda name: seed(cluster, name))
    name = clusters.clone(cluster, filled)
    # Not under pytest's own folder, which is closed to the user that the broker runs as.
    folder = Path(tempfile.mkdtemp(prefix="harbour-journey-"))
    (folder / "demo-users.json").write_text(people)
    try:
        with running_provider() as provider:
            environment = environment_of(cluster, name, folder) | {"SINGLE_SIGN_ON": json.dumps(provider.setting())}
            with started(folder, environment) as address:
                users = {person["username"]: person["password"] for person in json.loads(people)}
                owner_url = clusters.for_database(cluster.owner_url, name)
                yield Product(address, users, name, folder, owner_url, provider)
    finally:
        clusters.drop(cluster, name)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def started(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The supervisor and everything under it; once it has stopped, nothing of it may be left."""
    port = free_port()
    log = folder / "stack.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.stack", "--die-with-parent", "run"],
            cwd=ROOT,
            env={**environment, "PORT": str(port)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(address, process, log)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=40)
        left = still_running(folder)
        assert left == [], f"left running: {left}"


def still_running(folder: Path) -> list[str]:
    """The commands of processes that were started for a folder."""
    mark = f"HARBOUR_VAR={folder}\0".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (process / "environ").read_bytes() + b"\0":
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


def environment_of(cluster: clusters.Cluster, name: str, folder: Path) -> dict[str, str]:
    """What the supervisor is told: an outside database, and a folder of its own for everything else."""
    left_out = {"REDIS_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE", "PYTEST_CURRENT_TEST"}
    kept = {key: value for key, value in os.environ.items() if key not in left_out}
    return kept | {
        "HARBOUR_VAR": str(folder),
        "SECOND_FACTOR_KEYS": "of-the-journeys-alone",
        "DATABASE_URL": clusters.for_database(cluster.app_url, name),
        "DATABASE_OWNER_URL": clusters.for_database(cluster.owner_url, name),
    }


def seed(cluster: clusters.Cluster, name: str) -> str:
    """Write fictional children into a database; returns who may sign in, as the product keeps it."""
    with tempfile.TemporaryDirectory(prefix="harbour-seed-") as folder:
        environment = environment_of(cluster, name, Path(folder))
        done = subprocess.run(
            [sys.executable, "manage.py", "seed_demo", "--children", CHILDREN, "--seed", SEED],
            cwd=ROOT,
            env={
                **environment,
                "DATABASE_URL": environment["DATABASE_OWNER_URL"],
                "DJANGO_SETTINGS_MODULE": "config.settings.local",
                "SECRET_KEY": "for-seeding-alone",
                "REDIS_URL": "redis://127.0.0.1:1",
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return (Path(folder) / "demo-users.json").read_text()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the supervisor has said where the product is: web, worker and beat are up by then."""
    ends = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < ends:
        if process.poll() is not None:
            break
        if b"Harbour is at" in log.read_bytes():
            with urllib.request.urlopen(f"{address}/healthz", timeout=10) as answer:
                assert answer.status == 200
            return
        time.sleep(0.2)
    raise AssertionError(f"The product did not start:\n{log.read_text(errors='replace')[-4000:]}")
