"""Ends what a supervisor started once the supervisor is gone, however it went.

Run by file path under `python -I`, with nothing but the standard library. The supervisor holds the other end of
standard input and writes one line for each process it starts; when that end closes, whether by a clean exit or by
`kill -9`, the processes still alive are stopped in order, and whatever they left behind is swept up.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

MARKER_VARIABLE = "HARBOUR_STACK"


@dataclass(frozen=True)
class Watched:
    """One process the supervisor started, the leader of its own session."""

    pid: int
    started: str  # the kernel's start time, so that a number used again is not mistaken for it
    stop: int
    grace: float  # seconds between being asked to stop and being made to
    tier: int  # the highest stops first
    name: str

    def line(self) -> str:
        return f"{self.pid} {self.started} {self.stop} {self.grace} {self.tier} {self.name}\n"

    @classmethod
    def from_line(cls, line: str) -> Watched:
        pid, started, stop, grace, tier, name = line.split(maxsplit=5)
        return cls(int(pid), started, int(stop), float(grace), int(tier), name.strip())

    @property
    def alive(self) -> bool:
        return start_time(self.pid) == self.started

    def signal(self) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, self.stop)


def stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold spaces; empty when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()
    except OSError:
        return []


def start_time(pid: int) -> str:
    """When the process started; empty once it has ended, even if nobody has collected it yet."""
    fields = stat_fields(pid)
    return "" if not fields or fields[0] in "ZX" else fields[19]


def processes(wanted: Callable[[int], bool]) -> list[int]:
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if start_time(pid) and wanted(pid)]


def kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def session_of(leader: int) -> list[int]:
    return processes(lambda pid: stat_fields(pid)[3:4] == [str(leader)])


def carries(pid: int, marker: str, database: str) -> bool:
    """Whether a process descends from this supervisor: by its environment, which PostgreSQL alone overwrites."""
    try:
        if database and os.readlink(f"/proc/{pid}/cwd") == database:
            return os.path.basename(os.readlink(f"/proc/{pid}/exe")).startswith("postgres")
        with open(f"/proc/{pid}/environ", "rb") as environ:
            for entry in environ.read().split(b"\0"):
                name, _, value = entry.partition(b"=")
                if name == MARKER_VARIABLE.encode():
                    return marker.encode() in value.split(b":")
    except OSError:
        pass
    return False


def stop_all(watched: list[Watched]) -> None:
    """Asks each tier to stop, waits, insists, and goes on to the next."""
    for tier in sorted({one.tier for one in watched}, reverse=True):
        members = [one for one in watched if one.tier == tier]
        for one in members:
            one.signal()
        began = time.monotonic()
        while any(one.alive and time.monotonic() - began < one.grace for one in members):
            time.sleep(0.03)
        for one in members:
            kill(session_of(one.pid))


def sweep(marker: str, database: str) -> None:
    """Kills what carries the marker until nothing does; bounded, for a process that forks for ever."""
    for _ in range(20):
        left = processes(lambda pid: pid != os.getpid() and carries(pid, marker, database))
        if not left:
            return
        kill(left)
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--marker", required=True)
    parser.add_argument("--database", default="", help="the data folder of the PostgreSQL it started")
    parser.add_argument("--remove", action="append", default=[], help="a folder to remove at the end")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    print("watching", flush=True)
    watched = [Watched.from_line(line) for line in sys.stdin if line.strip()]
    stop_all(watched)
    sweep(options.marker, options.database)
    for folder in options.remove:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
