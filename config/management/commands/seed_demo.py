"""Fills an empty database with an invented partnership, as the owner of the database."""

from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.selectors import now
from config.demo.people import write_users_file
from config.demo.reporting import report
from config.demo.seeding import AlreadyThere, seed_demo

NOT_DEMO = (
    "Demo data is for demonstration settings alone. These settings are for real children, so nothing was written."
)
USED = (
    "This database holds agencies or children already, so nothing was written. To begin again with demo data, stop "
    "Harbour, delete the whole embedded database with `make reset`, and start it with `make run`."
)


class Command(BaseCommand):
    help = "Write invented agencies, people and children with eighteen months of history into an empty database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--children", type=int, default=240, help="how many files (240)")
        parser.add_argument("--seed", type=int, default=1, help="the same seed on the same day writes the same (1)")
        parser.add_argument("--report", action="store_true", help="only print the figures the database holds now")

    def handle(self, *args: Any, **options: Any) -> None:
        if not getattr(settings, "DEMO", False):
            raise CommandError(NOT_DEMO)
        if options["report"]:
            self.stdout.write(report(at=now()))
            return
        if options["children"] < 12:
            raise CommandError("Ask for at least 12 children: with fewer, some of what the demo shows has no child.")
        started = monotonic()
        try:
            seeded = seed_demo(
                children=options["children"], seed=options["seed"], at=now(), show_progress=options["verbosity"] > 0
            )
        except AlreadyThere:
            raise CommandError(USED) from None
        path = settings.VAR_DIR / "demo-users.json"
        write_users_file(world=seeded.world, path=path)
        if options["verbosity"] > 0:
            self.stdout.write(
                f"Wrote {len(seeded.lives)} children, {len(seeded.world.agencies)} agencies and "
                f"{len(seeded.world.members)} people in {monotonic() - started:.0f} seconds. Who may sign in: {path}"
            )
