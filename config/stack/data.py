"""The data of this checkout: backed up, restored, removed."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

from config.stack.embedded import Services, database_urls, start_postgres
from config.stack.places import SERVICE_HOMES, prepare_places, take_lock
from config.stack.processes import ROOT, Group, StackError, say
from config.stack.product import RESTORED, settled_environment, var_folder

BACKUPS = ROOT / "backups"


def back_up(folder: str | None) -> int:
    """Writes a backup, whether Harbour is running or not."""
    target = Path(folder) if folder else BACKUPS / time.strftime("%Y-%m-%d-%H%M%S")
    return on_data(["backup", str(target.resolve())])


def restore(folder: str | None) -> int:
    """Fills the database of a checkout that has none yet. Refuses one that holds anything."""
    if not folder:
        raise StackError("Say which backup: make restore FROM=backups/…")
    if os.environ.get("DATABASE_URL"):
        raise StackError("This restores the embedded database. For an outside one, run manage.py restore.")
    source = Path(folder).resolve()
    if not source.is_dir():
        raise StackError(f"There is no folder {source}.")
    code = on_data(["restore", str(source), "--database", "harbour"])
    if code == 0:
        (var_folder() / RESTORED).write_text(f"{source}\n")
    return code


def on_data(arguments: list[str]) -> int:
    """Runs a command of manage.py on this checkout's database, starting it for as long as that takes if need be."""
    var = var_folder()
    manage = [sys.executable, str(ROOT / "manage.py"), *arguments]
    if os.environ.get("DATABASE_URL"):
        with Group() as group:
            return group.run(arguments[0], manage)
    try:
        lock = take_lock(var, seconds=0)
    except StackError:  # Harbour is running: its database answers already
        with Group() as group:
            group.environment |= settled_environment(var) | owner_variables(database_urls(prepare_places(var)))
            return group.run(arguments[0], manage)
    places = prepare_places(var)
    with Group(database=places.postgres_data, remove=[places.sockets], hold=[lock]) as group:
        group.environment |= settled_environment(var) | owner_variables(start_postgres(group, places))
        return group.run(arguments[0], manage)


def owner_variables(urls: tuple[str, str]) -> dict[str, str]:
    # No broker is asked for anything by these commands.
    return Services(*urls, redis_url="redis://127.0.0.1:1").owner_environment


def reset() -> int:
    """Removes the data of this checkout, and the database folder when it had to live elsewhere."""
    var = var_folder()
    if not var.exists():
        return 0
    os.close(take_lock(var))
    elsewhere = var / "database-folder"
    if elsewhere.exists():
        folder = Path(elsewhere.read_text().strip())
        if folder.parent == SERVICE_HOMES:
            shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(var)
    say(f"Removed {var}")
    return 0
