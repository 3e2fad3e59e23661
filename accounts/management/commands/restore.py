"""`manage.py restore <folder> --database <name>`: a backup, into a database of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.services.backup import BackupRefused, restore_backup


class Command(BaseCommand):
    help = "Restore a backup into a new database and count every table. Needs DATABASE_OWNER_URL."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="the folder that `backup` wrote")
        parser.add_argument("--database", required=True, help="the name of a database that is new, or empty")

    def handle(self, *args: Any, **options: Any) -> None:
        url = os.environ.get("DATABASE_OWNER_URL")
        if not url:
            raise CommandError("Set DATABASE_OWNER_URL: a restore makes tables.")
        try:
            manifest = restore_backup(folder=options["folder"], owner_url=url, database=options["database"])
        except BackupRefused as refusal:
            raise CommandError(refusal.reason) from refusal
        rows = sum(manifest.rows.values())
        self.stdout.write(f"Restored {rows:,} rows of {len(manifest.rows)} tables into {options['database']}")
