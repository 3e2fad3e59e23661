"""The product on one machine: services, migrations, demo data, then web, worker and beat."""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import os
import socket
import sys
import time
from pathlib import Path

from config.stack.embedded import Services, start_postgres, start_valkey
from config.stack.places import Places, kept_secret, note_lock, own_folder, prepare_places, take_lock
from config.stack.processes import ROOT, Group, Process, StackError, check_room, megabytes_free, say

FIRST_PORT = 8000
PORTS_TRIED = 10
# Says that this database came from a backup, which demo data must not be mixed with.
RESTORED = "restored-from"
MANAGE = [sys.executable, str(ROOT / "manage.py")]


def var_folder() -> Path:
    return Path(os.environ.get("HARBOUR_VAR") or ROOT / "var").resolve()


def run_product(*, began: float) -> None:
    """Starts everything in order, tells where it is, and watches over it. Ends only by an exception."""
    var = var_folder()
    lock = take_lock(var)
    check_room(var, megabytes=300)
    listener = listen()
    places = prepare_places(var)
    with listener, Group(database=places.postgres_data, remove=[places.sockets], hold=[lock]) as group:
        try:
            group.environment |= settled_environment(var)
            services = start_or_find_services(group, places)
            group.environment |= services.environment
            group.environment.pop("DATABASE_OWNER_URL", None)  # for migrations alone
            address = address_of(listener)
            group.environment.setdefault("BASE_URL", address)
            prepare_database(group, services, var)
            collect_static_files(group, var)
            start_serving(group, places, listener)
            note_lock(lock, f"{os.getpid()} {address}")
            say(f"\nHarbour is at {address}/  (ready in {time.monotonic() - began:.0f} s)\n")
            say(demo_users_table(var))
            say(f"Logs are in {places.logs}. Ctrl-C stops everything.\n")
            group.watch(lambda: warn_of_a_full_disk(var))
        except BaseException as ending:
            # Said here, before the `with` block stops what runs: stopping takes a moment.
            if not isinstance(ending, StackError):
                say("\n==> Stopping web, worker, beat, Valkey and PostgreSQL")
            raise


def warn_of_a_full_disk(var: Path) -> None:
    """Nothing ends by itself when the disk fills, but nothing can be saved either: somebody should hear of it."""
    free = megabytes_free(var)
    if free < 100:
        say(f"*** The disk that holds {var} has {free} MB left: soon nothing can be saved. Free some space.")


def settled_environment(var: Path) -> dict[str, str]:
    """What every process is given; a variable already set on this machine stands."""
    own_folder(var / "mail", None)
    defaults = {
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "HARBOUR_VAR": str(var),
        "SECRET_KEY": os.environ.get("SECRET_KEY") or kept_secret(var, "secret-key"),
    }
    fixed = {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "PYTHONUTF8": "1", "TZ": "UTC"}
    return defaults | {name: os.environ[name] for name in defaults if os.environ.get(name)} | fixed


def start_or_find_services(group: Group, places: Places) -> Services:
    """Starts what the environment does not name."""
    database_url = os.environ.get("DATABASE_URL", "")
    owner_url = os.environ.get("DATABASE_OWNER_URL", "")
    if bool(database_url) != bool(owner_url):
        missing = "DATABASE_OWNER_URL" if database_url else "DATABASE_URL"
        raise StackError(
            f"{missing} is not set. An outside database needs both: the role that owns and the one that serves."
        )
    if database_url:
        say("==> Using the database that DATABASE_URL names")
    else:
        say("==> Starting PostgreSQL")
        database_url, owner_url = start_postgres(group, places)
    redis_url = os.environ.get("REDIS_URL", "")
    if redis_url:
        say("==> Using the broker that REDIS_URL names")
    else:
        say("==> Starting Valkey")
        redis_url = start_valkey(group, places)
    return Services(database_url, owner_url, redis_url)


