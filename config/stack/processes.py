"""Starting processes so that none outlives its supervisor, waiting for them, and stopping them in order."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from config.stack.watchdog import MARKER_VARIABLE, Watched, start_time, stop_all

ROOT = Path(__file__).resolve().parent.parent.parent
PR_SET_PDEATHSIG = 1
SECONDS_BETWEEN_LOOKS = 30
libc = ctypes.CDLL(None, use_errno=True)


class StackError(Exception):
    """Harbour cannot start or go on; the message says what to do."""


class StopRequested(BaseException):
    """Somebody pressed Ctrl-C, or the system asked us to end."""


def say(text: str) -> None:
    # The terminal may be gone (a closed window sends SIGHUP): stopping must go on without it.
    with contextlib.suppress(OSError):
        print(text, flush=True)


def listen_for_stop() -> None:
    """Turns the first Ctrl-C, SIGTERM or SIGHUP into `StopRequested`; later ones change nothing."""

    def request(number: int, _frame: object) -> NoReturn:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise StopRequested(signal.Signals(number).name)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, request)


def as_user(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """The arguments that make a child run as somebody else; none for whoever runs this."""
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """Asks the kernel to signal this process when the one that started it ends."""
    libc.prctl(PR_SET_PDEATHSIG, number)


class Process:
    def __init__(self, popen: subprocess.Popen[bytes], watched: Watched, log: Path | None) -> None:
        self.popen = popen
        self.watched = watched
        self.log = log

    @property
    def name(self) -> str:
        return self.watched.name

    @property
    def ended(self) -> bool:
        return self.popen.poll() is not None

    def last_words(self, lines: int = 15) -> str:
        if self.log is None or not self.log.exists():
            return ""
        return "\n".join(f"    {line}" for line in self.log.read_text(errors="replace").splitlines()[-lines:])


class Group:
    """The processes of one supervisor, each the leader of a session of its own.

    Three things keep them from outliving it: the stop at the end of the `with` block; a watchdog process that does
    the same when the supervisor is killed; and the kernel's parent-death signal, should both be killed at once.
    """

    def __init__(self, *, database: Path | None = None, remove: Sequence[Path] = (), hold: Sequence[int] = ()) -> None:
        self.marker = secrets.token_hex(8)
        self.environment: dict[str, str] = {**os.environ}
        outer = os.environ.get(MARKER_VARIABLE, "")
        self.environment[MARKER_VARIABLE] = f"{outer}:{self.marker}" if outer else self.marker
        self.processes: list[Process] = []
        self._watchdog = self._start_watchdog(database, remove, hold)

    def _start_watchdog(
        self, database: Path | None, remove: Sequence[Path], hold: Sequence[int]
    ) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-I", str(Path(__file__).with_name("watchdog.py")), "--marker", self.marker]
        if database:
            command += ["--database", str(database)]
        for folder in remove:
            command += ["--remove", str(folder)]
        watchdog = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            pass_fds=list(hold),
            env=self.environment,
        )
        assert watchdog.stdout is not None
        if watchdog.stdout.readline() != b"watching\n":
            raise StackError("The watchdog that cleans up after a killed supervisor did not start.")
        return watchdog

    def __enter__(self) -> Group:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        tier: int,
        stop: signal.Signals = signal.SIGTERM,
        grace: float = 10,
        user: pwd.struct_passwd | None = None,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
        stdin: int | None = subprocess.DEVNULL,
    ) -> Process:
        """Starts a process that leads its own session, so that the terminal's Ctrl-C reaches the supervisor alone."""
        supervisor = os.getpid()

        def in_child() -> None:
            libc.prctl(PR_SET_PDEATHSIG, stop)
            if os.getppid() != supervisor:  # it ended before the line above
                os._exit(1)

        with contextlib.ExitStack() as opened:
            output = opened.enter_context(log.open("ab")) if log else None
            popen = subprocess.Popen(
                [str(part) for part in command],
                cwd=ROOT,
                env={**self.environment, **(environment or {})},
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
                pass_fds=list(pass_fds),
                preexec_fn=in_child,
                **as_user(user),
            )
        watched = Watched(popen.pid, start_time(popen.pid), stop, grace, tier, name)
        assert self._watchdog.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # its end is noticed by `watch`
            self._watchdog.stdin.write(watched.line().encode())
            self._watchdog.stdin.flush()
        process = Process(popen, watched, log)
        self.processes.append(process)
        return process

    def run(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        stop: signal.Signals = signal.SIGTERM,
        stdin: int | None = subprocess.DEVNULL,
        seconds: float | None = None,
    ) -> int:
        """Runs a command to its end, under the same guard, and returns its exit code."""
        process = self.start(name, command, tier=9, stop=stop, environment=environment, stdin=stdin)
        try:
            code = process.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise StackError(f"{name} was stopped: it had not ended when its time was up.") from None
        self.processes.remove(process)
        return code

    def wait_until(self, ready: Callable[[], bool], process: Process, *, seconds: float) -> None:
        """Waits for a process to answer; says why when it ends or stays silent."""
        began = time.monotonic()
        while not ready():
            if process.ended:
                raise StackError(
                    f"{process.name} ended with code {process.popen.returncode} as it started.\n{process.last_words()}"
                )
            if time.monotonic() - began > seconds:
                raise StackError(f"{process.name} did not answer within {seconds:.0f} s.\n{process.last_words()}")
            time.sleep(0.05)

    def watch(self, look: Callable[[], None]) -> NoReturn:
        """Returns never: raises when a process ends that should not have, or when asked to stop. Looks now and then."""
        looked = 0.0
        while True:
            if time.monotonic() - looked > SECONDS_BETWEEN_LOOKS:
                look()
                looked = time.monotonic()
            for process in self.processes:
                if process.ended:
                    raise StackError(
                        f"{process.name} ended by itself with code {process.popen.returncode}.\n{process.last_words()}"
                    )
            if self._watchdog.poll() is not None:
                raise StackError("The watchdog that cleans up after a killed supervisor has ended.")
            time.sleep(0.25)

    def stop(self) -> None:
        stop_all([process.watched for process in self.processes])
        for process in self.processes:
            process.popen.wait()
        self.processes.clear()
        assert self._watchdog.stdin is not None
        assert self._watchdog.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._watchdog.stdin.close()
        self._watchdog.wait()
        self._watchdog.stdout.close()


def megabytes_free(folder: Path) -> int:
    return shutil.disk_usage(folder).free // 2**20


def check_room(folder: Path, *, megabytes: int) -> None:
    free = megabytes_free(folder)
    if free < megabytes:
        raise StackError(
            f"The disk that holds {folder} has {free} MB left and Harbour needs {megabytes} MB to start. "
            "Free some space and start it again."
        )
