"""`manage.py backup <folder>`: the whole database, with the roles and rights it needs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.services.backup import BackupRefused, back_up


class Command(BaseCommand):
    help = "Back the database up into a new folder. Needs DATABASE_OWNER_URL."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="a folder that does not exist yet, or is empty")

    def handle(self, *args: Any, **options: Any) -> None:
        url = os.environ.get("DATABASE_OWNER_URL")
        if not url:
            raise CommandError("Set DATABASE_OWNER_URL: the serving role may not read everything.")
        try:
            manifest = back_up(folder=options["folder"], owner_url=url)
        except BackupRefused as refusal:
            raise CommandError(refusal.reason) from refusal
        rows = sum(manifest.rows.values())
        self.stdout.write(f"Backed up {rows:,} rows of {len(manifest.rows)} tables into {options['folder']}")
