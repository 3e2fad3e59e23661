"""`python -m config.stack run | test | with | check | lint | backup | restore | reset`."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from config.stack import checks, data
from config.stack.embedded import start_services, thrown_away
from config.stack.processes import (
    Group,
    StackError,
    StopRequested,
    die_with_parent,
    listen_for_stop,
    megabytes_free,
    say,
)
from config.stack.product import run_product, var_folder

DATA: dict[str, Callable[[str | None], int]] = {
    "backup": data.back_up,
    "restore": data.restore,
    "reset": lambda _: data.reset(),
}


@contextlib.contextmanager
def group_with_services(*, on_disk: bool = False) -> Iterator[Group]:
    """PostgreSQL and Valkey in a folder of their own, and a group whose commands are told where they are."""
    with thrown_away(on_disk=on_disk) as (group, places):
        services = start_services(group, places, thrown_away=True)
        group.environment |= services.owner_environment
        group.environment |= {"HARBOUR_VAR": str(places.var), "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "TZ": "UTC"}
        yield group


def run_with_services(command: list[str], *, on_disk: bool) -> int:
    with group_with_services(on_disk=on_disk) as group:
        try:
            return group.run(Path(command[0]).name, command, stop=signal.SIGINT, stdin=None)
        except StopRequested:
            return 130


def dispatch(options: argparse.Namespace, began: float) -> int:
    if options.command == "run":
        run_product(began=began)
    if options.command in DATA:
        return DATA[options.command](options.rest[0] if options.rest else None)
    if options.command == "lint":
        with Group() as group:
            return bool(checks.run_static_checks(group))
    if options.command == "check":
        with group_with_services() as group:
            return checks.run_all(group, options.rest)
    command = options.rest if options.command == "with" else [sys.executable, "-m", "pytest", *options.rest]
    return run_with_services(command, on_disk=options.on_disk)


def main() -> int:
    began = time.monotonic()
    parser = argparse.ArgumentParser(prog="config.stack", description=__doc__)
    parser.add_argument("--die-with-parent", action="store_true", help="stop when the program that started this ends")
    parser.add_argument("--on-disk", action="store_true", help="with: keep the database on the disk, as a large one")
    parser.add_argument("command", choices=["run", "test", "with", "check", "lint", *DATA])
    parser.add_argument("rest", nargs="*", help="after --: pytest's arguments, or the command to run")
    options = parser.parse_args()
    listen_for_stop()
    if options.die_with_parent:
        die_with_parent()
    if options.command == "run" or options.command in DATA:
        os.umask(0o077)
    try:
        return dispatch(options, began)
    except StopRequested:
        say("==> Stopped")
        return 0 if options.command == "run" else 130
    except StackError as refusal:
        say(f"\n{'Harbour stopped' if options.command == 'run' else 'Stopped'}. {refusal}\n{disk_note()}")
        return 1
    except OSError as refusal:
        if refusal.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        say(f"\nHarbour stopped. {disk_note() or refusal}")
        return 1


def disk_note() -> str:
    var = var_folder()
    existing = next(folder for folder in (var, *var.parents) if folder.exists())
    free = megabytes_free(existing)
    return (
        f"The disk that holds {var} is full ({free} MB left): free some space and start again.\n" if free < 50 else ""
    )


if __name__ == "__main__":
    sys.exit(main())