def listen() -> socket.socket:
    """The web's socket, opened here so that nothing can take the port between looking and serving.

    PORT names one port and no other will do; without it the first free one from 8000 on is taken.
    """
    host = os.environ.get("HOST") or "127.0.0.1"
    named = os.environ.get("PORT", "")
    if named and not (named.isdigit() and int(named) < 65536):
        raise StackError(f"PORT is {named!r}; it must be a number below 65536.")
    ports = [int(named)] if named else list(range(FIRST_PORT, FIRST_PORT + PORTS_TRIED))
    for port in ports:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(2048)
        except OSError as refusal:
            listener.close()
            if refusal.errno != errno.EADDRINUSE:
                raise StackError(f"Cannot listen on {host} port {port}: {refusal.strerror}.") from None
            continue
        if port != ports[0]:
            say(f"==> Port {ports[0]} is taken by another program; using {port}")
        return listener
    if named:
        raise StackError(f"Port {named} is taken by another program. Stop that, or name another: PORT=8080 make run")
    raise StackError(f"Ports {ports[0]} to {ports[-1]} are all taken. Name another: PORT=9000 make run")


def address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104  named by whoever started it
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def prepare_database(group: Group, services: Services, var: Path) -> None:
    """Migrates as the owner; fills an embedded database with fictional children on its first run."""
    say("==> Bringing the database up to date")
    as_owner = {**services.owner_environment, "DATABASE_URL": services.database_owner_url}
    manage(group, ["migrate", "--verbosity", "0"], environment=as_owner)
    if os.environ.get("DATABASE_URL") or (var / "demo-users.json").exists() or (var / RESTORED).exists():
        return
    say("==> Writing demo data, on the first run only; it takes a few minutes. Every person in it is invented")
    number = os.environ.get("CHILDREN")
    manage(group, ["seed_demo", *(["--children", number] if number else [])], environment=as_owner)


def collect_static_files(group: Group, var: Path) -> None:
    """Gives static files their content hashes and compressed forms, when one has changed."""
    sources = [path for folder in (ROOT / "static", ROOT / "build" / "static") for path in sorted(folder.rglob("*"))]
    facts = "".join(f"{path}:{path.stat().st_mtime_ns}:{path.stat().st_size}\n" for path in sources)
    stamp, value = var / "static" / ".made-from", hashlib.sha256(facts.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == value:
        return
    say("==> Preparing static files")
    manage(group, ["collectstatic", "--noinput", "--clear", "--verbosity", "0"])
    stamp.write_text(value)


def manage(group: Group, arguments: list[str], *, environment: dict[str, str] | None = None) -> None:
    if group.run(arguments[0], [*MANAGE, *arguments], environment=environment):
        raise StackError(f"manage.py {arguments[0]} failed; the lines above say why.")


def start_serving(group: Group, places: Places, listener: socket.socket) -> None:
    say("==> Starting web, worker and beat")
    logs = {name: places.logs / f"{name}.log" for name in ("web", "worker", "beat")}
    for path in logs.values():
        if path.exists():
            path.replace(path.with_suffix(".previous.log"))
        path.touch(mode=0o600)
    gunicorn = [sys.executable, "-m", "gunicorn", "config.wsgi", "--no-control-socket", "--workers", "2"]
    gunicorn += ["--bind", f"fd://{listener.fileno()}", "--graceful-timeout", "5"]
    celery = [sys.executable, "-m", "celery", "--app", "config.celery"]
    worker_options = ["--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    schedule = places.var / "run" / "beat-schedule"
    own_folder(schedule.parent, places.service_user if schedule.parent == places.sockets else None)
    for stale in schedule.parent.glob("beat-schedule*"):
        stale.unlink()
    web = group.start("web", gunicorn, tier=3, log=logs["web"], pass_fds=[listener.fileno()])
    worker = group.start("worker", [*celery, "worker", *worker_options], tier=3, grace=20, log=logs["worker"])
    beat = [*celery, "beat", "--loglevel", "INFO", "--pidfile", "", "--schedule", str(schedule)]
    group.start("beat", beat, tier=3, log=logs["beat"])
    port = listener.getsockname()[1]
    host = "127.0.0.1" if listener.getsockname()[0] == "0.0.0.0" else listener.getsockname()[0]  # noqa: S104
    group.wait_until(lambda: is_healthy(host, port), web, seconds=60)
    group.wait_until(lambda: is_ready(worker), worker, seconds=60)


def is_healthy(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def is_ready(worker: Process) -> bool:
    return worker.log is not None and " ready." in worker.log.read_text(errors="replace")


def demo_users_table(var: Path) -> str:
    """Who to sign in as, from the file that seed_demo writes."""
    path = var / "demo-users.json"
    if not path.exists():
        return ""
    columns = ["username", "password", "role", "agency"]
    rows = [columns] + [[str(user[column]) for column in columns] for user in json.loads(path.read_text())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(f"  {line}" for line in lines) + "\n"
